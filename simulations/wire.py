"""Lines from a client to a simulated vehicle, one of them into the same process; pure.

The vehicle in the same process moves on only while its client waits, so a flight is the same to the
last byte on a fast and on a busy machine, and takes as long as it takes to compute.
"""

import struct
from collections.abc import Callable

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.link import GROUND_COMPONENT, GROUND_SYSTEM
from flight.protocol import GROUND_STATION, NO_AUTOPILOT, Message
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


class Beating:
    """A line to a vehicle whose clock runs fast: it must hear heartbeats by its own clock.

    Attributes:
        every_s: of this clock, between heartbeats.
    """

    def __init__(self, line: Transport, every_s: float, clock: Callable[[], float]) -> None:
        self.line, self.every_s, self._clock = line, every_s, clock
        self._mav = mavlink.MAVLink(None, GROUND_SYSTEM, GROUND_COMPONENT)
        self._beat_s = -every_s

    def read(self, timeout_s: float) -> bytes:
        """What the vehicle says; it hears a heartbeat where one is due."""
        if self._clock() - self._beat_s >= self.every_s:
            self._beat_s = self._clock()
            beat = mavlink.MAVLink_heartbeat_message(GROUND_STATION, NO_AUTOPILOT, 0, 0, 4, 3)
            self.line.write(bytes(beat.pack(self._mav)))
        return self.line.read(min(timeout_s, self.every_s))

    def write(self, data: bytes) -> None:
        """Say something."""
        self.line.write(data)

    def close(self) -> None:
        """Let go of the line."""
        self.line.close()


class Muffled:
    """A line that can be cut for a while: nothing comes or goes, nothing is told.

    Attributes:
        cut: whether it is cut now.
    """

    def __init__(self, line: Transport) -> None:
        self.line, self.cut = line, False

    def read(self, timeout_s: float) -> bytes:
        """What the vehicle says; nothing while cut."""
        data = self.line.read(timeout_s)
        return b"" if self.cut else data

    def write(self, data: bytes) -> None:
        """Say something; it is lost while cut."""
        if not self.cut:
            self.line.write(data)

    def close(self) -> None:
        """Let go of the line."""
        self.line.close()
