"""Are boundaries sound: mend broken polygons, find overlapping neighbours."""

from collections.abc import Sequence

import numpy as np
from shapely import (
    MultiPolygon,
    Polygon,
    STRtree,
    force_2d,
    get_coordinates,
    is_valid_reason,
    make_valid,
)
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from geo.grid import Cell, GridProblem

LEAST_AREA_M2 = 1.0


def mend(geometry: BaseGeometry | None) -> tuple[Polygon | MultiPolygon | None, str]:
    """Make a sound polygon, in metres, of what a file holds.

    Returns:
        The polygon, or None where nothing can be made of it; and what was wrong, empty if nothing.
    """
    if geometry is None or geometry.is_empty:
        return None, "no geometry that can be read"
    if not np.isfinite(get_coordinates(geometry)).all():  # bounds pass over NaN
        return None, "coordinates that are no numbers"
    flat = force_2d(geometry)
    faults = [] if flat.is_valid else [_reason(flat)]
    polygons = _polygons(flat if flat.is_valid else make_valid(flat))
    if not polygons:
        return None, "; ".join(faults) or f"a {flat.geom_type} and no polygon"
    large = [part for part in polygons if part.area >= LEAST_AREA_M2]
    if not large:
        return None, "; ".join([*faults, f"area below {LEAST_AREA_M2:g} m2"])
    if len(large) < len(polygons):
        faults.append(f"{len(polygons) - len(large)} slivers below {LEAST_AREA_M2:g} m2")
    sound = [_without_pinholes(part) for part in large]
    if sound != large:
        faults.append(f"holes below {LEAST_AREA_M2:g} m2")
    return (sound[0] if len(sound) == 1 else MultiPolygon(sound)), "; ".join(faults)


def _reason(geometry: BaseGeometry) -> str:
    """Say what makes a polygon invalid, without the coordinates in the local frame."""
    return str(is_valid_reason(geometry)).split("[")[0].strip().lower()


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    if isinstance(geometry, Polygon):
        return [geometry]
    return [polygon for part in getattr(geometry, "geoms", ()) for polygon in _polygons(part)]


def _without_pinholes(polygon: Polygon) -> Polygon:
    rings = [ring for ring in polygon.interiors if Polygon(ring).area >= LEAST_AREA_M2]
    return Polygon(polygon.exterior, rings)


def overlaps(
    cells: Sequence[Cell], features: Sequence[int], *, tolerance_share: float = 0.005
) -> list[GridProblem]:
    """List pairs of cells that share more than a share of the smaller one's ground.

    Args:
        cells: of one district.
        features: number in the file of each cell.
        tolerance_share: overlap of the smaller cell that digitising explains.
    """
    if not cells:
        return []
    frame = LocalFrame.around(MultiPolygon([p for c in cells for p in _polygons(c.boundary)]))
    ground = [frame.to_local(cell.boundary) for cell in cells]
    pairs = STRtree(ground).query(ground, predicate="intersects").T
    problems = []
    for i, j in sorted((int(i), int(j)) for i, j in pairs if i < j):
        area = ground[i].intersection(ground[j]).area
        share = area / min(ground[i].area, ground[j].area)
        if share > tolerance_share:
            what = f"overlaps cell {cells[j].code} by {area:.0f} m2, {share:.1%} of the smaller"
            problems.append(GridProblem(features[i], cells[i].code, what, "kept"))
    return problems
