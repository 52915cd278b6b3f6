import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString

from missions.canvas import Canvas, Photos
from missions.ends import shortened, slack
from missions.inside import Inside
from missions.route import connect, order_strips
from missions.runs import places_along, runs_of
from missions.shots import Shots
from missions.sweep import sweep
from missions.timing import Motion
from tests.missions.shapes import SQUARE, polygons

MOTION = Motion(10.0, 2.5)
PHOTOS = Photos(100.0, 75.0, 18.75, least=6, share=0.995)


def shots_of(polygon, angle, photos=PHOTOS):
    rows = order_strips(sweep(polygon, 30, angle), Inside(polygon), MOTION)
    canvas = Canvas.of(polygon, 30, angle)
    return rows, Shots.of(canvas, photos, MOTION, rows, slack(polygon, rows, 30, 15))


def cast(canvas, rows, photos):
    """Count photos one by one: at the start of each row and on, off on its last two metres."""
    lines, columns = np.nonzero(canvas.inside)
    places = canvas.pixel_centres(np.column_stack([lines, columns]))
    seen = np.zeros(len(places), dtype=int)
    for start, end in rows:
        length = np.hypot(*(end - start))
        ahead = (end - start) / length
        for along in np.arange(0, max(length - 2.0, 1e-6), photos.each_m):
            off = places - (start + along * ahead)
            aside = off @ np.array([-ahead[1], ahead[0]])
            seen += (abs(off @ ahead) <= photos.along_m / 2) & (abs(aside) <= photos.across_m / 2)
    return seen


@settings(max_examples=15, deadline=None)
@given(polygons(), st.floats(0, 180))
def test_share_is_that_of_photos_cast_one_by_one(polygon, angle):
    rows, shots = shots_of(polygon, angle)
    shots.lengthen()
    seen = cast(shots.canvas, shortened(rows, shots.trims_m), PHOTOS)
    assert shots.share() == pytest.approx((seen >= 6).mean(), abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(polygons(), st.floats(0, 180))
def test_rows_get_longer_within_their_limits_and_show_no_less(polygon, angle):
    _, shots = shots_of(polygon, angle)
    before = shots.share()
    shots.lengthen()
    assert shots.share() >= before
    assert (shots.trims_m >= 0).all()
    assert (shots.trims_m <= shots.most_m + 1e-9).all()


def test_rows_stay_short_where_enough_is_seen():
    _, shots = shots_of(SQUARE, 0, Photos(100.0, 75.0, 18.75, least=2, share=0.9))
    shots.lengthen()
    assert shots.trims_m.tolist() == shots.most_m.tolist()


def test_more_is_seen_for_more_time():
    _, shots = shots_of(SQUARE, 10)
    _, greedy = shots_of(SQUARE, 10, Photos(100.0, 75.0, 18.75, share=1.0))
    shots.lengthen()
    greedy.lengthen()
    assert greedy.share() >= shots.share()
    assert greedy.trims_m.sum() <= shots.trims_m.sum()


def test_unseen_pixels_are_what_is_missing():
    _, shots = shots_of(SQUARE, 0)
    missing = 1 - len(shots.unseen()) / shots.canvas.inside_pixels
    assert shots.share() == pytest.approx(missing)


@settings(max_examples=15, deadline=None)
@example(0.0, [108.34375, 60.0], 14.59375)  # a photo at the bend itself
@given(st.floats(0, 50), st.lists(st.floats(60, 300), min_size=2, max_size=4), st.floats(0, 15))
def test_photos_go_on_over_a_bend_as_they_are_flown(bend_deg, lengths, trim):
    """The shutter counts straight distance from the last photo, whatever the bends between."""
    turns = np.radians(bend_deg * np.array([0, 1, 0, -1])[: len(lengths)])
    steps = np.array(lengths)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
    corners = np.concatenate([[[0.0, 0.0]], steps.cumsum(axis=0)])
    rows = np.stack([corners[:-1], corners[1:]], axis=1)
    most = np.zeros((len(rows), 2))
    most[0, 0] = trim
    strip = LineString(corners).buffer(60, cap_style="flat")
    shots = Shots.of(Canvas.of(strip, 30, 0.0), PHOTOS, MOTION, rows, most)
    (run,) = runs_of(connect(shortened(rows, most), Inside(strip)))
    places, _ = places_along(run, PHOTOS.each_m)
    for number, (start, end) in enumerate(rows):
        ahead = (end - start) / np.hypot(*(end - start))
        along = (places - start) @ ahead
        aside = np.abs((places - start) @ np.array([-ahead[1], ahead[0]]))
        own = along[(aside < 0.01) & (along >= trim * (number == 0) - 0.01)]
        first = shots.trims_m[number, 0] + shots.late_m[number]
        each = PHOTOS.each_m
        off = (first - own.min() + each / 2) % each - each / 2  # one at the bend is of either row
        assert off == pytest.approx(0.0, abs=0.01)
        assert first <= max(trim * (number == 0), each + 0.01)
