"""EDGE: a MAVLink 2 connection to one vehicle over TCP, UDP or a serial line, recorded as .tlog."""

import importlib
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError, LinkLostError
from flight.log import TlogWriter
from flight.protocol import GROUND_STATION, NO_AUTOPILOT, Address, Message, is_vehicle

GROUND_SYSTEM, GROUND_COMPONENT = 255, 190  # MAV_COMP_ID_MISSIONPLANNER, what ArduPilot expects
HEARTBEAT_EVERY_S = 1.0
SILENCE_S = 6.0  # heartbeats come every second
CONNECT_S = 5.0
FORMS = (
    "tcp:HOST:PORT, udpin:HOST:PORT, udpout:HOST:PORT or a serial device such as /dev/ttyUSB0,57600"
)


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


class Transport(Protocol):
    """Bytes to and from a vehicle."""

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes; empty if none came, ConnectionError if the other end is gone."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    def close(self) -> None:
        """Let go of the line."""
        ...


class TcpTransport:
    """A client's end of a TCP connection."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=CONNECT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes; empty if none came."""
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("the vehicle closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.settimeout(CONNECT_S)
        self._socket.sendall(data)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class UdpTransport:
    """A UDP socket that waits for a vehicle (`udpin`) or calls one (`udpout`)."""

    def __init__(self, host: str, port: int, *, listen: bool) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._peer: tuple[str, int] | None = None if listen else (host, port)
        if listen:
            try:
                self._socket.bind((host, port))
            except OSError:
                self._socket.close()
                raise

    def read(self, timeout_s: float) -> bytes:
        """Wait for a packet; whoever sent the last one is answered."""
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            data, self._peer = self._socket.recvfrom(65536)
        except (TimeoutError, ConnectionRefusedError):
            return b""
        return data

    def write(self, data: bytes) -> None:
        """Send bytes, if it is known where to."""
        if self._peer is not None:
            self._socket.sendto(data, self._peer)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class SerialTransport:
    """A serial line, for a telemetry radio; needs the package pyserial."""

    def __init__(self, device: str, baud: int) -> None:
        try:
            serial = importlib.import_module("serial")
        except ImportError as error:
            raise LinkError(
                f"{device}: a serial line needs the package pyserial; pip install pyserial"
            ) from error
        self._serial = serial.Serial(device, baud, timeout=0)

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes; empty if none came."""
        self._serial.timeout = timeout_s
        first: bytes = self._serial.read(1)
        return first + self._serial.read(self._serial.in_waiting) if first else b""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._serial.write(data)

    def close(self) -> None:
        """Close the device."""
        self._serial.close()


class MavlinkLink:
    """A conversation with the first vehicle that is heard, or with the one asked for.

    Sends a heartbeat every second and answers TIMESYNC while it is being read from.
    """

    def __init__(
        self,
        transport: Transport,
        recording: TlogWriter | None = None,
        *,
        system: int | None = None,
        silence_s: float = SILENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._recording = recording
        self._mav = mavlink.MAVLink(None, GROUND_SYSTEM, GROUND_COMPONENT)
        self._mav.robust_parsing = True
        self._waiting: deque[Message] = deque()
        self._clock = clock
        self._beat_s = -HEARTBEAT_EVERY_S
        self._heard_s = clock()
        self._system = system
        self._silence_s = silence_s

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

    def wait_for_vehicle(self, timeout_s: float = 10.0) -> Message:
        """Wait for a vehicle's heartbeat; from then on only that vehicle is listened to."""
        end_s = self.now_s() + timeout_s
        while self.now_s() < end_s:
            message = self.receive(0.2)
            if message is not None and message.get_type() == "HEARTBEAT":
                return message
        raise LinkError(
            f"No heartbeat of a vehicle within {timeout_s:g} s. Is it switched on, and is the "
            "address right?"
        )

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
                self._answer_timesync(message)
                return message
        return None

    def _read(self, timeout_s: float) -> None:
        try:
            data = self._transport.read(timeout_s)
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            if self._system is not None and self._clock() - self._heard_s > self._silence_s:
                raise self._lost(f"nothing heard for {self._silence_s:g} s")
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
            return False
        self._heard_s = self._clock()
        return True

    def _beat(self) -> None:
        now_s = self._clock()
        if now_s - self._beat_s >= HEARTBEAT_EVERY_S:
            self._beat_s = now_s
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
        )


def open_link(
    connection: str, *, log_path: Path | None = None, silence_s: float = SILENCE_S
) -> MavlinkLink:
    """Connect to a vehicle.

    Args:
        connection: tcp:HOST:PORT, udpin:HOST:PORT (also udp:), udpout:HOST:PORT, or DEVICE,BAUD.
        log_path: where to record both directions, if anywhere.
        silence_s: after how long without a message the link counts as lost.
    """
    try:
        transport = _open_transport(connection)
    except LinkError:
        raise
    except ValueError as error:
        raise LinkError(f"'{connection}' is no connection; use {FORMS}") from error
    except OSError as error:
        raise LinkError(f"Cannot connect to {connection}: {error}. Is the vehicle on?") from error
    recording = TlogWriter(log_path) if log_path is not None else None
    return MavlinkLink(transport, recording, silence_s=silence_s)


def _open_transport(connection: str) -> Transport:
    scheme, _, rest = connection.partition(":")
    if scheme == "tcp":
        host, port = _host_and_port(rest)
        return TcpTransport(host, port)
    if scheme in ("udp", "udpin", "udpout"):
        host, port = _host_and_port(rest)
        return UdpTransport(host, port, listen=scheme != "udpout")
    device, _, baud = connection.partition(",")
    if not device or (rest and not device.upper().startswith("COM")):
        raise ValueError(connection)
    return SerialTransport(device, int(baud or 57600))


def _host_and_port(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not (host and separator):
        raise ValueError(text)
    return host, int(port)
