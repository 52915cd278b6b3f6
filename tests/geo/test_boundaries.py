import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.affinity import translate

from geo.boundaries import mend, overlaps
from geo.grid import Cell

SQUARE = box(0, 0, 100, 100)


def test_sound_polygon_is_left_alone():
    assert mend(SQUARE) == (SQUARE, "")


def test_bow_tie_becomes_two_triangles_of_the_same_ground():
    polygon, what = mend(Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]))
    assert what == "self-intersection"
    assert polygon.is_valid
    assert polygon.area == pytest.approx(5000)


def test_slivers_are_dropped_and_counted():
    polygon, what = mend(MultiPolygon([SQUARE, box(200, 0, 200.5, 1)]))
    assert polygon == SQUARE
    assert what == "1 slivers below 1 m2"


def test_pinholes_are_filled_and_ponds_kept():
    pond, pinhole = box(10, 10, 30, 30), box(60, 60, 60.5, 60.5)
    polygon, what = mend(SQUARE.difference(pond).difference(pinhole))
    assert polygon.equals(SQUARE.difference(pond))
    assert what == "holes below 1 m2"


def test_polygon_part_of_a_collection_is_kept():
    polygon, _ = mend(GeometryCollection([SQUARE, Point(5, 5), LineString([(0, 0), (9, 9)])]))
    assert polygon == SQUARE


@pytest.mark.parametrize(
    ("geometry", "what"),
    [
        (None, "no geometry"),
        (Polygon(), "no geometry"),
        (Point(1, 1), "a Point and no polygon"),
        (box(0, 0, 0.5, 0.5), "area below 1 m2"),
        (Polygon([(0, 0), (50, 50), (100, 100)]), "self-intersection"),
    ],
)
def test_what_holds_no_ground_is_refused_with_the_reason(geometry, what):
    polygon, reason = mend(geometry)
    assert polygon is None
    assert reason.startswith(what)


rings = st.lists(
    st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=3, max_size=9, unique=True
)


@given(rings)
def test_mended_polygons_are_valid_and_stay_so(ring):
    polygon, _ = mend(Polygon(ring))
    if polygon is not None:
        assert polygon.is_valid
        assert polygon.area >= 1
        assert mend(polygon)[1] == ""


def cell(code, shape):
    return Cell(code, "", "", "", "", shape)


def test_overlapping_neighbours_are_listed_with_the_ground_they_share():
    one = box(120, 31, 120.01, 31.01)
    problems = overlaps([cell("a", one), cell("b", translate(one, 0.009))], [1, 2])
    assert [p.code for p in problems] == ["a"]
    assert "overlaps cell b by 10" in problems[0].what
    assert "10.0%" in problems[0].what


def test_neighbours_that_touch_do_not_overlap():
    one = box(120, 31, 120.01, 31.01)
    assert overlaps([cell("a", one), cell("b", translate(one, 0.01))], [1, 2]) == []
