"""Which cells did a patrol see, and when? Told from its photos."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from geo.grid import Cell, Grid
from geo.terrain import Terrain
from review.ground import photo_outline
from review.holdings import Holding
from review.kept import Kept
from review.photos import PhotoShelf
from vision.model import Frame

LEAST_SHARE = 0.5
"""A cell counts as patrolled when its photos show this share of its area, as in bulletins."""
LEAST_GAP_M2 = 100.0
"""Smaller gaps are no reason to fly again, as for `plan --refly`."""
_MOST_CORNERS = 4_000_000  # of 16 bytes


def photo_grounds(frames: Iterable[Frame], terrain: Terrain | None) -> list[Polygon]:
    """Outline in lon/lat what each photo shows of the ground, as far as that can be told."""
    posed = [(frame, frame.pose.position) for frame in frames if frame.pose is not None]
    if not posed:
        return []
    local = LocalFrame(posed[0][1].lon_deg, posed[0][1].lat_deg)
    outlines = (photo_outline(frame, terrain, local) for frame, _ in posed)
    return [outline for outline in outlines if outline is not None]


class SeenGround:
    """The ground that the photos of each patrol show, put together once for each."""

    def __init__(self, photos: PhotoShelf, terrain: Terrain | None) -> None:
        """Take the photos; without terrain the ground is flat below each of them."""
        self._photos, self._terrain = photos, terrain
        self._kept: Kept[Holding, BaseGeometry] = Kept(
            _MOST_CORNERS, lambda ground: int(shapely.get_num_coordinates(ground)), at_once=1
        )

    def of(self, patrol_id: str) -> BaseGeometry:
        """What a patrol's photos show, lon/lat; empty where the page does not have the patrol."""
        holding = self._photos.patrols.holding(patrol_id)
        return Polygon() if holding is None else self._kept.get(holding, lambda: self._put(holding))

    def _put(self, holding: Holding) -> BaseGeometry:
        frames = self._photos.patrols.frames(holding).values()
        return shapely.union_all(photo_grounds(frames, self._terrain))


def seen_shares(ground: Iterable[BaseGeometry], grid: Grid) -> dict[str, float]:
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


def cells_seen(ground: Iterable[BaseGeometry], grid: Grid) -> frozenset[str]:
    """Codes of the cells of which photos show the better part."""
    shares = seen_shares(ground, grid)
    return frozenset(code for code, share in shares.items() if share >= LEAST_SHARE)


def gaps_of(cell: Cell, ground: Iterable[BaseGeometry]) -> list[Polygon]:
    """What no photo shows of a cell, without specks."""
    rest = cell.boundary.difference(shapely.union_all(list(ground)))
    local = LocalFrame.around(cell.boundary)
    parts = [part for part in shapely.get_parts(rest) if isinstance(part, Polygon)]
    return [part for part in parts if local.to_local(part).area >= LEAST_GAP_M2]


def last_patrols(
    seen: SeenGround, grid: Grid, flown: Mapping[str, datetime]
) -> dict[str, datetime]:
    """When each cell was patrolled last, by patrols that this page has the photos of.

    `flown` says of each patrol, by its id, when that was.
    """
    last: dict[str, datetime] = {}
    for patrol_id, at in sorted(flown.items(), key=lambda entry: entry[1]):
        last.update(dict.fromkeys(cells_seen([seen.of(patrol_id)], grid), at))
    return last
