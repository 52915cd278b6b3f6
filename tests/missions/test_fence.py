import numpy as np
import pytest
from hypothesis import given
from shapely import LineString, Point, Polygon, box

from missions.errors import MissionError
from missions.fence import MOST_POINTS, fence_around, joined
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


def test_fence_that_crosses_itself_is_refused_with_the_place():
    bowtie = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    for stay_in, keep_out in (([bowtie], []), ([box(-9, -9, 9, 9)], [bowtie])):
        with pytest.raises(ValueError, match=r"Self-intersection\[2 2\]"):
            joined(stay_in, keep_out)


def test_fence_of_keep_outs_only_is_everything_around_them():
    pond = box(119.95, 31.70, 119.96, 31.71)
    fence = joined([], [pond], Point(119.94, 31.70))
    assert fence.covers(box(119.2, 31.2, 120.5, 32.2).difference(pond))
    assert not fence.covers(pond.centroid)


def test_of_a_fence_cut_in_two_the_piece_with_home_counts():
    whole, strip = box(0, 0, 10, 10), box(4, -1, 6, 11)
    assert joined([whole], [strip], Point(1, 1)).equals(box(0, 0, 4, 10))
    assert joined([whole], [strip], Point(9, 1)).equals(box(6, 0, 10, 10))


@pytest.mark.parametrize("home", [None, Point(5, 5), Point(20, 20)])
def test_fence_cut_in_two_without_home_in_a_piece_is_refused(home):
    with pytest.raises(ValueError, match="no single area"):
        joined([box(0, 0, 10, 10)], [box(4, -1, 6, 11)], home)


def test_keep_outs_that_overlap_or_touch_make_one_sound_fence():
    holes = [box(2, 2, 5, 5), box(4, 4, 7, 7), box(7, 2, 8, 4)]
    fence = joined([box(0, 0, 10, 10)], holes, Point(1, 1))
    assert fence.is_valid
    assert fence.area == pytest.approx(100 - (9 + 9 - 1) - 2)
