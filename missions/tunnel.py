"""Which line of few corners stays inside a band of heights and climbs no faster than allowed."""

from dataclasses import dataclass

import numpy as np

from geo.frames import Array


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Heights allowed along a way.

    Attributes:
        along_m: (N,) distances, rising.
        low_m, high_m: (N,) lowest and highest allowed there.
    """

    along_m: Array
    low_m: Array
    high_m: Array


def narrowed(band: Band, rise: float, fall: float) -> Band:
    """Take out of a band what no line within it can reach.

    Args:
        band: what is allowed.
        rise: steepest way up, metres a metre, above 0.
        fall: steepest way down, metres a metre, above 0.

    Returns:
        Where `low_m` is above `high_m` no line exists; otherwise one exists from each height in it.
    """
    down, up = fall * band.along_m, rise * band.along_m
    low = np.maximum.accumulate(band.low_m + down) - down
    high = np.minimum.accumulate(band.high_m - up) + up
    low = np.maximum.accumulate((low - up)[::-1])[::-1] + up
    high = np.minimum.accumulate((high + down)[::-1])[::-1] - down
    return Band(band.along_m, low, high)


def thread(band: Band, wanted_m: Array, fixed: Array, rise: float, fall: float) -> dict[int, float]:
    """Lay a line with few corners through a narrowed band.

    Each stretch goes on as far as one straight line can (Imai and Iri 1986, "An optimal algorithm
    for approximating a piecewise linear function"), then bends at the last place reached.

    Args:
        band: narrowed for the same `rise` and `fall`.
        wanted_m: (N,) height that corners are put closest to.
        fixed: (N,) whether a corner is needed anyway.
        rise: steepest way up.
        fall: steepest way down.

    Returns:
        Heights by index of the place, the first and last and all fixed ones among them.
    """
    last = len(band.along_m) - 1
    corners = {0: float(np.clip(wanted_m[0], band.low_m[0], band.high_m[0]))}
    here = 0
    while here < last:
        here, height = _stretch(band, wanted_m, fixed, (here, corners[here]), (rise, fall))
        corners[here] = height
    return corners


def _stretch(
    band: Band,
    wanted_m: Array,
    fixed: Array,
    start: tuple[int, float],
    steepest: tuple[float, float],
) -> tuple[int, float]:
    """Furthest place that one line from `start` reaches, and its height there."""
    here, height = start
    up, down = steepest[0], -steepest[1]
    end, end_height = here, height
    while end + 1 < len(band.along_m) and (end == here or not fixed[end]):
        step = band.along_m[end + 1] - band.along_m[here]
        least = max(down, float(band.low_m[end + 1] - height) / step)
        most = min(up, float(band.high_m[end + 1] - height) / step)
        if least > most and end > here:
            break
        down, up, end = least, max(least, most), end + 1
        slope = min(max(float(wanted_m[end] - height) / step, down), up)
        end_height = height + step * slope
    return end, end_height
