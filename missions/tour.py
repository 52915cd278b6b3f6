"""In which order are a few places visited on a round trip."""

import numpy as np

from geo.frames import Array


def round_trip(distances_m: Array) -> list[int]:
    """Short order of all places but 0, where the trip begins and ends.

    The nearest place next, then improved by turning stretches around until that gains nothing
    (2-opt).

    Args:
        distances_m: (N, N), symmetric.
    """
    left, order = set(range(1, len(distances_m))), [0]
    while left:
        order.append(min(left, key=lambda place: (distances_m[order[-1], place], place)))
        left.remove(order[-1])
    while (better := _turned(order, distances_m)) is not None:
        order = better
    return order[1:]


def trip_m(order: list[int], distances_m: Array) -> float:
    """Length of the round trip from 0."""
    stops = [0, *order, 0]
    return float(distances_m[stops[:-1], stops[1:]].sum())


def _turned(order: list[int], distances_m: Array) -> list[int] | None:
    """The order with the one stretch turned around that gains most; None where none gains."""
    stops = np.array([*order, 0])
    best, found = -1e-6, None
    for first in range(1, len(order)):
        for last in range(first + 1, len(order)):
            a, b, c, d = stops[[first - 1, first, last, last + 1]]
            gain = distances_m[a, c] + distances_m[b, d] - distances_m[a, b] - distances_m[c, d]
            if gain < best:
                best = float(gain)
                found = [*order[:first], *order[first : last + 1][::-1], *order[last + 1 :]]
    return found
