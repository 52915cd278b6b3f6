"""Where a vehicle was at a moment, by messages with known contents."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.positions import Positions
from geo.frames import LocalFrame
from geo.pose import Attitude

START = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def of(message: mavlink.MAVLink_message, system: int = 1) -> mavlink.MAVLink_message:
    """The message as it is received from a system."""
    sender, receiver = mavlink.MAVLink(None, system, 1), mavlink.MAVLink(None)
    return receiver.decode(bytearray(message.pack(sender)))


def heartbeat(autopilot: int = 3) -> mavlink.MAVLink_message:
    return mavlink.MAVLink_heartbeat_message(2, autopilot, 0, 0, 4, 3)


def position(
    lon_deg: float = 120.0,
    lat_deg: float = 32.0,
    *,
    heading_deg: float = 90.0,
    climb_m_s: float = 0,
) -> mavlink.MAVLink_message:
    place = round(lat_deg * 1e7), round(lon_deg * 1e7)
    speeds_cm_s = 300, 1000, round(-100 * climb_m_s)
    return mavlink.MAVLink_global_position_int_message(
        0, *place, 62_000, 60_000, *speeds_cm_s, round(heading_deg * 100)
    )


def heard(*messages: tuple[float, mavlink.MAVLink_message]) -> Positions:
    positions = Positions()
    positions.feed(of(heartbeat()), START)
    for seconds, message in messages:
        positions.feed(message, after(seconds))
    return positions


def test_between_positions_a_vehicle_goes_on_as_it_went():
    positions = heard((0.0, of(position(climb_m_s=2.0))))
    here = positions.at(after(0.5))
    east_m, north_m = LocalFrame(120.0, 32.0).xy_from_lonlat(
        [[here.position.lon_deg, here.position.lat_deg]]
    )[0]
    assert (east_m, north_m) == pytest.approx((5.0, 1.5), abs=0.01)
    assert here.height_home_m == pytest.approx(61.0)
    assert here.position.altitude_amsl_m == pytest.approx(63.0)
    assert here.heading_deg == 90.0


def test_nobody_knows_where_a_vehicle_is_before_it_is_heard_and_after_it_is_silent():
    positions = heard((1.0, of(position())))
    assert positions.at(after(0.9)) is None
    assert positions.at(after(1.9)) is not None
    assert positions.at(after(2.1)) is None


def test_the_first_vehicle_counts_and_a_ground_station_is_none():
    positions = Positions()
    station = mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3)
    positions.feed(of(station, 255), START)
    positions.feed(of(heartbeat(), 3), START)
    positions.feed(of(heartbeat(), 4), START)
    positions.feed(of(position(121.0), 4), START)
    assert positions.at(START) is None
    positions.feed(of(position(120.0), 3), START)
    assert positions.at(START).position.lon_deg == pytest.approx(120.0)


@pytest.mark.parametrize("place", [(0.0, 0.0), (190.0, 32.0), (120.0, 95.0)])
def test_what_is_no_place_on_earth_is_passed_over(place):
    assert heard((0.0, of(position(*place)))).at(START) is None


def test_a_mount_says_where_it_looks_with_and_without_a_compass():
    by_itself = mavlink.MAVLink_mount_orientation_message(0, 1.0, -45.0, 10.0, 200.0)
    by_nose = mavlink.MAVLink_mount_orientation_message(0, 1.0, -45.0, 10.0, math.nan)
    for message, yaw in ((by_itself, 200.0), (by_nose, 100.0)):
        told = heard((0.0, of(position())), (0.1, of(message)), (0.2, of(position())))
        assert told.at(after(0.2)).gimbal == Attitude(yaw, -45.0, 1.0)


def test_a_gimbal_that_fell_silent_is_not_known():
    mount = of(mavlink.MAVLink_mount_orientation_message(0, 0.0, -90.0, 0.0, 10.0))
    told = heard((0.0, mount), (2.0, of(position())), (2.5, of(position())))
    assert told.at(after(2.0)).gimbal is not None
    assert told.at(after(2.5)).gimbal is None
