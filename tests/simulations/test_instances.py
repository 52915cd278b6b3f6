"""Numbers for simulated autopilots: never one that somebody else uses, or sends to."""

import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from simulations.instances import INSTANCES, PORTS, FirstCaller, LiveLine, instance_taken


def caller():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@pytest.mark.parametrize("kind", ["ardupilot", "px4"])
def test_two_runs_at_once_get_two_numbers(kind):
    with instance_taken(kind) as first, instance_taken(kind) as second:
        assert first.number != second.number
        assert second.port - first.port == (second.number - first.number) * PORTS[kind][1]


def test_a_port_that_a_vehicle_sends_to_is_passed_over(monkeypatch):
    with instance_taken("px4") as free:
        port = free.port
    bind = socket.socket.bind

    def bind_and_be_called(self, address):
        bind(self, address)
        if address[1] == port:
            with caller() as vehicle:
                vehicle.sendto(b"heartbeat", address)

    monkeypatch.setattr(socket.socket, "bind", bind_and_be_called)
    with instance_taken("px4") as taken:
        assert taken.port > port


def test_px4_has_no_number_whose_port_another_calls_too():
    """From number 10 on all of PX4's call 14549 (px4-rc.mavlink)."""
    first_port, apart = PORTS["px4"]
    assert first_port + apart * (INSTANCES["px4"] - 1) == 14549


def test_a_second_caller_ends_the_line_to_the_first():
    with instance_taken("px4") as taken, caller() as ours, caller() as other:
        line = FirstCaller(taken.held)
        line.write(b"lost")
        ours.sendto(b"one", ("127.0.0.1", taken.port))
        assert line.read(1.0) == b"one"
        line.write(b"two")
        assert ours.recv(9) == b"two"
        other.sendto(b"three", ("127.0.0.1", taken.port))
        with pytest.raises(ConnectionAbortedError, match="second vehicle"):
            line.read(1.0)


def test_a_line_ends_with_its_program():
    with instance_taken("px4") as taken:
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        process.wait()
        line = LiveLine(FirstCaller(taken.held), process, lambda: "; it said: no such frame")
        with pytest.raises(ConnectionAbortedError, match=r"exit code 3\); it said: no such frame"):
            line.write(b"arm")
        with pytest.raises(ConnectionAbortedError, match="exit code 3"):
            line.read(0.0)


class Broken:
    """A line whose other end is gone."""

    def read(self, timeout_s):
        raise ConnectionResetError("the vehicle closed the connection")

    write = read


def test_a_line_that_breaks_before_its_program_has_ended_tells_of_the_program():
    codes = [None]
    process = SimpleNamespace(poll=lambda: codes[-1], wait=lambda seconds: codes.append(3))
    line = LiveLine(Broken(), process, lambda: "")
    with pytest.raises(ConnectionAbortedError, match="exit code 3"):
        line.read(0.0)


def test_a_line_that_breaks_while_its_program_runs_tells_of_the_line():
    process = SimpleNamespace(poll=lambda: None, wait=lambda seconds: None)
    with pytest.raises(ConnectionResetError, match="closed the connection"):
        LiveLine(Broken(), process, lambda: "").write(b"arm")
