"""EDGE: hear where a vehicle is, live or from a recording that is still written; say nothing to it.

A line is only listened to: who flies has the conversation with the vehicle, and forwards what it
says (`--out` of MAVProxy, "forward MAVLink" of QGroundControl).
"""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError
from flight.log import stamped_messages_of
from flight.positions import Positions, Whereabouts
from flight.protocol import Message
from flight.transports import Transport, open_transport

RECORDING = ".tlog"
EVERY_S = 0.1
REOPEN_AFTER_S = 1.0
MOST_BYTES = 8 * 2**20

Heard = Iterable[tuple[datetime, Message]]


class Listening:
    """Listens in a thread of its own until it is closed."""

    def __init__(self, source: str, now: Callable[[], datetime]) -> None:
        """Begin to listen.

        Args:
            source: a connection as of `fly --link`, or a .tlog that grows.
            now: the clock of the pictures, too.

        Raises:
            LinkError: it is neither, or cannot be opened.
        """
        if source.lower().endswith(RECORDING):
            path = Path(source)
            if not path.is_file():
                raise LinkError(f"{path}: is no recording that is there; give one that is written")
            self._source: _Recording | _Line = _Recording(path)
        else:
            self._source = _Line(source, now)
        self._positions, self._lock, self._ended = Positions(), threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="telemetry", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Use as a context that ends with it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.close()

    def where(self, moment: datetime) -> Whereabouts | None:
        """Tell where the vehicle was at a moment; None where it was not heard around then."""
        with self._lock:
            return self._positions.at(moment)

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._thread.join()
        self._source.close()

    def _listen(self) -> None:
        while not self._ended.is_set():
            heard = list(self._source.read())
            with self._lock:
                for at, message in heard:
                    self._positions.feed(message, at)
            if not heard:
                self._ended.wait(self._source.pause_s)


class _Line:
    """A connection, opened again when it breaks."""

    pause_s = 0.0

    def __init__(self, connection: str, now: Callable[[], datetime]) -> None:
        self._connection, self._now = connection, now
        self._transport: Transport | None = open_transport(connection)
        self._mav = _decoder()

    def read(self) -> Heard:
        try:
            if self._transport is None:
                self._transport, self._mav = open_transport(self._connection), _decoder()
                self.pause_s = 0.0
            data = self._transport.read(EVERY_S)
        except (ConnectionError, LinkError, OSError):
            self.close()
            self._transport, self.pause_s = None, REOPEN_AFTER_S
            return ()
        at = self._now()
        return [(at, message) for message in self._mav.parse_buffer(data) or ()]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Recording:
    """A recording, read on as it grows; what it says came when its recorder says."""

    pause_s = EVERY_S

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0

    def read(self) -> Heard:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(MOST_BYTES)
        except OSError:
            return ()
        stamped, read = stamped_messages_of(data)
        self._offset += read
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return [(epoch + timedelta(microseconds=stamp_us), m) for stamp_us, m in stamped]

    def close(self) -> None:
        pass


def _decoder() -> mavlink.MAVLink:
    decoder = mavlink.MAVLink(None)
    decoder.robust_parsing = True
    return decoder
