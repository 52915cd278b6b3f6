"""Which steps can a case take, and who may take them: the seven steps of the closed loop.

Modelled on the practice of digital city management: collect, establish, assign, handle, feed back,
verify and close, evaluate. Beside them a case is returned (wrong department), suspended (cannot be
solved in time, approved by the command centre), snoozed (its place is left alone until a day),
reworked (verification failed) and supervised (it is overdue; the stage stays, the history tells).
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
    EVALUATED = "evaluated"
    SUSPENDED = "suspended"
    SNOOZED = "snoozed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What somebody, or a filing, can do to a case."""

    CONFIRM = "confirm"
    REJECT = "reject"
    SNOOZE = "snooze"
    WAKE = "wake"
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
    SUPERVISE = "supervise"
    EVALUATE = "evaluate"
    WITHDRAW = "withdraw"
    REFILE = "refile"


class Role(StrEnum):
    """As what somebody acts on a case."""

    INSPECTOR = "inspector"
    """Looks at what patrols found, and at the place again before a case is closed."""
    COMMAND = "command"
    """The command centre: sends out, approves, presses, evaluates."""
    OPERATOR = "operator"
    """Flies patrols and files what they saw; decides on no case."""
    OFFICER = "officer"
    """Of the department or grid cell that a case was assigned to."""
    ADMINISTRATOR = "administrator"
    """Stands in for any person."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step: `action` leads from `source` to `target`, taken by one of `roles`."""

    action: Action
    source: Stage
    target: Stage
    roles: frozenset[Role]
    needs_reason: bool = False


_INSPECTOR = frozenset({Role.INSPECTOR, Role.ADMINISTRATOR})
_COMMAND = frozenset({Role.COMMAND, Role.ADMINISTRATOR})
_VERIFIER = _INSPECTOR | _COMMAND
_OFFICER = frozenset({Role.OFFICER, Role.ADMINISTRATOR})
_FILING = frozenset({Role.OPERATOR})


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Action.CONFIRM, Stage.REPORTED, Stage.ESTABLISHED, _INSPECTOR),
    Transition(Action.REJECT, Stage.REPORTED, Stage.REJECTED, _INSPECTOR, needs_reason=True),
    Transition(Action.REJECT, Stage.ESTABLISHED, Stage.REJECTED, _INSPECTOR, needs_reason=True),
    Transition(Action.SNOOZE, Stage.REPORTED, Stage.SNOOZED, _INSPECTOR, needs_reason=True),
    Transition(Action.WAKE, Stage.SNOOZED, Stage.REPORTED, _VERIFIER),
    Transition(Action.REOPEN, Stage.REJECTED, Stage.REPORTED, _VERIFIER, needs_reason=True),
    Transition(Action.REOPEN, Stage.CLOSED, Stage.ESTABLISHED, _VERIFIER, needs_reason=True),
    Transition(Action.REOPEN, Stage.EVALUATED, Stage.ESTABLISHED, _COMMAND, needs_reason=True),
    Transition(Action.ASSIGN, Stage.ESTABLISHED, Stage.ASSIGNED, _COMMAND),
    Transition(Action.RETURN, Stage.ASSIGNED, Stage.ESTABLISHED, _OFFICER, needs_reason=True),
    Transition(Action.RETURN, Stage.HANDLING, Stage.ESTABLISHED, _OFFICER, needs_reason=True),
    Transition(Action.START, Stage.ASSIGNED, Stage.HANDLING, _OFFICER),
    Transition(Action.FEED_BACK, Stage.HANDLING, Stage.FED_BACK, _OFFICER),
    Transition(Action.CLOSE, Stage.FED_BACK, Stage.CLOSED, _VERIFIER),
    Transition(Action.REWORK, Stage.FED_BACK, Stage.HANDLING, _VERIFIER, needs_reason=True),
    Transition(Action.SUSPEND, Stage.ASSIGNED, Stage.SUSPENDED, _COMMAND, needs_reason=True),
    Transition(Action.SUSPEND, Stage.HANDLING, Stage.SUSPENDED, _COMMAND, needs_reason=True),
    Transition(Action.RESUME, Stage.SUSPENDED, Stage.HANDLING, _COMMAND),
    Transition(Action.SUPERVISE, Stage.ESTABLISHED, Stage.ESTABLISHED, _COMMAND, needs_reason=True),
    Transition(Action.SUPERVISE, Stage.ASSIGNED, Stage.ASSIGNED, _COMMAND, needs_reason=True),
    Transition(Action.SUPERVISE, Stage.HANDLING, Stage.HANDLING, _COMMAND, needs_reason=True),
    Transition(Action.EVALUATE, Stage.CLOSED, Stage.EVALUATED, _COMMAND),
    Transition(Action.WITHDRAW, Stage.REPORTED, Stage.WITHDRAWN, _FILING, needs_reason=True),
    Transition(Action.WITHDRAW, Stage.SNOOZED, Stage.WITHDRAWN, _FILING, needs_reason=True),
    Transition(Action.REFILE, Stage.WITHDRAWN, Stage.REPORTED, _FILING),
)

FILING_ACTIONS = frozenset({Action.WITHDRAW, Action.REFILE})
"""Taken by the filing of a patrol that an operator runs, never by a person's decision."""

UNDOABLE = frozenset({Action.CONFIRM, Action.REJECT, Action.SNOOZE, Action.REOPEN})
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
    last = _standing_decision(taken, stage)
    return last and Step(Action.UNDO, stage, last.source)


def _standing_decision(taken: Iterable[Step], stage: Stage) -> Step | None:
    standing: list[Step] = []
    for step in taken:
        if step.action is not Action.UNDO:
            standing.append(step)
        elif standing:
            standing.pop()
    last = standing[-1] if standing else None
    if last is None or last.action not in UNDOABLE or last.target is not stage:
        return None
    return last


def allowed_actions(
    stage: Stage, taken: Iterable[Step] = (), role: Role = Role.ADMINISTRATOR
) -> tuple[Action, ...]:
    """List what a person in a role may do to a case now, in the order of the table, undo last.

    An administrator may do whatever anybody may; who may decide may undo the decision.
    """
    actions = [
        entry.action
        for entry in TRANSITIONS
        if entry.source is stage and entry.action not in FILING_ACTIONS and role in entry.roles
    ]
    decision = _standing_decision(taken, stage)
    decided = decision and find_transition(decision.source, decision.action)
    return (*actions, Action.UNDO) if decided and role in decided.roles else tuple(actions)
