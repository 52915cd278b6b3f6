"""Where a camera that is fixed to the body of a vehicle looks; pure."""

import math

import numpy as np

from geo.pose import Attitude

NADIR_PITCH_DEG = -90.0


def body_fixed_attitude(roll_deg: float, pitch_deg: float, yaw_deg: float) -> Attitude:
    """Gimbal angles of a camera that is fixed to the body and looks down through its floor.

    The picture's top points to the nose. CAMERA_FEEDBACK gives the body's aerospace angles.
    """
    roll, pitch, yaw = np.radians([roll_deg, pitch_deg, yaw_deg])
    cr, sr, cp, sp, cy, sy = (f(a) for a in (roll, pitch, yaw) for f in (np.cos, np.sin))
    nose = np.array([cp * cy, cp * sy, -sp])
    right = np.array([sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, sr * cp])
    axis = np.cross(nose, right)  # the body's floor, where the camera looks; north, east, down
    pitch_of_axis_deg = -math.degrees(math.asin(max(-1.0, min(1.0, float(axis[2])))))
    if abs(pitch_of_axis_deg) > 89.999:
        return Attitude(yaw_deg % 360, NADIR_PITCH_DEG)
    camera_yaw_deg = math.degrees(math.atan2(axis[1], axis[0])) % 360
    camera_roll_deg = math.degrees(math.atan2(right[2], -nose[2]))
    return Attitude(camera_yaw_deg, pitch_of_axis_deg, camera_roll_deg)
