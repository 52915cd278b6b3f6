"""How high above the ground is a straight leg, everywhere along it.

Between two lines through the centres of its pixels a terrain raster is bilinear, so along a
straight line it is a parabola there: three heights tell it exactly. Legs are cut at these lines.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.frames import WGS84, Array, LocalFrame, crs_from_wgs84
from geo.terrain import FlatTerrain, RasterTerrain, Terrain

STEP_M = 5.0  # along terrain that is no raster
_MOST_PIECES = 4000  # of one leg


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The ground under legs in pieces along which it is a parabola.

    Attributes:
        legs: (K,) number of the leg that a piece belongs to.
        shares: (K, 3) beginning, middle and end of a piece as share of its leg, 0 to 1.
        places_m: (K, 3, 2) x, y of these.
        altitudes_amsl_m: (K, 3) of the ground there, NaN where unknown.
    """

    legs: NDArray[np.intp]
    shares: Array
    places_m: Array
    altitudes_amsl_m: Array

    def bends_m(self) -> Array:
        """How far the ground's middle lies above a straight line, for each piece (K,)."""
        start, middle, end = self.altitudes_amsl_m.T
        bends: Array = middle - (start + end) / 2
        return bends


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """Lowest or highest value along each leg and the share of the leg where it is; (N,) each.

    A leg over unknown ground has NaN.
    """

    values: Array
    shares: Array


def ground_under(terrain: Terrain, frame: LocalFrame, starts_m: Array, ends_m: Array) -> Ground:
    """Find the ground under straight legs (N, 2+) from starts to ends in local metres.

    Args:
        terrain: the ground.
        frame: of the legs.
        starts_m: x, y and maybe more.
        ends_m: as many.
    """
    starts, ends = np.asarray(starts_m)[:, :2], np.asarray(ends_m)[:, :2]
    cuts = _cuts(terrain, frame, starts, ends)
    counts = np.array([len(cut) - 1 for cut in cuts], dtype=np.intp)
    legs = np.repeat(np.arange(len(cuts)), counts)
    low = np.concatenate([cut[:-1] for cut in cuts]) if cuts else np.zeros(0)
    high = np.concatenate([cut[1:] for cut in cuts]) if cuts else np.zeros(0)
    shares = np.stack([low, (low + high) / 2, high], axis=1)
    places = starts[legs, None] + shares[:, :, None] * (ends - starts)[legs, None]
    lonlat = frame.lonlat_from_xy(places.reshape(-1, 2))
    return Ground(legs, shares, places, terrain.altitudes_amsl_m(lonlat).reshape(-1, 3))


def _cuts(terrain: Terrain, frame: LocalFrame, starts: Array, ends: Array) -> list[Array]:
    """Shares of each leg at which the ground may bend, with 0 and 1."""
    if isinstance(terrain, FlatTerrain):
        return [np.array([0.0, 1.0])] * len(starts)
    if isinstance(terrain, RasterTerrain):
        from_pixels, to_pixels = (pixels_from_xy(terrain, frame, end) for end in (starts, ends))
        return [_crossings(a, b) for a, b in zip(from_pixels, to_pixels, strict=True)]
    lengths = np.hypot(*(ends - starts).T) / STEP_M
    counts = np.clip(np.ceil(lengths), 1, _MOST_PIECES).astype(int)
    return [np.linspace(0.0, 1.0, count + 1) for count in counts.tolist()]


def _crossings(start: Array, end: Array) -> Array:
    """Shares at which a line between fractional (column, row) crosses a whole one."""
    found = [np.array([0.0, 1.0])]
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        if not (np.isfinite(a) and np.isfinite(b)) or a == b:
            continue
        first, last = np.ceil(min(a, b)), np.floor(max(a, b))
        stride = max(1.0, np.ceil((last - first) / _MOST_PIECES))
        found.append((np.arange(first, last + 1, stride) - a) / (b - a))
    shares = np.unique(np.clip(np.concatenate(found), 0.0, 1.0))
    apart: Array = shares[np.concatenate([np.diff(shares) > 1e-9, [True]])]
    return apart


def pixels_from_xy(terrain: RasterTerrain, frame: LocalFrame, xy_m: Array) -> Array:
    """Fractional (column, row) (N, 2) of a raster at local metres; whole at pixels' centres."""
    points = frame.lonlat_from_xy(xy_m)
    x, y = points[:, 0], points[:, 1]
    if terrain.crs != WGS84:
        x, y = _to_raster(terrain.crs).transform(x, y)
    inverse = ~terrain.transform
    columns = inverse.a * x + inverse.b * y + inverse.c - 0.5
    return np.column_stack([columns, inverse.d * x + inverse.e * y + inverse.f - 0.5])


@lru_cache(maxsize=8)
def _to_raster(crs: CRS) -> Transformer:
    return crs_from_wgs84(crs)


def ground_range_m(
    terrain: Terrain, frame: LocalFrame, bounds_m: Array
) -> tuple[float, float] | None:
    """Altitudes that the ground in local bounds (west, south, east, north) does not exceed.

    None where this cannot be told from the terrain at once, or some of its ground is unknown.
    """
    if isinstance(terrain, FlatTerrain):
        return terrain.altitude_amsl_m, terrain.altitude_amsl_m
    if not isinstance(terrain, RasterTerrain):
        return None
    west, south, east, north = bounds_m
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    pixels = pixels_from_xy(terrain, frame, corners)
    if not np.isfinite(pixels).all():
        return None
    low, high = np.floor(pixels.min(axis=0)) - 1, np.ceil(pixels.max(axis=0)) + 1
    rows, columns = terrain.values.shape
    if low.min() < -1 or high[0] > columns or high[1] > rows:
        return None
    (c0, r0), (c1, r1) = np.maximum(low, 0).astype(int), high.astype(int)
    window = terrain.values[r0 : r1 + 1, c0 : c1 + 1]
    lowest_m, highest_m = float(window.min()), float(window.max())
    return (lowest_m, highest_m) if np.isfinite([lowest_m, highest_m]).all() else None


def heights_agl_m(ground: Ground, start_altitudes_m: Array, end_altitudes_m: Array) -> Array:
    """Height above ground (K, 3) at each piece's beginning, middle and end.

    Args:
        ground: under legs.
        start_altitudes_m: (N,) above mean sea level at the start of each leg.
        end_altitudes_m: (N,) at its end.
    """
    start, rise = start_altitudes_m[ground.legs], (end_altitudes_m - start_altitudes_m)[ground.legs]
    heights: Array = start[:, None] + ground.shares * rise[:, None] - ground.altitudes_amsl_m
    return heights


def lowest(ground: Ground, values: Array, count: int) -> Extremes:
    """Lowest value along each of `count` legs of what is a parabola along each piece (K, 3)."""
    found, shares = _vertex(values)
    at = ground.shares[:, 0] + shares * (ground.shares[:, 2] - ground.shares[:, 0])
    out = Extremes(np.full(count, np.inf), np.zeros(count))
    gap = np.isnan(found)
    order = np.lexsort((np.where(gap, -np.inf, found), ground.legs))
    legs, first = np.unique(ground.legs[order], return_index=True)
    out.values[legs] = found[order][first]
    out.shares[legs] = at[order][first]
    return out


def highest(ground: Ground, values: Array, count: int) -> Extremes:
    """Highest value along each leg, as `lowest`."""
    turned = lowest(ground, -values, count)
    return Extremes(-turned.values, turned.shares)


def _vertex(values: Array) -> tuple[Array, Array]:
    """Least value of parabolas through (K, 3) equally spaced values, and where, 0 to 1."""
    start, middle, end = values.T
    a, b = 2 * (start + end - 2 * middle), 4 * middle - 3 * start - end
    with np.errstate(divide="ignore", invalid="ignore"):
        where = np.where(np.abs(a) > 1e-12, -b / (2 * a), 0.0)
    inside = np.isfinite(where) & (where > 0) & (where < 1)
    where = np.where(inside, where, 0.0)
    candidates = np.stack([start, end, start + b * where + a * where**2])
    places = np.stack([np.zeros_like(where), np.ones_like(where), where])
    candidates = np.where(np.isnan(values).any(axis=1), np.nan, candidates)
    best = np.argmin(candidates, axis=0)
    index = np.arange(len(where))
    return candidates[best, index], places[best, index]
