from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent
from vision.poses import ClockRules, match_events

START = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


def events_at(seconds):
    return [
        CameraEvent(i, START + timedelta(seconds=float(s)), GeoPoint(119.3, 33.2, 80.0), 80.0,
                    Attitude(0.0, -90.0))
        for i, s in enumerate(seconds, start=1)
    ]  # fmt: skip


def times_at(seconds):
    return [None if s is None else START + timedelta(seconds=float(s)) for s in seconds]


def indices(found):
    return [event and event.index for event in found.events]


@settings(max_examples=30, deadline=None)
@given(offset=st.floats(-40_000, 40_000), seed=st.integers(0, 1000))
def test_a_camera_clock_that_is_off_still_finds_its_events(offset, seed):
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(rng.uniform(2.0, 7.0, 25))
    written = np.floor(seconds + offset)  # EXIF has whole seconds
    found = match_events(times_at(written), events_at(seconds), ClockRules(most_offset_s=50_000))
    assert indices(found) == list(range(1, 26))
    assert found.offset_s == pytest.approx(offset, abs=1.0)


def test_photos_that_the_log_lacks_stay_without_event():
    seconds = [0.0, 5.0, 11.0, 18.0, 26.0]
    found = match_events(times_at([0, 5, 8, 11, 18, None, 26]), events_at(seconds))
    assert indices(found) == [1, 2, None, 3, 4, None, 5]


def test_an_event_belongs_to_one_photo_only():
    assert indices(match_events(times_at([0, 0.2, 10]), events_at([0.0, 10.0]))) == [1, None, 2]


def test_the_clock_offset_is_what_the_camera_is_ahead():
    seconds = np.array([0.0, 5.0, 11.0, 18.0])
    found = match_events(times_at(seconds + 140.4), events_at(seconds))
    assert (found.offset_s, found.problem) == (pytest.approx(140.4), "")


def test_nothing_matches_nothing():
    assert match_events([None, START], []).events == (None, None)
    assert match_events([None], events_at([0.0])).events == (None,)
    assert match_events([None], events_at([0.0])).problem == ""


EVEN = np.arange(0, 120, 2.0)  # a release every two seconds


@pytest.mark.parametrize("clock_s", [-40.0, 0.0, 0.3, 40.0])
def test_some_photos_of_even_releases_fit_in_many_places_and_get_none(clock_s):
    found = match_events(times_at(EVEN[20:40] + clock_s), events_at(EVEN))
    assert set(found.events) == {None}
    assert found.offset_s is None
    assert "fits as well with" in found.problem
    assert "most_clock_offset_s" in found.problem


def test_a_clock_known_to_be_right_tells_even_releases_apart():
    found = match_events(times_at(EVEN[20:40] + 0.3), events_at(EVEN), ClockRules(0.9))
    assert indices(found) == list(range(21, 41))


@pytest.mark.parametrize("clock_s", [-150.0, 0.0, 40.0])
@pytest.mark.parametrize("step_s", [0.7, 2.0, 5.0])
def test_all_photos_of_even_releases_fit_in_one_place(clock_s, step_s):
    seconds = np.arange(60) * step_s
    found = match_events(times_at(np.round(seconds + clock_s, 2)), events_at(seconds))
    assert indices(found) == list(range(1, 61))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    row=st.integers(3, 12),
    first=st.integers(0, 30),
    clock_s=st.floats(-250, 250),
)
@example(seed=373, row=12, first=20, clock_s=0.0)  # whole seconds that fit other rows to 0.149 s
def test_photos_of_a_survey_with_turns_are_never_given_to_a_wrong_event(seed, row, first, clock_s):
    rng = np.random.default_rng(seed)
    turns = np.where(np.arange(60) % row == 0, rng.uniform(4, 9, 60), 0.0)
    seconds = np.cumsum(2.0 + turns)
    taken = np.floor(seconds[first : first + 30] + clock_s)
    found = match_events(times_at(taken), events_at(seconds))
    assert indices(found) == list(range(first + 1, first + 31)) or found.problem


def test_a_clock_further_off_than_allowed_is_named_and_refused():
    rng = np.random.default_rng(1)
    seconds = np.cumsum(rng.uniform(2.0, 7.0, 40))
    year_s = 365 * 86400.0
    for clock_s in (400.0, -28800.0, year_s):
        found = match_events(times_at(seconds + clock_s), events_at(seconds))
        assert set(found.events) == {None}
        assert f"{clock_s:+.1f} s ahead, at most 300 s" in found.problem


def test_a_log_of_another_flight_is_refused():
    rng = np.random.default_rng(3)
    photos, events = (np.cumsum(rng.uniform(2.0, 30.0, 40)) for _ in range(2))
    found = match_events(times_at(photos), events_at(events))
    assert set(found.events) == {None}
    assert "is it the log of this flight?" in found.problem


def test_one_photo_among_many_releases_is_refused_where_several_could_be_it():
    assert match_events(times_at([100.0]), events_at([0.0, 90.0, 500.0])).problem
    assert indices(match_events(times_at([100.0]), events_at([90.0, 500.0]))) == [1]
