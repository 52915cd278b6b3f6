from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, box

from missions.canvas import Photos
from missions.drones import drone_named
from missions.errors import MissionError
from missions.inside import Inside
from missions.pattern import cover
from missions.route import Route
from missions.sorties import Budget, split, way_home
from missions.timing import Motion
from missions.wind import Wind
from tests.missions.shapes import U_SHAPE

MOTION = Motion(10.0, 2.5)
DRONE = drone_named("sim-quad")
HOME = np.array([0.0, 0.0])
ROUTE = cover(U_SHAPE, 30, MOTION, Photos.overlapping(30.0, 18.75, 0.70, 0.75))
WAY = way_home(HOME, HOME, Inside(U_SHAPE))


def budget(battery_wh=1e6, wind_m_s=0.0, **changes):
    drone = replace(DRONE, battery_wh=battery_wh, reserve_share=0.0, **changes)
    return Budget(drone, 10.0, climb_m=100, wind=Wind(wind_m_s))


def total_rows_m(flights):
    return sum(np.hypot(*(f.route.rows[:, 1] - f.route.rows[:, 0]).T).sum() for f in flights)


def test_route_that_fits_is_one_flight_from_home_to_home():
    (flight,) = split(ROUTE, WAY, budget())
    assert flight.points()[[0, -1]].tolist() == [HOME.tolist(), HOME.tolist()]
    assert len(flight.route.rows) == len(ROUTE.rows)


def test_flight_time_counts_climb_and_descent():
    (flight,) = split(ROUTE, WAY, budget())
    low, high = budget(), replace(budget(), climb_m=200)
    extra = high.seconds(flight) - low.seconds(flight)
    assert extra == pytest.approx(100 / 2.5 + 100 / 1.5, abs=0.1)


@pytest.mark.parametrize("battery_wh", [26, 20, 15])
def test_each_flight_fits_its_battery_with_transit_and_return(battery_wh):
    flights = split(ROUTE, WAY, budget(battery_wh))
    assert len(flights) > 1
    assert all(budget().energy_wh(flight) <= battery_wh for flight in flights)


@pytest.mark.parametrize("battery_wh", [26, 20, 15])
def test_flight_after_a_cut_begins_with_the_row_before_it(battery_wh):
    flights = split(ROUTE, WAY, budget(battery_wh))
    rows = np.concatenate([flights[0].route.rows, *(f.route.rows[1:] for f in flights[1:])])
    assert np.array_equal(rows, ROUTE.rows)
    for before, after in pairwise(flights):
        assert np.array_equal(before.route.rows[-1], after.route.rows[0])


@given(st.floats(0, 0.6), st.floats(0, 8))
def test_reserve_is_kept_by_every_flight_in_any_wind(reserve_share, wind_m_s):
    held_back = budget(60, wind_m_s=wind_m_s)
    held_back = replace(held_back, drone=replace(held_back.drone, reserve_share=reserve_share))
    for flight in split(ROUTE, WAY, held_back):
        assert held_back.energy_wh(flight) <= 60 * (1 - reserve_share)


def test_more_wind_takes_more_batteries():
    (whole,) = split(ROUTE, WAY, budget())
    enough = 1.01 * budget().most_wh(whole)
    assert len(split(ROUTE, WAY, budget(enough))) == 1
    assert len(split(ROUTE, WAY, budget(enough, wind_m_s=5.0))) > 1


def test_way_home_from_the_furthest_row_counts_and_not_only_the_flight_as_planned():
    (whole,) = split(ROUTE, WAY, budget())
    assert budget().most_wh(whole) > budget().energy_wh(whole)
    for flight in split(ROUTE, WAY, budget(20)):
        assert budget(20).most_wh(flight) <= 20


def test_transit_stays_inside_the_cell():
    for flight in split(ROUTE, WAY, budget(15)):
        assert U_SHAPE.buffer(0.5).covers(LineString(flight.points()))


def test_row_too_long_for_a_battery_is_flown_in_parts():
    row = np.array([[[-1500.0, 0.0], [1500.0, 0.0]]])
    way = way_home(HOME, HOME, Inside(box(-1500, -10, 1500, 10)))
    flights = split(Route(row, ()), way, budget(18))
    assert len(flights) == 2
    assert total_rows_m(flights) == pytest.approx(3000)
    assert all(budget().energy_wh(flight) <= 18 for flight in flights)


def test_row_is_not_flown_again_where_a_battery_does_not_take_it_and_the_next():
    rows = np.array([[[0, y], [1500, y]] for y in (0.0, 40.0, 80.0)])
    rows[1] = rows[1, ::-1]
    transfers = tuple(np.stack([rows[i, 1], rows[i + 1, 0]]) for i in range(2))
    way = way_home(HOME, HOME, Inside(box(-1, -1, 1501, 81)))
    flights = split(Route(rows, transfers), way, budget(18.5))
    flown = np.concatenate([flight.route.rows for flight in flights])
    assert np.array_equal(flown, rows)


def test_battery_that_cannot_reach_the_cell_is_refused():
    with pytest.raises(MissionError, match="Start closer to the cell"):
        split(ROUTE, WAY, budget(4))


def test_flights_have_no_more_places_than_the_drone_holds():
    flights = split(ROUTE, WAY, budget(waypoint_limit=15))
    assert all(flight.places() <= 15 for flight in flights)
    assert len(flights) > 2


def test_way_from_a_depot_enters_at_the_gate():
    depot, gate = np.array([-200.0, 50.0]), np.array([0.0, 50.0])
    path = way_home(depot, gate, Inside(U_SHAPE))(np.array([390.0, 390.0]))
    assert path[:2].tolist() == [depot.tolist(), gate.tolist()]
    assert path[-1].tolist() == [390, 390]
