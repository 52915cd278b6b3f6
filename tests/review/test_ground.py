"""Photo outlines and doubt circles against independent geodesy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain
from review.ground import doubt_circle, photo_outline
from vision.model import Frame

GEOD = Geod(ellps="WGS84")
LOCAL = LocalFrame(120.0, 32.0)
NADIR = Frame(
    photo_id="a",
    path="a.jpg",
    sha256="0" * 64,
    width_px=1000,
    height_px=800,
    taken_at=None,
    camera=Camera.centred(1000, 800, 1000.0),
    pose=Pose(GeoPoint(120.0, 32.0, 130.0), Attitude(30.0, -90.0)),
    gsd_m=0.1,
)


def area_m2(outline) -> float:
    return abs(GEOD.geometry_area_perimeter(outline)[0])


def test_outline_of_a_nadir_photo_has_its_size_on_the_ground():
    outline = photo_outline(NADIR, None, LOCAL)
    assert area_m2(outline) == pytest.approx(100.0 * 80.0, rel=1e-3)


def test_terrain_takes_the_place_of_the_gsd():
    outline = photo_outline(NADIR, FlatTerrain(80.0), LOCAL)
    assert area_m2(outline) == pytest.approx(50.0 * 40.0, rel=1e-3)


@pytest.mark.parametrize("missing", ["camera", "pose", "gsd_m"])
def test_photo_of_unknown_pose_has_no_outline(missing):
    assert photo_outline(replace(NADIR, **{missing: None}), None, LOCAL) is None


def test_photo_that_shows_the_sky_has_no_outline():
    level = replace(NADIR, pose=Pose(GeoPoint(120.0, 32.0, 130.0), Attitude(0.0, -5.0)))
    assert photo_outline(level, FlatTerrain(0.0), LOCAL) is None


@given(st.floats(-179, 179), st.floats(-75, 75), st.floats(0.1, 50))
def test_doubt_circle_has_the_radius_of_95_per_cent(lon_deg, lat_deg, sigma_m):
    circle = doubt_circle(lon_deg, lat_deg, sigma_m)
    lon, lat = np.array(circle.exterior.coords).T
    distances_m = np.hypot(*LocalFrame(lon_deg, lat_deg).xy_from_lonlat(np.c_[lon, lat]).T)
    np.testing.assert_allclose(distances_m, 2.4477 * sigma_m, rtol=1e-3)
