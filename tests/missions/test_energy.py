from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.pose import GeoPoint
from missions.course import course_of, still
from missions.drones import drone_keys, drone_named
from missions.energy import energy_wh, flight_cost, power_w, usable_wh, used_share
from missions.model import AltitudeFrame, MissionItem
from missions.survey import plan_survey
from missions.wind import Wind
from tests.missions.shapes import SQUARE, on_globe
from tests.missions.test_course import HOME, RETURN, place, takeoff

DRONE = drone_named("sim-quad")
ROUND = (takeoff(), place(300, 0), place(300, 40), place(0, 40), RETURN)
LINE = (takeoff(), place(800, 0))


def wh(items, wind):
    return energy_wh(course_of(HOME, items, DRONE), DRONE, wind).sum()


@pytest.mark.parametrize("key", drone_keys())
def test_power_is_the_librarys_at_its_speeds(key):
    drone = drone_named(key)
    air, climb = np.array([0, drone.cruise_speed_m_s, 0]), np.array([0, 0, drone.climb_speed_m_s])
    expected = [drone.hover_w, drone.cruise_w, drone.climb_w]
    assert power_w(drone, air, climb) == pytest.approx(expected)


def test_hovering_for_an_hour_takes_the_hover_power():
    course = still(np.zeros(3), 3600.0)
    assert energy_wh(course, DRONE, Wind()) == pytest.approx([DRONE.hover_w])


@given(st.floats(0, 15), st.floats(0, 15))
def test_wind_from_anywhere_never_makes_a_flight_cheaper(one, other):
    low, high = sorted((one, other))
    assert wh(LINE, Wind(low)) <= wh(LINE, Wind(high)) + 1e-9


@given(st.floats(0, 15), st.floats(0, 360))
def test_wind_from_one_direction_costs_no_more_than_from_the_worst(speed, from_deg):
    nearest = round(from_deg / 15) * 15
    assert wh(ROUND, Wind(speed, nearest)) <= wh(ROUND, Wind(speed)) + 1e-9


def test_flying_against_the_wind_takes_more_than_with_it():
    assert wh(LINE, Wind(6, 90)) > wh(LINE, Wind()) > wh(LINE, Wind(6, 270))


def test_costs_of_the_parts_add_up():
    cost = flight_cost(HOME, ROUND, DRONE, Wind(5))
    assert sum(part.energy_wh for part in cost.parts) == pytest.approx(cost.energy_wh)
    assert sum(part.duration_s for part in cost.parts) == pytest.approx(cost.duration_s)
    assert cost.battery_share == pytest.approx(cost.energy_wh / DRONE.battery_wh)
    assert cost.distance_m == pytest.approx(300 + 40 + 300 + 40, abs=0.5)
    assert cost.parts[0].start == pytest.approx((HOME.lon_deg, HOME.lat_deg, 0))


def test_flight_beyond_the_reserve_says_so():
    cost = flight_cost(HOME, ROUND, DRONE)
    small = replace(DRONE, battery_wh=cost.energy_wh / 0.8)
    assert cost.reserve_kept
    assert not flight_cost(HOME, ROUND, small).reserve_kept


def test_climbing_takes_more_than_sinking():
    up = flight_cost(HOME, (takeoff(100.0),), DRONE).parts[-1]
    *_, down, _, _ = flight_cost(HOME, (takeoff(100.0), RETURN), DRONE).parts
    assert up.energy_wh / up.duration_s > 1.2 * down.energy_wh / down.duration_s


def test_sortie_states_what_its_items_cost():
    sortie = plan_survey(on_globe(SQUARE), DRONE)[0]
    cost = flight_cost(sortie.home, sortie.items, DRONE, Wind(sortie.wind_m_s))
    assert sortie.energy_wh == pytest.approx(cost.energy_wh, abs=1e-3)
    assert sortie.duration_s == pytest.approx(cost.duration_s, abs=0.1)
    assert sortie.energy_wh <= usable_wh(DRONE)


def test_share_used_grows_along_a_path_and_skips_repeated_points():
    points = np.array([[0, 0, 0], [0, 0, 100], [0, 0, 100], [500, 0, 100], [500, 0, 0.0]])
    shares = used_share(DRONE, Wind(5))(points, np.full(4, 10.0))
    assert shares[0] == 0
    assert shares[1] == shares[2] < shares[3] < shares[4] < 0.2


def test_mission_in_the_air_may_end_there():
    hover = MissionItem(93, AltitudeFrame.MISSION, (60.0, 0, 0, 0))
    far = GeoPoint(HOME.lon_deg, HOME.lat_deg, 0.0)
    cost = flight_cost(far, (takeoff(), hover), DRONE)
    assert cost.parts[-1].energy_wh == pytest.approx(DRONE.hover_w / 60)
    assert cost.parts[-1].end[2] == 50
