from datetime import UTC, datetime

import pytest
from shapely import Point, box

from missions.airspace import Airspace, CeilingZone, HeightBand, NoFlyZone, Obstacle, TimeWindow

AREA = box(119.9, 31.6, 119.91, 31.61)


def june(day):
    return datetime(2026, 6, day, tzinfo=UTC)


def zone(begins=None, ends=None):
    return NoFlyZone("fair", AREA, window=TimeWindow(begins, ends))


@pytest.mark.parametrize(
    ("begins", "ends", "in_force"),
    [
        (None, None, True),
        (june(1), june(5), False),
        (june(1), None, True),
        (None, june(5), False),
        (june(9), june(11), True),
        (june(12), june(13), False),
        (june(1), june(10), False),
    ],
)
def test_zone_counts_while_it_is_in_force(begins, ends, in_force):
    airspace = Airspace(no_fly=(zone(begins, ends),))
    assert bool(airspace.during(june(10), june(12)).no_fly) == in_force


def test_obstacles_are_always_in_force():
    airspace = Airspace(obstacles=(Obstacle("mast", Point(119.9, 31.6), 30.0),))
    assert airspace.during(june(1), june(2)) == airspace


@pytest.mark.parametrize(
    ("low", "high", "is_met"),
    [(0, 49, False), (0, 51, True), (100, 120, True), (161, 200, False), (159, 200, True)],
)
def test_band_of_heights_is_met_with_its_margin(low, high, is_met):
    banded = NoFlyZone("approach", AREA, band=HeightBand(60.0, 150.0), vertical_margin_m=10.0)
    assert banded.meets(low, high) == is_met


def test_only_what_is_near_is_kept():
    airspace = Airspace(
        no_fly=(NoFlyZone("airport", AREA, margin_m=2000.0),),
        ceilings=(CeilingZone("town", AREA, 60.0),),
        obstacles=(Obstacle("mast", Point(119.9, 31.6), 30.0),),
    )
    assert airspace.near(119.9, 31.6, 119.95, 31.65) == airspace
    close = airspace.near(119.925, 31.6, 119.95, 31.65)
    assert (len(close.no_fly), len(close.ceilings), len(close.obstacles)) == (1, 0, 0)
    assert airspace.near(120.5, 31.6, 120.6, 31.7) == Airspace()


@pytest.mark.parametrize(
    "make",
    [
        lambda: HeightBand(50.0, 50.0),
        lambda: TimeWindow(june(2), june(1)),
        lambda: TimeWindow(datetime(2026, 6, 1)),
        lambda: NoFlyZone("x", AREA, margin_m=-1.0),
        lambda: CeilingZone("x", AREA, -1.0),
        lambda: Obstacle("x", Point(0, 0), float("nan")),
    ],
)
def test_values_without_meaning_are_refused(make):
    with pytest.raises(ValueError, match="got"):
        make()
