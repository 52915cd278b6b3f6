from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.errors import MissionError
from missions.priority import History, Season, Tip, Weights, priorities
from tests.missions.fleets import squares

NOW = datetime(2025, 6, 2, 0, tzinfo=UTC)
GRID = squares(2)
A, B = (cell.code for cell in GRID)
FRESH = {A: History(NOW.date()), B: History(NOW.date())}


def points(**known):
    return priorities(GRID, NOW, **{"histories": FRESH, **known})


def test_cell_flown_today_without_anything_has_no_points():
    assert points()[A].points == 0


def test_points_grow_with_days_up_to_two_intervals():
    def after(days):
        return points(histories={A: History(NOW.date() - timedelta(days=days))})[A].points

    assert [after(5), after(10), after(20), after(99)] == [5, 10, 20, 20]


def test_cell_never_flown_counts_as_two_intervals():
    assert points(histories={})[A].points == 20


def test_overdue_cases_make_a_cell_urgent_and_say_so():
    found = points(histories={A: History(NOW.date(), open_cases=2, overdue_cases=1)})[A]
    assert found.points == 50
    assert found.urgent
    assert found.because == "open cases 10.0, overdue cases 40.0"


@pytest.mark.parametrize(("hours", "urgent"), [(0, True), (14, True), (47, True), (120, False)])
def test_a_fresh_tip_alone_makes_a_cell_urgent(hours, urgent):
    place = next(iter(GRID)).boundary.centroid
    tip = Tip(NOW - timedelta(hours=hours), place.x, place.y)
    assert points(tips=[tip])[A].urgent is urgent


def test_cases_to_verify_count_beside_the_open_ones_that_they_are():
    found = points(histories={A: History(NOW.date(), open_cases=2, unverified_cases=1)})[A]
    assert (found.points, found.because) == (20, "open cases 10.0, cases to verify 10.0")


def test_tip_counts_for_the_cell_it_lies_in_and_fades():
    place = next(iter(GRID)).boundary.centroid
    old = Tip(NOW - timedelta(days=3.5), place.x, place.y)
    found = points(tips=[old])
    assert found[A].points == pytest.approx(30)
    assert found[B].points == 0


@pytest.mark.parametrize("age", [timedelta(days=7), timedelta(seconds=-1)])
def test_tips_of_long_ago_and_of_the_future_count_nothing(age):
    place = next(iter(GRID)).boundary.centroid
    assert points(tips=[Tip(NOW - age, place.x, place.y)])[A].points == 0


def test_season_holds_for_its_cells_only():
    burning = Season("straw burning", (5, 25), (6, 20), 12.0, frozenset({B}))
    found = points(seasons=[burning])
    assert (found[A].points, found[B].points) == (0, 12)


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_a_season_over_new_year_is_the_rest_of_the_other(day):
    winter = Season("winter", (11, 1), (2, 15), 1.0)
    rest = Season("rest", (2, 16), (10, 31), 1.0)
    assert winter.holds(A, day) != rest.holds(A, day)


def test_season_on_a_day_that_does_not_exist_is_refused():
    with pytest.raises(MissionError, match="02-30"):
        Season("x", (2, 30), (3, 1), 1.0)


def test_negative_weights_are_refused():
    with pytest.raises(MissionError, match="tip_points"):
        Weights(tip_points=-1)
