import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from geo.frames import LocalFrame
from geo.terrain import FlatTerrain, RasterTerrain, ground_from_rays

FRAME = LocalFrame(120.0, 31.0)


def raster(height_of_xy, half_m=1000.0, pixel_m=10.0):
    """A raster in the local frame whose pixel centres hold a function of x, y."""
    count = int(2 * half_m / pixel_m)
    centres = -half_m + pixel_m * (np.arange(count) + 0.5)
    x, y = np.meshgrid(centres, -centres)
    values = np.asarray(height_of_xy(x, y), dtype=np.float32)
    return RasterTerrain(values, Affine(pixel_m, 0, -half_m, 0, -pixel_m, half_m), FRAME.crs)


def heights_at(terrain, xy):
    return terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(np.array(xy, dtype=float)))


def test_flat_terrain_has_one_height():
    assert FlatTerrain(12.5).altitudes_amsl_m(np.zeros((3, 2))).tolist() == [12.5] * 3


def test_flat_terrain_refuses_a_height_that_is_no_number():
    with pytest.raises(ValueError, match="finite"):
        FlatTerrain(float("nan"))


@given(st.floats(-900, 900), st.floats(-900, 900))
def test_bilinear_is_exact_on_a_plane(x, y):
    terrain = raster(lambda x, y: 50 + 0.1 * x - 0.05 * y)
    assert heights_at(terrain, [[x, y]])[0] == pytest.approx(50 + 0.1 * x - 0.05 * y, abs=1e-3)


def test_height_outside_the_raster_is_unknown():
    terrain = raster(lambda x, y: 0 * x)
    assert np.isnan(heights_at(terrain, [[1001, 0], [0, -2000]])).all()


def test_missing_pixels_are_unknown_and_do_not_leak():
    terrain = raster(lambda x, y: np.where(np.hypot(x - 5, y - 5) < 1, np.nan, 7.0))
    assert np.isnan(heights_at(terrain, [[5, 5], [8, 8]])).all()
    assert heights_at(terrain, [[15.0001, 15.0001], [40, 40]]) == pytest.approx([7.0, 7.0])


def test_raster_may_be_in_another_reference_system():
    transform = Affine(0.001, 0, 119.5, 0, -0.001, 31.5)
    values = np.broadcast_to(np.arange(1000, dtype=np.float32), (1000, 1000))
    terrain = RasterTerrain(values, transform, CRS.from_epsg(4326))
    assert terrain.altitudes_amsl_m(np.array([[120.0005, 31.0]]))[0] == pytest.approx(500, abs=1e-3)


def test_ray_straight_down_meets_the_ground_below():
    ground = ground_from_rays(FlatTerrain(20), FRAME, np.array([3.0, 4, 120]), [[0, 0, -1]])
    assert ground.tolist() == [[3, 4, 20]]


def test_ray_at_45_degrees_goes_as_far_as_it_falls():
    ground = ground_from_rays(FlatTerrain(0), FRAME, np.array([0.0, 0, 100]), [[0, 1, -1]])
    assert ground[0] == pytest.approx([0, 100, 0], abs=0.002)


def test_ray_over_the_horizon_meets_nothing():
    rays = [[1, 0, 0], [1, 0, 0.1], [1, 0, -0.001], [np.nan, 0, -1]]
    assert np.isnan(ground_from_rays(FlatTerrain(0), FRAME, np.array([0.0, 0, 100]), rays)).all()


def test_curvature_moves_a_far_point_away():
    slope = 100 / 3000
    near = ground_from_rays(FlatTerrain(0), FRAME, np.array([0.0, 0, 100]), [[1, 0, -slope]])
    drop = 0.87 * near[0, 0] ** 2 / (2 * 6_371_000)
    assert near[0, 0] == pytest.approx((100 + drop) / slope, rel=1e-6)


@given(st.floats(-70, 70), st.floats(0, 360), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_ray_meets_a_sloping_plane_where_algebra_says(off_nadir, azimuth, slope_x, slope_y):
    terrain = raster(lambda x, y: slope_x * x + slope_y * y)
    tilt, turn = np.radians([off_nadir, azimuth])
    ray = np.array([np.sin(tilt) * np.sin(turn), np.sin(tilt) * np.cos(turn), -np.cos(tilt)])
    distance = 100 / (slope_x * ray[0] + slope_y * ray[1] - ray[2])
    ground = ground_from_rays(terrain, FRAME, np.array([0.0, 0, 100]), ray[None])
    if np.hypot(*ray[:2]) * distance < 900:
        assert ground[0] == pytest.approx([0, 0, 100] + distance * ray, abs=0.08)


def test_a_hill_hides_the_ground_behind_it():
    terrain = raster(lambda x, y: np.where(np.abs(x - 200) < 40, 60.0, 0.0))
    ground = ground_from_rays(terrain, FRAME, np.array([0.0, 0, 100]), [[4, 0, -1]])
    assert 130 < ground[0, 0] < 165
    assert ground[0, 2] == pytest.approx(100 - ground[0, 0] / 4, abs=0.01)


def test_ray_upwards_can_meet_a_mountain():
    terrain = raster(lambda x, y: np.where(x > 500, (x - 500) * 1.0, 0.0))
    ground = ground_from_rays(terrain, FRAME, np.array([0.0, 0, 100]), [[1, 0, 0.05]])
    assert ground[0, 2] == pytest.approx(100 + 0.05 * ground[0, 0], abs=0.1)
    assert ground[0, 0] == pytest.approx(600 / 0.95, abs=1)


def test_ray_that_leaves_the_terrain_meets_nothing():
    terrain = raster(lambda x, y: 0 * x)
    rays = [[20, 0, -1], [0, 0, -1]]
    ground = ground_from_rays(terrain, FRAME, np.array([0.0, 0, 100]), rays)
    assert np.isnan(ground[0]).all()
    assert ground[1] == pytest.approx([0, 0, 0], abs=1e-3)


def test_crossing_inside_unknown_ground_is_not_invented():
    terrain = raster(lambda x, y: np.where((x > 50) & (x < 150), np.nan, 0.0))
    ground = ground_from_rays(terrain, FRAME, np.array([0.0, 0, 100]), [[1, 0, -1], [3, 0, -1]])
    assert np.isnan(ground[0]).all()
    assert ground[1, 0] == pytest.approx(300, abs=0.03)


class Hidden:
    """A raster that does not show what it is, so that the exact way is taken."""

    def __init__(self, raster):
        self.raster = raster

    def altitudes_amsl_m(self, lonlat_deg):
        return self.raster.altitudes_amsl_m(lonlat_deg)


def waves(crs, scale):
    """Hills of 10 m every 60 m around (119.3, 33.2)."""
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(119.3, 33.2)
    along = np.arange(800) / 10
    values = (np.add.outer(np.sin(along), np.cos(along)) * 5 + 20).astype(np.float32)
    return RasterTerrain(values, Affine(scale, 0, x - 400 * scale, 0, -scale, y + 400 * scale), crs)


@pytest.mark.parametrize(("epsg", "scale"), [(32650, 1.0), (32651, 1.0), (4326, 1e-5)])
def test_many_rays_meet_the_ground_where_single_heights_say(epsg, scale):
    terrain, local = waves(CRS.from_epsg(epsg), scale), LocalFrame(119.3, 33.2)
    rng = np.random.default_rng(epsg)
    down = np.column_stack([rng.normal(0, 1, (500, 2)), -rng.uniform(0.4, 2, 500)])
    origin = np.array([10.0, -20.0, 110.0])
    fast = ground_from_rays(terrain, local, origin, down)
    exact = ground_from_rays(Hidden(terrain), local, origin, down)
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(exact))
    assert np.isfinite(fast[:, 0]).mean() > 0.5
    np.testing.assert_allclose(fast, exact, atol=0.02)
    met = fast[np.isfinite(fast[:, 0])]
    below = terrain.altitudes_amsl_m(local.lonlat_from_xy(met[:, :2]))
    np.testing.assert_allclose(below, met[:, 2], atol=0.01)
