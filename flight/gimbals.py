"""Where a camera looks, as its gimbal tells; pure."""

import math

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from geo.pose import Attitude

KINDS = frozenset({"MOUNT_ORIENTATION", "GIMBAL_DEVICE_ATTITUDE_STATUS"})
HEARD_WITHIN_S = 2.0
"""A gimbal that has not been heard for so long is not known."""
_STRAIGHT = 1e-4  # of half-angles: within 0.01 degree of the vertical yaw and roll are one turn


def gimbal_attitude(message: Message, heading_deg: float | None) -> Attitude | None:
    """Angles of a camera by a message of one of `KINDS`.

    Args:
        message: as it came.
        heading_deg: of the vehicle's nose, to which a gimbal's yaw may be relative.

    Returns:
        None where an angle is not told or cannot be, or the yaw hangs on an unknown heading.
    """
    is_mount = message.get_type() == "MOUNT_ORIENTATION"
    return attitude_of(*(_of_mount if is_mount else _of_gimbal)(message, heading_deg))


def attitude_of(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Attitude | None:
    """The angles as an attitude, yaw to north; None where one is not told or cannot be."""
    if not all(map(math.isfinite, (yaw_deg, pitch_deg, roll_deg))) or abs(pitch_deg) > 180:
        return None
    return Attitude(yaw_deg % 360, pitch_deg, roll_deg)


def _of_mount(message: Message, heading_deg: float | None) -> tuple[float, float, float]:
    yaw_deg = message.yaw_absolute
    if not math.isfinite(yaw_deg):
        yaw_deg = message.yaw + _known(heading_deg)
    return yaw_deg, message.pitch, message.roll


def _of_gimbal(message: Message, heading_deg: float | None) -> tuple[float, float, float]:
    yaw_deg, pitch_deg, roll_deg = _angles_deg(*message.q)
    return (
        yaw_deg if _is_to_north(message.flags) else yaw_deg + _known(heading_deg),
        pitch_deg,
        roll_deg,
    )


def _is_to_north(flags: int) -> bool:
    """Whether a yaw is one to north; older gimbals say neither frame and mean it by the lock."""
    to_north, to_nose = (
        mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME,
        mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME,
    )
    if flags & (to_north | to_nose):
        return bool(flags & to_north)
    return bool(flags & mavlink.GIMBAL_DEVICE_FLAGS_YAW_LOCK)


def _angles_deg(w: float, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a quaternion, sound straight down, too, where gimbals mostly look.

    By half sums and differences (Bernardes and Viollet 2022, 10.1371/journal.pone.0276302).
    """
    up, down = math.hypot(w + y, z - x), math.hypot(w - y, z + x)
    if not 0 < up + down < math.inf:
        return math.nan, math.nan, math.nan
    difference, total = math.atan2(z - x, w + y), math.atan2(z + x, w - y)
    if up < _STRAIGHT * down:
        difference = total
    if down < _STRAIGHT * up:
        total = difference
    pitch = 2 * math.atan2(up, down) - math.pi / 2
    yaw, roll = total + difference, (total - difference + math.pi) % math.tau - math.pi
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def _known(heading_deg: float | None) -> float:
    return math.nan if heading_deg is None else heading_deg
