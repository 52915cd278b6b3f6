"""Lines that bytes travel on: a serial device, and one line for several vehicles."""

import os
import pty
import socket

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError, LinkLostError
from flight.link import MavlinkLink, open_link
from flight.log import read_messages
from flight.transports import SharedLine
from tests.flight.test_link import HEARTBEAT, Clock, Wire


def test_a_vehicle_is_heard_over_a_serial_line():
    ours, theirs = pty.openpty()
    with open_link(f"{os.ttyname(theirs)},57600") as link:
        os.write(ours, bytes(HEARTBEAT.pack(mavlink.MAVLink(None, 5, 1))))
        assert link.wait_for_vehicle(2.0).get_srcSystem() == 5
        assert os.read(ours, 1)[0] == 0xFD
    os.close(ours)
    os.close(theirs)


def test_a_serial_device_that_is_not_there_is_told():
    with pytest.raises(LinkError, match=r"Cannot connect to /dev/nowhere"):
        open_link("/dev/nowhere,57600")


@pytest.mark.parametrize("connection", ["tcp:127.0.0.1:0", "udp:127.0.0.1:70000", "udpout:x:-1"])
def test_a_port_that_cannot_be_is_no_connection(connection):
    with pytest.raises(LinkError, match=r"is no connection; use tcp:HOST:PORT"):
        open_link(connection)


def test_a_port_that_is_in_use_is_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(LinkError, match=rf"Cannot connect to udp:127.0.0.1:{port}: .*in use"):
            open_link(f"udp:127.0.0.1:{port}")


def test_two_vehicles_on_one_line_are_kept_apart():
    wire = Wire()
    line = SharedLine(wire)
    links = {n: MavlinkLink(line.join(), system=n, clock=Clock()) for n in (1, 2)}
    for system in (2, 1, 2):
        wire.says(HEARTBEAT, system=system)
    heard = {n: [m.get_srcSystem() for _ in range(6) if (m := links[n].receive(0))] for n in (1, 2)}
    assert heard == {1: [1], 2: [2, 2]}


def test_a_conversation_that_ends_leaves_the_line_to_the_others():
    wire = Wire()
    line = SharedLine(wire)
    first, second = line.join(), line.join()
    first.close()
    wire.says(HEARTBEAT)
    assert second.read(0)
    second.close()
    assert not wire.closed
    line.close()
    assert wire.closed


def test_what_came_while_nobody_listened_is_not_taken_for_news():
    wire = Wire()
    line = SharedLine(wire)
    wire.says(HEARTBEAT)
    assert line.join().read(0) == b""


def test_a_tcp_line_that_was_closed_is_opened_again_into_the_same_recording(tmp_path):
    heartbeat = bytes(HEARTBEAT.pack(mavlink.MAVLink(None, 1, 1)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        with open_link(address, log_path=tmp_path / "a.tlog") as link:
            for _ in range(2):
                vehicle, _ = server.accept()
                vehicle.sendall(heartbeat)
                assert link.wait_for_vehicle(2.0).get_srcSystem() == 1
                vehicle.close()
                with pytest.raises(LinkLostError):
                    for _ in range(50):
                        link.receive(0.1)
                link.reopen()
            assert link.end_recording() is None
    heard = [m for m in read_messages(tmp_path / "a.tlog") if m.get_srcSystem() == 1]
    assert len(heard) == 2
