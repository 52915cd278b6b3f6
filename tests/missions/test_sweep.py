import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, unary_union
from shapely.affinity import rotate

from missions.sweep import sweep
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND, polygons


def lines(strips):
    return [LineString(row) for strip in strips for row in strip]


def test_square_is_one_strip_of_parallel_rows():
    strips = sweep(SQUARE, 30, 0)
    assert [strip.shape for strip in strips] == [(10, 2, 2)]
    assert np.diff(strips[0][:, 0, 1]) == pytest.approx(30)
    assert strips[0][0] == pytest.approx(np.array([[0, 15], [300, 15]]))


def test_rows_across_a_u_make_a_strip_of_each_arm():
    assert sorted(len(strip) for strip in sweep(U_SHAPE, 40, 0)) == [3, 7, 7]


def test_rows_stop_at_a_pond():
    rows = unary_union(lines(sweep(WITH_POND, 30, 0)))
    assert rows.within(WITH_POND.buffer(1e-6))


@given(polygons(), st.floats(0, 180), st.floats(0, 1))
def test_rows_lie_inside_and_add_up_to_the_area(polygon, angle, shift):
    rows = lines(sweep(polygon, 15, angle, shift))
    assert all(polygon.buffer(1e-6).covers(row) for row in rows)
    assert 15 * sum(row.length for row in rows) == pytest.approx(polygon.area, rel=0.25)


@given(polygons(), st.floats(0, 180), st.floats(0, 1))
def test_no_place_is_further_than_half_the_spacing_from_a_line_of_a_row(polygon, angle, shift):
    strips = sweep(polygon, 30, angle, shift)
    level = rotate(polygon, -angle, origin=(0, 0)).bounds
    rows = rotate(unary_union(lines(strips)), -angle, origin=(0, 0)).bounds
    assert rows[1] - level[1] <= 15.001 or rows[1] - level[1] < 31
    levels = np.unique(np.round([row.centroid.y for row in rotated(strips, angle)], 3))
    assert np.diff(levels).max(initial=0) <= 30.01


def rotated(strips, angle):
    return [rotate(row, -angle, origin=(0, 0)) for row in lines(strips)]


def test_narrow_polygon_gets_one_row_in_its_middle():
    strip = SQUARE.intersection(SQUARE.buffer(0)).intersection(
        LineString([(0, 150), (300, 150)]).buffer(5, cap_style="flat")
    )
    rows = lines(sweep(strip, 30, 0))
    assert len(rows) == 1
    assert rows[0].centroid.y == pytest.approx(150)


def test_spacing_must_be_positive():
    with pytest.raises(ValueError, match="spacing_m"):
        sweep(SQUARE, 0, 0)
