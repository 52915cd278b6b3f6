import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.frames import LocalFrame
from geo.terrain import FlatTerrain
from missions.ground import (
    ground_range_m,
    ground_under,
    heights_agl_m,
    highest,
    lowest,
)
from tests.missions.hills import random_hills, raster
from tests.missions.shapes import FRAME

PLACES = st.tuples(st.floats(-900, 900), st.floats(-900, 900), st.floats(0, 100))


def extremes(terrain, starts, ends):
    ground = ground_under(terrain, FRAME, starts, ends)
    heights = heights_agl_m(ground, starts[:, 2], ends[:, 2])
    return lowest(ground, heights, len(starts)), highest(ground, heights, len(starts))


def dense(terrain, start, end, count=4000):
    share = np.linspace(0, 1, count)[:, None]
    points = start + share * (end - start)
    return points[:, 2] - terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(points[:, :2]))


@settings(max_examples=20)
@given(st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=4), st.integers(0, 1000))
def test_extremes_are_exact_on_rough_rasters(legs, seed):
    rng = np.random.default_rng(seed)
    terrain = raster(lambda x, y: rng.uniform(0, 60, x.shape), pixel_m=40)
    starts, ends = (np.array(places, dtype=float) for places in zip(*legs, strict=True))
    low, high = extremes(terrain, starts, ends)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        heights = dense(terrain, start, end)
        assert low.values[i] <= heights.min() + 0.02
        assert high.values[i] >= heights.max() - 0.02
        assert low.values[i] >= heights.min() - 0.5
        assert high.values[i] <= heights.max() + 0.5


def test_place_of_the_extreme_is_told():
    terrain = raster(lambda x, y: 50 * np.exp(-(((x - 100) / 60) ** 2)))
    start, end = np.array([[0.0, 0.0, 100.0]]), np.array([[400.0, 0.0, 100.0]])
    low, _ = extremes(terrain, start, end)
    assert low.shares[0] * 400 == pytest.approx(100, abs=12)


def test_unknown_ground_makes_the_leg_unknown():
    terrain = raster(lambda x, y: np.where(x > 300, np.nan, 10.0))
    starts = np.array([[0.0, 0.0, 50.0], [0.0, 0.0, 50.0]])
    ends = np.array([[200.0, 0.0, 50.0], [500.0, 0.0, 50.0]])
    low, high = extremes(terrain, starts, ends)
    assert low.values[0] == high.values[0] == 40
    assert np.isnan([low.values[1], high.values[1]]).all()


def test_level_ground_is_looked_at_once():
    ground = ground_under(FlatTerrain(3.0), FRAME, np.zeros((2, 3)), np.full((2, 3), 1000.0))
    assert ground.altitudes_amsl_m.shape == (2, 3)


def test_raster_in_degrees_is_cut_at_its_pixels():
    frame = LocalFrame(FRAME.centre_lon_deg + 0.01, FRAME.centre_lat_deg)
    terrain = random_hills(1, relief_m=40)
    starts, ends = np.array([[-900.0, 5.0]]), np.array([[-300.0, 5.0]])
    ground = ground_under(terrain, frame, starts, ends)
    assert 600 / 30 <= len(ground.legs) <= 2 * 600 / 30 + 4


def test_range_holds_all_ground_or_is_not_told():
    terrain = random_hills(2, relief_m=50)
    low, high = ground_range_m(terrain, FRAME, np.array([-500.0, -500, 500, 500]))
    places = np.random.default_rng(0).uniform(-500, 500, (2000, 2))
    heights = terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(places))
    assert low <= heights.min() <= heights.max() <= high
    assert ground_range_m(terrain, FRAME, np.array([0.0, 0, 5000, 50])) is None
    assert ground_range_m(FlatTerrain(7.0), FRAME, np.zeros(4)) == (7, 7)
