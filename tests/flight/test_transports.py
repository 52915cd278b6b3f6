"""Lines that bytes travel on: a serial device, and one line for several vehicles."""

import os
import pty

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError
from flight.link import MavlinkLink, open_link
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


def test_two_vehicles_on_one_line_are_kept_apart():
    wire = Wire()
    line = SharedLine(wire)
    links = {n: MavlinkLink(line.join(), system=n, clock=Clock()) for n in (1, 2)}
    for system in (2, 1, 2):
        wire.says(HEARTBEAT, system=system)
    heard = {n: [m.get_srcSystem() for _ in range(6) if (m := links[n].receive(0))] for n in (1, 2)}
    assert heard == {1: [1], 2: [2, 2]}


def test_a_shared_line_is_closed_by_the_last_one_that_leaves():
    wire = Wire()
    line = SharedLine(wire)
    first, second = line.join(), line.join()
    first.close()
    assert not wire.closed
    second.close()
    assert wire.closed
