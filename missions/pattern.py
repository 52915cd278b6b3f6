"""Which rows, in which direction and order, cover a polygon in the least time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from geo.frames import Array
from missions.coverage import close_gaps
from missions.curves import covers_along
from missions.decompose import best_layouts, decompose, distinct, edge_angles
from missions.ends import trim
from missions.errors import MissionError
from missions.estimate import Layout, Wanted
from missions.inside import Inside, reflex_corners
from missions.route import Route, connect, ordered
from missions.sweep import sweep_levels
from missions.timing import Motion

WANTED_SHARE = 0.99
_STEP_DEG = 5.0
_MOST_EDGES = 16
_ROUTED = 24
_CLOSED = 6
_SIMPLE_M = (0.4, 0.8, 1.6, 3.2)
_MOST_CORNERS = 80  # ways around them are searched in the square of their number


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Strips of rows and the part of the polygon that they cover."""

    area: Polygon
    strips: Sequence[Sequence[Array] | Array]
    gap_seconds: float = 0.0


def cover(
    polygon: Polygon,
    spacing_m: float,
    motion: Motion,
    *,
    angle_deg: float | None = None,
    wanted_share: float = WANTED_SHARE,
    trim_m: float = 0.0,
    free: bool = False,
) -> Route:
    """Cover a polygon, in metres, with rows; the direction is the one flown in the least time.

    All ways stay inside the polygon and out of its holes.

    Args:
        polygon: valid, metres; holes are left out.
        spacing_m: distance between rows.
        motion: of the aircraft, decides which direction is fastest.
        angle_deg: direction of the rows, counter-clockwise from east, if it must be this one.
        wanted_share: of the polygon within half the spacing of the route; corners that rows miss
            get rows of their own until this is reached.
        trim_m: how far before a border across them rows may end.
        free: rows may bend along a bent side, and parts may have rows of their own direction.
    """
    shape = simplified(polygon)
    inside = Inside(shape)
    wanted = Wanted(spacing_m, trim_m, 1.0 - wanted_share)
    angles = [angle_deg] if angle_deg is not None else _angles(shape)
    plans = list(_parallel(shape, best_layouts(shape, wanted, motion, angles, most=_ROUTED)))
    if free and angle_deg is None:
        plans += _free(shape, wanted, motion)
    trials = [(_routed(blocks, inside, motion, wanted), blocks) for blocks in plans if blocks]
    trials.sort(key=lambda t: motion.path_seconds(t[0].points()) + sum(b.gap_seconds for b in t[1]))
    routes = [t[0] for t in trials]
    best: Route | None = None
    best_seconds = np.inf
    for route in routes[:_CLOSED]:
        if motion.path_seconds(route.points()) >= best_seconds:
            continue  # closing gaps only adds time
        closed = close_gaps(shape, route, spacing_m, wanted_share, inside, motion)
        seconds = motion.path_seconds(closed.points())
        if seconds < best_seconds:
            best, best_seconds = closed, seconds
    if best is None:
        raise MissionError(f"the area of {polygon.area:.1f} m2 is too small for rows")
    return best


def simplified(polygon: Polygon) -> Polygon:
    """Leave out corners that lie within 0.4 m of a straight line, or more if there are many."""
    simple = polygon
    for tolerance in _SIMPLE_M:
        shape = polygon.simplify(tolerance)
        if not (isinstance(shape, Polygon) and shape.is_valid):
            break
        simple = shape
        if len(reflex_corners(simple)) <= _MOST_CORNERS:
            break
    return simple


def _parallel(polygon: Polygon, layouts: Sequence[Layout]) -> Iterator[list[_Block]]:
    """Rows of one direction over the whole polygon."""
    for layout in layouts:
        strips = sweep_levels(polygon, layout.angle_deg, layout.levels_m)
        if strips:
            yield [_Block(polygon, strips, layout.gap_seconds)]


def _free(polygon: Polygon, wanted: Wanted, motion: Motion) -> Iterator[list[_Block]]:
    """Rows beside bent sides, and rows of several directions."""
    for strips in covers_along(polygon, wanted.spacing_m):
        yield [_Block(polygon, strips)]
    parts = decompose(polygon, wanted, motion)
    if len(parts) > 1:
        yield [
            _Block(
                part.area,
                sweep_levels(part.area, part.layout.angle_deg, part.layout.levels_m),
                part.layout.gap_seconds,
            )
            for part in parts
        ]


def _routed(blocks: Sequence[_Block], inside: Inside, motion: Motion, wanted: Wanted) -> Route:
    strips = [strip for block in blocks for strip in block.strips]
    owner = [number for number, block in enumerate(blocks) for _ in block.strips]
    order = ordered(strips, inside, motion)
    rows = np.concatenate([way for _, way in order])
    of = np.concatenate([np.full(len(way), owner[strip]) for strip, way in order])
    trimmed = rows.copy()
    for number, block in enumerate(blocks):
        mine = of == number
        trimmed[mine] = trim(block.area, rows, wanted.spacing_m, wanted.trim_m)[mine]
    return connect(trimmed, inside)


def _angles(polygon: Polygon) -> list[float]:
    """Directions worth trying: of the longer edges, and every 5 degrees."""
    edges = edge_angles(polygon, most=_MOST_EDGES)
    return distinct([*edges, *np.arange(0, 180, _STEP_DEG).tolist()])
