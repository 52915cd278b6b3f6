"""Random polygons of the kinds that planners are compared on, from a seed, in local metres."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate

from geo.frames import Array

Rng = np.random.Generator


def polygons(seed: int, each: int) -> list[tuple[str, Polygon]]:
    """So many polygons of each kind, 15 to 150 hectares, in any direction."""
    rng = np.random.default_rng(seed)
    made: list[tuple[str, Polygon]] = []
    for kind, make in KINDS.items():
        while sum(name == kind for name, _ in made) < each:
            shape = make(rng)
            if isinstance(shape, Polygon) and shape.is_valid and shape.area > 1e5:
                made.append((kind, rotate(shape, rng.uniform(0, 180), origin=(0, 0))))
    return made


def _rect(rng: Rng) -> Polygon:
    width, height = rng.uniform(400, 1300, 2)
    return shapely.box(-width / 2, -height / 2, width / 2, height / 2)


def _convex(rng: Rng) -> Polygon:
    angles = rng.uniform(0, 2 * np.pi, rng.integers(5, 11))
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(300, 650, (1, 2))
    hull = shapely.MultiPoint(ring + rng.normal(0, 60, ring.shape)).convex_hull
    return hull if isinstance(hull, Polygon) else _rect(rng)


def _l_shape(rng: Rng) -> Polygon:
    width, height = rng.uniform(550, 1100, 2)
    a, b = rng.uniform(0.3, 0.7, 2)
    return shapely.box(0, 0, width, height).difference(
        shapely.box(a * width, b * height, width, height)
    )


def _u_shape(rng: Rng) -> Polygon:
    width, height = rng.uniform(600, 1100, 2)
    low, high, depth = rng.uniform(0.2, 0.4), rng.uniform(0.6, 0.8), rng.uniform(0.3, 0.75)
    bay = shapely.box(low * width, (1 - depth) * height, high * width, height)
    return shapely.box(0, 0, width, height).difference(bay)


def _strip(rng: Rng) -> Polygon:
    turns = np.cumsum(rng.normal(0, 0.45, rng.integers(4, 8)))
    steps = rng.uniform(250, 600, len(turns))[:, None]
    line = np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * steps, axis=0)
    band = LineString(line).buffer(rng.uniform(60, 140), cap_style="flat", join_style="mitre")
    return band if isinstance(band, Polygon) else _strip(rng)


def _pond(rng: Rng) -> Polygon:
    makers: list[Callable[[Rng], Polygon]] = [_rect, _convex, _l_shape, _star]
    shape = makers[rng.integers(len(makers))](rng)
    for _ in range(rng.integers(1, 4)):
        west, south, east, north = shape.bounds
        place = Point(rng.uniform(west, east), rng.uniform(south, north))
        pond = Polygon(_round(rng, 10, rng.uniform(40, 110), 0.2) + np.array(place.coords))
        if shape.buffer(-40).covers(pond):
            shape = shape.difference(pond)
    return shape


def _star(rng: Rng) -> Polygon:
    return Polygon(_round(rng, int(rng.integers(9, 19)), rng.uniform(330, 600), 0.22))


def _rough(rng: Rng) -> Polygon:
    """An outline like a village's: a few large bays, many small bends."""
    count = int(rng.integers(30, 140))
    angles = np.arange(count) * 2 * np.pi / count
    radii = np.full(count, rng.uniform(250, 700))
    for wave in range(2, 7):
        radii *= 1 + rng.normal(0, 0.25 / wave) * np.cos(wave * angles + rng.uniform(0, 6))
    radii *= 1 + rng.normal(0, 0.02, count)
    stretch = np.array([1.0, rng.uniform(0.45, 1.0)])
    return Polygon(radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]) * stretch)


def _round(rng: Rng, count: int, radius_m: float, spread: float) -> Array:
    angles = np.arange(count) * 2 * np.pi / count + rng.uniform(-0.1, 0.1, count)
    radii = radius_m * np.clip(rng.normal(1, spread, count), 0.45, 1.6)
    ring: Array = radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return ring


KINDS: dict[str, Callable[[Rng], Polygon]] = {
    "rect": _rect,
    "convex": _convex,
    "L": _l_shape,
    "U": _u_shape,
    "strip": _strip,
    "pond": _pond,
    "star": _star,
    "real": _rough,
}
