from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString, MultiPoint, MultiPolygon, Point, Polygon, box, union_all
from shapely.affinity import translate

from geo.camera import Camera
from geo.footprint import footprint
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain
from missions.course import planning_motion
from missions.drones import drone_named
from missions.errors import MissionError
from missions.legs import legs
from missions.model import Command
from missions.pattern import simplified
from missions.releases import ENDS_M, released_every_m
from missions.settings import SurveySettings
from missions.survey import plan_survey, survey_route
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, WITH_POND, on_globe, polygons

GEOD = Geod(ellps="WGS84")
DRONE = drone_named("sim-quad")


def flown(sortie, frame=FRAME):
    """The path over ground in local metres."""
    ends = [leg.end[:2] for leg in legs(sortie.home, sortie.items)]
    home = (sortie.home.lon_deg, sortie.home.lat_deg)
    return LineString(frame.xy_from_lonlat(np.array([home, *ends])))


@pytest.mark.parametrize("latitude", [0.0, 45.0, -60.0])
def test_rows_are_apart_in_true_metres_at_any_latitude(latitude):
    frame = LocalFrame(10.0, latitude)
    wanted = SurveySettings(row_heading_deg=90.0)
    (sortie,) = plan_survey(on_globe(SQUARE, frame), DRONE, wanted)
    rows = [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]
    latitudes = sorted({round(leg.start[1], 6) for leg in rows})
    gaps = [GEOD.inv(10, a, 10, b)[2] for a, b in pairwise(latitudes)]
    assert max(gaps) == pytest.approx(128 * 0.3, abs=0.5)
    assert np.median(gaps) == pytest.approx(128 * 0.3, abs=0.3)


@settings(max_examples=12)
@given(polygons(), st.sampled_from(["sim-quad", "dji-m3e", "dji-mini4pro"]))
def test_sorties_over_any_polygon_stay_in_it_and_in_the_fence(polygon, key):
    drone = drone_named(key)
    for sortie in plan_survey(on_globe(polygon), drone):
        path = flown(sortie)
        assert polygon.buffer(0.6).covers(path)
        assert FRAME.to_local(sortie.fence).buffer(-15).covers(path)
        assert sortie.battery_share <= 1 - drone.reserve_share


@pytest.mark.parametrize("shape", [SQUARE, U_SHAPE, WITH_POND])
def test_every_place_of_a_cell_is_in_a_photo(shape):
    cell = on_globe(shape)
    seen = []
    for sortie in plan_survey(cell, DRONE):
        for photo in sortie.photos:
            place = GeoPoint(photo.lon_deg, photo.lat_deg, photo.height_home_m)
            pose = Pose(place, Attitude(photo.heading_deg, -90.0))
            seen.append(footprint(DRONE.camera, pose, FlatTerrain(0), FRAME))
    missed = shape.difference(FRAME.to_local(union_all(seen)))
    assert missed.area < 0.001 * shape.area


def test_photos_lie_on_rows_and_nowhere_else(sortie):
    rows = [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]
    lines = [LineString(FRAME.xy_from_lonlat(np.array([r.start[:2], r.end[:2]]))) for r in rows]
    photos = FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in sortie.photos]))
    assert union_all(lines).buffer(0.1).covers(MultiPoint(photos))
    each_m = 24 + 0.02 * sortie.speed_m_s
    expected = sum(int(max(line.length - 2, 0) / each_m) + 1 for line in lines)
    assert len(sortie.photos) == pytest.approx(expected, abs=1)


def test_pond_is_not_flown_over(sortie):
    assert flown(sortie).intersection(Point(150, 150).buffer(57)).length == 0


def test_items_begin_with_take_off_and_end_with_return(sortie):
    commands = [item.command for item in sortie.items]
    assert commands[:3] == [
        Command.NAV_TAKEOFF,
        Command.DO_CHANGE_SPEED,
        Command.DO_MOUNT_CONTROL,
    ]
    assert commands[-1] == Command.NAV_RETURN_TO_LAUNCH
    assert sortie.items[2].parameters[0] == -90


def test_camera_is_switched_off_after_each_row(sortie):
    switches = [i for i in sortie.items if i.command == Command.DO_SET_CAM_TRIGG_DIST]
    distances = [item.parameters[0] for item in switches]
    assert max(distances[::2]) == 24.0
    assert min(distances[::2]) > 24.0 - ENDS_M  # nearer where a row ends right after a photo
    assert set(distances[1::2]) == {0.0}


def test_aircraft_turns_before_a_row_and_the_camera_starts_at_once(sortie):
    commands = [item.command for item in sortie.items]
    on = [i for i, item in enumerate(sortie.items) if is_switched_on(item)]
    for i in on:
        assert commands[i - 2 : i] == [Command.CONDITION_YAW, Command.NAV_WAYPOINT]
        assert sortie.items[i].parameters[2] == 1


def is_switched_on(item):
    return item.command == Command.DO_SET_CAM_TRIGG_DIST and item.parameters[0] > 0


def test_return_begins_over_home_so_that_it_crosses_nothing(sortie):
    last = [item for item in sortie.items if item.command == Command.NAV_WAYPOINT][-1]
    home = sortie.home
    assert GEOD.inv(last.lon_deg, last.lat_deg, home.lon_deg, home.lat_deg)[2] < 0.05


def test_headings_are_of_true_north():
    (sortie,) = plan_survey(on_globe(SQUARE), DRONE, SurveySettings(row_heading_deg=30.0))
    yaws = [item.parameters[0] for item in sortie.items if item.command == Command.CONDITION_YAW]
    turns = Counter(round(yaw) % 180 for yaw in yaws)
    assert turns[30] >= 0.5 * turns.total()  # a corner that rows miss gets a row of its own
    middle = len(sortie.photos) // 2
    first, second = sortie.photos[middle : middle + 2]
    azimuth = GEOD.inv(first.lon_deg, first.lat_deg, second.lon_deg, second.lat_deg)[0] % 360
    assert first.heading_deg == pytest.approx(azimuth, abs=0.05)


def test_duration_is_longer_than_length_over_speed(sortie):
    assert sortie.duration_s > 1.2 * sortie.distance_m / sortie.speed_m_s


def test_what_limits_the_speed_is_stated():
    slow = replace(DRONE, photo_interval_s=4.0)
    (sortie,) = plan_survey(on_globe(SQUARE), slow)
    assert sortie.speed_m_s == 6
    assert sortie.speed_limit.startswith("6 m/s by photo interval of 4 s (cruise speed of the dr")
    assert "motion blur of 1 px: 100.0" in sortie.speed_limit


def test_speed_is_one_that_can_be_held_against_the_wind():
    (sortie,) = plan_survey(on_globe(SQUARE), DRONE, SurveySettings(wind_m_s=12.0))
    assert sortie.speed_m_s == 7
    assert "by wind of 12 m/s" in sortie.speed_limit


def test_energy_is_stated_and_grows_with_the_wind():
    sorties = [
        plan_survey(on_globe(SQUARE), DRONE, SurveySettings(wind_m_s=wind))[0] for wind in (0, 9)
    ]
    assert sorties[0].energy_wh < sorties[1].energy_wh
    assert sorties[0].battery_share == pytest.approx(sorties[0].energy_wh / 77, abs=1e-4)
    assert [sortie.wind_m_s for sortie in sorties] == [0, 9]


def test_wind_beyond_the_drones_limit_is_refused():
    with pytest.raises(MissionError, match="13 m/s is too strong for Simulated quadcopter"):
        plan_survey(on_globe(SQUARE), DRONE, SurveySettings(wind_m_s=13.0))


def test_drone_that_climbs_faster_than_its_autopilot_untold_is_told_so():
    (sortie,) = plan_survey(on_globe(SQUARE), drone_named("dji-m3e"))
    told = [i.parameters[:2] for i in sortie.items if i.command == Command.DO_CHANGE_SPEED]
    assert told == [(2.0, 6.0), (3.0, 3.0), (1.0, 15.0)]
    assert sortie.items[2].command == Command.NAV_TAKEOFF


def test_distance_is_the_length_of_the_path(sortie):
    assert sortie.distance_m == pytest.approx(flown(sortie).length, abs=1)


def test_height_is_above_home_where_home_lies_low():
    class Hill:
        def altitudes_amsl_m(self, lonlat_deg):
            xy = FRAME.xy_from_lonlat(lonlat_deg)
            return np.where(np.hypot(xy[:, 0] - 150, xy[:, 1] - 150) < 130, 215.0, 200.0)

    (sortie,) = plan_survey(on_globe(SQUARE), DRONE, SurveySettings(), terrain=Hill())
    assert sortie.home.altitude_amsl_m == pytest.approx(200)
    assert sortie.home.altitude_amsl_m + sortie.height_home_m in (300, 315)


def test_depot_outside_is_home_and_inside_the_fence():
    depot = tuple(FRAME.lonlat_from_xy(np.array([[-150.0, 100.0]]))[0])
    (sortie,) = plan_survey(on_globe(SQUARE), DRONE, SurveySettings(home_lonlat_deg=depot))
    assert (sortie.home.lon_deg, sortie.home.lat_deg) == pytest.approx(depot, abs=1e-6)
    assert sortie.fence.covers(Point(depot))
    assert FRAME.to_local(sortie.fence).buffer(-15).covers(flown(sortie))


def test_long_cell_is_cut_into_sorties_with_their_own_codes():
    long = box(0, 0, 3000, 300)
    sorties = plan_survey(on_globe(long), DRONE, code="7")
    assert [s.code for s in sorties] == [f"7-{n}" for n in range(1, len(sorties) + 1)]
    assert len(sorties) > 1
    assert all(s.cell_codes == ("7",) for s in sorties)


def test_parts_of_a_cell_are_flown_on_their_own():
    parts = MultiPolygon([SQUARE, translate(SQUARE, 2000)])
    sorties = plan_survey(on_globe(parts), DRONE)
    assert len(sorties) == 2
    assert not sorties[0].fence.intersects(sorties[1].fence)


def test_planning_twice_gives_the_same(sortie):
    assert plan_survey(on_globe(WITH_POND), DRONE, code="320412001001001")[0] == sortie


def test_drone_with_little_memory_flies_more_often():
    small = replace(DRONE, waypoint_limit=16)
    assert len(plan_survey(on_globe(SQUARE), small)) > len(plan_survey(on_globe(SQUARE), DRONE))


@pytest.mark.parametrize(
    ("area", "what"),
    [
        (Polygon(), "empty"),
        (Polygon([(120, 31), (121, 32), (121, 31), (120, 32)]), "crosses itself"),
        (SQUARE, "not in longitude and latitude"),
        (on_globe(box(0, 0, 2, 2)), "too small"),
        (on_globe(box(0, 0, 60_000, 40_000)), "72 km across.*Cut it into cells"),
        (box(31, 119.9, 31.001, 119.901), "not in longitude and latitude"),
    ],
)
def test_areas_that_cannot_be_surveyed_are_refused(area, what):
    with pytest.raises(MissionError, match=what):
        plan_survey(area, DRONE)


def test_the_benchmarks_planner_is_the_one_that_sorties_are_made_of():
    """Rows of a sortie, and those of the comparison's adapter for the same motion and spacing."""
    camera = Camera.centred(1000, 750, 1000.0)
    drone = replace(DRONE, camera=camera, cruise_speed_m_s=10.0, photo_interval_s=0.5)
    (sortie,) = plan_survey(on_globe(SQUARE), drone, SurveySettings(height_agl_m=100.0))
    motion = planning_motion(drone, sortie.speed_m_s)
    frame = LocalFrame.around(on_globe(SQUARE))
    area = simplified(frame.to_local(on_globe(SQUARE)))
    route = survey_route(area, 30.0, released_every_m(18.75, 10.0), motion, SurveySettings())
    rows = [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]
    starts = frame.xy_from_lonlat(np.array([row.start[:2] for row in rows]))
    assert len(rows) == len(route.rows)
    assert starts == pytest.approx(route.rows[:, 0], abs=0.05)


@pytest.mark.parametrize("share", [0.4, 1.01])
def test_shares_that_cover_nothing_sensible_are_refused(share):
    with pytest.raises(MissionError, match="covered_share must be"):
        SurveySettings(covered_share=share)


def test_more_to_be_covered_takes_more_time():
    usual, whole = (
        plan_survey(on_globe(SQUARE), DRONE, SurveySettings(covered_share=share))[0]
        for share in (0.988, 0.9995)
    )
    assert usual.duration_s < whole.duration_s
