"""Which ways join parts of a mission without leaving the ground that it flies over."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import LineString, Polygon

from geo.frames import Array
from missions.inside import Inside
from missions.timing import length_m

_LEVEL_M = 0.1
_BESIDE_M = 1.0  # half the width of the lane around each leg that was planned
_SIMPLE_M = 0.5
_BRIDGED_SHARE = 0.51  # of the row spacing on both sides: closes the gaps between rows, not more
_CLEAR_M = 5.0  # of the fence


class Ways:
    """Ways over the ground that a planned path covers; along the path where heights vary."""

    def __init__(self, path_m: Array, rows: Sequence[LineString], fence: Polygon) -> None:
        """Prepare a path (N, 3) of a mission with its rows and its fence, in local metres."""
        self._path = path_m
        level = bool(np.ptp(path_m[:, 2]) <= _LEVEL_M)
        self._inside = Inside(_area(path_m, rows, fence)) if level else None

    def between(self, here_m: Array, number: int, there_m: Array, to_number: int) -> Array:
        """Points (N, 3) between two places, without both.

        Args:
            here_m: on the path after its place `number` and before the next, (3,).
            number: see `here_m`.
            there_m: the same for the end of the way.
            to_number: see `there_m`; not smaller than `number`.
        """
        if self._inside is not None:
            flat = self._inside.path(here_m[:2], there_m[:2])[1:-1]
            return np.column_stack([flat, np.full(len(flat), here_m[2])])
        onward = self._path[number + 1 : to_number + 1]
        back = self._path[: number + 1][::-1]
        around = np.concatenate([back, self._path[to_number + 1 :][::-1]])
        ways = [_without(way, here_m, there_m) for way in (onward, around)]
        return min(ways, key=lambda way: length_m(np.array([here_m, *way, there_m])[:, :2]))


def _without(way_m: Array, *ends_m: Array) -> Array:
    """Leave out points of a way (N, 3) that repeat its ends."""
    kept = np.ones(len(way_m), dtype=bool)
    for end in ends_m:
        kept &= np.linalg.norm(way_m - end, axis=1) > _LEVEL_M
    return way_m[kept]


def _area(path_m: Array, rows: Sequence[LineString], fence: Polygon) -> Polygon:
    """The lanes along all legs, and the ground between neighbouring rows inside the fence."""
    line = LineString(path_m[:, :2])
    legs = shapely.linestrings(np.stack([path_m[:-1, :2], path_m[1:, :2]], axis=1))
    # One buffer of a path that crosses itself can lose parts of it.
    lanes = shapely.union_all(shapely.buffer(legs, _BESIDE_M, cap_style="square"))
    reach = _BRIDGED_SHARE * _spacing_m(rows)
    closed = line.buffer(reach, join_style="mitre").buffer(-reach, join_style="mitre")
    area = shapely.union(lanes, closed.intersection(fence.buffer(-_CLEAR_M)))
    simple = area.simplify(_SIMPLE_M)
    sound = simple.is_valid and simple.covers(line)
    parts = shapely.get_parts(simple if sound else area).tolist()
    return max((part for part in parts if isinstance(part, Polygon)), key=lambda part: part.area)


def _spacing_m(rows: Sequence[LineString]) -> float:
    """Median distance of a row's middle to the nearest other row; 0 for a single one."""
    if len(rows) < 2:
        return 0.0
    middles = [row.interpolate(0.5, normalized=True) for row in rows]
    gaps = [
        min(middle.distance(other) for other in rows if other is not row)
        for middle, row in zip(middles, rows, strict=True)
    ]
    return float(np.median(gaps))
