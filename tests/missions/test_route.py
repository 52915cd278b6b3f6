from itertools import permutations, product

import numpy as np
import pytest
from shapely import LineString

from missions.inside import Inside
from missions.route import (
    _best_ways,
    _held_karp,
    _hop_seconds,
    _improved_tour,
    connect,
    order_strips,
    snakes,
)
from missions.sweep import sweep
from missions.timing import Motion
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND

MOTION = Motion(10.0, 2.5)


def test_strip_is_flown_to_and_fro_in_four_ways():
    strip = sweep(SQUARE, 30, 0)[0]
    ways = snakes(strip)
    starts = {tuple(way[0, 0].round().astype(int).tolist()) for way in ways}
    assert starts == {(0, 15), (300, 15), (0, 285), (300, 285)}
    for way in ways:
        assert np.hypot(*(way[1:, 0] - way[:-1, 1]).T) == pytest.approx(30)


def costs(polygon, spacing=40):
    strips = sweep(polygon, spacing, 0)
    ways = [way for strip in strips for way in snakes(strip)]
    own = np.array([MOTION.path_seconds(way.reshape(-1, 2)) for way in ways])
    return own, _hop_seconds(ways, Inside(polygon), MOTION)


def brute_force(own, hops):
    count = len(own) // 4
    best = np.inf
    for order in permutations(range(count)):
        for states in product(range(4), repeat=count):
            ways = [4 * strip + state for strip, state in zip(order, states, strict=True)]
            total = own[ways].sum() + hops[ways[:-1], ways[1:]].sum()
            best = min(best, total)
    return best


def seconds(chosen, own, hops):
    return own[chosen].sum() + hops[chosen[:-1], chosen[1:]].sum()


@pytest.mark.parametrize("polygon", [U_SHAPE, WITH_POND])
def test_order_of_strips_is_the_best_of_all(polygon):
    own, hops = costs(polygon)
    assert seconds(_held_karp(own, hops), own, hops) == pytest.approx(brute_force(own, hops))


def test_improved_tour_is_close_to_the_best():
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 500, (32, 2, 2))
    own = np.full(32, 30.0)
    hops = MOTION.run_seconds(np.hypot(*(places[:, None, 1] - places[None, :, 0]).T).T)
    best = seconds(_held_karp(own, hops), own, hops)
    improved = _improved_tour(own, hops)
    assert sorted(way // 4 for way in improved) == list(range(8))
    assert seconds(improved, own, hops) <= 1.15 * best


def test_best_ways_of_an_order_agree_with_their_sum():
    own, hops = costs(U_SHAPE)
    total, chosen = _best_ways([2, 0, 1], own, hops)
    assert total == pytest.approx(seconds(chosen, own, hops))


@pytest.mark.parametrize("polygon", [SQUARE, U_SHAPE, WITH_POND])
def test_route_flies_each_row_once_and_never_leaves(polygon):
    strips, inside = sweep(polygon, 30, 20), Inside(polygon)
    route = connect(order_strips(strips, inside, MOTION), inside)
    flown = sorted(tuple(sorted(map(tuple, row.round(6).tolist()))) for row in route.rows)
    planned = [row for strip in strips for row in strip]
    assert flown == sorted(tuple(sorted(map(tuple, row.round(6).tolist()))) for row in planned)
    assert polygon.buffer(0.06).covers(LineString(route.points()))
