"""How much of an area lies in which zone."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import shapely
from shapely import MultiPolygon, Polygon, STRtree, box
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame

Area = Polygon | MultiPolygon

M_PER_DEG_LAT = 110_574.0
"""Shortest length of one degree of latitude (WGS 84, at the equator)."""

HIGHEST_LAT_DEG = 80.0

EXTENT_MARGIN_M = 500.0
"""How far beyond its outermost polygons a file still knows that there is nothing."""

FAR_M = 50_000.0
"""Wider than a district: a layer so far from a place was hardly drawn for it."""


class Zones:
    """Named layers of polygons in lon/lat degrees: farmland, closed water, permits..."""

    def __init__(self, layers: Mapping[str, Sequence[Polygon]]) -> None:
        """Index the layers; a layer without polygons is known to be nowhere."""
        self.layers = {name: tuple(polygons) for name, polygons in layers.items()}
        self._trees = {name: STRtree(polygons) for name, polygons in self.layers.items()}
        self._boxes = {
            name: box(*shapely.total_bounds(polygons))
            for name, polygons in self.layers.items()
            if polygons
        }
        self.extent = _extent_of(self._boxes.values())

    def has(self, layer: str) -> bool:
        """Whether the layer is known, even if it is empty."""
        return layer in self.layers

    def knows(self, layer: str, area: Area) -> bool:
        """Whether a layer speaks of a place: it is near or empty, and the place is covered."""
        if not self.has(layer) or not self.covers(area):
            return False
        return not self.layers[layer] or self._is_near(layer, area)

    def covers(self, area: BaseGeometry) -> bool:
        """Whether the layers near a place speak of it; without any polygon all speak of everywhere.

        Layers of other places, `FAR_M` away or more, do not widen what is covered.
        """
        if not self._boxes:
            return True
        extent = _extent_of([b for name, b in self._boxes.items() if self._is_near(name, area)])
        return extent is not None and bool(extent.intersects(area))

    def _is_near(self, layer: str, area: BaseGeometry) -> bool:
        """Whether the nearest polygon of a layer that has any lies within `FAR_M` of an area."""
        nearest = self.layers[layer][int(self._trees[layer].nearest(area))]
        return bool(nearest.intersects(box_around(area, FAR_M)))

    def share_inside(self, layer: str, area: Area, *, tolerance_m: float = 0.0) -> float:
        """Share of an area that lies in the layer grown by a tolerance, 0 to 1.

        An area without extent counts as its point: all inside or all outside.
        """
        frame = _frame_near(area)
        ground = frame.to_local(area)
        zone = self._near(layer, area, frame, tolerance_m)
        if not ground.area > 0:
            return float(zone.intersects(ground.centroid))
        return min(1.0, float(zone.intersection(ground).area / ground.area))

    def touches(self, layer: str, area: Area, *, within_m: float = 0.0) -> bool:
        """Whether any part of an area is in the layer or closer to it than a distance."""
        frame = _frame_near(area)
        return bool(self._near(layer, area, frame, within_m).intersects(frame.to_local(area)))

    def _near(self, layer: str, area: Area, frame: LocalFrame, tolerance_m: float) -> BaseGeometry:
        """Union of the layer around an area, grown by the tolerance, in local metres."""
        window = box_around(area, 2 * tolerance_m + 1.0)
        found = self._trees[layer].query(window, predicate="intersects")
        pieces = [self.layers[layer][i].intersection(window) for i in sorted(found)]
        return shapely.unary_union([frame.to_local(piece).buffer(tolerance_m) for piece in pieces])


def _extent_of(boxes: Collection[Polygon]) -> Polygon | None:
    """Box of the ground that boxes of layers speak of; None without any."""
    if not boxes:
        return None
    return box_around(box(*shapely.total_bounds(list(boxes))), EXTENT_MARGIN_M)


def _frame_near(area: Area) -> LocalFrame:
    """Frame centred within some kilometres of an area, shared because making one is slow."""
    west, south, east, north = area.bounds
    return _frame_at(round((west + east) / 2, 1), round((south + north) / 2, 1))


@lru_cache(maxsize=64)
def _frame_at(lon_deg: float, lat_deg: float) -> LocalFrame:
    return LocalFrame(lon_deg, lat_deg)


def box_around(area: BaseGeometry, margin_m: float) -> Polygon:
    """Box around a geometry in degrees with at least a margin on every side."""
    west, south, east, north = area.bounds
    lat_deg = min(max(abs(south), abs(north)), HIGHEST_LAT_DEG)
    dy = margin_m / M_PER_DEG_LAT
    dx = dy / math.cos(math.radians(lat_deg))
    return box(west - dx, south - dy, east + dx, north + dy)


NO_ZONES = Zones({})
