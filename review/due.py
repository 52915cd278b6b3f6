"""When has a case to be handled, and is it overdue?"""

import logging
from collections.abc import Sequence
from datetime import datetime

from cases.errors import RuleError
from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Case, Event
from cases.rules import find_category
from dispatch.deadlines import Standing, course_of, deadline_of
from dispatch.errors import CalendarError
from review.sources import ReviewData

_log = logging.getLogger(__name__)

TIMED = OPEN_STAGES - {Stage.REPORTED}
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
        None where no limit runs, or none that is known: a category that the table does not have
        (any more), or days that the calendar does not know, do not keep a case from being shown.
    """
    if case.stage not in TIMED:
        return None, False
    told = data.registry.history(case.case_no) if events is None else events
    try:
        limit = find_category(data.rulebook.categories, case.category).limit
        found = deadline_of(course_of(told), limit, data.timetable, now=now)
    except (RuleError, CalendarError) as error:
        _log.warning("no time limit is known of case %s: %s", case.case_no, error)
        return None, False
    return found.due_at, found.standing is Standing.OVERDUE
