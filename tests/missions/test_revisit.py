from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box
from shapely.affinity import rotate, translate

from flight.checks import check_battery
from geo.projection import pixels_from_ground
from missions.drones import drone_named
from missions.errors import MissionError
from missions.revisit import RevisitCase, RevisitSettings, plan_revisit
from missions.settings import SurveySettings
from missions.sun import sun_position
from tests.missions.kinds import hills, poses, stays_inside_its_fence
from tests.missions.shapes import FRAME, on_globe

DRONE = drone_named("sim-quad")
WHEN = datetime(2026, 10, 20, 2, 30, tzinfo=UTC)
HUT = RevisitCase("HUT", on_globe(box(0, 0, 15, 10)))
CASES = [
    HUT,
    RevisitCase("SHED", on_globe(rotate(box(300, -200, 340, -180), 30))),
    RevisitCase("FIELD", on_globe(Point(-250, 200).buffer(60))),
]


def in_picture(pose, polygon, height=0.0):
    ring = shapely.get_coordinates(FRAME.to_local(polygon))
    corners = np.column_stack([ring, np.full(len(ring), height)])
    x, y = pixels_from_ground(corners, DRONE.camera, pose, FRAME).T
    return bool(((x > 0) & (x < 1279) & (y > 0) & (y < 959)).all())


@settings(max_examples=25)
@given(
    st.floats(3, 90),
    st.floats(3, 60),
    st.floats(0, 180),
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
)
def test_all_photos_show_the_whole_case_with_the_sun_behind(length, width, turn, time):
    polygon = on_globe(translate(rotate(box(0, 0, length, width), turn), 40, -70))
    when = time.replace(tzinfo=UTC)
    (sortie,) = plan_revisit([RevisitCase("A", polygon)], when, DRONE)
    sun = sun_position(when, 119.95, 31.70)
    for pose in poses(sortie):
        assert in_picture(pose, polygon)
        assert in_picture(pose, polygon, height=6.0)
        if sun.gives_a_side and pose.attitude.pitch_deg > -88:
            turned = (pose.attitude.yaw_deg - sun.azimuth_deg + 180) % 360 - 180
            assert abs(turned) > 90


def test_the_case_takes_more_of_each_next_photo():
    (sortie,) = plan_revisit([HUT], WHEN, DRONE)
    taken = []
    ring = shapely.get_coordinates(FRAME.to_local(HUT.polygon))
    for pose in poses(sortie):
        corners = np.column_stack([ring, np.zeros(len(ring))])
        taken.append(np.ptp(pixels_from_ground(corners, DRONE.camera, pose, FRAME), axis=0).max())
    assert taken[0] < 0.6 * taken[1]
    assert taken[1] < taken[2]


def test_the_last_photo_looks_straight_down_on_the_case():
    (sortie,) = plan_revisit([HUT], WHEN, DRONE)
    *aside, above = poses(sortie)
    assert [pose.attitude.pitch_deg > -75 for pose in aside] == [True] * 3
    assert above.attitude.pitch_deg == -89
    place = FRAME.xy_from_lonlat(np.array([[above.position.lon_deg, above.position.lat_deg]]))[0]
    assert Point(place).distance(FRAME.to_local(HUT.polygon).centroid) < 0.1


def test_a_case_that_fits_no_picture_from_above_has_none():
    far, middle, near = poses(plan_revisit([CASES[2]], WHEN, DRONE)[0])
    assert max(pose.attitude.pitch_deg for pose in (far, middle, near)) > -60


@pytest.mark.parametrize("share", [0.0, 0.95])
def test_a_share_from_above_that_makes_no_photo_is_refused(share):
    with pytest.raises(MissionError, match="above_share"):
        RevisitSettings(above_share=share)


def test_the_camera_keeps_its_standoff_its_clearance_and_its_ceiling():
    wanted = RevisitSettings(standoff_m=30, clearance_m=25, object_height_m=12)
    for sortie in plan_revisit(CASES, WHEN, DRONE, revisit=wanted):
        for pose in poses(sortie):
            lonlat = np.array([[pose.position.lon_deg, pose.position.lat_deg]])
            place = Point(FRAME.xy_from_lonlat(lonlat)[0])
            is_above = pose.attitude.pitch_deg < -88
            assert 37 - 0.01 <= pose.position.altitude_amsl_m <= 120
            gap = min(place.distance(FRAME.to_local(c.polygon)) for c in CASES)
            assert is_above or gap > 29.9


def test_over_hills_photos_still_show_the_cases_from_safe_heights():
    terrain = hills(80)
    for sortie, case in zip(plan_revisit(CASES, WHEN, DRONE, terrain=terrain), CASES, strict=True):
        for pose in poses(sortie):
            lonlat = np.array([[pose.position.lon_deg, pose.position.lat_deg]])
            height = pose.position.altitude_amsl_m - terrain.altitudes_amsl_m(lonlat)[0]
            assert 19.9 < height < 120.1
            ground = terrain.altitudes_amsl_m(shapely.get_coordinates(case.polygon)[:1])[0]
            assert in_picture(pose, case.polygon.centroid.buffer(1e-6), ground)


def test_from_one_home_all_cases_are_one_flight():
    home = SurveySettings(home_lonlat_deg=(119.9515, 31.7010))
    (sortie,) = plan_revisit(CASES, WHEN, DRONE, home)
    assert len(sortie.photos) == 11  # the field fits no picture from above
    assert stays_inside_its_fence(sortie)
    assert sortie.battery_share < 1 - DRONE.reserve_share


def test_more_cases_than_a_battery_takes_are_several_flights():
    home = SurveySettings(home_lonlat_deg=(119.9515, 31.7010))
    many = [
        RevisitCase(f"{n}", on_globe(box(x, y, x + 12, y + 9)))
        for n, (x, y) in enumerate(np.random.default_rng(2).uniform(-900, 900, (14, 2)))
    ]
    sorties = plan_revisit(many, WHEN, DRONE, home)
    assert len(sorties) > 1
    assert sum(len(sortie.photos) for sortie in sorties) == 4 * len(many)
    assert all(s.battery_share <= 1 - DRONE.reserve_share for s in sorties)
    for sortie in sorties:
        check_battery(sortie, DRONE, 1.0)  # of `fly`, which goes by the data sheet's time


def test_a_case_too_large_for_a_picture_is_refused():
    with pytest.raises(MissionError, match="Plan a survey"):
        plan_revisit([RevisitCase("BIG", on_globe(box(0, 0, 9000, 9000)))], WHEN, DRONE)


def test_no_cases_are_refused():
    with pytest.raises(MissionError, match="no cases"):
        plan_revisit([], WHEN, DRONE)
