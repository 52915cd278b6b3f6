"""Roughly how long does it take to cover a polygon with rows of one direction.

Good enough to choose the few directions and places of rows that are worth planning in full: all
places of rows of one direction take less than a millisecond.
"""

from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from geo.frames import Array
from missions.sweep import crossings, edges_of, rotation
from missions.timing import Motion

_FINE = 8  # lines looked at within the spacing of rows
_STRIP_SECONDS = 12.0  # an average way from one strip to the next
_SLANT_COST = 0.8  # how much earlier rows may end falls with the slant of the border
_EXTRA_ROW_SECONDS = 12.0  # a short row for what the others left out, without its length
_WIDE_SHARE = 0.1  # of the spacing, by which a gap may be wider than one row covers
_OFF_BORDER_SHARE = 0.1  # of the spacing; no row lies closer to a border beside it


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of one direction over a polygon.

    Attributes:
        seconds: estimate of flying them all, and short rows in the gaps that they leave.
        gap_seconds: part of it for those short rows.
        angle_deg: of the rows, counter-clockwise from east.
        levels_m: of each row's line, how far it lies to the left of the one through (0, 0).
    """

    seconds: float
    gap_seconds: float
    angle_deg: float
    levels_m: Array


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows are for.

    Attributes:
        trim_m: how far before a border across them rows may end.
        spare_share: of the polygon, that may stay uncovered.
    """

    spacing_m: float
    trim_m: float = 0.0
    spare_share: float = 0.01


def layouts(polygon: Polygon, angle_deg: float, wanted: Wanted, motion: Motion) -> list[Layout]:
    """The fastest places for the rows of one direction: two of all, one of those without gaps."""
    edges = edges_of(polygon) @ rotation(angle_deg)
    low, high = float(edges[:, :, 1].min()), float(edges[:, :, 1].max())
    pitch = wanted.spacing_m / _FINE
    half = int(np.ceil((high - low) / 2 / pitch)) + 2 * _FINE
    fine: Array = np.asarray((low + high) / 2 + pitch * np.arange(-half, half + 1), np.float64)
    off = min(_OFF_BORDER_SHARE * wanted.spacing_m, (high - low) / 2 - 1e-9)
    first = int(np.searchsorted(fine, low + off))
    last = int(np.searchsorted(fine, high - off, side="right")) - 1
    rows, used = _places(first, last)
    seconds, gaps = _Profile.of(edges, fine).seconds(rows, used, polygon.area, wanted, motion)
    total = seconds + gaps
    whole = np.where(gaps > 0, np.inf, total)
    chosen = {int(i) for i in [*np.argsort(total)[:2], whole.argmin()]}
    return [
        Layout(float(total[i]), float(gaps[i]), angle_deg, fine[rows[i][used[i]]]) for i in chosen
    ]


def _places(first: int, last: int) -> tuple[Array, Array]:
    """Lines that rows may lie on: (places, rows) and which of these are used."""
    starts = first + np.arange(max(1, min(_FINE + _FINE // 2, last - first + 1)))
    rows = starts[:, None] + _FINE * np.arange((last - first) // _FINE + 1)
    used = rows <= last
    shorter = used & (np.cumsum(used, axis=1) < used.sum(axis=1)[:, None])
    fewer = shorter.any(axis=1)  # the same without the last row
    return np.concatenate([rows, rows[fewer]]), np.concatenate([used, shorter[fewer]])


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """What a polygon is like on each of many parallel lines.

    Attributes:
        inside_m: length of the line inside.
        pieces: how many there are of it.
        left_m, right_m: where the line enters and leaves for good; 0 where it misses.
    """

    inside_m: Array
    pieces: Array
    left_m: Array
    right_m: Array

    @classmethod
    def of(cls, edges: Array, levels: Array) -> "_Profile":
        xs, counts = crossings(edges, levels)
        known = np.isfinite(xs)
        signs = np.where(np.arange(xs.shape[1]) % 2, 1.0, -1.0)
        inside = (np.where(known, xs, 0.0) * signs).sum(axis=1)
        right = xs[np.arange(len(xs)), np.maximum(counts - 1, 0)]
        left, right = np.where(counts, xs[:, 0], 0.0), np.where(counts, right, 0.0)
        return cls(inside, counts // 2, left, right)

    def seconds(
        self, rows: Array, used: Array, area_m2: float, wanted: Wanted, motion: Motion
    ) -> tuple[Array, Array]:
        """Estimates (places,) for rows, and for short rows in the gaps they leave."""
        at = np.minimum(rows, len(self.pieces) - 1)
        pieces = np.where(used, self.pieces[at], 0)
        joined = (pieces[:, 1:] > 0) & (pieces[:, :-1] > 0)
        hops = np.stack([np.diff(self.left_m[at]), np.diff(self.right_m[at])])
        slant = np.where(joined, np.abs(hops) / wanted.spacing_m, 0.0)
        slack = np.where(joined, np.maximum(0.0, 1.0 - _SLANT_COST * slant), 0.0).mean(axis=0)
        trim = wanted.trim_m * slack.sum(axis=1) / np.maximum(joined.sum(axis=1), 1)
        run = np.where(used, self.inside_m[at], 0.0).sum(axis=1) - 2 * trim * pieces.sum(axis=1)
        stop = motion.speed_m_s / motion.acceleration_m_s2
        seconds = run / motion.speed_m_s + stop * pieces.sum(axis=1)
        away = motion.run_seconds(wanted.spacing_m * np.hypot(slant, 1.0)).mean(axis=0)
        seconds += (away * np.minimum(pieces[:, 1:], pieces[:, :-1])).sum(axis=1)
        change = np.where(joined, np.diff(pieces, axis=1), 0)
        seconds += _STRIP_SECONDS * (np.abs(change) + np.maximum(change, 0)).sum(axis=1)
        gaps = self._gap_seconds(at, used, trim, wanted, wanted.spare_share * area_m2)
        return seconds, gaps[0] * _EXTRA_ROW_SECONDS + gaps[1] / motion.speed_m_s

    def _gap_seconds(
        self, rows: Array, used: Array, trim_m: Array, wanted: Wanted, spare_m2: float
    ) -> Array:
        """Number and length (2, places) of rows in the largest gaps to leave out no more.

        A gap wider than the spacing, beside the outermost row, takes several rows.
        """
        pitch, reach = wanted.spacing_m / _FINE, wanted.spacing_m / 2
        lines = np.arange(len(self.inside_m))[None]
        number = (lines - rows[:, :1] + _FINE // 2) // _FINE
        number = np.clip(number, 0, used.sum(axis=1)[:, None] - 1)
        row = np.take_along_axis(rows, number.astype(np.intp), axis=1)
        offset = np.abs(lines - row) * pitch
        cap = np.sqrt(np.maximum(reach**2 - offset**2, 0.0)) - trim_m[:, None]
        covered = self.inside_m[row] + 2 * np.maximum(self.pieces[row], 1) * cap
        covered = np.where(offset <= reach + 1e-6, np.maximum(covered, 0.0), 0.0)
        missed = np.maximum(0.0, self.inside_m - covered)
        sides = 2 * rows.shape[1]
        side = 2 * number + (lines > row) + sides * np.arange(len(rows))[:, None]
        shape = (len(rows), sides)
        sums = np.bincount(side.ravel(), missed.ravel(), minlength=shape[0] * sides)
        squares = np.bincount(side.ravel(), missed.ravel() ** 2, minlength=shape[0] * sides)
        lengths = (squares / np.maximum(sums, 1e-9)).reshape(shape)
        areas = sums.reshape(shape) * pitch
        order = np.argsort(-areas, axis=1)
        areas = np.take_along_axis(areas, order, axis=1)
        left = areas.sum(axis=1, keepdims=True) - np.cumsum(areas, axis=1) + areas
        closed = left > spare_m2
        lengths = np.where(closed, np.take_along_axis(lengths, order, axis=1), 0.0)
        widths = np.where(closed, areas / np.maximum(lengths, 1e-9), 0.0)
        passes = np.ceil(widths / wanted.spacing_m - _WIDE_SHARE)
        passes = np.where(closed, np.maximum(passes, 1.0), 0.0)
        return np.stack([passes.sum(axis=1), (passes * lengths).sum(axis=1)])
