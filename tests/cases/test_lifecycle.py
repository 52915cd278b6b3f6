import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.lifecycle import (
    FILING_ACTIONS,
    OPEN_STAGES,
    TRANSITIONS,
    Action,
    Role,
    Stage,
    Step,
    Transition,
    allowed_actions,
    find_transition,
    undo_step,
)
from cases.wording import action_words, stage_words


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


def test_an_inspector_confirms_rejects_or_snoozes_a_reported_case():
    assert allowed_actions(Stage.REPORTED) == (Action.CONFIRM, Action.REJECT, Action.SNOOZE)


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


LOOP = {
    Action.CONFIRM: Role.INSPECTOR,
    Action.ASSIGN: Role.COMMAND,
    Action.START: Role.OFFICER,
    Action.FEED_BACK: Role.OFFICER,
    Action.CLOSE: Role.INSPECTOR,
    Action.EVALUATE: Role.COMMAND,
}


def test_the_seven_steps_are_a_way_through_the_table_each_by_its_own_role():
    stage, stages = Stage.REPORTED, [Stage.REPORTED]
    for action, role in LOOP.items():
        transition = find_transition(stage, action)
        assert transition is not None
        assert role in transition.roles
        stage = transition.target
        stages.append(stage)
    assert stages == list(Stage)[:7]


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.COMMAND, Role.OFFICER])
def test_nobody_carries_a_case_through_the_loop_alone(role: Role):
    assert any(role not in find_action(action).roles for action in LOOP)


def find_action(action: Action) -> Transition:
    return next(entry for entry in TRANSITIONS if entry.action is action)


def test_an_administrator_may_do_what_any_person_may():
    for stage in Stage:
        others = [set(allowed_actions(stage, (), role)) for role in Role]
        assert set(allowed_actions(stage, (), Role.ADMINISTRATOR)) == set().union(*others)


def test_an_operator_files_and_decides_on_nothing():
    assert not any(allowed_actions(stage, (), Role.OPERATOR) for stage in Stage)
    assert all(
        entry.roles == {Role.OPERATOR} for entry in TRANSITIONS if entry.action in FILING_ACTIONS
    )


def test_suspending_supervising_and_evaluating_are_for_the_command_centre():
    held = {Action.SUSPEND, Action.RESUME, Action.SUPERVISE, Action.EVALUATE, Action.ASSIGN}
    for entry in TRANSITIONS:
        if entry.action in held:
            assert entry.roles == {Role.COMMAND, Role.ADMINISTRATOR}


def test_supervising_leaves_the_stage_and_cannot_be_undone():
    stage, taken = walk([Action.CONFIRM, Action.SUPERVISE])
    assert stage is Stage.ESTABLISHED
    assert Action.UNDO not in allowed_actions(stage, taken)


def test_only_who_may_decide_may_undo():
    stage, taken = walk([Action.CONFIRM])
    assert Action.UNDO in allowed_actions(stage, taken, Role.INSPECTOR)
    assert Action.UNDO not in allowed_actions(stage, taken, Role.COMMAND)


def test_every_stage_and_action_has_words_in_both_languages():
    words = [*map(stage_words, Stage), *map(action_words, Action)]
    assert all(entry.en and entry.zh and entry.en != entry.zh for entry in words)
