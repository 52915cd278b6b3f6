"""Which bent rows follow a long bent side of a polygon, as along a river or a road."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.polygon import orient

from geo.frames import Array
from missions.offset import offset_line

_SIDE_ENDS_DEG = 50.0  # a corner sharper than this ends a side
_STRAIGHT_SHARE = 0.1  # of the spacing; bends flatter than this are left out
_LEAST_SHARE = 0.25  # of the outline's length; shorter sides lead no rows
_MOST_SIDES = 3
_MOST_BENDS = 20  # rows beside a side that is rougher than this would turn all the time
_MOST_ROWS = 60
_SHORTEST_ROW_M = 0.5


def bent_sides(polygon: Polygon, spacing_m: float) -> list[Array]:
    """Long sides (N, 2) of the outline that bend, longest first, the polygon on their left."""
    plain = polygon.simplify(_STRAIGHT_SHARE * spacing_m)
    assert isinstance(plain, Polygon)  # simplify keeps the topology
    outline = orient(plain).exterior
    ring = shapely.get_coordinates(outline)[:-1]
    ahead = np.roll(ring, -1, axis=0) - ring
    heading = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    turn = np.abs((heading - np.roll(heading, 1) + 180) % 360 - 180)
    corners = np.flatnonzero(turn > _SIDE_ENDS_DEG)
    if not len(corners):
        return []
    ends = np.concatenate([corners, corners[:1] + len(ring)])
    sides = [ring[np.arange(first, last + 1) % len(ring)] for first, last in pairwise(ends)]
    bent = [side for side in sides if 2 < len(side) <= _MOST_BENDS]
    long = [side for side in bent if LineString(side).length > _LEAST_SHARE * outline.length]
    return sorted(long, key=lambda side: -LineString(side).length)[:_MOST_SIDES]


def sweep_along(polygon: Polygon, side_m: Array, spacing_m: float) -> list[list[Array]]:
    """Cover a polygon with rows beside a side of it.

    Returns:
        Strips of rows (N, 2), each from the side's start towards its end. Within a strip each row
        lies beside the one before and the one after.
    """
    line = _prolonged(side_m, float(np.hypot(*np.ptp(shapely.get_coordinates(polygon), axis=0))))
    corners = shapely.points(shapely.get_coordinates(polygon))
    width = float(shapely.distance(LineString(line), corners).max())
    count = min(_MOST_ROWS, max(1, int(np.ceil(width / spacing_m - 1e-2))))
    first = width / 2 - (count - 1) / 2 * spacing_m
    levels = [_inside(polygon, line, first + k * spacing_m) for k in range(count)]
    return _strips(levels, spacing_m)


def _prolonged(side_m: Array, by_m: float) -> Array:
    """The side with its first and last legs made longer."""
    before, after = side_m[0] - side_m[1], side_m[-1] - side_m[-2]
    start = side_m[0] + before / np.hypot(*before) * by_m
    end = side_m[-1] + after / np.hypot(*after) * by_m
    return np.concatenate([[start], side_m[1:-1], [end]])


def _inside(polygon: Polygon, line_m: Array, distance_m: float) -> list[Array]:
    """Pieces inside of the line at a distance, in order along it."""
    row = LineString(offset_line(line_m, distance_m))
    parts = shapely.get_parts(polygon.intersection(row)).tolist()
    pieces: list[tuple[float, Array]] = []
    for part in parts:
        if part.geom_type != "LineString" or part.length < _SHORTEST_ROW_M:
            continue
        points = shapely.get_coordinates(part)
        start, end = (row.project(shapely.Point(point)) for point in (points[0], points[-1]))
        pieces.append((min(start, end), points if start < end else points[::-1]))
    return [points for _, points in sorted(pieces, key=lambda piece: piece[0])]


def _strips(levels: Sequence[Sequence[Array]], spacing_m: float) -> list[list[Array]]:
    """Join rows that lie beside each other one to one."""
    strips: list[list[Array]] = []
    before: list[tuple[Array, list[Array]]] = []
    for rows in levels:
        beside = [[_are_beside(row, other, spacing_m) for other, _ in before] for row in rows]
        following: list[tuple[Array, list[Array]]] = []
        for row, near in zip(rows, beside, strict=True):
            one = near.index(True) if sum(near) == 1 else None
            if one is not None and sum(other[one] for other in beside) == 1:
                strip = before[one][1]
                strip.append(row)
            else:
                strip = [row]
                strips.append(strip)
            following.append((row, strip))
        before = following
    return strips


def _are_beside(row: Array, other: Array, spacing_m: float) -> bool:
    return bool(LineString(row).distance(LineString(other)) < 1.05 * spacing_m)


def covers_along(polygon: Polygon, spacing_m: float) -> Iterator[list[list[Array]]]:
    """Strips of rows beside each long bent side."""
    for side in bent_sides(polygon, spacing_m):
        strips = sweep_along(polygon, side, spacing_m)
        if strips:
            yield strips
