import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.timing import Motion, length_m, without_repeats

MOTION = Motion(speed_m_s=10.0, acceleration_m_s2=2.5)


def flown_seconds(distance, speed=10.0, acceleration=2.5, step=1e-3):
    """Simulate a stop-to-stop run in small steps."""
    place = v = seconds = 0.0
    while place < distance:
        braking = v * v / (2 * acceleration) >= distance - place
        v = max(v - acceleration * step, 1e-3) if braking else min(v + acceleration * step, speed)
        place += v * step
        seconds += step
    return seconds


@pytest.mark.parametrize("distance", [2.0, 25.0, 40.0, 130.0])
def test_run_takes_as_long_as_a_simulated_one(distance):
    assert MOTION.run_seconds(np.array(distance)) == pytest.approx(flown_seconds(distance), abs=0.1)


@given(st.floats(0.1, 5000))
def test_run_takes_longer_than_length_over_speed(distance):
    assert MOTION.run_seconds(np.array(distance)) > distance / 10


def test_stop_at_a_sharp_bend_costs_time_and_a_gentle_one_does_not():
    sharp = np.array([[0, 0], [100, 0], [100, 100.0]])
    gentle = np.array([[0, 0], [100, 0], [195, 30.0]])
    assert MOTION.path_seconds(sharp) == pytest.approx(28)
    assert MOTION.path_seconds(gentle) == pytest.approx(length_m(gentle) / 10 + 4)


def test_point_on_a_straight_line_changes_nothing():
    path = np.array([[0, 0], [40, 0], [100.0, 0]])
    assert MOTION.path_seconds(path) == pytest.approx(MOTION.path_seconds(path[[0, 2]]))


def test_path_of_one_place_takes_no_time():
    assert MOTION.path_seconds(np.array([[3.0, 4.0], [3.0, 4.0]])) == 0


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=12))
def test_path_takes_as_long_backwards(points):
    path = np.array(points)
    forth, back = MOTION.path_seconds(path), MOTION.path_seconds(path[::-1])
    assert forth == pytest.approx(back, rel=1e-3, abs=1.0)


def test_repeated_places_are_left_out():
    path = np.array([[0, 0], [0, 0], [0, 0.01], [5, 0], [5, 0.0]])
    assert without_repeats(path).tolist() == [[0, 0], [5, 0]]


def test_aircraft_that_does_not_move_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        Motion(0, 1)
