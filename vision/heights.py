"""Which of a photo's heights to believe: absolute, or above the take-off point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.frames import Array
from geo.geoid import geoid_heights_m
from geo.terrain import Terrain
from vision.metadata import AltitudeDatum, Position

_TAKE_OFF_TOLERANCE_M = 8.0
"""A take-off point this far below or above all ground near the photos is not believed: GNSS
heights err by 3 m, while a mistaken geoid is 10 m off in Beijing and 28 m in Minnesota."""


@dataclass(frozen=True, slots=True)
class Altitude:
    """A camera's altitude, how it was found, and its extra doubt.

    Attributes:
        altitude_amsl_m: in the height system of the terrain where there is one.
    """

    altitude_amsl_m: float
    source: str
    sigma_m: float = 0.0


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read absolute altitudes: add metres to each, and its name."""

    added_m: float
    name: str


def choose_altitudes(
    positions: Sequence[Position | None], terrain: Terrain | None
) -> list[Altitude | None]:
    """Choose one altitude per photo of one flight, in the order of the photos.

    The absolute altitude counts in the height system in which it puts the take-off point on the
    ground near the photos: the one it states, or the other of ellipsoid and EGM96 geoid. Otherwise
    it is wrong (drifting barometer), and the height above the take-off point counts from the ground
    under the first photo. Where nothing can be compared, what it states counts.
    """
    ground_m = _ground_below(positions, terrain)
    known_ground = ground_m[np.isfinite(ground_m)]
    take_off_m = _stated_take_off_m(positions)
    readings = _readings(positions)
    if take_off_m is None or known_ground.size == 0 or not readings:
        reading = readings[0] if readings else None
        return [_only_one_height(position, known_ground, reading) for position in positions]
    low = float(known_ground.min()) - _TAKE_OFF_TOLERANCE_M
    high = float(known_ground.max()) + _TAKE_OFF_TOLERANCE_M
    for reading in readings:
        if low <= take_off_m + reading.added_m <= high:
            return [_only_one_height(position, known_ground, reading) for position in positions]
    first_m = float(known_ground[0])
    why = (
        f"height above take-off + ground under the first photo ({first_m:.1f} m); the absolute "
        f"altitude would put the take-off at {take_off_m + readings[0].added_m:.1f} m"
    )
    return [_above_take_off(position, first_m, why) for position in positions]


def _readings(positions: Sequence[Position | None]) -> list[_Reading]:
    """Ways to read the absolute altitudes of a flight, the stated one first."""
    first = next((p for p in positions if p is not None and p.altitude_m is not None), None)
    if first is None:
        return []
    geoid_m = float(geoid_heights_m(np.array([[first.lon_deg, first.lat_deg]]))[0])
    if first.datum is AltitudeDatum.ELLIPSOID:
        less = f"absolute altitude above the ellipsoid less EGM96 ({geoid_m:+.1f} m)"
        return [
            _Reading(-geoid_m, less),
            _Reading(0.0, f"absolute altitude, {first.datum} as the terrain is"),
        ]
    less = f"absolute altitude less EGM96 ({geoid_m:+.1f} m): really {AltitudeDatum.ELLIPSOID}"
    return [_Reading(0.0, f"absolute altitude, {first.datum}"), _Reading(-geoid_m, less)]


def _ground_below(positions: Sequence[Position | None], terrain: Terrain | None) -> Array:
    places = [(p.lon_deg, p.lat_deg) for p in positions if p is not None]
    if terrain is None or not places:
        return np.zeros(0)
    return terrain.altitudes_amsl_m(np.array(places))


def _stated_take_off_m(positions: Sequence[Position | None]) -> float | None:
    stated = [
        p.altitude_m - p.height_home_m
        for p in positions
        if p is not None and p.altitude_m is not None and p.height_home_m is not None
    ]
    return float(np.median(stated)) if stated else None


def _only_one_height(
    position: Position | None, ground_m: Array, reading: _Reading | None
) -> Altitude | None:
    """Take the absolute altitude where there is one, else the height above the take-off point."""
    if position is None:
        return None
    if position.altitude_m is not None and reading is not None:
        return Altitude(position.altitude_m + reading.added_m, reading.name)
    take_off_m = float(ground_m[0]) if ground_m.size else 0.0
    why = f"height above take-off, taken to be at {take_off_m:.1f} m"
    return _above_take_off(position, take_off_m, why)


def _above_take_off(position: Position | None, take_off_m: float, why: str) -> Altitude | None:
    if position is None or position.height_home_m is None:
        return None
    return Altitude(take_off_m + position.height_home_m, why, sigma_m=4.0)
