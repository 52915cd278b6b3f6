import contextlib
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LogError
from flight.log import TlogWriter, read_tlog, read_track, write_track
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track, TrackPoint

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
needs_recordings = pytest.mark.skipif(
    not DATA.exists(), reason=f"recordings of a real ArduCopter are not at {DATA}"
)


@pytest.fixture(scope="module")
def survey():
    return read_tlog(DATA / "copter_survey.tlog")


@needs_recordings
def test_the_recorded_survey_has_its_56_photos_in_order(survey):
    assert [event.index for event in survey.track.camera_events] == list(range(1, 57))
    times = [event.time for event in survey.track.camera_events]
    assert times == sorted(times)


@needs_recordings
def test_the_recorded_survey_went_through_its_modes_and_landed(survey):
    assert survey.modes == ("STABILIZE", "GUIDED", "AUTO")
    assert survey.landed
    assert survey.problems == ()
    assert survey.reached == (2, 3, *range(5, 14), 15)


@needs_recordings
def test_the_recorded_texts_and_parameters_are_there(survey):
    words = [event.text for event in survey.events]
    assert "Mission: 15 RTL" in words
    assert words[-1] == "Disarming motors"
    assert survey.parameters["WPNAV_SPEED"] == 1000


@needs_recordings
def test_the_recorded_track_is_the_flight_and_nothing_else(survey):
    points = survey.track.points
    assert survey.duration_s == pytest.approx(288, abs=1)
    assert (points[-1].time - points[0].time).total_seconds() == pytest.approx(288, abs=1)
    assert max(p.height_home_m for p in points) == pytest.approx(60, abs=0.2)


@needs_recordings
def test_a_camera_fixed_to_the_leaning_body_looks_aside(survey):
    assert survey.track.camera_events[3].attitude.pitch_deg == pytest.approx(-60, abs=1)


@needs_recordings
@pytest.mark.parametrize(
    ("name", "last_mode", "words"),
    [
        ("fs_batt", "RTL", "Battery Failsafe"),
        ("fs_gps", "LAND", "EKF Failsafe: changed to LAND Mode"),
        ("fs_gcs", "RTL", "GCS Failsafe"),
        ("fs_fence", "RTL", "Polygon fence breached"),
        ("fs_rc", "RTL", "Radio Failsafe"),
    ],
)
def test_the_cause_of_a_recorded_failsafe_is_told(name, last_mode, words):
    log = read_tlog(DATA / f"{name}.tlog")
    assert log.modes[-1] == last_mode
    assert any(event.text.startswith(words) for event in log.events)


def recording(path, count=50):
    sender = mavlink.MAVLink(None, 1, 1)
    writer = TlogWriter(path)
    writer.write(bytes(mavlink.MAVLink_heartbeat_message(2, 3, 209, 3, 4, 3).pack(sender)))
    for index in range(count):
        message = mavlink.MAVLink_global_position_int_message(
            index * 200, 325098000 + index, 1201276000, 33000, 30000, 0, 500, 0, 9000
        )
        writer.write(bytes(message.pack(sender)))
    writer.close()
    return path


def test_what_is_recorded_is_read_back(tmp_path):
    log = read_tlog(recording(tmp_path / "a.tlog"))
    assert log.modes == ("AUTO",)
    assert not log.landed
    assert log.problems == ()


def test_a_recording_that_was_cut_off_is_read_up_to_there_and_says_so(tmp_path):
    path = recording(tmp_path / "a.tlog")
    path.write_bytes(path.read_bytes()[:-5])
    log = read_tlog(path)
    assert log.modes == ("AUTO",)
    assert any("cut off" in problem for problem in log.problems)


def test_damage_in_the_middle_costs_frames_but_not_the_recording(tmp_path):
    path = recording(tmp_path / "a.tlog")
    data = bytearray(path.read_bytes())
    data[500:520] = b"\x00" * 20
    path.write_bytes(data)
    assert read_tlog(path).problems != ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2000))
def test_no_damage_makes_the_reader_fail(tmp_path_factory, noise, place):
    path = recording(tmp_path_factory.mktemp("tlog") / "a.tlog", count=20)
    data = path.read_bytes()
    path.write_bytes(data[:place] + noise + data[place:])
    with contextlib.suppress(LogError):  # anything else is a crash
        log = read_tlog(path)
        assert len(log.track.points) <= 20


def test_a_file_that_is_no_recording_is_refused_by_name(tmp_path):
    path = tmp_path / "photo.tlog"
    path.write_bytes(b"\xff\xd8" * 100)
    with pytest.raises(LogError, match=r"photo\.tlog"):
        read_tlog(path)


def test_a_missing_recording_is_refused_by_name(tmp_path):
    with pytest.raises(LogError, match="nowhere"):
        read_tlog(tmp_path / "nowhere.tlog")


def test_stamps_are_microseconds_big_endian(tmp_path):
    data = recording(tmp_path / "a.tlog").read_bytes()
    (stamp_us,) = struct.unpack(">Q", data[:8])
    assert datetime.fromtimestamp(stamp_us / 1e6, UTC).year >= 2024


TRACK = Track(
    (
        TrackPoint(datetime(2026, 6, 15, 1, 2, tzinfo=UTC), GeoPoint(120.1, 32.5, 63), 60, 90, 8.1),
        TrackPoint(datetime(2026, 6, 15, 1, 3, tzinfo=UTC), GeoPoint(120.2, 32.5, 63), 60, 91, 8.2),
    ),
    (
        CameraEvent(
            1,
            datetime(2026, 6, 15, 1, 2, 30, 20_000, tzinfo=UTC),
            GeoPoint(1 / 3 + 120, 32.5, 63.07),
            60.01,
            Attitude(12.3, -90, 0.1),
        ),
    ),
)


def test_a_written_track_comes_back_exactly(tmp_path):
    write_track(tmp_path, TRACK)
    assert read_track(tmp_path) == TRACK


def test_a_track_is_written_to_the_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        write_track(tmp_path / name, TRACK)
    for file in ("track.parquet", "camera_events.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_track_without_points_is_kept_too(tmp_path):
    write_track(tmp_path, Track((), ()))
    assert read_track(tmp_path) == Track((), ())


def test_a_damaged_track_is_refused(tmp_path):
    write_track(tmp_path, TRACK)
    (tmp_path / "track.parquet").write_bytes(b"nothing")
    with pytest.raises(LogError, match="damaged"):
        read_track(tmp_path)


def test_a_recording_is_never_written_over_another(tmp_path):
    path = recording(tmp_path / "a.tlog")
    before = path.read_bytes()
    with pytest.raises(LogError, match=r"a\.tlog: exists already"):
        TlogWriter(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_counted_and_never_stops_a_flight(monkeypatch):
    monkeypatch.setattr("flight.log._new_file", lambda path: path.open("wb"))
    monkeypatch.setattr(TlogWriter, "FLUSH_S", -1.0)
    writer = TlogWriter(Path("/dev/full"))
    for _ in range(3):
        writer.write(b"frame")
    assert "3 frames could not be written (No space left on device)" in writer.fault
    writer.close()


def test_a_whole_recording_has_no_fault(tmp_path):
    writer = TlogWriter(tmp_path / "a.tlog")
    writer.write(b"frame")
    writer.close()
    assert writer.fault is None


def test_messages_that_cannot_be_are_told(tmp_path):
    recording(tmp_path / "a.tlog")
    mav = mavlink.MAVLink(None, 1, 1)
    nowhere = mavlink.MAVLink_global_position_int_message(1, 2**31 - 1, 0, 0, 0, 0, 0, 0, 0)
    with (tmp_path / "a.tlog").open("ab") as file:
        file.write(struct.pack(">Q", 0) + bytes(nowhere.pack(mav)))
    assert read_tlog(tmp_path / "a.tlog").problems == (
        "1 messages hold a place, time or angle that cannot be",
    )
