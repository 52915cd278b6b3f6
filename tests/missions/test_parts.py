from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.parts import parts
from missions.stops import Action, Do, Finish, Stop, Tour, tour

HOME = GeoPoint(119.95, 31.7, 4.0)


def places(stops):
    return [(s.lon_deg, s.lat_deg, s.photo_spacing_m) for s in stops]


@given(st.integers(10, 40))
def test_parts_hold_all_places_once_and_none_has_too_many(sortie, most):
    whole = tour(sortie.home, sortie.items, 5.0)
    found = parts(whole, most, sortie.home, None)
    assert all(len(part.stops) <= most for part in found)
    assert places(s for part in found for s in part.stops) == places(whole.stops)
    assert all(part.stops[-1].photo_spacing_m == 0 for part in found)
    assert all(part.stops[0].actions[0] == Action(Do.TILT_DEG, -90.0) for part in found)


@pytest.mark.parametrize("most", [14, 20])
def test_ways_of_parts_stay_inside_the_fence(sortie, most):
    whole = tour(sortie.home, sortie.items, 5.0)
    found = parts(whole, most, sortie.home, sortie.fence)
    assert len(found) > 1
    home = (sortie.home.lon_deg, sortie.home.lat_deg)
    for part in found:
        flown = LineString([home, *((s.lon_deg, s.lat_deg) for s in part.stops), home])
        assert sortie.fence.covers(flown)
        assert len(part.stops) <= most
    wanted = [place for place in places(whole.stops) if place[2] > 0]
    assert [p for part in found for p in places(part.stops) if p[2] > 0] == wanted


def test_home_outside_the_fence_is_refused(sortie):
    whole = tour(sortie.home, sortie.items, 5.0)
    fence = Point(sortie.home.lon_deg + 1, sortie.home.lat_deg).buffer(1e-3)
    with pytest.raises(MissionError, match="outside of the fence"):
        parts(whole, 14, sortie.home, fence)


def test_place_that_no_way_inside_the_fence_leads_to_is_refused(sortie):
    whole = tour(sortie.home, sortie.items, 5.0)
    away = tuple(replace(stop, lon_deg=stop.lon_deg + 1) for stop in whole.stops)
    with pytest.raises(MissionError, match="no way inside"):
        parts(replace(whole, stops=away), 14, sortie.home, sortie.fence)


def test_run_of_photos_longer_than_a_file_is_refused():
    run = tuple(Stop(119.95 + i / 1000, 31.7, 50.0, None, 5.0, 10.0) for i in range(6))
    with pytest.raises(MissionError, match="run of photos"):
        parts(Tour(run, Finish.RETURN), 4, HOME, None)


def test_file_too_small_for_anything_is_refused(sortie):
    with pytest.raises(MissionError, match="at least 4"):
        parts(tour(sortie.home, sortie.items, 5.0), 3, sortie.home, None)
