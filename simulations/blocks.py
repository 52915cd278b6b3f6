"""What fills one block of a cell: fields, ponds, a row of houses or a works."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from shapely import LineString, Point, Polygon, get_parts
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry
from shapely.ops import split as cut_by_line

from simulations.layout import (
    Building,
    BuildingKind,
    Car,
    Crop,
    Parcel,
    Patch,
    Pond,
    Tree,
    Way,
    Works,
    rectangle,
)

CROPS: tuple[Crop, ...] = (
    "stubble", "wheat", "stubble", "ploughed", "vegetables", "paddy", "stubble", "fallow",
    "stubble", "paddy", "ploughed", "rape",
)  # fmt: skip
POND_NAMES = ("东塘", "西塘", "南荡", "北荡", "长塘", "荷花塘", "鱼池", "圩塘")
PERMIT_MARGIN_M = 3.0
STACK_PERMIT_M = 5.0


@dataclass(slots=True)
class Contents:
    """What has been placed so far."""

    parcels: list[Parcel] = field(default_factory=list)
    ponds: list[Pond] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    cars: list[Car] = field(default_factory=list)
    works: list[Works] = field(default_factory=list)
    farmland: list[Polygon] = field(default_factory=list)
    permitted: list[Polygon] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Halves:
    """A polygon cut in two, and the cut."""

    parts: list[Polygon]
    cut: LineString


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons in a geometry, in a stable order."""
    return [part for part in get_parts(geometry) if isinstance(part, Polygon) and part.area > 1e-6]


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31))


def split(polygon: Polygon, direction_deg: float, share: float) -> Halves:
    """Cut a polygon along a direction at a share of its breadth."""
    centre = polygon.centroid
    turned = rotate(polygon, -direction_deg, origin=centre)
    west, south, east, north = turned.bounds
    y = south + share * (north - south)
    line = rotate(LineString([(west - 9, y), (east + 9, y)]), direction_deg, origin=centre)
    parts = sorted(polygons_of(cut_by_line(polygon, line)), key=lambda p: -p.area)
    inside = [part for part in get_parts(line.intersection(polygon)) if part.length > 0]
    cut = max(inside, key=lambda part: part.length)
    assert isinstance(cut, LineString)
    return Halves(parts[:2], cut)


def fill_block(contents: Contents, block: Polygon, use: str, rng: Generator) -> None:
    """Fill a block according to its use: farm, water, village or works."""
    {"farm": _farm, "water": _water, "village": _village, "works": _works}[use](
        contents, block, rng
    )


def _farm(contents: Contents, block: Polygon, rng: Generator) -> None:
    contents.farmland.append(block)
    direction = float(rng.choice([0.0, 90.0]) + rng.uniform(-5, 5))
    usual: Crop = rng.choice(list(CROPS))
    for strip in _strips(block, direction, rng.uniform(28, 55), rng):
        crop = usual if rng.random() < 0.45 else rng.choice(list(CROPS))
        parcel = strip.buffer(-rng.uniform(0.35, 0.9), join_style="mitre")
        for part in polygons_of(parcel):
            contents.parcels.append(Parcel(part, crop, direction, _seed(rng)))
    if rng.random() < 0.35:
        _hedge(contents, block, rng)


def _strips(block: Polygon, direction_deg: float, width_m: float, rng: Generator) -> list[Polygon]:
    """Cut a block into strips of about a width."""
    turned = rotate(block, -direction_deg, origin=block.centroid)
    breadth = turned.bounds[3] - turned.bounds[1]
    if breadth < 1.6 * width_m:
        return [block]
    halves = split(block, direction_deg, rng.uniform(0.4, 0.6)).parts
    return [strip for half in halves for strip in _strips(half, direction_deg, width_m, rng)]


def _hedge(contents: Contents, block: Polygon, rng: Generator) -> None:
    ring = block.exterior
    start, length = rng.uniform(0, ring.length), rng.uniform(25, 80)
    for distance in np.arange(0, length, 2.2):
        point = ring.interpolate((start + distance) % ring.length)
        radius = rng.uniform(0.8, 1.6)
        contents.trees.append(
            Tree(point.x, point.y, radius, radius * rng.uniform(1.1, 1.7), _seed(rng))
        )


def _water(contents: Contents, block: Polygon, rng: Generator) -> None:
    contents.patches.append(Patch(block, "grass", _seed(rng)))
    direction = float(rng.choice([0.0, 90.0]))
    closed_first = bool(rng.random() < 0.5)
    for number, half in enumerate(split(block, direction, rng.uniform(0.45, 0.55)).parts):
        shore = half.buffer(-8.5).buffer(5.0)
        for pond in polygons_of(shore):
            closed = (number == 0) == closed_first or rng.random() < 0.35
            contents.ponds.append(Pond(pond, closed, str(rng.choice(POND_NAMES)), _seed(rng)))
            _shore_trees(contents, pond, rng)


def _shore_trees(contents: Contents, pond: Polygon, rng: Generator) -> None:
    ring = pond.buffer(2.0).exterior
    for distance in np.arange(0, ring.length, 4.0):
        if rng.random() < 0.8:
            continue
        point = ring.interpolate(distance)
        radius = rng.uniform(0.8, 2.4)
        contents.trees.append(
            Tree(point.x, point.y, radius, radius * rng.uniform(1.3, 2.4), _seed(rng))
        )


def _village(contents: Contents, block: Polygon, rng: Generator) -> None:
    """Place rows of houses that face south, with yards, sheds, gardens and trees."""
    contents.patches.append(Patch(block, "grass", _seed(rng)))
    west, south, east, north = block.bounds
    lane_y = south + rng.uniform(0.42, 0.58) * (north - south)
    street = LineString([(west, lane_y), (east, lane_y + rng.uniform(-4, 4))]).intersection(block)
    if isinstance(street, LineString) and street.length > 20:
        contents.ways.append(Way(street, 3.6, "lane"))
    tilt = float(rng.uniform(-7, 7))
    for offset in (-38.0, -14.0, 16.0, 40.0):
        _house_row(contents, block, lane_y + offset, tilt, rng)
    _scattered_trees(contents, block, rng)


def _house_row(
    contents: Contents, block: Polygon, y_m: float, tilt_deg: float, rng: Generator
) -> None:
    west, _, east, _ = block.bounds
    x = west + rng.uniform(12, 18)
    while x < east - 10:
        length, width = rng.uniform(9, 14.5), rng.uniform(7.5, 10.5)
        angle = tilt_deg + rng.normal(0, 1.5)
        plot = rectangle(x, y_m - 3, length + 5, width + 11, angle)
        if block.buffer(-1.5).contains(plot) and rng.random() < 0.85:
            _homestead(contents, x, y_m + rng.uniform(-1, 1), length, width, angle, rng)
        x += length + rng.uniform(4.5, 9)


def _homestead(
    contents: Contents, x: float, y: float, length: float, width: float, angle: float,
    rng: Generator,
) -> None:  # fmt: skip
    eaves = float(rng.choice([3.1, 3.4, 6.2, 6.6, 9.3], p=[0.25, 0.2, 0.3, 0.18, 0.07]))
    house = Building(x, y, length, width, angle, eaves, "house", _seed(rng))
    contents.buildings.append(house)
    contents.permitted.append(house.footprint.buffer(PERMIT_MARGIN_M, join_style="mitre"))
    yard = rectangle(x + rng.uniform(-1, 1), y - width / 2 - 2.8, length * 0.95, 6.0, angle)
    contents.patches.append(Patch(yard, "yard", _seed(rng)))
    if rng.random() < 0.45:
        a, b = rng.uniform(2.6, 4.5), rng.uniform(2.2, 3.4)
        side = rng.choice([-1, 1]) * (length / 2 - a / 2)
        shed = Building(x + side, y - width / 2 - 4.2, a, b, angle, 2.4, "shed", _seed(rng))
        contents.buildings.append(shed)
        contents.permitted.append(shed.footprint.buffer(PERMIT_MARGIN_M, join_style="mitre"))
    elif rng.random() < 0.5:
        contents.cars.append(
            Car(x + rng.uniform(-3, 3), y - width / 2 - 3, angle + rng.choice([0, 90]), _seed(rng))
        )
    garden = rectangle(x, y + width / 2 + 4.2, length * rng.uniform(0.5, 0.9), 4.5, angle)
    contents.patches.append(Patch(garden, "garden", _seed(rng)))


def _scattered_trees(contents: Contents, block: Polygon, rng: Generator) -> None:
    west, south, east, north = block.bounds
    yards = [patch.polygon for patch in contents.patches if patch.kind == "yard"]
    near = [yard for yard in yards if yard.intersects(block)]
    for _ in range(int(block.area / 130)):
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        radius = float(rng.gamma(5, 0.42) + 0.6)
        point = Point(x, y)
        if block.buffer(-2).contains(point) and not any(yard.contains(point) for yard in near):
            contents.trees.append(Tree(x, y, radius, radius * rng.uniform(1.4, 2.1), _seed(rng)))


@dataclass(frozen=True, slots=True)
class _Axes:
    """Turned axes around the middle of a block."""

    x_m: float
    y_m: float
    angle_deg: float

    def at(self, along_m: float, across_m: float) -> tuple[float, float]:
        """Return the place so far along and across from the middle, local metres."""
        turn = np.radians(self.angle_deg)
        return (
            float(self.x_m + along_m * np.cos(turn) - across_m * np.sin(turn)),
            float(self.y_m + along_m * np.sin(turn) + across_m * np.cos(turn)),
        )


HALLS_M = ((-38, 36, 44, 20), (22, 40, 36, 17), (-34, -38, 50, 22), (52, -8, 15, 11))


def _works(contents: Contents, block: Polygon, rng: Generator) -> None:
    """Place halls round a yard, with chimneys and vents well inside the zone."""
    contents.patches.append(Patch(block, "works", _seed(rng)))
    axes = _Axes(block.centroid.x, block.centroid.y, float(rng.uniform(-6, 6)))
    for along, across, length, width in HALLS_M:
        x, y = axes.at(along + rng.uniform(-3, 3), across + rng.uniform(-3, 3))
        kind: BuildingKind = "house" if length < 20 else "hall"
        eaves = float(rng.uniform(6.5, 9.5))
        hall = Building(x, y, length, width, axes.angle_deg, eaves, kind, _seed(rng))
        if block.buffer(-2).contains(hall.footprint):
            contents.buildings.append(hall)
            contents.permitted.append(hall.footprint.buffer(PERMIT_MARGIN_M, join_style="mitre"))
    chimneys = (axes.at(-8, 6), axes.at(16, -14))
    vents = (axes.at(-26, -8), axes.at(34, 12))
    contents.works.append(Works(block, chimneys, vents))
    for x, y in (*chimneys, *vents):  # the works' stacks and cooling units are lawful too
        contents.permitted.append(Point(x, y).buffer(STACK_PERMIT_M))
    _works_yard(contents, block, axes, rng)


def _works_yard(contents: Contents, block: Polygon, axes: _Axes, rng: Generator) -> None:
    """Park cars in rows and lorries between the halls, plant trees along the fence."""
    for slot in range(int(rng.integers(8, 16))):
        x, y = axes.at(8 + slot * 3.0, -42 + rng.normal(0, 0.3))
        if rng.random() < 0.75 and block.buffer(-6).contains(Point(x, y)):
            contents.cars.append(Car(x, y, axes.angle_deg + 90, _seed(rng)))
    for _ in range(int(rng.integers(4, 9))):
        x, y = axes.at(rng.uniform(-62, 62), rng.uniform(-16, 18))
        lorry = 7 * (_seed(rng) // 7)
        contents.cars.append(Car(x, y, axes.angle_deg + rng.choice([0, 90]), lorry))
    verge = block.difference(block.buffer(-3.5))
    contents.patches += [Patch(part, "grass", _seed(rng)) for part in polygons_of(verge)]
    ring = block.buffer(-2.2).exterior
    for distance in np.arange(0, ring.length, 6.5):
        if rng.random() < 0.6:
            point = ring.interpolate(distance)
            radius = float(rng.uniform(1.2, 2.4))
            contents.trees.append(Tree(point.x, point.y, radius, radius * 1.9, _seed(rng)))
