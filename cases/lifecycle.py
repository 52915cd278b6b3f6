"""Which steps can a case take: the seven steps of the closed loop as one table.

Modelled on the practice of digital city management: collect, establish, assign, handle, feed back,
verify and close, evaluate.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a case has come."""

    REPORTED = "reported"
    ESTABLISHED = "established"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    FED_BACK = "fed_back"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What somebody, or a filing, can do to a case."""

    CONFIRM = "confirm"
    REJECT = "reject"
    REOPEN = "reopen"
    UNDO = "undo"
    ASSIGN = "assign"
    RETURN = "return"
    START = "start"
    FEED_BACK = "feed_back"
    CLOSE = "close"
    REWORK = "rework"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    REFILE = "refile"


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step: `action` leads from `source` to `target`."""

    action: Action
    source: Stage
    target: Stage
    needs_reason: bool = False


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Action.CONFIRM, Stage.REPORTED, Stage.ESTABLISHED),
    Transition(Action.REJECT, Stage.REPORTED, Stage.REJECTED, needs_reason=True),
    Transition(Action.REJECT, Stage.ESTABLISHED, Stage.REJECTED, needs_reason=True),
    Transition(Action.REOPEN, Stage.REJECTED, Stage.REPORTED, needs_reason=True),
    Transition(Action.REOPEN, Stage.CLOSED, Stage.ESTABLISHED, needs_reason=True),
    Transition(Action.ASSIGN, Stage.ESTABLISHED, Stage.ASSIGNED),
    Transition(Action.RETURN, Stage.ASSIGNED, Stage.ESTABLISHED, needs_reason=True),
    Transition(Action.RETURN, Stage.HANDLING, Stage.ESTABLISHED, needs_reason=True),
    Transition(Action.START, Stage.ASSIGNED, Stage.HANDLING),
    Transition(Action.FEED_BACK, Stage.HANDLING, Stage.FED_BACK),
    Transition(Action.CLOSE, Stage.FED_BACK, Stage.CLOSED),
    Transition(Action.REWORK, Stage.FED_BACK, Stage.HANDLING, needs_reason=True),
    Transition(Action.SUSPEND, Stage.HANDLING, Stage.SUSPENDED, needs_reason=True),
    Transition(Action.RESUME, Stage.SUSPENDED, Stage.HANDLING),
    Transition(Action.WITHDRAW, Stage.REPORTED, Stage.WITHDRAWN, needs_reason=True),
    Transition(Action.REFILE, Stage.WITHDRAWN, Stage.REPORTED),
)

FILING_ACTIONS = frozenset({Action.WITHDRAW, Action.REFILE})
"""Taken by the filing of a patrol, never by a person."""

UNDOABLE = frozenset({Action.CONFIRM, Action.REJECT, Action.REOPEN})
"""An inspector's decisions; later steps have told other people and are answered by new steps."""

OPEN_STAGES = frozenset(
    {
        Stage.REPORTED,
        Stage.ESTABLISHED,
        Stage.ASSIGNED,
        Stage.HANDLING,
        Stage.FED_BACK,
        Stage.SUSPENDED,
    }
)
"""Stages in which a case still asks for something to be done."""

_BY_STEP = {(entry.source, entry.action): entry for entry in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a case has taken."""

    action: Action
    source: Stage
    target: Stage


def find_transition(stage: Stage, action: Action) -> Transition | None:
    """Look up where an action leads from a stage; None where it is not allowed."""
    return _BY_STEP.get((stage, action))


def undo_step(taken: Iterable[Step], stage: Stage) -> Step | None:
    """Return the step that undoes an inspector's last decision, None where there is none.

    Args:
        taken: every step of the case so far, oldest first, undoings too.
        stage: where the case stands now.
    """
    standing: list[Step] = []
    for step in taken:
        if step.action is not Action.UNDO:
            standing.append(step)
        elif standing:
            standing.pop()
    last = standing[-1] if standing else None
    if last is None or last.action not in UNDOABLE or last.target is not stage:
        return None
    return Step(Action.UNDO, stage, last.source)


def allowed_actions(stage: Stage, taken: Iterable[Step] = ()) -> tuple[Action, ...]:
    """List what a person may do to a case now, in the order of the table, undo last."""
    actions = [
        entry.action
        for entry in TRANSITIONS
        if entry.source is stage and entry.action not in FILING_ACTIONS
    ]
    return (*actions, Action.UNDO) if undo_step(taken, stage) else tuple(actions)
