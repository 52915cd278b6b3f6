"""What is kept of a vehicle's messages to make a track of them, as they came."""

from dataclasses import dataclass

from geo.pose import Attitude, GeoPoint


@dataclass(frozen=True, slots=True)
class Sample:
    """One GLOBAL_POSITION_INT, and the state of the vehicle when it came."""

    boot_ms: int
    position: GeoPoint
    height_home_m: float
    heading_deg: float
    ground_speed_m_s: float


@dataclass(frozen=True, slots=True)
class Release:
    """One release of the shutter, with the aerospace angles of the vehicle's body.

    Attributes:
        looks: where the camera looked by its gimbal; None where that said nothing.
    """

    index: int
    unix_us: int
    position: GeoPoint
    height_home_m: float
    roll_deg: float
    pitch_deg: float
    yaw_deg: float
    looks: Attitude | None = None
