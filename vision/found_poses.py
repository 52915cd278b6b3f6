"""Photos at the poses that another program has found for them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import shapely

from geo.frames import LocalFrame
from geo.pose import Pose, PoseSigma
from geo.terrain import Terrain
from vision.errors import VisionError
from vision.frames import gsd_on
from vision.model import Frame
from vision.pose_files import FoundPose, PoseFile, pose_of
from vision.similarity import georeferenced


def with_found_poses(
    frames: Sequence[Frame], poses: PoseFile, terrain: Terrain | None
) -> tuple[Frame, ...]:
    """Give photos the poses of a file; others stay as they are.

    Event marks have no attitude and a height above the ellipsoid: of these only the horizontal
    position and the doubt are taken, and only for photos that have a pose.

    Raises:
        VisionError: no photo has a name of the file, or a model cannot be put on the ground.
    """
    found = dict(poses.found)
    if poses.model:
        places = {_name(f): f.pose.position for f in frames if f.pose is not None}
        found |= georeferenced(poses.model, places)
    of_photos = [pose_of(found, frame.path) for frame in frames]
    _refuse_two_folders(frames, of_photos)
    moved = tuple(
        _moved(frame, pose, terrain) for frame, pose in zip(frames, of_photos, strict=True)
    )
    if all(new is old for new, old in zip(moved, frames, strict=True)):
        raise VisionError(
            f"none of the {len(found)} poses is of one of the {len(frames)} photos; the names "
            f"must be file names such as {_name(frames[0]) if frames else 'P1.JPG'}"
        )
    return moved


def _refuse_two_folders(frames: Sequence[Frame], of_photos: Sequence[FoundPose | None]) -> None:
    """Refuse a pose that photos of two flights would take: their file names are the same."""
    first: dict[int, Frame] = {}
    for frame, pose in zip(frames, of_photos, strict=True):
        if pose is None:
            continue
        other = first.setdefault(id(pose), frame)
        if PurePosixPath(other.path).parent != PurePosixPath(frame.path).parent:
            raise VisionError(
                f"one pose of the file ({pose.source}) may be of {other.path} or of {frame.path}. "
                "Give the photos of one flight alone, or a table (.csv) that names photos with "
                "their folders."
            )


def _name(frame: Frame) -> str:
    return PurePosixPath(frame.path).name


def _moved(frame: Frame, found: FoundPose | None, terrain: Terrain | None) -> Frame:
    if found is None:
        return frame
    if found.attitude is not None:
        sigma = found.sigma or PoseSigma()
        pose = Pose(found.position, found.attitude, sigma, found.source)
    elif frame.pose is not None:
        place = replace(found.position, altitude_amsl_m=frame.pose.position.altitude_amsl_m)
        source = f"{found.source}; else {frame.pose.source}"
        sigma = frame.pose.sigma
        if found.sigma is not None:
            sigma = replace(
                sigma,
                horizontal_m=found.sigma.horizontal_m,
                vertical_m=min(sigma.vertical_m, max(found.sigma.vertical_m, 0.05)),
            )
        pose = replace(frame.pose, position=place, sigma=sigma, source=source)
    else:
        return frame
    reasons = tuple(r for r in frame.reasons if not r.startswith(("no pose", "position only")))
    return replace(frame, pose=pose, gsd_m=_gsd_m(frame, pose, terrain), reasons=reasons)


def _gsd_m(frame: Frame, pose: Pose, terrain: Terrain | None) -> float | None:
    if terrain is None or frame.camera is None:
        return frame.gsd_m
    place = pose.position
    local = LocalFrame.around(shapely.Point(place.lon_deg, place.lat_deg))
    return gsd_on(terrain, frame.camera, pose, local)
