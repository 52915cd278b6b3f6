"""Which photos from one place show everything around it, and which of them show given places."""

import numpy as np
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import pixels_from_ground
from missions.stations import Shot

_SKY_DEG = 2.0  # above the horizon at the picture's top edge, for smoke and the gimbal's error
_EDGE_SHARE = 0.02  # of the picture at each side that does not count, for the nose's error

Flags = NDArray[np.bool_]


def panorama(camera: Camera, overlap_share: float) -> list[list[Shot]]:
    """Photos of all directions in rings of one pitch, from the horizon down to straight below.

    Steps of yaw and pitch leave neighbouring photos that share of their extent in common.
    """
    up, down = _edges_deg(camera)
    pitch, kept = _SKY_DEG - up, 1 - overlap_share
    rings: list[list[Shot]] = []
    while True:
        count = int(np.ceil(360 / (2 * _half_azimuth_deg(camera, pitch) * kept)))
        rings.append([Shot(heading * 360 / count, pitch) for heading in range(count)])
        if pitch - down <= -90 + 1e-9:
            return rings
        pitch = max(-90.0, pitch - (up + down) * kept)


def shows(
    shots: list[Shot], eye_m: Array, targets_m: Array, camera: Camera, frame: LocalFrame
) -> Flags:
    """Whether each photo from a place (3,) has each target (N, 3) in its picture, (shots, N)."""
    lon, lat = frame.lonlat_from_xy(eye_m[None, :2])[0].tolist()
    position = GeoPoint(lon, lat, float(eye_m[2]))
    sides = np.array([camera.width_px, camera.height_px])
    edge = _EDGE_SHARE * sides
    found = np.zeros((len(shots), len(targets_m)), dtype=bool)
    for number, shot in enumerate(shots):
        pose = Pose(position, Attitude(shot.heading_deg, shot.pitch_deg))
        pixels = pixels_from_ground(targets_m, camera, pose, frame)
        with np.errstate(invalid="ignore"):
            found[number] = ((pixels >= edge) & (pixels <= sides - 1 - edge)).all(axis=1)
    return found


def _edges_deg(camera: Camera) -> tuple[float, float]:
    """Angles between the optical axis and the picture's top and bottom edge."""
    up = np.degrees(np.arctan((camera.centre_y_px + 0.5) / camera.focal_px))
    below_px = camera.height_px - 0.5 - camera.centre_y_px
    return float(up), float(np.degrees(np.arctan(below_px / camera.focal_px)))


def _half_azimuth_deg(camera: Camera, pitch_deg: float) -> float:
    """Smallest angle around the vertical from the middle of the picture to its side edges."""
    rows = np.linspace(-0.5, camera.height_px - 0.5, 50)
    side_px = min(camera.centre_x_px + 0.5, camera.width_px - 0.5 - camera.centre_x_px)
    pitch = np.radians(pitch_deg)
    below = (rows - camera.centre_y_px) / camera.focal_px
    ahead = np.cos(pitch) + below * np.sin(pitch)  # level part of a ray of unit depth
    return float(np.degrees(np.arctan2(side_px / camera.focal_px, np.maximum(ahead, 0.0))).min())
