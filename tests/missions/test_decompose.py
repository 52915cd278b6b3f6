import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import union_all

from missions.decompose import decompose, rows_needed
from missions.estimate import Wanted
from missions.sweep import sweep
from missions.timing import Motion
from tests.missions.shapes import SQUARE, U_SHAPE, polygons

MOTION = Motion(10.0, 2.5)


@given(polygons(), st.floats(0, 180))
def test_rows_needed_are_about_those_of_a_sweep(polygon, angle):
    rows = sum(len(strip) for strip in sweep(polygon, 5, angle))
    assert rows_needed(polygon, np.array([angle]), 5)[0] == pytest.approx(rows, abs=6, rel=0.1)


def test_a_square_needs_fewest_rows_along_its_sides():
    needed = rows_needed(SQUARE, np.array([0.0, 45.0, 90.0]), 30)
    assert needed == pytest.approx([10, 10 * np.sqrt(2), 10])


@given(polygons())
def test_parts_are_the_whole_and_do_not_overlap(polygon):
    parts = [part.area for part in decompose(polygon, Wanted(30), MOTION)]
    assert sum(part.area for part in parts) == pytest.approx(polygon.area, rel=1e-3)
    assert union_all(parts).symmetric_difference(polygon).area < 1e-3 * polygon.area


def test_the_arms_of_a_long_u_get_rows_of_their_own():
    parts = decompose(U_SHAPE, Wanted(30), MOTION)
    assert 1 <= len(parts) <= 6
