from datetime import UTC, datetime

import pytest

from dispatch.clock import span_words, stamp, zone_name


@pytest.mark.parametrize(
    ("hours", "name"),
    [(8, "UTC+8"), (0, "UTC"), (-6, "UTC-6"), (5.5, "UTC+5:30"), (-3.5, "UTC-3:30")],
)
def test_a_zone_is_named_by_its_distance_from_utc(hours: float, name: str):
    assert zone_name(hours) == name


def test_a_time_is_the_districts_and_says_so():
    assert stamp(datetime(2026, 6, 15, 22, 3, tzinfo=UTC), 8) == "2026-06-16 06:03 UTC+8"
    assert stamp(datetime(2026, 1, 1, 1, 0, tzinfo=UTC), -6) == "2025-12-31 19:00 UTC-6"


def test_a_flight_over_midnight_names_both_days():
    first, last = (
        datetime(2026, 6, 15, 15, 50, tzinfo=UTC),
        datetime(2026, 6, 15, 16, 10, tzinfo=UTC),
    )
    words = span_words(first, last, 8)
    assert words.en == "15 June 2026, 23:50 to 16 June 2026, 00:10 (UTC+8)"
    assert words.zh == "2026年6月15日 23:50至2026年6月16日 00:10（UTC+8）"


def test_a_single_moment_has_no_end():
    at = datetime(2026, 6, 15, 1, 2, 5, tzinfo=UTC)
    assert span_words(at, at, 0).en == "15 June 2026, 01:02 (UTC)"
