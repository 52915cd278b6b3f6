"""Missions of other programs as sorties: our own files must come back as they were planned."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, Point

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.drones import drone_named
from missions.errors import MissionError
from missions.foreign import FENCE_M, foreign_sortie
from missions.litchi import write_litchi
from missions.model import AltitudeFrame, Command, MissionFile, MissionItem
from missions.open_file import read_mission
from missions.qgc_plan import write_plan
from missions.steps import do
from missions.survey import plan_survey
from missions.waypoints import write_waypoints
from missions.wpml import write_wpml
from tests.missions.hills import raster
from tests.missions.shapes import FRAME, SQUARE, on_globe

DRONE = drone_named("sim-quad")


def read(path, sortie):
    return foreign_sortie(read_mission(path), drone_named(sortie.drone_key), code=sortie.code)


def places(photos):
    return np.array([(p.lon_deg, p.lat_deg, p.height_home_m) for p in photos])


@pytest.mark.parametrize(
    ("suffix", "write"), [(".plan", write_plan), (".waypoints", write_waypoints)]
)
def test_what_we_planned_is_what_is_read_from_its_file(sortie, tmp_path, suffix, write):
    path = tmp_path / f"a{suffix}"
    write(path, sortie)
    found = read(path, sortie).sortie
    assert places(found.photos) == pytest.approx(places(sortie.photos), abs=1e-5)
    assert found.duration_s == pytest.approx(sortie.duration_s, rel=1e-3)
    assert found.distance_m == pytest.approx(sortie.distance_m, rel=1e-3)
    assert found.gsd_m == pytest.approx(sortie.gsd_m)


def test_files_of_dji_and_litchi_are_read_too(sortie, tmp_path):
    dji = replace(sortie, drone_key="dji-m3e")
    write_wpml(tmp_path / "a.kmz", dji, drone_named("dji-m3e"))
    write_litchi(tmp_path / "a.csv", dji, most_waypoints=500)
    for name in ("a.kmz", "a.csv"):
        found = read(tmp_path / name, dji)
        assert len(found.sortie.photos) == pytest.approx(len(sortie.photos), abs=1)
        assert any("no geofence" in note for note in found.notes)


@pytest.mark.parametrize("key", ["dji-m3e", "sim-quad"])
def test_flight_time_is_that_of_the_plan_in_every_format(key, tmp_path):
    drone = drone_named(key)
    (planned,) = plan_survey(on_globe(SQUARE), drone)
    write_plan(tmp_path / "a.plan", planned)
    write_waypoints(tmp_path / "a.waypoints", planned)
    if key.startswith("dji"):
        write_wpml(tmp_path / "a.kmz", planned, drone)
    for path in tmp_path.iterdir():
        assert read(path, planned).sortie.duration_s == pytest.approx(planned.duration_s, rel=1e-3)


def at(x, y, height=60.0, frame=AltitudeFrame.ABOVE_HOME, command=Command.NAV_WAYPOINT):
    lon, lat = FRAME.lonlat_from_xy(np.array([[float(x), float(y)]]))[0]
    return MissionItem(command, frame, lon_deg=lon, lat_deg=lat, altitude_m=height)


HOME = GeoPoint(FRAME.centre_lon_deg, FRAME.centre_lat_deg, 0.0)


def file(*items, home=HOME):
    return MissionFile(home, items)


def sortie_of(*items, **more):
    return foreign_sortie(file(*items), DRONE, code="x", **more)


def test_photos_of_a_timer_stand_as_photos_by_distance():
    start = MissionItem(2000, AltitudeFrame.MISSION, (0.0, 2.0, 0.0, 0.0))
    stop = MissionItem(2001, AltitudeFrame.MISSION)
    speed = do(Command.DO_CHANGE_SPEED, 1.0, 5.0)
    found = sortie_of(at(0, 0), speed, start, at(100, 0), stop, at(100, 50)).sortie
    xy = FRAME.xy_from_lonlat(places(found.photos)[:, :2])
    assert xy[:, 0] == pytest.approx(np.arange(0, 100, 10), abs=0.1)
    assert [photo.heading_deg for photo in found.photos] == pytest.approx([90] * 10, abs=0.1)


def test_distance_between_photos_counts_on_around_corners():
    every = do(Command.DO_SET_CAM_TRIGG_DIST, 20.0, 0.0, 1.0)
    found = sortie_of(at(0, 0), every, at(50, 0), at(50, 50)).sortie
    xy = FRAME.xy_from_lonlat(places(found.photos)[:, :2])
    wanted = [(0, 0), (20.2, 0), (40.4, 0), (50, 10.6), (50, 30.8)]  # 10 m/s, 0.02 s late
    assert xy.ravel() == pytest.approx(np.ravel(wanted), abs=0.1)


def test_single_photos_keep_gimbal_and_heading():
    tilt, turn = do(Command.DO_MOUNT_CONTROL, -40.0), do(Command.CONDITION_YAW, 225.0)
    photo = MissionItem(2000, AltitudeFrame.MISSION, (0.0, 0.0, 1.0, 1.0))
    (found,) = sortie_of(at(0, 0), at(50, 0), tilt, turn, photo).sortie.photos
    assert (found.pitch_deg, found.heading_deg) == (-40.0, 225.0)


def test_heights_above_ground_become_heights_above_home():
    terrain = raster(lambda x, y: np.where(x > 50, 30.0, 0.0))
    found = sortie_of(at(0, 0, 60.0, 10), at(100, 0, 60.0, 10), terrain=terrain).sortie
    heights = [i.altitude_m for i in found.items if i.command == Command.NAV_WAYPOINT]
    assert heights == pytest.approx([60, 90])


def test_fence_that_stands_in_goes_around_everything():
    found = sortie_of(at(0, 0), at(200, 0), at(200, 200))
    path = LineString([(0, 0), (200, 0), (200, 200)])
    fence = LocalFrame(FRAME.centre_lon_deg, FRAME.centre_lat_deg).to_local(found.sortie.fence)
    assert fence.buffer(1).covers(path.buffer(0.9 * FENCE_M))


def test_orders_that_do_not_matter_are_counted():
    roi = MissionItem(201, AltitudeFrame.ABOVE_HOME)
    found = sortie_of(at(0, 0), roi, roi, at(100, 0))
    assert any("2 of 201" in note for note in found.notes)


def test_home_below_the_first_place_stands_in():
    terrain = raster(lambda x, y: 12.0 + 0 * x)
    found = foreign_sortie(file(at(5, 5), at(90, 0), home=None), DRONE, code="x", terrain=terrain)
    home = found.sortie.home
    place = FRAME.to_local(Point(home.lon_deg, home.lat_deg))
    assert (place.x, place.y) == pytest.approx((5, 5), abs=0.01)
    assert home.altitude_amsl_m == pytest.approx(12)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((), "no way-point"),
        ((at(0, 0), MissionItem(177, AltitudeFrame.MISSION, (1.0, 3.0, 0.0, 0.0))), "jumps back"),
        ((at(0, 0), at(9, 9, command=31)), "command 31"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_a_reason(items, said):
    with pytest.raises(MissionError, match=said):
        sortie_of(*items)
