"""How does an aircraft that cannot stop and turn come onto its rows: straight, from outside."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from geo.frames import Array
from missions.route import Route
from missions.sorties import Flight
from missions.timing import length_m

_ONWARD_DEG = 45.0  # rows that follow one another within this are flown through
_TOUCHING_M = 0.1


def overshot(route: Route, overshoot_m: float) -> Route:
    """Leave every row straight on, and come straight onto the next; bends are flown through.

    Photos are still taken on the rows only.
    """
    ways = zip(pairwise(route.rows), route.transfers, strict=True)
    return Route(
        route.rows, tuple(_between(row, onward, way, overshoot_m) for (row, onward), way in ways)
    )


def with_straight_ends(flight: Flight, overshoot_m: float) -> Flight:
    """Come straight onto the first row and leave the last one straight on."""
    rows = flight.route.rows
    before, after = _before(rows[0], overshoot_m), _after(rows[-1], overshoot_m)
    return replace(
        flight,
        outbound=np.concatenate([flight.outbound[:-1], [before], flight.outbound[-1:]]),
        inbound=np.concatenate([flight.inbound[:1], [after], flight.inbound[1:]]),
    )


def _between(row: Array, onward: Array, way: Array, overshoot_m: float) -> Array:
    turn = np.degrees(np.arccos(np.clip(_direction(row) @ _direction(onward), -1, 1)))
    if turn < _ONWARD_DEG and length_m(way) < _TOUCHING_M:
        return way
    ends = [_after(row, overshoot_m)], [_before(onward, overshoot_m)]
    return np.concatenate([way[:1], ends[0], way[1:-1], ends[1], way[-1:]])


def _direction(row: Array) -> Array:
    step: Array = row[1] - row[0]
    unit: Array = step / max(float(np.hypot(*step)), 1e-9)
    return unit


def _before(row: Array, overshoot_m: float) -> Array:
    place: Array = row[0] - overshoot_m * _direction(row)
    return place


def _after(row: Array, overshoot_m: float) -> Array:
    place: Array = row[1] + overshoot_m * _direction(row)
    return place
