from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.allocate import allocate

TWO = {"west": (0.0, 0.0), "east": (10_000.0, 0.0)}
PLENTY = {"west": 1e9, "east": 1e9}


def test_each_cell_goes_to_the_nearest_depot_when_there_is_time():
    places = [(1000.0, 0.0), (4900.0, 0.0), (5100.0, 0.0), (9000.0, 0.0)]
    assert allocate(places, [1.0] * 4, TWO, PLENTY) == ["west", "west", "east", "east"]


def test_a_full_depot_gives_away_the_cells_that_lose_least():
    places = [(1000.0, 0.0), (2000.0, 0.0), (4000.0, 0.0), (9000.0, 0.0)]
    found = allocate(places, [1.0] * 4, TWO, {"west": 2.0, "east": 9.0})
    assert found == ["west", "west", "east", "east"]


def test_too_much_work_is_still_given_away():
    assert (
        allocate([(0.0, 0.0)] * 3, [5.0] * 3, {"only": (0.0, 0.0)}, {"only": 1.0}) == ["only"] * 3
    )
    found = allocate([(0.0, 0.0)] * 3, [5.0] * 3, TWO, {"west": 1.0, "east": 1.0})
    assert len(found) == 3


@settings(max_examples=20)
@given(st.lists(st.integers(0, 10), min_size=4, max_size=6), st.integers(2, 4))
def test_equal_cells_are_shared_out_as_well_as_by_trying_everything(xs, room):
    places = [(1000.0 * x, 0.0) for x in xs]
    capacity = {"west": float(room), "east": float(len(xs))}
    found = allocate(places, [1.0] * len(xs), TWO, capacity)

    def way(choice):
        return sum(np.hypot(p[0] - TWO[c][0], p[1]) for p, c in zip(places, choice, strict=True))

    allowed = [c for c in product(TWO, repeat=len(xs)) if c.count("west") <= room]
    assert found.count("west") <= room
    assert way(found) == pytest.approx(min(map(way, allowed)))
