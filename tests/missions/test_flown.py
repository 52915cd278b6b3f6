import numpy as np
import pytest

from geo.terrain import FlatTerrain
from missions.flown import Kind, fly_items
from missions.model import AltitudeFrame, Command, MissionItem
from tests.missions.hills import raster
from tests.missions.shapes import FRAME

HOME = np.array([0.0, 0.0, 200.0])
HIGH = FlatTerrain(200.0)


def item(command, *parameters, xy=None, height=0.0, frame=AltitudeFrame.ABOVE_HOME):
    filled = (*parameters, 0.0, 0.0, 0.0, 0.0)[:4]
    lon, lat = (0.0, 0.0) if xy is None else FRAME.lonlat_from_xy(np.array([xy], dtype=float))[0]
    return MissionItem(command, frame, filled, lon_deg=lon, lat_deg=lat, altitude_m=height)


def flown(*items, terrain=HIGH, return_height_m=15.0):
    return fly_items(items, FRAME, HOME, terrain, speed_m_s=8.0, return_height_m=return_height_m)


def path(*items, **kwargs):
    result = flown(*items, **kwargs)
    return [tuple(round(v, 1) for v in step.end_m) for step in result.steps]


UP = item(Command.NAV_TAKEOFF, height=50.0)
BACK = item(Command.NAV_RETURN_TO_LAUNCH, frame=AltitudeFrame.MISSION)


def test_mission_is_flown_from_the_ground_and_back_to_it():
    there = item(Command.NAV_WAYPOINT, xy=(100, 0), height=60.0)
    assert path(UP, there, BACK) == [
        (0, 0, 250),
        (100, 0, 260),
        (0, 0, 260),
        (0, 0, 200),
    ]
    kinds = [step.kind for step in flown(UP, there, BACK).steps]
    assert kinds == [Kind.TAKEOFF, Kind.CRUISE, Kind.CRUISE, Kind.LANDING]


def test_return_climbs_to_its_height_first():
    there = item(Command.NAV_WAYPOINT, xy=(100, 0), height=60.0)
    assert path(UP, there, BACK, return_height_m=80.0)[2:4] == [(100, 0, 280), (0, 0, 280)]


def test_mission_without_take_off_begins_with_one():
    there = item(Command.NAV_WAYPOINT, xy=(100, 0), height=60.0)
    assert path(there) == [(0, 0, 260), (100, 0, 260)]


def test_landing_is_flown_level_and_then_straight_down():
    land = item(Command.NAV_LAND, xy=(100, 0))
    assert path(UP, land) == [(0, 0, 250), (100, 0, 250), (100, 0, 200)]


@pytest.mark.parametrize(("frame", "altitude"), [(0, 60), (5, 60), (3, 260), (6, 260), (10, 260)])
def test_altitudes_are_above_what_their_frame_says(frame, altitude):
    there = item(Command.NAV_WAYPOINT, xy=(100, 0), height=60.0, frame=frame)
    assert path(UP, there)[1][2] == pytest.approx(altitude)


def test_legs_above_ground_follow_it():
    terrain = raster(lambda x, y: 200 + 0.2 * np.abs(x))
    places = [item(16, xy=(x, 0), height=60.0, frame=10) for x in (-300, 300)]
    steps = [step for step in flown(UP, *places, terrain=terrain).steps if step.item == 3]
    assert len(steps) > 10
    points = np.array([step.end_m for step in steps])
    ground = terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(points[:, :2]))
    assert points[:, 2] - ground == pytest.approx(60)


def test_camera_and_speed_hold_until_they_are_changed():
    items = [
        UP,
        item(178, 1.0, 5.0),
        item(206, 20.0),
        item(16, xy=(100, 0), height=50.0),
        item(206, 0.0),
        item(214, 2000.0),
        item(16, xy=(200, 0), height=50.0),
        item(2001),
        item(178, 2.0, 3.0),  # climb speed
        item(16, 4.0, xy=(300, 0), height=50.0),
    ]
    on, timed, off = flown(*items).steps[1:]
    assert (on.trigger_m, on.trigger_s, on.speed_m_s) == (20, 0, 5)
    assert (timed.trigger_m, timed.trigger_s) == (0, 2)
    assert (off.trigger_m, off.trigger_s, off.speed_m_s, off.hold_s) == (0, 0, 5, 4)


def test_single_photos_are_no_series():
    photo = item(2000, 0.0, 0.0, 1.0, 7.0)
    assert flown(UP, photo, item(16, xy=(100, 0), height=50.0)).steps[1].trigger_s == 0


@pytest.mark.parametrize(("turns", "radius", "last"), [(2, 40, (60, 0)), (1.5, 40, (140, 0))])
def test_circles_go_around_their_place_from_the_side_they_come_from(turns, radius, last):
    circles = item(18, turns, 0.0, radius, xy=(100, 0), height=50.0)
    steps = flown(UP, circles).steps[1:]
    around = np.array([step.end_m[:2] for step in steps[1:]])
    away = np.hypot(*(around - [100, 0]).T)
    assert away == pytest.approx(40, abs=0.2)
    assert away.min() >= 40
    assert around[-1] == pytest.approx(last, abs=0.2)
    whole = np.hypot(*np.diff(around, axis=0).T).sum() + steps[-1].hold_s * 8.0
    assert whole == pytest.approx(turns * 2 * np.pi * 40, rel=0.01)


def test_delays_are_hovered_where_the_vehicle_is_and_not_on_the_ground():
    there = item(16, 3.0, xy=(100, 0), height=50.0)
    steps = flown(item(93, 50.0), UP, there, item(93, 7.0), item(93, 8.0)).steps
    assert [step.hold_s for step in steps] == [0.0, 18.0]
