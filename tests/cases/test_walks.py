"""Whatever people in any role try, a case stays in the table and the history tells every step."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.errors import NotPermittedError, TransitionError
from cases.lifecycle import FILING_ACTIONS, Action, Role, Stage, find_transition
from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import FLOWN, allowed, patrol_on
from tests.cases.test_registry import file, sights

ROLES = [*Role, *[Role.ADMINISTRATOR] * 5]
PERSONAL = [action for action in Action if action not in FILING_ACTIONS]


def attempt(registry: Registry, case_no: str, action: Action, role: Role) -> bool:
    """Try an action; whether it was taken."""
    version = registry.case(case_no).version
    try:
        registry.decide(
            case_no, action, actor="a", role=role, reason="r", expected_version=version, now=FLOWN
        )
    except (TransitionError, NotPermittedError):
        assert registry.case(case_no).version == version
        return False
    return True


@settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(PERSONAL), st.sampled_from(ROLES)), max_size=60))
def test_random_walks_stay_in_the_table_and_every_step_is_in_the_chain(
    rulebook: Rulebook, steps: list[tuple[Action, Role]]
):
    with Registry.open("sqlite://") as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        case_no = registry.cases()[0].case_no
        taken = [(a, r) for a, r in steps if attempt(registry, case_no, a, r)]
        events = registry.history(case_no)[1:]
        assert [(e.action, e.details["role"]) for e in events] == taken
        stage = Stage.REPORTED
        for event in events:
            assert event.details["from"] == stage
            stage = Stage(event.details["to"])
            action = Action(event.action)
            known = find_transition(Stage(event.details["from"]), action)
            assert action is Action.UNDO or (known and known.target is stage)
        assert registry.case(case_no).stage is stage
        assert registry.verify_chain().is_intact


def test_an_action_of_another_role_is_named_as_such(where: str, rulebook: Rulebook, tmp_path: Path):
    with Registry.open(where) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        case_no = registry.cases()[0].case_no
        with pytest.raises(NotPermittedError, match="'confirm' is not for officer"):
            registry.decide(
                case_no, "confirm", actor="a", role=Role.OFFICER, expected_version=1, now=FLOWN
            )
        assert allowed(registry, case_no, Role.OFFICER) == ()
        assert allowed(registry, case_no) == (Action.CONFIRM, Action.REJECT, Action.SNOOZE)
