import numpy as np
import pytest

from vision.classes import class_index
from vision.datasets import Source
from vision.drawn_fires import BESIDE, FLAME, SCAR, SMOKE, draw_fires, drawn_tables, noise
from vision.label_marks import IGNORE

SIDE = 192
DRAWN = {SMOKE, FLAME, SCAR, BESIDE, IGNORE}


def fires(seed, grey=110):
    rng = np.random.default_rng(seed)
    rgb = np.full((SIDE, SIDE, 3), grey, np.uint8)
    return (rgb, *draw_fires(rgb, np.zeros((SIDE, SIDE), np.uint8), rng))


def test_same_seed_draws_the_same_fires():
    np.testing.assert_array_equal(fires(4)[1], fires(4)[1])
    assert not np.array_equal(fires(4)[1], fires(5)[1])


def test_the_given_picture_and_mask_stay_as_they_are():
    rgb = np.full((SIDE, SIDE, 3), 90, np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    draw_fires(rgb, mask, np.random.default_rng(1))
    assert (rgb == 90).all()
    assert not mask.any()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_not_marked_is_not_changed(seed):
    before, after, marks = fires(seed)
    changed = np.abs(after.astype(int) - before).mean(axis=2)
    assert set(np.unique(marks)) <= DRAWN | {0}
    # What is called nothing may hold the thinnest smoke of up to three plumes.
    assert changed[marks == 0].max(initial=0) <= 3 * 0.06 * 150


def test_things_look_like_what_they_are_called():
    seen = {value: [] for value in (SMOKE, FLAME, SCAR)}
    for seed in range(40):
        _, after, marks = fires(seed)
        for value, colours in seen.items():
            colours.append(after[marks == value].reshape(-1, 3))
    flame, scar = (np.concatenate(seen[value]).mean(axis=0) for value in (FLAME, SCAR))
    assert flame[0] > flame[2] + 60
    assert scar.max() < 90
    smoke = np.concatenate(seen[SMOKE]).astype(int)
    assert len(smoke) > 40_000
    assert np.median(smoke.max(axis=1) - smoke.min(axis=1)) < 25


def test_tables_teach_fires_and_leave_open_what_lies_below():
    source = Source("s", "i", ("building", "smoke"), masks="m", values={1: ("building",)})
    given = source.target_table(), source.weight_table()
    target, weight = drawn_tables(*given)
    np.testing.assert_array_equal(target[:SMOKE], given[0][:SMOKE])
    assert target[SMOKE, class_index("smoke")] == weight[SMOKE, class_index("smoke")] == 1
    assert weight[SMOKE, class_index("building")] == 0
    assert weight[BESIDE, class_index("burn_scar")] == 1
    assert target[BESIDE].max() == 0
    assert weight[IGNORE].max() == 0


def test_noise_fills_its_range():
    values = noise((64, 96), 16.0, np.random.default_rng(2))
    assert values.shape == (64, 96)
    assert 0 <= values.min() < 0.35 < 0.65 < values.max() <= 1
