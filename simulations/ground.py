"""What the ground of one area looks like: colour, height and class of every 0.1 m."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from shapely import box

from simulations.buildings import draw_building, draw_car, draw_chimney, draw_vent
from simulations.layout import District, Relief, Tree
from simulations.objects import draw_object
from simulations.planting import CHIMNEY_M, Kind, Planted
from simulations.plume import Plume
from simulations.sheet import Bytes, Sheet, Window
from simulations.surfaces import draw_base, draw_parcel, draw_patch, draw_pond, draw_way
from simulations.vegetation import draw_tree

PLUME_REACH_M = 90.0
LONGEST_M = 60.0
ON_TOP = (Kind.NEW_BUILDING, Kind.UNFINISHED, Kind.GREENHOUSE, Kind.BALES)


@dataclass(frozen=True, slots=True, eq=False)
class GroundArea:
    """An area ready to be photographed.

    Attributes:
        sheet: rasters at 0.1 m.
        relief: bare ground above mean sea level.
        plumes: what drifts over the area or near it.
        shades: sunlight on the area by light, kept while the area is; see `light.sunlit`.
    """

    sheet: Sheet
    relief: Relief
    plumes: tuple[Plume, ...]
    shades: dict[Hashable, Bytes] = field(default_factory=dict)


def build_area(
    district: District, planted: Sequence[Planted], bounds_m: tuple[float, float, float, float]
) -> GroundArea:
    """Draw the ground inside (west, south, east, north), local metres.

    >>> from simulations.town import make_district
    >>> area = build_area(make_district(3), [], (0, 0, 30, 20))
    >>> area.sheet.albedo.shape
    (206, 306, 3)
    """
    sheet = Sheet.blank(Window.around(bounds_m))
    draw_base(sheet)
    _draw_land(sheet, district)
    for item in planted:
        if item.kind not in ON_TOP:
            draw_object(sheet, item)
    for building in district.buildings:
        if _is_near(building.x_m, building.y_m, bounds_m):
            draw_building(sheet, building)
    _draw_stacks(sheet, district)
    for car in district.cars:
        if _is_near(car.x_m, car.y_m, bounds_m):
            draw_car(sheet, car)
    for item in planted:
        if item.kind in ON_TOP or item.kind in (Kind.DUST, Kind.CHIMNEY, Kind.STEAM):
            draw_object(sheet, item)
    for tree in _free_trees(district, planted, bounds_m):
        draw_tree(sheet, tree)
    return GroundArea(sheet, district.relief, _near_plumes(planted, bounds_m))


def _draw_land(sheet: Sheet, district: District) -> None:
    for kind in ("works", "grass", "earth"):
        for patch in district.patches:
            if patch.kind == kind:
                draw_patch(sheet, patch)
    for parcel in district.parcels:
        draw_parcel(sheet, parcel)
    for pond in district.ponds:
        draw_pond(sheet, pond)
    order = ("canal", "river", "track", "lane", "main")
    for way in sorted(district.ways, key=lambda way: order.index(way.kind)):
        draw_way(sheet, way)
    for patch in district.patches:
        if patch.kind in ("yard", "garden"):
            draw_patch(sheet, patch)


def _draw_stacks(sheet: Sheet, district: District) -> None:
    for works in district.works:
        for place in works.chimneys_m:
            draw_chimney(sheet, place, CHIMNEY_M)
        for place in works.vents_m:
            draw_vent(sheet, place)


def _free_trees(
    district: District, planted: Sequence[Planted], bounds_m: tuple[float, float, float, float]
) -> list[Tree]:
    """Trees of the area, lowest first, without those where something was planted."""
    west, south, east, north = bounds_m
    near = [tree for tree in district.trees if _is_near(tree.x_m, tree.y_m, bounds_m)]
    area = box(west - 40, south - 40, east + 40, north + 40)
    cleared = [item.polygon.buffer(2.5) for item in planted if item.polygon.intersects(area)]
    bounds = np.array([polygon.bounds for polygon in cleared]).reshape(-1, 4)
    free = [t for t in near if not _stands_in(t, bounds)]
    return sorted(free, key=lambda tree: (tree.height_m, tree.seed))


def _is_near(x_m: float, y_m: float, bounds_m: tuple[float, float, float, float]) -> bool:
    """Tell whether something at a place can reach into bounds."""
    west, south, east, north = bounds_m
    reach = LONGEST_M / 2
    return west - reach < x_m < east + reach and south - reach < y_m < north + reach


def _stands_in(tree: Tree, bounds: np.ndarray) -> bool:
    r = tree.radius_m * 0.6
    inside = (bounds[:, 0] < tree.x_m + r) & (tree.x_m - r < bounds[:, 2])
    inside &= (bounds[:, 1] < tree.y_m + r) & (tree.y_m - r < bounds[:, 3])
    return bool(inside.any())


def _near_plumes(
    planted: Sequence[Planted], bounds_m: tuple[float, float, float, float]
) -> tuple[Plume, ...]:
    west, south, east, north = bounds_m
    reach = PLUME_REACH_M
    area = box(west - reach, south - reach, east + reach, north + reach)
    return tuple(
        item.plume for item in planted if item.plume is not None and item.polygon.intersects(area)
    )
