"""Which ground does a pixel show, and in which pixel is a place on the ground."""

import numpy as np

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Attitude, GeoPoint, Pose, R_enu_from_camera, attitude_from_R
from geo.terrain import CURVATURE_PER_M, Terrain, ground_from_rays


def position_m(pose: Pose, frame: LocalFrame) -> Array:
    """Camera position (3,) as x, y in the local frame and altitude above mean sea level."""
    place = pose.position
    xy = frame.xy_from_lonlat(np.array([[place.lon_deg, place.lat_deg]]))[0]
    return np.array([xy[0], xy[1], place.altitude_amsl_m])


def R_local_from_camera(pose: Pose, frame: LocalFrame) -> Array:
    """Rotation (3, 3) from camera axes to the axes of the local frame.

    Attitudes refer to true north; the local frame's y axis is turned from it by the meridian
    convergence at the camera.
    """
    rotation: Array = _R_local_from_enu(pose.position, frame) @ R_enu_from_camera(pose.attitude)
    return rotation


def _R_local_from_enu(place: GeoPoint, frame: LocalFrame) -> Array:
    gamma = np.radians(frame.convergence_deg(place.lon_deg, place.lat_deg))
    cos, sin = np.cos(gamma), np.sin(gamma)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def place_and_attitude(
    xyz_m: Array, R_local_camera: Array, frame: LocalFrame
) -> tuple[GeoPoint, Attitude]:
    """Inverse of `position_m` and `R_local_from_camera`."""
    lon, lat = frame.lonlat_from_xy(np.asarray(xyz_m, dtype=np.float64)[None, :2])[0]
    place = GeoPoint(float(lon), float(lat), float(xyz_m[2]))
    return place, attitude_from_R(_R_local_from_enu(place, frame).T @ R_local_camera)


def ground_from_pixels(
    pixels_px: Array, camera: Camera, pose: Pose, terrain: Terrain, frame: LocalFrame
) -> Array:
    """Ground points (N, 3) x, y, altitude above mean sea level seen in pixels (N, 2) as (x, y).

    NaN where a pixel looks above the horizon or at ground that the terrain does not know.
    """
    rays = camera.rays_from_pixels(pixels_px) @ R_local_from_camera(pose, frame).T
    return ground_from_rays(terrain, frame, position_m(pose, frame), rays)


def pixels_from_ground(xyz_m: Array, camera: Camera, pose: Pose, frame: LocalFrame) -> Array:
    """Pixels (N, 2) as (x, y) of local points (N, 3) x, y, altitude above mean sea level.

    NaN behind the camera. A pixel may lie outside the picture, and ground in between is not
    looked at.
    """
    points = np.asarray(xyz_m, dtype=np.float64).reshape(-1, 3)
    offsets = points - position_m(pose, frame)
    offsets[:, 2] -= CURVATURE_PER_M * (offsets[:, 0] ** 2 + offsets[:, 1] ** 2)
    return camera.pixels_from_rays(offsets @ R_local_from_camera(pose, frame))
