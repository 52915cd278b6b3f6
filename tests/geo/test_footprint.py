import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.camera import Camera
from geo.footprint import footprint, gsd_m, height_for_gsd_m, size_on_ground_m, spacing_m
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain

CAMERA = Camera.centred(1280, 960, 1000.0)
FRAME = LocalFrame(120.0, 31.0)
GEOD = Geod(ellps="WGS84")


def outline(pitch=-90.0, yaw=0.0, altitude=100.0):
    at = Pose(GeoPoint(120, 31, altitude), Attitude(yaw, pitch))
    return footprint(CAMERA, at, FlatTerrain(0), FRAME)


@given(st.floats(1, 500))
def test_gsd_and_height_are_inverse(height):
    assert height_for_gsd_m(CAMERA, gsd_m(CAMERA, height)) == pytest.approx(height)


def test_gsd_below_ground_is_refused():
    with pytest.raises(ValueError, match="height_agl_m"):
        gsd_m(CAMERA, 0)


def test_nadir_footprint_has_the_area_of_the_picture_on_the_ground():
    area, _ = GEOD.geometry_area_perimeter(outline())
    width, height = size_on_ground_m(CAMERA, 100)
    assert abs(area) == pytest.approx(width * height, rel=1e-4)


@given(st.floats(0, 360))
def test_footprint_area_does_not_depend_on_yaw(yaw):
    area, _ = GEOD.geometry_area_perimeter(outline(yaw=yaw))
    assert abs(area) == pytest.approx(128 * 96, rel=1e-4)


def test_nadir_footprint_lies_around_the_camera_and_is_wider_than_tall():
    west, south, east, north = outline().bounds
    assert west < 120 < east
    assert south < 31 < north
    assert GEOD.inv(west, 31, east, 31)[2] == pytest.approx(128, abs=0.1)
    assert GEOD.inv(120, south, 120, north)[2] == pytest.approx(96, abs=0.1)


def test_photo_that_shows_the_sky_has_no_footprint():
    assert outline(pitch=-10) is None


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 100.0), (0.75, 25.0)])
def test_spacing_leaves_the_overlap(share, wanted):
    assert spacing_m(100, share) == pytest.approx(wanted)


def test_full_overlap_is_refused():
    with pytest.raises(ValueError, match="overlap_share"):
        spacing_m(100, 1.0)
