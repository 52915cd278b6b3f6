"""Which places on the ground are in line of sight of points above it, over a terrain."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from shapely.geometry.base import BaseGeometry

from geo.errors import TerrainError
from geo.frames import Array, LocalFrame
from geo.terrain import CURVATURE_PER_M, Terrain

_MOST_ROWS = 400
_AT_ONCE = 5000  # targets


@dataclass(frozen=True, slots=True, eq=False)
class SampledGround:
    """Ground heights on a square grid in local metres, for many look-ups.

    Attributes:
        altitudes_m: (rows, columns) from south-west, above mean sea level.
    """

    west_m: float
    south_m: float
    step_m: float
    altitudes_m: Array

    @classmethod
    def of(
        cls, terrain: Terrain, frame: LocalFrame, area: BaseGeometry, step_m: float
    ) -> "SampledGround":
        """Sample a terrain around an area; TerrainError where it does not know the area's hull."""
        west, south, east, north = area.buffer(2 * step_m).bounds
        step = max(step_m, max(east - west, north - south) / _MOST_ROWS)
        x, y = np.meshgrid(np.arange(west, east + step, step), np.arange(south, north + step, step))
        points = np.column_stack([x.ravel(), y.ravel()])
        altitudes = terrain.altitudes_amsl_m(frame.lonlat_from_xy(points))
        unknown = ~np.isfinite(altitudes)
        needed = unknown & shapely.contains_xy(area.convex_hull.buffer(step), points)
        if needed.any():
            lon, lat = frame.lonlat_from_xy(points[needed][:1])[0]
            raise TerrainError(
                f"the terrain model does not know the ground at {lon:.6f}, {lat:.6f} (lon, lat); "
                "lines of sight need all of the area"
            )
        altitudes[unknown] = np.nanmin(altitudes)
        return cls(west, south, step, altitudes.reshape(x.shape))

    def at(self, xy_m: Array) -> Array:
        """Heights at places (..., 2), interpolated bilinearly."""
        rows = (xy_m[..., 1] - self.south_m) / self.step_m
        columns = (xy_m[..., 0] - self.west_m) / self.step_m
        heights: Array = map_coordinates(
            self.altitudes_m, np.stack([rows, columns]), order=1, mode="nearest"
        )
        return heights


def in_sight(
    ground: SampledGround, eye_m: Array, targets_m: Array, range_m: float
) -> NDArray[np.bool_]:
    """Whether targets (N, 3) can be seen from an eye (3,), both x, y, altitude; (N,).

    Earth's curvature and refraction are those of `geo.terrain`.
    """
    seen: NDArray[np.bool_] = np.hypot(*(targets_m - eye_m)[:, :2].T) <= range_m
    index = np.flatnonzero(seen)
    if len(index) == 0:
        return seen
    for some in np.array_split(index, max(1, len(index) // _AT_ONCE)):
        seen[some] = _clear(ground, eye_m, targets_m[some])
    return seen


def _clear(ground: SampledGround, eye_m: Array, targets_m: Array) -> NDArray[np.bool_]:
    """Whether straight lines pass above the ground; only parts below its summit are looked at."""
    steps = targets_m - eye_m
    distance = np.hypot(steps[:, 0], steps[:, 1])
    rise = steps[:, 2] - CURVATURE_PER_M * distance**2  # in the plane that touches at the eye
    summit = float(ground.altitudes_m.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(rise < 0, np.clip((summit - eye_m[2]) / rise, 0, 1), 0.0)
    count = max(2, int(np.ceil(float(((1 - first) * distance).max()) / ground.step_m)))
    shares = first[:, None] + (1 - first)[:, None] * (np.arange(count) + 0.5) / count
    lines = eye_m[2] + shares * rise[:, None]
    heights = ground.at(eye_m[:2] + shares[..., None] * steps[:, None, :2])
    heights -= CURVATURE_PER_M * (shares * distance[:, None]) ** 2
    clear: NDArray[np.bool_] = (lines >= heights).all(axis=1)
    return clear


def sample_places(shape: BaseGeometry, step_m: float) -> tuple[Array, Array]:
    """Places (N, 2) spread over an area and the area that each stands for (N,), local metres.

    Parts that the grid misses are there with one place of their own.
    """
    west, south, east, north = shape.bounds
    x, y = np.meshgrid(
        np.arange(west + step_m / 2, east, step_m), np.arange(south + step_m / 2, north, step_m)
    )
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid = grid[shapely.contains_xy(shape, grid)]
    parts = [part for part in shapely.get_parts(shape).tolist() if part.area > 0]
    missed = [part for part in parts if not shapely.contains_xy(part, grid).any()]
    own = [shapely.get_coordinates(part.representative_point()) for part in missed]
    places = np.concatenate([grid, *own]) if len(grid) or own else np.zeros((0, 2))
    areas = [np.full(len(grid), step_m**2), np.array([part.area for part in missed])]
    return places, np.concatenate(areas)
