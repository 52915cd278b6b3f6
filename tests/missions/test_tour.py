from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from missions.tour import round_trip, trip_m


def distances(points):
    gaps = np.array(points)[:, None] - np.array(points)[None]
    return np.hypot(gaps[..., 0], gaps[..., 1])


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=2, max_size=7, unique=True
    )
)
def test_the_trip_visits_all_and_is_little_longer_than_the_shortest(points):
    between = distances(points)
    order = round_trip(between)
    assert sorted(order) == list(range(1, len(points)))
    shortest = min(trip_m(list(p), between) for p in permutations(range(1, len(points))))
    assert trip_m(order, between) <= 1.15 * shortest + 1e-6


def test_a_trip_around_a_circle_follows_it():
    angles = np.random.default_rng(3).permutation(12) * np.pi / 6
    between = distances(np.column_stack([np.cos(angles), np.sin(angles)]))
    assert trip_m(round_trip(between), between) < 12 * 2 * np.sin(np.pi / 12) + 1e-9
