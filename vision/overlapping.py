"""Which photos show the same ground, so that matching them is worth the time."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from geo.footprint import footprint
from geo.frames import Array, LocalFrame
from geo.projection import position_m
from geo.terrain import Terrain
from vision.model import Frame

_LEAST_SHARE = 0.15
_NEIGHBOURS_IN_TIME = 2


def overlapping_pairs(
    frames: Sequence[Frame], terrain: Terrain, local: LocalFrame, *, most_per_photo: int = 10
) -> list[tuple[int, int]]:
    """Pairs of photos whose footprints share ground, and neighbours in time that are near.

    Args:
        frames: photos with camera and pose.
        terrain: ground heights.
        local: frame of the area.
        most_per_photo: partners chosen for each photo, those with the most ground in common; a
            photo can have more where others chose it.
    """
    outlines = [_outline(frame, terrain, local) for frame in frames]
    first, second = STRtree(outlines).query(outlines, predicate="intersects")
    ahead = first < second
    first, second = first[ahead], second[ahead]
    shapes = np.array(outlines, dtype=object)
    area = shapely.area(shapes)
    common = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    share = common / np.maximum(np.minimum(area[first], area[second]), 1e-9)
    chosen: set[tuple[int, int]] = set()
    for k in range(len(frames)):
        mine = np.flatnonzero(((first == k) | (second == k)) & (share >= _LEAST_SHARE))
        best = mine[np.argsort(-share[mine], kind="stable")][:most_per_photo]
        chosen |= {(int(first[n]), int(second[n])) for n in best}
    return sorted(chosen | _near_in_time(frames, local))


def _outline(frame: Frame, terrain: Terrain, local: LocalFrame) -> BaseGeometry:
    """Footprint in local metres; of a photo without one a circle as wide as it is high."""
    assert frame.camera is not None
    assert frame.pose is not None
    outline = footprint(frame.camera, frame.pose, terrain, local)
    if outline is not None:
        return local.to_local(outline).buffer(0)
    x, y, _ = position_m(frame.pose, local)
    return shapely.Point(x, y).buffer(_distance_m(frame))


def _distance_m(frame: Frame) -> float:
    assert frame.camera is not None
    return max((frame.gsd_m or 0.0) * frame.camera.focal_px, 10.0)


def _near_in_time(frames: Sequence[Frame], local: LocalFrame) -> set[tuple[int, int]]:
    """Photos taken one after the other from near places, whatever their poses say they show."""
    timed = [k for k, frame in enumerate(frames) if frame.taken_at is not None]
    timed.sort(key=lambda k: (str(frames[k].taken_at), k))
    poses = {k: frames[k].pose for k in timed}
    places: dict[int, Array] = {
        k: position_m(pose, local) for k, pose in poses.items() if pose is not None
    }
    near = set()
    for step in range(1, _NEIGHBOURS_IN_TIME + 1):
        for one, two in zip(timed, timed[step:], strict=False):
            apart_m = float(np.linalg.norm(places[one] - places[two]))
            if apart_m <= 1.5 * min(_distance_m(frames[one]), _distance_m(frames[two])):
                near.add((min(one, two), max(one, two)))
    return near
