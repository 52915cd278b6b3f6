"""Do inspectors judge alike, and do they know what is known? Counted from the history.

A share of all decisions is judged once more by somebody else (a second look), and cases whose
answer is known are given to everybody (controls). Both are given as if nobody had decided yet, and
change nothing of the case.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cases.lifecycle import FILING_ACTIONS, Action, Stage, Step
from cases.model import Case, Event

LOOKED = "looked"
ANSWERS = (Action.CONFIRM, Action.REJECT)
TAKE_BACK_WITHIN = timedelta(hours=12)
"""As long as a sign-in lasts; until then who has judged a case sees it as they judged it."""

_BY_PEOPLE = frozenset(Action) - FILING_ACTIONS
_ALSO_UNDECIDED = frozenset(
    {"same", "gone", "missed", "redraw", "merge", "unmerge", "split", "unsure", "reclassify"}
)
"""What happens to cases that wait as well, so that it tells of no decision."""
_STAGE_OF = {
    "": Stage.REPORTED,
    Action.CONFIRM.value: Stage.ESTABLISHED,
    Action.REJECT.value: Stage.REJECTED,
    Action.SNOOZE.value: Stage.SNOOZED,
}
_ANSWER_AT = {stage: answer for answer, stage in _STAGE_OF.items()}


class Kind(StrEnum):
    """Why a decided case is judged once more."""

    SECOND = "second"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class LookStep:
    """A step that somebody took with a case that they judge once more, as the history notes it."""

    step: Step
    reason: str
    at: datetime
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Look:
    """A decided case as somebody is to judge it.

    Attributes:
        expected: how it was decided, or has to be.
        first_by: who decided it; empty for a control.
        who: has it, or has answered; empty while nobody has.
        until: it is given to somebody else from then on.
        passed_by: who has given it back without an answer.
        answer: empty while there is none; a snooze says nothing for or against.
        steps: of whoever has it, oldest first.
    """

    look_id: int
    case_no: str
    kind: Kind
    expected: str
    first_by: str
    asked_at: datetime
    who: str
    until: datetime | None
    passed_by: str
    answer: str
    reason: str
    answered_at: datetime | None
    steps: tuple[LookStep, ...] = ()

    @property
    def stage(self) -> Stage:
        """Where the case stands for who judges it."""
        return _STAGE_OF[self.answer]

    def veils(self, who: str, now: datetime) -> bool:
        """Whether somebody sees the case as undecided, or as they judged it themselves."""
        if self.who == who:
            since = self.answered_at or (self.asked_at if self.passed_by == who else now)
            return since > now - TAKE_BACK_WITHIN
        return self.kind is Kind.SECOND and not self.answer and self.first_by != who

    def is_held(self, now: datetime) -> bool:
        """Whether somebody works on it."""
        return bool(self.who) and not self.answer and self.until is not None and self.until > now


def veils(looks: Iterable[Look], who: str, now: datetime) -> dict[str, Look]:
    """By number the cases that somebody sees as undecided, or as they judged them."""
    found: dict[str, Look] = {}
    for look in looks:
        if look.veils(who, now) and (look.case_no not in found or look.who == who):
            found[look.case_no] = look
    return found


@dataclass(frozen=True, slots=True)
class Veiled:
    """A decided case as it stands for who judges it once more, and what has happened to it so."""

    case: Case
    look: Look
    events: tuple[Event, ...]

    @property
    def taken(self) -> tuple[Step, ...]:
        """The steps that the case has taken so."""
        return tuple(entry.step for entry in self.look.steps)


def veiled(case: Case, history: Sequence[Event], look: Look, who: str) -> Veiled:
    """Show somebody a case as if nobody but they themselves had decided on it."""
    own = look if look.who == who else replace(look, steps=(), answer="")
    steps = [_event(case.case_no, entry, who) for entry in own.steps]
    events = sorted([*_undecided(history), *steps], key=lambda event: event.seq)
    shown = replace(case, stage=own.stage, version=len(events))
    return Veiled(shown, own, tuple(events))


def _undecided(history: Sequence[Event]) -> Iterator[Event]:
    """What patrols found, and what people drew or arranged, as if nobody had decided."""
    is_decided = False
    for event in history:
        is_decided = is_decided or event.action in _BY_PEOPLE
        if not is_decided or tells_no_decision(event.action):
            yield event


def tells_no_decision(action: str) -> bool:
    """Whether an entry after a decision may be seen by who must not know of that."""
    return action in _ALSO_UNDECIDED


def _event(case_no: str, entry: LookStep, who: str) -> Event:
    step = entry.step
    details = {"from": step.source.value, "to": step.target.value, "reason": entry.reason}
    return Event(entry.seq, case_no, entry.at, who, step.action.value, details, "", entry.hash)


def answered(look: Look, step: Step, reason: str, now: datetime) -> Look:
    """The look after a step of who has it; the step itself is kept with its entry."""
    answer = _ANSWER_AT[step.target]
    return replace(
        look, answer=answer, reason=reason if answer else "", answered_at=now if answer else None
    )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two inspectors judged a case in different ways."""

    case_no: str
    first_by: str
    first: str
    second_by: str
    second: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """How somebody's decisions fared when they were checked.

    Attributes:
        looked_again: decisions that somebody else judged once more, of which `agreed` alike.
        controls: cases with a known answer that were judged, of which `right` as known.
    """

    looked_again: int = 0
    agreed: int = 0
    controls: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class LookFigures:
    """What all looks say; `pending` second looks wait for somebody.

    `inspectors` by the name that signs; disagreements newest first.
    """

    inspectors: Mapping[str, Checked]
    disagreements: tuple[Disagreement, ...]
    pending: int


def is_sampled(event_hash: str, share: float) -> bool:
    """Whether a decision is judged once more: nobody knows before the entry of it is written.

    >>> is_sampled("0" * 64, 0.05), is_sampled("f" * 64, 0.05), is_sampled("f" * 64, 1.0)
    (True, False, True)
    """
    return int(event_hash[:8], 16) < share * 2**32


def told_look(look: Look, step: Step) -> dict[str, Any]:
    """Write a step, and the answer that stands after it, into the details of an entry."""
    return {
        "action": step.action.value,
        "from": step.source.value,
        "to": step.target.value,
        "look": look.look_id,
        "case": look.case_no,
        "kind": look.kind.value,
        "expected": look.expected,
        "first_by": look.first_by,
        "answer": look.answer,
        "reason": look.reason,
    }


def look_figures(events: Iterable[Event], pending: int) -> LookFigures:
    """Count the answers that stand; `events` are the entries of looks, oldest first."""
    standing: dict[int, Event] = {}
    for event in events:
        standing[event.details["look"]] = event
    inspectors: dict[str, Checked] = {}
    disagreements = []
    for event in standing.values():
        details = event.details
        if details["answer"] not in ANSWERS:
            continue
        is_alike = details["answer"] == details["expected"]
        if details["kind"] == Kind.CONTROL:
            known = inspectors.get(event.actor, Checked())
            counted = replace(known, controls=known.controls + 1, right=known.right + is_alike)
            inspectors[event.actor] = counted
            continue
        known = inspectors.get(details["first_by"], Checked())
        inspectors[details["first_by"]] = replace(
            known, looked_again=known.looked_again + 1, agreed=known.agreed + is_alike
        )
        if not is_alike:
            disagreements.append(_disagreement(event))
    newest = sorted(disagreements, key=lambda entry: entry.at, reverse=True)
    return LookFigures(dict(sorted(inspectors.items())), tuple(newest), pending)


def _disagreement(event: Event) -> Disagreement:
    details = event.details
    return Disagreement(
        details["case"],
        details["first_by"],
        details["expected"],
        event.actor,
        details["answer"],
        details["reason"],
        event.at,
    )
