"""Say once of each case that its deadline has passed, as an entry of its history.

The history is the outbox, so an entry is all that an alert needs; it is written in a transaction of
its own, and never twice for one deadline, however many programs look.
"""

from collections.abc import Sequence
from datetime import datetime

from cases.categories import Category
from cases.chain import utc_text
from cases.registry import Registry
from dispatch.deadlines import Standing
from dispatch.due import due_cases
from dispatch.policies import OVERDUE
from dispatch.timetable import Timetable

ACTOR = "dispatch"


def note_overdue(
    registry: Registry, categories: Sequence[Category], timetable: Timetable, *, now: datetime
) -> list[str]:
    """Write what has become overdue; the numbers of the cases of which it was not said yet.

    A deadline that has moved since, by a suspension for one, is another one.

    Raises:
        RuleError: a case has a category that the table does not have.
        CalendarError: a case lies too far from the days that the calendar knows.
    """
    said = []
    for due in due_cases(registry, categories, timetable, now=now):
        if due.deadline.standing is Standing.OVERDUE and due.deadline.due_at is not None:
            details = {"due_at": utc_text(due.deadline.due_at)}
            number = due.case.case_no
            if registry.remark_once(number, OVERDUE, details, actor=ACTOR, now=now):
                said.append(number)
    return said
