import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.wind import Wind

NORTH, EAST = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])


def test_wind_blows_away_from_where_it_comes():
    assert Wind(5.0, 270.0).velocities_m_s() == pytest.approx(np.array([[5.0, 0.0]]), abs=1e-9)


@pytest.mark.parametrize(("direction", "speed"), [(NORTH, 10.0), (-NORTH, 20.0), (EAST, 200**0.5)])
def test_ground_speed_is_what_the_wind_leaves(direction, speed):
    assert Wind(5.0, 0.0).ground_speeds_m_s(direction, 15.0) == pytest.approx([speed], rel=1e-3)


@given(st.floats(0, 360), st.floats(0, 10))
def test_wind_from_anywhere_leaves_its_speed_less(heading, speed):
    angle = np.radians(round(heading / 15) * 15)
    direction = np.array([[np.sin(angle), np.cos(angle)]])
    assert Wind(speed).ground_speeds_m_s(direction, 15.0) == pytest.approx([15 - speed])


def test_wind_that_is_too_strong_leaves_next_to_nothing():
    assert Wind(20.0, 90.0).ground_speeds_m_s(NORTH, 15.0) == pytest.approx([0.1])


def test_negative_wind_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        Wind(-1.0)
