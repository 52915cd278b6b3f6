"""Many cases decided together: all that can be are, the others are told and left as they were."""

from datetime import timedelta

import pytest

from cases.errors import CaseClaimedError, StaleCaseError, TransitionError, UnknownCaseError
from cases.filing import propose
from cases.lifecycle import Role
from cases.people import Area
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, claimed, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import seen

NOW = FLOWN + timedelta(hours=1)


@pytest.fixture
def four_cases(registry: Registry, rulebook: Rulebook) -> Registry:
    items = [seen(f"house {n}", "building", 60 + 40 * n, -60, 12) for n in range(4)]
    findings = propose(items, rulebook, NO_ZONES, on=DAY)
    file(registry, rulebook, findings, patrol_on(0))
    return registry


def numbers(registry) -> list[str]:
    return [case.case_no for case in registry.cases()]


def decide_all(registry, versions, action="confirm", **more):
    return registry.decide_all(versions, action, actor="Chen", now=NOW, **more)


def test_all_are_decided_and_undone_together(four_cases):
    versions = dict.fromkeys(numbers(four_cases), 1)
    done = decide_all(four_cases, versions)
    assert [case.case_no for case in done.decided] == list(versions)
    assert not done.refused
    back = decide_all(four_cases, {case.case_no: case.version for case in done.decided}, "undo")
    assert {case.stage for case in back.decided} == {"reported"}
    assert {case.version for case in back.decided} == {3}
    assert four_cases.verify_chain().is_intact


def test_what_cannot_be_decided_is_told_and_left(four_cases):
    first, second, third, fourth = numbers(four_cases)
    four_cases.claim(first, "Li", until=NOW + timedelta(minutes=5), now=NOW)
    four_cases.decide(third, "reject", actor="Li", reason="harmless", expected_version=1, now=NOW)
    done = decide_all(four_cases, {first: 1, second: 7, third: 2, fourth: 1, "20990101-0001": 1})
    assert [case.case_no for case in done.decided] == [fourth]
    kinds = {number: type(error) for number, error in done.refused.items()}
    assert kinds == {
        first: CaseClaimedError,
        second: StaleCaseError,
        third: TransitionError,
        "20990101-0001": UnknownCaseError,
    }
    assert [four_cases.case(no).version for no in (first, second, third)] == [1, 1, 2]
    assert claimed(four_cases, first, NOW).who == "Li"
    assert four_cases.verify_chain().is_intact


def test_a_decision_together_ends_ones_own_claims(four_cases):
    first = numbers(four_cases)[0]
    four_cases.claim(first, "Chen", until=NOW + timedelta(minutes=5), now=NOW)
    decide_all(four_cases, {first: 1})
    assert claimed(four_cases, first, NOW) is None


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR])
def test_others_may_decide_none_of_them(four_cases, role):
    versions = dict.fromkeys(numbers(four_cases), 1)
    done = decide_all(four_cases, versions, role=role)
    assert not done.decided
    assert set(done.refused) == set(versions)


def test_cases_of_another_area_do_not_exist(four_cases):
    limited = four_cases.within(Area("海口镇"))
    done = decide_all(limited, dict.fromkeys(numbers(four_cases), 1))
    assert not done.decided
    assert {type(error) for error in done.refused.values()} == {UnknownCaseError}
