"""When does a district work: its week, holidays, make-up days and shifts, as a file says."""

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from cases.rules import MonthDay
from dispatch.errors import CalendarError
from dispatch.tables import Checked, parse_table

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_A_DAY = 24 * 60

ClockTime = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Weekday = Annotated[str, Field(pattern=rf"^({'|'.join(_WEEKDAYS)})$")]


class Shifts(Checked):
    """Hours that are worked on a working day, in a season or always."""

    hours: tuple[tuple[ClockTime, ClockTime], ...] = Field(min_length=1)
    first: MonthDay | None = Field(default=None, alias="from")
    last: MonthDay | None = Field(default=None, alias="to")

    def holds(self, day: date) -> bool:
        """Whether a day is in its season, both ends included; it may run over the new year."""
        if self.first is None or self.last is None:
            return True
        month_day = f"{day:%m-%d}"
        if self.first <= self.last:
            return self.first <= month_day <= self.last
        return month_day >= self.first or month_day <= self.last

    @property
    def spans_min(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each shift, minutes after midnight."""
        return tuple((_minutes(start), _minutes(end)) for start, end in self.hours)

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("give both from and to of a season, or neither")
        edges = [minute for span in self.spans_min for minute in span]
        if any(later < earlier for earlier, later in pairwise(edges)):
            raise ValueError("shifts follow each other within a day; cut a night shift at 24:00")
        if any(start == end for start, end in self.spans_min):
            raise ValueError("a shift ends after it begins")
        return self


class Holiday(Checked):
    """Days off, both ends included."""

    name: str = Field(min_length=1)
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"{self.name} ends on {self.last}, before {self.first}")
        return self

    def days(self) -> list[date]:
        """List the days."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]


class WorkCalendar(Checked):
    """The working calendar of a district.

    Attributes:
        first: with `last` the days that the calendar knows; others go by the week alone.
        shifts: the first whose season holds a day says its hours.
    """

    version: str = Field(min_length=1)
    source: str = Field(min_length=1)
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 8.0
    first: date
    last: date
    weekdays: frozenset[Weekday] = Field(min_length=1)
    make_up: frozenset[date] = frozenset()
    shifts: tuple[Shifts, ...] = Field(min_length=1)
    holidays: tuple[Holiday, ...] = ()

    @property
    def days_off(self) -> frozenset[date]:
        """All days of all holidays."""
        return frozenset(day for holiday in self.holidays for day in holiday.days())

    def knows(self, day: date) -> bool:
        """Whether the calendar says more of a day than which day of the week it is."""
        return self.first <= day <= self.last

    def is_working(self, day: date) -> bool:
        """Whether a day is worked."""
        if day in self.make_up:
            return True
        return _WEEKDAYS[day.weekday()] in self.weekdays and day not in self.days_off

    def hours_of(self, day: date) -> tuple[tuple[int, int], ...]:
        """Shifts of a working day, minutes after midnight."""
        return next(entry.spans_min for entry in self.shifts if entry.holds(day))

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"it ends on {self.last}, before {self.first}")
        named = self.make_up | self.days_off
        outside = sorted(day for day in named if not self.knows(day))
        if outside:
            raise ValueError(f"{outside[0]} lies outside of first to last; correct one of them")
        both = sorted(self.make_up & self.days_off)
        if both:
            raise ValueError(f"{both[0]} is both a holiday and a make-up day; it can be one")
        if self.shifts[-1].first is not None:
            raise ValueError("the last of the shifts has no season, so that every day has hours")
        return self


def parse_calendar(text: str, source: str) -> WorkCalendar:
    """Read a calendar; `source` names the file in messages.

    Raises:
        CalendarError: it breaks its schema, or contradicts itself.
    """
    return parse_table(WorkCalendar, text, source, CalendarError)


def _minutes(clock: str) -> int:
    if clock == "24:00":
        return _MINUTES_A_DAY
    at = time.fromisoformat(clock)
    return 60 * at.hour + at.minute
