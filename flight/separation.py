"""Whether flights keep apart from one another, by their plans and in the air; pure."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from geo.frames import Array, LocalFrame
from missions.legs import legs
from missions.model import Sortie

HORIZONTAL_M, VERTICAL_M = 30.0, 10.0  # two vehicles closer than both are too close
CLEAR_FACTOR = 1.5  # a vehicle that was stopped goes on when this much farther apart
TRACK_ERROR_M = 5.0  # each may be this far off its planned way


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vehicle is, height above mean sea level."""

    lon_deg: float
    lat_deg: float
    altitude_amsl_m: float


@dataclass(frozen=True, slots=True)
class Closeness:
    """Two flights that are, or may come, too close to each other."""

    first: str
    second: str
    horizontal_m: float
    vertical_m: float

    def __str__(self) -> str:
        """Tell both and how far apart they are."""
        return (
            f"{self.first} and {self.second}: {self.horizontal_m:.0f} m apart, "
            f"{self.vertical_m:.0f} m in height; {HORIZONTAL_M:.0f} m or {VERTICAL_M:.0f} m in "
            "height are needed"
        )


def closest(first: Sortie, second: Sortie) -> Closeness | None:
    """Where two planned flights come too close if both are in the air; None where nowhere.

    Every leg of one against every leg of the other, whenever each is flown: take-offs are never
    on the second.
    """
    frame = LocalFrame(first.home.lon_deg, first.home.lat_deg)
    ours, theirs = _ways(first, frame), _ways(second, frame)
    pairs = np.array(list(itertools.product(range(len(ours)), range(len(theirs)))))
    a, b = ours[pairs[:, 0]], theirs[pairs[:, 1]]
    distance_m = shapely.distance(
        shapely.linestrings(a[:, :, :2]), shapely.linestrings(b[:, :, :2])
    )
    lowest = np.maximum(a[:, :, 2].min(axis=1), b[:, :, 2].min(axis=1))
    highest = np.minimum(a[:, :, 2].max(axis=1), b[:, :, 2].max(axis=1))
    gap_m = np.maximum(lowest - highest, 0.0)
    horizontal_m = np.maximum(distance_m - 2 * TRACK_ERROR_M, 0.0)
    close = np.flatnonzero((horizontal_m < HORIZONTAL_M) & (gap_m < VERTICAL_M))
    if not len(close):
        return None
    worst = close[np.argmin(horizontal_m[close])]
    return Closeness(first.code, second.code, float(horizontal_m[worst]), float(gap_m[worst]))


def _ways(sortie: Sortie, frame: LocalFrame) -> Array:
    """Legs (N, 2, 3) in local metres and metres above mean sea level."""
    ends = np.array([(leg.start, leg.end) for leg in legs(sortie.home, sortie.items)])
    flat = ends.reshape(-1, 3)
    xy = frame.xy_from_lonlat(flat[:, :2])
    z = flat[:, 2] + sortie.home.altitude_amsl_m
    return np.column_stack([xy, z]).reshape(-1, 2, 3)


def too_close(places: Mapping[str, Place], factor: float = 1.0) -> tuple[Closeness, ...]:
    """Pairs of vehicles in the air that are too close to each other now."""
    found = []
    for (one, a), (other, b) in itertools.combinations(sorted(places.items()), 2):
        horizontal_m, vertical_m = _apart_m(a, b)
        if horizontal_m < factor * HORIZONTAL_M and vertical_m < factor * VERTICAL_M:
            found.append(Closeness(one, other, horizontal_m, vertical_m))
    return tuple(found)


def _apart_m(a: Place, b: Place) -> tuple[float, float]:
    frame = LocalFrame(a.lon_deg, a.lat_deg)
    ((x, y),) = frame.xy_from_lonlat(np.array([[b.lon_deg, b.lat_deg]]))
    return float(np.hypot(x, y)), abs(a.altitude_amsl_m - b.altitude_amsl_m)
