"""Which line runs beside a bent line at a distance, without gaps at its bends."""

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array
from missions.timing import without_repeats

_SHARPEST = 0.7  # cosine of half the turn; beyond about 90 degrees the corner is cut off
_PARALLEL = 1e-9
_FARTHEST = 4.0  # times the distance, from where legs end to where their lines meet


def offset_line(line_m: Array, distance_m: float) -> Array:
    """Line (M, 2) to the left of a line (N, 2) by a distance, to the right if negative.

    Corners on the outside are mitred; very sharp ones are cut off at a safe distance. Pieces that
    a tight inner bend would turn around are left out. Works on each bend alone, so a line may
    cross itself.
    """
    points = without_repeats(line_m)
    if len(points) < 2 or distance_m == 0:
        return points
    legs = np.diff(points, axis=0)
    ahead = legs / np.hypot(*legs.T)[:, None]
    keep = np.ones(len(ahead), dtype=bool)
    while True:
        kept = np.flatnonzero(keep)
        corners = _corners(points, ahead, kept, distance_m)
        turned = _turned_around(corners, ahead[kept])
        if not turned.any() or turned.all():
            break
        keep[kept[int(np.flatnonzero(turned)[0])]] = False
    return without_repeats(np.concatenate(corners))


def _turned_around(corners: list[Array], ahead: Array) -> NDArray[np.bool_]:
    """Whether each kept leg runs backwards between its corners."""
    starts = np.array([corner[-1] for corner in corners[:-1]])
    ends = np.array([corner[0] for corner in corners[1:]])
    backwards: NDArray[np.bool_] = ((ends - starts) * ahead).sum(axis=1) < -1e-6
    return backwards


def _corners(points: Array, ahead: Array, kept: NDArray[np.intp], distance_m: float) -> list[Array]:
    """Points of the offset line between one kept leg and the next, and at its ends."""
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * distance_m
    first, last = kept[0], kept[-1]
    corners = [(points[first] + left[first])[None]]
    for before, after in zip(kept[:-1].tolist(), kept[1:].tolist(), strict=True):
        end, start = points[before + 1] + left[before], points[after] + left[after]
        corners.append(_join(end, ahead[before], start, ahead[after], abs(distance_m)))
    corners.append((points[last + 1] + left[last])[None])
    return corners


def _join(end: Array, ahead: Array, start: Array, onward: Array, distance_m: float) -> Array:
    """One or two points where two offset legs meet."""
    cross = ahead[0] * onward[1] - ahead[1] * onward[0]
    gap = start - end
    outside = gap @ (ahead + onward) > -1e-6
    if outside and (1 + ahead @ onward) / 2 < _SHARPEST**2:
        return np.stack([end + distance_m * ahead, start - distance_m * onward])
    if abs(cross) > _PARALLEL:
        share = (gap[0] * onward[1] - gap[1] * onward[0]) / cross
        if abs(share) <= _FARTHEST * distance_m + np.hypot(*gap):
            meeting: Array = (end + share * ahead)[None]
            return meeting
    return np.stack([end, start])
