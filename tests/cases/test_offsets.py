"""The offset of a flight from known cases, where it can be told and where it cannot."""

import numpy as np
import pytest

from cases.offsets import common_offset_m
from geo.frames import Array

REACH_M = 12.0


def voted(places: Array, shift_m: tuple[float, float], own_m: float, seed: int) -> Array:
    """The offset told by places that are seen again, all by `shift_m` and each by its own error."""
    rng = np.random.default_rng(seed)
    again = places + shift_m + rng.normal(0, own_m, places.shape)
    offsets = again[:, None] - places[None]
    near = np.hypot(offsets[..., 0], offsets[..., 1]) < REACH_M
    return common_offset_m(offsets[near], np.nonzero(near)[0])


def scattered(count: int, seed: int) -> Array:
    return np.random.default_rng(seed).uniform(0, 10 * count**0.5, (count, 2))


def lattice(step_m: float, side: int = 6) -> Array:
    along = step_m * np.arange(side)
    return np.array([(x, y) for x in along for y in along])


@pytest.mark.parametrize("seed", range(5))
def test_a_scattered_village_tells_the_offset(seed: int):
    assert voted(scattered(60, seed), (5.0, -4.0), 0.3, seed) == pytest.approx((5, -4), abs=0.3)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("own_m", [1.5, 2.0, 2.5])
@pytest.mark.parametrize("step_m", [9.0, 10.0])
def test_equal_rows_never_move_a_flight_to_the_next_row(step_m: float, own_m: float, seed: int):
    moved = voted(lattice(step_m, 10), (0.0, 0.0), own_m, seed)
    assert np.hypot(*moved) < 2.0


def test_an_offset_that_might_be_the_next_row_is_not_taken():
    assert voted(lattice(9.0), (5.0, 0.0), 0.1, 1) == pytest.approx((0, 0))


def test_few_findings_tell_nothing():
    assert voted(scattered(7, 1), (5.0, -4.0), 0.1, 1) == pytest.approx((0, 0))


def test_a_large_flight_is_sampled():
    places = scattered(9000, 3)
    tree_offsets = []
    findings = []
    for number, place in enumerate(places):
        near = places[np.hypot(*(places - place).T) < 8]
        tree_offsets.append(place + np.array([3.0, 2.0]) - near)
        findings += [number] * len(near)
    told = common_offset_m(np.concatenate(tree_offsets), np.array(findings))
    assert told == pytest.approx((3, 2), abs=0.1)
