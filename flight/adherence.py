"""How well a flight kept to its plan: rows, heights and photos, flown against planned; pure.

A row's errors are those of the points flown on it in the order of the mission
(`flight.course_match`), never of points on a neighbouring row, in a turn or on the way home.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.course_match import match_legs
from geo.frames import Array, LocalFrame
from geo.track import Track
from missions.legs import legs
from missions.model import Sortie

NEAR_ROW_M = 25.0  # points farther off did not fly the row
ALIGNED_DEG = 30.0  # nor did points flown in another direction
COVER_STEP_M = 5.0
MISSED_BELOW = 0.9  # a row of which less was flown is missed


@dataclass(frozen=True, slots=True)
class RowAdherence:
    """How one planned row was flown.

    Attributes:
        flown_share: of its length that was flown within `NEAR_ROW_M`, in its direction.
        rms_m, worst_m: cross-track error of the flown points; NaN where there are none.
        height_error_m: mean of flown minus planned height above home; NaN where there are none.
    """

    index: int
    length_m: float
    flown_share: float
    rms_m: float
    worst_m: float
    height_error_m: float


@dataclass(frozen=True, slots=True)
class Adherence:
    """A flight against its plan.

    Attributes:
        rms_m, worst_m: cross-track error over all rows; NaN where no row was flown.
        photos_missed: indices into the sortie's photos that have no exposure near them.
        photo_error_m: median distance of a planned photo to the nearest exposure.
        height_error_m: mean of flown minus planned height over all rows; NaN where none was flown.
    """

    rows: tuple[RowAdherence, ...]
    rms_m: float
    worst_m: float
    photos_planned: int
    photos_taken: int
    photos_missed: tuple[int, ...]
    photo_error_m: float
    height_error_m: float = math.nan

    @property
    def rows_missed(self) -> tuple[int, ...]:
        """Rows of which less than `MISSED_BELOW` was flown, by index."""
        return tuple(row.index for row in self.rows if row.flown_share < MISSED_BELOW)


def measure_adherence(sortie: Sortie, track: Track) -> Adherence:
    """Compare the flown track and exposures with the sortie's rows and photos."""
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    planned = _planned_legs(sortie, frame)
    flown = _Flown.of(track, frame, np.array([(leg.start, leg.end) for leg in planned]))
    rows = [(leg_index, leg) for leg_index, leg in enumerate(planned) if leg.camera_on]
    measured = [
        _measure_row(index, leg_index, row, flown) for index, (leg_index, row) in enumerate(rows)
    ]
    errors = np.concatenate([errors for _, errors in measured]) if measured else np.zeros(0)
    missed, photo_error_m = _photos(sortie, track, frame)
    return Adherence(
        rows=tuple(row for row, _ in measured),
        rms_m=_rms(errors),
        worst_m=float(np.abs(errors).max()) if len(errors) else math.nan,
        photos_planned=len(sortie.photos),
        photos_taken=len(track.camera_events),
        photos_missed=missed,
        photo_error_m=photo_error_m,
        height_error_m=_mean_height_error_m([row for row, _ in measured]),
    )


def _mean_height_error_m(rows: Sequence[RowAdherence]) -> float:
    """Mean over the flown length of all rows."""
    flown = [(r.height_error_m, r.flown_share * r.length_m) for r in rows if r.flown_share > 0]
    length_m = sum(length for _, length in flown)
    return sum(error * length for error, length in flown) / length_m if length_m else math.nan


@dataclass(frozen=True, slots=True)
class Row:
    """A straight leg, local metres and height above home; a row where the camera is on."""

    start: tuple[float, float]
    end: tuple[float, float]
    height_home_m: float
    camera_on: bool = True


def planned_rows(sortie: Sortie, frame: LocalFrame) -> tuple[Row, ...]:
    """Legs that are flown with the camera triggering by distance."""
    return tuple(leg for leg in _planned_legs(sortie, frame) if leg.camera_on)


def _planned_legs(sortie: Sortie, frame: LocalFrame) -> tuple[Row, ...]:
    """All legs that lead elsewhere, in order."""
    flown = list(legs(sortie.home, sortie.items))
    ends = _local([place[:2] for leg in flown for place in (leg.start, leg.end)], frame)
    return tuple(
        Row((float(x0), float(y0)), (float(x1), float(y1)), leg.end[2], leg.camera_on)
        for leg, ((x0, y0), (x1, y1)) in zip(flown, ends.reshape(-1, 2, 2), strict=True)
        if (x0, y0) != (x1, y1)
    )


@dataclass(frozen=True, slots=True)
class _Flown:
    """Flown points: places (N, 2), heights (N,), directions of flight (N, 2) and legs (N,)."""

    places: Array
    heights_m: Array
    directions: Array
    leg_indices: NDArray[np.intp]

    @classmethod
    def of(cls, track: Track, frame: LocalFrame, legs_m: Array) -> "_Flown":
        """Bring a track to local metres and find which leg (L, 2, 2) each point was flown on."""
        lonlat = [(p.position.lon_deg, p.position.lat_deg) for p in track.points]
        places = _local(lonlat, frame)
        heights = np.array([p.height_home_m for p in track.points])
        steps = np.gradient(places, axis=0) if len(places) > 1 else np.zeros_like(places)
        lengths = np.linalg.norm(steps, axis=1, keepdims=True)
        directions = steps / np.maximum(lengths, 1e-9)
        return cls(places, heights, directions, match_legs(places, legs_m.reshape(-1, 2, 2)))


def _measure_row(index: int, leg_index: int, row: Row, flown: _Flown) -> tuple[RowAdherence, Array]:
    """One row, and the cross-track errors of its points, left negative."""
    start, end = np.array(row.start), np.array(row.end)
    length_m = float(np.linalg.norm(end - start))
    along_row = (end - start) / length_m
    offsets = flown.places - start
    along_m = offsets @ along_row
    across_m = offsets @ np.array([along_row[1], -along_row[0]])
    aligned = flown.directions @ along_row > math.cos(math.radians(ALIGNED_DEG))
    near = aligned & (np.abs(across_m) < NEAR_ROW_M) & (along_m >= 0) & (along_m <= length_m)
    belongs = near & (flown.leg_indices == leg_index)
    passed = near & (np.abs(flown.leg_indices - leg_index) <= 1)  # corners are cut
    errors = across_m[belongs]
    heights = flown.heights_m[belongs]
    return (
        RowAdherence(
            index=index,
            length_m=length_m,
            flown_share=_covered_share(along_m[passed], length_m),
            rms_m=_rms(errors),
            worst_m=float(np.abs(errors).max()) if len(errors) else math.nan,
            height_error_m=float(heights.mean() - row.height_home_m) if len(heights) else math.nan,
        ),
        errors,
    )


def _covered_share(along_m: Array, length_m: float) -> float:
    """Share of a row's length between flown points that are no farther apart than a second's way.

    The first and last metres of a row are rounded off at the corners and count as flown.
    """
    if len(along_m) < 2:
        return 0.0
    marks = np.concatenate([[0.0], np.sort(along_m), [length_m]])
    gaps = np.diff(marks)
    return float(gaps[gaps <= 4 * COVER_STEP_M].sum() / length_m)


def _photos(sortie: Sortie, track: Track, frame: LocalFrame) -> tuple[tuple[int, ...], float]:
    """Planned photos without an exposure within half their spacing, and the median distance."""
    if not sortie.photos:
        return (), math.nan
    planned = _local([(p.lon_deg, p.lat_deg) for p in sortie.photos], frame)
    if not track.camera_events:
        return tuple(range(len(planned))), math.nan
    taken = _local([(e.position.lon_deg, e.position.lat_deg) for e in track.camera_events], frame)
    nearest = np.array([np.linalg.norm(taken - place, axis=1).min() for place in planned])
    reach_m = max(2.0, 0.6 * _spacing_m(planned))
    missed = tuple(int(index) for index in np.flatnonzero(nearest > reach_m))
    return missed, float(np.median(nearest))


def _spacing_m(planned: Array) -> float:
    """Usual distance from one planned photo to the next."""
    if len(planned) < 2:
        return 0.0
    return float(np.median(np.linalg.norm(np.diff(planned, axis=0), axis=1)))


def _local(lonlat_deg: Sequence[tuple[float, float]], frame: LocalFrame) -> Array:
    return frame.xy_from_lonlat(np.array(lonlat_deg, dtype=np.float64).reshape(-1, 2))


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan
