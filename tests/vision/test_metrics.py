import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vision.metrics import ObjectCounts, ScoreHistogram, best_threshold, match_objects

masks = hnp.arrays(bool, (12, 12))


def histogram_of(probability, truth):
    return ScoreHistogram.empty().add(np.asarray(probability, np.float32), np.asarray(truth, bool))


@settings(max_examples=50)
@given(
    hnp.arrays(np.float32, (40,), elements=st.floats(0, 1, width=32)),
    hnp.arrays(bool, (40,)),
    st.integers(0, 19).map(lambda n: n / 20),
)
def test_pooled_iou_equals_iou_of_the_masks(probability, truth, threshold):
    if not truth.any():
        assert math.isnan(histogram_of(probability, truth).iou_at(threshold))
        return
    called = np.minimum((probability * 200).astype(int), 199) >= round(threshold * 200)
    expected = (called & truth).sum() / (called | truth).sum()
    assert histogram_of(probability, truth).iou_at(threshold) == pytest.approx(expected)


def test_histograms_of_two_halves_add_up_to_the_whole():
    rng = np.random.default_rng(3)
    probability, truth = rng.random(100), rng.random(100) < 0.3
    halves = histogram_of(probability[:50], truth[:50]) + histogram_of(probability[50:], truth[50:])
    whole = histogram_of(probability, truth)
    np.testing.assert_array_equal(halves.iou_curve(), whole.iou_curve())


def test_best_threshold_separates_well_separated_scores():
    histogram = histogram_of([0.1, 0.3, 0.62, 0.7], [False, False, True, True])
    assert 0.3 < best_threshold([histogram]) <= 0.62


def test_alarms_on_empty_ground_raise_the_threshold():
    histogram = histogram_of([0.1, 0.3, 0.62, 0.7], [False, False, True, True])
    empty = histogram_of([0.5] + [0.0] * 9, [False] * 10)
    assert best_threshold([histogram, empty]) > 0.5


def test_equally_good_thresholds_give_their_middle():
    histogram = histogram_of([0.3, 0.7], [False, True])
    assert best_threshold([histogram]) == pytest.approx(0.5, abs=0.01)


def test_best_threshold_needs_the_class_somewhere():
    with pytest.raises(ValueError, match="no histogram contains the class"):
        best_threshold([histogram_of([0.1], [False])])


def test_false_share_counts_called_background():
    histogram = histogram_of([0.1, 0.2, 0.9, 0.9], [False, False, False, True])
    assert histogram.false_share_at(0.5) == pytest.approx(1 / 3)


def test_threshold_of_one_is_refused():
    with pytest.raises(ValueError, match=r"threshold 1\.0"):
        ScoreHistogram.empty().iou_at(1.0)


@given(masks)
def test_a_mask_matches_itself_completely(mask):
    counts = match_objects(mask, mask)
    assert (counts.false, counts.missed) == (0, 0)


@given(masks, masks)
def test_swapping_prediction_and_truth_swaps_false_and_missed(one, other):
    forth, back = match_objects(one, other), match_objects(other, one)
    assert (forth.found, forth.false, forth.missed) == (back.found, back.missed, back.false)


def square(*corners, side=4):
    mask = np.zeros((20, 20), bool)
    for row, column in corners:
        mask[row : row + side, column : column + side] = True
    return mask


def test_one_prediction_over_two_objects_finds_one():
    truth = square((0, 0), (0, 5))
    predicted = square((0, 0))
    predicted[0:4, 0:9] = True
    assert match_objects(predicted, truth) == ObjectCounts(found=1, false=0, missed=1)


def test_objects_apart_are_false_and_missed():
    counts = match_objects(square((0, 0)), square((10, 10)))
    assert counts == ObjectCounts(found=0, false=1, missed=1)


def test_specks_count_on_neither_side():
    counts = match_objects(square((0, 0), side=2), square((10, 10), side=2), min_area_px=5)
    assert counts == ObjectCounts()


def test_parts_near_each_other_are_one_object():
    torn = square((0, 0)) | square((0, 6))
    assert match_objects(torn, torn, join_px=1) == ObjectCounts(found=1)
    assert match_objects(torn, torn) == ObjectCounts(found=2)


def test_prediction_where_nothing_is_known_is_not_false():
    place = square((10, 10))
    assert match_objects(place, square((0, 0)), unknown=place).false == 0


def test_shares_of_counts():
    counts = ObjectCounts(3, 1, 2) + ObjectCounts(1, 0, 0)
    assert counts.precision_share == pytest.approx(0.8)
    assert counts.recall_share == pytest.approx(4 / 6)
    assert math.isnan(ObjectCounts().recall_share)
