"""How is a decided case shown to who judges it once more? As if nobody had decided yet.

Inspectors whose second look is wanted see such a case as one that waits, in every list and by its
number, and after they have judged it as they judged it, until their sign-in is surely over. Whoever
decided it, and command, see it as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from cases.claims import Hands
from cases.drawing import DRAWING_STAGES
from cases.errors import StaleCaseError
from cases.lifecycle import Action, Role, Stage, allowed_actions
from cases.looks import Look, Veiled, veiled
from cases.model import Case, Claim
from review import answers, presenters
from review.admission import ClockOf, Data, Guest, Visitor
from review.progress import NOBODY, progress_of
from review.sources import ReviewData


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
        looks: by number the cases that they see as undecided, or as they judged them.
    """

    who: str = ""
    looks: Mapping[str, Look] = field(default_factory=dict)


def looks_blindly(visitor: Visitor) -> bool:
    """Whether somebody is asked for second looks: an inspector who is known and no more."""
    roles = visitor.account.roles if visitor.account else ()
    return Role.INSPECTOR in roles and not {Role.COMMAND, Role.ADMINISTRATOR} & set(roles)


def blindfold(data: Data, visitor: Guest, clock: ClockOf) -> Blindfold:
    """Find out what a visitor must not see."""
    if not looks_blindly(visitor):
        return Blindfold()
    who = visitor.signs(None)
    return Blindfold(who, data.looks.veils(who, clock()))


Blind = Annotated[Blindfold, Depends(blindfold)]


def seen(data: ReviewData, blind: Blindfold, case_no: str) -> Veiled | None:
    """A case as the visitor must see it; None where they see it as it is."""
    look = blind.looks.get(case_no)
    return data.looks.veiled(look, blind.who) if look else None


def seen_cases(data: ReviewData, blind: Blindfold, cases: Iterable[Case]) -> list[Case]:
    """Cases in their order, each veiled where the visitor must not see it as it is."""
    cases = list(cases)
    veils = [case.case_no for case in cases if case.case_no in blind.looks]
    histories = data.registry.histories(veils) if veils else {}
    return [
        veiled(case, histories[case.case_no], blind.looks[case.case_no], blind.who).case
        if case.case_no in histories
        else case
        for case in cases
    ]


def veiled_cases(data: ReviewData, blind: Blindfold) -> list[Veiled]:
    """All cases that the visitor must not see as they are, as they must see them."""
    numbers = list(blind.looks)
    if not numbers:
        return []
    histories = data.registry.histories(numbers)
    cases = data.registry.cases(stage=tuple(Stage), numbers=numbers, limit=None)
    looks = blind.looks
    return [veiled(case, histories[case.case_no], looks[case.case_no], blind.who) for case in cases]


def veiled_detail(data: ReviewData, shown: Veiled, role: Role, now: datetime) -> answers.CaseDetail:
    """Show a case to who judges it once more, or has done so."""
    case = shown.case
    hands = seen_hands(shown.look, _hands_of(data, case.case_no, now), now)
    return presenters.case_detail(
        case,
        allowed=allowed_actions(case.stage, shown.taken, role),
        photos=data.photos,
        terrain=data.terrain,
        progress=progress_of(data, case, now, hands, shown.events),
    )


def detail_of(data: ReviewData, case: Case, role: Role, now: datetime) -> answers.CaseDetail:
    """Show a case as somebody in a role sees it."""
    allowed, _ = data.registry.possible(case, role, now)
    return presenters.case_detail(
        case,
        allowed=allowed,
        photos=data.photos,
        terrain=data.terrain,
        progress=progress_of(data, case, now, _hands_of(data, case.case_no, now)),
    )


def _hands_of(data: ReviewData, case_no: str, now: datetime) -> Hands:
    return data.registry.hands([case_no], now).get(case_no, NOBODY)


def seen_hands(look: Look, hands: Hands, now: datetime) -> Hands:
    """In whose hands a case is for who judges it once more: those of the look, not of the case."""
    held = Claim(look.case_no, look.who, look.until) if look.until and look.is_held(now) else None
    return replace(hands, claim=held)


def seen_detail(
    data: ReviewData, blind: Blindfold, case_no: str, role: Role, now: datetime
) -> answers.CaseDetail:
    """Show a case as the visitor must see it."""
    shown = seen(data, blind, case_no)
    if shown is None:
        return detail_of(data, data.registry.case(case_no), role, now)
    return veiled_detail(data, shown, role, now)


def noted_version(data: ReviewData, blind: Blindfold, case_no: str, version: int) -> int:
    """Which version of the case somebody means who names one of what is shown to them.

    Raises:
        StaleCaseError: it has been changed since.
    """
    shown = seen(data, blind, case_no)
    if shown is None:
        return version
    if shown.case.version != version:
        raise StaleCaseError(case_no, version, shown.case.version)
    return data.registry.case(case_no).version


def real_version(data: ReviewData, blind: Blindfold, case_no: str, version: int) -> int:
    """The same where they draw or arrange what is shown to them.

    What is judged once more is drawn and arranged for good, as everything that an inspector sees
    better, as long as it was not sent out.

    Raises:
        StaleCaseError: it has been changed since; or it was sent out or ended, which must not show.
    """
    meant = noted_version(data, blind, case_no, version)
    shown = seen(data, blind, case_no)
    may_draw = shown is None or shown.case.stage not in DRAWING_STAGES
    if not may_draw and data.registry.case(case_no).stage not in DRAWING_STAGES:
        raise StaleCaseError(case_no, version, version + 1)
    return meant


def judge(
    data: ReviewData,
    blind: Blindfold,
    case_no: str,
    action: Action,
    *,
    role: Role,
    reason: str,
    version: int,
    now: datetime,
) -> Veiled | None:
    """Take a decision as one of who judges the case once more; None where it is a real one."""
    if case_no not in blind.looks:
        return None
    return data.looks.judge(
        blind.who, case_no, action, role=role, reason=reason, expected_version=version, now=now
    )
