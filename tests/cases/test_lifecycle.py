from hypothesis import given, settings
from hypothesis import strategies as st

from cases.lifecycle import (
    FILING_ACTIONS,
    OPEN_STAGES,
    TRANSITIONS,
    Action,
    Stage,
    Step,
    allowed_actions,
    find_transition,
    undo_step,
)


def walk(actions: list[Action]) -> tuple[Stage, list[Step]]:
    """Take every action that is possible from a reported case, skip the others."""
    stage, taken = Stage.REPORTED, []
    for action in actions:
        transition = find_transition(stage, action)
        step = (
            undo_step(taken, stage)
            if action is Action.UNDO
            else transition and Step(action, stage, transition.target)
        )
        if step:
            taken.append(step)
            stage = step.target
    return stage, taken


def test_no_step_is_in_the_table_twice():
    steps = [(entry.source, entry.action) for entry in TRANSITIONS]
    assert len(steps) == len(set(steps))


def test_every_stage_can_be_reached_from_reported():
    reached = {Stage.REPORTED}
    for _ in Stage:
        reached |= {entry.target for entry in TRANSITIONS if entry.source in reached}
    assert reached == set(Stage)


def test_every_open_stage_leads_on():
    assert all(allowed_actions(stage) for stage in OPEN_STAGES)


def test_an_inspector_confirms_or_rejects_a_reported_case():
    assert allowed_actions(Stage.REPORTED) == (Action.CONFIRM, Action.REJECT)


def test_nobody_is_offered_what_only_a_filing_does():
    assert not any(FILING_ACTIONS & set(allowed_actions(stage)) for stage in Stage)


def test_undo_leads_back_decision_by_decision():
    stage, taken = walk([Action.CONFIRM, Action.REJECT, Action.UNDO])
    assert stage is Stage.ESTABLISHED
    stage, taken = walk([Action.CONFIRM, Action.REJECT, Action.UNDO, Action.UNDO])
    assert stage is Stage.REPORTED
    assert undo_step(taken, stage) is None


def test_an_assignment_is_not_undone():
    stage, taken = walk([Action.CONFIRM, Action.ASSIGN])
    assert Action.UNDO not in allowed_actions(stage, taken)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(Action), max_size=30))
def test_undo_always_restores_the_stage_before_a_standing_decision(actions: list[Action]):
    stage, taken = walk(actions)
    step = undo_step(taken, stage)
    if step:
        assert step.source is stage
        assert find_transition(step.target, taken[-1].action) or taken[-1].action is Action.UNDO
        after, _ = walk([entry.action for entry in taken] + [Action.UNDO])
        assert after is step.target
