import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.errors import TerrainError
from geo.terrain import FlatTerrain, ground_from_rays
from missions.sightlines import SampledGround, in_sight, sample_places
from tests.missions.kinds import hills
from tests.missions.shapes import FRAME

AREA = box(-700, -700, 700, 700)


def seen_by_rays(terrain, eye, targets):
    """Independent of the code under test: a ray to a target meets no ground before it."""
    rays = targets - eye
    hits = ground_from_rays(terrain, FRAME, eye, rays, step_m=2.0)
    reach = np.linalg.norm(hits - eye, axis=1)
    return ~(reach < np.linalg.norm(rays, axis=1) - 2.0)


@settings(max_examples=5)
@given(st.integers(0, 10**6), st.sampled_from([60, 200, 400]), st.floats(20, 115))
def test_lines_of_sight_agree_with_cast_rays(seed, relief, height):
    rng, terrain = np.random.default_rng(seed), hills(relief)
    ground = SampledGround.of(terrain, FRAME, AREA, 10.0)
    places = rng.uniform(-650, 650, (80, 2))
    targets = np.column_stack([places, ground.at(places) + 2.0])
    eye = np.array([*places[0], ground.at(places[:1])[0] + height])
    agree = in_sight(ground, eye, targets[1:], 5000.0) == seen_by_rays(terrain, eye, targets[1:])
    assert agree.mean() > 0.96


def test_sampled_heights_are_those_of_the_terrain():
    terrain, places = hills(200), np.random.default_rng(1).uniform(-650, 650, (300, 2))
    sampled = SampledGround.of(terrain, FRAME, AREA, 10.0).at(places)
    assert sampled == pytest.approx(terrain.altitudes_amsl_m(FRAME.lonlat_from_xy(places)), abs=1.5)


def test_everything_in_range_is_in_sight_on_level_ground():
    ground = SampledGround.of(FlatTerrain(10.0), FRAME, AREA, 10.0)
    targets = np.array([[100, 0, 11], [600, 0, 11], [650, 300, 11]], dtype=float)
    assert in_sight(ground, np.array([0, 0, 110.0]), targets, 610.0).tolist() == [True, True, False]


def test_unknown_ground_in_the_area_is_an_error_that_names_the_place():
    terrain = hills(100)
    terrain.values[80, 80] = np.nan
    with pytest.raises(TerrainError, match=r"119\.9\d+, 31\.[67]\d+"):
        SampledGround.of(terrain, FRAME, AREA, 10.0)


def test_samples_stand_for_the_whole_area_and_no_part_is_missed():
    shape = MultiPolygon([box(0, 0, 300, 200), box(400, 0, 403, 3)])
    places, areas = sample_places(shape, 20.0)
    assert areas.sum() == pytest.approx(shape.area, rel=0.02)
    assert (places[:, 0] > 390).any()
