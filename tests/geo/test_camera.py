import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.camera import Camera

PLAIN = Camera.centred(1280, 960, 1000.0)
BENT = Camera(4000, 3000, 2900.0, 2010.0, 1480.0, (-0.1, 0.02, 1e-3, -5e-4, -0.01))
cameras = pytest.mark.parametrize("camera", [PLAIN, BENT])


@cameras
@given(u=st.floats(0, 1), v=st.floats(0, 1))
def test_pixel_and_ray_are_inverse(camera, u, v):
    pixel = np.array([[u * camera.width_px, v * camera.height_px]])
    rays = camera.rays_from_pixels(pixel)
    assert np.linalg.norm(rays, axis=1) == pytest.approx(1)
    assert camera.pixels_from_rays(rays) == pytest.approx(pixel, abs=1e-3)


@cameras
def test_projection_agrees_with_opencv(camera):
    rays = np.random.default_rng(1).uniform([-0.4, -0.3, 1], [0.4, 0.3, 3], (50, 3))
    expected, _ = cv2.projectPoints(
        rays, np.zeros(3), np.zeros(3), camera.matrix, np.array(camera.distortion)
    )
    assert camera.pixels_from_rays(rays) == pytest.approx(expected.reshape(-1, 2))


def test_principal_point_looks_straight_ahead():
    assert PLAIN.rays_from_pixels(np.array([[639.5, 479.5]]))[0].tolist() == [0, 0, 1]


def test_ray_to_the_right_and_down_has_a_larger_pixel():
    x, y = PLAIN.pixels_from_rays(np.array([[0.1, 0.2, 1.0]]))[0]
    assert (x, y) == pytest.approx((739.5, 679.5))


def test_direction_behind_has_no_pixel():
    assert np.isnan(PLAIN.pixels_from_rays(np.array([[0, 0, -1.0], [1, 0, 0]]))).all()


@cameras
def test_nothing_in_gives_nothing_out(camera):
    assert camera.rays_from_pixels(np.zeros((0, 2))).shape == (0, 3)
    assert camera.pixels_from_rays(np.zeros((0, 3))).shape == (0, 2)


def test_border_runs_around_the_whole_picture():
    border = PLAIN.border_pixels(4)
    assert border[0].tolist() == [-0.5, -0.5]
    assert border.min(axis=0).tolist() == [-0.5, -0.5]
    assert border.max(axis=0).tolist() == [1279.5, 959.5]
    assert len(border) == 16


@pytest.mark.parametrize("size", [(0, 10, 5), (10, 0, 5), (10, 10, 0)])
def test_camera_that_takes_no_picture_is_refused(size):
    with pytest.raises(ValueError, match="at least 1"):
        Camera.centred(*size)
