"""Whose silence counts by which clock: the server with a wall's clock that the test moves."""

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import home_item
from missions.model import MissionItem
from simulations.autopilot import Autopilot, Scene
from simulations.personas import AUTO, RTL
from simulations.server import Server
from tests.flight.sorties import HOME, waypoint


class Line:
    """A line whose other end is the test."""

    def __init__(self):
        self.present, self.coming = True, bytearray()

    def poll(self, timeout_s):
        data, self.coming = bytes(self.coming), bytearray()
        return data, False

    def send(self, data):
        pass

    def close(self):
        self.present = False


class Station:
    """A ground station and the wall's clock."""

    def __init__(self, speed_up):
        self.wall_s, self.line = 0.0, Line()
        autopilot = Autopilot(Scene(HOME, parameters={"FS_GCS_ENABLE": 1}))
        self.server = Server(autopilot, self.line, speed_up, clock=lambda: self.wall_s)
        self.autopilot, self.mav = autopilot, mavlink.MAVLink(None, 255, 190)
        way = (MissionItem(22, 3, altitude_m=30), waypoint(0, 4000), MissionItem(20, 2))
        autopilot.stores.lists[0] = [home_item(HOME), *way]
        self.beat()
        autopilot.set_mode(4)
        assert autopilot.arm()
        assert autopilot.start_mission()

    def say(self, message):
        self.line.coming += message.pack(self.mav)

    def beat(self):
        self.say(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
        self.turn(0.0)

    def answer(self):
        """Answer TIMESYNC, as a client does that reads everything at once."""
        tick = self.autopilot.tick
        self.say(mavlink.MAVLink_timesync_message(1, tick // 50 * 50 * 20_000_000))

    def turn(self, passed_s):
        self.wall_s += passed_s
        self.server.turn()

    def run(self, wall_s):
        """Let time pass by the wall in steps of 10 ms."""
        for _ in range(round(wall_s * 100)):
            self.turn(0.01)


@pytest.fixture(params=[60.0, 600.0])
def station(request):
    return Station(request.param)


def test_a_station_that_beats_by_the_wall_is_waited_for_at_any_speed(station):
    for _ in range(60):
        station.beat()
        station.run(1.0)
        assert station.autopilot.mode == AUTO
    assert station.autopilot.now_s > 120 + 60 * 2.5  # and yet time passes


def test_a_busy_machine_makes_no_silence(station):
    """Nothing runs for 20 s, in which heartbeats gather in the socket."""
    station.run(1.0)
    station.say(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3))
    station.turn(20.0)
    station.run(1.0)
    assert station.autopilot.mode == AUTO


def test_a_station_that_is_connected_and_silent_is_lost_by_the_vehicles_clock(station):
    begun_s = station.autopilot.now_s
    station.run(6.0)
    assert station.autopilot.mode == RTL
    lost_s = station.autopilot.watches.ground_station.heard_s + 5.0
    assert begun_s <= lost_s <= station.autopilot.now_s


def test_a_station_that_closed_its_line_is_not_waited_for(station):
    station.line.close()
    station.run(0.5)
    assert station.autopilot.mode == RTL


def test_a_client_that_answers_gets_its_heartbeat_in_time_and_may_stall():
    station = Station(None)
    station.answer()
    for _ in range(100):
        station.turn(0.001)
        station.answer()
        station.beat()
    flown_s = station.autopilot.now_s
    assert flown_s > 220
    station.run(20.0)  # it reads nothing for so long
    assert station.autopilot.now_s <= flown_s + 3.1
    station.beat()
    assert station.autopilot.mode == AUTO
    station.run(40.0)
    assert station.autopilot.mode == RTL
