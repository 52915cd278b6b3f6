import pytest

from geo.pose import GeoPoint
from missions.legs import legs
from missions.model import AltitudeFrame, Command, MissionItem

HOME = GeoPoint(120.0, 31.0, 50.0)


def place(lon, lat, height, command=Command.NAV_WAYPOINT, frame=AltitudeFrame.ABOVE_HOME):
    return MissionItem(command, frame, lon_deg=lon, lat_deg=lat, altitude_m=height)


def camera(distance):
    return MissionItem(
        Command.DO_SET_CAM_TRIGG_DIST, AltitudeFrame.MISSION, (distance, 0.0, 1.0, 0.0)
    )


TAKEOFF = place(0, 0, 100, Command.NAV_TAKEOFF)
RETURN = MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION)


def test_take_off_without_coordinates_goes_straight_up():
    (leg,) = legs(HOME, [TAKEOFF])
    assert (leg.start, leg.end) == ((120, 31, 0), (120, 31, 100))


def test_return_goes_over_home_and_down():
    *_, above, down = legs(HOME, [TAKEOFF, place(120.01, 31, 100), RETURN])
    assert above.end == (120, 31, 100)
    assert down.end == (120, 31, 0)


def test_camera_is_on_between_its_switches():
    items = [TAKEOFF, place(120.01, 31, 100), camera(20), place(120.02, 31, 100), camera(0), RETURN]
    assert [leg.camera_on for leg in legs(HOME, items)] == [False, False, True, False, False]


def test_altitude_above_sea_is_turned_into_height_above_home():
    (leg,) = legs(HOME, [place(120.01, 31, 130, frame=AltitudeFrame.AMSL)])
    assert leg.end[2] == pytest.approx(80)
