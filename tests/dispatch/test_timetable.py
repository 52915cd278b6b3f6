"""Deadlines against a counter that goes minute by minute and knows nothing of the timetable."""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.categories import TimeLimit, TimeUnit
from dispatch.calendar import WorkCalendar, parse_calendar
from dispatch.errors import CalendarError
from dispatch.table_files import load_calendar
from dispatch.timetable import Pause, Timetable

CHINA = load_calendar()
TABLE = Timetable(CHINA)
MINUTE = timedelta(minutes=1)
SUMMER = parse_calendar(
    """
    version = "summer"
    source = "made up: short days in summer, work up to midnight else, Saturdays too"
    utc_offset_hours = -3.5
    first = 2026-01-01
    last = 2026-12-31
    weekdays = ["mon", "wed", "sat"]
    make_up = [2026-07-05]
    shifts = [
        { hours = [["09:00", "10:30"]], from = "06-01", to = "08-31" },
        { hours = [["00:00", "02:00"], ["02:00", "03:15"], ["22:00", "24:00"]] },
    ]
    holidays = [{ name = "mid", from = 2026-06-29, to = 2026-07-04 }]
    """,
    "summer.toml",
)

TABLES = {calendar.version: Timetable(calendar) for calendar in (CHINA, SUMMER)}


def at(text: str) -> datetime:
    """A moment on the clocks of China."""
    return datetime.fromisoformat(f"{text}+08:00")


def limit(within: int, unit: TimeUnit) -> TimeLimit:
    return TimeLimit(within, unit)


def works(calendar: WorkCalendar, minute: datetime) -> bool:
    """Whether a local minute is worked, straight from the file's words."""
    day = minute.date()
    is_off = any(entry.first <= day <= entry.last for entry in calendar.holidays)
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    if day not in calendar.make_up and (is_off or weekday not in calendar.weekdays):
        return False
    clock = f"{minute:%H:%M}"
    hours = next(entry.hours for entry in calendar.shifts if entry.holds(day))
    return any(start <= clock < end for start, end in hours)


def paused(pauses: Sequence[Pause], minute: datetime) -> bool:
    return any(p.since <= minute and (p.until is None or minute < p.until) for p in pauses)


def counted_by_minutes(
    calendar: WorkCalendar, start: datetime, within: TimeLimit, pauses: Sequence[Pause]
) -> datetime:
    """Walk minute by minute until the limit is used up."""
    left = within.within * (60 if within.unit is TimeUnit.WORKING_HOURS else 1)
    minute = start
    offset = timedelta(hours=calendar.utc_offset_hours)
    while left:
        counts = within.unit is TimeUnit.MINUTES or works(calendar, minute + offset)
        left -= counts and not paused(pauses, minute)
        minute += MINUTE
    return minute


def counted_by_days(
    calendar: WorkCalendar, start: datetime, within: TimeLimit, pauses: Sequence[Pause]
) -> datetime:
    """Look at each minute of each later day; the day's last minute ends the period."""
    offset = timedelta(hours=calendar.utc_offset_hours)
    local = start + offset
    day, left = local.replace(hour=0, minute=0), within.within
    last = day
    while left:
        day += timedelta(days=1)
        minutes = [day + MINUTE * number for number in range(24 * 60)]
        if within.unit is TimeUnit.WORKING_DAYS:
            worked = [number for number, minute in enumerate(minutes) if works(calendar, minute)]
            minutes = minutes[: worked[-1] + 1] if worked else []
        if minutes and not any(paused(pauses, minute - offset) for minute in minutes):
            left, last = left - 1, minutes[-1] + MINUTE
    return last - offset


minutes_of_2026 = st.integers(0, 330 * 24 * 60).map(
    lambda number: datetime(2026, 1, 1, tzinfo=UTC) + number * MINUTE
)
lengths_min = st.one_of(st.integers(0, 90), st.integers(0, 4 * 24 * 60))


@st.composite
def stories(draw: st.DrawFn) -> tuple[datetime, list[Pause]]:
    """A start, and pauses before and after it that may touch and overlap."""
    start = draw(minutes_of_2026)
    pauses = []
    for _ in range(draw(st.integers(0, 3))):
        since = start + draw(st.integers(-3 * 24 * 60, 9 * 24 * 60)) * MINUTE
        pauses.append(Pause(since, since + draw(lengths_min) * MINUTE))
    return start, pauses


@pytest.mark.parametrize("calendar", [CHINA, SUMMER], ids=["china", "summer"])
@settings(max_examples=25)
@given(
    story=stories(),
    unit=st.sampled_from([TimeUnit.MINUTES, TimeUnit.WORKING_HOURS]),
    within=st.integers(1, 30),
)
def test_counted_time_agrees_with_a_minute_counter(
    calendar: WorkCalendar, story: tuple[datetime, list[Pause]], unit: TimeUnit, within: int
):
    start, pauses = story
    asked = limit(within, unit)
    truth = counted_by_minutes(calendar, start, asked, pauses)
    assert TABLES[calendar.version].due(start, asked, pauses) == truth


@pytest.mark.parametrize("calendar", [CHINA, SUMMER], ids=["china", "summer"])
@settings(max_examples=25)
@given(
    story=stories(),
    unit=st.sampled_from([TimeUnit.WORKING_DAYS, TimeUnit.DAYS]),
    within=st.integers(1, 8),
)
def test_days_agree_with_a_minute_counter(
    calendar: WorkCalendar, story: tuple[datetime, list[Pause]], unit: TimeUnit, within: int
):
    start, pauses = story
    asked = limit(within, unit)
    truth = counted_by_days(calendar, start, asked, pauses)
    assert TABLES[calendar.version].due(start, asked, pauses) == truth


@given(story=stories(), unit=st.sampled_from(TimeUnit), within=st.integers(1, 40))
def test_what_happens_after_a_deadline_does_not_move_it(
    story: tuple[datetime, list[Pause]], unit: TimeUnit, within: int
):
    start, pauses = story
    due = TABLE.due(start, limit(within, unit), pauses)
    assert due is not None
    later = Pause(due, None)
    assert TABLE.due(start, limit(within, unit), [*pauses, later]) == due


@given(story=stories(), unit=st.sampled_from(TimeUnit), within=st.integers(1, 40))
def test_a_pause_that_lasts_holds_a_deadline_up_without_end(
    story: tuple[datetime, list[Pause]], unit: TimeUnit, within: int
):
    start, pauses = story
    due = TABLE.due(start, limit(within, unit), pauses)
    assert due is not None
    assert TABLE.due(start, limit(within, unit), [*pauses, Pause(due - MINUTE, None)]) is None


@pytest.mark.parametrize(
    ("start", "within", "unit", "due"),
    [
        # Friday before the long week of Spring Festival; Saturday 14 February is worked
        ("2026-02-13T16:30", 2, TimeUnit.WORKING_HOURS, "2026-02-14T09:30"),
        ("2026-02-14T16:30", 2, TimeUnit.WORKING_HOURS, "2026-02-24T09:30"),
        ("2026-02-13T10:00", 2, TimeUnit.WORKING_DAYS, "2026-02-24T17:30"),
        ("2026-02-13T10:00", 3, TimeUnit.DAYS, "2026-02-17T00:00"),
        # the Sunday before National Day is worked, and the week after has six days
        ("2026-09-18T20:00", 1, TimeUnit.WORKING_DAYS, "2026-09-20T17:30"),
        ("2026-09-30T17:00", 1, TimeUnit.WORKING_HOURS, "2026-10-08T09:00"),
        ("2026-06-10T23:50", 40, TimeUnit.MINUTES, "2026-06-11T00:30"),
        # over noon, and from the evening
        ("2026-06-10T11:30", 1, TimeUnit.WORKING_HOURS, "2026-06-10T14:30"),
        ("2026-06-10T19:00", 1, TimeUnit.WORKING_HOURS, "2026-06-11T09:30"),
    ],
)
def test_deadlines_of_2026_worked_out_by_hand(start: str, within: int, unit: TimeUnit, due: str):
    assert TABLE.due(at(start), limit(within, unit)) == at(due)


def test_a_hundred_thousand_deadlines_take_less_than_two_seconds():
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + 4 * MINUTE * n for n in range(100_000)]
    limits = [limit(within, unit) for unit in TimeUnit for within in (1, 10)]
    pause = [Pause(starts[9_000], starts[12_000]), Pause(starts[40_000], starts[40_100])]
    begun = time.process_time()
    table = Timetable(CHINA)
    for number, start in enumerate(starts):
        table.due(start, limits[number % 8], pause if number % 4 == 0 else ())
    assert time.process_time() - begun < 2.0


def test_a_deadline_beyond_the_known_days_is_provisional():
    due = TABLE.due(at("2026-12-30T09:00"), limit(5, TimeUnit.WORKING_DAYS))
    assert due == at("2027-01-06T17:30")  # by the week alone: the notice of 2027 is not in it
    assert TABLE.is_provisional(due)
    assert not TABLE.is_provisional(at("2026-12-31T23:59"))


@pytest.mark.parametrize("start", ["2020-01-01T00:00", "2031-01-01T00:00"])
def test_a_moment_far_from_the_known_days_is_refused(start: str):
    with pytest.raises(CalendarError, match=r"too far from the days .* add the years"):
        TABLE.due(at(start), limit(1, TimeUnit.DAYS))


@pytest.mark.parametrize("unit", [TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS, TimeUnit.DAYS])
def test_a_deadline_far_from_the_known_days_is_refused(unit: TimeUnit):
    with pytest.raises(CalendarError, match="the deadline lies too far"):
        TABLE.due(at("2026-12-01T09:00"), limit(100_000, unit))


def test_the_shipped_year_has_the_days_of_the_notice():
    """Weekdays as the notice of 4 November 2025 names them, beside its dates."""
    named = {
        "2026-01-01": 3, "2026-01-03": 5, "2026-01-04": 6, "2026-02-15": 6, "2026-02-23": 0,
        "2026-02-14": 5, "2026-02-28": 5, "2026-04-04": 5, "2026-04-06": 0, "2026-05-01": 4,
        "2026-05-05": 1, "2026-05-09": 5, "2026-06-19": 4, "2026-06-21": 6, "2026-09-25": 4,
        "2026-09-27": 6, "2026-10-01": 3, "2026-10-07": 2, "2026-09-20": 6, "2026-10-10": 5,
    }  # fmt: skip
    assert all(date.fromisoformat(day).weekday() == number for day, number in named.items())
    lengths = [len(holiday.days()) for holiday in CHINA.holidays]
    assert lengths == [3, 9, 3, 5, 3, 3, 7]
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(CHINA.is_working, days)) == 248
