import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from missions.canvas import Canvas, Photos
from missions.coverage import covered_share
from missions.sweep import sweep
from tests.missions.shapes import SQUARE, U_SHAPE, WITH_POND, polygons

PHOTOS = Photos(100.0, 75.0, 18.75)
ANGLES = st.floats(0, 180)


@given(polygons(), ANGLES)
def test_pixels_inside_add_up_to_the_area(polygon, angle):
    canvas = Canvas.of(polygon, 30, angle)
    assert canvas.inside_pixels * canvas.area_m2 == pytest.approx(polygon.area, rel=0.02)


@pytest.mark.parametrize("polygon", [SQUARE, U_SHAPE, WITH_POND])
def test_pixels_are_inside_where_the_polygon_is(polygon):
    canvas = Canvas.of(polygon, 30, 33.0)
    middle = np.argwhere(canvas.inside)[::37]
    assert all(polygon.covers(Point(place)) for place in canvas.pixel_centres(middle))
    outside = np.argwhere(~canvas.inside)[::37]
    assert not any(polygon.covers(Point(place)) for place in canvas.pixel_centres(outside))


@settings(max_examples=30)
@given(polygons(), ANGLES, ANGLES)
def test_covered_pixels_agree_with_exact_geometry(polygon, angle, row_angle):
    path = np.concatenate([row.reshape(-1, 2) for row in sweep(polygon, 45, row_angle)])
    canvas = Canvas.of(polygon, 30, angle)
    counts = canvas.blank()
    canvas.add_swath(counts, path, 15)
    share = (counts[canvas.inside] > 0).mean()
    assert share == pytest.approx(covered_share(polygon, path, 30), abs=0.02)


@given(st.floats(0.5, 600), st.floats(-60, 660))
def test_photos_seeing_a_place_are_those_near_it(length, along):
    places = np.arange(0, max(length - 2.0, 1e-6), PHOTOS.each_m)
    number = PHOTOS.number(np.array(length))
    assert abs(number - len(places)) <= (1 if abs((length - 2) % PHOTOS.each_m) < 1e-3 else 0)
    near = np.abs(places - along) <= PHOTOS.along_m / 2
    if np.abs(np.abs(places - along) - PHOTOS.along_m / 2).min() > 1e-3:
        assert PHOTOS.seeing(np.array(along), len(places)) == near.sum()


@pytest.mark.parametrize("angle", [0.0, 20.0, 90.0])
def test_a_place_beside_a_leg_is_measured_from_it(angle):
    canvas = Canvas.of(SQUARE, 30, angle)
    leg = np.array([[40.0, 50.0], [170.0, 90.0]])
    window = canvas.window(leg @ canvas.turn, 20)
    along, aside, length = canvas.beside(window, leg @ canvas.turn)
    assert length == pytest.approx(np.hypot(130, 40))
    lines, columns = np.meshgrid(
        *(np.arange(part.start, part.stop) for part in window), indexing="ij"
    )
    places = canvas.pixel_centres(np.column_stack([lines.ravel(), columns.ravel()]))
    line = LineString([leg[0] - 9 * (leg[1] - leg[0]), leg[1] + 9 * (leg[1] - leg[0])])
    wanted = [line.distance(Point(place)) for place in places[::23]]
    assert np.abs(np.broadcast_to(aside, lines.shape)).ravel()[::23] == pytest.approx(wanted)
    assert np.broadcast_to(along, lines.shape).ravel()[::23] == pytest.approx(
        ((places - leg[0]) @ (leg[1] - leg[0]) / length)[::23]
    )
