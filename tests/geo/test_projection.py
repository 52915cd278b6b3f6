import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels, pixels_from_ground, position_m
from geo.terrain import FlatTerrain, RasterTerrain

CAMERA = Camera.centred(1280, 960, 1000.0)
FRAME = LocalFrame(120.0, 31.0)
MIDDLE = [[639.5, 479.5]]


def pose(yaw=0.0, pitch=-90.0, roll=0.0, lon=120.0, lat=31.0, altitude=100.0):
    return Pose(GeoPoint(lon, lat, altitude), Attitude(yaw, pitch, roll))


def seen(pixels, at):
    return ground_from_pixels(np.array(pixels, dtype=float), CAMERA, at, FlatTerrain(0), FRAME)


def test_middle_of_a_nadir_photo_is_straight_below():
    assert seen(MIDDLE, pose())[0] == pytest.approx([0, 0, 0], abs=1e-6)


def test_nadir_photo_has_north_at_the_top_and_east_at_the_right():
    top, right = seen([[639.5, 379.5], [739.5, 479.5]], pose(yaw=0))
    assert top == pytest.approx([0, 10, 0], abs=1e-4)
    assert right == pytest.approx([10, 0, 0], abs=1e-4)


def test_nadir_photo_with_yaw_90_has_east_at_the_top():
    assert seen([[639.5, 379.5]], pose(yaw=90))[0] == pytest.approx([10, 0, 0], abs=1e-4)


def test_camera_tilted_up_from_nadir_looks_ahead():
    assert seen(MIDDLE, pose(yaw=90, pitch=-45))[0] == pytest.approx([100, 0, 0], abs=2e-3)


def test_positive_roll_swings_the_bottom_of_the_picture_to_the_left():
    rolled = seen([[639.5, 479.5 + 1000]], pose(pitch=0, roll=30))
    assert rolled[0, 0] < 0


def test_horizontal_camera_sees_no_ground_in_the_middle():
    assert np.isnan(seen(MIDDLE, pose(pitch=0))).all()


angles = st.tuples(st.floats(-180, 180), st.floats(-90, -40), st.floats(-20, 20))
pixels = st.tuples(st.floats(0, 1279), st.floats(0, 959))


@given(angles, pixels)
def test_ground_and_pixel_are_inverse(angle, pixel):
    at = pose(*angle, lon=120.004, lat=31.002)
    ground = seen([pixel], at)
    if np.isfinite(ground).all():
        assert pixels_from_ground(ground, CAMERA, at, FRAME)[0] == pytest.approx(pixel, abs=1e-3)


def test_ground_and_pixel_are_inverse_over_relief():
    values = np.random.default_rng(3).uniform(0, 15, (80, 80)).astype(np.float32)
    terrain = RasterTerrain(values, Affine(10, 0, -400, 0, -10, 400), FRAME.crs)
    at, wanted = pose(yaw=33, pitch=-60), np.array([[100.0, 200.0], [900.0, 700.0]])
    ground = ground_from_pixels(wanted, CAMERA, at, terrain, FRAME)
    assert pixels_from_ground(ground, CAMERA, at, FRAME) == pytest.approx(wanted, abs=0.01)


def test_a_place_behind_the_camera_has_no_pixel():
    behind = np.array([[0.0, -500.0, 50.0]])
    assert np.isnan(pixels_from_ground(behind, CAMERA, pose(pitch=-10), FRAME)).all()


@pytest.mark.parametrize("lon", [119.0, 121.0])
def test_yaw_means_true_north_also_far_from_the_frame_centre(lon):
    # A photo 95 km off the centre: the local frame's north is half a degree off true north.
    at = pose(yaw=0, pitch=-45, lon=lon)
    lonlat = FRAME.lonlat_from_xy(seen(MIDDLE, at)[:, :2])[0]
    azimuth, _, distance = Geod(ellps="WGS84").inv(lon, 31.0, *lonlat)
    assert azimuth == pytest.approx(0, abs=0.01)
    assert distance == pytest.approx(100, abs=0.05)


def test_position_is_in_the_local_frame():
    assert position_m(pose(altitude=55), FRAME) == pytest.approx([0, 0, 55], abs=1e-6)
