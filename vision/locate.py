"""Where on the ground is what a photo shows, and with how much doubt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from geo.footprint import footprint
from geo.frames import Array, LocalFrame
from geo.pose import Pose
from geo.projection import R_local_from_camera, ground_from_pixels, position_m
from geo.terrain import Terrain
from vision.model import Detection, Frame, Sighting
from vision.quality import is_worth_looking

TERRAIN_SIGMA_M = 2.0
"""Of ground heights: roofs, crops and trees that a DEM does not know, and the DEM's own error."""


ABOVE_GROUND_M = {"building": 4.0, "construction": 4.0, "smoke": 10.0, "flame": 1.0}
"""Standard deviation of the height at which a thing of a class is seen above bare ground."""
ORTHOPHOTO_SIGMA_M = 0.5
"""Of an orthophoto's place, which says nothing of its own doubt."""


@dataclass(frozen=True, slots=True)
class _Rules:
    terrain_sigma_m: float
    terrain_has_roofs: bool

    def height_sigma_m(self, class_name: str) -> float:
        """Doubt of the height at which a thing of a class is seen."""
        if self.terrain_has_roofs:
            return self.terrain_sigma_m
        return float(np.hypot(self.terrain_sigma_m, ABOVE_GROUND_M.get(class_name, 0.0)))


@dataclass(frozen=True, slots=True)
class LocateFailure:
    """A detection that has no place on the ground, and why."""

    detection: Detection
    reason: str


def locate(
    detections: Iterable[Detection],
    frames: Iterable[Frame],
    terrain: Terrain,
    frame: LocalFrame,
    *,
    terrain_sigma_m: float = TERRAIN_SIGMA_M,
    terrain_has_roofs: bool = True,
) -> tuple[tuple[Sighting, ...], tuple[LocateFailure, ...]]:
    """Put detections on the ground, photo by photo, in the order given.

    Args:
        detections: in any order; those of one photo are computed at once.
        frames: photos by whose poses they are placed.
        terrain: ground heights.
        frame: local frame of the area.
        terrain_sigma_m: one standard deviation of the ground's height.
        terrain_has_roofs: whether the heights are of the surface with all that stands on it; if
            not, what stands above the ground is doubted more (`ABOVE_GROUND_M`).

    Returns:
        Sightings, and the detections that could not be placed with the reason.
    """
    rules = _Rules(terrain_sigma_m, terrain_has_roofs)
    by_id = {photo.photo_id: photo for photo in frames}
    groups: dict[str, list[Detection]] = {}
    for detection in detections:
        groups.setdefault(detection.photo_id, []).append(detection)
    sightings: list[Sighting] = []
    failures: list[LocateFailure] = []
    for photo_id, group in groups.items():
        photo = by_id.get(photo_id)
        if photo is None or not photo.is_located:
            reason = _why_not(photo)
            failures += [LocateFailure(detection, reason) for detection in group]
            continue
        for result in _locate_in(photo, group, terrain, frame, rules):
            if isinstance(result, Sighting):
                sightings.append(result)
            else:
                failures.append(result)
    return tuple(sightings), tuple(failures)


def _why_not(photo: Frame | None) -> str:
    if photo is None:
        return "its photo is not among the frames"
    return "; ".join(photo.reasons) or "its photo has no pose"


def _locate_in(
    photo: Frame,
    detections: Sequence[Detection],
    terrain: Terrain,
    frame: LocalFrame,
    rules: _Rules,
) -> list[Sighting | LocateFailure]:
    """Place all detections of one photo with one call to the terrain."""
    outlines = [detection.polygon_px for detection in detections]
    corners, owner = shapely.get_coordinates(outlines, return_index=True)
    middles = shapely.get_coordinates(shapely.centroid(outlines))
    classes = [detection.class_name for detection in detections]
    if photo.placement is not None:
        lonlat = photo.placement.lonlat_from_pixels(corners)
        covariances = np.tile(ORTHOPHOTO_SIGMA_M**2 * np.array([1.0, 0.0, 1.0]), (len(middles), 1))
    else:
        lonlat, covariances = _seen(photo, corners, middles, classes, terrain, frame, rules)
    results: list[Sighting | LocateFailure] = []
    for index, detection in enumerate(detections):
        place = lonlat[owner == index]
        if not np.isfinite(place).all() or not np.isfinite(covariances[index]).all():
            results.append(LocateFailure(detection, _missed(place)))
            continue
        polygon = _rebuilt(detection.polygon_px, place)
        if polygon is None:
            results.append(LocateFailure(detection, "its outline has no area on the ground"))
            continue
        east, both, north = (float(value) for value in covariances[index])
        results.append(Sighting(detection, polygon, (east, both, north)))
    return results


def _seen(
    photo: Frame,
    corners: Array,
    middles: Array,
    classes: Sequence[str],
    terrain: Terrain,
    frame: LocalFrame,
    rules: _Rules,
) -> tuple[Array, Array]:
    """Lon, lat (N, 2) of corners and covariances (M, 3) of middles in a photo with a pose."""
    assert photo.camera is not None
    assert photo.pose is not None
    pixels = np.vstack([corners, middles])
    ground = ground_from_pixels(pixels, photo.camera, photo.pose, terrain, frame)
    lonlat = np.full((len(corners), 2), np.nan)
    known = np.isfinite(ground[: len(corners)]).all(axis=1)
    if known.any():
        lonlat[known] = frame.lonlat_from_xy(ground[: len(corners)][known, :2])
    covariances = covariances_m2(
        photo.camera.rays_from_pixels(middles),
        ground[len(corners) :],
        photo.pose,
        frame,
        np.array([rules.height_sigma_m(name) for name in classes]),
        photo.camera.focal_sigma_share,
    )
    return lonlat, covariances


def _missed(place: Array) -> str:
    lost = int((~np.isfinite(place).all(axis=1)).sum())
    return f"{max(lost, 1)} of {len(place)} corners look above the horizon or beyond the terrain"


def _rebuilt(outline: Polygon, place: Array) -> Polygon | None:
    """Give an outline new coordinates; relief may fold it, then its largest part is taken."""
    moved = shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(outline)), place)
    if not moved.is_valid:
        moved = shapely.make_valid(moved)
    parts = [part for part in shapely.get_parts(moved) if isinstance(part, Polygon)]
    largest = max(parts, key=lambda part: part.area, default=None)
    return None if largest is None or largest.area == 0 else largest


def covariances_m2(
    rays: Array,
    ground_m: Array,
    pose: Pose,
    frame: LocalFrame,
    terrain_sigma_m: float | Array,
    focal_sigma_share: float = 0.0,
) -> Array:
    """Covariances (N, 3) east-east, east-north, north-north of ground points.

    First order, on ground taken as level near each point: with the ray d from the camera to the
    point, an error e of the point across the ray or of the camera moves the point by
    (I - d n^T / (n.d)) e, where n is up; an error h of the ground's height by -h d / d_z.

    Args:
        rays: (N, 3) directions in the camera frame, of any length.
        ground_m: (N, 3) where they meet the ground, local frame; corners of outlines as well as
            their middles.
        pose: of the camera; attitude errors are a rotation vector in its axes.
        frame: local frame.
        terrain_sigma_m: one standard deviation of the ground's height, or one for each point.
        focal_sigma_share: of the focal length, as a share of it.
    """
    R = R_local_from_camera(pose, frame)
    offset = np.asarray(ground_m) - position_m(pose, frame)
    slope = offset[:, :2] / offset[:, 2:3]  # metres sideways per metre up the ray
    at_ground = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    at_ground *= np.linalg.norm(offset, axis=1, keepdims=True)
    by_pose = np.zeros((len(offset), 2, 6))
    by_pose[:, 0, 0] = by_pose[:, 1, 1] = 1.0
    by_pose[:, :, 2] = -slope
    for axis in range(3):
        arm = np.radians(np.cross(np.eye(3)[axis], at_ground)) @ R.T
        by_pose[:, :, 3 + axis] = arm[:, :2] - slope * arm[:, 2:3]
    total = by_pose @ pose.covariance_matrix @ by_pose.transpose(0, 2, 1)
    # A longer focal length draws every ray towards the optical axis.
    arm = (at_ground * [-focal_sigma_share, -focal_sigma_share, 0.0]) @ R.T
    drawn = arm[:, :2] - slope * arm[:, 2:3]
    total += drawn[:, :, None] * drawn[:, None, :]
    height_m2 = np.square(np.broadcast_to(terrain_sigma_m, len(slope)))[:, None, None]
    total += height_m2 * slope[:, :, None] * slope[:, None, :]
    return np.column_stack([total[:, 0, 0], total[:, 0, 1], total[:, 1, 1]])


def footprints(frames: Iterable[Frame], terrain: Terrain, frame: LocalFrame) -> dict[str, Polygon]:
    """Outline on the ground, lon/lat degrees, of each photo that was looked at and has a place.

    Photos that show sky or ground beyond the terrain have none.
    """
    outlines = {
        photo.photo_id: _outline(photo, terrain, frame)
        for photo in frames
        if is_worth_looking(photo) and photo.is_located
    }
    return {photo_id: outline for photo_id, outline in outlines.items() if outline is not None}


def _outline(photo: Frame, terrain: Terrain, frame: LocalFrame) -> Polygon | None:
    if photo.placement is not None:
        return photo.placement.outline(photo.width_px, photo.height_px)
    assert photo.camera is not None
    assert photo.pose is not None
    return footprint(photo.camera, photo.pose, terrain, frame)
