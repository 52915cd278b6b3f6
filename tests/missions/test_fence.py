import numpy as np
import pytest
from hypothesis import given
from shapely import LineString, Point, Polygon

from missions.errors import MissionError
from missions.fence import MOST_POINTS, fence_around
from tests.missions.shapes import SQUARE, WITH_POND, polygons

CORNER = np.array([0.0, 0.0])


@given(polygons())
def test_fence_leaves_the_margin_and_fits_in_the_vehicle(polygon):
    fence = fence_around(polygon, CORNER, CORNER, 30)
    assert fence.is_valid
    assert fence.covers(polygon.buffer(25))
    assert len(fence.exterior.coords) <= MOST_POINTS


def test_fence_reaches_to_a_depot_outside():
    depot = np.array([-200.0, 100.0])
    fence = fence_around(SQUARE, depot, np.array([0.0, 100.0]), 30)
    assert fence.covers(LineString([depot, [0, 100]]).buffer(20))
    assert not fence.covers(Point(-200, 300))


def test_pond_stays_out_of_the_fence():
    fence = fence_around(WITH_POND, CORNER, CORNER, 20)
    assert len(fence.interiors) == 1
    assert not fence.covers(Point(150, 150))


@pytest.mark.parametrize("margin", [5.0, 100.0])
def test_margin_is_a_setting(margin):
    fence = fence_around(SQUARE, CORNER, CORNER, margin)
    assert fence.exterior.distance(SQUARE) >= 0.95 * margin


def comb(teeth: int) -> Polygon:
    """A cell of many deep bays that no outline of few corners follows."""
    corners = [(0.0, 0.0)]
    for tooth in range(teeth):
        x = 400.0 * tooth
        corners += [(x, 3000.0), (x + 20, 3000.0), (x + 20, 20.0), (x + 400, 20.0)]
    return Polygon([*corners, (400.0 * teeth, 0.0)])


def test_a_cell_that_no_fence_fits_around_is_refused_and_its_bays_are_not_filled():
    with pytest.raises(MissionError, match="split the cell"):
        fence_around(comb(40), CORNER, CORNER, 30)


def test_bays_stay_outside_of_the_fence():
    fence = fence_around(comb(3), CORNER, CORNER, 30)
    assert not fence.covers(Point(210, 1500))


@pytest.mark.parametrize("home", [(-200.0, 100.0), (-900.0, -700.0), (5.0, 5.0)])
def test_home_lies_inside_of_the_fence(home):
    assert fence_around(SQUARE, np.array(home), CORNER, 30).covers(Point(home))
