"""EDGE: how a ground station reaches the built-in vehicle: one TCP client at a time, or UDP."""

import select
import socket
from typing import Protocol

STALLS_S = 10.0  # a client that reads nothing for so long is dropped
MOST_BYTES = 65536


class VehicleLine(Protocol):
    """The vehicle's end of a connection."""

    @property
    def present(self) -> bool:
        """Whether somebody is connected, as far as that can be known."""
        ...

    def poll(self, timeout_s: float) -> tuple[bytes, bool]:
        """Wait for bytes; what came, and whether it is from a new client."""
        ...

    def send(self, data: bytes) -> None:
        """Send bytes, if there is anybody to send them to."""
        ...

    def close(self) -> None:
        """Let the client go."""
        ...


class TcpLine:
    """A listening socket and its one client; a second one is sent away, as ArduPilot does."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._client: socket.socket | None = None

    @property
    def present(self) -> bool:
        """Whether a client is connected."""
        return self._client is not None

    def poll(self, timeout_s: float) -> tuple[bytes, bool]:
        """Take a client, or what it says."""
        sockets = [self._listener, *([self._client] if self._client else [])]
        ready, _, _ = select.select(sockets, [], [], timeout_s)
        if self._listener in ready:
            return b"", self._accept()
        return (self._read() if ready else b""), False

    def _accept(self) -> bool:
        client, _ = self._listener.accept()
        if self._client is not None:
            client.close()
            return False
        client.settimeout(STALLS_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        return True

    def _read(self) -> bytes:
        try:
            data = self._client.recv(MOST_BYTES) if self._client else b""
        except OSError:
            data = b""
        if not data:
            self.close()
        return data

    def send(self, data: bytes) -> None:
        """Send bytes to the client, which is dropped where it does not take them."""
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Let the client go."""
        if self._client is not None:
            self._client.close()
            self._client = None


class UdpLine:
    """A socket that calls one ground station; whether it is there, only its answers tell."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self._greeted = False

    @property
    def present(self) -> bool:
        """Nobody can tell; silence is judged by heartbeats."""
        return True

    def poll(self, timeout_s: float) -> tuple[bytes, bool]:
        """Wait for a packet; the ground station is greeted at the first one it sends."""
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        if not ready:
            return b"", False
        try:
            data = self._socket.recv(MOST_BYTES)
        except ConnectionRefusedError:  # nobody listens there yet
            return b"", False
        fresh, self._greeted = not self._greeted, True
        return data, fresh

    def send(self, data: bytes) -> None:
        """Send a packet; it is lost where nobody listens."""
        try:
            self._socket.send(data)
        except ConnectionRefusedError:
            self._greeted = False

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
