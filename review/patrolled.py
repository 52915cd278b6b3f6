"""Which cells did a patrol see, and when? Told from its photos."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import shapely
from shapely import Polygon

from geo.frames import LocalFrame
from geo.grid import Grid
from geo.terrain import Terrain
from review.ground import photo_outline
from review.photos import PhotoShelf
from vision.model import Frame

LEAST_SHARE = 0.5
"""A cell counts as patrolled when its photos show this share of its area, as in bulletins."""


def photo_grounds(frames: Iterable[Frame], terrain: Terrain | None) -> list[Polygon]:
    """Outline in lon/lat what each photo shows of the ground, as far as that can be told."""
    posed = [(frame, frame.pose.position) for frame in frames if frame.pose is not None]
    if not posed:
        return []
    local = LocalFrame(posed[0][1].lon_deg, posed[0][1].lat_deg)
    outlines = (photo_outline(frame, terrain, local) for frame, _ in posed)
    return [outline for outline in outlines if outline is not None]


def cells_seen(ground: Iterable[Polygon], grid: Grid) -> frozenset[str]:
    """Codes of the cells of which photos show the better part."""
    shown = shapely.union_all(list(ground))
    if shown.is_empty:
        return frozenset()
    shapely.prepare(shown)
    return frozenset(
        cell.code
        for cell in grid
        if shown.intersects(cell.boundary)
        and shown.intersection(cell.boundary).area >= LEAST_SHARE * cell.boundary.area
    )


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
