"""Where a camera or vehicle was at which time."""

from dataclasses import dataclass
from datetime import datetime

from geo.pose import Attitude, GeoPoint


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """One measured position of a vehicle.

    Attributes:
        time: UTC.
        height_home_m: above the take-off point.
    """

    time: datetime
    position: GeoPoint
    height_home_m: float
    heading_deg: float
    ground_speed_m_s: float


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """One release of the shutter as the vehicle reported it (MAVLink CAMERA_FEEDBACK).

    Attributes:
        index: running number of the picture within the flight, from 1.
        attitude: of the camera, gimbal convention of docs/conventions.md.
        is_view_told: whether the recording tells it; else it is taken to look straight down.
    """

    index: int
    time: datetime
    position: GeoPoint
    height_home_m: float
    attitude: Attitude
    is_view_told: bool = True


@dataclass(frozen=True, slots=True)
class Track:
    """Everything about the course of one flight, in time order."""

    points: tuple[TrackPoint, ...]
    camera_events: tuple[CameraEvent, ...]
