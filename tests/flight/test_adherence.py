import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely import Polygon

from flight.adherence import measure_adherence, planned_rows
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint
from geo.track import CameraEvent, Track, TrackPoint
from missions.drones import drone_named
from missions.legs import legs
from missions.settings import SurveySettings
from missions.survey import plan_survey
from tests.flight.sorties import HEIGHT_M, HOME, lonlat, small_sortie

START = datetime(2026, 6, 15, 1, tzinfo=UTC)


def flown(corners, off_m=0.0, photos=()):
    """Points every metre along straight lines between corners, moved east."""
    points = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        for share in np.arange(0, 1, 1 / max(math.hypot(x1 - x0, y1 - y0), 1)):
            points.append((x0 + share * (x1 - x0) + off_m, y0 + share * (y1 - y0)))
    track = tuple(
        TrackPoint(START + timedelta(seconds=i), place(x, y), HEIGHT_M + 0.5, 0.0, 8.0)
        for i, (x, y) in enumerate(points)
    )
    events = tuple(
        CameraEvent(i + 1, START, place(x, y), HEIGHT_M, Attitude(0, -90))
        for i, (x, y) in enumerate(photos)
    )
    return Track(track, events)


def place(x, y):
    return GeoPoint(*lonlat(x, y), HOME.altitude_amsl_m + HEIGHT_M)


PATH = [(0, 0), (20, 20), (20, 120), (50, 120), (50, 20), (0, 0)]
PHOTOS = [(20, y) for y in range(20, 120, 20)] + [(50, y) for y in range(120, 20, -20)]


def test_only_legs_with_the_camera_on_are_rows():
    rows = planned_rows(small_sortie(), LocalFrame(HOME.lon_deg, HOME.lat_deg))
    assert [(round(r.start[0]), round(r.start[1])) for r in rows] == [(20, 20), (50, 120)]


def test_a_perfect_flight_has_no_error():
    found = measure_adherence(small_sortie(), flown(PATH, photos=PHOTOS))
    assert found.rms_m == pytest.approx(0, abs=0.02)
    assert [row.flown_share for row in found.rows] == pytest.approx([1, 1], abs=0.02)
    assert found.photos_missed == ()


@pytest.mark.parametrize("off_m", [-3.0, 0.4, 2.0])
def test_a_flight_beside_its_rows_is_off_by_that(off_m):
    found = measure_adherence(small_sortie(), flown(PATH, off_m=off_m))
    assert found.rms_m == pytest.approx(abs(off_m), abs=0.02)
    assert found.worst_m == pytest.approx(abs(off_m), abs=0.02)


def test_height_is_compared_with_the_plan():
    rows = measure_adherence(small_sortie(), flown(PATH)).rows
    assert rows[0].height_error_m == pytest.approx(0.5, abs=0.01)


def test_a_row_that_was_not_flown_is_told():
    found = measure_adherence(small_sortie(), flown([*PATH[:3], (0, 0)]))
    assert found.rows[0].flown_share > 0.95
    assert found.rows[1].flown_share == 0
    assert math.isnan(found.rows[1].rms_m)


def test_photos_that_were_not_taken_are_told_by_index():
    found = measure_adherence(small_sortie(), flown(PATH, photos=PHOTOS[:2] + PHOTOS[3:]))
    assert found.photos_missed == (2,)
    assert found.photos_taken == 9


def test_a_flight_that_never_was_has_missed_everything():
    found = measure_adherence(small_sortie(), Track((), ()))
    assert len(found.photos_missed) == 10
    assert math.isnan(found.rms_m)


def test_a_row_above_sea_level_is_planned_at_its_height_above_home():
    items = tuple(
        replace(item, frame=0, altitude_m=HEIGHT_M + HOME.altitude_amsl_m)
        if item.command == 16
        else item
        for item in small_sortie().items
    )
    sortie = replace(small_sortie(), items=items)
    rows = planned_rows(sortie, LocalFrame(HOME.lon_deg, HOME.lat_deg))
    assert [row.height_home_m for row in rows] == [HEIGHT_M, HEIGHT_M]


NARROW = Polygon([lonlat(x, y) for x, y in ((0, 0), (120, 25), (150, 140), (40, 170), (-20, 90))])


@pytest.mark.parametrize("off_m", [0.0, 1.0, 6.0])
def test_rows_that_lie_close_are_not_taken_for_one_another(off_m):
    """Rows 12 m apart; each way is flown exactly, or shifted to the right of its direction."""
    settings = SurveySettings(height_agl_m=28.0, wind_m_s=0.0)
    (sortie,) = plan_survey(NARROW, drone_named("dji-m3e"), settings)
    track = flown_legs(sortie, off_m)
    found = measure_adherence(sortie, track)
    assert found.rms_m == pytest.approx(off_m, abs=0.15)
    assert found.worst_m < off_m + 1.0
    assert found.rows_missed == ()


def flown_legs(sortie, off_m):
    """Every leg on its line or beside it, a point each metre."""
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    points = []
    for leg in legs(sortie.home, sortie.items):
        ends = frame.xy_from_lonlat(np.array([leg.start[:2], leg.end[:2]]))
        length_m = float(np.hypot(*(ends[1] - ends[0])))
        if length_m < 0.01:
            continue
        ahead = (ends[1] - ends[0]) / length_m
        aside = off_m * np.array([ahead[1], -ahead[0]])
        for along_m in np.arange(0.0, length_m, 1.0):
            lon, lat = frame.lonlat_from_xy((ends[0] + along_m * ahead + aside)[None])[0]
            at = START + timedelta(seconds=len(points))
            points.append(TrackPoint(at, GeoPoint(lon, lat, 0.0), leg.end[2], 0.0, 8.0))
    return Track(tuple(points), ())
