"""Which cells did a patrol see, and when? Told from its photos."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import shapely
from shapely import Polygon

from geo.frames import LocalFrame
from geo.grid import Cell, Grid
from geo.terrain import Terrain
from review.ground import photo_outline
from review.photos import PhotoShelf
from vision.model import Frame

LEAST_SHARE = 0.5
"""A cell counts as patrolled when its photos show this share of its area, as in bulletins."""
LEAST_GAP_M2 = 100.0
"""Smaller gaps are no reason to fly again, as for `plan --refly`."""


def photo_grounds(frames: Iterable[Frame], terrain: Terrain | None) -> list[Polygon]:
    """Outline in lon/lat what each photo shows of the ground, as far as that can be told."""
    posed = [(frame, frame.pose.position) for frame in frames if frame.pose is not None]
    if not posed:
        return []
    local = LocalFrame(posed[0][1].lon_deg, posed[0][1].lat_deg)
    outlines = (photo_outline(frame, terrain, local) for frame, _ in posed)
    return [outline for outline in outlines if outline is not None]


def seen_shares(ground: Iterable[Polygon], grid: Grid) -> dict[str, float]:
    """Share of each cell that photos show, by its code; cells that none shows are left out."""
    shown = shapely.union_all(list(ground))
    if shown.is_empty:
        return {}
    shapely.prepare(shown)
    return {
        cell.code: shown.intersection(cell.boundary).area / cell.boundary.area
        for cell in grid
        if shown.intersects(cell.boundary)
    }


def cells_seen(ground: Iterable[Polygon], grid: Grid) -> frozenset[str]:
    """Codes of the cells of which photos show the better part."""
    shares = seen_shares(ground, grid)
    return frozenset(code for code, share in shares.items() if share >= LEAST_SHARE)


def gaps_of(cell: Cell, ground: Iterable[Polygon]) -> list[Polygon]:
    """What no photo shows of a cell, without specks."""
    rest = cell.boundary.difference(shapely.union_all(list(ground)))
    local = LocalFrame.around(cell.boundary)
    parts = [part for part in shapely.get_parts(rest) if isinstance(part, Polygon)]
    return [part for part in parts if local.to_local(part).area >= LEAST_GAP_M2]


def last_patrols(
    photos: PhotoShelf, terrain: Terrain | None, grid: Grid, flown: Mapping[str, datetime]
) -> dict[str, datetime]:
    """When each cell was patrolled last, by patrols that this page has the photos of.

    `flown` says of each patrol, by its id, when that was.
    """
    last: dict[str, datetime] = {}
    for patrol_id, at in sorted(flown.items(), key=lambda entry: entry[1]):
        ground = photo_grounds(photos.frames(patrol_id), terrain)
        last.update(dict.fromkeys(cells_seen(ground, grid), at))
    return last
