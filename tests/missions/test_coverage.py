import numpy as np
import pytest
from shapely import LineString, box

from missions.coverage import close_gaps, covered_share, uncovered
from missions.inside import Inside
from missions.route import Route, connect
from missions.timing import Motion

FIELD = box(0, 0, 200, 90)
ROWS = np.array([[[0.0, 15], [200, 15]], [[200.0, 45], [0, 45]]])
MOTION = Motion(10.0, 2.5)


def test_uncovered_ground_is_what_is_far_from_the_path():
    gap = uncovered(FIELD, ROWS.reshape(-1, 2), 30)
    assert gap.bounds == pytest.approx((0, 60, 200, 90), abs=1e-6)
    assert covered_share(FIELD, ROWS.reshape(-1, 2), 30) == pytest.approx(2 / 3, abs=0.01)


def test_no_path_covers_nothing():
    assert covered_share(FIELD, np.zeros((0, 2)), 30) == 0


def test_gap_gets_a_row_along_it():
    inside = Inside(FIELD)
    closed = close_gaps(FIELD, connect(ROWS, inside), 30, 0.99, inside, MOTION)
    assert covered_share(FIELD, closed.points(), 30) >= 0.98
    assert len(closed.rows) > 2
    assert FIELD.buffer(0.06).covers(LineString(closed.points()))


def test_rows_and_ways_stay_joined():
    inside = Inside(FIELD)
    closed = close_gaps(FIELD, connect(ROWS, inside), 30, 0.99, inside, MOTION)
    for before, way, after in zip(closed.rows[:-1], closed.transfers, closed.rows[1:], strict=True):
        assert way[0].tolist() == before[1].tolist()
        assert way[-1].tolist() == after[0].tolist()


def test_covered_field_is_left_alone():
    route = Route(ROWS, (np.array([[200.0, 15], [200, 45]]),))
    assert close_gaps(box(0, 0, 200, 60), route, 30, 0.99, Inside(FIELD), MOTION) is route
