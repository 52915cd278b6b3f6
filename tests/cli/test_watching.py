"""The verb `watch` on a photo that is there already; tests/pipeline has them land one by one."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cases.registry import Registry
from tests.cli.test_main import run
from vision.frame_table import read_frame_table


def test_watch_searches_what_is_there_and_ends_when_nothing_comes(tmp_path, monkeypatch, capsys):
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(1).integers(60, 200, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photos" / "field.jpg")
    patrol = tmp_path / "patrol"
    arguments = (tmp_path / "photos", "--out", patrol, "--idle", "0.5")
    assert run(monkeypatch, "watch", *arguments) == 0
    told = capsys.readouterr()
    assert "1 photos, 0 waiting" in told.out
    assert "aerogrid analyze" in " ".join(told.err.split())
    assert (patrol / "filing.json").exists()


def test_watch_refuses_a_folder_of_others(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("not a patrol")
    assert run(monkeypatch, "watch", tmp_path / "photos", "--out", tmp_path / "mine") == 1
    assert "holds letter.txt and is no patrol" in " ".join(capsys.readouterr().err.split())


def test_a_file_that_is_no_video_is_refused(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "photo.jpg").write_bytes(b"one photo")
    patrol = tmp_path / "patrol"
    assert run(monkeypatch, "watch", tmp_path / "photo.jpg", "--out", patrol) == 1
    assert "is a file and no video (.avi" in " ".join(capsys.readouterr().err.split())
    assert not patrol.exists()


def test_a_folder_that_is_not_there_yet_is_told(tmp_path: Path, monkeypatch, capsys):
    arguments = (tmp_path / "photos", "--out", tmp_path / "patrol", "--idle", "0.1")
    assert run(monkeypatch, "watch", *arguments) == 0
    assert "is not there yet" in " ".join(capsys.readouterr().err.split())


def make_video(folder: Path, pictures: int = 30) -> Path:
    """Three seconds over noise, eastward at 20 m/s, 60 m above home, with its subtitles."""
    path = folder / "DJI_0007.avi"
    noise = np.random.default_rng(1).integers(60, 200, (180, 320, 3), dtype=np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 180))
    records = []
    for number in range(pictures):
        writer.write(np.roll(noise, 5 * number, axis=1))
        lon_deg = 120.0 + 2.0 * number / 94_000
        records.append(
            f"{number + 1}\n00:00:{number / 10:06.3f} --> 00:00:{number / 10 + 0.1:06.3f}\n"
            f"2026-06-10 09:00:{number / 10:06.3f}\n"
            f"[latitude: 32.000000] [longitude: {lon_deg:.9f}] [rel_alt: 60.0 abs_alt: 62.0]\n"
        )
    writer.release()
    path.with_suffix(".SRT").write_text("\n".join(records))
    return path


def test_watch_takes_stills_of_a_video_and_none_twice(tmp_path: Path, monkeypatch, capsys):
    video, patrol = make_video(tmp_path), tmp_path / "patrol"
    arguments = (video, "--focal35", "24", "--pitch", "-90", "--out", patrol)
    assert run(monkeypatch, "watch", *arguments) == 0
    stills = sorted(path.name for path in (patrol / "photos").iterdir())
    # 2 m a record; a picture shows 50 m down the shorter side, of which 40 % have to be new
    assert stills == ["DJI_0007_00000000.jpg", "DJI_0007_00001100.jpg", "DJI_0007_00002200.jpg"]
    frames = read_frame_table(patrol / "frames.parquet")
    assert [frame.pose is not None for frame in frames] == [True] * 3
    capsys.readouterr()
    assert run(monkeypatch, "watch", *arguments) == 0
    assert sorted(path.name for path in (patrol / "photos").iterdir()) == stills


def test_a_watch_of_a_video_that_is_killed_goes_on_and_files_nothing_twice(
    tmp_path: Path, monkeypatch
):
    video, patrol = make_video(tmp_path, 60), tmp_path / "patrol"
    arguments = (video, "--focal35", "24", "--pitch", "-90", "--out", patrol)
    command = [sys.executable, "-m", "cli.main", "watch", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watch:
        waiting = threading.Event()
        while len(list((patrol / "photos").glob("*.jpg"))) < 3 and watch.poll() is None:
            waiting.wait(0.01)
        watch.kill()
    assert watch.returncode == -signal.SIGKILL
    taken = {path.name: path.stat().st_mtime_ns for path in (patrol / "photos").glob("*.jpg")}
    assert 3 <= len(taken) < 6
    assert run(monkeypatch, "watch", *arguments) == 0
    stills = {path.name: path.stat().st_mtime_ns for path in (patrol / "photos").glob("*.jpg")}
    assert sorted(stills) == [f"DJI_0007_{1100 * number:08d}.jpg" for number in range(6)]
    assert taken.items() <= stills.items()
    frames = read_frame_table(patrol / "frames.parquet")
    assert sorted(frame.path for frame in frames) == sorted(stills)
    with Registry.open(patrol / "cases.sqlite") as registry:
        assert registry.verify_chain().is_intact
        assert len({entry.patrol_id for entry in registry.filings()}) == 1


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        ("rtsp://127.0.0.1/live", (), "does not say from where it is taken. Give --telemetry"),
        ("bare.mp4", ("--focal35", "24"), "no subtitles lie beside it"),
        ("told.mp4", (), "give --focal35"),
        ("told.mp4", ("--focal35", "24"), "no video that can be read"),
    ],
)
def test_what_cannot_be_located_is_refused(source, options, said, tmp_path, monkeypatch, capsys):
    (tmp_path / "told.SRT").write_text(
        "1\n00:00:00.000 --> 00:00:00.100\n[latitude: 32.0] [longitude: 120.0] [rel_alt: 60.0]\n"
    )
    where = source if ":" in source else tmp_path / source
    patrol = tmp_path / "patrol"
    assert run(monkeypatch, "watch", where, "--out", patrol, *options) == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert not patrol.exists()


def test_options_of_a_video_belong_to_one(tmp_path: Path, monkeypatch):
    assert run(monkeypatch, "watch", tmp_path, "--out", tmp_path / "p", "--pitch", "-90") == 2
