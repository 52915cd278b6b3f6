"""Stills of a video: by ground overlap, posed from the subtitles, read back as photos."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.camera import Camera
from geo.footprint import size_on_ground_m
from geo.frames import LocalFrame
from geo.pose import Attitude
from geo.terrain import FlatTerrain
from vision.errors import VisionError
from vision.frames import read_frames
from vision.images import read_rgb
from vision.still_photos import VideoStills
from vision.stills import Still, choose_stills
from vision.subtitles import VideoMoment, read_subtitles

FRAME = LocalFrame(120.0, 32.0)
CAMERA = Camera.centred(640, 360, 640 * 24 / 36)
HEIGHT_M = 60.0
RATE = 10


def moment(second: float, x_m: float, y_m: float, height_m: float = HEIGHT_M) -> VideoMoment:
    lon_deg, lat_deg = FRAME.lonlat_from_xy(np.array([[x_m, y_m]]))[0].tolist()
    clock = datetime(2026, 6, 10, 9, 0, int(second), int(second % 1 * 1000) * 1000)
    return VideoMoment(second, clock, lon_deg, lat_deg, height_m, 62.0, None)


def row(speed_m_s: float = 8.0, seconds: float = 12.0) -> list[VideoMoment]:
    """To the north-east at one speed, ten records a second."""
    steps = np.arange(0, seconds, 1 / RATE)
    way = speed_m_s * steps / np.sqrt(2)
    return [moment(float(t), float(w), float(w)) for t, w in zip(steps, way, strict=True)]


@given(speed=st.floats(1.0, 20.0), overlap=st.floats(0.0, 0.9))
def test_neighbours_overlap_as_asked_and_no_more_than_needed(speed: float, overlap: float):
    stills = choose_stills(row(speed), CAMERA, overlap_share=overlap, pitch_deg=-90.0)
    places = FRAME.xy_from_lonlat(
        np.array([(one.moment.lon_deg, one.moment.lat_deg) for one in stills])
    )
    wanted_m = min(size_on_ground_m(CAMERA, HEIGHT_M)) * (1 - overlap)
    for one, other in pairwise(places):
        away_m = float(np.hypot(*(other - one)))
        assert wanted_m - 1e-6 <= away_m <= wanted_m + speed / RATE + 1e-3
    assert stills[0].moment.start_s == 0.0


def test_the_heading_is_the_way_that_the_drone_went():
    stills = choose_stills(row(), CAMERA, pitch_deg=-85.0)
    for still in stills:
        assert still.attitude.yaw_deg == pytest.approx(45.0, abs=0.1)
        assert still.attitude.pitch_deg == -85.0


def test_a_hovering_drone_heads_where_it_goes_next_and_is_taken_once():
    hover = [moment(n / RATE, 0.0, 0.0) for n in range(50)]
    away = [moment(5 + n / RATE, 0.0, 0.8 * n) for n in range(1, 50)]
    stills = choose_stills([*hover, *away], CAMERA, pitch_deg=-90.0)
    assert sum(still.moment.start_s < 5 for still in stills) == 1
    assert stills[0].attitude.yaw_deg == pytest.approx(0.0, abs=0.1)


def test_a_written_gimbal_counts_and_a_turn_is_a_new_picture():
    moments = [
        replace(moment(n / RATE, 0.0, 0.0), attitude=Attitude(3.0 * n, -60.0)) for n in range(40)
    ]
    stills = choose_stills(moments, CAMERA)
    assert [still.attitude.yaw_deg for still in stills] == [0.0, 21.0, 42.0, 63.0, 84.0, 105.0]


@pytest.mark.parametrize(
    ("moments", "pitch_deg", "said"),
    [
        (row(), None, "give --pitch"),
        ([moment(n, 0.0, 0.0) for n in range(5)], -90.0, "never went 2 m"),
        ([replace(moment(0, 0, 0), height_home_m=None), *row()], -90.0, "no height"),
    ],
)
def test_what_cannot_be_posed_is_refused(moments, pitch_deg, said):
    with pytest.raises(VisionError, match=said):
        choose_stills(moments, CAMERA, pitch_deg=pitch_deg)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds whose pictures get brighter by two levels ten times a second."""
    path = tmp_path_factory.mktemp("video") / "DJI_0001.avi"
    size = (CAMERA.width_px, CAMERA.height_px)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, size)
    for number in range(12 * RATE):
        writer.write(np.full((size[1], size[0], 3), 2 * number, np.uint8))
    writer.release()
    records = [
        f"{n + 1}\n00:00:{m.start_s:06.3f} --> 00:00:{m.start_s + 0.1:06.3f}\n".replace(".", ",")
        + f"{m.clock:%Y-%m-%d %H:%M:%S}.{m.clock.microsecond // 1000:03d}\n"
        + f"[latitude: {m.lat_deg:.9f}] [longitude: {m.lon_deg:.9f}] "
        + f"[rel_alt: {m.height_home_m:.3f} abs_alt: {m.altitude_m:.3f}]\n"
        for n, m in enumerate(row())
    ]
    path.with_suffix(".SRT").write_text("\n".join(records))
    return path


def stills_of(taker: VideoStills, video: Path) -> tuple[Still, ...]:
    moments = read_subtitles(video.with_suffix(".SRT"))
    return choose_stills(moments, taker.camera, pitch_deg=-90.0)


def test_stills_are_photos_with_the_pose_of_their_moment(video: Path, tmp_path: Path):
    taker = VideoStills(video, tmp_path / "photos", 24.0)
    stills = stills_of(taker, video)
    taker.ask_for(stills)
    assert len(stills) > 3
    while taker.take_next():
        pass
    taker.close()
    frames = read_frames(tmp_path / "photos", terrain=FlatTerrain(2.0), utc_offset_hours=8.0)
    assert len(frames) == len(stills)
    for frame, still in zip(frames, stills, strict=True):
        assert frame.pose is not None
        assert frame.camera is not None
        assert frame.taken_at is not None
        assert frame.camera.focal_px == pytest.approx(CAMERA.focal_px, rel=1e-6)
        assert frame.pose.position.lon_deg == pytest.approx(still.moment.lon_deg, abs=1e-8)
        assert frame.pose.position.lat_deg == pytest.approx(still.moment.lat_deg, abs=1e-8)
        assert frame.pose.position.altitude_amsl_m == pytest.approx(2.0 + HEIGHT_M, abs=0.1)
        assert frame.pose.attitude.yaw_deg == pytest.approx(45.0, abs=0.2)
        assert frame.taken_at.strftime("%H:%M:%S") == f"{still.moment.clock:01:%M:%S}"
        level = read_rgb(tmp_path / "photos" / frame.path).mean()
        assert level == pytest.approx(20 * still.moment.start_s, abs=2.0)


def test_a_second_run_takes_only_what_is_missing(video: Path, tmp_path: Path):
    taker = VideoStills(video, tmp_path, 24.0)
    stills = stills_of(taker, video)
    taker.ask_for(stills)
    assert taker.take_next()
    assert taker.take_next()
    taker.close()  # as if it had been killed
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = VideoStills(video, tmp_path, 24.0)
    again.ask_for(stills)
    while again.take_next():
        pass
    again.close()
    assert len(list(tmp_path.iterdir())) == len(stills)
    assert all((tmp_path / name).stat().st_mtime_ns == time for name, time in kept.items())


def test_subtitles_of_another_video_are_told(video: Path, tmp_path: Path):
    taker = VideoStills(video, tmp_path, 24.0)
    taker.ask_for([replace(still, moment=replace(still.moment, start_s=99.0))
                   for still in stills_of(taker, video)[:1]])  # fmt: skip
    with pytest.raises(VisionError, match=r"no picture at 99\.0 s"):
        taker.take_next()
    taker.close()


def test_a_file_that_is_no_video_is_refused(tmp_path: Path):
    (tmp_path / "flight.mp4").write_bytes(b"no video")
    with pytest.raises(VisionError, match="no video that can be read"):
        VideoStills(tmp_path / "flight.mp4", tmp_path, 24.0)
