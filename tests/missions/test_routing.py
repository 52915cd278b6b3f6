from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.routing import route_depot
from missions.visits import tour_m
from tests.missions.fleets import DEPOT, DOCK, crew, days, visit

HOME = (0.0, 0.0)


def routed(visits, *, crews=None, days_=None, depot=DEPOT, **more):
    return route_depot(
        depot, HOME, crews or (crew(),), days_ or days(), visits, iterations=200, **more
    )


def test_small_tour_is_as_short_as_the_best_of_all_orders():
    places = [(900, 100), (-700, 800), (300, -900), (1500, 1400), (-200, 300), (800, 900)]
    visits = [visit(n, place, minutes=5) for n, place in enumerate(places)]
    best = min(tour_m(HOME, order, 1.3) for order in permutations(visits))
    assert routed(visits).transit_m == pytest.approx(best)


@settings(max_examples=15)
@given(st.integers(1, 30), st.integers(1, 3), st.integers(1, 3))
def test_every_visit_is_made_once_or_listed(count, crews, number_of_days):
    visits = [visit(n, (700.0 * (n % 6), 900.0 * (n // 6))) for n in range(count)]
    found = routed(
        visits, crews=[crew(f"C{n}") for n in range(crews)], days_=days(number_of_days, hours=3)
    )
    made = [v.code for route in found.routes.values() for v in route]
    assert sorted(made + [v.code for v in found.unserved]) == sorted(v.code for v in visits)


def test_same_seed_gives_the_same_tours():
    visits = [visit(n, (700.0 * (n % 5), 500.0 * (n // 5))) for n in range(20)]
    assert routed(visits, seed=3) == routed(visits, seed=3)


def test_what_does_not_fit_has_the_fewest_points():
    visits = [visit(n, (1000.0, 100.0 * n), minutes=20, points=float(n)) for n in range(6)]
    left = routed(visits, days_=days(hours=1.8)).unserved
    assert left
    assert max(v.points for v in left) < min(v.points for v in visits if v not in left)


def test_urgent_visits_are_made_on_the_first_day():
    visits = [visit(n, (500.0 * n, 800.0), urgent=n in (3, 11)) for n in range(14)]
    found = routed(visits, days_=days(3, hours=4))
    first = {v.code for (_, day), route in found.routes.items() if day == 0 for v in route}
    assert {"v3", "v11"} <= first


def test_the_more_points_stand_out_the_earlier_the_day_though_days_differ():
    """With short tours alone the visits with most points, farthest out, come on any day."""
    far = (2, 19, 27)
    visits = [visit(n, (700.0 * n, 0.0), points=10.0 + 30.0 * (n in far)) for n in range(28)]
    unlike = tuple(
        replace(day, open=((day.open[0][0], day.open[0][1] - timedelta(hours=n)),))
        for n, day in enumerate(days(4, hours=5))
    )
    found = routed(visits, days_=unlike)
    day_of = {v.code: day for (_, day), route in found.routes.items() for v in route}
    assert {day_of[f"v{n}"] for n in far} == {0}
    assert max(day_of.values()) > 1


def test_where_all_points_are_alike_no_visit_is_due_before_another():
    visits = [visit(n, (700.0 * n, 0.0), points=20.0) for n in range(12)]
    without = [replace(one, points=0.0) for one in visits]
    days_ = days(3, hours=3)
    assert routed(visits, days_=days_).transit_m == routed(without, days_=days_).transit_m


def test_flights_from_one_place_over_one_cell_come_by_their_number():
    cells = [(900.0 * n, 500.0 * (n % 3)) for n in range(6)]
    visits = [
        replace(visit(10 * c + n, place, minutes=4), code=f"c{c}-{n}", cell_code=f"c{c}")
        for c, place in enumerate(cells)
        for n in (3, 10, 1, 2)
    ]
    found = routed(visits, crews=[crew(batteries=30)])
    (route,) = found.routes.values()
    for c in range(6):
        own = [v.code for v in route if v.cell_code == f"c{c}"]
        assert own == [f"c{c}-{n}" for n in (1, 2, 3, 10)]


def test_no_more_flights_a_day_than_there_are_batteries():
    visits = [visit(n, (500.0, 50.0 * n), minutes=5) for n in range(9)]
    found = routed(visits, crews=[crew(batteries=3, charging="depot")], days_=days(3))
    assert [len(route) for route in found.routes.values()] == [3, 3, 3]


def test_tours_with_more_points_come_on_earlier_days():
    visits = [visit(n, (4000.0 * (n % 2), 100.0 * n), points=50.0 * (n % 2)) for n in range(8)]
    found = routed(visits, days_=days(2, hours=2.6))
    points = [sum(v.points for v in found.routes.get(("A", day), ())) for day in (0, 1)]
    assert points[0] >= points[1]


def test_a_dock_flies_one_aircraft_after_the_other_without_driving():
    visits = [visit(n, HOME, minutes=25) for n in range(10)]
    crews = [crew(drones=2, pilots=2)]
    found = routed(visits, crews=crews, days_=days(hours=5), depot=DOCK)
    assert not found.unserved
    assert found.transit_m == 0


def test_storm_leaves_everything():
    visits = [visit(0)]
    assert routed(visits, days_=days(hours=5, open_from=6)).unserved == tuple(visits)
