"""When has a case to be handled, and is it overdue?"""

from collections.abc import Sequence
from datetime import datetime

from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Case, Event
from cases.rules import find_category
from dispatch.deadlines import Deadline, Standing, course_of, deadline_of
from dispatch.errors import CalendarError
from review.sources import ReviewData

_TIMED = OPEN_STAGES - {Stage.REPORTED}
"""Stages in which a time limit runs, or stands."""


def deadline(
    data: ReviewData, case: Case, now: datetime, events: Sequence[Event] | None = None
) -> tuple[datetime | None, bool]:
    """When a case is due, and whether it is overdue.

    Args:
        data: of the district.
        case: as it is shown.
        now: when it is asked.
        events: its history as it is shown; read from the registry if None.

    Returns:
        None where no limit runs, or none that the calendar knows.
    """
    if case.stage not in _TIMED:
        return None, False
    told = data.registry.history(case.case_no) if events is None else events
    limit = find_category(data.rulebook.categories, case.category).limit
    try:
        found = deadline_of(course_of(told), limit, data.timetable, now=now)
    except CalendarError:
        found = Deadline(Standing.UNSTARTED)
    return found.due_at, found.standing is Standing.OVERDUE
