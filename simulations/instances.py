"""EDGE: a number on this machine for one more simulated autopilot, and a line to nobody else.

Each number is held from before the start until the end by a UDP socket bound to its port, so two
runs never take the same one; PX4 calls that very socket.
"""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from flight.transports import Transport, UdpTransport
from geo.errors import AerogridError

HOST = "127.0.0.1"
ENDS_WITHIN_S = 2.0
QUIET_S = 1.2  # a vehicle says something every second
PORTS = {"ardupilot": (5760, 10), "px4": (14540, 1)}  # first, and how far apart
INSTANCES = {"ardupilot": 40, "px4": 10}  # PX4's all call 14549 from number 9 on (px4-rc.mavlink)


class AutopilotError(AerogridError):
    """The program of an autopilot is missing, or does not run as it should."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A number that is ours until the socket is closed."""

    number: int
    port: int
    held: socket.socket


@contextmanager
def instance_taken(kind: str) -> Iterator[Instance]:
    """Take a number for as long as a program runs."""
    instance = take_instance(kind)
    with instance.held:
        yield instance


def take_instance(kind: str) -> Instance:
    """Take the first number whose port nobody uses, or sends to.

    Raises:
        AutopilotError: all are in use.
    """
    first_port, apart = PORTS[kind]
    is_free = _accepts_tcp if kind == "ardupilot" else _stays_quiet
    for number in range(INSTANCES[kind]):
        port = first_port + apart * number
        held = _bound(port)
        if held is None:
            continue
        if is_free(held, port):
            return Instance(number, port, held)
        held.close()
    raise AutopilotError(
        f"All of {INSTANCES[kind]} ports from {first_port} on are in use, or vehicles send to "
        "them; stop other simulators."
    )


def _bound(port: int) -> socket.socket | None:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        return None
    return held


def _accepts_tcp(held: socket.socket, port: int) -> bool:
    """Whether a program can listen on the TCP port of this number."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _stays_quiet(held: socket.socket, port: int) -> bool:
    """Whether no vehicle sends to the port yet."""
    held.settimeout(QUIET_S)
    try:
        held.recv(1)
    except TimeoutError:
        return True
    return False


class FirstCaller(UdpTransport):
    """A UDP line to whoever calls first; anybody else who calls ends it."""

    def read(self, timeout_s: float) -> bytes:
        """Wait for a packet; empty if none came."""
        first = self._peer
        data = super().read(timeout_s)
        caller, self._peer = self._peer, first or self._peer
        if caller is not None and caller != self._peer:
            raise ConnectionAbortedError(f"port {caller[1]} calls too: there is a second vehicle")
        return data


class LiveLine:
    """A line to a program, broken as soon as the program has ended.

    Args:
        line: to the program.
        process: the program.
        last_words: what it said before it ended.
    """

    def __init__(
        self, line: Transport, process: "subprocess.Popen[bytes]", last_words: Callable[[], str]
    ) -> None:
        self._line, self._process, self._last_words = line, process, last_words

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes of a program that runs."""
        self._check()
        with self._told():
            return self._line.read(timeout_s)

    def write(self, data: bytes) -> None:
        """Send bytes to a program that runs."""
        self._check()
        with self._told():
            self._line.write(data)

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell of the program where its line breaks, which it does a moment before the end."""
        try:
            yield
        except ConnectionError:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDS_WITHIN_S)
            self._check()
            raise

    def _check(self) -> None:
        code = self._process.poll()
        if code is not None:
            raise ConnectionAbortedError(
                f"the simulator's program ended (exit code {code}){self._last_words()}"
            )
