import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.fuse import MISS_SCORE, fused_score

SCORES = st.lists(st.floats(0.05, 0.95), min_size=1, max_size=8)


@given(scores=SCORES, missed=st.integers(0, 10))
def test_a_fused_score_lies_between_the_lowest_and_the_highest(scores, missed):
    everything = [*scores, *[MISS_SCORE] * missed]
    assert min(everything) - 1e-4 <= fused_score(scores, missed) <= max(everything) + 1e-4


@given(score=st.floats(0.2, 0.95), seen=st.integers(1, 5), missed=st.integers(0, 5))
def test_each_further_miss_lowers_the_score_and_each_sighting_raises_it(score, seen, missed):
    here = fused_score([score] * seen, missed)
    assert fused_score([score] * seen, missed + 1) < here
    assert fused_score([score] * (seen + 1), missed) >= here


def test_one_sighting_in_four_photos_is_weak_and_three_are_not():
    assert fused_score([0.9], 3) < 0.3
    assert fused_score([0.9] * 3, 1) > 0.7
    assert fused_score([0.9] * 4, 0) == pytest.approx(0.9, abs=1e-3)
