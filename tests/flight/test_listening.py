"""A vehicle that is heard over TCP, and in a recording that grows."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError
from flight.listening import Listening
from flight.log import TlogWriter
from flight.positions import Whereabouts

AT = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
WITHIN_S = 20.0


def frames(lon_deg: float) -> list[bytes]:
    mav = mavlink.MAVLink(None, 1, 1)
    messages = [
        mavlink.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3),
        mavlink.MAVLink_global_position_int_message(
            0, 320_000_000, round(lon_deg * 1e7), 62_000, 60_000, 0, 0, 0, 9000
        ),
    ]
    return [message.pack(mav) for message in messages]


def until(heard: Callable[[], Whereabouts | None]) -> Whereabouts:
    """Ask until it is known."""
    waiting = threading.Event()
    for _ in range(round(WITHIN_S / 0.02)):
        if (here := heard()) is not None:
            return here
        waiting.wait(0.02)
    raise AssertionError("nothing was heard")


def test_a_line_that_breaks_is_opened_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        with Listening(source, lambda: AT) as listening:
            for lon_deg in (120.0, 121.0):
                client, _ = server.accept()
                with client:
                    client.sendall(b"".join(frames(lon_deg)))
                    found = until(
                        lambda lon=lon_deg: (
                            here
                            if (here := listening.where(AT)) and here.position.lon_deg > lon - 0.1
                            else None
                        )
                    )
                assert found.position.lon_deg == pytest.approx(lon_deg)


def test_a_recording_is_read_on_as_it_grows(tmp_path: Path):
    path = tmp_path / "flight.tlog"
    writer = TlogWriter(path)
    with Listening(str(path), lambda: AT) as listening:
        for frame in frames(120.0):
            writer.write(frame)
        writer.close()
        here = until(lambda: listening.where(datetime.now(UTC)))
    assert here.position.lon_deg == pytest.approx(120.0)
    assert here.gimbal is None


@pytest.mark.parametrize("source", ["gone.tlog", "udpin:127.0.0.1:notaport"])
def test_what_cannot_be_listened_to_is_refused(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LinkError, match=source.partition(":")[0]):
        Listening(source, lambda: AT)
