"""What a release of the shutter leaves behind: the vehicle's report and the truth, pure."""

import math
from dataclasses import dataclass
from datetime import datetime

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from geo.pose import Attitude, Pose, PoseSigma
from simulations.drift import Drift
from simulations.personas import Persona
from simulations.site import Site
from simulations.vehicle import Multirotor

EXACT = PoseSigma(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TrueExposure:
    """Where the camera really was when the shutter opened; known to the simulation only.

    Attributes:
        clock_error_s: of the camera, whose time tag is this much later than `time`.
        told_pitch_deg: what the gimbal takes its pitch to be; the vehicle knows nothing of it.
    """

    index: int
    time: datetime
    pose: Pose
    clock_error_s: float = 0.0
    told_pitch_deg: float = -90.0


def reports_of(
    index: int, unix_us: int, boot_ms: int, craft: Multirotor, site: Site, persona: Persona
) -> list[Message]:
    """What the vehicle says of a picture; PX4 tells the release and the picture apart."""
    if persona.key != "px4":
        return [report_of(index, unix_us, craft, site)]
    known = site.geographic(craft.position)
    yaw = math.radians(craft.heading_deg) / 2
    return [
        mavlink.MAVLink_camera_trigger_message(unix_us, index - 1),
        mavlink.MAVLink_camera_image_captured_message(
            boot_ms,
            unix_us,
            0,
            round(known.lat_deg * 1e7),
            round(known.lon_deg * 1e7),
            round(known.altitude_amsl_m * 1000),
            round(craft.position[2] * 1000),
            [math.cos(yaw), 0.0, 0.0, math.sin(yaw)],
            index - 1,
            1,
            b"",
        ),
    ]


def report_of(index: int, unix_us: int, craft: Multirotor, site: Site) -> Message:
    """CAMERA_FEEDBACK: what the vehicle knows, with the angles of its body as ArduCopter sends."""
    known = site.geographic(craft.position)
    roll_deg, pitch_deg = craft.tilt_deg
    return mavlink.MAVLink_camera_feedback_message(
        unix_us,
        0,
        0,
        index,
        round(known.lat_deg * 1e7),
        round(known.lon_deg * 1e7),
        known.altitude_amsl_m,
        craft.position[2],
        roll_deg,
        pitch_deg,
        craft.heading_deg,
        0.0,
        0,
        0,
    )


def true_pose(craft: Multirotor, drift: Drift, gimbal_pitch_deg: float, site: Site) -> Pose:
    """Where the camera really is, and where it really looks.

    A position that is reported late is where the craft was; by now it has flown on.
    """
    parts = zip(craft.position, craft.velocity, drift.position_m, strict=True)
    east, north, up = (known + v * drift.position_lag_s + error for known, v, error in parts)
    pitch_deg, roll_deg = drift.gimbal_deg
    attitude = Attitude(
        (craft.heading_deg + drift.heading_deg) % 360, gimbal_pitch_deg + pitch_deg, roll_deg
    )
    return Pose(site.geographic((east, north, up)), attitude, EXACT, "simulation truth")
