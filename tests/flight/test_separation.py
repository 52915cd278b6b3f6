"""Flights are kept apart by their plans and in the air."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.separation import HORIZONTAL_M, TRACK_ERROR_M, VERTICAL_M, Place, closest, too_close
from tests.flight.fleets import sortie_at
from tests.flight.sorties import HEIGHT_M, HOME, lonlat


def test_flights_over_the_same_ground_come_too_close():
    near = closest(sortie_at("A", 0), sortie_at("B", 10))
    assert near.horizontal_m == 0
    assert str(near).startswith("A and B: 0 m apart")


def test_flights_over_other_ground_do_not():
    assert closest(sortie_at("A", 0), sortie_at("B", 400)) is None


@settings(max_examples=30)
@given(st.floats(25, 200))
def test_two_ways_beside_each_other_need_thirty_metres_and_both_errors(apart_m):
    """The end of A's eastern row, (50, 20), is nearest to B's home, (50 + apart, 0)."""
    near = closest(sortie_at("A", 0), sortie_at("B", 50 + apart_m))
    distance_m, needed_m = math.hypot(apart_m, 20), HORIZONTAL_M + 2 * TRACK_ERROR_M
    if abs(distance_m - needed_m) > 0.1:
        assert (near is None) == (distance_m > needed_m)


def test_height_between_them_counts_above_sea_level():
    low = sortie_at("A", 0)
    above = replace(sortie_at("B", 0), items=low.items, home=replace(HOME, altitude_amsl_m=203.0))
    assert closest(low, above) is None


@pytest.mark.parametrize(
    ("east_m", "up_m", "close"), [(25, 0, True), (35, 0, False), (0, 9, True), (0, 11, False)]
)
def test_vehicles_in_the_air_are_compared_by_place_and_height(east_m, up_m, close):
    places = {
        "A": Place(*lonlat(0, 0), HEIGHT_M),
        "B": Place(*lonlat(east_m, 0), HEIGHT_M + up_m),
        "C": Place(*lonlat(0, 500), HEIGHT_M),
    }
    assert [(c.first, c.second) for c in too_close(places)] == ([("A", "B")] if close else [])
    assert VERTICAL_M == 10
