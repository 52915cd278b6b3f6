"""What is wrong in a district, and what only looks wrong: planted objects with their truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.random import Generator
from shapely import LineString, Point, Polygon, prepare, unary_union
from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from simulations.layout import Building, District, Works, rectangle
from simulations.plume import Plume, PlumeKind


class Kind(StrEnum):
    """What was planted: six violations, then their innocent twins."""

    NEW_BUILDING = "new_building"
    UNFINISHED = "unfinished_building"
    BURNING = "open_burning"
    BURN_SCAR = "burn_scar"
    BOAT = "boat_on_closed_water"
    CAGES = "cages_on_closed_water"
    PERMITTED_BUILDING = "permitted_building"
    CHIMNEY = "chimney_smoke"
    STEAM = "steam"
    DUST = "dust"
    OPEN_BOAT = "boat_on_open_water"
    GREENHOUSE = "greenhouse"
    BALES = "straw_bales"


CLASS_NAMES = {
    Kind.NEW_BUILDING: "building",
    Kind.UNFINISHED: "construction",
    Kind.BURNING: "smoke",
    Kind.BURN_SCAR: "burn_scar",
    Kind.BOAT: "boat",
    Kind.CAGES: "fishing_gear",
    Kind.PERMITTED_BUILDING: "building",
    Kind.CHIMNEY: "smoke",
    Kind.STEAM: "smoke",
    Kind.DUST: "smoke",
    Kind.OPEN_BOAT: "boat",
    Kind.GREENHOUSE: "building",
    Kind.BALES: "building",
}
VIOLATIONS = frozenset(tuple(Kind)[:6])
EDGE_MARGIN_M = 14.0
SAME_GROUP_M = 28.0
OTHER_GROUP_M = 9.0
WORKS_CLEARANCE_M = 40.0
ATTEMPTS = 400


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each kind to plant in all chosen cells together."""

    new_building: int = 4
    unfinished_building: int = 5
    open_burning: int = 5
    burn_scar: int = 4
    boat_on_closed_water: int = 5
    cages_on_closed_water: int = 4
    permitted_building: int = 4
    chimney_smoke: int = 2
    steam: int = 2
    dust: int = 2
    boat_on_open_water: int = 3
    greenhouse: int = 3
    straw_bales: int = 3

    def of(self, kind: Kind) -> int:
        """Return the number for a kind."""
        return int(getattr(self, kind.value))


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted object and its truth.

    Attributes:
        class_name: what a detector may see in it; for a twin, what it could be taken for.
        violation: False for an innocent twin.
        polygon: where it stands, local metres; of a fire the burning ground, without the smoke.
        seed: of its looks.
    """

    code: str
    kind: Kind
    class_name: str
    violation: bool
    polygon: Polygon
    cell_code: str
    x_m: float
    y_m: float
    length_m: float
    width_m: float
    angle_deg: float
    seed: int
    plume: Plume | None = None


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a kind may stand inside one cell, and how large it is."""

    area: BaseGeometry
    length_m: float
    width_m: float
    angle_deg: float


def plant(
    district: District,
    cell_codes: Sequence[str],
    seed: int,
    counts: Counts | None = None,
    *,
    beside: Sequence[Planted] = (),
) -> tuple[Planted, ...]:
    """Plant violations and twins into cells; the same seed plants the same.

    They keep their distance from what is there already, `beside`, which is not given back; their
    codes name the seed then.

    >>> from simulations.town import make_district
    >>> district = make_district(3)
    >>> planted = plant(district, district.patrol_codes, seed=3)
    >>> sum(p.violation for p in planted) >= 24
    True
    """
    if not cell_codes:
        raise ValueError("cell_codes must name at least one cell")
    rng = np.random.default_rng([13, district.seed, seed])
    counts = counts or Counts()
    planted: list[Planted] = list(beside)
    suffix = f"-{seed}" if beside else ""
    order = sorted(Kind, key=lambda kind: kind not in (Kind.CHIMNEY, Kind.STEAM))
    for kind in order:
        wanted = counts.of(kind)
        cells = _rounds(cell_codes, wanted * 3 + 2 * len(cell_codes), rng)
        while wanted and cells:
            found = _place(district, kind, cells.pop(0), planted, rng)
            if found is not None:
                code = f"{kind.value}-{len(planted) + 1:03d}{suffix}"
                planted.append(replace(found, code=code))
                wanted -= 1
    return tuple(planted[len(beside) :])


def _rounds(cell_codes: Sequence[str], count: int, rng: Generator) -> list[str]:
    """List cells so that each comes once before any comes again."""
    cells: list[str] = []
    while len(cells) < count:
        cells += [str(code) for code in rng.permutation(list(cell_codes))]
    return cells


def _place(
    district: District, kind: Kind, cell_code: str, planted: list[Planted], rng: Generator
) -> Planted | None:
    """Find a free place for a kind in a cell, or None."""
    cell = district.cell(cell_code).boundary.buffer(-EDGE_MARGIN_M)
    if kind is Kind.PERMITTED_BUILDING:
        return _permitted(district, cell, cell_code, planted, rng)
    if kind in (Kind.CHIMNEY, Kind.STEAM):
        return _works_plume(district, kind, cell, cell_code, planted, rng)
    if kind is Kind.DUST:
        return _dust(district, cell, cell_code, planted, rng)
    site = _site(district, kind, cell, rng)
    return _free_place(site, kind, cell_code, planted, district, rng)


def _site(district: District, kind: Kind, cell: Polygon, rng: Generator) -> _Site:
    """Choose the size of an object and the ground on which it may stand."""
    zones = district.zones
    farm = zones["farmland"].intersection(cell)
    if kind in (Kind.NEW_BUILDING, Kind.UNFINISHED):
        length, width = rng.uniform(10, 15.5), rng.uniform(8, 11)
        built = zones["permitted"].intersection(cell.buffer(30)).buffer(7 + length / 2)
        area = farm.buffer(-length / 2 - 1).difference(built)
        return _Site(area, length, width, rng.uniform(-12, 12) + rng.choice([0, 90]))
    if kind in (Kind.BOAT, Kind.OPEN_BOAT, Kind.CAGES):
        length, width = _water_size(kind, rng)
        water = zones["open_water" if kind is Kind.OPEN_BOAT else "closed_water"]
        return _Site(water.intersection(cell).buffer(-length / 2 - 3), length, width,
                     rng.uniform(0, 360))  # fmt: skip
    if kind is Kind.GREENHOUSE:
        length, width = rng.uniform(26, 38), rng.uniform(14, 26)
        return _Site(
            farm.buffer(-length / 2), length, width, rng.choice([0, 90]) + rng.normal(0, 3)
        )
    if kind is Kind.BALES:
        return _Site(_dry(district, cell).buffer(-6), rng.uniform(8, 12), rng.uniform(5, 8),
                     rng.uniform(0, 180))  # fmt: skip
    works = unary_union([works.zone for works in district.works]).buffer(WORKS_CLEARANCE_M)
    size = rng.uniform(8, 16) if kind is Kind.BURNING else rng.uniform(9, 26)
    ground = _dry(district, cell).difference(works).buffer(-size / 2 - 1.5)
    return _Site(ground, size, size * rng.uniform(0.45, 0.9), rng.uniform(0, 180))


def _water_size(kind: Kind, rng: Generator) -> tuple[float, float]:
    if kind is Kind.CAGES:
        return rng.uniform(10, 18), rng.uniform(7, 11)
    length = rng.uniform(5.2, 9.5)
    return length, length * rng.uniform(0.24, 0.31)


def _dry(district: District, cell: Polygon) -> BaseGeometry:
    """Return the fields of a cell on which straw can lie or burn."""
    fields = [p.polygon for p in district.parcels if p.crop in ("stubble", "fallow")]
    near = [field for field in fields if field.intersects(cell)]
    return unary_union(near).intersection(cell)


def _free_place(
    site: _Site, kind: Kind, cell_code: str, planted: list[Planted], district: District,
    rng: Generator,
) -> Planted | None:  # fmt: skip
    if site.area.is_empty:
        return None
    west, south, east, north = site.area.bounds
    prepare(site.area)
    for _ in range(ATTEMPTS):
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        if not site.area.contains(Point(x, y)):
            continue
        polygon = _shape(kind, x, y, site, rng)
        found = _planted(kind, polygon, cell_code, (x, y), site, rng)
        if kind is Kind.BURNING:
            found = replace(found, plume=_straw_plume(found, district, rng))
        if _is_clear(polygon, found.class_name, planted) and _smoke_is_clear(found, planted):
            return found
    return None


def _shape(kind: Kind, x: float, y: float, site: _Site, rng: Generator) -> Polygon:
    if kind in (Kind.BURNING, Kind.BURN_SCAR):
        return _blob(x, y, site, rng)
    if kind in (Kind.BOAT, Kind.OPEN_BOAT):
        return hull(x, y, site.length_m, site.width_m, site.angle_deg)
    return rectangle(x, y, site.length_m, site.width_m, site.angle_deg)


def hull(x_m: float, y_m: float, length_m: float, width_m: float, angle_deg: float) -> Polygon:
    """Make the outline of a boat, its bow at the far end of its angle."""
    half = [(-0.5, 0.36), (-0.35, 0.46), (0.0, 0.5), (0.25, 0.43), (0.42, 0.22), (0.5, 0.04)]
    ring = half + [(a, -b) for a, b in reversed(half)]
    flat = scale(Polygon(ring), length_m, width_m, origin=(0, 0))
    return translate(rotate(flat, angle_deg, origin=(0, 0)), x_m, y_m)


def _blob(x: float, y: float, site: _Site, rng: Generator) -> Polygon:
    """Make an uneven round patch."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones(48)
    for wave in range(2, 7):
        radius += rng.normal(0, 0.22 / wave) * np.cos(wave * turn + rng.uniform(0, 6.3))
    radius = np.clip(radius, 0.5, 1.35)
    ring = np.column_stack([np.cos(turn) * site.length_m / 2, np.sin(turn) * site.width_m / 2])
    flat = Polygon(ring * radius[:, None])
    return translate(rotate(flat, site.angle_deg, origin=(0, 0)), x, y)


def _is_clear(polygon: Polygon, class_name: str, planted: list[Planted]) -> bool:
    """Tell whether a polygon keeps its distance from everything planted."""
    for other in planted:
        same = _group(other.class_name) == _group(class_name)
        apart = SAME_GROUP_M if same else OTHER_GROUP_M
        if other.polygon.distance(polygon) < apart:
            return False
        if other.plume is not None and other.plume.outline().distance(polygon) < apart:
            return False
    return True


def _smoke_is_clear(fire: Planted, planted: list[Planted]) -> bool:
    """Tell whether a fire's smoke leaves the other planted objects in view."""
    if fire.plume is None:
        return True
    outline = fire.plume.outline()
    return all(other.polygon.distance(outline) > OTHER_GROUP_M for other in planted)


def _group(class_name: str) -> str:
    """Return what could be taken for one object when it lies close together."""
    return {"burn_scar": "smoke", "construction": "building"}.get(class_name, class_name)


def _planted(
    kind: Kind, polygon: Polygon, cell_code: str, place: tuple[float, float], site: _Site,
    rng: Generator,
) -> Planted:  # fmt: skip
    return Planted(
        code="", kind=kind, class_name=CLASS_NAMES[kind], violation=kind in VIOLATIONS,
        polygon=polygon, cell_code=cell_code, x_m=place[0], y_m=place[1],
        length_m=site.length_m, width_m=site.width_m, angle_deg=float(site.angle_deg),
        seed=int(rng.integers(2**31)),
    )  # fmt: skip


def _straw_plume(fire: Planted, district: District, rng: Generator) -> Plume:
    length = rng.uniform(28, 62)
    return Plume(
        kind=PlumeKind.STRAW, x_m=fire.x_m, y_m=fire.y_m, source_height_m=0.6,
        toward_deg=district.wind_toward_deg + rng.normal(0, 9), length_m=length,
        width_m=length * rng.uniform(0.35, 0.55), source_width_m=fire.width_m * 0.8,
        rise_share=rng.uniform(0.25, 0.6), thickness=rng.uniform(1.8, 4.2),
        seed=int(rng.integers(2**31)),
    )  # fmt: skip


def _works_plume(
    district: District, kind: Kind, cell: Polygon, cell_code: str, planted: list[Planted],
    rng: Generator,
) -> Planted | None:  # fmt: skip
    """Let a chimney smoke or a vent steam that does so not yet."""
    for works in district.works:
        places = works.chimneys_m if kind is Kind.CHIMNEY else works.vents_m
        for x, y in places:
            used = any(np.hypot(p.x_m - x, p.y_m - y) < 1 for p in planted)
            if used or not cell.contains(Point(x, y)):
                continue
            polygon = Point(x, y).buffer(1.6 if kind is Kind.CHIMNEY else 2.2)
            site = _Site(polygon, 3.2, 3.2, 0.0)
            found = _planted(kind, polygon, cell_code, (x, y), site, rng)
            return replace(found, plume=_stack_plume(kind, works, x, y, district, rng))
    return None


def _stack_plume(
    kind: Kind, works: Works, x: float, y: float, district: District, rng: Generator
) -> Plume:
    """Make a plume that stays above the zone of its works."""
    smoke = kind is Kind.CHIMNEY
    length = rng.uniform(26, 38) if smoke else rng.uniform(12, 18)
    toward = district.wind_toward_deg + rng.normal(0, 6)
    room = works.zone.exterior.intersection(
        LineString([(x, y), (x + 300 * np.cos(np.radians(toward)),
                             y + 300 * np.sin(np.radians(toward)))])
    )  # fmt: skip
    length = min(length, max(12.0, room.distance(Point(x, y)) - 8.0))
    return Plume(
        kind=PlumeKind.CHIMNEY if smoke else PlumeKind.STEAM, x_m=x, y_m=y,
        source_height_m=CHIMNEY_M if smoke else 9.0, toward_deg=toward, length_m=length,
        width_m=length * rng.uniform(0.42, 0.6), source_width_m=3.0 if smoke else 4.0,
        rise_share=0.15 if smoke else 0.5, thickness=rng.uniform(2.8, 5.0),
        seed=int(rng.integers(2**31)),
    )  # fmt: skip


CHIMNEY_M = 22.0


def _dust(
    district: District, cell: Polygon, cell_code: str, planted: list[Planted], rng: Generator
) -> Planted | None:
    """Let a vehicle raise dust on a field track."""
    tracks = [w.line for w in district.ways if w.kind == "track" and w.line.length > 60]
    near = [line for line in tracks if line.interpolate(0.5, normalized=True).within(cell)]
    for _ in range(20 if near else 0):
        line = near[int(rng.integers(len(near)))]
        start = line.interpolate(rng.uniform(0.3, 0.7), normalized=True)
        (x0, y0), (x1, y1) = line.coords[0][:2], line.coords[-1][:2]
        angle = float(np.degrees(np.arctan2(y1 - y0, x1 - x0))) + float(rng.choice([0, 180]))
        polygon = rectangle(start.x, start.y, 5.2, 2.1, angle)
        if not _is_clear(polygon, "smoke", planted):
            continue
        site = _Site(polygon, 5.2, 2.1, angle)
        plume = Plume(
            kind=PlumeKind.DUST, x_m=start.x, y_m=start.y, source_height_m=0.6,
            toward_deg=angle + 180 + rng.normal(0, 3), length_m=rng.uniform(20, 36),
            width_m=rng.uniform(6, 10), source_width_m=2.6, rise_share=0.08,
            thickness=rng.uniform(1.8, 3.6), seed=int(rng.integers(2**31)),
        )  # fmt: skip
        found = _planted(Kind.DUST, polygon, cell_code, (start.x, start.y), site, rng)
        return replace(found, plume=plume)
    return None


def _permitted(
    district: District, cell: Polygon, cell_code: str, planted: list[Planted], rng: Generator
) -> Planted | None:
    """Choose a house that stands there by right."""
    taken = {(p.x_m, p.y_m) for p in planted}
    houses = [
        b for b in district.buildings
        if b.kind == "house" and (b.x_m, b.y_m) not in taken and cell.contains(b.footprint)
        and _is_clear(b.footprint, "building", planted)
    ]  # fmt: skip
    if not houses:
        return None
    house: Building = houses[int(rng.integers(len(houses)))]
    site = _Site(house.footprint, house.length_m, house.width_m, house.angle_deg)
    place = (house.x_m, house.y_m)
    return _planted(Kind.PERMITTED_BUILDING, house.footprint, cell_code, place, site, rng)
