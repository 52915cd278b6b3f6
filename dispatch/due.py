"""Which cases are due when, and which are overdue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cases.categories import Category
from cases.lifecycle import OPEN_STAGES
from cases.model import Case, Event
from cases.registry import Registry
from cases.rules import find_category
from dispatch.deadlines import Course, Deadline, Standing, course_of, deadline_of
from dispatch.timetable import Timetable


@dataclass(frozen=True, slots=True)
class DueCase:
    """A case, its course so far, and how it stands against its limit."""

    case: Case
    course: Course
    deadline: Deadline


def due_cases(
    registry: Registry,
    categories: Sequence[Category],
    timetable: Timetable,
    *,
    now: datetime,
) -> list[DueCase]:
    """List the open cases with a deadline, first due first; those that stand still come last.

    Raises:
        RuleError: a case has a category that the table does not have.
        CalendarError: a case lies too far from the days that the calendar knows.
    """
    cases = registry.cases(stage=tuple(OPEN_STAGES), limit=None)
    return _due(registry, cases, categories, timetable, now)


def due_cases_at(
    registry: Registry,
    categories: Sequence[Category],
    timetable: Timetable,
    *,
    moment: datetime,
) -> list[DueCase]:
    """As `due_cases` would have told at a moment, by what stood in the history then.

    Categories are those of today.
    """
    return _due(registry, registry.cases(limit=None), categories, timetable, moment)


def _due(
    registry: Registry,
    cases: Collection[Case],
    categories: Sequence[Category],
    timetable: Timetable,
    now: datetime,
) -> list[DueCase]:
    histories = registry.histories(case.case_no for case in cases)
    found = []
    for case in cases:
        course = course_of(_until(histories[case.case_no], now))
        if course.stage not in OPEN_STAGES:
            continue
        limit = find_category(tuple(categories), case.category).limit
        deadline = deadline_of(course, limit, timetable, now=now)
        if deadline.standing is not Standing.UNSTARTED:
            found.append(DueCase(case, course, deadline))
    return sorted(found, key=_order)


def _until(events: Sequence[Event], moment: datetime) -> list[Event]:
    return [event for event in events if event.at <= moment]


def _order(due: DueCase) -> tuple[bool, float, str]:
    at = due.deadline.due_at
    return (at is None, at.timestamp() if at else 0.0, due.case.case_no)
