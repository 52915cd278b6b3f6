"""Photos without gimbal tags get their poses from whatever log there is of the flight."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flight.bin_log import read_recording
from flight.errors import LogError
from flight.log import write_track
from flight.releases import read_releases
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track
from tests.vision.photos import GIMBAL, HEIGHTS, save_photo, textured
from vision.frames import read_frames

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
LOGS = ("copter_survey.tlog", "copter_survey_compact.BIN")
needs_recordings = pytest.mark.skipif(
    not DATA.exists(), reason=f"recordings of a real ArduCopter are not at {DATA}"
)


def view(number):
    """A small picture that is like no other one; those that are alike are taken for doubles."""
    return textured(160, 120, seed=number)


@needs_recordings
@pytest.mark.parametrize("name", LOGS)
def test_sony_photos_get_the_pose_of_their_release(tmp_path, name):
    """A camera set to local time, 37 s slow, that missed three releases; one photo before all."""
    events = [e for e in read_recording(DATA / name).track.camera_events if e.index % 19]
    clock = timedelta(hours=8, seconds=-37)
    for event in events:
        taken = (event.time + clock).strftime("%Y:%m:%d %H:%M:%S")
        save_photo(
            tmp_path / f"DSC{event.index:05}.jpg", view(event.index), lon_lat=None, taken=taken
        )
    stray = (events[0].time + clock - timedelta(seconds=200)).strftime("%Y:%m:%d %H:%M:%S")
    save_photo(tmp_path / "DSC00000.jpg", view(0), lon_lat=None, taken=stray)
    first, *others = read_frames(tmp_path, events=read_releases(DATA / name), utc_offset_hours=8)
    assert first.pose is None
    for frame, event in zip(others, events, strict=True):
        if frame.pose is None:  # the leaning body looked too far aside
            assert frame.reasons[-1].startswith("shallow")
            continue
        assert frame.pose.position == event.position
        assert frame.pose.attitude == event.attitude
    assert sum(frame.pose is not None for frame in others) >= 50


@pytest.mark.parametrize("is_told", [False, True])
def test_a_view_that_the_log_does_not_tell_is_remarked(tmp_path, is_told):
    """Also by a written track; with tags of its own a photo needs no log to tell its view."""
    place, start = GeoPoint(120.1276, 32.5098, 63), datetime(2026, 10, 20, 2, 30, tzinfo=UTC)
    events = tuple(
        CameraEvent(n, start + timedelta(seconds=n * n), place, 60.0, Attitude(26, -90), is_told)
        for n in range(1, 9)
    )
    write_track(tmp_path / "log", Track((), events))
    own = GIMBAL | HEIGHTS
    for event in events:
        name, taken = f"DSC{event.index:05}.jpg", event.time.strftime("%Y:%m:%d %H:%M:%S")
        save_photo(tmp_path / "plain" / name, view(event.index), lon_lat=None, taken=taken)
        save_photo(tmp_path / "tagged" / name, view(event.index), xmp=own, taken=taken)
    releases = read_releases(tmp_path / "log")
    for folder, remarks in (("plain", 0 if is_told else 8), ("tagged", 0)):
        frames = read_frames(tmp_path / folder, events=releases, utc_offset_hours=0)
        assert all(frame.pose is not None for frame in frames)
        assert sum(r.startswith("view:") for f in frames for r in f.reasons) == remarks


@needs_recordings
def test_radio_and_dataflash_log_of_one_flight_tell_each_release_once(tmp_path):
    for name in LOGS:
        (tmp_path / name).symlink_to(DATA / name)
    assert [event.index for event in read_releases(tmp_path)] == list(range(1, 57))


@needs_recordings
def test_a_written_track_counts_before_the_recording_beside_it(tmp_path):
    log = read_recording(DATA / LOGS[0])
    write_track(tmp_path / "flight", log.track)
    (tmp_path / "flight" / "flight.tlog").write_bytes(b"not looked at")
    assert read_releases(tmp_path) == log.track.camera_events
    assert read_releases(tmp_path / "flight" / "camera_events.csv") == log.track.camera_events


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(LogError, match="no release of the shutter"):
        read_releases(tmp_path)
