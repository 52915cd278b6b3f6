from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.daylight import daylight
from missions.sun import SunPosition, sun_position


def test_it_agrees_with_the_published_example_of_nrels_algorithm():
    """Reda and Andreas 2008, NREL/TP-560-34302, table A5.1: zenith 50.11162, azimuth 194.34024."""
    when = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))
    sun = sun_position(when, -105.1786, 39.742476)
    assert sun.azimuth_deg == pytest.approx(194.34, abs=0.5)
    assert sun.elevation_deg == pytest.approx(90 - 50.11, abs=0.5)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.floats(-60, 60))
def test_the_sun_is_at_the_horizon_at_sunrise_and_sunset(day, lat):
    for event, side in zip(daylight(day.date(), 20.0, lat), (90.0, 270.0), strict=True):
        sun = sun_position(event, 20.0, lat)
        assert sun.elevation_deg == pytest.approx(-0.833, abs=0.6)
        assert abs(sun.azimuth_deg - side) < 60


@given(st.floats(-170, 170), st.integers(1, 28), st.integers(1, 12))
def test_the_sun_is_in_the_south_at_noon_north_of_the_tropic(lon, day, month):
    noon = datetime(2026, month, day, 12, tzinfo=UTC) - timedelta(hours=lon / 15)
    assert sun_position(noon, lon, 50.0).azimuth_deg == pytest.approx(180, abs=9)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        sun_position(datetime(2026, 1, 1), 0.0, 0.0)


@pytest.mark.parametrize(
    ("elevation", "expected"), [(-5, False), (1, False), (30, True), (85, False)]
)
def test_only_a_sun_at_middle_height_gives_a_side(elevation, expected):
    assert SunPosition(120.0, elevation).gives_a_side is expected
