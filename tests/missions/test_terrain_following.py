from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from geo.errors import TerrainError
from geo.terrain import FlatTerrain
from missions.drones import drone_named
from missions.errors import MissionError
from missions.flown import fly_items
from missions.legs import legs
from missions.model import Command
from missions.settings import SurveySettings
from missions.survey import plan_survey
from missions.terrain_following import follow_terrain
from tests.missions.hills import random_hills, raster
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, on_globe

DRONE = drone_named("sim-quad")
HEIGHT, TOLERANCE = 90.0, 8.0


@pytest.fixture(scope="module")
def level():
    """Rows to the east and west, up and down the slopes of x."""
    settings = SurveySettings(row_heading_deg=90.0)
    (sortie,) = plan_survey(on_globe(SQUARE), DRONE, settings)
    return sortie


def followed(sortie, terrain, drone=DRONE, **kwargs):
    given = {"height_agl_m": HEIGHT, "tolerance_m": TOLERANCE, **kwargs}
    return follow_terrain(sortie, terrain, drone, **given)


def heights_agl(sortie, terrain, step_m=1.0):
    """Height above ground at every metre of every leg between places."""
    heights = []
    for leg in legs(sortie.home, sortie.items):
        ends = np.array([leg.start, leg.end])
        xy = FRAME.xy_from_lonlat(ends[:, :2])
        if np.hypot(*(xy[1] - xy[0])) < 1:
            continue
        share = np.linspace(0, 1, 2 + int(np.hypot(*(xy[1] - xy[0])) / step_m))[:, None]
        places = FRAME.lonlat_from_xy(xy[0] + share * (xy[1] - xy[0]))
        z = sortie.home.altitude_amsl_m + ends[0, 2] + share[:, 0] * (ends[1, 2] - ends[0, 2])
        heights.append(z - terrain.altitudes_amsl_m(places))
    return np.concatenate(heights)


def slopes(sortie):
    """Climb of each leg between places in metres a metre."""
    found = []
    for leg in legs(sortie.home, sortie.items):
        xy = FRAME.xy_from_lonlat(np.array([leg.start[:2], leg.end[:2]]))
        level_m = np.hypot(*(xy[1] - xy[0]))
        if level_m > 1:
            found.append((leg.end[2] - leg.start[2]) / level_m)
    return np.array(found)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.floats(5, 80), st.sampled_from(["sim-quad", "dji-m3e"]))
def test_every_metre_is_within_the_tolerance_and_no_leg_too_steep(seed, relief, key):
    drone = drone_named(key)
    terrain = random_hills(seed, relief_m=relief)
    (flat, *_) = plan_survey(on_globe(U_SHAPE), drone)
    try:
        sortie = followed(flat, terrain, drone)
    except MissionError as error:
        event(str(error)[:20])
        return
    heights = heights_agl(sortie, terrain)
    assert np.abs(heights - HEIGHT).max() <= TOLERANCE
    assert slopes(sortie).max() * sortie.speed_m_s <= drone.climb_speed_m_s
    assert slopes(sortie).min() * sortie.speed_m_s >= -drone.descent_speed_m_s


def test_level_ground_needs_no_more_waypoints(level):
    sortie = followed(level, FlatTerrain(300.0))
    assert len(sortie.items) == len(level.items)
    assert sortie.home.altitude_amsl_m == 300
    assert sortie.height_home_m == pytest.approx(HEIGHT)


def test_even_slope_needs_no_waypoints_between_the_places(level):
    slope = raster(lambda x, y: 0.05 * x + 0.03 * y)
    assert len(followed(level, slope).items) == len(level.items)


def test_ridge_gets_waypoints_only_where_it_bends(level):
    ridge = raster(lambda x, y: 40 - 0.13 * np.abs(x - 150), pixel_m=10)
    coarse, fine = (followed(level, ridge, tolerance_m=t) for t in (12.0, 3.0))
    assert len(level.items) < len(fine.items)
    assert len(coarse.items) < len(fine.items)


def test_steep_ground_is_flown_more_slowly(level):
    steep = raster(lambda x, y: 0.4 * x)
    sortie = followed(level, steep)
    assert sortie.speed_m_s < 0.6 * level.speed_m_s
    assert slopes(sortie).min() * sortie.speed_m_s >= -DRONE.descent_speed_m_s
    told = [item.parameters[1] for item in sortie.items if item.command == 178]
    assert max(told) == sortie.speed_m_s
    assert sortie.duration_s > level.duration_s + 100


def test_cliff_is_refused_with_its_place(level):
    cliff = raster(lambda x, y: np.where(x > 150, 60.0, 0.0), pixel_m=5.0)
    with pytest.raises(MissionError, match=r"119\.951\d+, 31\.70.*too steep"):
        followed(level, cliff)


def test_gap_in_the_terrain_is_refused_with_its_place(level):
    gap = raster(lambda x, y: np.where(np.hypot(x - 150, y - 150) < 40, np.nan, 0.0))
    with pytest.raises(TerrainError, match=r"119\.95[12]\d+, 31\.70"):
        followed(level, gap)


def test_ceiling_and_floor_hold_whatever_the_tolerance(level):
    terrain = random_hills(3, relief_m=40)
    sortie = followed(level, terrain, tolerance_m=40.0, ceiling_agl_m=95.0, floor_agl_m=85.0)
    heights = heights_agl(sortie, terrain)
    assert heights.max() <= 95
    assert heights.min() >= 85


def test_height_above_the_ceiling_is_refused(level):
    with pytest.raises(MissionError, match="ceiling of 120 m"):
        followed(level, FlatTerrain(0.0), height_agl_m=130.0)


def test_more_places_than_the_drone_takes_are_refused(level):
    terrain = random_hills(3, relief_m=60)
    with pytest.raises(MissionError, match=r"needs \d+ places"):
        followed(level, terrain, replace(DRONE, waypoint_limit=25), tolerance_m=2.0)


def test_photos_are_at_the_height_of_their_legs(level):
    terrain = random_hills(3, relief_m=40)
    sortie = followed(level, terrain)
    assert len(sortie.photos) == len(level.photos)
    places = np.array([(photo.lon_deg, photo.lat_deg) for photo in sortie.photos])
    above = np.array([photo.height_home_m for photo in sortie.photos])
    agl = above + sortie.home.altitude_amsl_m - terrain.altitudes_amsl_m(places)
    assert np.abs(agl - HEIGHT).max() <= TOLERANCE


def test_camera_is_on_along_whole_rows_with_waypoints_in_them(level):
    sortie = followed(level, random_hills(3, relief_m=40), tolerance_m=3.0)
    on, still = camera_legs(sortie), camera_legs(level)
    assert len(on) > len(still)
    assert lengths(on) == pytest.approx(lengths(still), abs=0.5)


def camera_legs(sortie):
    return [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]


def lengths(some):
    return sum(
        np.hypot(*np.diff(FRAME.xy_from_lonlat(np.array([leg.start[:2], leg.end[:2]])), axis=0)[0])
        for leg in some
    )


def test_nose_is_turned_right_before_the_start_of_a_row(level):
    sortie = followed(level, random_hills(3, relief_m=60), tolerance_m=3.0)
    for item, after in pairwise(sortie.items):
        if item.command == Command.CONDITION_YAW:
            place = (after.lon_deg, after.lat_deg)
            assert place in {(i.lon_deg, i.lat_deg) for i in level.items}


def test_way_over_the_ground_stays_the_same(level):
    sortie = followed(level, random_hills(3, relief_m=60), tolerance_m=3.0)
    assert path_length(sortie) == pytest.approx(path_length(level), abs=0.5)
    assert sortie.distance_m == level.distance_m


def path_length(sortie):
    home = np.zeros(3)
    speed = {"speed_m_s": 10.0, "return_height_m": 0.0}
    flown = fly_items(sortie.items, FRAME, home, FlatTerrain(0.0), **speed)
    return np.hypot(*(flown.ends_m() - flown.starts_m())[:, :2].T).sum()


def test_a_flight_up_a_hill_stays_below_its_own_ceiling_above_home(level):
    """What `fly` and `simulate` hold it to; planned over level ground it was 120 m above home."""
    hill = raster(lambda x, y: 0.2 * x, pixel_m=10)
    sortie = followed(level, hill)
    assert max(item.altitude_m for item in sortie.items if item.command == 16) > 120
    assert max(item.altitude_m for item in sortie.items) < sortie.ceiling_home_m
