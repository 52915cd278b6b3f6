"""How high is the ground, and where does a ray meet it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.frames import WGS84, Array, LocalFrame, crs_from_wgs84
from geo.polynomial import fit_plane_map

# Drop of the horizon over distance d is d^2 * CURVATURE_PER_M: mean earth radius and the usual
# coefficient of refraction 0.13 (Kahmen and Faig 1988, section 9.2).
CURVATURE_PER_M = (1 - 0.13) / (2 * 6_371_000.0)
_STEEPEST_SLOPE = 3.0
_MOST_STEPS = 5000
_EXACT_M = 1e-4
_AT_ONCE = 8192
_PIXEL_SHARE = 2e-3  # of a pixel, by which the way to the raster may be off


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

    @cached_property
    def highest_m(self) -> float:
        """Highest known ground; infinite where none is known."""
        known = self.values[np.isfinite(self.values)]
        return float(known.max()) if known.size else np.inf

    @cached_property
    def lowest_m(self) -> float:
        """Lowest known ground; infinite where none is known."""
        known = self.values[np.isfinite(self.values)]
        return float(known.min()) if known.size else np.inf

    def columns_and_rows(self, lonlat_deg: Array) -> Array:
        """Fractional pixel indices (N, 2) as column, row, from the centre of the first pixel."""
        points = np.asarray(lonlat_deg, dtype=np.float64).reshape(-1, 2)
        x, y = points[:, 0], points[:, 1]
        if self.crs != WGS84:
            x, y = self._to_raster.transform(x, y)
        inverse = ~self.transform
        columns = inverse.a * x + inverse.b * y + inverse.c - 0.5
        rows = inverse.d * x + inverse.e * y + inverse.f - 0.5
        return np.column_stack([columns, rows])

    def altitudes_at(self, columns: Array, rows: Array) -> Array:
        """Heights of the ground (N,) at fractional pixel indices (N,)."""
        return _bilinear(self.values, rows, columns)

    def altitudes_amsl_m(self, lonlat_deg: Array) -> Array:
        """Heights of the ground (N,) at lon, lat (N, 2); NaN outside and at missing pixels."""
        columns, rows = self.columns_and_rows(lonlat_deg).T
        return self.altitudes_at(columns, rows)


def _bilinear(values: NDArray[np.float32], rows: Array, columns: Array) -> Array:
    """Interpolate at fractional pixel indices; NaN outside, half a pixel of margin.

    A missing pixel counts only where it has weight.
    """
    count_rows, count_columns = values.shape
    with np.errstate(invalid="ignore"):
        inside = (rows >= -0.5) & (rows <= count_rows - 0.5)
        inside &= (columns >= -0.5) & (columns <= count_columns - 0.5)
    r = np.clip(np.where(inside, rows, 0.0), 0, count_rows - 1)
    c = np.clip(np.where(inside, columns, 0.0), 0, count_columns - 1)
    r0, c0 = r.astype(np.intp), c.astype(np.intp)
    right, down = (c0 < count_columns - 1), (r0 < count_rows - 1)
    fr: Array = r - r0
    fc: Array = c - c0
    corner = r0 * count_columns + c0
    flat = values.ravel()
    below = corner + count_columns * down
    top = _between(flat[corner], flat[corner + right], fc)
    height = _between(top, _between(flat[below], flat[below + right], fc), fr)
    out: Array = np.where(inside, height, np.nan)
    return out


def _between(first: Array, second: Array, share: Array) -> Array:
    """Interpolate; where the share is nothing a missing second value does no harm."""
    out: Array = np.where(share > 0, first + share * (second - first), first)
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
    if isinstance(terrain, FlatTerrain):
        rays = _Rays(origins, unit, np.zeros_like)
        distance = rays.distance_to_level(terrain.altitude_amsl_m)
        distance[distance > range_m] = np.nan
        return rays.points(distance, np.arange(len(unit)))
    heights, start = _searched(terrain, frame, origins, unit, range_m)
    parts = [np.zeros((0, 3))]
    for first in range(0, len(unit), _AT_ONCE):  # as many as the processor's cache holds
        part = slice(first, first + _AT_ONCE)
        rays = _Rays(origins[part], unit[part], heights)
        distance = _narrow(rays, *_march(rays, start[part], step_m, range_m))
        parts.append(rays.points(distance, np.arange(len(distance))))
    return np.concatenate(parts)


def _searched(
    terrain: Terrain, frame: LocalFrame, origins: Array, unit: Array, range_m: float
) -> tuple[Callable[[Array], Array], Array]:
    """Heights of the ground (K,) at local points (K, 2), and where the search starts (N,)."""
    if isinstance(terrain, RasterTerrain):
        heights = _near(terrain, frame, origins, unit, range_m)
        return heights, _down_to(terrain.highest_m, origins, unit)
    return lambda xy: terrain.altitudes_amsl_m(frame.lonlat_from_xy(xy)), np.zeros(len(unit))


def _down_to(level_m: float, origins: Array, unit: Array) -> Array:
    """Distances (N,) that rays can go at once because all ground is lower."""
    with np.errstate(invalid="ignore", divide="ignore"):
        # The ray bends up against the plane, so the straight one is lower: a little less is safe.
        distance = (origins[:, 2] - level_m) / -unit[:, 2]
        out: Array = np.where((unit[:, 2] < 0) & (distance > 0), 0.999 * distance, 0.0)
    return out


def _near(
    terrain: RasterTerrain, frame: LocalFrame, origins: Array, unit: Array, range_m: float
) -> Callable[[Array], Array]:
    """Heights of the ground (K,) at local points (K, 2) that rays can reach.

    The way from local metres to the raster's pixels is a polynomial where that is as good; it
    saves nine tenths of the time.
    """
    reach_m = _reach_m(terrain.lowest_m, origins, unit, range_m)
    low = origins[:, :2].min(axis=0, initial=np.inf) - reach_m
    high = origins[:, :2].max(axis=0, initial=-np.inf) + reach_m
    to_pixels = None
    if np.isfinite([low, high]).all():
        to_pixels = fit_plane_map(
            lambda xy: terrain.columns_and_rows(frame.lonlat_from_xy(xy)), low, high, _PIXEL_SHARE
        )
    if to_pixels is None:
        return lambda xy: terrain.altitudes_amsl_m(frame.lonlat_from_xy(xy))
    chosen = to_pixels
    return lambda xy: terrain.altitudes_at(*chosen(xy))


def _reach_m(lowest_m: float, origins: Array, unit: Array, range_m: float) -> float:
    """How far sideways any ray can get before it is below all ground, at most the range."""
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = np.maximum(origins[:, 2] - lowest_m, 0.0)
        level = np.hypot(unit[:, 0], unit[:, 1])
        # Over 20 km the ground falls away by 27 m: look that much further down.
        sideways = np.where(unit[:, 2] < 0, (depth + 30.0) * level / -unit[:, 2], np.inf)
    return float(np.nanmin([np.nanmax(sideways, initial=0.0), range_m])) + 10.0


@dataclass(frozen=True, slots=True)
class _Rays:
    """Rays over a terrain: where they are after a distance and how far above the ground."""

    origins: Array
    unit: Array
    heights: Callable[[Array], Array]

    def points(self, distance: Array, index: NDArray[np.intp]) -> Array:
        """Points (K, 3) of the rays `index` after `distance` (K,)."""
        points = self.origins[index] + distance[:, None] * self.unit[index]
        level = distance * np.hypot(self.unit[index, 0], self.unit[index, 1])
        points[:, 2] += CURVATURE_PER_M * level**2
        return points

    def gaps(self, distance: Array, index: NDArray[np.intp]) -> Array:
        """Height above the ground (K,) of the rays `index` after `distance`."""
        points = self.points(distance, index)
        gaps: Array = points[:, 2] - self.heights(points[:, :2])
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


def _march(rays: _Rays, start_m: Array, step_m: float, range_m: float) -> tuple[Array, Array]:
    """Bracket the first crossing: distances just above and just below the ground, or NaN.

    A step is as long as ground rising at `_STEEPEST_SLOPE` allows, so a few dozen suffice. Where
    the ground is unknown the ray goes on, but a crossing right after such a gap is not trusted.
    """
    count = len(rays.unit)
    above, below = np.full(count, np.nan), np.full(count, np.nan)
    index = np.flatnonzero(np.isfinite(rays.unit).all(axis=1))
    distance = start_m[index]
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


def _narrow(rays: _Rays, above: Array, below: Array) -> Array:
    """Narrow brackets down to a tenth of a millimetre (Illinois method); NaN stays NaN."""
    distance = np.full(len(above), np.nan)
    index = np.flatnonzero(np.isfinite(above) & np.isfinite(below))
    low, high = above[index], below[index]
    over, under = rays.gaps(low, index), rays.gaps(high, index)
    side = np.zeros(len(index), np.int8)  # which end stayed last time
    for turn in range(_MOST_STEPS):
        with np.errstate(invalid="ignore", divide="ignore"):
            share = over / (over - under)
        halve = ~(share > 0) | ~(share < 1) | (turn % 4 == 3)  # unknown ground, or a slow end
        middle = low + np.where(halve, 0.5, share) * (high - low)
        gap = rays.gaps(middle, index)
        hit = ~(gap > 0)
        under = np.where(hit, gap, np.where(side == 1, under / 2, under))
        over = np.where(hit, np.where(side == 2, over / 2, over), gap)
        low, high = np.where(hit, low, middle), np.where(hit, middle, high)
        side = np.where(hit, 2, 1).astype(np.int8)
        done = (high - low <= _EXACT_M) | (np.abs(gap) <= _EXACT_M)
        distance[index[done]] = middle[done]
        rest = ~done
        index, low, high, side = index[rest], low[rest], high[rest], side[rest]
        over, under = over[rest], under[rest]
        if len(index) == 0:
            break
    return distance
