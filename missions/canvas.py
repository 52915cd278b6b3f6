"""Which ground do legs cover and photos show, on a raster that lies along the rows."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from geo.frames import Array
from missions.releases import REACHED_M
from missions.sweep import crossings, edges_of, rotation

_PIXEL_SHARES = np.array(
    [0.15, 0.0667]
)  # of the spacing of rows; borders along rows need fine lines
_MOST_PIXELS = 600_000
_ROUNDING = 1e-6
SEEN_SHARE = 0.9955
"""Of an area, that enough photos see; six of those of 70 and 75 % overlap."""
_LEAST_OF_MEAN = 0.5
_LEVEL = 1e-9  # slope of a leg along the lines

Window = tuple[slice, slice]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int16]
Pixels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos along rows, and how many of them are wanted of each place.

    Attributes:
        across_m, along_m: ground that one photo shows, across and along the row.
        each_m: way from one photo to the next; the first is taken at the start of a row.
        least: photos that see a place.
        share: of the polygon, that so many photos see.
    """

    across_m: float
    along_m: float
    each_m: float
    least: int = 6
    share: float = SEEN_SHARE

    @classmethod
    def overlapping(
        cls, spacing_m: float, each_m: float, side_share: float, front_share: float
    ) -> "Photos":
        """Half of the photos that see a place on average shall see nearly every place.

        Args:
            spacing_m: distance between rows, for an overlap of `side_share`.
            each_m: from photo to photo, for an overlap of `front_share`.
            side_share: of a photo's width.
            front_share: of its length.

        >>> Photos.overlapping(30.0, 18.75, 0.70, 0.75).least
        6
        """
        across, along = spacing_m / (1 - side_share), each_m / (1 - front_share)
        least = int(_LEAST_OF_MEAN / ((1 - side_share) * (1 - front_share)) + _ROUNDING)
        return cls(across, along, each_m, least=max(1, least))

    def number(self, length_m: Array) -> Array:
        """Photos along rows of these lengths; the camera is off on the last two metres."""
        far: Array = np.floor(np.maximum(length_m - REACHED_M, 0.0) / self.each_m + _ROUNDING) + 1
        return far

    def seeing(self, along_m: Array, number: Array | float) -> Array:
        """How many of the first photos of a row see places so far along it."""
        first, last = self.span(along_m)
        return seen_of(first, last, number)

    def span(self, along_m: Array) -> tuple[Array, Array]:
        """First and last photo of an endless row that sees places so far along it."""
        along = along_m * (1 / self.each_m)
        half = self.along_m / (2 * self.each_m) + _ROUNDING
        return np.maximum(np.ceil(along - half), 0.0), np.floor(along + half)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Pixels of a polygon; columns lie along the rows, lines across them.

    Attributes:
        turn: (2, 2), takes row vectors of the polygon's frame to the canvas's.
        x, y: (columns,), (lines,) centres of pixels in the canvas's frame, metres.
        area_m2: of one pixel.
        inside: (lines, columns) whether the centre lies in the polygon.
    """

    turn: Array
    x: Array
    y: Array
    area_m2: float
    inside: Mask

    @classmethod
    def of(cls, polygon: Polygon, spacing_m: float, angle_deg: float) -> "Canvas":
        """Lay pixels over a polygon, finer than the spacing of rows by far."""
        turn = rotation(angle_deg)
        edges = edges_of(polygon) @ turn
        low, high = edges.min(axis=(0, 1)), edges.max(axis=(0, 1))
        size = np.maximum(high - low, 1e-9)
        pixel = _PIXEL_SHARES * spacing_m
        pixel *= max(1.0, float(np.sqrt(np.prod(size / pixel) / _MOST_PIXELS)))
        count = np.maximum(np.ceil(size / pixel), 2).astype(int)
        x, y = (a + b / n * (np.arange(n) + 0.5) for a, b, n in zip(low, size, count, strict=True))
        return cls(turn, x, y, float(np.prod(size / count)), _inside(edges, x, y))

    @property
    def inside_pixels(self) -> int:
        """How many pixels lie in the polygon."""
        return int(np.count_nonzero(self.inside))

    def blank(self) -> Counts:
        """A count of 0 for each pixel."""
        return np.zeros(self.inside.shape, dtype=np.int16)

    def pixel_centres(self, pixels: Pixels) -> Array:
        """Places (N, 2) in the polygon's frame of pixels (N, 2) by line and column."""
        centres: Array = np.column_stack([self.x[pixels[:, 1]], self.y[pixels[:, 0]]]) @ self.turn.T
        return centres

    def window(self, points_m: Array, reach_m: float) -> Window:
        """Pixels that can lie within reach of points (N, 2) in the canvas's frame."""
        low, high = points_m.min(axis=0) - reach_m, points_m.max(axis=0) + reach_m
        columns = np.searchsorted(self.x, (low[0], high[0]))
        lines = np.searchsorted(self.y, (low[1], high[1]))
        return slice(int(lines[0]), int(lines[1])), slice(int(columns[0]), int(columns[1]))

    def beside(self, window: Window, leg_m: Array) -> tuple[Array, Array, float]:
        """How far along and beside a leg (2, 2) pixels of a window lie, and the leg's length.

        The two arrays broadcast to the window; beside a leg along the lines one has one line.
        """
        (from_x, from_y), (step_x, step_y) = leg_m[0].tolist(), (leg_m[1] - leg_m[0]).tolist()
        length = math.hypot(step_x, step_y)
        cos, sin = (step_x / length, step_y / length) if length > 0 else (1.0, 0.0)
        dx, dy = self.x[None, window[1]] - from_x, self.y[window[0], None] - from_y
        if abs(sin) < _LEVEL:
            return dx * cos, dy * cos, length
        return dx * cos + dy * sin, dy * cos - dx * sin, length

    def add_swath(self, counts: Counts, path_m: Array, reach_m: float, *, times: int = 1) -> None:
        """Count each leg of a path (N, 2) so many times for the pixels within reach of it."""
        path = path_m @ self.turn
        for leg in np.stack([path[:-1], path[1:]], axis=1):
            window = self.window(leg, reach_m)
            along, aside, length = self.beside(window, leg)
            short = along - np.clip(along, 0.0, length)
            counts[window] += times * (short * short + aside * aside <= reach_m * reach_m)


def seen_of(first: Array, last: Array, number: Array | float) -> Array:
    """How many of the first `number` photos lie in a span from the first to the last."""
    seen: Array = np.minimum(last, number - 1) - first + 1
    return np.maximum(seen, 0)


def _inside(edges: Array, x: Array, y: Array) -> Mask:
    """Pixels between the first and second, third and fourth crossing of their line, and so on."""
    xs, _ = crossings(edges, y)
    flips = np.zeros((len(y), len(x) + 1), dtype=np.int16)
    line, crossing = np.nonzero(np.isfinite(xs))
    np.add.at(flips, (line, np.searchsorted(x, xs[line, crossing])), 1)
    inside: Mask = np.cumsum(flips, axis=1)[:, :-1] % 2 == 1
    return inside
