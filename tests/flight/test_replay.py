"""Every recording of a real ArduCopter is parsed to track, camera events, events and cause."""

import os
import re
from pathlib import Path

import pytest

from flight.bin_log import read_recording
from flight.trouble import Kind

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[3] / "shared")) / "sitl"
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason=f"recordings of a real ArduCopter are not at {DATA}"
)

# name: photos, cause, response, last words that name it (CONFORMANCE 3.1, 3.4, 3.5)
TRUTH = {
    "copter_survey.tlog": (56, None, None, ""),
    "copter_survey_compact.BIN": (56, None, None, ""),
    "copter_fence_breach.tlog": (0, Kind.FENCE, "RTL", "Polygon fence breached"),
    "fs_batt.tlog": (0, Kind.BATTERY, "RTL", "Battery 1 is low 11.00V used 284 mAh"),
    "fs_gps.tlog": (0, Kind.GNSS, "LAND", "GNSS fix lost"),
    "fs_gcs.tlog": (0, Kind.LINK, "RTL", "GCS Failsafe"),
    "fs_relink.tlog": (0, Kind.LINK, "RTL", "GCS Failsafe"),
    "fs_rc.tlog": (0, Kind.RADIO, "RTL", "Radio Failsafe"),
    "fs_fence.tlog": (15, Kind.FENCE, "RTL", "Polygon fence breached"),
    "fs_pause.tlog": (10, None, None, ""),
    "bad.tlog": (0, Kind.CRASH, None, "SIM Hit ground at 14.45612 m/s"),
}
EVENT_FILES = {"copter_survey": "survey_events.txt"}


def events_file(name):
    stem = Path(name).stem
    return DATA / EVENT_FILES.get(stem, f"{stem}_events.txt")


@pytest.fixture(scope="module")
def logs():
    return {name: read_recording(DATA / name) for name in TRUTH}


def test_no_recording_was_left_out():
    assert {p.name for p in DATA.iterdir() if p.suffix in (".tlog", ".BIN")} == set(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
def test_the_cause_of_the_end_is_told(logs, name):
    _, kind, response, words = TRUTH[name]
    cause = logs[name].cause
    assert (cause and cause.kind) == kind
    if cause is not None:
        assert cause.text.startswith(words)
        assert cause.response == response


@pytest.mark.parametrize("name", TRUTH)
def test_camera_events_are_numbered_without_a_gap(logs, name):
    events = logs[name].track.camera_events
    assert [event.index for event in events] == list(range(1, TRUTH[name][0] + 1))
    assert list(events) == sorted(events, key=lambda event: event.time)


@pytest.mark.parametrize("name", TRUTH)
def test_the_track_is_one_flight_in_order_and_ends_on_the_ground(logs, name):
    log = logs[name]
    points = log.track.points
    assert log.landed
    assert len(points) > 50
    assert [p.time for p in points] == sorted(p.time for p in points)
    seconds = (points[-1].time - points[0].time).total_seconds()
    assert seconds == pytest.approx(log.duration_s, abs=12 if name == "fs_relink.tlog" else 1.5)
    if name != "bad.tlog":  # that one fell down after its motors were stopped
        assert abs(points[-1].height_home_m) < 0.5


@pytest.mark.parametrize("name", [n for n in TRUTH if n.startswith(("fs_", "copter_survey."))])
def test_words_and_modes_are_those_of_the_written_course(logs, name):
    """Only texts whose bytes are in the recording count: fs_batt.tlog has lost some."""
    raw = (DATA / name).read_bytes()
    course = events_file(name).read_text(errors="replace")
    texts = re.findall(r'STATUSTEXT sev=(\d) "([^"]*)"', course)
    told = {(event.severity, event.text) for event in logs[name].events}
    texts = [(int(level), text[:50]) for level, text in texts if text.encode() in raw]
    assert len(texts) > 20
    missing = [said for said in texts if said not in told]
    assert missing == []
    modes = re.findall(r"MODE (\w+)->(\w+) armed", course)
    entered = [new for old, new in modes if old != new]
    assert list(logs[name].modes) == entered


@pytest.mark.parametrize("name", [n for n in TRUTH if n.startswith("fs_")])
def test_the_disarming_is_when_the_written_course_says(logs, name):
    """Seconds from arming to disarming, by the vehicle's clock; heartbeats come once a second."""
    course = events_file(name).read_text(errors="replace")
    times = {
        words: float(re.search(rf'sim +([\d.]+)\] STATUSTEXT sev=6 "{words}"', course)[1])
        for words in ("Arming motors", "Disarming motors")
    }
    log = logs[name]
    stamps = {event.text: event.time for event in log.events}
    seconds = (stamps["Disarming motors"] - stamps["Arming motors"]).total_seconds()
    assert seconds == pytest.approx(times["Disarming motors"] - times["Arming motors"], abs=1.0)


def test_the_dataflash_log_tells_the_same_flight_as_the_radio_log(logs):
    radio, flash = logs["copter_survey.tlog"], logs["copter_survey_compact.BIN"]
    assert flash.duration_s == pytest.approx(radio.duration_s, abs=1.0)
    assert flash.parameters["WPNAV_SPEED"] == radio.parameters["WPNAV_SPEED"]
    for ours, theirs in zip(flash.track.camera_events, radio.track.camera_events, strict=True):
        assert abs((ours.time - theirs.time).total_seconds()) < 0.05
        assert ours.position.lat_deg == pytest.approx(theirs.position.lat_deg, abs=1e-8)
        assert ours.position.lon_deg == pytest.approx(theirs.position.lon_deg, abs=1e-8)
        assert ours.position.altitude_amsl_m == pytest.approx(theirs.position.altitude_amsl_m)
        assert ours.attitude.pitch_deg == pytest.approx(theirs.attitude.pitch_deg, abs=0.01)
        assert ours.attitude.yaw_deg == pytest.approx(theirs.attitude.yaw_deg, abs=0.05)
