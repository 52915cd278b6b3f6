import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.camera import Camera
from geo.pose import Attitude, R_enu_from_camera, attitude_from_R
from tests.vision.test_metadata import tags
from vision.intrinsics import (
    intrinsics_of,
    turned_attitude,
    turned_camera,
    turns_of,
)

DEWARP = "2018-09-06;3713.29,3713.29,12.17,-18.18,-0.26,0.11,0.0008,0.0003,-0.03"


def test_dewarp_data_wins_over_all_others():
    found = intrinsics_of(
        tags(
            5472, 3648,
            exif={"Model": "FC6310R", "FocalLength": 8.8, "FocalLengthIn35mmFilm": 24},
            DewarpData=DEWARP,
            CalibratedFocalLength="3666.66",
        )
    )  # fmt: skip
    assert found.source == "DewarpData"
    assert found.camera.focal_px == pytest.approx(3713.29)
    assert found.camera.centre_x_px == pytest.approx(5471 / 2 + 12.17)
    assert found.camera.distortion == (-0.26, 0.11, 0.0008, 0.0003, -0.03)


def test_a_picture_that_the_drone_has_straightened_has_no_distortion():
    assert intrinsics_of(tags(DewarpData=DEWARP, DewarpFlag=1)).camera.distortion == (0.0,) * 5


def test_calibrated_focal_length_comes_second():
    found = intrinsics_of(tags(CalibratedFocalLength="3666.66", CalibratedOpticalCenterX="2010"))
    assert found.source == "CalibratedFocalLength"
    assert found.camera.centre_x_px == 2009.5


def test_the_sensor_table_comes_third():
    exif = {"Model": "FC6310", "FocalLength": 8.8, "FocalLengthIn35mmFilm": 20}
    found = intrinsics_of(tags(5472, 3648, exif=exif))
    assert found.camera.focal_px == pytest.approx(8.8 / 13.2 * 5472)


def test_the_35_mm_equivalent_is_by_width():
    found = intrinsics_of(tags(4000, 2250, exif={"FocalLengthIn35mmFilm": 20}))
    assert found.camera.focal_px == pytest.approx(20 / 36 * 4000)


def test_a_photo_without_focal_length_has_no_camera():
    assert intrinsics_of(tags(exif={"FocalLength": 4.5})) is None
    assert intrinsics_of(tags(DewarpData="2018;1,2,3")) is None


def test_a_picture_made_smaller_keeps_its_camera_scaled():
    exif = {"ExifImageWidth": 4000, "ExifImageHeight": 3000, "FocalLengthIn35mmFilm": 36}
    camera = intrinsics_of(tags(1000, 750, exif=exif)).camera
    assert (camera.width_px, camera.height_px, camera.focal_px) == (1000, 750, 1000)
    assert camera.centre_x_px == pytest.approx(499.5)


def test_a_mirrored_picture_cannot_be_turned():
    assert turns_of(tags(exif={"Orientation": 6})) == 1
    assert turns_of(tags(exif={"Orientation": 2})) is None


def shown_pixels(pixels, turns, width, height):
    for _ in range(turns):
        pixels = np.column_stack([height - 1 - pixels[:, 1], pixels[:, 0]])
        width, height = height, width
    return pixels


@given(
    turns=st.integers(0, 3),
    yaw=st.floats(-180, 180),
    pitch=st.floats(-89, -20),
    roll=st.floats(-20, 20),
)
def test_a_turned_picture_sees_the_same_directions(turns, yaw, pitch, roll):
    camera = Camera(640, 480, 500.0, 310.0, 250.0, (-0.1, 0.02, 0.003, -0.002, 0.0))
    attitude = Attitude(yaw, pitch, roll)
    pixels = np.array([[0.0, 0.0], [639.0, 0.0], [320.0, 240.0], [100.0, 400.0]])
    stored = camera.rays_from_pixels(pixels) @ R_enu_from_camera(attitude).T
    shown = turned_camera(camera, turns).rays_from_pixels(shown_pixels(pixels, turns, 640, 480))
    turned = shown @ R_enu_from_camera(turned_attitude(attitude, turns)).T
    np.testing.assert_allclose(turned, stored, atol=1e-8)


@given(yaw=st.floats(-179, 179), pitch=st.floats(-90, 90), roll=st.floats(-179, 179))
def test_angles_give_back_their_rotation(yaw, pitch, roll):
    R = R_enu_from_camera(Attitude(yaw, pitch, roll))
    np.testing.assert_allclose(R_enu_from_camera(attitude_from_R(R)), R, atol=1e-6)
