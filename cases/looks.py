"""Do inspectors judge alike, and do they know what is known? Counted from the history.

A share of all decisions is judged once more by somebody else (a second look), and cases whose
answer is known are given to everybody (controls). Both are given as if nobody had decided yet, and
change nothing of the case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cases.lifecycle import Action
from cases.model import Event

LOOKED = "looked"
ANSWERS = (Action.CONFIRM, Action.REJECT)
TAKE_BACK_WITHIN = timedelta(minutes=10)


class Kind(StrEnum):
    """Why a decided case is judged once more."""

    SECOND = "second"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Look:
    """A decided case as somebody is to judge it.

    Attributes:
        expected: how it was decided, or has to be.
        first_by: who decided it; empty for a control.
        until: it is given to somebody else from then on.
        answer: empty while there is none.
    """

    look_id: int
    case_no: str
    kind: Kind
    expected: str
    first_by: str
    who: str
    until: datetime | None
    answer: str
    reason: str


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


def told_look(look: Look) -> dict[str, Any]:
    """Write an answer, or that it was taken back, into the details of an entry."""
    return {
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
        if not details["answer"]:
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
