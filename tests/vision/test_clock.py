import numpy as np
import pytest

from vision.clock import clock_ahead_s


def zigzag():
    """Two lines flown to and fro at 5 m/s, a picture every two seconds."""
    along = np.concatenate([np.arange(10) * 10.0, 90.0 - np.arange(10) * 10.0])
    across = np.repeat([0.0, 30.0], 10)
    return np.arange(20) * 2.0, np.column_stack([along, across])


@pytest.mark.parametrize("ahead_s", [0.8, -0.5])
def test_a_clock_that_is_wrong_is_found_below_the_noise_of_positions(ahead_s):
    rng = np.random.default_rng(1)
    seconds, places = zigzag()
    speed = np.column_stack([np.repeat([5.0, -5.0], 10), np.zeros(20)])
    off = ahead_s * speed + [3.0, -2.0] + rng.normal(0, 0.3, (20, 2))
    assert clock_ahead_s(seconds, places, off) == pytest.approx(ahead_s, abs=0.1)


def test_noise_alone_is_no_wrong_clock():
    seconds, places = zigzag()
    for seed in range(50):
        off = np.random.default_rng(seed).normal(0, 0.5, (20, 2))
        assert clock_ahead_s(seconds, places, off) is None


def test_one_line_or_few_pictures_say_nothing():
    seconds, places = zigzag()
    assert clock_ahead_s(seconds[:10], places[:10], np.ones((10, 2))) is None
    assert clock_ahead_s(seconds[:4], places[:4], np.ones((4, 2))) is None
