"""Where do rows begin and end so that enough photos see every place.

A row may begin later and end earlier than at the border as long as the ground is covered; photos of
the border get fewer by that. So each row starts with its shortest form and gets longer where this
shows most ground for the time that it takes, until enough of the polygon is seen. Photos begin at
the start of a row, so one that ends just after a photo wastes no way. Where rows follow one another
without a gap, as a bent row does, photos go on over the bend.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array
from missions.canvas import Canvas, Counts, Photos, Pixels, seen_of
from missions.releases import REACHED_M
from missions.timing import Motion

_SECONDS_PER_HECTARE = (2.0, 5.0, 12.0, 30.0, 80.0, 200.0)  # worth of ground seen, rising
_AFTER_PHOTO_M = REACHED_M + 0.01
_WORTH = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4])  # of a place that few photos see, as a share
_MOST_PHOTOS_TRIED = 4
_JOINED_M = 0.05
_ROUNDING_M = 1e-3
_WATCHED = 2  # places with so many photos more than wanted may come to have too few


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Ends that one row may have: the present ones first.

    Attributes:
        trims_m: (choices, 2).
        seconds: (choices,) of the row and the ways to and from it.
        worth: (choices,) of the places that are seen then, in pixels.
    """

    trims_m: Array
    seconds: Array
    worth: Array


@dataclass(slots=True, eq=False)
class Shots:
    """Rows whose ends may move, and how many photos see the places that few see.

    Attributes:
        rows: (rows, 2, 2) as long as may be, in the canvas's frame, in order of flight.
        most_m: (rows, 2) by how much each start and end may move towards the other.
        trims_m: (rows, 2) by how much they do.
        late_m: (rows,) from the start of a row to its first photo; above 0 only after a bend.
        bend_cos: (rows,) of the turn into the next row that follows without a gap; NaN without.
        lengths_m: (rows,) of the rows as long as may be.
        goes_on: (rows,) whether the next row follows without a gap.
        worth: (least + 1,) of a place by the number of photos that see it.
        pixels: (places, 2) lines and columns of the watched places.
        counts: (places,) photos that see each.
        near: of each row, which places its photos can see, and how far along it these lie.
        known: of each row, choices that are still right.
    """

    canvas: Canvas
    photos: Photos
    motion: Motion
    rows: Array
    most_m: Array
    trims_m: Array
    late_m: Array
    bend_cos: Array
    lengths_m: list[float]
    goes_on: list[bool]
    worth: Array
    pixels: Pixels
    counts: Counts
    near: list[tuple[NDArray[np.intp], Array]]
    known: dict[int, Choices]

    @classmethod
    def of(
        cls, canvas: Canvas, photos: Photos, motion: Motion, rows_m: Array, most_m: Array
    ) -> "Shots":
        """Begin with the shortest rows."""
        rows = rows_m @ canvas.turn
        counts = canvas.blank()
        bends = _bend_cos(rows)
        goes_on = (~np.isnan(bends)).tolist()
        late = _late_m(rows, most_m, bends, photos.each_m)
        for row, trims, first, on in zip(rows, most_m, late, goes_on, strict=True):
            _add_photos(counts, canvas, photos, row, trims, first, on)
        pixels = np.argwhere(canvas.inside & (counts < photos.least + _WATCHED))
        places = np.column_stack([canvas.x[pixels[:, 1]], canvas.y[pixels[:, 0]]])
        near = [_near(row, places, photos) for row in rows]
        seen = counts[pixels[:, 0], pixels[:, 1]]
        return cls(
            canvas=canvas,
            photos=photos,
            motion=motion,
            rows=rows,
            most_m=most_m,
            trims_m=most_m.copy(),
            late_m=late,
            bend_cos=bends,
            lengths_m=[_length(row) for row in rows],
            goes_on=goes_on,
            worth=_worth(photos.least),
            pixels=pixels,
            counts=seen,
            near=near,
            known={},
        )

    def unseen(self) -> Pixels:
        """Lines and columns (N, 2) of pixels that too few photos see."""
        return self.pixels[self.counts < self.photos.least]

    def share(self) -> float:
        """Of the polygon, that enough photos see."""
        missing = np.count_nonzero(self.counts < self.photos.least)
        return 1.0 - missing / max(1, self.canvas.inside_pixels)

    def lengthen(self) -> None:
        """Let rows get longer until enough is seen, or nothing is gained by it."""
        for price in _SECONDS_PER_HECTARE:
            for number in range(len(self.rows)):
                if self._improve(number, price / 1e4) and self.share() >= self.photos.share:
                    return

    def _improve(self, number: int, seconds_per_m2: float) -> bool:
        """Choose the ends of one row that are worth most; whether they moved."""
        if number not in self.known:
            self.known[number] = self._choices(number)
        choices = self.known[number]
        cost = choices.seconds - seconds_per_m2 * self.canvas.area_m2 * choices.worth
        best = int(cost.argmin())
        if cost[best] > cost[0] - 1e-6:
            return False
        run = self._run_from(number)
        self._count(run, -1)
        self.trims_m[number] = choices.trims_m[best]
        self.late_m[run] = _late_m(
            self.rows[run],
            self.trims_m[run],
            self.bend_cos[run],
            self.photos.each_m,
            self.late_m[number],
        )
        self._count(run, 1)
        for changed in run:
            self._forget(changed)
        return True

    def _run_from(self, number: int) -> list[int]:
        """A row and those after it on which photos go on."""
        run = [number]
        while self.goes_on[run[-1]]:
            run.append(run[-1] + 1)
        return run

    def _count(self, run: list[int], times: int) -> None:
        """Count the photos of some rows so many times for the places near them."""
        for number in run:
            places, _ = self.near[number]
            self.counts[places] += times * self._own(number)

    def _own(self, number: int) -> Counts:
        """Photos of one row that see each place near it."""
        start, end = self.trims_m[number].tolist()
        _, along = self.near[number]
        first = start + self.late_m[number]
        left = np.asarray(self.lengths_m[number] - first - end)
        shots = _number(self.photos, left, self.goes_on[number])
        own: Counts = self.photos.seeing(along - first, shots).astype(np.int16)
        return own

    def _forget(self, number: int) -> None:
        """Choices of rows that share places or ways with a row whose ends moved."""
        here, _ = self.near[number]
        touched = np.zeros(len(self.counts), dtype=bool)
        touched[here] = True
        for other in list(self.known):
            if abs(other - number) <= 1 or touched[self.near[other][0]].any():
                del self.known[other]

    def _choices(self, number: int) -> Choices:
        photos, length = self.photos, self.lengths_m[number]
        trims = np.array([self.trims_m[number], *self._ends(number)])
        places, along = self.near[number]
        others = self.counts[places] - self._own(number)
        few = others < photos.least
        starts, at = np.unique(trims[:, 0], return_inverse=True)  # choices share few starts
        first, last = photos.span(along[few] - (starts[:, None] + self.late_m[number]))
        left = length - trims[:, 1] - trims[:, 0] - self.late_m[number]
        shots = _number(photos, left, self.goes_on[number])
        seen = others[few] + seen_of(first[at], last[at], shots[:, None])
        worth = self.worth[np.minimum(seen, photos.least).astype(np.intp)].sum(axis=1)
        return Choices(trims, self._seconds(number, trims), worth)

    def _ends(self, number: int) -> Iterator[tuple[float, float]]:
        """Starts and ends worth trying: ends right after a photo, or as early as may be."""
        most_start, most_end = self.most_m[number].tolist()
        longest = self.lengths_m[number] - self.late_m[number]
        for start in {most_start, most_start / 2, 0.0}:
            yield start, most_end
            fewest = int(self.photos.number(np.asarray(longest - start - most_end)))
            for more in range(_MOST_PHOTOS_TRIED):
                end = longest - start - (fewest - 1 + more) * self.photos.each_m - _AFTER_PHOTO_M
                if 0.0 <= end <= most_end:
                    yield start, end

    def _seconds(self, number: int, trims: Array) -> Array:
        """Time of a row and the straight ways to and from it, for several trims (N, 2)."""
        row, length = self.rows[number], self.lengths_m[number]
        ahead = (row[1] - row[0]) / max(length, 1e-9)
        starts, ends = row[0] + trims[:, :1] * ahead, row[1] - trims[:, 1:] * ahead
        ways = [length - trims.sum(axis=1)]
        if number:
            ways.append(_far(starts - self._tip(number - 1, 1)))
        if number + 1 < len(self.rows):
            ways.append(_far(ends - self._tip(number + 1, 0)))
        seconds: Array = self.motion.run_seconds(np.array(ways)).sum(axis=0)
        return seconds

    def _tip(self, number: int, end: int) -> Array:
        """Where a row begins (end 0) or ends (1) now."""
        row = self.rows[number]
        share = self.trims_m[number, end] / max(self.lengths_m[number], 1e-9)
        tip: Array = row[end] + share * (row[1 - end] - row[end])
        return tip


def _far(vectors: Array) -> Array:
    """Lengths (N,) of vectors (N, 2)."""
    far: Array = np.hypot(vectors[:, 0], vectors[:, 1])
    return far


def _length(row: Array) -> float:
    (x, y), (end_x, end_y) = row.tolist()
    return math.hypot(end_x - x, end_y - y)


def _bend_cos(rows: Array) -> Array:
    """Cosine of the turn into a next row that follows without a gap, NaN without one, (rows,)."""
    along = rows[:, 1] - rows[:, 0]
    along = along / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    joined = np.hypot(*(rows[1:, 0] - rows[:-1, 1]).T) < _JOINED_M
    turns = (along[:-1] * along[1:]).sum(axis=1)
    bends: Array = np.append(np.where(joined, turns, np.nan), np.nan)
    return bends


def _late_m(
    rows: Array, trims_m: Array, bend_cos: Array, each_m: float, first_m: float = 0.0
) -> Array:
    """From the starts of rows to their first photos, (rows,); `first_m` for the first row.

    The shutter is released where the straight distance from the last photo reaches `each_m`.
    """
    late = np.zeros(len(rows))
    late[:1] = first_m
    lengths = np.hypot(*(rows[:, 1] - rows[:, 0]).T) - trims_m.sum(axis=1)
    for number in np.flatnonzero(~np.isnan(bend_cos[:-1])).tolist():
        left, cos = lengths[number] - late[number], bend_cos[number]
        if left < 0:
            late[number + 1] = -left
            continue
        since = left % each_m
        across = since * since * (1 - cos * cos)
        late[number + 1] = math.sqrt(each_m * each_m - across) - since * cos
    return late


def _number(photos: Photos, left_m: Array, goes_on: bool) -> Array:
    """Photos from the first one to the end of rows so long; at a bend the camera stays on."""
    shots = photos.number(left_m + REACHED_M if goes_on else left_m)
    return np.where(left_m < -_ROUNDING_M, 0.0, shots)


def _add_photos(
    counts: Counts,
    canvas: Canvas,
    photos: Photos,
    row: Array,
    trims: Array,
    late_m: float,
    goes_on: bool,
) -> None:
    """Count the photos of one row for each pixel."""
    window = canvas.window(row, math.hypot(photos.along_m, photos.across_m) / 2)
    along, aside, length = canvas.beside(window, row)
    first = trims[0] + late_m
    shots = _number(photos, np.asarray(length - first - trims[1]), goes_on)
    seen = photos.seeing(along - first, shots).astype(np.int16)
    counts[window] += seen * (np.abs(aside) <= photos.across_m / 2)


def _near(row: Array, places: Array, photos: Photos) -> tuple[NDArray[np.intp], Array]:
    """Which places (N, 2) photos of a row can see, and how far along it they lie."""
    length = _length(row)
    ahead = (row[1] - row[0]) / length if length > 0 else np.array([1.0, 0.0])
    off = places - row[0]
    along, aside = off @ ahead, off @ np.array([-ahead[1], ahead[0]])
    half = photos.along_m / 2
    seen = (np.abs(aside) <= photos.across_m / 2) & (along >= -half) & (along <= length + half)
    chosen = np.flatnonzero(seen)
    return chosen, along[chosen]


def _worth(least: int) -> Array:
    """Of places by the number of photos that see them, (least + 1,): 1 where these are enough."""
    few = np.interp(np.arange(least) / least, np.arange(len(_WORTH)) / len(_WORTH), _WORTH)
    worth: Array = np.append(few, 1.0)
    return worth
