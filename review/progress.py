"""What is told of a case besides itself: when it is due, in whose hands it is, why it came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.claims import Hands
from cases.lifecycle import Action, Stage
from cases.model import Case, Claim, Event
from review.due import TIMED, deadline
from review.sources import ReviewData

NOBODY = Hands()
_BEGINS = (Action.ASSIGN, Action.FEED_BACK)
"""What was sent back before one of these was done anew since, or is somebody else's."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a case has come.

    Attributes:
        due_at: until when it has to be handled; None where no limit runs.
        claim: of who works on it now.
        unsure: who left it to others, while it waits.
        sent_back: why it has to be done anew, while that is being done; else empty.
    """

    due_at: datetime | None = None
    is_overdue: bool = False
    claim: Claim | None = None
    unsure: tuple[str, ...] = ()
    sent_back: str = ""


def progress_of(
    data: ReviewData,
    case: Case,
    now: datetime,
    hands: Hands = NOBODY,
    events: Sequence[Event] | None = None,
) -> Progress:
    """Tell how far a case has come, as it is shown; its history is read if `events` is None."""
    unsure = hands.unsure if case.stage is Stage.REPORTED else ()
    if case.stage not in TIMED:
        return Progress(claim=hands.claim, unsure=unsure)
    told = data.registry.history(case.case_no) if events is None else events
    due_at, is_overdue = deadline(data, case, now, told)
    return Progress(due_at, is_overdue, hands.claim, unsure, sent_back(case.stage, told))


def sent_back(stage: Stage, events: Sequence[Event]) -> str:
    """Why a case that is being handled was sent back; empty where it was not, or is done anew."""
    if stage is not Stage.HANDLING:
        return ""
    for event in reversed(events):
        if event.action == Action.REWORK:
            return str(event.details.get("reason", ""))
        if event.action in _BEGINS:
            return ""
    return ""
