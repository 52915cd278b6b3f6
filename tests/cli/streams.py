"""A drone's live video and telemetry on this machine: an RTSP server, a vehicle that is heard."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from pymavlink.dialects.v20 import ardupilotmega as mavlink

RATE_HZ = 10
SIZE_PX = (320, 180)
BAR_PX = 4
START_LON_DEG, LAT_DEG, METRES_PER_DEGREE = 120.0, 32.0, 94_500.0
SPEED_M_S = 20.0
PACKET = 188
SYNC_PER_RTP = 7

_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=drone\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\n"


def write_stream(path: Path, seconds: float) -> None:
    """Write MPEG-TS of noise; a white bar tells the number of each picture."""
    noise = np.random.default_rng(1).integers(60, 190, (*SIZE_PX[::-1], 3), dtype=np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 2.0)
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, RATE_HZ, SIZE_PX)
    for number in range(round(seconds * RATE_HZ)):
        picture = np.roll(noise, 5 * number, axis=1)
        picture[:40] = 0
        picture[:40, BAR_PX * number : BAR_PX * (number + 1)] = 255
        writer.write(picture)
    writer.release()


def number_of(picture: np.ndarray) -> int:
    """Read the number of a picture off its bar."""
    return int(picture[5:35].mean(axis=(0, 2)).argmax() // BAR_PX)


def by_picture(stream: bytes) -> Iterator[bytes]:
    """Cut a transport stream before the first packet of each picture."""
    packets = [stream[i : i + PACKET] for i in range(0, len(stream), PACKET)]
    pids = [(p[1] & 0x1F) << 8 | p[2] for p in packets]
    video = max(set(pids), key=pids.count)
    part = b""
    for packet, pid in zip(packets, pids, strict=True):
        if pid == video and packet[1] & 0x40 and part:
            yield part
            part = b""
        part += packet
    yield part


class RtspServer:
    """Plays a transport stream once, picture by picture at its rate, to one client over TCP.

    Attributes:
        began: when the first picture was sent, seconds since 1970; None before.
    """

    def __init__(self, stream: bytes, on_play: Callable[[], None]) -> None:
        self._pictures = list(by_picture(stream))
        self._on_play = on_play
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._socket.getsockname()[1]}/live"
        self.began: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        client, _ = self._socket.accept()
        self._socket.close()  # nobody can come again
        with client, client.makefile("rb") as asked:
            while (request := _request(asked)) is not None:
                verb, number = request
                client.sendall(_answer(verb, number))
                if verb == "PLAY":
                    self._play(client)
                    return

    def _play(self, client: socket.socket) -> None:
        self._on_play()
        self.began, sequence = time.time(), 0
        for number, picture in enumerate(self._pictures):
            if self._ended.wait(max(self.began + number / RATE_HZ - time.time(), 0)):
                return
            for start in range(0, len(picture), PACKET * SYNC_PER_RTP):
                payload = picture[start : start + PACKET * SYNC_PER_RTP]
                head = struct.pack(">BBHII", 0x80, 33, sequence & 0xFFFF, number * 9000, 7)
                client.sendall(struct.pack(">cBH", b"$", 0, len(head + payload)) + head + payload)
                sequence += 1


def _request(asked) -> tuple[str, str] | None:
    """Verb and CSeq of the next request."""
    lines = []
    while (line := asked.readline()) not in (b"\r\n", b""):
        lines.append(line.decode())
    if not lines:
        return None
    number = next(line.split(":")[1].strip() for line in lines if line.lower().startswith("cseq"))
    return lines[0].split()[0], number


def _answer(verb: str, number: str) -> bytes:
    head = [f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\n"]
    body = ""
    if verb == "OPTIONS":
        head.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")
    elif verb == "DESCRIBE":
        body = _SDP
        head.append(f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n")
    elif verb == "SETUP":
        head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    return ("".join(head) + "\r\n" + body).encode()


def messages_at(east_m: float, *, heading_deg: float = 90.0) -> Iterator[mavlink.MAVLink_message]:
    """What a vehicle says that flies east 60 m above home."""
    lon = round((START_LON_DEG + east_m / METRES_PER_DEGREE) * 1e7)
    yield mavlink.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3)
    yield mavlink.MAVLink_global_position_int_message(
        0, round(LAT_DEG * 1e7), lon, 62_000, 60_000, 0, round(SPEED_M_S * 100), 0,
        round(heading_deg * 100),
    )  # fmt: skip


class Vehicle:
    """Flies east over UDP, as a ground station forwards it, from when it takes off."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._mav = mavlink.MAVLink(None, 1, 1)
        self.began = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take_off(self) -> None:
        self.began = time.time()
        self._thread = threading.Thread(target=self._fly, daemon=True)
        self._thread.start()

    def east_m(self, at: float) -> float:
        return SPEED_M_S * (at - self.began)

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def _fly(self) -> None:
        while not self._ended.wait(0.2):
            for message in messages_at(self.east_m(time.time())):
                self._socket.sendto(message.pack(self._mav), self._to)


@contextmanager
def flying_camera(folder: Path, port: int, seconds: float) -> Iterator[tuple[RtspServer, Vehicle]]:
    """A vehicle that takes off when its video is played."""
    write_stream(folder / "live.ts", seconds)
    vehicle = Vehicle(port)
    server = RtspServer((folder / "live.ts").read_bytes(), vehicle.take_off)
    try:
        yield server, vehicle
    finally:
        vehicle.close()
        server.close()
