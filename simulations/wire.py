"""Lines from a client to a simulated vehicle, one of them into the same process; pure.

The vehicle in the same process moves on only while its client waits, so a flight is the same to the
last byte on a fast and on a busy machine, and takes as long as it takes to compute.
"""

import math
import struct
from collections.abc import Callable

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from flight.transports import Transport
from simulations.autopilot import Autopilot
from simulations.commands import receive
from simulations.vehicle import STEP_S

STAMP = struct.Struct(">Q")  # as in a .tlog


class Wire:
    """The client's end, as `flight.link.Transport` has it.

    Attributes:
        on_step: called after every step of the vehicle's clock.
        recording: both directions as a .tlog, stamped by the vehicle's clock.
    """

    def __init__(self, autopilot: Autopilot, on_step: Callable[[], None] = lambda: None) -> None:
        self.autopilot, self.on_step = autopilot, on_step
        self.recording = bytearray()
        self.steps = 0
        system = autopilot.scene.system
        self._mav = mavlink.MAVLink(None, system, 1)
        self._mav.robust_parsing = True
        self._waiting = bytearray()
        self._carry([autopilot.heartbeat(), *autopilot.telemetry([49, 242])])

    def now_s(self) -> float:
        """The client's clock: time that has passed for the vehicle, without leaps."""
        return self.steps * STEP_S

    def read(self, timeout_s: float) -> bytes:
        """Let time pass until the vehicle says something."""
        for _ in range(max(1, round(timeout_s / STEP_S))):
            if self._waiting:
                break
            self.steps += 1
            self._carry(self.autopilot.step())
            self.on_step()
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def write(self, data: bytes) -> None:
        """Let the vehicle hear something."""
        self._record(data)
        for message in self._mav.parse_buffer(data) or []:
            if message.get_type() != "BAD_DATA":
                self._carry(receive(self.autopilot, message))

    def close(self) -> None:
        """Nothing is held."""

    def _carry(self, messages: list[Message]) -> None:
        for message in messages:
            frame = bytes(message.pack(self._mav))
            self._mav.seq = (self._mav.seq + 1) % 256
            self._record(frame)
            self._waiting += frame

    def _record(self, frame: bytes) -> None:
        self.recording += STAMP.pack(self.autopilot.unix_us) + frame


class Muffled:
    """A line that can be cut for a while: nothing comes or goes, nothing is told.

    Args:
        line: to the vehicle.
        clock: by which it is cut; seconds.
    """

    def __init__(self, line: Transport, clock: Callable[[], float]) -> None:
        self._line, self._clock = line, clock
        self._cut_until_s = -math.inf

    def cut(self, for_s: float) -> None:
        """Let nothing through for so long."""
        self._cut_until_s = self._clock() + for_s

    @property
    def is_cut(self) -> bool:
        """Whether nothing goes through now."""
        return self._clock() < self._cut_until_s

    def read(self, timeout_s: float) -> bytes:
        """What the vehicle says; nothing while cut."""
        data = self._line.read(timeout_s)
        return b"" if self.is_cut else data

    def write(self, data: bytes) -> None:
        """Say something; it is lost while cut."""
        if not self.is_cut:
            self._line.write(data)

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()
