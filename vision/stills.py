"""Which moments of a video are worth a photo, and where did the camera look then?

As many as the ground needs: the next one when the ground of the last is left behind to all but the
wanted overlap, or the camera has turned or climbed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from geo.camera import Camera
from geo.footprint import size_on_ground_m, spacing_m
from geo.frames import Array, LocalFrame
from geo.pose import Attitude
from vision.errors import VisionError
from vision.subtitles import VideoMoment

MOVED_M = 2.0
"""So far a drone has to go before the way that it went says where it heads."""

OVERLAP_SHARE = 0.6
ON_GROUND_M = 1.0
"""No higher above the take-off point a camera shows no ground to speak of."""

TURNED_DEG = 20.0
CLIMBED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Still:
    """A moment of a video that becomes a photo.

    Attributes:
        height_home_m: above the take-off point.
    """

    moment: VideoMoment
    attitude: Attitude
    height_home_m: float


def choose_stills(
    moments: Sequence[VideoMoment],
    camera: Camera,
    *,
    overlap_share: float = OVERLAP_SHARE,
    pitch_deg: float | None = None,
) -> tuple[Still, ...]:
    """Choose moments by ground overlap, in their order.

    Args:
        moments: of the subtitle file.
        camera: of the video's pictures.
        overlap_share: of the shorter side of a picture that the next one shows again.
        pitch_deg: where the camera looked, for drones that do not write it; its heading is then
            the way that the drone went.

    Raises:
        VisionError: the subtitles do not tell height or view, or the drone never moved.
    """
    attitudes = _attitudes(moments, pitch_deg)
    places_m = _places_m(moments)
    chosen: list[int] = []
    stills: list[Still] = []
    for number, moment in enumerate(moments):
        if moment.height_home_m is None:
            raise VisionError(
                f"the record at {moment.start_s:.1f} s tells no height above the take-off point; "
                "how much ground a picture shows cannot be known"
            )
        if moment.height_home_m <= ON_GROUND_M:
            continue
        still = Still(moment, attitudes[number], moment.height_home_m)
        if not chosen or _is_due(
            stills[-1], still, _away_m(places_m, chosen[-1], number), camera, overlap_share
        ):
            chosen.append(number)
            stills.append(still)
    return tuple(stills)


def is_due(last: Still, now: Still, camera: Camera, overlap_share: float = OVERLAP_SHARE) -> bool:
    """Whether a still shows enough that the last one did not."""
    away_m = _away_m(_places_m([last.moment, now.moment]), 0, 1)
    return _is_due(last, now, away_m, camera, overlap_share)


def _is_due(last: Still, now: Still, away_m: float, camera: Camera, overlap_share: float) -> bool:
    shorter_m = min(size_on_ground_m(camera, last.height_home_m))
    turn_deg = abs((now.attitude.yaw_deg - last.attitude.yaw_deg + 180) % 360 - 180)
    climbed_share = abs(now.height_home_m - last.height_home_m) / last.height_home_m
    return (
        away_m >= spacing_m(shorter_m, overlap_share)
        or turn_deg >= TURNED_DEG
        or climbed_share >= CLIMBED_SHARE
    )


def _places_m(moments: Sequence[VideoMoment]) -> Array:
    """East and north of each moment, (N, 2)."""
    lonlat = np.array([(moment.lon_deg, moment.lat_deg) for moment in moments]).reshape(-1, 2)
    if not len(lonlat):
        return lonlat
    return LocalFrame(*lonlat.mean(axis=0).tolist()).xy_from_lonlat(lonlat)


def _attitudes(moments: Sequence[VideoMoment], pitch_deg: float | None) -> list[Attitude]:
    if all(moment.attitude is not None for moment in moments):
        return [moment.attitude for moment in moments if moment.attitude is not None]
    if pitch_deg is None:
        raise VisionError(
            "the subtitles do not say where the camera looked; give --pitch, -90 where it looked "
            "straight down all the time"
        )
    return [Attitude(course, pitch_deg, 0.0) for course in _courses_deg(_places_m(moments))]


def _courses_deg(places_m: Array) -> Iterator[float]:
    """Where the drone heads at each moment: to the next place that it has gone to."""
    ahead: list[float | None] = [None] * len(places_m)
    goal = len(places_m) - 1
    course: float | None = None
    for number in range(len(places_m) - 1, -1, -1):
        while goal > number + 1 and _away_m(places_m, number, goal - 1) >= MOVED_M:
            goal -= 1
        if goal > number and _away_m(places_m, number, goal) >= MOVED_M:
            east, north = places_m[goal] - places_m[number]
            course = float(np.degrees(np.arctan2(east, north))) % 360
        ahead[number] = course
    known = [entry for entry in ahead if entry is not None]
    if not known:
        raise VisionError(
            f"the drone never went {MOVED_M:g} m, so nothing tells where the camera headed; use "
            "photos, which have it in their tags"
        )
    last = known[-1]
    for entry in ahead:
        yield last if entry is None else entry


def _away_m(places_m: Array, one: int, other: int) -> float:
    return float(np.hypot(*(places_m[other] - places_m[one])))
