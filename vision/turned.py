"""Which photos did a viewer turn after they were taken, as their neighbours show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.projection import ground_from_pixels
from geo.terrain import Terrain
from vision.intrinsics import turned_attitude, turned_camera
from vision.model import Frame
from vision.quality import Flaw, flaw_of
from vision.tie_points import Features, Indices, Match

_MOST_SCALES = 8.0  # a pair that disagrees by more says no more
_UNLIKELY = 2.0  # cost of turning a photo that no program has saved
_SLIGHTLY = 0.25  # cost of turning one that was saved
LEAST_PROOF = 3.0
"""Cost by which a photo must fit better turned than not, in scales of its pairs' distances."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Quarter turns clockwise by which a file's picture differs from the one taken.

    Attributes:
        proof: how much worse the best other number would fit.
    """

    quarters: int
    proof: float


def is_edited(frame: Frame) -> bool:
    """Whether another program has saved the picture since it was taken."""
    return any(flaw_of(reason) == Flaw.EDITED for reason in frame.reasons)


def quarters_possible(frame: Frame) -> tuple[int, int]:
    """Turns that a picture's shape allows, the likelier first."""
    sideways = any("turned by a quarter" in reason for reason in frame.reasons)
    return (1, 3) if sideways else (0, 2)


def taken_camera(frame: Frame) -> Camera:
    """Camera of the picture before it was turned by any of `quarters_possible`."""
    assert frame.camera is not None
    return turned_camera(frame.camera, -quarters_possible(frame)[0])


def taken_pixels(pixels_px: Array, frame: Frame, quarters: int) -> Array:
    """Pixels (N, 2) in the picture as taken of pixels in the file turned by quarters."""
    x, y = np.asarray(pixels_px, dtype=np.float64).T
    right, bottom = frame.width_px - 1, frame.height_px - 1
    places = {0: (x, y), 1: (y, right - x), 2: (right - x, bottom - y), 3: (bottom - y, x)}
    return np.column_stack(places[quarters % 4])


def turned_frame(frame: Frame, quarters: int) -> Frame:
    """Give a photo the camera and pose of a picture that was turned by quarters."""
    assert frame.pose is not None
    attitude = turned_attitude(frame.pose.attitude, quarters)
    return replace(
        frame,
        camera=turned_camera(taken_camera(frame), quarters),
        pose=replace(frame.pose, attitude=attitude),
    )


def find_turns(
    frames: Sequence[Frame],
    matches: Sequence[Match],
    features: Mapping[int, Features],
    terrain: Terrain,
    local: LocalFrame,
) -> dict[int, Turn]:
    """Find the turn of each matched photo, by which matched points meet on the ground.

    Args:
        frames: photos with camera and pose; the pose is of the picture as taken.
        matches: verified, positions in `frames`.
        features: of the matched photos.
        terrain: ground heights; level ground is good enough.
        local: frame of the area.
    """
    gaps = [_gaps(match, frames, features, terrain, local) for match in matches]
    touching: dict[int, list[int]] = {}
    for number, match in enumerate(matches):
        touching.setdefault(match.first, []).append(number)
        touching.setdefault(match.second, []).append(number)
    starts = [dict.fromkeys(touching, 0), {k: int(is_edited(frames[k])) for k in touching}]
    settled = [_settled(start, frames, matches, gaps, touching) for start in starts]
    best = min(settled, key=lambda s: sum(_cost(k, s, frames, matches, gaps, touching) for k in s))
    return {
        k: Turn(
            quarters_possible(frames[k])[side],
            _cost(k, best | {k: 1 - side}, frames, matches, gaps, touching)
            - _cost(k, best, frames, matches, gaps, touching),
        )
        for k, side in best.items()
    }


def _gaps(
    match: Match,
    frames: Sequence[Frame],
    features: Mapping[int, Features],
    terrain: Terrain,
    local: LocalFrame,
) -> Array:
    """Distance on the ground (2, 2) of a pair's points for both turns of each, in scales."""
    some = slice(None, None, max(1, len(match.first_points) // 40))
    one = _both(
        frames[match.first], features[match.first], match.first_points[some], terrain, local
    )
    two = _both(
        frames[match.second], features[match.second], match.second_points[some], terrain, local
    )
    out = np.full((2, 2), _MOST_SCALES)
    for i in range(2):
        for j in range(2):
            apart = np.linalg.norm(one[i] - two[j], axis=1)
            if np.isfinite(apart).sum() >= 5:
                scale = _scale_m(frames[match.first]) + _scale_m(frames[match.second])
                out[i, j] = min(float(np.nanmedian(apart)) / scale, _MOST_SCALES)
    return out


def _both(
    frame: Frame, features: Features, chosen: Indices, terrain: Terrain, local: LocalFrame
) -> list[Array]:
    """Ground points of chosen features for both turns that are possible."""
    assert frame.pose is not None
    camera = taken_camera(frame)
    return [
        ground_from_pixels(
            taken_pixels(features.points_px[chosen], frame, quarters),
            camera,
            frame.pose,
            terrain,
            local,
        )[:, :2]
        for quarters in quarters_possible(frame)
    ]


def _scale_m(frame: Frame) -> float:
    """How far a point may be off by the pose's own doubt."""
    assert frame.pose is not None
    assert frame.camera is not None
    distance_m = (frame.gsd_m or 0.0) * frame.camera.focal_px
    return frame.pose.sigma.horizontal_m + distance_m * float(np.radians(frame.pose.sigma.axis_deg))


def _cost(
    k: int,
    sides: Mapping[int, int],
    frames: Sequence[Frame],
    matches: Sequence[Match],
    gaps: Sequence[Array],
    touching: Mapping[int, Sequence[int]],
) -> float:
    """What a photo's turn costs: disagreement with its neighbours, and that turning is rare."""
    apart = sum(
        float(gaps[n][sides[matches[n].first], sides[matches[n].second]]) for n in touching[k]
    )
    return apart + sides[k] * (_SLIGHTLY if is_edited(frames[k]) else _UNLIKELY)


def _settled(
    sides: dict[int, int],
    frames: Sequence[Frame],
    matches: Sequence[Match],
    gaps: Sequence[Array],
    touching: Mapping[int, Sequence[int]],
) -> dict[int, int]:
    """Turn single photos and pairs as long as that costs less."""

    def total(changed: Sequence[int], tried: Mapping[int, int]) -> float:
        numbers = {n for k in changed for n in touching[k]}
        pairs = sum(
            float(gaps[n][tried[matches[n].first], tried[matches[n].second]]) for n in numbers
        )
        return pairs + sum(
            tried[k] * (_SLIGHTLY if is_edited(frames[k]) else _UNLIKELY) for k in changed
        )

    moves = [(k,) for k in touching] + [(m.first, m.second) for m in matches]
    for _ in range(20):
        changed = False
        for move in moves:
            tried = sides | {k: 1 - sides[k] for k in move}
            if total(move, tried) < total(move, sides) - 1e-9:
                sides, changed = tried, True
        if not changed:
            break
    return sides
