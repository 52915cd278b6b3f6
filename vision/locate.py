"""Where on the ground is what a photo shows, and with how much doubt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geo.footprint import clear_ground
from geo.frames import Array, LocalFrame
from geo.pose import Pose
from geo.projection import R_local_from_camera, ground_from_pixels, position_m
from geo.terrain import Terrain
from vision.model import Detection, ErrorArms, Frame, SearchScale, Sighting
from vision.quality import REMARKS, flaw_of, shows_absence
from vision.tiles import scale_for

TERRAIN_SIGMA_M = 2.0
"""Of ground heights: roofs, crops and trees that a DEM does not know, and the DEM's own error."""


FLATTEST_VIEW_DEG = 35.0
"""Below the horizon: flatter views prove no absence. Of 30 things of five kinds all are found at
each of seven pitches from straight down to 35 degrees, and not all at 30 (`benchmarks.pitch`,
2026-11-26).
"""

ABOVE_GROUND_M = {"building": 4.0, "construction": 4.0, "smoke": 10.0, "flame": 1.0}
"""Standard deviation of the height at which a thing of a class is seen above bare ground."""
ORTHOPHOTO_SIGMA_M = 0.5
"""Of an orthophoto's place, which says nothing of its own doubt."""


@dataclass(frozen=True, slots=True)
class _Rules:
    terrain_sigma_m: float
    terrain_has_roofs: bool
    terrain_name: str

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
    terrain_name: str = "the terrain",
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
        terrain_name: what reasons call it, such as the DEM's file name.

    Returns:
        Sightings, and the detections that could not be placed with the reason.
    """
    rules = _Rules(terrain_sigma_m, terrain_has_roofs, terrain_name)
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
    against = [reason for reason in photo.reasons if flaw_of(reason) not in REMARKS]
    return "; ".join(against) or "its photo has no pose"


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
        arms, slants_deg = np.zeros((len(middles), 5, 2)), np.zeros(len(middles))
    else:
        lonlat, covariances, arms = _seen(photo, corners, middles, classes, terrain, frame, rules)
        slants_deg = _off_nadir_deg(photo, middles, frame)
    results: list[Sighting | LocateFailure] = []
    for index, detection in enumerate(detections):
        place = lonlat[owner == index]
        if not np.isfinite(place).all() or not np.isfinite(covariances[index]).all():
            results.append(LocateFailure(detection, _missed(place, rules.terrain_name)))
            continue
        polygon = _rebuilt(detection.polygon_px, place)
        if polygon is None:
            results.append(LocateFailure(detection, "its outline has no area on the ground"))
            continue
        east, both, north = (float(value) for value in covariances[index])
        moves = [(float(x), float(y)) for x, y in arms[index]]
        shared = ErrorArms(moves[0], (moves[1], moves[2], moves[3]), moves[4])
        slant_deg = float(slants_deg[index])
        results.append(Sighting(detection, polygon, (east, both, north), shared, slant_deg))
    return results


def _off_nadir_deg(photo: Frame, pixels_px: Array, frame: LocalFrame) -> Array:
    """Angles (N,) between straight down and the rays of pixels (N, 2)."""
    assert photo.camera is not None
    assert photo.pose is not None
    rays = photo.camera.rays_from_pixels(pixels_px)
    down = -(rays @ R_local_from_camera(photo.pose, frame).T)[:, 2]
    angles: Array = np.degrees(np.arccos(np.clip(down / np.linalg.norm(rays, axis=1), -1, 1)))
    return angles


def _seen(
    photo: Frame,
    corners: Array,
    middles: Array,
    classes: Sequence[str],
    terrain: Terrain,
    frame: LocalFrame,
    rules: _Rules,
) -> tuple[Array, Array, Array]:
    """Lon, lat (N, 2) of corners, covariances (M, 3) and error arms (M, 5, 2) of middles."""
    assert photo.camera is not None
    assert photo.pose is not None
    pixels = np.vstack([corners, middles])
    ground = ground_from_pixels(pixels, photo.camera, photo.pose, terrain, frame)
    lonlat = np.full((len(corners), 2), np.nan)
    known = np.isfinite(ground[: len(corners)]).all(axis=1)
    if known.any():
        lonlat[known] = frame.lonlat_from_xy(ground[: len(corners)][known, :2])
    rays, at = photo.camera.rays_from_pixels(middles), ground[len(corners) :]
    height_sigmas_m = np.array([rules.height_sigma_m(name) for name in classes])
    covariances = covariances_m2(
        rays, at, photo.pose, frame, height_sigmas_m, photo.camera.focal_sigma_share
    )
    return lonlat, covariances, error_arms_m(rays, at, photo.pose, frame, height_sigmas_m)


def _missed(place: Array, terrain_name: str) -> str:
    lost = int((~np.isfinite(place).all(axis=1)).sum())
    return f"{max(lost, 1)} of {len(place)} corners look above the horizon or beyond {terrain_name}"


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

    Args:
        rays: (N, 3) directions in the camera frame, of any length.
        ground_m: (N, 3) where they meet the ground, local frame; corners of outlines as well as
            their middles.
        pose: of the camera; attitude errors are a rotation vector in its axes.
        frame: local frame.
        terrain_sigma_m: one standard deviation of the ground's height, or one for each point.
        focal_sigma_share: of the focal length, as a share of it.
    """
    by_pose = _by_pose(rays, ground_m, pose, frame)
    slope = -by_pose[:, :, 2]
    total = by_pose @ pose.covariance_matrix @ by_pose.transpose(0, 2, 1)
    drawn = _by_focal_length(rays, ground_m, pose, frame) * focal_sigma_share
    total += drawn[:, :, None] * drawn[:, None, :]
    height_m2 = np.square(np.broadcast_to(terrain_sigma_m, len(slope)))[:, None, None]
    total += height_m2 * slope[:, :, None] * slope[:, None, :]
    return np.column_stack([total[:, 0, 0], total[:, 0, 1], total[:, 1, 1]])


def error_arms_m(
    rays: Array, ground_m: Array, pose: Pose, frame: LocalFrame, terrain_sigma_m: float | Array
) -> Array:
    """How far ground points move east and north by one sigma of each shared error, (N, 5, 2).

    The errors are the camera's height, its turns about x, y and z, and the ground's height.
    Arguments as in `covariances_m2`. Matching photos leaves height and turns wrong in each photo by
    itself, so those of an adjusted pose (one with a covariance) are 0.
    """
    by_pose = _by_pose(rays, ground_m, pose, frame)
    sigma = pose.sigma
    sides = np.array([sigma.vertical_m, sigma.axis_deg, sigma.axis_deg, sigma.twist_deg])
    own = (by_pose[:, :, 2:] * (0.0 if pose.covariance else sides)).transpose(0, 2, 1)
    height_m = np.broadcast_to(terrain_sigma_m, len(by_pose))[:, None]
    return np.concatenate([own, (-by_pose[:, :, 2] * height_m)[:, None, :]], axis=1)


def _by_pose(rays: Array, ground_m: Array, pose: Pose, frame: LocalFrame) -> Array:
    """How far ground points move by the camera's east, north, up (m) and turns (deg), (N, 2, 6).

    First order, on ground taken as level near each point: with the ray d from the camera to the
    point, an error e of the point across the ray or of the camera moves the point by
    (I - d n^T / (n.d)) e, where n is up; an error h of the ground's height by h d / d_z.
    """
    R = R_local_from_camera(pose, frame)
    at_ground, slope = _reaching(rays, ground_m, pose, frame)
    by_pose = np.zeros((len(slope), 2, 6))
    by_pose[:, 0, 0] = by_pose[:, 1, 1] = 1.0
    by_pose[:, :, 2] = -slope
    for axis in range(3):
        arm = np.radians(np.cross(np.eye(3)[axis], at_ground)) @ R.T
        by_pose[:, :, 3 + axis] = arm[:, :2] - slope * arm[:, 2:3]
    return by_pose


def _by_focal_length(rays: Array, ground_m: Array, pose: Pose, frame: LocalFrame) -> Array:
    """How far ground points move by a focal length longer by its whole, (N, 2).

    A longer one draws every ray towards the optical axis.
    """
    at_ground, slope = _reaching(rays, ground_m, pose, frame)
    arm = (at_ground * [-1.0, -1.0, 0.0]) @ R_local_from_camera(pose, frame).T
    drawn: Array = arm[:, :2] - slope * arm[:, 2:3]
    return drawn


def _reaching(rays: Array, ground_m: Array, pose: Pose, frame: LocalFrame) -> tuple[Array, Array]:
    """Rays (N, 3) as long as to the ground, and metres sideways per metre up them, (N, 2)."""
    offset = np.asarray(ground_m) - position_m(pose, frame)
    at_ground = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return at_ground * np.linalg.norm(offset, axis=1, keepdims=True), offset[:, :2] / offset[:, 2:3]


def footprints(
    frames: Iterable[Frame], terrain: Terrain, frame: LocalFrame, scale: SearchScale
) -> dict[str, Polygon | MultiPolygon]:
    """Ground, lon/lat degrees, where a thing unseen is not there, of each photo that has any.

    Only photos that were looked at and are not dim, and of these the ground that they show neither
    too coarsely for the model nor, once resampled for it, too coarsely or too finely, nor in a view
    flatter than `FLATTEST_VIEW_DEG`.
    """
    grounds = {
        photo.photo_id: _clear_ground(photo, terrain, frame, scale)
        for photo in frames
        if shows_absence(photo) and photo.is_located
    }
    return {photo_id: ground for photo_id, ground in grounds.items() if ground is not None}


def _clear_ground(
    photo: Frame, terrain: Terrain, frame: LocalFrame, scale: SearchScale
) -> Polygon | MultiPolygon | None:
    if photo.placement is not None:
        return photo.placement.outline(photo.width_px, photo.height_px)
    assert photo.camera is not None
    assert photo.pose is not None
    gsd_range_m = _clear_range_m(photo, scale)
    return clear_ground(
        photo.camera, photo.pose, terrain, frame, gsd_range_m, flattest_deg=FLATTEST_VIEW_DEG
    )


def _clear_range_m(photo: Frame, scale: SearchScale) -> tuple[float, float]:
    """Metres per pixel of the photo within which the model's figures hold for it.

    A picture finer than the range is as good as one in it, since the model sees it resampled. What
    is coarse in the picture stays so, and far ground beside fine ground shrinks with it.
    """
    finest_m, coarsest_m = scale.gsd_range_m
    resized = scale_for(photo.gsd_m, scale.model_gsd_m, photo.width_px, photo.height_px)
    return finest_m * resized, coarsest_m * min(1.0, resized)
