from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.daylight import daylight


def minutes_off(found, text):
    return abs((found - datetime.fromisoformat(text).replace(tzinfo=UTC)).total_seconds()) / 60


@pytest.mark.parametrize(
    ("day", "lon", "lat", "rise", "down"),
    [  # almanac times: London, Beijing, Anchorage
        (date(2024, 6, 20), -0.1278, 51.5074, "2024-06-20T03:43", "2024-06-20T20:21"),
        (date(2024, 12, 21), 116.4, 39.9, "2024-12-20T23:32", "2024-12-21T08:52"),
        (date(2024, 6, 21), -149.9, 61.2, "2024-06-21T12:20", "2024-06-22T07:42"),
    ],
)
def test_sunrise_and_sunset_agree_with_the_almanac(day, lon, lat, rise, down):
    found = daylight(day, lon, lat)
    assert minutes_off(found[0], rise) < 1.5
    assert minutes_off(found[1], down) < 1.5


def test_polar_night_has_no_daylight_and_polar_day_is_whole():
    assert daylight(date(2024, 12, 21), 20, 75) is None
    rise, down = daylight(date(2024, 6, 21), 20, 75)
    assert (down - rise) > timedelta(hours=23, minutes=58)


@given(st.integers(0, 365), st.floats(-180, 180), st.floats(-60, 60))
def test_days_north_and_south_share_the_year_between_them(number, lon, lat):
    day = date(2023, 1, 1) + timedelta(days=number)
    north, south = daylight(day, lon, lat), daylight(day, lon, -lat)
    hours = sum((span[1] - span[0]).total_seconds() for span in (north, south)) / 3600
    assert 24.1 < hours < 24.8  # refraction and the sun's radius lengthen both


@given(st.floats(-179, 178))
def test_the_sun_rises_four_minutes_later_a_degree_further_west(lon):
    day = date(2025, 4, 15)
    later = daylight(day, lon, 31.0)[0] - daylight(day, lon + 1, 31.0)[0]
    assert later.total_seconds() == pytest.approx(240, abs=3)
