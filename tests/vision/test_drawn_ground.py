import numpy as np
import pytest

from vision.drawn_ground import _Place, _worn, draw_ground

SIDE = 256
GSD_M = 0.1


def village(seed, taken=None, gsd_m=GSD_M):
    rgb = np.full((SIDE, SIDE, 3), (60, 140, 60), np.uint8)
    taken = np.zeros((SIDE, SIDE), bool) if taken is None else taken
    return draw_ground(rgb, taken, gsd_m, np.random.default_rng(seed))


def laid(picture):
    return np.abs(picture.astype(int) - (60, 140, 60)).max(axis=2) > 8


def test_same_seed_lays_the_same_ground():
    np.testing.assert_array_equal(village(3), village(3))
    assert not np.array_equal(village(3), village(4))


def test_the_given_picture_stays_as_it_is():
    rgb = np.full((SIDE, SIDE, 3), 90, np.uint8)
    draw_ground(rgb, np.zeros((SIDE, SIDE), bool), GSD_M, np.random.default_rng(1))
    assert (rgb == 90).all()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_taken_and_a_rim_around_it_stay_as_they_are(seed):
    taken = np.zeros((SIDE, SIDE), bool)
    taken[80:160, 80:160] = True
    changed = laid(village(seed, taken))
    assert not changed[78:162, 78:162].any()  # the mask of a roof is rough: 0.3 m around it


def test_most_crops_show_some_and_few_are_covered():
    shares = np.array([laid(village(seed)).mean() for seed in range(60)])
    assert (shares > 0.02).mean() > 0.7
    assert (shares > 0.9).mean() < 0.15


def test_ground_is_as_large_as_plots_and_roads_are():
    """A picture twice as coarse shows the same things on about a quarter of the pixels."""
    wide, near = (
        np.mean([laid(village(seed, gsd_m=gsd_m)).mean() for seed in range(60)])
        for gsd_m in (0.4, 0.2)
    )
    assert 1.5 < near / wide < 4.5


@pytest.mark.parametrize(("is_marked", "least", "most"), [(True, 0.2, 0.8), (False, 0, 0)])
def test_some_ground_has_the_colour_of_what_is_marked(is_marked, least, most):
    """Colour alone makes no roof; what is only left out of the picture lends no colour."""
    rgb = np.full((SIDE, SIDE, 3), (60, 140, 60), np.uint8)
    roof = np.zeros((SIDE, SIDE), bool)
    roof[100:150, 100:150] = True
    rgb[roof] = (250, 20, 90)
    marked = roof & is_marked
    alike = []
    for seed in range(40):
        picture = draw_ground(rgb, roof, GSD_M, np.random.default_rng(seed), is_marked=marked)
        chosen = picture[laid(picture) & ~roof].astype(float)
        of_roof = np.array((250, 20, 90)) / np.linalg.norm((250, 20, 90))
        likeness = chosen @ of_roof / np.maximum(1, np.linalg.norm(chosen, axis=1))
        alike.append((likeness > 0.98).mean() > 0.1 if len(chosen) else False)
    assert least <= np.mean(alike) <= most


def test_paving_is_worn_and_stays_paving():
    along, across = np.meshgrid(*(np.linspace(-12, 12, SIDE, dtype=np.float32),) * 2)
    place = _Place(along, across, 20.0, 10.0)
    tones = [_worn(place, np.random.default_rng(seed)) for seed in range(20)]
    assert all(tone.shape == (SIDE, SIDE, 1) for tone in tones)
    assert min(tone.min() for tone in tones) >= 0.4
    assert max(tone.max() for tone in tones) <= 1.5
    assert np.mean([tone.std() > 0.02 for tone in tones]) > 0.8
    assert 0.8 < np.mean(tones) < 1.05
