"""Which parallel rows cover a polygon, and which of them follow one another freely."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon

from geo.frames import Array

_SHORTEST_ROW_M = 0.5


def rotation(angle_deg: float) -> Array:
    """Matrix (2, 2) that turns column vectors counter-clockwise."""
    angle = np.radians(angle_deg)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def sweep(
    polygon: Polygon,
    spacing_m: float,
    angle_deg: float,
    shift_share: float = 0.5,
) -> list[Array]:
    """Cover a polygon with parallel rows, grouped into strips.

    Args:
        polygon: metres.
        spacing_m: distance between rows; no place is further than half of it from a row's line.
        angle_deg: direction of the rows, counter-clockwise from east.
        shift_share: 0 to 1, how the slack between the rows' width and the polygon's is divided.

    Returns:
        Strips: (rows, 2, 2) with rows in order across and points (x, y) in order along. Within a
        strip each row touches exactly the one before and the one after.
    """
    if not spacing_m > 0:
        raise ValueError(f"spacing_m must be above 0; got {spacing_m}")
    across = edges_of(polygon)[:, :, :] @ rotation(angle_deg)[:, 1]
    low, high = across.min(), across.max()
    count = max(1, int(np.ceil((high - low) / spacing_m - 1e-9)))
    slack = count * spacing_m - (high - low)
    return sweep_levels(
        polygon, angle_deg, low + spacing_m * (np.arange(count) + 0.5) - slack * shift_share
    )


def sweep_levels(polygon: Polygon, angle_deg: float, levels_m: Array) -> list[Array]:
    """Strips of rows, as of `sweep`, on given lines.

    Args:
        polygon: metres.
        angle_deg: direction of the rows, counter-clockwise from east.
        levels_m: ascending; of each line, how far it lies to the left of the one through (0, 0).
    """
    turn = rotation(angle_deg)
    edges = edges_of(polygon) @ turn
    low, high = edges[:, :, 1].min(), edges[:, :, 1].max()
    levels = np.clip(levels_m, low + 1e-6, high - 1e-6)
    rows = _spans(edges, levels)
    return [
        np.array([[[left, y], [right, y]] for y, left, right in strip]) @ turn.T
        for strip in _strips(levels, rows)
    ]


def edges_of(polygon: Polygon) -> Array:
    """Edges (N, 2, 2) of all rings: edge, its two ends, (x, y)."""
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    return np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])


def crossings(edges: Array, levels: Array) -> tuple[Array, Array]:
    """Where edges (N, 2, 2) cross each line y = level: sorted (levels, N), inf at the end; counts.

    Between the first and second, third and fourth and so on a line is inside (even-odd rule).
    """
    (x1, y1), (x2, y2) = edges[:, 0].T, edges[:, 1].T
    crossing = (y1 <= levels[:, None]) != (y2 <= levels[:, None])
    rises = np.where(y2 == y1, 1.0, y2 - y1)
    xs = x1 + (levels[:, None] - y1) / rises * (x2 - x1)
    return np.sort(np.where(crossing, xs, np.inf), axis=1), crossing.sum(axis=1)


def _spans(edges: Array, levels: Array) -> list[list[tuple[float, float]]]:
    """Stretches of each line y = level that lie inside."""
    rows, counts = crossings(edges, levels)
    return [
        [(row[i], row[i + 1]) for i in range(0, count, 2) if row[i + 1] - row[i] >= _SHORTEST_ROW_M]
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    ]


def _strips(
    levels: Array, rows: Sequence[list[tuple[float, float]]]
) -> list[list[tuple[float, float, float]]]:
    """Join rows that overlap one to one into strips of (y, left, right)."""
    strips: list[list[tuple[float, float, float]]] = []
    open_strips: list[list[tuple[float, float, float]]] = []
    before: list[tuple[float, float]] = []
    for y, spans in zip(levels.tolist(), rows, strict=True):
        touching = [[_overlap(span, other) for other in before] for span in spans]
        following: list[list[tuple[float, float, float]]] = []
        for span, touches in zip(spans, touching, strict=True):
            row = (y, *span)
            one = touches.index(True) if sum(touches) == 1 else None
            if one is not None and sum(other[one] for other in touching) == 1:
                open_strips[one].append(row)
                following.append(open_strips[one])
            else:
                strips.append([row])
                following.append(strips[-1])
        before, open_strips = spans, following
    return strips


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
