"""A district that goes on for weeks: fates are as dealt, and what is new stands apart."""

from itertools import combinations, pairwise

import pytest

from simulations.changing import (
    GROWTH,
    LONGEST_M,
    Handling,
    State,
    Week,
    after,
    make_weeks,
    states_of,
    truth_of,
)
from simulations.layout import District
from simulations.planting import OTHER_GROUP_M, Kind
from simulations.town import make_district


@pytest.fixture(scope="module")
def district() -> District:
    return make_district(5)


@pytest.fixture(scope="module")
def weeks(district: District) -> tuple[Week, ...]:
    return make_weeks(district, district.patrol_codes[:2], 5, 3)


def test_the_same_seed_gives_the_same_weeks(district: District, weeks: tuple[Week, ...]):
    assert make_weeks(district, district.patrol_codes[:2], 5, 3) == weeks


def test_every_handling_shows_in_the_next_week(weeks: tuple[Week, ...]):
    for before, following in pairwise(weeks):
        for code, item in before.violations.items():
            there, fate = following.violations.get(code), before.handling[code]
            assert (there is None) == (fate is Handling.SOLVED)
            if there is not None:
                growth = there.polygon.area / item.polygon.area
                expected = GROWTH if fate is Handling.GROWN else 1.0
                assert growth == pytest.approx(expected, rel=1e-3)
                assert there.length_m <= max(LONGEST_M, item.length_m)


def test_every_handling_occurs(weeks: tuple[Week, ...]):
    assert {fate for week in weeks for fate in week.handling.values()} == set(Handling)


def test_what_is_there_stands_apart(weeks: tuple[Week, ...]):
    for week in weeks:
        assert len({item.code for item in week.planted}) == len(week.planted)
        for one, other in combinations(week.planted, 2):
            # an extended building may come nearer by half of its growth
            reach_m = OTHER_GROUP_M - LONGEST_M * (1 - 1 / GROWTH)
            assert one.polygon.distance(other.polygon) > reach_m > 0


def test_fires_never_stay_and_some_boats_do(weeks: tuple[Week, ...]):
    fates = {
        kind: {
            week.handling[c] for week in weeks for c, i in week.violations.items() if i.kind is kind
        }
        for kind in (Kind.BURNING, Kind.BOAT)
    }
    assert fates[Kind.BURNING] == {Handling.SOLVED}
    assert fates[Kind.BOAT] > {Handling.SOLVED}


def test_the_truth_of_the_weeks_adds_up(weeks: tuple[Week, ...]):
    told = [truth_of(weeks, number) for number in range(3)]
    states = states_of(weeks)
    assert sum(truth.found for truth in told) == len(states)
    gone = sum(truth.solved for truth in told)
    assert gone == list(states.values()).count(State.SOLVED)
    assert len(weeks[-1].violations) == len(states) - gone
    assert (told[0].solved, told[0].unchanged, told[0].grown) == (0, 0, 0)


def test_what_has_no_handling_stays(weeks: tuple[Week, ...]):
    assert after(weeks[0].planted, {}) == weeks[0].planted
