"""How much of a polygon do rows cover, and which extra rows close the gaps."""

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array
from missions.inside import Inside
from missions.route import Route, connect
from missions.timing import Motion

_LEAST_GAP_M2 = 20.0
_PLACES_TRIED = 6
_GRID_M = 1e-3
_ROUNDS = 5


def uncovered(polygon: Polygon, path_m: Array, spacing_m: float) -> BaseGeometry:
    """Ground further than half the row spacing from a path (N, 2)."""
    if len(path_m) < 2:
        return polygon
    return shapely.difference(polygon, _swath(path_m, spacing_m), grid_size=_GRID_M)


def _swath(path_m: Array, spacing_m: float) -> BaseGeometry:
    """Ground within half the row spacing of a path.

    One buffer of a path that crosses itself can miss holes or come out invalid, and a union
    without a grid can lose whole legs; so the legs are joined on one.
    """
    legs = shapely.linestrings(np.stack([path_m[:-1], path_m[1:]], axis=1))
    return shapely.union_all(shapely.buffer(legs, spacing_m / 2, quad_segs=4), grid_size=_GRID_M)


def covered_share(polygon: Polygon, path_m: Array, spacing_m: float) -> float:
    """Share of a polygon within half the row spacing of a path (N, 2)."""
    return 1.0 - float(uncovered(polygon, path_m, spacing_m).area / polygon.area)


def close_gaps(
    polygon: Polygon,
    route: Route,
    spacing_m: float,
    wanted_share: float,
    inside: Inside,
    motion: Motion,
) -> Route:
    """Add short rows where corners stay uncovered, largest first, until enough is covered."""
    allowed = (1 - wanted_share) * polygon.area
    for _ in range(_ROUNDS):
        gaps = uncovered(polygon, route.points(), spacing_m)
        closed = _closed(gaps, route, spacing_m, allowed, inside, motion)
        if closed is route:
            break
        route = closed
    return route


def _closed(
    gaps: BaseGeometry,
    route: Route,
    spacing_m: float,
    allowed_m2: float,
    inside: Inside,
    motion: Motion,
) -> Route:
    """Rows for the largest gaps; where a new way leaves an old one, that may open another gap."""
    for _ in range(len(route.rows) + 10):
        if gaps.area <= allowed_m2:
            break
        gap = max(shapely.get_parts(gaps).tolist(), key=lambda part: part.area)
        if gap.area < _LEAST_GAP_M2:
            break
        row = _row_through(gap)
        _, _, route = insertion(route, row, inside, motion)
        gaps = _areas(shapely.difference(gaps, _swath(row, spacing_m), grid_size=_GRID_M))
    return route


def _areas(shape: BaseGeometry) -> BaseGeometry:
    """What of a shape has an area; rounding leaves lines and points, which GEOS refuses later."""
    parts = shapely.get_parts(shape)
    return MultiPolygon(parts[shapely.area(parts) > 0].tolist())


def _row_through(gap: Polygon) -> Array:
    """A row (2, 2) along the length of a gap."""
    box = shapely.get_coordinates(gap.minimum_rotated_rectangle)
    if len(box) < 5:
        centre = shapely.get_coordinates(gap.representative_point())[0]
        return np.stack([centre, centre])
    sides = np.diff(box, axis=0)
    along = sides[int(np.hypot(*sides.T)[:2].argmax())]
    middle = shapely.get_coordinates(gap.representative_point())[0]
    across = LineString([middle - along, middle + along])
    line = shapely.intersection(across, gap, grid_size=_GRID_M)
    ends = shapely.get_coordinates(line)
    if len(ends) < 2:
        return np.stack([middle, middle])
    return np.stack([ends[0], ends[-1]]) if line.geom_type == "LineString" else _longest(line)


def _longest(lines: BaseGeometry) -> Array:
    longest = max(shapely.get_parts(lines).tolist(), key=lambda part: part.length)
    ends = shapely.get_coordinates(longest)
    return np.stack([ends[0], ends[-1]])


def insertion(route: Route, row: Array, inside: Inside, motion: Motion) -> tuple[int, bool, Route]:
    """Where one more row costs the least time: its place, whether it is turned, the new route."""
    best: tuple[int, bool, Route] | None = None
    best_seconds = np.inf
    for place, turned in _likely_places(route, row, motion):
        rows = np.insert(route.rows, place, row[::-1] if turned else row, axis=0)
        trial = _reconnected(route, rows, place, inside)
        seconds = motion.path_seconds(trial.points())
        if seconds < best_seconds:
            best, best_seconds = (place, turned, trial), seconds
    assert best is not None  # some place is always tried
    return best


def _likely_places(route: Route, row: Array, motion: Motion) -> list[tuple[int, bool]]:
    """Places in the order of rows, and directions, that cost little extra in a straight line."""
    found: list[tuple[float, int, bool]] = []
    for turned in (False, True):
        way = row[::-1] if turned else row
        to = motion.run_seconds(np.hypot(*(route.rows[:, 1] - way[0]).T))
        onward = motion.run_seconds(np.hypot(*(route.rows[:, 0] - way[1]).T))
        direct = motion.run_seconds(np.hypot(*(route.rows[:-1, 1] - route.rows[1:, 0]).T))
        extra = np.concatenate([onward[:1], to[:-1] + onward[1:] - direct, to[-1:]])
        found += [(float(extra[i]), int(i), turned) for i in np.argsort(extra)[:_PLACES_TRIED]]
    found.sort()
    return [(place, turned) for _, place, turned in found[:_PLACES_TRIED]]


def _reconnected(route: Route, rows: Array, place: int, inside: Inside) -> Route:
    """Ways to and from the row at `place`; the others stay."""
    low, high = max(0, place - 1), min(len(rows), place + 2)
    new = connect(rows[low:high], inside).transfers
    transfers = (*route.transfers[:low], *new, *route.transfers[place:])
    return Route(rows, transfers)
