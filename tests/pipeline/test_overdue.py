"""A time limit for calls that may hang."""

import pickle
from threading import Event

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


def test_the_error_travels_between_processes():
    there = pickle.loads(pickle.dumps(OverdueError(630.0, "tcp://a:1")))
    assert (str(there), there.limit_s, there.where) == (
        "not done within 630 s",
        630.0,
        "tcp://a:1",
    )
