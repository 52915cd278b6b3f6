from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.routing import Routing, route_depot
from missions.schedule import schedule_depot
from tests.missions.fleets import DEPOT, DOCK, MORNING, crew, days, visit

HOME = (0.0, 0.0)


def planned(tour, *, crew_=None, days_=None, depot=DEPOT):
    """One crew that is asked to make one tour on the first day."""
    asked = Routing({("A", 0): tuple(tour)}, (), 0.0)
    return schedule_depot(depot, HOME, [crew_ or crew()], days_ or days(), asked)


def minutes(moment):
    return (moment - MORNING).total_seconds() / 60


def test_one_flight_takes_off_after_driving_and_setting_up():
    (slot,) = planned([visit(0, (6000.0, 0.0))], crew_=crew(setup_s=300)).slots
    assert minutes(slot.takeoff) == pytest.approx(6000 * 1.3 / 10 / 60 + 5)
    assert minutes(slot.landing) - minutes(slot.takeoff) == pytest.approx(20)


def test_two_aircraft_take_turns_at_one_place_two_minutes_apart():
    both = planned(
        [visit(n, (1000.0, 0.0)) for n in range(2)], crew_=crew(drones=2, pilots=2)
    ).slots
    assert minutes(both[1].takeoff) - minutes(both[0].landing) == pytest.approx(2)
    assert both[0].drone != both[1].drone


def test_nobody_drives_on_while_an_aircraft_is_in_the_air():
    tour = [visit(0, (1000.0, 0.0)), visit(1, (2000.0, 0.0))]
    first, second = planned(tour, crew_=crew(drones=2, pilots=2, setup_s=0)).slots
    assert minutes(second.takeoff) == pytest.approx(minutes(first.landing) + 130 / 60)


def test_one_battery_waits_for_its_charger():
    tour = [visit(n, (1000.0, 0.0), minutes=20) for n in range(2)]
    first, second = planned(tour, crew_=crew(batteries=1, chargers=1, charge_s=3600)).slots
    assert minutes(second.takeoff) == pytest.approx(minutes(first.landing) + 0.8 * 60)


def test_batteries_charged_at_the_depot_are_there_the_next_morning():
    tour = [visit(n, (1000.0, 0.0), minutes=20) for n in range(4)]
    made = planned(tour, crew_=crew(batteries=2, charging="depot"), days_=days(2))
    assert [slot.day.day for slot in made.slots] == [2, 2, 3, 3]


def test_what_fits_into_no_day_is_listed_with_the_reason():
    tour = [visit(n, (1000.0, 0.0), minutes=20) for n in range(4)]
    left = planned(tour, crew_=crew(batteries=2, charging="depot")).unassigned
    assert [one.sortie_code for one in left] == ["v2", "v3"]
    assert "no charged battery" in left[0].reason


def test_flight_longer_than_the_window_says_so():
    (left,) = planned([visit(0, minutes=24)], days_=days(hours=0.3)).unassigned
    assert "takes 24 min and the longest flying window 18 min" in left.reason


def test_storm_is_the_reason_when_no_day_is_open():
    asked = Routing({}, (visit(0),), 0.0)
    made = schedule_depot(DEPOT, HOME, [crew()], days(hours=5, open_from=6), asked)
    assert made.unassigned[0].reason == "no day can be flown: storm"


def test_another_crew_of_the_depot_takes_what_one_cannot():
    tour = tuple(visit(n, (1000.0, 0.0)) for n in range(6))
    asked = Routing({("A", 0): tour}, (), 0.0)
    crews = [crew(batteries=3, charging="depot"), crew("B", batteries=3, charging="depot")]
    made = schedule_depot(DEPOT, HOME, crews, days(), asked)
    assert not made.unassigned
    assert {slot.crew_code for slot in made.slots} == {"A", "B"}


@st.composite
def districts(draw):
    count = draw(st.integers(1, 25))
    spots = st.tuples(st.integers(-4, 4), st.integers(-4, 4))
    visits = [
        visit(n, tuple(700.0 * c for c in draw(spots)), minutes=draw(st.integers(4, 25)))
        for n in range(count)
    ]
    crews = [
        crew(
            f"C{n}",
            drones=draw(st.integers(1, 3)),
            pilots=draw(st.integers(1, 3)),
            batteries=draw(st.integers(1, 5)),
            chargers=draw(st.integers(1, 2)),
            charging=draw(st.sampled_from(["vehicle", "depot"])),
        )
        for n in range(draw(st.integers(1, 2)))
    ]
    length = draw(st.floats(1, 9))
    open_from = draw(st.floats(0, 4))
    all_days = days(draw(st.integers(1, 3)), hours=length, open_from=open_from)
    depot = draw(st.sampled_from([DEPOT, DOCK]))
    if depot is DOCK:
        visits = [replace(one, place_m=HOME) for one in visits]
    return depot, crews, all_days, visits


def apart(spans):
    return all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


@settings(max_examples=40)
@given(districts())
def test_schedules_keep_all_their_promises(district):
    depot, crews, all_days, visits = district
    asked = route_depot(depot, HOME, crews, all_days, visits, iterations=30)
    made = schedule_depot(depot, HOME, crews, all_days, asked)
    codes = [slot.sortie_code for slot in made.slots]
    left = [one.sortie_code for one in made.unassigned]
    assert sorted(codes + left) == sorted(one.code for one in visits)
    assert all(one.reason for one in made.unassigned)
    by_date = {day.date: day for day in all_days}
    drones, batteries, chargers = defaultdict(list), defaultdict(list), defaultdict(list)
    crews_in_air = defaultdict(list)
    for slot in made.slots:
        span = (slot.takeoff, slot.landing)
        day = by_date[slot.day]
        assert any(start <= span[0] and span[1] <= end for start, end in day.open)
        drones[slot.drone].append((*span, slot.place_m))
        crews_in_air[slot.crew_code].append(span)
        batteries[slot.battery].append(span)
    for charge in made.charges:
        chargers[charge.charger].append((charge.start, charge.end))
        batteries[charge.battery].append((charge.start, charge.end))
    assert all(map(apart, batteries.values()))
    assert all(map(apart, chargers.values()))
    assert all(map(apart, drones.values()))
    assert all(map(apart, crews_in_air.values()))
    assert set(batteries) <= {name for one in crews for name in one.battery_names()}
    assert set(drones) <= {name for one in crews for name in one.drone_names()}
    by_crew = defaultdict(list)
    for slot in made.slots:
        by_crew[slot.crew_code].append((slot.takeoff, slot.landing, slot.place_m))
    for flights in by_crew.values():  # a crew is never in two places
        for before, after in pairwise(sorted(flights)):
            assert before[2] == after[2] or before[1] <= after[0]
