import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.camera import Camera
from geo.footprint import (
    clear_ground,
    footprint,
    gsd_m,
    height_for_gsd_m,
    local_gsd_m,
    size_on_ground_m,
    spacing_m,
)
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels, pixels_from_ground
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


def clear(pitch, gsd_range_m, altitude=100.0, yaw=30.0, camera=CAMERA):
    at = Pose(GeoPoint(120, 31, altitude), Attitude(yaw, pitch))
    return clear_ground(camera, at, FlatTerrain(0), FRAME, gsd_range_m)


def apart_m(pixel, pose, step):
    """Distance on the ground between what a pixel and one a little further show."""
    pixels = np.array([pixel, np.add(pixel, step)])
    ground = ground_from_pixels(pixels, CAMERA, pose, FlatTerrain(0), FRAME)
    return np.linalg.norm(ground[1] - ground[0]) / np.linalg.norm(step)


@given(st.floats(-90, -35), st.floats(0, 1279), st.floats(0, 959), st.floats(0, 360))
def test_local_gsd_holds_what_neighbouring_pixels_show(pitch, x, y, way):
    pose = Pose(GeoPoint(120, 31, 100), Attitude(70.0, pitch))
    pixel = np.array([[x, y]])
    ground = ground_from_pixels(pixel, CAMERA, pose, FlatTerrain(0), FRAME)
    finest, coarsest = local_gsd_m(pixel, ground, CAMERA, pose, FRAME)[0]
    found = [
        apart_m((x, y), pose, 0.01 * np.array([np.cos(a), np.sin(a)]))
        for a in np.radians([way, *range(0, 180, 2)])
    ]
    assert finest * 0.995 <= min(found) <= finest * 1.01
    assert coarsest * 0.99 <= max(found) <= coarsest * 1.005


def test_a_photo_in_range_is_clear_all_over():
    assert clear(-90, (0.03, 0.25), yaw=0.0).equals(outline())


def test_a_photo_out_of_range_is_clear_nowhere():
    assert clear(-90, (0.03, 0.25), altitude=2000.0) is None
    assert clear(-90, (0.03, 0.25), altitude=20.0) is None


@pytest.mark.parametrize("pitch", [-70.0, -45.0, -30.0, -20.0])
def test_clear_ground_is_what_is_seen_in_range(pitch):
    found = FRAME.to_local(clear(pitch, (0.03, 0.25)))
    pose = Pose(GeoPoint(120, 31, 100), Attitude(30.0, pitch))
    pixels = np.stack(np.meshgrid(np.arange(0, 1280, 7.0), np.arange(0, 960, 7.0)), -1)
    pixels = pixels.reshape(-1, 2)
    ground = ground_from_pixels(pixels, CAMERA, pose, FlatTerrain(0), FRAME)
    coarsest = local_gsd_m(pixels, ground, CAMERA, pose, FRAME)[:, 1]
    inside = shapely.contains_xy(found, ground[:, 0], ground[:, 1])
    assert coarsest[inside].max() <= 0.25 + 1e-9
    assert inside[coarsest <= 0.25 * 0.85].mean() > 0.97  # the rest is lost to its squares


@pytest.mark.parametrize("pitch", [-60.0, -45.0, -30.0])
def test_ground_seen_flatter_than_asked_is_not_clear(pitch):
    at = Pose(GeoPoint(120, 31, 100), Attitude(30.0, pitch))
    wide = (0.0, 10.0)
    found = clear_ground(CAMERA, at, FlatTerrain(0), FRAME, wide, flattest_deg=35.0)
    corners = shapely.get_coordinates(FRAME.to_local(found))
    place = FRAME.xy_from_lonlat(np.array([[120.0, 31.0]]))[0]
    away = np.hypot(*(corners - place).T)
    assert 100 / np.tan(np.radians(35.0)) * 0.9 < away.max() <= 100 / np.tan(np.radians(35.0))
    assert clear(pitch, wide).area > found.area


def test_ground_below_the_horizon_is_clear_though_the_picture_shows_sky():
    found = clear(-20, (0.03, 0.25), yaw=0.0)
    assert outline(pitch=-20) is None
    at = Pose(GeoPoint(120, 31, 100), Attitude(0.0, -20.0))
    x, y = FRAME.to_local(found).representative_point().coords[0]
    seen = pixels_from_ground(np.array([[x, y, 0.0]]), CAMERA, at, FRAME)[0]
    assert 0 <= seen[0] < 1280
    assert 0 <= seen[1] < 960


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 100.0), (0.75, 25.0)])
def test_spacing_leaves_the_overlap(share, wanted):
    assert spacing_m(100, share) == pytest.approx(wanted)


def test_full_overlap_is_refused():
    with pytest.raises(ValueError, match="overlap_share"):
        spacing_m(100, 1.0)
