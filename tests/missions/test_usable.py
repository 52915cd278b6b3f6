from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, box

from missions.airspace import (
    EMPTY,
    Airspace,
    CeilingZone,
    HeightBand,
    NoFlyZone,
    Obstacle,
    TimeWindow,
)
from missions.errors import MissionError
from missions.usable import usable_area
from tests.missions.shapes import FRAME, SQUARE, on_globe, polygons


def usable(airspace, area=SQUARE, **kwargs):
    return FRAME.to_local(usable_area(on_globe(area), airspace, FRAME, **kwargs))


def zone(shape, **kwargs):
    return Airspace(no_fly=(NoFlyZone("zone", on_globe(shape), **kwargs),))


@settings(max_examples=40)
@given(polygons(), polygons(), st.floats(-300, 300), st.floats(0, 60))
def test_usable_area_is_valid_inside_and_away_from_zones(area, other, shift, margin):
    hole = box(shift, shift, shift + 80, shift + 50).intersection(other.buffer(100))
    if hole.is_empty:
        return
    try:
        left = usable(zone(hole, margin_m=margin), area)
    except MissionError:
        return
    assert left.is_valid
    assert area.buffer(0.01).covers(left)
    assert left.distance(hole) >= margin - 1e-6


def test_nothing_near_leaves_the_area_as_it_is():
    area = on_globe(SQUARE)
    assert usable_area(area, EMPTY, FRAME) is area
    assert usable_area(area, zone(box(900, 0, 1000, 100)), FRAME) is area


def test_zone_across_cuts_in_two():
    left = usable(zone(box(140, -100, 160, 400)))
    assert isinstance(left, MultiPolygon)
    assert [round(part.area / 300) for part in left.geoms] == [107, 107]


def test_zone_over_all_is_refused_with_its_name():
    with pytest.raises(MissionError, match=r"9.0 ha .*\(zone\)"):
        usable(zone(box(-100, -100, 400, 400)))


def test_refusal_names_what_takes_the_area_most_first_and_when_it_is_in_force():
    event = TimeWindow(datetime(2026, 11, 27, 1, tzinfo=UTC), datetime(2026, 11, 27, 5, tzinfo=UTC))
    zones = [
        ("beside", box(500, 0, 600, 100), TimeWindow()),
        ("small", box(0, 0, 20, 20), TimeWindow()),
        ("event", box(-100, -100, 400, 400), event),
    ]
    airspace = Airspace(no_fly=tuple(NoFlyZone(n, on_globe(s), window=w) for n, s, w in zones))
    with pytest.raises(MissionError) as refused:
        usable(airspace)
    named = "(event, in force from 2026-11-27 01:00 +0000 to 2026-11-27 05:00 +0000; small)"
    assert named in str(refused.value)


def test_slivers_are_left_out():
    left = usable(zone(box(-100, -100, 262, 400)))
    assert left.area == pytest.approx(300 * 5.4, rel=0.05)
    with pytest.raises(MissionError):
        usable(zone(box(-100, -100, 265, 400)))


def test_band_that_is_passed_below_is_no_hindrance():
    high = zone(box(100, 100, 200, 200), band=HeightBand(low_m=150.0))
    assert usable(high, heights_agl_m=(80.0, 110.0)).area == pytest.approx(SQUARE.area)
    assert usable(high, heights_agl_m=(80.0, 145.0)).area < SQUARE.area
    assert usable(high).area < SQUARE.area


def test_mast_is_flown_around_unless_it_is_low():
    mast = Airspace(obstacles=(Obstacle("mast", on_globe(Point(150, 150)), 60.0, 5.0, 15.0),))
    around = usable(mast)
    assert around.distance(Point(150, 150)) >= 20
    assert usable(mast, heights_agl_m=(76.0, 100.0)).area == pytest.approx(SQUARE.area)
    assert usable(mast, heights_agl_m=(74.0, 100.0)).area < SQUARE.area


def test_wire_is_flown_around_at_any_height():
    wire = LineString([(-50, 150), (350, 150)])
    airspace = Airspace(obstacles=(Obstacle("wire", on_globe(wire), 30.0),))
    assert usable(airspace, heights_agl_m=(100.0, 110.0)).distance(wire) >= 15


def test_lower_ceiling_takes_its_ground_only_from_higher_flights():
    town = CeilingZone("town", on_globe(box(0, 0, 100, 300)), 60.0)
    airspace = Airspace(ceilings=(town,))
    assert usable(airspace, heights_agl_m=(50.0, 60.0)).area == pytest.approx(SQUARE.area)
    assert usable(airspace, heights_agl_m=(50.0, 61.0)).area == pytest.approx(300 * 198.5, rel=0.01)


@given(st.floats(-150, 450), st.floats(-150, 450), st.floats(5, 60), st.integers(1, 9))
@example(x=0.0, y=0.0, radius=55.0, corners=9)  # simplifying moved it by 1.05 times its tolerance
def test_margin_is_kept_by_outlines_that_planners_draw_less_exactly(x, y, radius, corners):
    shape = Point(x, y).buffer(radius, quad_segs=corners)
    left = usable(zone(shape, margin_m=35.0))
    assert left.buffer(1.5).distance(shape) >= 35
