"""How is a decided case shown to who judges it once more? As if nobody had decided yet.

Inspectors whose second look is wanted see such a case nowhere else meanwhile: not in lists, not by
its number. Whoever decided it, and command, see it as it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends

from cases.errors import UnknownCaseError
from cases.lifecycle import FILING_ACTIONS, Action, Role, Stage
from cases.looks import ANSWERS, Look
from cases.model import Case, Claim, Event
from review import answers, presenters
from review.admission import Data, Guest, Visitor
from review.sources import ReviewData

LEASE = timedelta(minutes=10)

_BY_PEOPLE = frozenset(Action) - FILING_ACTIONS
_STAGE_AFTER = {Action.CONFIRM.value: Stage.ESTABLISHED, Action.REJECT.value: Stage.REJECTED}


@dataclass(frozen=True, slots=True)
class LookShares:
    """How much is judged once more.

    Attributes:
        second: of the decisions others are asked for, 0 to 1.
        control: of the cases that are given have a known answer, 0 to 1.
    """

    second: float = 0.0
    control: float = 0.0


@dataclass(frozen=True, slots=True)
class Blindfold:
    """What a visitor must not see.

    Attributes:
        who: by which name they sign; empty where they see everything.
        hidden: cases whose decision they must not see.
        look: what they judge now, which is one of the hidden.
    """

    who: str = ""
    hidden: frozenset[str] = frozenset()
    look: Look | None = None

    def refuse_hidden(self, case_no: str) -> None:
        """Say of a hidden case that there is none."""
        if case_no in self.hidden:
            raise UnknownCaseError(case_no)

    def look_at(self, case_no: str) -> Look | None:
        """The look that they have at a case; None where they see it as it is.

        Raises:
            UnknownCaseError: they must not see it.
        """
        if self.look and self.look.case_no == case_no:
            return self.look
        self.refuse_hidden(case_no)
        return None


def looks_blindly(visitor: Visitor) -> bool:
    """Whether somebody is asked for second looks: an inspector who is known and no more."""
    roles = visitor.account.roles if visitor.account else ()
    return Role.INSPECTOR in roles and not {Role.COMMAND, Role.ADMINISTRATOR} & set(roles)


def blindfold(data: Data, visitor: Guest) -> Blindfold:
    """Find out what a visitor must not see."""
    if not looks_blindly(visitor):
        return Blindfold()
    who = visitor.signs(None)
    hidden = data.looks.hidden_from(who)
    return Blindfold(who, hidden, data.looks.held(who) if hidden else None)


Blind = Annotated[Blindfold, Depends(blindfold)]


def undecided(case: Case) -> Case:
    """A case as it was before anybody decided."""
    return replace(case, stage=Stage.REPORTED)


def before_people(events: list[Event]) -> list[Event]:
    """What had happened before the first person decided."""
    first = next((n for n, event in enumerate(events) if event.action in _BY_PEOPLE), len(events))
    return events[:first]


def blind_item(case: Case, look: Look) -> answers.CaseItem:
    """Show a case as it stands for who has judged it, whatever it really is."""
    stage = _STAGE_AFTER.get(look.answer, Stage.REPORTED)
    return presenters.case_item(replace(case, stage=stage))


def blind_detail(data: ReviewData, case: Case, look: Look) -> answers.CaseDetail:
    """Show a case to who judges it once more, or has done so."""
    stage = _STAGE_AFTER.get(look.answer, Stage.REPORTED)
    held = Claim(case.case_no, look.who, look.until) if look.until and not look.answer else None
    return presenters.case_detail(
        replace(case, stage=stage),
        allowed=(Action.UNDO,) if look.answer else ANSWERS,
        photos=data.photos,
        terrain=data.terrain,
        claim=held,
    )


def judge(
    data: ReviewData, blind: Blindfold, case_no: str, action: Action, reason: str, now: datetime
) -> Look | None:
    """Take a decision as the answer of a look, or take it back; None where it is a real one."""
    look = blind.look_at(case_no)
    if look is not None:
        return data.looks.answer(look, action.value, reason, now=now)
    if action is Action.UNDO and blind.who:
        return data.looks.take_back(blind.who, case_no, until=now + LEASE, now=now)
    return None
