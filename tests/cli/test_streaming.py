"""The verb `watch` on a real RTSP stream of this machine, beside MAVLink over UDP."""

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image

from cli.streaming import _tell_whether_open
from tests.cli.streams import (
    METRES_PER_DEGREE,
    RATE_HZ,
    SPEED_M_S,
    START_LON_DEG,
    flying_camera,
    number_of,
)
from tests.cli.test_main import run
from vision.frame_table import read_frame_table
from vision.stream_photos import StreamStills

LATE_S = 0.4
"""Busy machines send and read with so much delay."""


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_stills_of_a_stream_stand_where_the_vehicle_was(tmp_path: Path, monkeypatch, capsys):
    port, patrol = free_udp_port(), tmp_path / "patrol"
    with flying_camera(tmp_path, port, 8.0) as (server, vehicle):
        heard = ("--telemetry", f"udpin:127.0.0.1:{port}", "--delay", "0.3")
        camera = ("--focal35", "24", "--pitch", "-90")
        ways = (*heard, *camera, "--out", patrol, "--idle", "2")
        code = run(monkeypatch, "watch", server.url, *ways)
        assert code == 0
        began = server.began
    frames = read_frame_table(patrol / "frames.parquet")
    easts_m = [(f.pose.position.lon_deg - START_LON_DEG) * METRES_PER_DEGREE for f in frames]
    assert len(frames) >= 1  # how many, hangs on how fast this machine starts
    assert np.diff(easts_m).min(initial=20.2) > 20  # the next one is due each 20 m
    for frame, east_m in zip(frames, easts_m, strict=True):
        number = number_of(np.asarray(Image.open(patrol / "photos" / frame.path)))
        taken = began + number / RATE_HZ
        assert abs(east_m - vehicle.east_m(taken)) < LATE_S * SPEED_M_S
        assert abs(frame.taken_at.timestamp() - taken) < LATE_S
        assert frame.pose.attitude.yaw_deg % 360 == 90
    told = " ".join(capsys.readouterr().err.split())
    assert f"{len(frames)} stills" in told
    assert "aerogrid analyze" in told


def test_a_stream_that_breaks_off_is_told_once_and_when_it_is_back(capsys):
    was = True
    for is_open in (True, False, False, True, True):
        was = _tell_whether_open(cast(StreamStills, SimpleNamespace(is_open=is_open)), before=was)
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("the stream has broken off") == 1
    assert told.count("the stream is there again") == 1


def test_a_stream_that_is_not_there_is_refused(tmp_path: Path, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as held:
        gone = held.getsockname()[1]
    arguments = ("--telemetry", f"udpin:127.0.0.1:{free_udp_port()}", "--focal35", "24")
    url = f"rtsp://127.0.0.1:{gone}/live"
    assert run(monkeypatch, "watch", url, *arguments, "--out", tmp_path / "p") == 1
    assert "no stream comes" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--focal35", "24"), "Give --telemetry"),
        (("--telemetry", "flight.tlog"), "does not tell its focal length"),
        (("--telemetry", "flight.tlog", "--focal35", "24"), "flight.tlog: is no recording"),
    ],
)
def test_a_stream_that_cannot_be_placed_is_refused(options, said, tmp_path, monkeypatch, capsys):
    where = ("rtsp://127.0.0.1:1/live", "--out", tmp_path / "p")
    assert run(monkeypatch, "watch", *where, *options) == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_options_of_a_stream_belong_to_one(tmp_path: Path, monkeypatch):
    for options in (("--telemetry", "a.tlog"), ("--delay", "1")):
        assert run(monkeypatch, "watch", tmp_path, "--out", tmp_path / "p", *options) == 2
    stream = ("rtsp://127.0.0.1:1/live", "--srt", tmp_path / "a.srt")
    assert run(monkeypatch, "watch", *stream, "--out", tmp_path / "p") == 2
