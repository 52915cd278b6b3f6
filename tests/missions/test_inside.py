import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon

from missions.errors import MissionError
from missions.inside import Inside, reflex_corners
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND, polygons

LEFT, RIGHT = np.array([60.0, 390.0]), np.array([340.0, 390.0])


def length(path):
    return LineString(path).length


def test_straight_way_is_taken_where_it_is_inside():
    path = Inside(SQUARE).path(np.array([10.0, 10]), np.array([290.0, 200]))
    assert path.tolist() == [[10, 10], [290, 200]]


def test_way_between_the_arms_of_a_u_goes_around_the_bay():
    path = Inside(U_SHAPE).path(LEFT, RIGHT)
    assert path.tolist() == [LEFT.tolist(), [120, 120], [280, 120], RIGHT.tolist()]


def test_way_past_a_pond_does_not_cross_it():
    path = Inside(WITH_POND).path(np.array([10.0, 150]), np.array([290.0, 150]))
    assert WITH_POND.buffer(0.06).covers(LineString(path))
    assert 280 < length(path) < 330


def test_distances_are_those_of_the_paths():
    inside = Inside(U_SHAPE)
    points = np.array([LEFT, RIGHT, [200.0, 50.0]])
    distances, straight = inside.distances(points)
    assert distances[0, 1] == pytest.approx(length(inside.path(LEFT, RIGHT)))
    assert straight.tolist() == [[True, False, False], [False, True, False], [False, False, True]]


def test_ways_out_of_the_area_are_refused():
    with pytest.raises(MissionError, match="no way inside"):
        Inside(SQUARE).path(np.array([10.0, 10]), np.array([900.0, 10]))


def test_corners_are_those_one_goes_around():
    assert sorted(reflex_corners(U_SHAPE).tolist()) == [[120, 120], [280, 120]]
    assert len(reflex_corners(SQUARE)) == 0
    assert len(reflex_corners(WITH_POND)) == 12


@given(polygons(), st.randoms(use_true_random=False))
def test_ways_stay_inside_and_are_no_longer_than_any_detour(polygon, random):
    places = [place(polygon, random) for _ in range(3)]
    inside = Inside(polygon)
    direct = inside.path(places[0], places[2])
    assert polygon.buffer(0.06).covers(LineString(direct))
    detour = length(inside.path(places[0], places[1])) + length(inside.path(places[1], places[2]))
    assert length(direct) <= detour + 1e-6


def place(polygon: Polygon, random):
    west, south, east, north = polygon.bounds
    while True:
        point = Point(random.uniform(west, east), random.uniform(south, north))
        if polygon.covers(point):
            return np.array([point.x, point.y])
