"""Deadlines of cases from histories that the registry itself has written."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.categories import TimeLimit, TimeUnit
from cases.chain import next_event
from cases.lifecycle import TRANSITIONS, Action, Role, Stage
from cases.model import Event
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.deadlines import Course, Standing, course_of, deadline_of
from dispatch.table_files import load_calendar
from dispatch.timetable import Pause, Timetable
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights

TABLE = Timetable(load_calendar())
TWO_HOURS = TimeLimit(2, TimeUnit.WORKING_HOURS)
REASON = "said in the test"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}+08:00")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "cases.sqlite") as opened:
        rulebook = load_rulebook()
        file(opened, rulebook, sights(rulebook), patrol_on(0))
        yield opened


def go(registry: Registry, *steps: tuple[str, str]) -> Course:
    """Take steps of one case, each at its time, and follow the history."""
    case = registry.cases(order="number")[0]
    for action, when in steps:
        case = registry.decide(
            case.case_no,
            action,
            actor="Chen",
            role=Role.ADMINISTRATOR,
            reason=REASON,
            expected_version=case.version,
            now=at(when),
        )
    return course_of(registry.history(case.case_no))


def told(course: Course, now: str) -> tuple[Standing, datetime | None]:
    deadline = deadline_of(course, TWO_HOURS, TABLE, now=at(now))
    return deadline.standing, deadline.due_at


def test_a_case_that_nobody_has_confirmed_has_no_deadline(registry: Registry):
    assert told(go(registry), "20T12:00") == (Standing.UNSTARTED, None)


def test_the_clock_runs_from_the_confirmation(registry: Registry):
    course = go(registry, ("confirm", "10T16:30"), ("assign", "10T17:00"))
    assert told(course, "11T09:30") == (Standing.RUNNING, at("11T09:30"))
    assert told(course, "11T09:31") == (Standing.OVERDUE, at("11T09:30"))


def test_a_suspended_case_waits_and_then_has_what_was_left(registry: Registry):
    begun = (("confirm", "10T09:00"), ("assign", "10T09:10"), ("suspend", "10T10:00"))
    assert told(go(registry, *begun), "12T10:00") == (Standing.SUSPENDED, None)
    course = go(registry, ("resume", "12T15:00"))
    assert told(course, "12T15:30") == (Standing.RUNNING, at("12T16:00"))


def test_a_case_that_is_suspended_too_late_is_overdue_all_the_same(registry: Registry):
    steps = (("confirm", "10T09:00"), ("assign", "10T09:10"), ("suspend", "10T11:30"))
    assert told(go(registry, *steps), "12T10:00") == (Standing.OVERDUE, at("10T11:00"))


def test_waiting_for_the_revisit_is_not_the_officers_time(registry: Registry):
    course = go(
        registry,
        ("confirm", "10T09:00"),
        ("assign", "10T09:10"),
        ("start", "10T09:20"),
        ("feed_back", "10T10:00"),
    )
    assert told(course, "15T10:00") == (Standing.IN_TIME, at("10T11:00"))
    course = go(registry, ("rework", "12T09:00"))
    assert (course.reworks, course.handled_at) == (1, None)
    assert told(course, "12T09:30") == (Standing.RUNNING, at("12T10:00"))
    course = go(registry, ("feed_back", "12T10:10"), ("close", "12T11:00"))
    assert told(course, "15T10:00") == (Standing.LATE, at("12T10:00"))
    assert course.closed_at == at("12T11:00")


def test_a_return_is_counted_and_does_not_start_the_clock_anew(registry: Registry):
    course = go(
        registry,
        ("confirm", "10T09:00"),
        ("assign", "10T09:10"),
        ("return", "10T10:30"),
        ("assign", "10T10:40"),
        ("supervise", "10T10:50"),
    )
    assert (course.returns, course.supervisions, len(course.assigned_to)) == (1, 1, 2)
    assert told(course, "10T10:55") == (Standing.RUNNING, at("10T11:00"))


def test_a_case_that_is_opened_again_has_its_whole_time(registry: Registry):
    go(registry, ("confirm", "10T09:00"), ("assign", "10T09:10"), ("start", "10T09:20"))
    go(registry, ("feed_back", "10T10:00"), ("close", "10T10:30"))
    course = go(registry, ("reopen", "16T14:00"))
    assert (course.handled_at, course.closed_at) == (None, None)
    assert told(course, "16T15:00") == (Standing.RUNNING, at("16T16:00"))


def test_a_confirmation_that_is_undone_leaves_no_deadline(registry: Registry):
    course = go(registry, ("confirm", "10T09:00"), ("undo", "10T09:05"))
    assert told(course, "12T10:00") == (Standing.UNSTARTED, None)


def test_a_rejected_case_asks_for_nothing(registry: Registry):
    course = go(registry, ("confirm", "10T09:00"), ("reject", "10T09:05"))
    assert told(course, "12T10:00") == (Standing.DROPPED, None)


@given(data=st.data())
def test_every_walk_through_the_life_cycle_has_a_standing(data: st.DataObject):
    """Whatever a case goes through: pauses are in order, and an end is only where it was ended."""
    events, now = walk(data)
    course = course_of(events)
    assert course.stage == Stage(events[-1].details["to"] if events else "reported")
    assert in_order(course.pauses)
    assert (course.pauses != () and course.pauses[-1].until is None) <= (
        course.stage in (Stage.SUSPENDED, Stage.FED_BACK)
    )
    standing = deadline_of(course, TWO_HOURS, TABLE, now=now).standing
    handled = course.stage in (Stage.FED_BACK, Stage.CLOSED, Stage.EVALUATED)
    assert (standing in (Standing.IN_TIME, Standing.LATE)) == handled


def walk(data: st.DataObject) -> tuple[list[Event], datetime]:
    stage, now, events = Stage.REPORTED, at("01T09:00"), list[Event]()
    for _ in range(data.draw(st.integers(0, 12))):
        ways = [entry for entry in TRANSITIONS if entry.source is stage]
        if not ways:
            break
        step = data.draw(st.sampled_from(ways))
        now += timedelta(minutes=data.draw(st.integers(0, 600)))
        events.append(entry(events, step.action, stage, step.target, now))
        stage = step.target
    return events, now


def entry(
    events: Sequence[Event], action: Action, source: Stage, target: Stage, now: datetime
) -> Event:
    return next_event(
        events[-1] if events else None,
        case_no="c",
        at=now,
        actor="x",
        action=action.value,
        details={"from": source.value, "to": target.value},
    )


def in_order(pauses: Sequence[Pause]) -> bool:
    ends = [pause.until for pause in pauses[:-1]]
    return all(
        until is not None and pause.since <= until <= later.since
        for pause, until, later in zip(pauses, ends, pauses[1:], strict=False)
    )
