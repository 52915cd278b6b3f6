import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.coverage import covered_share
from missions.ends import shortened, slack
from missions.inside import Inside
from missions.route import order_strips
from missions.sweep import sweep
from missions.timing import Motion
from tests.missions.shapes import SQUARE, polygons

MOTION = Motion(10.0, 2.5)


def rows_of(polygon, angle):
    return order_strips(sweep(polygon, 30, angle), Inside(polygon), MOTION)


@given(polygons(), st.floats(0, 180), st.floats(0, 15))
def test_rows_never_vanish_nor_move_by_more_than_allowed(polygon, angle, most):
    rows = rows_of(polygon, angle)
    trims = slack(polygon, rows, 30, most)
    assert (trims >= 0).all()
    assert (trims <= most).all()
    before = np.hypot(*(rows[:, 1] - rows[:, 0]).T)
    after = np.hypot(*np.diff(shortened(rows, trims), axis=1)[:, 0].T)
    assert after == pytest.approx(before - trims.sum(axis=1))


@given(polygons(), st.floats(0, 180))
def test_little_ground_is_uncovered_by_rows_that_end_early(polygon, angle):
    rows = rows_of(polygon, angle)
    short = shortened(rows, slack(polygon, rows, 30, 15))
    whole = covered_share(polygon, rows.reshape(-1, 2), 30)
    assert covered_share(polygon, short.reshape(-1, 2), 30) >= whole - 0.04


def test_ends_before_a_straight_border_may_move_by_half_the_spacing():
    rows = rows_of(SQUARE, 0)
    assert slack(SQUARE, rows, 30, 15)[1:-1].min() > 8
    assert slack(SQUARE, rows, 30, 0).tolist() == np.zeros((10, 2)).tolist()
