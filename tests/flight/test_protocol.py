import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import Polygon, box

from flight.protocol import (
    FENCE,
    FENCE_EXCLUSION,
    FENCE_INCLUSION,
    MISSION,
    Address,
    differences,
    fence_items,
    home_item,
    is_vehicle,
    item_from_message,
    message_from_item,
)
from missions.model import MissionItem
from simulations.stores import stored_form
from tests.flight.sorties import HOME, small_sortie, waypoint

TO = Address()


def through_the_wire(message):
    sender, receiver = mavlink.MAVLink(None, 255, 190), mavlink.MAVLink(None)
    return receiver.decode(bytearray(message.pack(sender)))


@settings(deadline=None)
@given(
    lon=st.integers(-1_800_000_000, 1_800_000_000),
    lat=st.integers(-900_000_000, 900_000_000),
    altitude=st.integers(-50_000, 500_000),
)
def test_an_item_survives_the_wire_to_the_last_degree_digit(lon, lat, altitude):
    item = MissionItem(16, 3, (0, 0, 0, 0), lon / 1e7, lat / 1e7, altitude / 100)
    back = item_from_message(through_the_wire(message_from_item(item, 7, to=TO)))
    assert (round(back.lon_deg * 1e7), round(back.lat_deg * 1e7)) == (lon, lat)
    assert back.altitude_m == pytest.approx(altitude / 100, abs=1e-3)


def stored(items):
    """What ArduCopter hands back, by CONFORMANCE 3.1."""
    back = [MissionItem(16, 0, lon_deg=1.0, lat_deg=1.0, altitude_m=3.09)]
    for item in items[1:]:
        frame = {6: 3, 2: 0}.get(item.frame, item.frame)
        p1, p2, p3, p4 = item.parameters
        kept = (p1 % 65536, 0, 0, 0) if item.command == 16 else (p1, p2, p3, p4)
        back.append(
            MissionItem(item.command, frame, kept, item.lon_deg, item.lat_deg, item.altitude_m)
        )
    return tuple(back)


def test_what_ardupilot_rewrites_is_no_difference():
    curved = MissionItem(16, 6, (0, 2, 0, math.nan), 120.0, 32.0, 60.0)
    sent = (home_item(HOME), *small_sortie().items, curved)
    assert differences(sent, stored(sent)) == ()


def test_a_moved_waypoint_is_told_with_its_number_and_values():
    sent = (home_item(HOME), waypoint(10, 10))
    moved = (sent[0], waypoint(10.1, 10))
    (found,) = differences(sent, moved)
    assert (found.seq, found.name) == (1, "lon_deg")


def test_a_hold_that_the_vehicle_wraps_is_a_difference():
    sent = (home_item(HOME), waypoint(10, 10, hold_s=100_000))
    (found,) = differences(sent, stored(sent))
    assert (found.name, found.stored) == ("param1", 34464)


def test_a_missing_item_is_a_difference():
    sent = (home_item(HOME), waypoint(10, 10), waypoint(20, 10))
    assert differences(sent, sent[:2])[0].name == "number of items"


def test_another_command_in_a_place_is_a_difference():
    sent = (home_item(HOME), MissionItem(20, 2))
    assert differences(sent, (sent[0], MissionItem(21, 0)))[0].name == "command"


def test_every_fence_corner_is_compared():
    corners = fence_items(box(120, 32, 120.01, 32.01))
    other = (MissionItem(5001, 0, (4, 0, 0, 0), 120.5, 32.5), *corners[1:])
    assert {d.seq for d in differences(corners, other, FENCE)} == {0}


def test_a_fence_with_a_hole_becomes_a_zone_to_stay_in_and_one_to_keep_out_of():
    hole = box(120.004, 32.004, 120.006, 32.006)
    fence = Polygon(box(120, 32, 120.01, 32.01).exterior, [hole.exterior])
    items = fence_items(fence)
    assert [item.command for item in items] == [FENCE_INCLUSION] * 4 + [FENCE_EXCLUSION] * 4
    assert all(item.parameters[0] == 4 for item in items)


@pytest.mark.parametrize(
    ("kind", "autopilot", "flies"), [(2, 3, True), (6, 8, False), (26, 8, False)]
)
def test_a_vehicle_is_known_by_its_heartbeat(kind, autopilot, flies):
    assert is_vehicle(mavlink.MAVLink_heartbeat_message(kind, autopilot, 0, 0, 4, 3)) is flies


PLACE = (120.1276, 32.5103, 30.0)
# What Mission Planner sends (frame 3 throughout) and what ArduCopter hands back: AP_Mission.cpp,
# mavlink_int_to_mission_cmd, stored_in_location and mission_cmd_to_mavlink_int.
REWRITTEN = [
    (MissionItem(17, 3, (0, 0, -20, 1), *PLACE), MissionItem(17, 3, (0, 0, -20, 0), *PLACE)),
    (MissionItem(18, 3, (2, 0, 20.5, 1), *PLACE), MissionItem(18, 3, (2, 0, 20, 1), *PLACE)),
    (MissionItem(18, 3, (2, 0, 304, 1), *PLACE), MissionItem(18, 3, (2, 0, 300, 1), *PLACE)),
    (MissionItem(19, 3, (5, 0, 20, 1), *PLACE), MissionItem(19, 3, (5, 0, 1, 1), *PLACE)),
    (MissionItem(82, 3, (3, 1, 0, 0), *PLACE), MissionItem(82, 3, (3, 0, 0, 0), *PLACE)),
    (MissionItem(93, 3, (5, 0, 0, 0)), MissionItem(93, 0, (5, 0, 0, 0))),
    (MissionItem(112, 3, (2, 0, 0, 0), 1, 2, 3), MissionItem(112, 0, (2, 0, 0, 0))),
    (MissionItem(177, 3, (1, 2, 0, 0)), MissionItem(177, 0, (1, 2, 0, 0))),
    (MissionItem(183, 3, (9, 1100, 0, 0)), MissionItem(183, 0, (9, 1100, 0, 0))),
    (MissionItem(189, 3), MissionItem(189, 3)),
    (MissionItem(201, 3, (0, 0, 0, 0), *PLACE), MissionItem(201, 3, (0, 0, 0, 0), *PLACE)),
    (MissionItem(203, 3, (0, 0, 0, 0), 0, 1), MissionItem(203, 0, (0, 0, 0, 0), 0, 1)),
    (MissionItem(2000, 3, (0, 2, 1, 0)), MissionItem(2000, 0, (0, 2, 1, 0))),
]


@pytest.mark.parametrize(("sent", "back"), REWRITTEN, ids=lambda item: str(item.command))
def test_what_ardupilot_keeps_of_foreign_items_is_no_difference(sent, back):
    assert differences((home_item(HOME), sent), (home_item(HOME), back)) == ()
    assert stored_form(sent, MISSION) == back


@pytest.mark.parametrize(
    ("sent", "back", "name"),
    [
        (MissionItem(201, 3, (0, 0, 0, 0), *PLACE), MissionItem(201, 0), "frame"),
        (
            MissionItem(18, 3, (2, 0, 20, 1), *PLACE),
            MissionItem(18, 3, (3, 0, 20, 1), *PLACE),
            "param1",
        ),
        (
            MissionItem(17, 3, (0, 0, 20, 0), *PLACE),
            MissionItem(17, 3, (0, 0, -20, 0), *PLACE),
            "param3",
        ),
        (MissionItem(183, 3, (9, 1100, 0, 0)), MissionItem(183, 0, (9, 1500, 0, 0)), "param2"),
        (MissionItem(203, 3, (0, 0, 0, 0), 0, 1), MissionItem(203, 0), "lat_deg"),
    ],
)
def test_what_makes_a_foreign_item_another_one_is_told(sent, back, name):
    found = differences((home_item(HOME), sent), (home_item(HOME), back))
    assert name in [difference.name for difference in found]


def test_the_order_to_shoot_travels_as_a_plain_number():
    message = through_the_wire(message_from_item(MissionItem(203, 3, lat_deg=1), 1, to=TO))
    assert message.x == 1
    assert item_from_message(message).lat_deg == 1
