"""A time limit for calls that may hang."""

import pickle
from threading import Event, Thread, current_thread

import pytest

from pipeline.overdue import OverdueError, within


@pytest.mark.parametrize("limit_s", [None, 60.0])
def test_what_a_call_comes_to_is_given_within_its_time(limit_s):
    assert within(limit_s, lambda: 8) == 8
    with pytest.raises(ValueError, match="invalid literal"):
        within(limit_s, lambda: int("x"))


def test_a_call_that_hangs_is_told_and_left_behind():
    gate = Event()
    with pytest.raises(OverdueError, match=r"^not done within 0\.01 s$"):
        within(0.01, gate.wait)
    gate.set()


def test_calls_share_a_thread_until_one_hangs():
    """What libraries set up by thread is set up once."""
    first, second = within(60.0, current_thread), within(60.0, current_thread)
    gate = Event()
    with pytest.raises(OverdueError):
        within(0.01, gate.wait)
    other = within(60.0, current_thread)
    gate.set()
    assert first is second
    assert first not in (current_thread(), other)


def test_a_helper_ends_with_the_thread_that_asks():
    helpers = []
    asking = Thread(target=lambda: helpers.append(within(60.0, current_thread)))
    asking.start()
    asking.join()
    helpers[0].join(timeout=60)
    assert not helpers[0].is_alive()


def test_the_error_travels_between_processes():
    there = pickle.loads(pickle.dumps(OverdueError(630.0, "tcp://a:1")))
    assert (str(there), there.limit_s, there.where) == (
        "not done within 630 s",
        630.0,
        "tcp://a:1",
    )
