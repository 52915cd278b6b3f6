from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.errors import MissionError
from missions.fleet import Hours
from missions.windows import Weather, days_at, first_fit, without, zone_of

HOURS = Hours(work_from=time(8), work_to=time(18))
HERE = {"lon_deg": 119.95, "lat_deg": 31.7}
T0 = datetime(2025, 6, 2, 0, tzinfo=UTC)  # 08:00 in the district


def at(hours):
    return T0 + timedelta(hours=hours)


def test_summer_day_is_open_in_all_working_hours():
    (day,) = days_at(date(2025, 6, 2), 1, HOURS, **HERE)
    assert day.open == (day.work,) == ((at(0), at(10)),)


def test_winter_day_closes_before_sunset_by_the_margin():
    hours = Hours(work_from=time(5), work_to=time(22), sun_margin_s=1800)
    wide = Hours(work_from=time(5), work_to=time(22))
    (short,) = days_at(date(2025, 12, 21), 1, hours, **HERE)
    (long,) = days_at(date(2025, 12, 21), 1, wide, **HERE)
    assert short.open[0][1] == long.open[0][1] - timedelta(minutes=30)
    assert short.open[0][1] < short.work[1]


def test_strong_wind_cuts_a_hole_into_the_day_and_light_wind_does_not():
    weather = (Weather(at(2), at(4), wind_m_s=14), Weather(at(6), at(7), wind_m_s=5))
    (day,) = days_at(date(2025, 6, 2), 1, HOURS, weather, **HERE)
    assert day.open == ((at(0), at(2)), (at(4), at(10)))
    assert "14 m/s" in day.why_closed


def test_storm_all_day_leaves_no_span_and_says_why():
    weather = (Weather(at(-5), at(30), closed=True, reason="typhoon"),)
    (day,) = days_at(date(2025, 6, 2), 1, HOURS, weather, **HERE)
    assert not day.open
    assert day.why_closed == "typhoon"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=6), st.integers(1, 180))
def test_first_fit_is_the_earliest_minute_that_trial_finds(bans, minutes):
    spans = without([(at(0), at(20))], [(at(a), at(a + b)) for a, b in bans])
    found = first_fit(spans, at(1), 60 * minutes)
    length = timedelta(minutes=minutes)
    trial = [
        moment
        for moment in (at(1) + timedelta(minutes=m) for m in range(19 * 60 + 1))
        if any(start <= moment and moment + length <= end for start, end in spans)
    ]
    assert found == (trial[0] if trial else None)


def test_unknown_zone_is_refused_with_an_example():
    with pytest.raises(MissionError, match="Asia/Shanghai"):
        zone_of(Hours(timezone="Beijing"))


def test_weather_without_a_zone_is_refused():
    with pytest.raises(MissionError, match="zone"):
        Weather(datetime(2025, 6, 2), datetime(2025, 6, 3))
