"""Which single MAVLink items are missions made of.

Meaning of the parameters: MAVLink common.xml; what ArduCopter and QGroundControl do with them:
ArduPilot, "Copter Mission Command List". All of them are simple items in QGroundControl.
"""

import math
from collections.abc import Iterator

from geo.frames import Array, LocalFrame
from missions.course import vertical_speeds_m_s
from missions.model import AltitudeFrame, Command, Drone, MissionItem

IMAGE_START_CAPTURE = (
    2000  # ArduCopter 4.5 and later, PX4; needs no place, unlike DO_DIGICAM_CONTROL
)
YAW_RATE_DEG_S = 30.0
SETTLE_S = 3.0  # for nose and gimbal to come to rest and the shutter to open
_GROUND_SPEED, _CLIMB_SPEED, _DESCENT_SPEED = 1.0, 2.0, 3.0  # SPEED_TYPE
_KEEP_THROTTLE = -1.0
_MAVLINK_TARGETING = 2.0  # MAV_MOUNT_MODE_MAVLINK_TARGETING in param7


def do(command: int, *parameters: float, param7: float = 0.0) -> MissionItem:
    """An item without a place; MAVLink's param7 travels where others have their altitude."""
    filled = (*parameters, 0.0, 0.0, 0.0, 0.0)
    return MissionItem(
        command,
        AltitudeFrame.MISSION,
        (filled[0], filled[1], filled[2], filled[3]),
        altitude_m=param7,
    )


def change_speed(speed_m_s: float, kind: float = _GROUND_SPEED) -> MissionItem:
    """Set the speed over ground, or another kind of speed."""
    return do(Command.DO_CHANGE_SPEED, kind, speed_m_s, _KEEP_THROTTLE)


def vertical_speeds(drone: Drone) -> Iterator[MissionItem]:
    """Set climb and descent where they differ from what the autopilot does untold."""
    up_m_s, down_m_s = vertical_speeds_m_s(drone)
    if up_m_s != drone.autopilot.up_m_s:
        yield change_speed(up_m_s, _CLIMB_SPEED)
    if down_m_s != drone.autopilot.down_m_s:
        yield change_speed(down_m_s, _DESCENT_SPEED)


def tilt_camera(pitch_deg: float) -> MissionItem:
    """Turn the gimbal to a pitch; its yaw stays with the nose."""
    return do(Command.DO_MOUNT_CONTROL, pitch_deg, param7=_MAVLINK_TARGETING)


def turn_nose(heading_deg: float) -> MissionItem:
    """Turn the nose to a true heading the short way; later items wait until it is there."""
    return do(Command.CONDITION_YAW, round(heading_deg, 2) % 360, YAW_RATE_DEG_S)


def take_photo(number: int) -> MissionItem:
    """Release the shutter once; the number keeps a repeated message from taking two photos."""
    return do(IMAGE_START_CAPTURE, 0.0, 0.0, 1.0, float(number))


def photos_every(distance_m: float) -> MissionItem:
    """Release the shutter now and then every so many metres; never again if 0."""
    if distance_m <= 0:
        return do(Command.DO_SET_CAM_TRIGG_DIST)
    return do(Command.DO_SET_CAM_TRIGG_DIST, distance_m, 0.0, 1.0)


def return_home() -> MissionItem:
    """End the mission with a return to launch."""
    return MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION)


def place(
    command: Command, frame: LocalFrame, point_m: Array, height_home_m: float, hold_s: int = 0
) -> MissionItem:
    """An item that leads to a local place and holds there for whole seconds."""
    lon, lat = frame.lonlat_from_xy(point_m[None, :2])[0]
    return MissionItem(
        command,
        AltitudeFrame.ABOVE_HOME,
        (float(hold_s), 0.0, 0.0, 0.0),
        lon_deg=round(float(lon), 7),
        lat_deg=round(float(lat), 7),
        altitude_m=round(height_home_m, 2),
    )


def turn_s(from_heading_deg: float, to_heading_deg: float) -> int:
    """Whole seconds to turn the nose between two headings and come to rest.

    >>> turn_s(350.0, 80.0)
    6
    """
    turn = abs((to_heading_deg - from_heading_deg + 180) % 360 - 180)
    return math.ceil(turn / YAW_RATE_DEG_S + SETTLE_S - 1e-9)
