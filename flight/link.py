"""EDGE: a MAVLink 2 connection to one vehicle over TCP, UDP or a serial line, recorded as .tlog."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError, LinkLostError, LogError
from flight.log import TlogWriter
from flight.protocol import GROUND_STATION, NO_AUTOPILOT, Address, Message, is_vehicle
from flight.signing import SigningKey, sign_with
from flight.transports import Transport, open_transport

GROUND_SYSTEM, GROUND_COMPONENT = 255, 190  # MAV_COMP_ID_MISSIONPLANNER, what ArduPilot expects
HEARTBEAT_EVERY_S = 1.0
REOPEN_AFTER_S = 0.3
VEHICLE_WITHIN_S = 10.0
MAVLINK_1 = 0xFE  # first byte of a frame
GOES_OVER_S = 3.0  # three heartbeats of ours
SILENCE_S = 6.0  # heartbeats come every second


class Link(Protocol):
    """Somewhere to send messages to and to get a vehicle's messages from."""

    @property
    def to(self) -> Address:
        """The vehicle's address."""
        ...

    def now_s(self) -> float:
        """Monotonic time for waiting."""
        ...

    def send(self, message: Message) -> None:
        """Send one message."""
        ...

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the vehicle's next message; None if none came in time."""
        ...


class MavlinkLink:
    """A conversation with the first vehicle that is heard, or with the one asked for.

    Sends a heartbeat every second, of this clock or of the vehicle's, whichever is sooner, and
    answers TIMESYNC while it is being read from. A simulator's clock may run many times as fast,
    and by that clock the vehicle measures our silence.

    Attributes:
        silence_s: after how long without a message the link counts as lost.
    """

    def __init__(
        self,
        transport: Transport,
        recording: TlogWriter | None = None,
        *,
        system: int | None = None,
        silence_s: float = SILENCE_S,
        key: SigningKey | None = None,
        connect: Callable[[], Transport] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._connect = connect
        self._recording = recording
        self._mav = mavlink.MAVLink(None, GROUND_SYSTEM, GROUND_COMPONENT)
        self._mav.robust_parsing = True
        if key is not None:
            sign_with(self._mav, key, link_id=system or 0)
        self._waiting: deque[Message] = deque()
        self._clock = clock
        self._beat_s = -HEARTBEAT_EVERY_S
        self._boot_ms = self._beat_boot_ms = 0  # the vehicle's clock, now and at the last heartbeat
        self._heard_s, self._heard = clock(), False
        self._system = system
        self._others: set[int] = set()  # vehicles that are not ours
        self.silence_s = silence_s

    @property
    def to(self) -> Address:
        """The vehicle's address; system 1 until one is heard."""
        return Address(self._system or 1, 1)

    def __enter__(self) -> Self:
        """Use as a context that closes the line."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close line and recording."""
        self.close()

    def close(self) -> None:
        """Close line and recording."""
        self._transport.close()
        if self._recording is not None:
            self._recording.close()

    def reopen(self) -> None:
        """Open a lost line anew, into the same recording; a line of others' is listened to again.

        Raises:
            LinkError: it cannot be opened now.
        """
        # What a broken line brought last is not lost; a heartbeat of then proves nothing now.
        self._waiting = deque(message for message in self._waiting if not is_vehicle(message))
        self._heard, self._beat_s = False, -HEARTBEAT_EVERY_S
        if self._connect is not None:
            self._transport.close()
            time.sleep(REOPEN_AFTER_S)  # a line that is refused at once is not tried in a spin
            self._transport = self._connect()

    def end_recording(self) -> str | None:
        """Finish the recording; what it lacks, in words, or None if it is whole."""
        if self._recording is None:
            return None
        recording, self._recording = self._recording, None
        recording.close()
        return recording.fault

    def now_s(self) -> float:
        """Monotonic time for waiting."""
        return self._clock()

    def send(self, message: Message) -> None:
        """Send one message and record it."""
        frame = bytes(message.pack(self._mav))
        self._mav.seq = (self._mav.seq + 1) % 256
        try:
            self._transport.write(frame)
        except OSError as error:
            raise self._lost(str(error)) from error
        if self._recording is not None:
            self._recording.write(frame)

    def wait_for_vehicle(self, timeout_s: float | None = None) -> Message:
        """Wait for a vehicle's heartbeat; from then on only that vehicle is listened to.

        ArduPilot's first port begins in MAVLink 1 and goes over to 2 when it hears it from us; one
        that does not is set to MAVLink 1 (GCS_MAVLINK::packetReceived).

        Raises:
            LinkError: none comes in time, or it stays with MAVLink 1.
        """
        timeout_s = VEHICLE_WITHIN_S if timeout_s is None else timeout_s
        old_s: float | None = None  # since when it is heard in MAVLink 1
        end_s = self.now_s() + timeout_s
        while self.now_s() < end_s:
            message = self.receive(0.2)
            if message is None or not is_vehicle(message):
                continue
            if message.get_msgbuf()[0] != MAVLINK_1:
                return message
            old_s = self.now_s() if old_s is None else old_s
            if self.now_s() - old_s >= GOES_OVER_S:
                break
        raise LinkError(self._nobody(timeout_s) if old_s is None else self._old())

    def _old(self) -> str:
        return (
            f"System {self._system} speaks MAVLink 1, in which no fence can be sent. Set "
            "SERIALn_PROTOCOL = 2 for its port (PX4: MAV_PROTO_VER = 2)."
        )

    def _nobody(self, timeout_s: float) -> str:
        vehicle = "a vehicle" if self._system is None else f"system {self._system}"
        others = ", ".join(map(str, sorted(self._others)))
        heard = f" Heard on this line: system {others}; choose with --system." if others else ""
        return (
            f"No heartbeat of {vehicle} within {timeout_s:g} s.{heard} Is it switched on, and is "
            f"the address right?{self._rejected()}"
        )

    def _rejected(self) -> str:
        """What came but was not trusted, in words."""
        count = self._mav.signing.badsig_count + self._mav.signing.reject_count
        if not count:
            return ""
        return f" {count} messages without a valid signature were passed over: check the key."

    def receive(self, timeout_s: float) -> Message | None:
        """Wait for the vehicle's next message.

        Raises:
            LinkLostError: the line was closed, or nothing came for `silence_s`.
        """
        self._beat()
        if not self._waiting:
            self._read(timeout_s)
        while self._waiting:
            message = self._waiting.popleft()
            if self._is_from_vehicle(message):
                if message.get_srcComponent() == self.to.component:
                    self._boot_ms = getattr(message, "time_boot_ms", self._boot_ms)
                self._answer_timesync(message)
                return message
        return None

    def _read(self, timeout_s: float) -> None:
        try:
            data = self._transport.read(timeout_s)
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            if self._heard and self._clock() - self._heard_s > self.silence_s:
                raise self._lost(f"nothing heard for {self.silence_s:g} s")
            return
        for message in self._mav.parse_buffer(data) or []:
            if message.get_type() == "BAD_DATA":
                continue
            if self._recording is not None:
                self._recording.write(bytes(message.get_msgbuf()))
            self._waiting.append(message)

    def _is_from_vehicle(self, message: Message) -> bool:
        """Whether a message concerns us; the first vehicle heard becomes ours."""
        if self._system is None:
            if not is_vehicle(message):
                return False
            self._system = message.get_srcSystem()
        if message.get_srcSystem() != self._system:
            if is_vehicle(message):
                self._others.add(message.get_srcSystem())
            return False
        self._heard_s, self._heard = self._clock(), True
        return True

    def _beat(self) -> None:
        now_s = self._clock()
        passed_ms = self._boot_ms - self._beat_boot_ms
        if passed_ms < 0:  # it was started anew, or a message came late
            self._beat_boot_ms = self._boot_ms
        if now_s - self._beat_s >= HEARTBEAT_EVERY_S or passed_ms >= 1000 * HEARTBEAT_EVERY_S:
            self._beat_s, self._beat_boot_ms = now_s, self._boot_ms
            self.send(mavlink.MAVLink_heartbeat_message(GROUND_STATION, NO_AUTOPILOT, 0, 0, 4, 3))

    def _answer_timesync(self, message: Message) -> None:
        """Tell our time; the built-in vehicle waits for it, so that it never runs ahead of us."""
        if message.get_type() == "TIMESYNC" and message.tc1 == 0:
            now_ns = max(1, round(self._clock() * 1e9))
            self.send(mavlink.MAVLink_timesync_message(now_ns, message.ts1))

    def _lost(self, reason: str) -> LinkLostError:
        path: Path | None = self._recording.path if self._recording is not None else None
        kept = f" The recording so far is in {path}." if path is not None else ""
        return LinkLostError(
            f"Link to the vehicle lost: {reason}. It now does what its own failsafe says "
            f"(FS_GCS_ENABLE).{kept}",
            path,
            reason,
        )


def open_link(
    connection: str | Transport,
    *,
    log_path: Path | None = None,
    silence_s: float = SILENCE_S,
    system: int | None = None,
    key: SigningKey | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> MavlinkLink:
    """Connect to a vehicle.

    Args:
        connection: see `flight.transports.open_transport`; or a line that is open already.
        log_path: where to record both directions, if anywhere.
        silence_s: after how long without a message the link counts as lost.
        system: MAVLink system id to talk with; the first vehicle that is heard if None.
        key: to sign what is sent, and to trust nothing that is not signed with it.
        clock: seconds; the line's own where a simulated vehicle's time passes as it is read from.

    Raises:
        LinkError: it cannot be opened.
    """
    connect = None if not isinstance(connection, str) else partial(open_transport, connection)
    transport = connection if not isinstance(connection, str) else open_transport(connection)
    try:
        recording = TlogWriter(log_path) if log_path is not None else None
    except LogError:
        transport.close()
        raise
    return MavlinkLink(
        transport,
        recording,
        silence_s=silence_s,
        system=system,
        key=key,
        connect=connect,
        clock=clock,
    )
