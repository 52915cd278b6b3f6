import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.profile import Profiles, overlaps_s

lengths = st.floats(0.5, 500)
speeds = st.floats(0.5, 20)
accelerations = st.floats(0.5, 4)
jerks = st.sampled_from([1.0, 5.0])


def one(*limits):
    return Profiles.of(*(np.array([value]) for value in limits))


@given(lengths, speeds, accelerations, jerks)
def test_half_the_way_is_flown_in_half_the_time(length, speed, acceleration, jerk):
    profile = one(length, speed, acceleration, jerk)
    distance, fastest, _ = profile.after(profile.duration_s[:, None] / 2)
    assert distance[0, 0] == pytest.approx(length / 2, rel=1e-6)
    assert fastest[0, 0] == pytest.approx(profile.peak_m_s[0])


@given(lengths, speeds, accelerations, jerks, st.floats(0.001, 0.499))
def test_speed_is_the_change_of_distance_and_acceleration_that_of_speed(
    length, top_speed, most, jerk, share
):
    profile = one(length, top_speed, most, jerk)
    step = 1e-5
    times = profile.duration_s[0] * share + np.array([[-step, 0.0, step]])
    distance, speed, acceleration = (values[0] for values in profile.after(times))
    assert (distance[2] - distance[0]) / 2 / step == pytest.approx(speed[1], abs=1e-4)
    change = (speed[2] - speed[0]) / 2 / step
    assert change == pytest.approx(acceleration[1], abs=2 * jerk * step + 1e-4)
    assert 0 <= speed[1] <= top_speed + 1e-9
    assert 0 <= acceleration[1] <= most + 1e-9


def corner(turn_deg, length=200.0, radius=2.0):
    angle = np.radians(turn_deg)
    directions = np.array([[1.0, 0, 0], [np.cos(angle), np.sin(angle), 0]])
    both = Profiles.of(*(np.full(2, value) for value in (length, 10.0, 2.5, 1.0)))
    return float(overlaps_s(directions, both, radius, 5.0)[0])


def test_straight_on_costs_no_stop():
    assert corner(0.0) == pytest.approx(6.5, abs=0.2)


def test_sharper_corners_save_less():
    saved = [corner(turn) for turn in (0, 30, 60, 90, 135, 180)]
    assert saved == sorted(saved, reverse=True)
    assert saved[-1] > 0


def test_wider_corners_save_more():
    assert corner(90, radius=1.0) < corner(90) < corner(90, radius=6.0)


@given(st.floats(0, 180), lengths)
def test_overlap_never_eats_more_than_half_a_leg(turn, length):
    half = one(length, 10.0, 2.5, 1.0).duration_s[0] / 2
    assert 0 <= corner(turn, length) <= half + 1e-9
