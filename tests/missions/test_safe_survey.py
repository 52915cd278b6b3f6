from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, Point, box

from missions.airspace import Airspace, NoFlyZone, Obstacle
from missions.drones import drone_named
from missions.errors import MissionError
from missions.overlap import overlap_map, poses
from missions.safe_survey import UnsafeError, survey_safely
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.hills import random_hills
from tests.missions.shapes import FRAME, SQUARE, on_globe

DRONE = drone_named("sim-quad")
AREA = on_globe(SQUARE)


def test_without_surroundings_it_is_the_plain_survey():
    plain = plan_survey(AREA, DRONE, code="7")
    safe = survey_safely(AREA, DRONE, code="7")
    floor = SurveySettings().floor_agl_m
    assert safe == tuple(replace(sortie, return_height_m=floor) for sortie in plain)


@pytest.mark.parametrize(("height_m", "expected_m"), [(1.0, 20), (15.0, 30), (45.0, 60)])
def test_return_from_any_height_clears_what_stands_in_the_fence(height_m, expected_m):
    """A battery failsafe may come while the vehicle is still climbing beside a line."""
    mast = Obstacle("mast", on_globe(Point(200, 200)), height_agl_m=height_m)
    wire = Obstacle("wire", on_globe(LineString([(100, -50), (100, 400)])), height_agl_m=height_m)
    for obstacle in (mast, wire):
        for sortie in survey_safely(AREA, DRONE, airspace=Airspace(obstacles=(obstacle,))):
            assert sortie.return_height_m == expected_m


def test_return_height_is_the_floor_above_the_highest_ground_between():
    terrain = random_hills(1, relief_m=40)
    for sortie in survey_safely(AREA, DRONE, terrain=terrain):
        lonlat = np.array([(photo.lon_deg, photo.lat_deg) for photo in sortie.photos])
        highest_m = terrain.altitudes_amsl_m(lonlat).max() - sortie.home.altitude_amsl_m
        assert sortie.return_height_m >= highest_m + SurveySettings().floor_agl_m - 0.1
        assert sortie.return_height_m < SurveySettings().ceiling_agl_m


def test_area_that_a_zone_cuts_in_two_is_flown_from_both_sides():
    zone = NoFlyZone("canal", on_globe(box(140, -100, 160, 400)), margin_m=20.0)
    sorties = survey_safely(AREA, DRONE, code="7", airspace=Airspace(no_fly=(zone,)))
    assert [sortie.code for sortie in sorties] == ["7-1", "7-2"]
    canal = FRAME.to_local(zone.area).buffer(-0.1)
    for sortie in sorties:
        assert not FRAME.to_local(sortie.fence).intersects(canal)


def test_home_moves_away_from_a_mast_that_is_flown_over():
    usual = survey_safely(AREA, DRONE)[0].home
    place = Point(usual.lon_deg, usual.lat_deg)
    mast = Obstacle("mast", place, height_agl_m=30.0)
    sorties = survey_safely(AREA, DRONE, airspace=Airspace(obstacles=(mast,)))
    home = sorties[0].home
    away = FRAME.to_local(Point(home.lon_deg, home.lat_deg)).distance(FRAME.to_local(place))
    assert 15 <= away < 20


def test_terrain_is_followed_where_a_tolerance_is_given():
    terrain = random_hills(1, relief_m=150)
    sorties = survey_safely(AREA, DRONE, terrain=terrain, tolerance_m=10.0)
    heights = {item.altitude_m for s in sorties for item in s.items if item.command == 16}
    assert max(heights) - min(heights) > 20


@pytest.mark.parametrize("figures", [{"waypoint_limit": 55}, {"battery_wh": 34.0}])
def test_flight_that_hills_make_too_long_is_cut_shorter(figures):
    small = replace(DRONE, **figures)
    area, terrain = on_globe(box(0, 0, 500, 400)), random_hills(3, relief_m=60)
    level = plan_survey(area, small)
    sorties = survey_safely(area, small, terrain=terrain, tolerance_m=8.0)
    assert len(sorties) > len(level)
    for sortie in sorties:
        assert sum(item.command in (16, 20, 22) for item in sortie.items) <= small.waypoint_limit
        assert sortie.battery_share <= 1 - small.reserve_share


def test_what_no_short_flight_can_do_is_refused_with_the_drones_own_figures():
    tiny = replace(DRONE, battery_wh=11.0)
    area, terrain = on_globe(box(0, 0, 400, 300)), random_hills(3, relief_m=100)
    with pytest.raises(MissionError) as error:
        survey_safely(area, tiny, terrain=terrain, tolerance_m=8.0)
    assert not isinstance(error.value, UnsafeError)


def test_overlap_is_kept_where_the_terrain_is_followed_low():
    terrain = random_hills(3, relief_m=100)
    wanted = SurveySettings(side_overlap_share=0.6, front_overlap_share=0.6)
    area = on_globe(box(0, 0, 500, 400))
    sorties = survey_safely(area, DRONE, wanted, terrain=terrain, tolerance_m=15.0)
    seen = [pose for sortie in sorties for pose in poses(sortie)]
    inner = on_globe(box(80, 80, 420, 320))
    assert overlap_map(inner, seen, DRONE.camera, terrain).share_seen(4) > 0.999


def test_home_that_the_crew_wants_inside_a_zone_is_refused_with_findings():
    zone = NoFlyZone("airport", on_globe(box(-200, 100, -100, 200)))
    home = tuple(FRAME.lonlat_from_xy(np.array([[-150.0, 150.0]]))[0].tolist())
    with pytest.raises(UnsafeError, match="airport") as error:
        survey_safely(
            AREA,
            DRONE,
            replace(SurveySettings(), home_lonlat_deg=home),
            airspace=Airspace(no_fly=(zone,)),
        )
    assert error.value.findings[0].code == "no-fly-zone"


@pytest.mark.parametrize(("key", "side_m"), [("sim-quad", 500.0), ("dji-m3e", 950.0)])
def test_flights_that_hills_slow_down_are_cut_shorter_and_judged_by_the_drones_own_reserve(
    key, side_m
):
    area, terrain = on_globe(box(0, 0, side_m, side_m)), random_hills(3, relief_m=88)
    sorties = survey_safely(area, drone_named(key), terrain=terrain, tolerance_m=6.0)
    assert max(sortie.battery_share for sortie in sorties) <= 0.75
