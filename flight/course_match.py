"""Which leg of its plan a vehicle was on, moment by moment; pure.

Rows lie side by side, turns cut their ends and the way home crosses them, so the nearest row is
often not the one being flown. The legs were flown in their order, though: of all ways to give the
points to legs in order, or to none, the one is taken that explains the track best.
"""

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array

OFF_PLAN_M = 25.0  # a point farther from its leg than this is rather on none
LONGEST_STEP_M = 50.0  # a gap in the recording weighs no more than this
JOIN_M = 50.0  # way within the reach of a leg that pays for leaving the order of the plan
OFF_PLAN = -1
_JOINING = OFF_PLAN_M**2 * JOIN_M


def match_legs(places_m: Array, legs_m: Array) -> NDArray[np.intp]:
    """Give each point of a track its leg.

    A leg is followed by the next one, at its end. The vehicle may leave the plan at any time, and
    come back to any leg: one that is resumed, or that it skipped to. What explains a track badly
    is being far from the leg, flying against it, and going on long before its end.

    Args:
        places_m: (N, 2) flown, in order of time.
        legs_m: (L, 2, 2) start and end of each leg, in order of the mission.

    Returns:
        (N,) index of the leg, `OFF_PLAN` for none.
    """
    count, legs = len(places_m), len(legs_m)
    if not count or not legs:
        return np.full(count, OFF_PLAN, dtype=np.intp)
    steps = _steps_m(places_m)
    came_from = np.zeros((count, legs + 1), dtype=np.intp)  # the last state is off the plan
    best = np.append(np.full(legs, _JOINING), 0.0)
    best[0] = 0.0
    for n in range(count):
        too_soon = _squared(places_m[n] - legs_m[:-1, 1])
        best, came_from[n] = _step(best, too_soon)
        best[:legs] += _off(places_m[n], steps[n], legs_m)
        best[legs] += OFF_PLAN_M**2 * float(np.hypot(*steps[n]))
    found = np.empty(count, dtype=np.intp)
    state = int(best.argmin())
    for n in range(count - 1, -1, -1):
        found[n] = state
        state = int(came_from[n, state])
    found[found == legs] = OFF_PLAN
    return found


def _step(best: Array, too_soon: Array) -> tuple[Array, NDArray[np.intp]]:
    """Cost of each state before the next point, and the state that it is best reached from.

    Args:
        best: (L + 1,) cost of having been on each leg, and off the plan.
        too_soon: (L - 1,) cost of going on from each leg to the next one here.
    """
    legs = len(best) - 1
    cost, origin = best.copy(), np.arange(legs + 1)
    onward = np.concatenate([[np.inf], best[: legs - 1] + too_soon])
    rejoin = np.full(legs, best[legs] + _JOINING)
    for other, source in ((onward, np.arange(legs) - 1), (rejoin, np.full(legs, legs))):
        better = other < cost[:legs]
        cost[:legs] = np.where(better, other, cost[:legs])
        origin[:legs] = np.where(better, source, origin[:legs])
    origin[legs] = int(best.argmin())
    cost[legs] = best[origin[legs]]
    return cost, origin


def _steps_m(places_m: Array) -> Array:
    """Way (N, 2) that each point stands for, so that waiting and dense recording count no more."""
    if len(places_m) < 2:
        return np.zeros_like(places_m)
    steps: Array = np.gradient(places_m, axis=0)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    shortened: Array = steps * np.minimum(1.0, LONGEST_STEP_M / np.maximum(lengths, 1e-9))
    return shortened


def _off(place_m: Array, step_m: Array, legs_m: Array) -> Array:
    """Cost of one point on each leg: its squared distance and its direction, times its way."""
    along = legs_m[:, 1] - legs_m[:, 0]
    length_m = np.sqrt(np.maximum(_squared(along), 1e-12))
    offset = place_m - legs_m[:, 0]
    share = np.clip((offset * along).sum(axis=1) / length_m**2, 0.0, 1.0)
    distance2 = _squared(offset - share[:, None] * along)
    way_m = float(np.hypot(*step_m))
    against_m = (way_m - (along @ step_m) / length_m) / 2  # all of the way if flown backwards
    cost: Array = distance2 * way_m + OFF_PLAN_M**2 * against_m
    return cost


def _squared(vectors: Array) -> Array:
    squared: Array = (vectors**2).sum(axis=-1)
    return squared
