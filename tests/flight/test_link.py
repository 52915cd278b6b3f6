import socket

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError, LinkLostError
from flight.link import SILENCE_S, MavlinkLink, open_link
from flight.log import TlogWriter


class Wire:
    """A transport whose other end is written by the test."""

    def __init__(self):
        self.incoming, self.sent, self.closed = [], [], False
        self.sender = mavlink.MAVLink(None, 1, 1)

    def says(self, message, system=1):
        self.sender.srcSystem = system
        self.incoming.append(bytes(message.pack(self.sender)))

    def read(self, timeout_s):
        if self.incoming:
            return self.incoming.pop(0)
        if self.closed:
            raise ConnectionResetError("closed")
        return b""

    def write(self, data):
        self.sent.append(data)

    def close(self):
        self.closed = True

    @property
    def kinds(self):
        reader = mavlink.MAVLink(None)
        return [reader.decode(bytearray(frame)).get_type() for frame in self.sent]


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


HEARTBEAT = mavlink.MAVLink_heartbeat_message(2, 3, 81, 0, 3, 3)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def link(wire, clock):
    return MavlinkLink(wire, clock=clock)


def test_a_heartbeat_goes_out_once_a_second(link, wire, clock):
    for clock.now_s in (0.0, 0.4, 0.9, 1.1, 1.5, 2.2):
        link.receive(0)
    assert wire.kinds == ["HEARTBEAT"] * 3


def test_another_ground_station_is_no_vehicle(link, wire):
    wire.says(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3), system=255)
    wire.says(HEARTBEAT, system=7)
    assert link.receive(0) is None
    assert link.receive(0).get_srcSystem() == 7
    assert link.to.system == 7


def test_other_vehicles_on_the_line_are_not_listened_to(link, wire):
    for system in (3, 4):
        wire.says(HEARTBEAT, system=system)
    assert link.receive(0).get_srcSystem() == 3
    assert link.receive(0) is None


def test_only_the_system_that_was_asked_for_is_listened_to(wire, clock):
    link = MavlinkLink(wire, system=4, clock=clock)
    assert link.to.system == 4
    for system in (3, 4):
        wire.says(HEARTBEAT, system=system)
    assert link.wait_for_vehicle().get_srcSystem() == 4


def test_a_system_that_does_not_answer_is_named(wire, clock):
    link = MavlinkLink(wire, system=9, clock=clock)
    wire.read = lambda timeout_s: setattr(clock, "now_s", clock.now_s + timeout_s) or b""
    with pytest.raises(LinkError, match="No heartbeat of system 9"):
        link.wait_for_vehicle()


def test_silence_is_a_lost_link(link, wire, clock):
    wire.says(HEARTBEAT)
    link.receive(0)
    clock.now_s = SILENCE_S + 0.5
    with pytest.raises(LinkLostError, match="nothing heard"):
        link.receive(0)


def test_a_closed_line_is_a_lost_link_that_names_the_recording(wire, tmp_path):
    link = MavlinkLink(wire, TlogWriter(tmp_path / "flight.tlog"))
    wire.closed = True
    with pytest.raises(LinkLostError, match=r"flight\.tlog") as caught:
        link.receive(0)
    assert caught.value.log_path == tmp_path / "flight.tlog"
    link.close()


def test_both_directions_are_recorded(wire, tmp_path):
    path = tmp_path / "flight.tlog"
    with MavlinkLink(wire, TlogWriter(path)) as link:
        wire.says(HEARTBEAT)
        link.receive(0)
    assert path.stat().st_size == 2 * (8 + 21)


def test_timesync_is_answered_with_the_vehicles_stamp(link, wire):
    wire.says(HEARTBEAT)
    wire.says(mavlink.MAVLink_timesync_message(0, 12345))
    for _ in range(2):
        link.receive(0)
    answer = mavlink.MAVLink(None).decode(bytearray(wire.sent[-1]))
    assert answer.get_type() == "TIMESYNC"
    assert answer.ts1 == 12345
    assert answer.tc1 > 0


def test_noise_on_the_line_is_passed_over(link, wire):
    wire.incoming.append(b"\xfd\x05noise\xfe\x00")
    wire.says(HEARTBEAT)
    got = [link.receive(0) for _ in range(4)]
    assert [m.get_type() for m in got if m] in (["HEARTBEAT"], [])  # noise may swallow one frame


@pytest.mark.parametrize("text", ["tcp:nowhere", "udp:1", "", "tcp:host:port"])
def test_a_malformed_address_is_explained(text):
    with pytest.raises(LinkError, match="tcp:HOST:PORT"):
        open_link(text)


def test_nobody_at_an_address_is_explained():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        with pytest.raises(LinkError, match="Cannot connect"):
            open_link(f"tcp:127.0.0.1:{taken.getsockname()[1]}")


def test_a_port_in_use_is_explained():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LinkError, match="Cannot connect"):
            open_link(f"udpin:127.0.0.1:{taken.getsockname()[1]}")


def test_udp_answers_whoever_spoke():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as vehicle:
        vehicle.bind(("127.0.0.1", 0))
        with open_link(f"udpout:127.0.0.1:{vehicle.getsockname()[1]}") as link:
            link.receive(0.01)
            vehicle.settimeout(2)
            data, client = vehicle.recvfrom(1000)
            assert mavlink.MAVLink(None).decode(bytearray(data)).get_type() == "HEARTBEAT"
            vehicle.sendto(bytes(HEARTBEAT.pack(mavlink.MAVLink(None, 1, 1))), client)
            assert link.wait_for_vehicle(2).get_type() == "HEARTBEAT"


def at(boot_ms):
    return mavlink.MAVLink_system_time_message(0, boot_ms)


@pytest.mark.parametrize(("pace", "least", "most"), [(1, 10, 12), (10, 90, 101), (0.1, 10, 11)])
def test_heartbeats_come_by_the_vehicles_clock_and_at_least_once_a_second(
    wire, clock, pace, least, most
):
    link = MavlinkLink(wire, clock=clock)
    for step in range(100 * 10):
        clock.now_s = step / 100
        if step % 5 == 0:
            wire.says(HEARTBEAT if step == 0 else at(round(1000 * pace * clock.now_s)))
        link.receive(0.01)
    assert least <= wire.kinds.count("HEARTBEAT") <= most


def test_a_clock_that_starts_anew_stops_no_heartbeats(wire, clock):
    link = MavlinkLink(wire, clock=clock)
    wire.says(HEARTBEAT)
    for number in range(40):
        clock.now_s += 0.1
        wire.says(at(2**31 + 1000 * number if number < 20 else 1000 * number))
        link.receive(0.01)
    assert wire.kinds.count("HEARTBEAT") >= 35


def test_what_a_broken_line_brought_last_is_not_lost_but_its_heartbeat_is(wire, clock):
    link = MavlinkLink(wire, clock=clock)
    wire.says(HEARTBEAT)
    assert link.receive(0.1) is not None
    photo = mavlink.MAVLink_camera_feedback_message(0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    frames = [bytes(message.pack(wire.sender)) for message in (HEARTBEAT, at(5), photo, HEARTBEAT)]
    wire.incoming.append(b"".join(frames))
    assert link.receive(0.1).get_type() == "HEARTBEAT"
    link.reopen()
    kinds = [message.get_type() for _ in range(5) if (message := link.receive(0.1)) is not None]
    assert kinds == ["SYSTEM_TIME", "CAMERA_FEEDBACK"]


class Talking(Wire):
    """A vehicle that says its heartbeat each second; `old` says whether in MAVLink 1."""

    def __init__(self, clock, old, system=1):
        super().__init__()
        self.clock, self.old = clock, old
        self.sender.srcSystem = system

    def read(self, timeout_s):
        self.clock.now_s += 1.0
        return bytes(HEARTBEAT.pack(self.sender, force_mavlink1=self.old(self)))


def test_a_vehicle_that_stays_with_mavlink_1_is_told_what_to_set(clock):
    link = MavlinkLink(Talking(clock, old=lambda wire: True), clock=clock)
    with pytest.raises(LinkError, match=r"System 1 speaks MAVLink 1.*SERIALn_PROTOCOL = 2"):
        link.wait_for_vehicle()


def test_a_vehicle_that_goes_over_to_mavlink_2_as_it_hears_it_is_waited_for(clock):
    """As ArduPilot's first port does, and PX4 as it comes."""
    link = MavlinkLink(Talking(clock, old=lambda wire: len(wire.sent) < 3), clock=clock)
    assert link.wait_for_vehicle().get_msgbuf()[0] == 0xFD
    assert clock.now_s > 2.0


def test_another_system_than_the_one_asked_for_is_named(clock):
    link = MavlinkLink(Talking(clock, lambda wire: False, system=1), system=7, clock=clock)
    with pytest.raises(LinkError, match=r"No heartbeat of system 7 .*Heard on this line: system 1"):
        link.wait_for_vehicle()
