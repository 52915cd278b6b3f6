"""Into which parts, each with its own direction of rows, is a polygon best cut."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import split

from geo.frames import Array
from missions.estimate import Layout, Wanted, layouts
from missions.sweep import edges_of
from missions.timing import Motion

_OUTLINE_SHARE = 0.5  # of the spacing; bends flatter than this are no corners
_LEAST_TURN_DEG = 20.0
_MOST_CORNERS = 6
_MOST_PARTS = 6
_LEAST_PART_SHARE = 2.0  # in squares of the spacing
_NEXT_PART_SECONDS = 12.0  # an average way from one part to the next
_LEAST_GAIN = 0.995
_CUTS_PLANNED = 3
_PART_ANGLES = 5
_MOST_ANGLES = 14


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a polygon and the rows it gets."""

    area: Polygon
    layout: Layout


def best_layouts(
    polygon: Polygon, wanted: Wanted, motion: Motion, angles_deg: list[float], *, most: int
) -> list[Layout]:
    """The fastest layouts of the directions that need the fewest rows, fastest first.

    The fastest without gaps comes with them: what closing gaps takes is an estimate.
    """
    rows = rows_needed(polygon, np.array(angles_deg), wanted.spacing_m)
    found: list[Layout] = []
    for angle in np.array(angles_deg)[np.argsort(rows)[:_MOST_ANGLES]].tolist():
        found += layouts(polygon, angle, wanted, motion)
    found.sort(key=lambda one: one.seconds)
    whole = [layout for layout in found if not layout.gap_seconds][:1]
    return found[:most] + [one for one in whole if all(one is not other for other in found[:most])]


def rows_needed(polygon: Polygon, angles_deg: Array, spacing_m: float) -> Array:
    """About how many rows of each direction (N,) cover a polygon.

    Lines of one direction and spacing s meet a polygon in about sum(|rise of its edges|) / (2 s)
    pieces (Cauchy-Crofton).
    """
    edges = edges_of(polygon)
    steps, angles = edges[:, 1] - edges[:, 0], np.radians(angles_deg)
    rises = np.abs(steps @ np.stack([-np.sin(angles), np.cos(angles)])).sum(axis=0)
    rows: Array = rises / (2 * spacing_m)
    return rows


def decompose(polygon: Polygon, wanted: Wanted, motion: Motion) -> list[Part]:
    """Cut a polygon where the estimate of its parts' times falls most, again and again."""
    parts = [_part(polygon, wanted, motion)]
    settled: list[Part] = []
    while parts and len(parts) + len(settled) < _MOST_PARTS:
        part = parts.pop()
        best: tuple[float, list[Part]] | None = None
        for pieces in _fewest_rows(part.area, wanted.spacing_m):
            trial = [_part(piece, wanted, motion) for piece in pieces]
            seconds = sum(one.layout.seconds for one in trial) + _NEXT_PART_SECONDS
            if best is None or seconds < best[0]:
                best = (seconds, trial)
        if best is not None and best[0] < _LEAST_GAIN * part.layout.seconds:
            parts += best[1]
        else:
            settled.append(part)
    return settled + parts


def _fewest_rows(polygon: Polygon, spacing_m: float) -> list[list[Polygon]]:
    """The cuts whose parts need the fewest rows, each in its best direction."""
    cuts: list[tuple[float, int, list[Polygon]]] = []
    for number, pieces in enumerate(_cut_in_two(polygon, spacing_m)):
        needed = [
            rows_needed(piece, np.array(edge_angles(piece, most=_PART_ANGLES)), spacing_m).min()
            for piece in pieces
        ]
        cuts.append((float(sum(needed)), number, pieces))
    return [pieces for _, _, pieces in sorted(cuts, key=lambda cut: cut[:2])[:_CUTS_PLANNED]]


def _part(polygon: Polygon, wanted: Wanted, motion: Motion) -> Part:
    angles = edge_angles(polygon, most=_PART_ANGLES)
    return Part(polygon, best_layouts(polygon, wanted, motion, angles, most=1)[0])


def edge_angles(polygon: Polygon, *, most: int) -> list[float]:
    """Directions of the longest edges of the outline and its hull, degrees from east in [0, 180).

    Directions within one degree of another are left out.
    """
    outline = polygon.simplify(0.01 * float(np.sqrt(polygon.area)))
    edges = np.diff(shapely.get_coordinates(shapely.get_exterior_ring(outline)), axis=0)
    hull = np.diff(shapely.get_coordinates(polygon.convex_hull), axis=0)
    edges = np.concatenate([edges, hull])
    edges = edges[np.argsort(-np.hypot(edges[:, 0], edges[:, 1]))]
    return distinct((np.degrees(np.arctan2(edges[:, 1], edges[:, 0])) % 180).tolist())[:most]


def distinct(angles_deg: list[float]) -> list[float]:
    """Directions in their order without those within one degree of an earlier one."""
    kept: list[float] = []
    for angle in angles_deg:
        if all(abs((angle - other + 90) % 180 - 90) > 1.0 for other in kept):
            kept.append(angle)
    return kept


def _cut_in_two(polygon: Polygon, spacing_m: float) -> Iterator[list[Polygon]]:
    """Both parts for each straight cut from a corner that points inwards."""
    size = float(np.hypot(*np.ptp(shapely.get_coordinates(polygon), axis=0)))
    for corner, direction in _cuts(polygon, spacing_m):
        ray = LineString([corner - 1e-3 * direction, corner + size * direction])
        inside = polygon.intersection(ray)
        near = [
            part
            for part in shapely.get_parts(inside).tolist()
            if part.geom_type == "LineString" and part.distance(shapely.Point(corner)) < 0.01
        ]
        if not near:
            continue
        ends = shapely.get_coordinates(max(near, key=lambda part: part.length))
        far = ends[np.hypot(*(ends - corner).T).argmax()]
        cut = LineString([corner - 0.01 * direction, far + 0.01 * direction])
        pieces = [part for part in split(polygon, cut).geoms if isinstance(part, Polygon)]
        least = _LEAST_PART_SHARE * spacing_m**2
        if len(pieces) == 2 and all(piece.is_valid and piece.area > least for piece in pieces):
            yield pieces


def _cuts(polygon: Polygon, spacing_m: float) -> Iterator[tuple[Array, Array]]:
    """Corners and directions: on along either edge, and halfway between."""
    plain = polygon.simplify(_OUTLINE_SHARE * spacing_m)
    assert isinstance(plain, Polygon)  # simplify keeps the topology
    outline = orient(plain).exterior
    ring = shapely.get_coordinates(outline)[:-1]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    before = before / np.hypot(*before.T)[:, None]
    after = after / np.hypot(*after.T)[:, None]
    turn = np.degrees(
        np.arctan2(
            before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(axis=1)
        )
    )
    inwards = np.argsort(turn)[:_MOST_CORNERS]
    for corner in inwards[turn[inwards] < -_LEAST_TURN_DEG].tolist():
        onward, back = before[corner], -after[corner]
        middle = onward + back
        yield ring[corner], onward
        yield ring[corner], back
        if np.hypot(*middle) > 0.1:
            yield ring[corner], middle / np.hypot(*middle)
