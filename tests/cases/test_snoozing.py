"""A place is left alone for a while: its cases wait, and new finds of the rule make none."""

from datetime import timedelta

import pytest

from cases.drawing import Draughtsman
from cases.errors import (
    ArrangementError,
    NotPermittedError,
    ReasonMissingError,
    StaleCaseError,
    TransitionError,
)
from cases.filing import propose
from cases.lifecycle import Role, Stage
from cases.model import Findings
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import seen

NOW = FLOWN + timedelta(hours=2)
CHEN = Draughtsman("Chen", Role.INSPECTOR, NOW)


def houses(rulebook: Rulebook, *places_m: float) -> Findings:
    items = [seen(f"house {at:03}", "building", at, -60, 12, at=None) for at in places_m]
    return propose(items, rulebook, NO_ZONES, on=DAY)


@pytest.fixture
def three(registry: Registry, rulebook: Rulebook) -> tuple[str, ...]:
    """Houses at 60, 100 and 260 m."""
    return file(registry, rulebook, houses(rulebook, 60, 100, 260), patrol_on(0)).new


def snooze(registry: Registry, case_no: str, *, days: float = 7, radius_m: float = 50, **more):
    told = {"expected_version": 1, "reason": "a building site with a permit on its way", **more}
    until = NOW + timedelta(days=days)
    return registry.snooze(case_no, radius_m=radius_m, until=until, **{"by": CHEN, **told})


def stages(registry: Registry) -> list[str]:
    return [str(case.stage) for case in registry.cases(order="number")]


def test_the_cases_of_the_place_wait_together_and_come_back_together(three, registry):
    done = snooze(registry, three[0])
    assert [case.case_no for case in done.decided] == list(three[:2])
    assert stages(registry) == ["snoozed", "snoozed", "reported"]
    assert registry.claim_next("Li", until=NOW + timedelta(hours=1), now=NOW).case_no == three[2]
    versions = {case.case_no: case.version for case in done.decided}
    registry.decide_all(versions, "undo", actor="Chen", now=NOW)
    assert stages(registry) == ["reported"] * 3
    assert registry.verify_chain().is_intact


def test_what_somebody_else_works_on_is_left_and_told(three, registry):
    registry.claim(three[1], "Li", until=NOW + timedelta(hours=1), now=NOW)
    done = snooze(registry, three[0])
    assert list(done.refused) == [three[1]]
    assert stages(registry) == ["snoozed", "reported", "reported"]


def test_new_finds_at_the_place_make_no_case_before_the_day(three, registry, rulebook):
    snooze(registry, three[0], days=5)
    result = file(registry, rulebook, houses(rulebook, 60, 80, 400), patrol_on(3))
    assert result.same == (three[0],)  # what waits is seen again, and goes on waiting
    assert list(result.snoozed.values()) == [three[0]]
    assert len(result.new) == 1
    assert registry.case(three[0]).stage is Stage.SNOOZED
    again = file(registry, rulebook, houses(rulebook, 60, 80, 400), patrol_on(3))
    assert again.already_filed
    assert again.snoozed == result.snoozed
    later = file(registry, rulebook, houses(rulebook, 60, 80, 400), patrol_on(6))
    assert not later.snoozed
    assert len(later.new) == 1
    assert registry.verify_chain().is_intact


def test_a_filing_after_the_day_wakes_what_waits(three, registry, rulebook):
    snooze(registry, three[0], days=5)
    file(registry, rulebook, houses(rulebook, 60), patrol_on(6))
    woken = registry.case(three[0])
    assert woken.stage is Stage.REPORTED
    event = next(e for e in registry.history(three[0]) if e.action == "wake")
    assert (event.actor, event.details["to"]) == ("aerogrid", "reported")


def test_the_clock_wakes_what_waits_once(three, registry):
    snooze(registry, three[0], days=5)
    assert registry.wake_due(NOW + timedelta(days=4.9)) == ()
    assert registry.wake_due(NOW + timedelta(days=5)) == three[:2]
    assert registry.wake_due(NOW + timedelta(days=6)) == ()
    assert stages(registry) == ["reported"] * 3
    assert registry.verify_chain().is_intact


def test_a_person_may_wake_it_sooner_and_then_the_place_is_free(three, registry, rulebook):
    snooze(registry, three[0], radius_m=0)
    registry.decide(three[0], "wake", actor="Li", role=Role.COMMAND, expected_version=2, now=NOW)
    assert registry.case(three[0]).stage is Stage.REPORTED
    assert not file(registry, rulebook, houses(rulebook, 60, 80), patrol_on(1)).snoozed


def test_other_rules_go_on_at_the_place(three, registry, rulebook):
    snooze(registry, three[0], radius_m=500)
    smoke = propose([seen("smoke", "smoke", 180, -60, 12)], rulebook, NO_ZONES, on=DAY)
    assert len(file(registry, rulebook, smoke, patrol_on(1)).new) == 1


def test_a_patrol_that_takes_its_word_back_withdraws_what_waits(three, registry, rulebook):
    snooze(registry, three[0], radius_m=0)
    result = file(registry, rulebook, houses(rulebook, 100, 260), patrol_on(0))
    assert result.withdrawn == (three[0],)
    assert registry.case(three[0]).stage is Stage.WITHDRAWN


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"days": -1}, ArrangementError),
        ({"days": 400}, ArrangementError),
        ({"radius_m": 501}, ArrangementError),
        ({"radius_m": -1}, ArrangementError),
        ({"reason": " "}, ReasonMissingError),
        ({"expected_version": 2}, StaleCaseError),
        ({"by": Draughtsman("Li", Role.COMMAND, NOW)}, NotPermittedError),
    ],
)
def test_what_is_no_snooze_is_refused_and_changes_nothing(three, registry, more, error):
    with pytest.raises(error):
        snooze(registry, three[0], **more)
    assert stages(registry) == ["reported"] * 3


def test_a_decided_case_cannot_be_snoozed(three, registry):
    registry.decide(three[0], "confirm", actor="Li", expected_version=1, now=NOW)
    with pytest.raises(TransitionError):
        snooze(registry, three[0], expected_version=2)
