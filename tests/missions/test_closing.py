import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from missions.canvas import Canvas
from missions.closing import Draft, Ground, close, largest_patch
from missions.coverage import covered_share
from missions.inside import Inside
from missions.route import connect, order_strips
from missions.sweep import sweep
from missions.timing import Motion
from tests.missions.shapes import polygons

MOTION = Motion(10.0, 2.5)


def ground_of(polygon, angle):
    return Ground(polygon, Inside(polygon), Canvas.of(polygon, 30, angle), 30)


@settings(max_examples=20, deadline=None)
@given(polygons(), st.floats(0, 180))
def test_gaps_are_closed_inside_and_rows_stay_joined(polygon, angle):
    ground = ground_of(polygon, angle)
    rows = order_strips(sweep(polygon, 30, angle), ground.inside, MOTION)
    bare = Draft(rows, np.zeros((len(rows), 2)), connect(rows, ground.inside))
    closed = close(bare, ground, 0.985, MOTION)
    assert covered_share(polygon, closed.route.points(), 30) >= 0.975
    assert polygon.buffer(0.06).covers(LineString(closed.route.points()))
    assert len(closed.rows) == len(closed.most_m) == len(closed.route.rows)
    flown = closed.route.rows
    for before, way, after in zip(flown[:-1], closed.route.transfers, flown[1:], strict=True):
        assert way[0].tolist() == before[1].tolist()
        assert way[-1].tolist() == after[0].tolist()


def test_covered_ground_gets_no_row():
    field = box(0, 0, 200, 60)
    rows = np.array([[[0.0, 15], [200, 15]], [[200.0, 45], [0, 45]]])
    draft = Draft(rows, np.zeros((2, 2)), connect(rows, Inside(field)))
    assert close(draft, ground_of(field, 0), 0.985, MOTION) is draft


def test_a_row_lies_along_its_gap_and_ends_before_the_tips():
    field = box(0, 0, 200, 90)
    rows = np.array([[[0.0, 15], [200, 15]], [[200.0, 45], [0, 45]]])
    draft = Draft(rows, np.zeros((2, 2)), connect(rows, Inside(field)))
    closed = close(draft, ground_of(field, 0), 0.98, MOTION)
    row = closed.route.rows[2]
    assert row[:, 1] == pytest.approx(75, abs=2)
    assert np.ptp(row[:, 0]) == pytest.approx(200 - 24, abs=8)
    assert covered_share(field, closed.route.points(), 30) >= 0.98


def test_the_patches_comes_first():
    mask = np.zeros((9, 9), dtype=bool)
    mask[1, 1:3] = mask[5:8, 5:8] = True
    assert len(largest_patch(mask)) == 9
    assert largest_patch(mask).min() == 5
