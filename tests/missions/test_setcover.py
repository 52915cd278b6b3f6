from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.setcover import fewest_sets


def held(holds, weights, chosen):
    return weights[holds[chosen].any(axis=0)].sum()


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 25), st.sampled_from([0.7, 1.0]))
def test_no_smaller_choice_holds_as_much(seed, sets, elements, share):
    rng = np.random.default_rng(seed)
    holds, weights = rng.random((sets, elements)) < 0.35, rng.uniform(1, 3, elements)
    wanted = share * weights[holds.any(axis=0)].sum()
    chosen = fewest_sets(holds, weights, wanted_share=share)
    assert held(holds, weights, chosen) >= wanted - 1e-6
    smaller = combinations(range(sets), len(chosen) - 1) if chosen else ()
    assert all(held(holds, weights, list(other)) < wanted - 1e-9 for other in smaller)


def test_it_finds_two_sets_where_the_greedy_choice_takes_three():
    holds = np.zeros((3, 14), dtype=bool)
    holds[0, :7], holds[1, 7:], holds[2, [0, 1, 2, 3, 7, 8, 9, 10]] = True, True, True
    assert fewest_sets(holds, np.ones(14)) == [0, 1]


@pytest.mark.parametrize("cheap", [0, 1])
def test_of_equal_choices_the_cheaper_one_is_taken(cheap):
    costs = np.array([1.0, 1.0])
    costs[cheap] = 0.0
    assert fewest_sets(np.ones((2, 4), dtype=bool), np.ones(4), costs=costs) == [cheap]


def test_nothing_to_hold_needs_no_sets():
    assert fewest_sets(np.zeros((3, 5), dtype=bool), np.ones(5)) == []
