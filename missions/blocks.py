"""In which direction are the rows of neighbouring cells flown.

Neighbouring cells form blocks, and all rows of a block have one direction. Each cell's rows cover
it up to its border, so the overlap there is never less than asked for, and rows meet a shared edge
at one angle from both sides. Rows of two cells of a block may still lie within half a spacing of
each other: 0.6 % of the length of rows in a district of irregular cells.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geo.frames import Array, LocalFrame
from geo.grid import Cell

MOST_CELLS = 16
_STEP_DEG = 3.0


def blocks(places_m: Array, most: int = MOST_CELLS) -> list[list[int]]:
    """Divide places (N, 2) into compact groups of at most `most`, halving the longer side."""
    whole = list(range(len(places_m)))
    open_, done = [whole] if whole else [], []
    while open_:
        group = open_.pop()
        if len(group) <= most:
            done.append(group)
            continue
        spread = np.ptp(places_m[group], axis=0)
        order = sorted(group, key=lambda n: (places_m[n, int(spread.argmax())], n))
        half = len(order) // 2
        open_ += [order[half:], order[:half]]
    return done


def row_headings(
    cells: Sequence[Cell], frame: LocalFrame, most: int = MOST_CELLS
) -> dict[str, float]:
    """Direction of rows, clockwise from true north in [0, 180), of each cell by its code.

    It is the direction that cuts the block's cells into the fewest rows, so with the fewest turns.
    """
    shapes = [frame.to_local(cell.boundary) for cell in cells]
    places = np.array([shape.centroid.coords[0] for shape in shapes]).reshape(-1, 2)
    headings: dict[str, float] = {}
    for group in blocks(places, most):
        grid_deg = _fewest_rows([shapes[n] for n in group])
        for n in group:
            lon, lat = frame.lonlat_from_xy(places[n : n + 1])[0]
            true_deg = 90.0 - grid_deg + frame.convergence_deg(float(lon), float(lat))
            headings[cells[n].code] = round(true_deg % 180, 3) % 180
    return headings


def _fewest_rows(shapes: Sequence[Polygon | MultiPolygon]) -> float:
    """Angle of rows, counter-clockwise from east.

    Lines of one direction and spacing s meet a polygon in about sum(|rise of its edges|) / (2 s)
    pieces (Cauchy-Crofton), so the sum of rises across the rows is what counts.
    """
    edges = np.concatenate([_edges(shape) for shape in shapes])
    angles = np.radians(np.arange(0.0, 180.0, _STEP_DEG))
    rises = np.abs(edges @ np.stack([-np.sin(angles), np.cos(angles)])).sum(axis=0)
    return float(np.degrees(angles[int(rises.argmin())]))


def _edges(shape: Polygon | MultiPolygon) -> Array:
    parts = [
        np.diff(shapely.get_coordinates(ring), axis=0)
        for part in shapely.get_parts(shape).tolist()
        for ring in (part.exterior, *part.interiors)
    ]
    return np.concatenate(parts)
