"""Where a camera looks, by messages of gimbals made from known angles."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from scipy.spatial.transform import Rotation

from flight.gimbals import gimbal_attitude
from geo.pose import Attitude, R_enu_from_camera

VEHICLE = mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME
EARTH = mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME
LOCK = mavlink.GIMBAL_DEVICE_FLAGS_YAW_LOCK


def received(message: mavlink.MAVLink_message) -> mavlink.MAVLink_message:
    """The message after its way over the line, with the line's single precision."""
    frame = message.pack(mavlink.MAVLink(None, 1, 1))
    return mavlink.MAVLink(None).decode(bytearray(frame))


def status(flags: int, quaternion: list[float]) -> mavlink.MAVLink_message:
    return received(
        mavlink.MAVLink_gimbal_device_attitude_status_message(
            0, 0, 0, flags, quaternion, 0, 0, 0, 0
        )
    )


def quaternion(yaw_deg: float, pitch_deg: float, roll_deg: float) -> list[float]:
    """By another library: turns about down, right and ahead, as (w, x, y, z)."""
    turns = Rotation.from_quat([0, 0, 0, 1])
    for axis, angle_deg in (("z", yaw_deg), ("y", pitch_deg), ("x", roll_deg)):
        turns = turns * Rotation.from_euler(axis, angle_deg, degrees=True)
    x, y, z, w = turns.as_quat().tolist()
    return [w, x, y, z]


@given(
    yaw_deg=st.floats(0, 359.9),
    pitch_deg=st.floats(-90, 30),
    roll_deg=st.floats(-20, 20),
    nose_deg=st.floats(0, 359.9),
)
@example(yaw_deg=217.0, pitch_deg=-90.0, roll_deg=0.0, nose_deg=31.0)
@example(yaw_deg=217.0, pitch_deg=-89.9999, roll_deg=0.0, nose_deg=31.0)
def test_a_camera_looks_where_its_gimbals_quaternion_says(yaw_deg, pitch_deg, roll_deg, nose_deg):
    expected = R_enu_from_camera(Attitude(yaw_deg, pitch_deg, roll_deg))
    for flags, told_deg in (
        (EARTH, yaw_deg),
        (LOCK, yaw_deg),
        (VEHICLE, yaw_deg - nose_deg),
        (VEHICLE | LOCK, yaw_deg - nose_deg),  # ArduCopter while a mission points the camera
        (0, yaw_deg - nose_deg),
    ):
        told = gimbal_attitude(
            status(flags, quaternion(told_deg, pitch_deg, roll_deg)), heading_deg=nose_deg
        )
        np.testing.assert_allclose(R_enu_from_camera(told), expected, atol=5e-4)


@pytest.mark.parametrize("yaw_deg", range(0, 360, 15))
def test_straight_down_the_yaw_is_the_pictures_top(yaw_deg):
    told = gimbal_attitude(status(EARTH, quaternion(yaw_deg, -90.0, 0.0)), heading_deg=None)
    assert (told.yaw_deg - yaw_deg + 180) % 360 - 180 == pytest.approx(0, abs=0.05)
    assert (told.pitch_deg, told.roll_deg) == pytest.approx((-90, 0), abs=0.05)


NAN = math.nan
NOT_KNOWN = [
    mavlink.MAVLink_mount_orientation_message(0, 0.0, -45.0, 10.0, NAN),
    mavlink.MAVLink_mount_orientation_message(0, 0.0, -200.0, 10.0, 10.0),
    mavlink.MAVLink_mount_orientation_message(0, NAN, -45.0, 10.0, 10.0),
    mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, 0, VEHICLE, [1, 0, 0, 0], *[0] * 4),
    mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, 0, EARTH, [NAN] * 4, *[0] * 4),
    mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, 0, EARTH, [0] * 4, *[0] * 4),
]


@pytest.mark.parametrize("message", NOT_KNOWN)
def test_what_is_not_known_or_cannot_be_is_nothing(message):
    assert gimbal_attitude(received(message), heading_deg=None) is None
