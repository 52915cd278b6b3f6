"""When is something due: minutes, working hours, working days or days, without the pauses.

Minutes and working hours are counted exactly. Days are counted as the Civil Code of China has it
(art. 201 to 203): the day on which a period begins does not count, and it ends with the last day at
24:00, or at the close of business where there are business hours. A day that a pause touches before
its end does not count either.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cases.categories import TimeLimit, TimeUnit
from dispatch.calendar import WorkCalendar
from dispatch.errors import CalendarError

_US = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_DAY_US = 24 * 60 * _MINUTE_US
_DAYS_BEFORE, _DAYS_AFTER = 366, 1096
"""So far beyond its known days a calendar is counted by the week."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that does not count; `until` is None while it lasts."""

    since: datetime
    until: datetime | None


_Span = tuple[int, int | None]


class Timetable:
    """A calendar laid out so that a deadline is looked up, not counted.

    Times are integers inside: microseconds of the district's clock since year 1.
    """

    def __init__(self, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self._offset_us = timedelta(hours=calendar.utc_offset_hours) // _US
        self._days = range(
            calendar.first.toordinal() - _DAYS_BEFORE, calendar.last.toordinal() + _DAYS_AFTER
        )
        self._working: list[int] = []
        self._closes_us: dict[int, int] = {}
        self._starts_us: list[int] = []
        self._ends_us: list[int] = []
        self._worked_us: list[int] = [0]
        """Working time before each shift, and after the last one."""
        for ordinal in self._days:
            day = date.fromordinal(ordinal)
            if calendar.is_working(day):
                self._add_day(ordinal, calendar.hours_of(day))

    def _add_day(self, ordinal: int, shifts_min: Sequence[tuple[int, int]]) -> None:
        for start_min, end_min in shifts_min:
            self._starts_us.append(ordinal * _DAY_US + start_min * _MINUTE_US)
            self._ends_us.append(ordinal * _DAY_US + end_min * _MINUTE_US)
            self._worked_us.append(self._worked_us[-1] + (end_min - start_min) * _MINUTE_US)
        self._working.append(ordinal)
        self._closes_us[ordinal] = self._ends_us[-1]

    def due(
        self, start: datetime, limit: TimeLimit, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Tell when a limit that began at a moment has passed; None where a pause holds it up.

        Args:
            start: knows its zone.
            limit: how much of what may pass.
            pauses: times that do not count; only the last may still last.

        Raises:
            CalendarError: the moment lies too far from the days that the calendar knows.
        """
        spans = _merged([(self._local_us(p.since), self._until_us(p)) for p in pauses])
        begun_us = self._local_us(start)
        if limit.unit is TimeUnit.MINUTES:
            length_us = limit.within * _MINUTE_US
            due_us = _counted_out(begun_us, length_us, spans, _same, _same)
        elif limit.unit is TimeUnit.WORKING_HOURS:
            length_us = limit.within * 60 * _MINUTE_US
            due_us = _counted_out(begun_us, length_us, spans, self._worked_at, self._reached_at)
        elif limit.unit is TimeUnit.WORKING_DAYS:
            day = self._last_day(self._working, begun_us, limit.within, spans)
            due_us = None if day is None else self._closes_us[day]
        else:
            day = self._last_day(self._days, begun_us, limit.within, spans)
            due_us = None if day is None else (day + 1) * _DAY_US
        return None if due_us is None else self._moment(due_us)

    def is_provisional(self, due_at: datetime) -> bool:
        """Whether a deadline lies beyond the days that the calendar knows."""
        offset = timedelta(hours=self.calendar.utc_offset_hours)
        return not self.calendar.knows((due_at.astimezone(UTC) + offset).date())

    def _until_us(self, pause: Pause) -> int | None:
        return None if pause.until is None else self._local_us(pause.until)

    def _local_us(self, at: datetime) -> int:
        since = at - datetime(1, 1, 1, tzinfo=UTC)
        local_us = since // _US + _DAY_US + self._offset_us  # 1 January of year 1 is ordinal 1
        if local_us // _DAY_US not in self._days:
            raise self._too_far(f"{at.isoformat(timespec='minutes')}")
        return local_us

    def _moment(self, local_us: int) -> datetime:
        utc_us = local_us - _DAY_US - self._offset_us
        return datetime(1, 1, 1, tzinfo=UTC) + utc_us * _US

    def _too_far(self, what: str) -> CalendarError:
        known = self.calendar
        return CalendarError(
            f"{what} lies too far from the days that calendar {known.version} knows "
            f"({known.first} to {known.last}); add the years that are missing"
        )

    def _worked_at(self, local_us: int) -> int:
        """Working time up to a moment."""
        begun = bisect_right(self._starts_us, local_us)
        if begun == 0:
            return 0
        length_us = min(local_us, self._ends_us[begun - 1]) - self._starts_us[begun - 1]
        return self._worked_us[begun - 1] + length_us

    def _reached_at(self, worked_us: int) -> int:
        """First moment up to which so much time was worked."""
        shift = bisect_left(self._worked_us, worked_us) - 1
        if shift >= len(self._starts_us):
            raise self._too_far("the deadline")
        return self._starts_us[shift] + worked_us - self._worked_us[shift]

    def _last_day(
        self, days: Sequence[int], begun_us: int, count: int, spans: Sequence[_Span]
    ) -> int | None:
        """The day that is the `count`-th after the begin, of those that no span touches."""
        first = bisect_right(days, begun_us // _DAY_US)
        last = first + count - 1
        free_from = days[first] if first < len(days) else 0
        for since_us, until_us in spans:
            touched_from = max(self._first_touched(days, since_us), free_from)
            if last < len(days) and days[last] < touched_from:
                break
            if until_us is None:
                return None
            free_from = max((until_us - 1) // _DAY_US + 1, free_from)
            last += bisect_left(days, free_from) - bisect_left(days, touched_from)
        if last >= len(days):
            raise self._too_far("the deadline")
        return days[last]

    def _first_touched(self, days: Sequence[int], since_us: int) -> int:
        """The first day that has not ended when a pause begins."""
        day = since_us // _DAY_US
        closed = days is self._working and since_us >= self._closes_us.get(day, since_us + 1)
        return day + 1 if closed else day


def _same(value: int) -> int:
    return value


def _counted_out(
    begun_us: int,
    length_us: int,
    spans: Sequence[_Span],
    counted: Callable[[int], int],
    reached: Callable[[int], int],
) -> int | None:
    """Moment at which a length has been counted out, None if a span without an end is in the way.

    `counted` tells how much has been counted up to a moment, `reached` the first such moment.
    """
    at_us = begun_us
    for since_us, until_us in spans:
        available_us = max(counted(since_us) - counted(at_us), 0)
        if length_us <= available_us:
            break
        if until_us is None:
            return None
        length_us -= available_us
        at_us = max(at_us, until_us)
    return reached(counted(at_us) + length_us)


def _merged(spans: Sequence[_Span]) -> list[_Span]:
    """Put spans in order, join those that meet, and leave out those without length."""
    merged: list[_Span] = []
    for since_us, until_us in sorted(spans, key=lambda span: span[0]):
        if until_us is not None and until_us <= since_us:
            continue
        last = merged[-1] if merged else None
        if last is not None and (last[1] is None or since_us <= last[1]):
            ends_us = None if last[1] is None or until_us is None else max(last[1], until_us)
            merged[-1] = (last[0], ends_us)
        else:
            merged.append((since_us, until_us))
    return merged
