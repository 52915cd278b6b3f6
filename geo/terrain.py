"""How high is the ground, and where does a ray meet it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.frames import WGS84, Array, LocalFrame, crs_from_wgs84

# Drop of the horizon over distance d is d^2 * CURVATURE_PER_M: mean earth radius and the usual
# coefficient of refraction 0.13 (Kahmen and Faig 1988, section 9.2).
CURVATURE_PER_M = (1 - 0.13) / (2 * 6_371_000.0)
_STEEPEST_SLOPE = 3.0
_MOST_STEPS = 5000


class Terrain(Protocol):
    """Anything that knows how high the ground is."""

    def altitudes_amsl_m(self, lonlat_deg: Array) -> Array:
        """Heights of the ground (N,) at lon, lat (N, 2); NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True)
class FlatTerrain:
    """Ground of one height everywhere."""

    altitude_amsl_m: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a height that is no number."""
        if not np.isfinite(self.altitude_amsl_m):
            raise ValueError(f"altitude_amsl_m must be finite; got {self.altitude_amsl_m}")

    def altitudes_amsl_m(self, lonlat_deg: Array) -> Array:
        """Heights of the ground (N,) at lon, lat (N, 2)."""
        return np.full(len(lonlat_deg), self.altitude_amsl_m)


@dataclass(frozen=True, eq=False)
class RasterTerrain:
    """Ground heights on a raster, interpolated bilinearly between the centres of its pixels.

    Attributes:
        values: (rows, columns) metres above mean sea level, NaN where unknown.
        transform: CRS coordinates from (column, row), origin at the corner of the first pixel.
        crs: horizontal reference of the raster.
    """

    values: NDArray[np.float32]
    transform: Affine
    crs: CRS

    def __post_init__(self) -> None:
        """Refuse a raster that has no area."""
        if self.values.ndim != 2 or 0 in self.values.shape:
            raise ValueError(f"values must be (rows, columns); got shape {self.values.shape}")

    @cached_property
    def _to_raster(self) -> Transformer:
        return crs_from_wgs84(self.crs)

    def altitudes_amsl_m(self, lonlat_deg: Array) -> Array:
        """Heights of the ground (N,) at lon, lat (N, 2); NaN outside and at missing pixels."""
        points = np.asarray(lonlat_deg, dtype=np.float64).reshape(-1, 2)
        x, y = points[:, 0], points[:, 1]
        if self.crs != WGS84:
            x, y = self._to_raster.transform(x, y)
        inverse = ~self.transform
        columns = inverse.a * x + inverse.b * y + inverse.c - 0.5
        rows = inverse.d * x + inverse.e * y + inverse.f - 0.5
        return _bilinear(self.values, rows, columns)


def _bilinear(values: NDArray[np.float32], rows: Array, columns: Array) -> Array:
    """Interpolate at fractional pixel indices; NaN outside, half a pixel of margin."""
    count_rows, count_columns = values.shape
    with np.errstate(invalid="ignore"):
        inside = (rows >= -0.5) & (rows <= count_rows - 0.5)
        inside &= (columns >= -0.5) & (columns <= count_columns - 0.5)
    r = np.clip(np.where(inside, rows, 0.0), 0, count_rows - 1)
    c = np.clip(np.where(inside, columns, 0.0), 0, count_columns - 1)
    r0, c0 = np.floor(r).astype(np.intp), np.floor(c).astype(np.intp)
    r1, c1 = np.minimum(r0 + 1, count_rows - 1), np.minimum(c0 + 1, count_columns - 1)
    fr, fc = r - r0, c - c0
    height = np.zeros(len(r))
    for row, column, weight in (
        (r0, c0, (1 - fr) * (1 - fc)),
        (r0, c1, (1 - fr) * fc),
        (r1, c0, fr * (1 - fc)),
        (r1, c1, fr * fc),
    ):
        height += np.where(weight > 0, weight * values[row, column], 0.0)
    out: Array = np.where(inside, height, np.nan)
    return out


def ground_from_rays(
    terrain: Terrain,
    frame: LocalFrame,
    origins_m: Array,
    directions_enu: Array,
    *,
    step_m: float = 1.0,
    range_m: float = 20_000.0,
) -> Array:
    """Find where rays first meet the ground, with the curvature of the earth.

    Args:
        terrain: the ground.
        frame: the local frame of origins and directions; its axes, so not true north.
        origins_m: (N, 3) or (3,) x, y, altitude above mean sea level.
        directions_enu: (N, 3) of any length.
        step_m: shortest step of the search along a ray; features narrower than this and steeper
            than 70 degrees can be missed.
        range_m: rays are given up after this distance.

    Returns:
        (N, 3) x, y, altitude above mean sea level; NaN where a ray meets no known ground.
    """
    directions = np.asarray(directions_enu, dtype=np.float64).reshape(-1, 3)
    origins = np.broadcast_to(np.asarray(origins_m, dtype=np.float64), directions.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    rays = _Rays(terrain, frame, origins, unit)
    if isinstance(terrain, FlatTerrain):
        distance = rays.distance_to_level(terrain.altitude_amsl_m)
        distance[distance > range_m] = np.nan
    else:
        distance = _bisect(rays, *_march(rays, step_m, range_m))
    return rays.points(distance, np.arange(len(unit)))


@dataclass(frozen=True, slots=True)
class _Rays:
    """Rays over a terrain: where they are after a distance and how far above the ground."""

    terrain: Terrain
    frame: LocalFrame
    origins: Array
    unit: Array

    def points(self, distance: Array, index: NDArray[np.intp]) -> Array:
        """Points (K, 3) of the rays `index` after `distance` (K,)."""
        points = self.origins[index] + distance[:, None] * self.unit[index]
        level = distance * np.hypot(self.unit[index, 0], self.unit[index, 1])
        points[:, 2] += CURVATURE_PER_M * level**2
        return points

    def gaps(self, distance: Array, index: NDArray[np.intp]) -> Array:
        """Height above the ground (K,) of the rays `index` after `distance`."""
        points = self.points(distance, index)
        lonlat = self.frame.lonlat_from_xy(points[:, :2])
        gaps: Array = points[:, 2] - self.terrain.altitudes_amsl_m(lonlat)
        return gaps

    def distance_to_level(self, altitude_m: float) -> Array:
        """Solve for the distance to ground of one height; NaN above the horizon."""
        above = self.origins[:, 2] - altitude_m
        curve = CURVATURE_PER_M * (self.unit[:, 0] ** 2 + self.unit[:, 1] ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(self.unit[:, 2] ** 2 - 4 * curve * above)
            distance = 2 * above / (root - self.unit[:, 2])
            out: Array = np.where((above >= 0) & (self.unit[:, 2] < 0), distance, np.nan)
        return out


def _march(rays: _Rays, step_m: float, range_m: float) -> tuple[Array, Array]:
    """Bracket the first crossing: distances just above and just below the ground, or NaN.

    A step is as long as ground rising at `_STEEPEST_SLOPE` allows, so a few dozen suffice. Where
    the ground is unknown the ray goes on, but a crossing right after such a gap is not trusted.
    """
    count = len(rays.unit)
    above, below = np.full(count, np.nan), np.full(count, np.nan)
    index = np.flatnonzero(np.isfinite(rays.unit).all(axis=1))
    distance = np.zeros(len(index))
    known = np.full(len(index), np.nan)
    for _ in range(_MOST_STEPS):
        if len(index) == 0:
            break
        gaps = rays.gaps(distance, index)
        with np.errstate(invalid="ignore"):
            hit = gaps <= 0
        above[index[hit]], below[index[hit]] = known[hit], distance[hit]
        step = _safe_steps(gaps, rays.unit[index], step_m)
        known = np.where(np.isfinite(gaps), distance, np.nan)
        going = ~hit & (distance + step <= range_m)
        index, known = index[going], known[going]
        distance = (distance + step)[going]
    return above, below


def _safe_steps(gaps: Array, unit: Array, step_m: float) -> Array:
    """Distance that rays can go without crossing ground of bounded slope."""
    closing = _STEEPEST_SLOPE * np.hypot(unit[:, 0], unit[:, 1]) - unit[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.where(closing > 0, gaps / closing, np.inf)
    out: Array = np.fmax(steps, step_m)
    return out


def _bisect(rays: _Rays, above: Array, below: Array) -> Array:
    """Narrow brackets down to a tenth of a millimetre; NaN stays NaN."""
    distance = np.full(len(above), np.nan)
    index = np.flatnonzero(np.isfinite(above) & np.isfinite(below))
    low, high = above[index], below[index]
    width = float(np.max(high - low, initial=0.0))
    for _ in range(max(1, int(np.ceil(np.log2(max(width, 1e-4) / 1e-4))))):
        middle = (low + high) / 2
        over = rays.gaps(middle, index) > 0
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    distance[index] = (low + high) / 2
    return distance
