"""One body of tests that every ground station must pass against the built-in vehicle."""

import importlib.util
import itertools
import math
import socket

import pytest

from flight.protocol import FENCE, MISSION, RALLY, differences, fence_items, home_item
from geo.frames import LocalFrame
from missions.mavlink_files import rally_items
from missions.model import MissionItem
from simulations.parameters import DEFAULTS
from simulations.sitl import running_vehicle
from tests.contract.client import RATE_HZ
from tests.flight.sorties import HEIGHT_M, HOME, area, lonlat, waypoint

# The last is the speed-up; None lets a station that answers TIMESYNC as it reads set the pace.
CLIENTS = {
    "ours": ("our_client", "OurClient", None),
    "pymavlink": ("pymavlink_client", "PymavlinkClient", None),
    "dronekit": ("dronekit_client", "DronekitClient", 80.0),
    "mavsdk": ("mavsdk_client", "MavsdkClient", 80.0),
}
STILL_REPORTS = 3 * RATE_HZ
STILL_M = 0.1  # from one position to the next
TAKE_OFF_M = 20.0
FRAME = LocalFrame(HOME.lon_deg, HOME.lat_deg)
CORNERS = ((0, 80), (30, 80), (30, 20))
PASSED_M = 5.0  # corners are rounded, and a position comes each 2 m

MISSION_ITEMS = (
    home_item(HOME),
    MissionItem(22, 3, altitude_m=TAKE_OFF_M),
    MissionItem(178, 2, (1, 8, -1, 0)),
    waypoint(*CORNERS[0]),
    MissionItem(206, 2, (20, 0, 1, 0)),
    waypoint(*CORNERS[1]),
    MissionItem(206, 2),
    waypoint(*CORNERS[2]),
    MissionItem(20, 2),
)
LISTS = {
    "mission": (MISSION, MISSION_ITEMS, MISSION_ITEMS[:4]),
    "fence": (
        FENCE,
        fence_items(area(-80, -80, 200, 200).difference(area(100, 100, 110, 110))),
        fence_items(area(-80, -80, 200, 200)),
    ),
    "rally": (  # so far away that a return ends at home
        RALLY,
        rally_items([(*lonlat(-70, -70), 15.0), (*lonlat(-70, -60), 25.0)]),
        rally_items([(*lonlat(-70, -70), 15.0)]),
    ),
}


def called_by(transport):
    """Where the vehicle calls its ground station over UDP; nothing where it listens on TCP."""
    if transport == "tcp":
        return {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return {"udp_port": probe.getsockname()[1]}


@pytest.fixture(scope="module", params=itertools.product(CLIENTS, ("tcp", "udp")), ids="-".join)
def client(request):
    """A ground station, connected to a vehicle in a process of its own."""
    name, transport = request.param
    module, station, speed_up = CLIENTS[name]
    if importlib.util.find_spec(name) is None and name != "ours":
        pytest.skip(f"{name} is not installed")
    make = getattr(importlib.import_module(f"tests.contract.{module}"), station)
    with running_vehicle(HOME, speed_up=speed_up, **called_by(transport)) as vehicle:
        client = make(vehicle.connection)
        yield client
        client.close()


def metres_apart(one, other):
    (start, end) = FRAME.xy_from_lonlat([one[:2], other[:2]])
    return math.dist([*start, one[2]], [*end, other[2]])


def is_home(place):
    return metres_apart(place, (HOME.lon_deg, HOME.lat_deg, 0)) < 1.5


def stands_still(seen, since):
    """Whether the newest positions after a moment are all at one place."""
    places = seen.places[since:][-STILL_REPORTS:]
    return len(places) == STILL_REPORTS and all(
        metres_apart(one, other) < STILL_M for one, other in itertools.pairwise(places)
    )


def test_it_finds_an_ardupilot_quadrotor(client):
    assert client.kind() == (3, 2)


def test_it_gets_every_parameter(client):
    assert set(client.parameters()) == set(DEFAULTS)


@pytest.mark.parametrize(("name", "value"), [("WPNAV_SPEED_UP", 312.5), ("RTL_ALT", 1800)])
def test_it_sets_a_parameter_and_reads_it_back(client, name, value):
    client.set_parameter(name, value)
    assert client.read_parameter(name) == value


@pytest.mark.parametrize("name", LISTS)
def test_what_it_stores_comes_back_and_a_shorter_list_replaces_it(client, name):
    mission_type, items, fewer = LISTS[name]
    for sent in (items, fewer):
        client.store(sent, mission_type)
        found = differences(sent, client.load(mission_type), mission_type)
        moved = [f for f in found if f.name in ("lon_deg", "lat_deg")]
        assert [f for f in found if f not in moved] == []
        assert all(abs(f.sent - f.stored) <= client.place_error_deg for f in moved)


def test_it_flies_a_mission_to_its_end_and_may_pause_it(client):
    client.store(MISSION_ITEMS, MISSION)
    client.arm_in_guided()
    client.take_off(TAKE_OFF_M)
    assert client.until(lambda: client.seen.height_m > TAKE_OFF_M - 0.5)

    client.start_mission()
    assert client.until(lambda: client.seen.seq >= 3)
    client.pause()
    paused_at = len(client.seen.places)
    assert client.until(lambda: stands_still(client.seen, paused_at))
    assert client.seen.armed
    assert client.seen.height_m > TAKE_OFF_M / 2

    client.go_on()
    assert client.until(lambda: not client.seen.armed)
    for corner in CORNERS:
        goal = (*lonlat(*corner), HEIGHT_M)
        assert min(metres_apart(place, goal) for place in client.seen.places) < PASSED_M
    assert is_home(client.seen.places[-1])


def test_it_takes_off_and_returns(client):
    client.arm_in_guided()
    client.take_off(TAKE_OFF_M)
    assert client.until(lambda: client.seen.height_m > TAKE_OFF_M - 0.5)
    client.return_home()
    assert client.until(lambda: not client.seen.armed)
    assert client.seen.mode == "RTL"
    assert is_home(client.seen.places[-1])
