"""What the weeks of a demonstration make due, overdue and in time, counted from what happened.

A reference for the bulletins: it walks minute by minute over the words of the calendar file, and
shares nothing with `dispatch.timetable`, `dispatch.deadlines` and `dispatch.period`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.categories import Category, TimeUnit
from cli.demo_times import (
    AT_ONCE,
    FED_BACK,
    FED_BACK_AT_ONCE,
    REVISIT_VERIFIED,
    SUPERVISED,
    VERIFIED,
    WEEK,
)
from dispatch.calendar import WorkCalendar
from simulations.changing import Handling, Week
from simulations.planting import Kind
from simulations.scene import EPOCH

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_MINUTES_A_DAY = 24 * 60
CATEGORY_OF = {
    Kind.NEW_BUILDING: "building.unpermitted",
    Kind.UNFINISHED: "construction.unpermitted",
    Kind.BURNING: "burning.straw",
    Kind.BURN_SCAR: "burning.scar",
    Kind.BOAT: "fishing.boat",
    Kind.CAGES: "fishing.gear",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """A time in which a violation was said to be solved and nobody had looked.

    Attributes:
        until: when it was looked at; None where that is still to come.
        is_solved: what was seen then.
    """

    since: datetime
    until: datetime | None
    is_solved: bool

    def by(self, now: datetime) -> "Wait":
        """What of it is known at a moment."""
        is_over = self.until is not None and self.until <= now
        return self if is_over else Wait(self.since, None, is_solved=False)


@dataclass(frozen=True, slots=True)
class Life:
    """What truly became of a violation from when it was established on."""

    category: Category
    begins: datetime
    waits: tuple[Wait, ...]

    def by(self, now: datetime) -> "Life":
        """What of it has happened by a moment."""
        waits = tuple(wait.by(now) for wait in self.waits if wait.since <= now)
        return Life(self.category, self.begins, waits)

    @property
    def handled(self) -> datetime | None:
        """When it was said to be solved, unless it was seen not to be."""
        last = self.waits[-1] if self.waits else None
        return last.since if last and (last.until is None or last.is_solved) else None

    @property
    def is_closed(self) -> bool:
        """Whether it was seen to be solved."""
        return bool(self.waits) and self.waits[-1].is_solved

    @property
    def refused(self) -> list[tuple[datetime, datetime]]:
        """Waits after which it had to be handled again, which is nobody's time."""
        return [(w.since, w.until) for w in self.waits if w.until is not None and not w.is_solved]


@dataclass(frozen=True, slots=True)
class DueTruth:
    """Figures of a week's bulletin that hang on deadlines; see `dispatch.period.Tally`."""

    due: int
    due_closed: int
    due_in_time: int
    overdue: int
    supervised: int


def due_truth(
    weeks: Sequence[Week], number: int, categories: Sequence[Category], calendar: WorkCalendar
) -> DueTruth:
    """Count a week, from 0, by its end: Sunday at midnight on the district's clocks."""
    offset = timedelta(hours=calendar.utc_offset_hours)
    starts = (EPOCH + offset + number * WEEK).replace(hour=0, minute=0) - offset
    ends, pressed = starts + WEEK, EPOCH + number * WEEK + SUPERVISED
    lives = [life for life in lives_of(weeks, categories) if life.begins < ends]
    by_end = [life.by(ends) for life in lives]
    due = [(life, due_at(life, calendar)) for life in by_end]
    in_week = [(life, at) for life, at in due if starts <= at < ends]
    in_time = [
        life for life, at in in_week if life.is_closed and life.handled and life.handled <= at
    ]
    return DueTruth(
        due=len(in_week),
        due_closed=sum(life.is_closed for life, _ in in_week),
        due_in_time=len(in_time),
        overdue=_overdue(by_end, calendar, ends),
        supervised=_overdue([life.by(pressed) for life in lives], calendar, pressed),
    )


def _overdue(lives: Sequence[Life], calendar: WorkCalendar, now: datetime) -> int:
    waiting = [life for life in lives if life.handled is None]
    return sum(due_at(life, calendar) < now for life in waiting)


def lives_of(weeks: Sequence[Week], categories: Sequence[Category]) -> Iterator[Life]:
    """Tell of every violation what truly becomes of it, if each is found in its first week."""
    by_code = {category.code: category for category in categories}
    firsts: dict[str, int] = {}
    kinds: dict[str, Kind] = {}
    for number, week in enumerate(weeks):
        for code, item in week.violations.items():
            firsts.setdefault(code, number)
            kinds[code] = item.kind
    for code, first in firsts.items():
        category = by_code[CATEGORY_OF[kinds[code]]]
        after = FED_BACK_AT_ONCE if category.code in AT_ONCE else FED_BACK
        waits = tuple(_waits(code, weeks, first, after))
        yield Life(category, EPOCH + first * WEEK + VERIFIED, waits)


def _waits(code: str, weeks: Sequence[Week], first: int, after: timedelta) -> Iterator[Wait]:
    """What is said in the last week is not: nobody could verify it."""
    for number in range(first, len(weeks) - 1):
        fate: Mapping[str, Handling] = weeks[number].handling
        if code in fate and fate[code] is not Handling.IGNORED:
            seen = EPOCH + (number + 1) * WEEK + REVISIT_VERIFIED
            yield Wait(EPOCH + number * WEEK + after, seen, fate[code] is Handling.SOLVED)


def due_at(life: Life, calendar: WorkCalendar) -> datetime:
    """When its time limit is over, counted minute by minute."""
    limit = life.category.limit
    if limit.unit in (TimeUnit.DAYS, TimeUnit.WORKING_DAYS):
        return _due_day(life, calendar)
    is_worked_only = limit.unit is TimeUnit.WORKING_HOURS
    left = limit.within * (60 if is_worked_only else 1)
    offset, minute = timedelta(hours=calendar.utc_offset_hours), life.begins
    while left:
        counts = not is_worked_only or _is_worked(calendar, minute + offset)
        left -= int(counts and not _is_refused(life, minute))
        minute += MINUTE
    return minute


def _due_day(life: Life, calendar: WorkCalendar) -> datetime:
    """The last minute of so many later days that no refused wait touches before their end."""
    limit, offset = life.category.limit, timedelta(hours=calendar.utc_offset_hours)
    day, left = (life.begins + offset).replace(hour=0, minute=0), limit.within
    end = day
    while left:
        day += DAY
        minutes = [day + MINUTE * number for number in range(_MINUTES_A_DAY)]
        if limit.unit is TimeUnit.WORKING_DAYS:
            while minutes and not _is_worked(calendar, minutes[-1]):
                minutes.pop()
        if minutes and not any(_is_refused(life, minute - offset) for minute in minutes):
            left, end = left - 1, minutes[-1] + MINUTE
    return end - offset


def _is_refused(life: Life, minute: datetime) -> bool:
    return any(since <= minute < until for since, until in life.refused)


def _is_worked(calendar: WorkCalendar, minute: datetime) -> bool:
    """Whether a local minute is worked, straight from the words of the calendar file."""
    day = minute.date()
    is_off = any(entry.first <= day <= entry.last for entry in calendar.holidays)
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    if day not in calendar.make_up and (is_off or weekday not in calendar.weekdays):
        return False
    hours = next(entry.hours for entry in calendar.shifts if entry.holds(day))
    clock = f"{minute.hour:02}:{minute.minute:02}"
    return any(start <= clock < end for start, end in hours)
