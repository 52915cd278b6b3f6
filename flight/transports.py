"""EDGE: bytes to and from vehicles: TCP, UDP, a serial line, or one line for several vehicles."""

import socket
import threading
from typing import Protocol

import serial

from flight.errors import LinkError

CONNECT_S = 5.0
PORTS = range(1, 65536)
UDP = ("udp", "udpin", "udpout")
FORMS = (
    "tcp:HOST:PORT, udpin:HOST:PORT, udpout:HOST:PORT or a serial device such as /dev/ttyUSB0,57600"
)
LONGEST_QUEUE = 4_000_000  # bytes kept for a vehicle's conversation that does not read


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
    """A UDP socket that waits for a vehicle (`udpin`) or calls one (`udpout`).

    Args:
        held: the socket; bound where it waits.
        peer: who is called; None for whoever calls.
    """

    def __init__(self, held: socket.socket, peer: tuple[str, int] | None = None) -> None:
        self._socket, self._peer = held, peer

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
    """A serial line, for a telemetry radio."""

    def __init__(self, device: str, baud: int) -> None:
        self._serial = serial.Serial(device, baud, timeout=0, write_timeout=CONNECT_S)

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


class SharedLine:
    """One line that several vehicles are on; each conversation gets every byte that comes.

    Whoever reads takes what there is for all. A conversation that closes leaves the line to the
    others. What came while nobody listened is old and is thrown away.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._reading, self._writing, self._lock = (threading.Lock() for _ in range(3))
        self._queues: dict[int, bytearray] = {}
        self._next = 0

    def join(self) -> "SharedTransport":
        """A transport for one more conversation."""
        with self._lock:
            if not self._queues:
                self._throw_away()
            self._next += 1
            self._queues[self._next] = bytearray()
            return SharedTransport(self, self._next)

    def _throw_away(self) -> None:
        """Empty the line of what was waiting in it."""
        thrown = 0
        while thrown < LONGEST_QUEUE and (data := self._transport.read(0.0)):
            thrown += len(data)

    def close(self) -> None:
        """Close the line, when all conversations have ended."""
        self._transport.close()

    def read(self, number: int, timeout_s: float) -> bytes:
        """What has come for a conversation; waits for more only where nothing has."""
        waiting = self._take(number)
        if waiting or not self._reading.acquire(timeout=max(timeout_s, 1e-3)):
            return waiting
        try:
            waiting = self._take(number)
            if waiting:
                return waiting
            data = self._transport.read(timeout_s)
            with self._lock:
                for queue in self._queues.values():
                    queue += data
                    del queue[:-LONGEST_QUEUE]
        finally:
            self._reading.release()
        return self._take(number)

    def _take(self, number: int) -> bytes:
        with self._lock:
            data = bytes(self._queues[number])
            self._queues[number].clear()
            return data

    def write(self, data: bytes) -> None:
        """Send bytes of one conversation, whole."""
        with self._writing:
            self._transport.write(data)

    def leave(self, number: int) -> None:
        """End a conversation."""
        with self._lock:
            self._queues.pop(number, None)


class SharedTransport:
    """One conversation's end of a `SharedLine`."""

    def __init__(self, line: SharedLine, number: int) -> None:
        self._line, self._number = line, number

    def read(self, timeout_s: float) -> bytes:
        """Wait for bytes; empty if none came."""
        return self._line.read(self._number, timeout_s)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._line.write(data)

    def close(self) -> None:
        """Leave the line to the others."""
        self._line.leave(self._number)


def open_transport(connection: str) -> Transport:
    """Open a line.

    Args:
        connection: tcp:HOST:PORT, udpin:HOST:PORT (also udp:), udpout:HOST:PORT, or DEVICE,BAUD.

    Raises:
        LinkError: it is no connection, or cannot be opened.
    """
    try:
        return _opened(connection)
    except ValueError as error:
        raise LinkError(f"'{connection}' is no connection; use {FORMS}") from error
    except OSError as error:
        raise LinkError(
            f"Cannot connect to {connection}: {error}. {_advice(connection)}"
        ) from error


def _advice(connection: str) -> str:
    """What to look at; what names no network is taken for a device, and may be a slip."""
    networked = connection.partition(":")[0] in ("tcp", *UDP)
    return "Is the vehicle on?" if networked else f"Is it plugged in? A link is {FORMS}."


def _opened(connection: str) -> Transport:
    scheme, _, rest = connection.partition(":")
    if scheme == "tcp":
        host, port = _host_and_port(rest)
        return TcpTransport(host, port)
    if scheme in UDP:
        return _udp(*_host_and_port(rest), listen=scheme != "udpout")
    device, _, baud = connection.partition(",")
    if not device or (rest and not device.upper().startswith("COM")):
        raise ValueError(connection)
    return SerialTransport(device, int(baud or 57600))


def _udp(host: str, port: int, *, listen: bool) -> UdpTransport:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if not listen:
        return UdpTransport(held, (host, port))
    try:
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    return UdpTransport(held)


def _host_and_port(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not (host and separator and int(port) in PORTS):
        raise ValueError(text)
    return host, int(port)
