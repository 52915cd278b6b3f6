import math

import pytest

from geo.footprint import gsd_m
from missions.drones import (
    autopilot_named,
    autopilot_sources,
    drone_keys,
    drone_named,
    figure_sources,
)
from missions.errors import MissionError

keys = pytest.mark.parametrize("key", drone_keys())


def test_library_holds_the_promised_aircraft():
    assert set(drone_keys()) >= {
        *("dji-m3e", "dji-m3t", "dji-m30t", "dji-m350-p1", "dji-mini4pro", "autel-evo-max-4t"),
        *("ardupilot-hexa-a6100", "ardupilot-hexa-rx1r2", "sim-quad"),
    }


@keys
def test_each_figure_has_a_source(key):
    figures = set(type(drone_named(key)).__dataclass_fields__) - {"key", "name", "camera"}
    assert set(figure_sources(key)) == figures | {"width_px", "height_px"}
    assert all(figure_sources(key).values())


def test_each_figure_of_an_autopilot_has_a_source():
    figures = set(type(autopilot_named("arducopter")).__dataclass_fields__)
    assert set(autopilot_sources("arducopter")) == figures


def test_landing_can_be_slowed_down_from_the_speed_above_it():
    pilot = autopilot_named("arducopter")
    braking_m = pilot.landing_speed_m_s**2 / 2 / pilot.vertical_acceleration_m_s2
    assert braking_m < pilot.slow_below_m / 2


def test_unknown_autopilot_lists_the_known_ones():
    with pytest.raises(MissionError, match=r"'px5'.*arducopter"):
        autopilot_named("px5")


@keys
def test_figures_are_plausible(key):
    drone = drone_named(key)
    assert 0 < drone.reserve_share < 0.5
    assert 600 <= drone.endurance_s <= 3600
    assert 0.5 < drone.battery_wh / drone.hover_w * 3600 / drone.endurance_s <= 1.6
    assert drone.hover_w < drone.cruise_w < drone.climb_w
    assert drone.cruise_speed_m_s < drone.top_air_speed_m_s
    assert drone.wind_limit_m_s < drone.top_air_speed_m_s
    assert drone.cruise_speed_m_s <= 23
    assert 0.005 < gsd_m(drone.camera, 100) <= 0.1


@pytest.mark.parametrize(
    ("key", "field_of_view_deg"),
    [("dji-m3e", 84), ("dji-m3t", 84), ("dji-m30t", 84), ("dji-mini4pro", 82.1)],
)
def test_diagonal_field_of_view_is_the_data_sheets(key, field_of_view_deg):
    camera = drone_named(key).camera
    diagonal = math.hypot(camera.width_px, camera.height_px)
    angle = 2 * math.degrees(math.atan(diagonal / 2 / camera.focal_px))
    assert angle == pytest.approx(field_of_view_deg, abs=2.0)


def test_simulated_camera_has_a_decimetre_at_a_hundred_metres():
    assert gsd_m(drone_named("sim-quad").camera, 100) == pytest.approx(0.1)


def test_unknown_drone_lists_the_known_ones():
    with pytest.raises(MissionError, match=r"'kite'.*dji-m3e.*sim-quad"):
        drone_named("kite")
