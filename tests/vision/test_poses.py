from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent
from vision.poses import clock_offset_s, match_events

START = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


def events_at(seconds):
    return [
        CameraEvent(i, START + timedelta(seconds=float(s)), GeoPoint(119.3, 33.2, 80.0), 80.0,
                    Attitude(0.0, -90.0))
        for i, s in enumerate(seconds, start=1)
    ]  # fmt: skip


def times_at(seconds):
    return [None if s is None else START + timedelta(seconds=float(s)) for s in seconds]


@settings(max_examples=30, deadline=None)
@given(offset=st.floats(-40_000, 40_000), seed=st.integers(0, 1000))
def test_a_camera_clock_that_is_off_still_finds_its_events(offset, seed):
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(rng.uniform(2.0, 7.0, 25))
    written = np.floor(seconds + offset)  # EXIF has whole seconds
    found = match_events(times_at(written), events_at(seconds))
    assert [event.index for event in found if event] == list(range(1, 26))


def test_photos_that_the_log_lacks_stay_without_event():
    seconds = [0.0, 5.0, 11.0, 18.0, 26.0]
    found = match_events(times_at([0, 5, 8, 11, 18, None, 26]), events_at(seconds))
    assert [e and e.index for e in found] == [1, 2, None, 3, 4, None, 5]


def test_an_event_belongs_to_one_photo_only():
    found = match_events(times_at([0, 0.2, 10]), events_at([0.0, 10.0]))
    assert [e and e.index for e in found] == [1, None, 2]


def test_the_clock_offset_is_what_the_camera_is_ahead():
    events = np.array([0.0, 5.0, 11.0, 18.0])
    assert clock_offset_s(events + 3600.4, events) == pytest.approx(3600.4)


def test_nothing_matches_nothing():
    assert match_events([None, START], []) == [None, None]
    assert match_events([None], events_at([0.0])) == [None]
