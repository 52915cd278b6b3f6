"""Which steps has a case taken, and is the next one allowed?"""

from collections.abc import Sequence

from cases.errors import NotPermittedError, ReasonMissingError, TransitionError
from cases.lifecycle import (
    Action,
    Role,
    Stage,
    Step,
    allowed_actions,
    find_transition,
    undo_step,
)
from cases.model import Case, Event

_STEP_ACTIONS = frozenset(Action)


def steps_of(events: Sequence[Event]) -> list[Step]:
    """Find the steps of a case in its history, oldest first."""
    return [
        Step(Action(event.action), Stage(event.details["from"]), Stage(event.details["to"]))
        for event in events
        if event.action in _STEP_ACTIONS
    ]


def standing_step(events: Sequence[Event]) -> Event | None:
    """Find the entry of the last step that was not undone; it is the one that undo takes back."""
    standing: list[Event] = []
    for event in events:
        if event.action == Action.UNDO:
            del standing[-1:]
        elif event.action in _STEP_ACTIONS:
            standing.append(event)
    return standing[-1] if standing else None


def next_step(case: Case, action: str, role: Role, reason: str, taken: Sequence[Step]) -> Step:
    """Find the step that an action is.

    Raises:
        TransitionError: the case's stage does not allow it.
        NotPermittedError: its stage allows it to others, not to this role.
        ReasonMissingError: it has to be justified.
    """
    allowed = allowed_actions(case.stage, taken, role)
    if action not in allowed:
        named = tuple(map(str, allowed))
        if action in allowed_actions(case.stage, taken):
            raise NotPermittedError(case.case_no, action, role.value, named)
        raise TransitionError(case.case_no, case.stage, action, named)
    undoing = undo_step(taken, case.stage)
    if action == Action.UNDO and undoing is not None:
        return undoing
    transition = find_transition(case.stage, Action(action))
    assert transition is not None, "allowed actions are in the table"
    if transition.needs_reason and not reason.strip():
        raise ReasonMissingError(case.case_no, action)
    return Step(transition.action, transition.source, transition.target)
