"""Where a camera was and where it looked, with how much doubt."""

from dataclasses import dataclass, field

import numpy as np

from geo.frames import Array


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place on or above the ground, WGS 84 and metres above mean sea level."""

    lon_deg: float
    lat_deg: float
    altitude_amsl_m: float

    def __post_init__(self) -> None:
        """Refuse a place that is not on earth."""
        if not (-180 <= self.lon_deg <= 180 and -90 <= self.lat_deg <= 90):
            raise ValueError(
                f"lon must be in [-180, 180] and lat in [-90, 90]; got "
                f"({self.lon_deg}, {self.lat_deg})"
            )
        if not np.isfinite(self.altitude_amsl_m):
            raise ValueError(f"altitude_amsl_m must be finite; got {self.altitude_amsl_m}")


@dataclass(frozen=True, slots=True)
class Attitude:
    """Orientation of a camera as DJI's gimbal tags give it (see docs/conventions.md)."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse angles that no gimbal reports."""
        if not (np.isfinite(self.yaw_deg) and np.isfinite(self.roll_deg)):
            raise ValueError(f"angles must be finite; got {self.yaw_deg}, {self.roll_deg}")
        if not -180 <= self.pitch_deg <= 180:
            raise ValueError(f"pitch_deg must be in [-180, 180]; got {self.pitch_deg}")


@dataclass(frozen=True, slots=True)
class PoseSigma:
    """One standard deviation of each part of a pose.

    `axis_deg` is the sigma of a rotation vector in the camera frame about x and y (tilt of the
    optical axis), `twist_deg` about z (turn of the picture).
    """

    horizontal_m: float = 1.5
    vertical_m: float = 3.0
    axis_deg: float = 0.5
    twist_deg: float = 2.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Exterior orientation of one photo.

    Attributes:
        covariance: 36 numbers, row by row, of east, north, up in metres and a rotation vector in
            the camera's axes in degrees; empty where these are independent with `sigma`.
    """

    position: GeoPoint
    attitude: Attitude
    sigma: PoseSigma = field(default_factory=PoseSigma)
    source: str = "unknown"
    covariance: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a covariance that is no six by six."""
        if len(self.covariance) not in (0, 36):
            raise ValueError(f"covariance must hold 0 or 36 numbers; got {len(self.covariance)}")

    @property
    def covariance_matrix(self) -> Array:
        """Covariance (6, 6), from `sigma` where nothing else is known."""
        if self.covariance:
            return np.array(self.covariance).reshape(6, 6)
        s = self.sigma
        sides = [s.horizontal_m, s.horizontal_m, s.vertical_m, s.axis_deg, s.axis_deg, s.twist_deg]
        return np.diag(np.square(sides))


def R_enu_from_camera(attitude: Attitude) -> Array:
    """Rotation from camera axes (right, down, forward) to east, north, up; (3, 3).

    Aerospace z-y-x Euler angles turn body (forward, right, down) to north, east, down; the
    camera looks along body x.
    """
    yaw, pitch, roll = np.radians([attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg])
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    R_ned_from_body = np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
    R_body_from_camera = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    R_enu_from_ned = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    rotation: Array = R_enu_from_ned @ R_ned_from_body @ R_body_from_camera
    return rotation


def attitude_from_R(R_enu_camera: Array) -> Attitude:
    """Read gimbal angles off a rotation from camera to east, north, up (inverse of geo.pose)."""
    R_ned_enu = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    R_camera_body = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    R = R_ned_enu @ R_enu_camera @ R_camera_body
    pitch = np.arcsin(np.clip(-R[2, 0], -1.0, 1.0))
    if abs(R[2, 0]) > 1 - 1e-12:  # straight down or up: yaw and roll are one motion, roll is 0
        yaw, roll = np.arctan2(-R[0, 1], R[1, 1]), 0.0
    else:
        yaw, roll = np.arctan2(R[1, 0], R[0, 0]), np.arctan2(R[2, 1], R[2, 2])
    return Attitude(float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll)))
