"""Where does a case stand against its time limit, told from its history alone?

The clock of a case runs from the moment when it was established (or established again after it had
been closed or rejected) until the officer has fed back. It stands while the case is suspended, and
while it waits to be verified: a revisit flight takes its time, and that is not the officer's. When
verification fails (rework), it goes on. A return to the wrong department does not start it anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cases.categories import TimeLimit
from cases.lifecycle import OPEN_STAGES, Action, Stage
from cases.model import Event
from dispatch.timetable import Pause, Timetable

_STANDS = frozenset({Stage.SUSPENDED, Stage.FED_BACK})
"""Stages in which the clock stands."""


class Standing(StrEnum):
    """How a case stands against its time limit."""

    UNSTARTED = "unstarted"
    RUNNING = "running"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    IN_TIME = "in_time"
    """Fed back within the limit, and maybe closed since."""
    LATE = "late"
    """Fed back after the limit, and maybe closed since."""
    DROPPED = "dropped"
    """Rejected or withdrawn: nobody has to handle it."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a history says about handling.

    Attributes:
        started_at: when the case was established; None before.
        pauses: when the clock stood; the last one may still last.
        handled_at: of the last feedback that has not been refused; None before.
        assigned_to: names of departments that it was assigned to, last one last.
        returned_by: the names of those that sent it back, in order.
    """

    stage: Stage = Stage.REPORTED
    started_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    assigned_to: tuple[str, ...] = ()
    returned_by: tuple[str, ...] = ()
    returns: int = 0
    reworks: int = 0
    supervisions: int = 0


@dataclass(frozen=True, slots=True)
class Deadline:
    """A case against its limit at some moment.

    Attributes:
        due_at: None while the clock has not begun, or stands.
        is_provisional: the deadline lies beyond the days that the calendar knows.
    """

    standing: Standing
    due_at: datetime | None = None
    is_provisional: bool = False


def course_of(events: Iterable[Event]) -> Course:
    """Follow a case through its history, oldest entry first."""
    course = Course()
    for event in events:
        if "to" in event.details:
            course = _stepped(course, event, Stage(event.details["to"]))
    return course


def deadline_of(
    course: Course, limit: TimeLimit, timetable: Timetable, *, now: datetime
) -> Deadline:
    """Hold a course against a time limit.

    Raises:
        CalendarError: the case lies too far from the days that the calendar knows.
    """
    if course.started_at is None:
        return Deadline(Standing.UNSTARTED)
    if course.stage in (Stage.REJECTED, Stage.WITHDRAWN):
        return Deadline(Standing.DROPPED)
    due_at = timetable.due(course.started_at, limit, _counting(course))
    if due_at is None:
        return Deadline(Standing.SUSPENDED)
    standing = _standing(course, due_at, now)
    return Deadline(standing, due_at, timetable.is_provisional(due_at))


def _standing(course: Course, due_at: datetime, now: datetime) -> Standing:
    if course.handled_at is not None:
        return Standing.IN_TIME if course.handled_at <= due_at else Standing.LATE
    if now > due_at:
        return Standing.OVERDUE
    return Standing.SUSPENDED if course.stage is Stage.SUSPENDED else Standing.RUNNING


def _counting(course: Course) -> Sequence[Pause]:
    """Pauses that hold the deadline up: not the wait for verification that ended the handling."""
    if course.handled_at is None:
        return course.pauses
    return [pause for pause in course.pauses if pause.since < course.handled_at]


def _stepped(course: Course, event: Event, target: Stage) -> Course:
    course = _counted(course, event)
    if target in _STANDS and course.stage not in _STANDS:
        course = replace(course, pauses=(*course.pauses, Pause(event.at, None)))
    elif target not in _STANDS and course.stage in _STANDS:
        last = course.pauses[-1]
        course = replace(course, pauses=(*course.pauses[:-1], Pause(last.since, event.at)))
    course = _restarted(course, event, target)
    if target is Stage.FED_BACK:
        course = replace(course, handled_at=event.at)
    elif target in OPEN_STAGES:
        course = replace(course, handled_at=None)
    closed_at = event.at if target is Stage.CLOSED else course.closed_at
    return replace(course, stage=target, closed_at=None if target in OPEN_STAGES else closed_at)


def _restarted(course: Course, event: Event, target: Stage) -> Course:
    """Begin anew where a case is established that was not under way; forget one that is not."""
    if target is Stage.REPORTED:
        return replace(course, started_at=None, pauses=())
    under_way = course.stage in OPEN_STAGES and course.started_at is not None
    if target is Stage.ESTABLISHED and not under_way:
        return replace(course, started_at=event.at, pauses=())
    return course


def _counted(course: Course, event: Event) -> Course:
    if event.action == Action.ASSIGN:
        name = str(event.details.get("assigned_to", ""))
        return replace(course, assigned_to=(*course.assigned_to, name))
    if event.action == Action.RETURN:
        by = course.assigned_to[-1:]
        returned = (*course.returned_by, *by)
        return replace(course, returns=course.returns + 1, returned_by=returned)
    if event.action == Action.REWORK:
        return replace(course, reworks=course.reworks + 1)
    if event.action == Action.SUPERVISE:
        return replace(course, supervisions=course.supervisions + 1)
    return course
