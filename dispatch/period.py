"""What does a day, a week or a month come to in figures, beside the one before?

Every figure follows from the histories of the cases, cut off at the end of the period; nothing is
kept for it. What was found counts when it was seen, as flights do, also where it was filed later.
docs/dispatch.md says how each is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from operator import add, attrgetter

from cases.categories import Category, Words
from cases.flights import Flight
from cases.lifecycle import Action, Stage
from cases.model import Case, Event, Flown
from cases.outcomes import VERIFIED, finding_of
from cases.rules import find_category
from dispatch.deadlines import Course, Deadline, Standing, course_of, deadline_of
from dispatch.errors import DispatchError
from dispatch.scope import Scope
from dispatch.timetable import Timetable

FILED = "file"
TOP_CELLS = 10
EVERYTHING = Scope()


class Length(StrEnum):
    """Periods that a bulletin is made of."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SPECIAL = "special"
    """Any days."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the district's calendar, from the first up to but without `end`.

    Attributes:
        utc_offset_hours: of the district's clocks.
        told_at: of a period that is not over, when it is told; what comes later is not known.
    """

    length: Length
    first: date
    end: date
    utc_offset_hours: float
    told_at: datetime | None = None

    @property
    def starts_at(self) -> datetime:
        """When it begins, UTC."""
        return self._midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """When it is over, or is told before that, UTC."""
        over_at = self._midnight(self.end)
        return over_at if self.told_at is None else min(over_at, self.told_at)

    def as_of(self, now: datetime) -> "Period":
        """The same period as far as it has gone."""
        return replace(self, told_at=now) if now < self.ends_at else self

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - timedelta(days=1)

    def before(self) -> "Period":
        """The period of the same kind just before; of a special one as many days."""
        if self.length is Length.SPECIAL:
            first = self.first - (self.end - self.first)
            return Period(self.length, first, self.first, self.utc_offset_hours)
        return period_of(self.length, self.first - timedelta(days=1), self.utc_offset_hours)

    def holds(self, at: datetime | None) -> bool:
        """Whether a moment lies in it."""
        return at is not None and self.starts_at <= at < self.ends_at

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), UTC) - timedelta(hours=self.utc_offset_hours)


def period_of(length: Length, day: date, utc_offset_hours: float) -> Period:
    """The day, the week from Monday, or the month that a day lies in; special is the day alone.

    >>> period_of(Length.WEEK, date(2026, 6, 10), 8.0).first
    datetime.date(2026, 6, 8)
    """
    if length in (Length.DAY, Length.SPECIAL):
        return Period(length, day, day + timedelta(days=1), utc_offset_hours)
    if length is Length.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(length, monday, monday + timedelta(days=7), utc_offset_hours)
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Period(length, first, following, utc_offset_hours)


def special_period(first: date, last: date, utc_offset_hours: float) -> Period:
    """The days from one to another, both included.

    Raises:
        DispatchError: the last day lies before the first.
    """
    if last < first:
        raise DispatchError(
            f"the period from {first} to {last} ends before it begins; give the earlier day first"
        )
    return Period(Length.SPECIAL, first, last + timedelta(days=1), utc_offset_hours)


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of some cases in a period.

    Attributes:
        reported: cases whose finding was seen in it (see `reported_at`).
        rejected: cases that were rejected in it and still are at its end.
        due: cases whose deadline lies in it.
        due_closed: those of them that are closed at its end.
        due_in_time: those of them that are closed and were fed back before their deadline.
        closed: cases closed in it that still are at its end.
        overdue: cases that are overdue at its end, whenever their deadline was.
        solved: looks of patrols at fed-back cases that found nothing any more; `unchanged`,
            `grown`, `unclear` and `not_covered` are those with the other outcomes.
    """

    reported: int = 0
    established: int = 0
    rejected: int = 0
    due: int = 0
    due_closed: int = 0
    due_in_time: int = 0
    closed: int = 0
    overdue: int = 0
    returned: int = 0
    reworked: int = 0
    supervised: int = 0
    solved: int = 0
    unchanged: int = 0
    grown: int = 0
    unclear: int = 0
    not_covered: int = 0

    @property
    def closing_share(self) -> float | None:
        """Share of the due cases that are closed; None where none was due."""
        return self.due_closed / self.due if self.due else None

    @property
    def in_time_share(self) -> float | None:
        """Share of the due cases that were handled in time and closed; None where none was due."""
        return self.due_in_time / self.due if self.due else None

    @property
    def precision_share(self) -> float | None:
        """Share of the cases judged that were violations; None where none was judged."""
        judged = self.established + self.rejected
        return self.established / judged if judged else None

    def __add__(self, other: "Tally") -> "Tally":
        """Count both together."""
        return Tally(*map(add, _counts(self), _counts(other)))


_counts = attrgetter(*(field.name for field in fields(Tally)))


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of a town, a department or a category, beside those of the period before."""

    name: Words
    now: Tally
    before: Tally


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of a period; rows with most reported and open cases first.

    Attributes:
        by_cell: the cells with most of them.
        scope: what a special bulletin is about; None for everything.
        flown: by patrols in the period and in the one before; None where that is not told.
    """

    period: Period
    now: Tally
    before: Tally
    by_town: tuple[Row, ...]
    by_department: tuple[Row, ...]
    by_category: tuple[Row, ...]
    by_cell: tuple[Row, ...] = ()
    scope: Words | None = None
    flown: tuple[Flown, Flown] | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing happened and nothing is overdue."""
        return self.now == Tally()


@dataclass(frozen=True, slots=True)
class Story:
    """A case with its whole history and its category."""

    case: Case
    category: Category
    events: tuple[Event, ...]


def make_period_figures(
    cases: Iterable[Case],
    histories: Mapping[str, Sequence[Event]],
    categories: Sequence[Category],
    timetable: Timetable,
    period: Period,
    *,
    scope: Scope = EVERYTHING,
    flights: Sequence[Flight] = (),
) -> PeriodFigures:
    """Count the cases of a scope in a period and in the one before.

    Raises:
        DispatchError: the scope names no category.
        RuleError: a case has a category that the table does not have.
        CalendarError: a case lies too far from the days that the calendar knows.
    """
    stories = [
        Story(case, find_category(tuple(categories), case.category), tuple(histories[case.case_no]))
        for case in cases
        if scope.holds(case)
    ]
    counted = _counted(stories, timetable, period)
    return PeriodFigures(
        period=period,
        now=sum((entry.now for entry in counted), Tally()),
        before=sum((entry.before for entry in counted), Tally()),
        by_town=_rows(counted, _town),
        by_department=_rows(counted, _department),
        by_category=_rows(counted, lambda story: story.category.name),
        by_cell=_rows(counted, _cell)[:TOP_CELLS],
        scope=scope.words(categories),
        flown=(flown_in(flights, period), flown_in(flights, period.before())),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """What one case counts in a period and in the one before."""

    story: Story
    now: Tally
    before: Tally


def _counted(stories: Iterable[Story], timetable: Timetable, period: Period) -> list[_Counted]:
    """Count each case; those that count nothing in either period, most of all, are left out."""
    earlier, nothing = period.before(), Tally()
    entries = (
        _Counted(story, tally_of(story, timetable, period), tally_of(story, timetable, earlier))
        for story in stories
    )
    return [entry for entry in entries if entry.now != nothing or entry.before != nothing]


def flown_in(flights: Iterable[Flight], period: Period) -> Flown:
    """What patrols flew in a period, whose last photo is of it."""
    inside = (flight.flown for flight in flights if period.holds(flight.at))
    return sum(inside, Flown(0.0, 0.0, 0))


def tally_of(story: Story, timetable: Timetable, period: Period) -> Tally:
    """What one case counts in a period, by what had happened to it by its end."""
    end = period.ends_at
    reported = _reported(story, period)
    events = [event for event in story.events if event.at < end]
    if not events:
        return Tally(reported=reported)
    course = course_of(events)
    deadline = deadline_of(course, story.category.limit, timetable, now=end)
    inside = [event for event in events if period.holds(event.at)]
    return Tally(
        reported=reported,
        established=int(period.holds(course.started_at)),
        rejected=int(course.stage is Stage.REJECTED and _count(inside, Action.REJECT) > 0),
        closed=int(period.holds(course.closed_at)),
        overdue=int(deadline.standing is Standing.OVERDUE),
        returned=_count(inside, Action.RETURN),
        reworked=_count(inside, Action.REWORK),
        supervised=_count(inside, Action.SUPERVISE),
        **_due(course, deadline, period),
        **_verified(inside),
    )


def _reported(story: Story, period: Period) -> int:
    """Whether a case was seen in a period and is not withdrawn by its end, so far as filed then."""
    if not period.holds(reported_at(story.events)):
        return 0
    events = [event for event in story.events if event.at < period.ends_at]
    return int(course_of(events).stage is not Stage.WITHDRAWN)


def reported_at(events: Sequence[Event]) -> datetime | None:
    """When what a case is about was seen first, as its entry tells; None without a history.

    Where no photo told its time, or an earlier aerogrid filed it, that is when it was filed.
    """
    filed = next((event for event in events if event.action == FILED), None)
    if filed is None:
        return None
    seen = filed.details.get("seen", {})
    return datetime.fromisoformat(seen["seen_at"]) if seen.get("is_dated") else filed.at


def _due(course: Course, deadline: Deadline, period: Period) -> dict[str, int]:
    if not period.holds(deadline.due_at):
        return {}
    is_closed = course.closed_at is not None
    in_time = is_closed and deadline.standing is Standing.IN_TIME
    return {"due": 1, "due_closed": int(is_closed), "due_in_time": int(in_time)}


def _verified(inside: Iterable[Event]) -> dict[str, int]:
    """Outcomes of looks at a case; of a patrol that was filed again the last word counts."""
    looks = {
        event.details["patrol"]: finding_of(event.details).outcome
        for event in inside
        if event.action == VERIFIED
    }
    counts = Counter(looks.values())
    return {outcome.value: count for outcome, count in counts.items()}


def _count(events: Iterable[Event], action: Action) -> int:
    return sum(event.action == action for event in events)


def _town(story: Story) -> Words:
    return Words(story.case.place.town or "no town", story.case.place.town or "未知镇街")


def _cell(story: Story) -> Words:
    """The cell and who answers for it."""
    place = story.case.place
    if not place.cell_code:
        return Words("no cell", "网格外")
    name = " ".join(part for part in (place.cell_code, place.cell_name, place.officer) if part)
    return Words(name, name)


def _department(story: Story) -> Words:
    """Whom the case was assigned to last, else the department of its category."""
    assigned = [event for event in story.events if event.action == Action.ASSIGN]
    owner = str(assigned[-1].details.get("assigned_to", "")) if assigned else ""
    level, _, name = owner.partition(":")
    if level in ("town", "district"):
        return Words(name or "district", name or "区")
    return story.category.department


def _rows(counted: Iterable[_Counted], name_of: Callable[[Story], Words]) -> tuple[Row, ...]:
    sums: dict[Words, tuple[Tally, Tally]] = {}
    for entry in counted:
        name = name_of(entry.story)
        now, before = sums.get(name, (Tally(), Tally()))
        sums[name] = now + entry.now, before + entry.before
    rows = [Row(name, *tallies) for name, tallies in sums.items()]
    return tuple(sorted(rows, key=lambda row: (-row.now.reported, -row.now.overdue, row.name.en)))
