import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from geo.pose import Attitude, GeoPoint, Pose, PoseSigma, R_enu_from_camera

angle = st.floats(-180, 180)


def axes(yaw, pitch, roll=0.0):
    """East-north-up directions of the picture's right, its bottom and the optical axis."""
    return R_enu_from_camera(Attitude(yaw, pitch, roll)).T


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll", "right", "down", "ahead"),
    [
        (0, 0, 0, [1, 0, 0], [0, 0, -1], [0, 1, 0]),
        (90, 0, 0, [0, -1, 0], [0, 0, -1], [1, 0, 0]),
        (0, -90, 0, [1, 0, 0], [0, -1, 0], [0, 0, -1]),
        (90, -90, 0, [0, -1, 0], [-1, 0, 0], [0, 0, -1]),
        (0, 0, 90, [0, 0, -1], [-1, 0, 0], [0, 1, 0]),
    ],
)
def test_attitude_facts(yaw, pitch, roll, right, down, ahead):
    assert axes(yaw, pitch, roll) == pytest.approx(np.array([right, down, ahead]), abs=1e-12)


@given(angle, st.floats(-90, 90), angle)
def test_rotation_is_proper(yaw, pitch, roll):
    matrix = R_enu_from_camera(Attitude(yaw, pitch, roll))
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)


@given(angle, st.floats(-90, 90), angle)
def test_rotation_agrees_with_scipy(yaw, pitch, roll):
    ned_from_body = Rotation.from_euler("ZYX", [yaw, pitch, roll], degrees=True).as_matrix()
    right, down, ahead = axes(yaw, pitch, roll)
    north_east_down = ned_from_body.T[[1, 2, 0]]
    expected = np.column_stack(
        [north_east_down[:, 1], north_east_down[:, 0], -north_east_down[:, 2]]
    )
    assert np.array([right, down, ahead]) == pytest.approx(expected, abs=1e-12)


@given(angle, angle)
def test_near_nadir_yaw_and_roll_are_one_motion(yaw, roll):
    assert axes(yaw, -90, roll) == pytest.approx(axes(yaw + roll, -90), abs=1e-9)


@pytest.mark.parametrize("place", [(181, 0, 0), (0, -91, 0), (0, 0, float("nan"))])
def test_point_that_is_no_place_is_refused(place):
    with pytest.raises(ValueError, match="must be"):
        GeoPoint(*place)


@pytest.mark.parametrize("angles", [(float("nan"), 0, 0), (0, 200, 0), (0, float("nan"), 0)])
def test_attitude_that_no_gimbal_has_is_refused(angles):
    with pytest.raises(ValueError, match="must be"):
        Attitude(*angles)


def test_pose_has_default_doubt():
    assert Pose(GeoPoint(0, 0, 0), Attitude(0, -90)).sigma == PoseSigma()
