"""Which photos share which points: features of each, verified matches of those that overlap."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2

from geo.frames import LocalFrame
from geo.terrain import Terrain
from vision.model import Frame
from vision.overlapping import overlapping_pairs
from vision.tie_points import (
    MATCHED_AT_PX,
    Features,
    Match,
    Picture,
    features_of,
    matches_of,
    verified,
)
from vision.turned import Turn

_EPIPOLAR_PX = 1.2  # at the size of matching


@dataclass(frozen=True, eq=False, slots=True)
class MatchedPhotos:
    """Photos that take part, and what they have in common."""

    frames: tuple[Frame, ...]
    features: Mapping[int, Features]
    matches: tuple[Match, ...]
    turns: Mapping[int, Turn] = field(default_factory=dict)


def match_photos(
    frames: tuple[Frame, ...],
    read: Callable[[Frame], Picture],
    ground: Terrain,
    local: LocalFrame,
    *,
    most_partners: int,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> MatchedPhotos:
    """Find features only in photos that have a partner, and match each with its partners."""
    pairs = overlapping_pairs(frames, ground, local, most_per_photo=most_partners)
    wanted = sorted({k for pair in pairs for k in pair})
    steps = len(wanted) + len(pairs)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, steps)

    def features(k: int) -> Features:
        return features_of(_at_match_size(read(frames[k])), frames[k].width_px)

    found: dict[int, Features] = {}
    matches: list[Match] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="match") as pool:
        for k, value in zip(wanted, pool.map(features, wanted), strict=True):
            found[k] = value
            step()
        for match in pool.map(lambda pair: _verified_match(pair, frames, found), pairs):
            if match is not None:
                matches.append(match)
            step()
    return MatchedPhotos(frames, found, tuple(matches))


def _at_match_size(picture: Picture) -> Picture:
    """Make a picture smaller where it is wider than needed."""
    scale = MATCHED_AT_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    smaller: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return smaller


def _verified_match(
    pair: tuple[int, int], frames: Sequence[Frame], features: Mapping[int, Features]
) -> Match | None:
    one, two = pair
    first, second = matches_of(features[one], features[two])
    cameras = [frames[k].camera for k in pair]
    assert cameras[0] is not None
    assert cameras[1] is not None
    coarse_px = _EPIPOLAR_PX * frames[one].width_px / MATCHED_AT_PX
    good = verified(
        cameras[0].rays_from_pixels(features[one].points_px[first]),
        cameras[1].rays_from_pixels(features[two].points_px[second]),
        coarse_px / cameras[0].focal_px,
    )
    return Match(one, two, first[good], second[good]) if good.any() else None
