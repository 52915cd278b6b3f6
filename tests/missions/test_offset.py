import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from missions.offset import offset_line

CORNER = np.array([[0, 0], [100, 0], [100, 100]], dtype=float)


def test_a_straight_line_is_moved_to_the_left():
    assert offset_line(CORNER[:2], 10).tolist() == [[0, 10], [100, 10]]


def test_the_outside_of_a_bend_is_mitred():
    assert offset_line(CORNER, -10).tolist() == [[0, -10], [110, -10], [110, 100]]


def test_the_inside_of_a_bend_is_cut_short():
    assert offset_line(CORNER, 10).tolist() == [[0, 10], [90, 10], [90, 100]]


def test_pieces_that_a_tight_bend_turns_around_are_left_out():
    bend = np.array([[0, 0], [100, 0], [105, 2], [107, 7], [107, 100]], dtype=float)
    line = offset_line(bend, 30)
    assert LineString(line).is_simple
    assert np.diff(line, axis=0).min() > -1e-6


@given(st.floats(-178, 178), st.sampled_from([-25.0, 25.0]))
def test_at_any_bend_no_place_is_missed_around_the_corner(turn_deg, distance):
    turn = np.radians(turn_deg)
    line = np.array([[-300, 0], [0, 0], [300 * np.cos(turn), 300 * np.sin(turn)]])
    beside = LineString(offset_line(line, distance))
    outside = -np.sign(turn_deg * distance) or 1.0
    for angle in np.linspace(0, turn, 7):
        normal = np.sign(distance) * np.array([-np.sin(angle), np.cos(angle)])
        if outside > 0:
            assert beside.distance(Point(normal * abs(distance))) <= 25 * 0.45


def test_no_distance_leaves_the_line_as_it_is():
    assert offset_line(CORNER, 0).tolist() == CORNER.tolist()


@pytest.mark.parametrize("distance", [20.0, -20.0])
def test_a_line_may_cross_itself(distance):
    loop = np.array([[0, 0], [300, 0], [300, 200], [150, 200], [150, -200]], dtype=float)
    line = offset_line(loop, distance)
    assert line[0].tolist() == [0, distance]
    assert line[-1].tolist() == [150 + distance, -200]
