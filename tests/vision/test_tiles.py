from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.tiles import (
    MOST_MAP_PIXELS,
    OVERLAP_PX,
    blended,
    looked_at_mirrored,
    looked_at_twice,
    resized,
    scale_for,
    spans,
)


def identity(tile):
    return tile.transpose(2, 0, 1).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 400), width=st.integers(1, 400), fixed=st.booleans())
def test_blending_what_each_tile_shows_gives_the_picture(height, width, fixed):
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    maps = blended(image, identity, tile_px=128, fixed=fixed)
    assert maps.shape == (3, height, width)
    np.testing.assert_allclose(maps, identity(image), atol=1e-3)


@given(length=st.integers(1, 20_000), tile=st.sampled_from([128, 256, 512]), fixed=st.booleans())
def test_spans_cover_a_side_and_overlap(length, tile, fixed):
    found = spans(length, tile, fixed=fixed)
    size = found[0][1] - found[0][0]
    assert all(stop - start == size and start >= 0 for start, stop in found)
    assert size % 32 == 0
    assert size == tile or not fixed
    assert size <= tile
    assert found[0][0] == 0
    assert found[-1][1] >= length
    assert found[-1][1] == length or len(found) == 1
    for (_, stop), (start, _) in pairwise(found):
        assert stop - start >= OVERLAP_PX


def test_a_step_between_two_tiles_leaves_no_seam():
    levels = iter([0.0, 1.0])

    def constant(tile):
        return np.full((1, *tile.shape[:2]), next(levels), dtype=np.float32)

    maps = blended(np.zeros((100, 190, 3), np.uint8), constant, tile_px=128)
    row = maps[0, 50]
    assert (row[0], row[-1]) == (0.0, 1.0)
    assert np.abs(np.diff(row)).max() < 0.03


def test_large_things_are_the_mean_of_a_near_and_a_far_look():
    seen = []

    def darker_from_afar(image):
        seen.append(image.shape[:2])
        return np.full((3, *image.shape[:2]), 0.8 if len(seen) == 1 else 0.2, np.float32)

    maps = looked_at_twice(
        np.zeros((90, 121, 3), np.uint8), darker_from_afar, scale=0.5, channels=[0, 2]
    )
    assert seen == [(90, 121), (45, 60)]
    assert maps.shape == (3, 90, 121)
    np.testing.assert_allclose(maps[[0, 2]], 0.5, atol=1e-6)
    np.testing.assert_allclose(maps[1], 0.8, atol=1e-6)


def test_a_far_look_shows_things_where_they_are():
    image = np.zeros((200, 300, 3), np.uint8)
    image[60:120, 90:210] = 1
    maps = looked_at_twice(image, identity, scale=0.5, channels=range(3))
    assert np.array_equal(maps[0] >= 0.5, image[..., 0] == 1)


def looked_in_the_mirror(image, maps, above=0.3):
    """Each look says what it is shown, and half of it at the left end of what it is shown."""
    seen = []

    def lopsided(shown):
        seen.append(shown.shape[:2])
        out = identity(shown)
        out[:, :, : shown.shape[1] // 2] /= 2
        return out

    return looked_at_mirrored(image, maps, lopsided, above=above, channels=[0]), seen


def test_where_something_may_be_the_mirror_image_is_looked_at_too():
    image = np.zeros((300, 400, 3), np.uint8)
    image[140:150, 190:210] = 1
    first = identity(image)
    maps, seen = looked_in_the_mirror(image, first.copy())
    assert seen == [(300, 400)]
    np.testing.assert_array_equal(maps[1:], first[1:])
    # The right half in the picture was the left one in the mirror.
    np.testing.assert_allclose(maps[0, 140:150, 190:200], 1.0)
    np.testing.assert_allclose(maps[0, 140:150, 200:210], 0.75)
    assert maps[0].sum() == pytest.approx(10 * (10 + 7.5))


def test_nothing_is_looked_at_in_the_mirror_where_nothing_may_be():
    image = np.zeros((90, 121, 3), np.uint8)
    image[40, 50, 1] = 1  # another class
    maps, seen = looked_in_the_mirror(image, identity(image))
    assert seen == []
    np.testing.assert_array_equal(maps, identity(image))


def test_far_corners_are_two_small_looks():
    image = np.zeros((900, 1000, 3), np.uint8)
    image[5, 7] = image[890, 990] = 1
    maps, seen = looked_in_the_mirror(image, identity(image))
    # Squares of 384 px, 64 px around them, as far as the picture goes.
    assert seen == [(448, 448), (196, 296)]
    assert maps[0, 5, 7] == 1.0
    assert maps[0, 890, 990] == 0.75
    assert (maps[0] > 0).sum() == 2


@pytest.mark.parametrize(
    ("place", "says"), [((0, 0), 1.0), ((89, 120), 0.75), ((0, 120), 0.75), ((45, 0), 1.0)]
)
def test_at_an_edge_the_mirror_shows_what_there_is(place, says):
    image = np.zeros((90, 121, 3), np.uint8)
    image[place] = 1
    maps, seen = looked_in_the_mirror(image, identity(image))
    assert seen == [(90, 121)]
    assert maps[0][place] == says
    assert (maps[0] > 0).sum() == 1


def test_even_one_pixel_can_be_looked_at_twice():
    maps = looked_at_twice(np.ones((1, 1, 3), np.uint8), identity, scale=0.5, channels=[1])
    assert maps.tolist() == [[[1.0]], [[1.0]], [[1.0]]]


def test_pictures_are_brought_to_the_models_gsd():
    assert scale_for(0.05, 0.1, 4000, 3000) == pytest.approx(0.5)
    assert scale_for(None, 0.1, 4000, 3000) == 1.0
    assert scale_for(1.0, 0.1, 400, 300) == 2.0


def test_a_picture_without_gsd_never_takes_more_than_the_memory_meant_for_it():
    scale = scale_for(None, 0.1, 20_000, 10_000)
    assert 20_000 * scale * 10_000 * scale <= MOST_MAP_PIXELS * 1.001


def test_making_a_picture_smaller_keeps_its_brightness():
    image = np.random.default_rng(2).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    small = resized(image, 40, 30)
    assert small.shape == (30, 40, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=1.0)
    assert resized(image, 400, 300) is image
