from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString

from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track
from missions.drones import drone_named
from missions.energy import usable_wh
from missions.errors import MissionError
from missions.legs import legs
from missions.model import AltitudeFrame, Command, MissionItem
from missions.resume import remaining
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.missions.shapes import FRAME, SQUARE, U_SHAPE, WITH_POND, on_globe

DRONE = drone_named("sim-quad")
BEGUN = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
SORTIES = [plan_survey(on_globe(shape), DRONE)[0] for shape in (SQUARE, U_SHAPE, WITH_POND)]


def xy(photos):
    return FRAME.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in photos]))


def event(photo, number, moved_m=(0.0, 0.0), height_m=0.0, turned_deg=0.0):
    (lon, lat) = FRAME.lonlat_from_xy(xy([photo]) + np.array(moved_m))[0]
    place = GeoPoint(float(lon), float(lat), photo.height_home_m)
    attitude = Attitude((photo.heading_deg + turned_deg) % 360, -90.0)
    time = BEGUN + timedelta(seconds=number)
    return CameraEvent(number, time, place, photo.height_home_m + height_m, attitude)


def flown(photos, **changes):
    return Track((), tuple(event(photo, n, **changes) for n, photo in enumerate(photos, 1)))


def rows(sortie):
    return [leg for leg in legs(sortie.home, sortie.items) if leg.camera_on]


def path(sortie):
    ends = [leg.end[:2] for leg in legs(sortie.home, sortie.items)]
    return LineString(FRAME.xy_from_lonlat(np.array(ends)))


@pytest.mark.parametrize("sortie", SORTIES)
def test_all_is_left_where_nothing_was_photographed(sortie):
    assert remaining(sortie, Track((), ())) == sortie


@pytest.mark.parametrize("sortie", SORTIES)
def test_nothing_is_left_where_everything_was_photographed(sortie):
    assert remaining(sortie, flown(sortie.photos, moved_m=(1.0, -1.0))) is None


@settings(max_examples=40)
@given(st.sampled_from(SORTIES), st.data())
def test_flown_and_resumed_photos_are_the_planned_ones(sortie, data):
    count = len(sortie.photos)
    taken = set(data.draw(st.lists(st.integers(0, count - 1), min_size=1)))
    if data.draw(st.booleans()):
        taken = set(range(max(taken) + 1))  # as an abort leaves it
    rest = remaining(sortie, flown([sortie.photos[n] for n in sorted(taken)]))
    again = set() if rest is None else set(rest.photos)
    left_out = set(sortie.photos) - again - {sortie.photos[n] for n in taken}
    places = xy([sortie.photos[n] for n in sorted(taken)])
    for photo in left_out:
        near_m = np.hypot(*(places - xy([photo])).T).min()
        assert ends_its_row(sortie, photo) or near_m < 15  # rows of corners lie close together
    if rest is not None:
        lines = [FRAME.xy_from_lonlat(np.array([r.start[:2], r.end[:2]])) for r in rows(rest)]
        near = [min(LineString(line).distance(p) for line in lines) for p in points(rest.photos)]
        assert max(near) < 0.1


def ends_its_row(sortie, photo):
    """Whether the shutter's lateness may push a photo behind the end of its row."""
    ends = FRAME.xy_from_lonlat(np.array([row.end[:2] for row in rows(sortie)]))
    return np.hypot(*(ends - xy([photo])).T).min() < 4 + 0.01 * 400


def points(photos):
    return [LineString([place, place + 1e-3]) for place in xy(photos)]


@settings(max_examples=15)
@given(st.sampled_from(SORTIES), st.floats(0.05, 0.95))
def test_what_an_abort_leaves_begins_one_photo_back_and_is_no_more(sortie, share):
    last = int(share * len(sortie.photos))
    rest = remaining(sortie, flown(sortie.photos[: last + 1]))
    first = last + 1 if row_ended(sortie, last) else last
    again = () if rest is None else rest.photos
    begin = len(sortie.photos) - len(again)
    assert again == sortie.photos[begin:]
    assert begin >= first
    assert all(ends_its_row(sortie, photo) for photo in sortie.photos[last + 1 : begin])


def row_ended(sortie, number):
    """Whether the photo after this one lies on another row."""
    if number + 1 == len(sortie.photos):
        return True
    photo, after = sortie.photos[number : number + 2]
    apart_m = np.hypot(*np.diff(xy([photo, after]), axis=0)[0])
    return abs(photo.heading_deg - after.heading_deg) > 0.1 or apart_m > 30


@settings(max_examples=15)
@given(st.sampled_from(SORTIES), st.sets(st.integers(0, 60), min_size=1, max_size=8))
def test_ways_between_what_is_left_stay_over_the_cell(sortie, missing):
    taken = [photo for n, photo in enumerate(sortie.photos) if n not in missing]
    rest = remaining(sortie, flown(taken))
    assume(rest is not None)  # a single photo at a row's end counts as late, not as missing
    shape = (SQUARE, U_SHAPE, WITH_POND)[SORTIES.index(sortie)]
    assert shape.buffer(1.5).covers(path(rest))
    assert rest.duration_s <= sortie.duration_s + 1
    assert rest.energy_wh <= usable_wh(DRONE)


def test_resumed_sortie_is_a_whole_mission():
    sortie = SORTIES[0]
    rest = remaining(sortie, flown(sortie.photos[:20]))
    assert rest.items[:3] == sortie.items[:3]
    assert rest.items[-1].command == Command.NAV_RETURN_TO_LAUNCH
    yaws = {item.parameters[0] for item in rest.items if item.command == Command.CONDITION_YAW}
    assert yaws <= {i.parameters[0] for i in sortie.items if i.command == Command.CONDITION_YAW}
    last = [item for item in rest.items if item.command == Command.NAV_WAYPOINT][-1]
    assert (last.lon_deg, last.lat_deg) == pytest.approx((rest.home.lon_deg, rest.home.lat_deg))


def test_resumed_sorties_are_numbered():
    sortie = SORTIES[0]
    once = remaining(sortie, flown(sortie.photos[:10]))
    twice = remaining(once, flown(once.photos[:10]))
    assert (once.code, twice.code) == (f"{sortie.code}-r1", f"{sortie.code}-r2")


def test_a_photo_in_the_middle_of_a_row_that_failed_is_flown_again_between_its_neighbours():
    sortie = SORTIES[0]
    rest = remaining(sortie, flown(sortie.photos[:3] + sortie.photos[4:]))
    assert rest.photos == sortie.photos[2:4]
    assert len(rows(rest)) == 1


@pytest.mark.parametrize(
    "wrong", [{"moved_m": (14.0, 14.0)}, {"height_m": -20.0}, {"turned_deg": 90.0}]
)
def test_photos_of_something_else_do_not_count(wrong):
    sortie = SORTIES[0]
    events = (*flown(sortie.photos[:5]).camera_events, event(sortie.photos[5], 6, **wrong))
    assert remaining(sortie, Track((), events)).photos == sortie.photos[4:]


def test_photos_a_little_further_apart_than_planned_count():
    sortie = plan_survey(on_globe(SQUARE), DRONE, SurveySettings(row_heading_deg=0.0))[0]
    usual = Counter(round(photo.heading_deg, 1) for photo in sortie.photos).most_common(1)[0][0]
    whole = tuple(photo for photo in sortie.photos if round(photo.heading_deg, 1) == usual)
    row = whole[:12]
    spread = [(0.0, 0.25 * n * np.cos(np.radians(row[0].heading_deg))) for n in range(12)]
    events = tuple(event(p, n, moved_m=m) for n, (p, m) in enumerate(zip(row, spread, strict=True)))
    rest = remaining(sortie, Track((), events))
    again = tuple(photo for photo in rest.photos if photo in whole)
    assert again in (whole[11:], whole[12:])


def test_heights_along_terrain_stay_as_planned():
    sortie = SORTIES[0]
    heights = iter(range(60, 1000))
    items = tuple(
        replace(item, altitude_m=60.0 + next(heights) % 7)
        if item.command == Command.NAV_WAYPOINT
        else item
        for item in sortie.items
    )
    rugged = replace(sortie, items=items)
    rest = remaining(rugged, flown(sortie.photos[:30]))
    planned = {(i.lon_deg, i.lat_deg, i.altitude_m) for i in items}
    ways = [i for i in rest.items if i.command == Command.NAV_WAYPOINT]
    kept = [i for i in ways if (i.lon_deg, i.lat_deg, i.altitude_m) in planned]
    assert len(kept) >= len(ways) - 1  # all but the place where the flight goes on


def test_sortie_without_rows_is_refused():
    items = (
        MissionItem(Command.NAV_TAKEOFF, AltitudeFrame.ABOVE_HOME, altitude_m=50.0),
        MissionItem(Command.NAV_WAYPOINT, AltitudeFrame.ABOVE_HOME, (0, 0, 0, 0), 119.95, 31.7, 50),
        MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION),
    )
    with pytest.raises(MissionError, match="only flights along rows"):
        remaining(replace(SORTIES[0], items=items), Track((), ()))
