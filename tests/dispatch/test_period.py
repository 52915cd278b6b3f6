"""Figures of periods against a scenario worked out by hand, and against sums of their parts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.flights import Flight
from cases.lifecycle import Role
from cases.model import Event, Flown
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.deadlines import Standing, course_of, deadline_of
from dispatch.errors import DispatchError
from dispatch.period import (
    Length,
    PeriodFigures,
    Story,
    Tally,
    make_period_figures,
    period_of,
    special_period,
    tally_of,
)
from dispatch.period_map import active_cases
from dispatch.period_tables import tables_of, title_of
from dispatch.scope import Scope
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from tests.dispatch.test_deadlines import walk
from tests.dispatch.world import case

RULEBOOK = load_rulebook()
TABLE = Timetable(load_calendar())
BOAT = RULEBOOK.category("fishing.boat")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}+08:00")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """House, fire and boat, filed on Wednesday 10 June at 10:30."""
    with Registry.open(tmp_path / "cases.sqlite") as opened:
        file(opened, RULEBOOK, sights(RULEBOOK), patrol_on(0))
        yield opened


def go(registry: Registry, category: str, *steps: tuple[str, str]) -> None:
    found = registry.cases(category=category)[0]
    for action, when in steps:
        found = registry.decide(
            found.case_no,
            action,
            actor="Chen",
            role=Role.ADMINISTRATOR,
            reason="said in the test",
            expected_version=found.version,
            now=at(when),
        )


def figures(registry: Registry, length: Length, day: int) -> PeriodFigures:
    cases = registry.cases(stage=None, limit=None)
    period = period_of(length, date(2026, 6, day), 8.0)
    histories = registry.histories(entry.case_no for entry in cases)
    return make_period_figures(cases, histories, RULEBOOK.categories, TABLE, period)


def test_a_week_in_figures(registry: Registry):
    go(registry, "burning.straw", ("confirm", "10T11:00"), ("assign", "10T11:05"))
    go(registry, "burning.straw", ("start", "10T11:10"), ("feed_back", "10T11:30"))
    go(registry, "burning.straw", ("close", "12T09:00"), ("evaluate", "18T09:00"))
    go(registry, "fishing.boat", ("confirm", "10T11:00"), ("assign", "10T11:05"))
    go(registry, "fishing.boat", ("return", "10T14:00"), ("assign", "10T14:05"))
    go(registry, "fishing.boat", ("start", "11T09:00"), ("feed_back", "11T10:00"))
    go(registry, "fishing.boat", ("rework", "12T09:00"), ("supervise", "12T10:00"))
    go(registry, "building.unpermitted", ("confirm", "16T09:00"))
    week = figures(registry, Length.WEEK, 10)
    assert week.now == Tally(
        reported=3,
        established=2,
        due=2,
        due_closed=1,
        due_in_time=1,
        closed=1,
        overdue=1,
        returned=1,
        reworked=1,
        supervised=1,
    )
    assert (week.now.closing_share, week.now.in_time_share) == (0.5, 0.5)
    assert week.before == Tally()
    following = figures(registry, Length.WEEK, 17)
    assert following.now == Tally(established=1, overdue=1)
    assert following.before == week.now
    assert [(row.name.en, row.now.closed) for row in week.by_category] == [
        ("Boat on closed water", 0),
        ("Open straw burning", 1),
        ("Unpermitted building", 0),
    ]


def test_a_blank_period_is_blank_and_has_no_rates(registry: Registry):
    empty = figures(registry, Length.MONTH, 10).period.before()
    months = make_period_figures((), {}, RULEBOOK.categories, TABLE, empty)
    assert months.is_blank
    assert (months.now.closing_share, months.now.in_time_share) == (None, None)
    assert months.by_town == ()


def test_what_happens_after_a_period_does_not_change_it(registry: Registry):
    go(registry, "fishing.boat", ("confirm", "10T11:00"), ("assign", "10T11:05"))
    before = figures(registry, Length.DAY, 10)
    go(registry, "fishing.boat", ("start", "11T09:00"), ("feed_back", "11T10:00"))
    go(registry, "fishing.boat", ("close", "11T11:00"))
    assert figures(registry, Length.DAY, 10).now == before.now
    assert before.now.overdue == 1  # two working hours from 11:00 were over at 15:00


def test_a_day_that_is_not_over_calls_nothing_overdue_that_has_time(registry: Registry):
    go(registry, "fishing.boat", ("confirm", "10T11:00"), ("assign", "10T11:05"))
    day = figures(registry, Length.DAY, 10).period
    (story,) = (
        Story(found, BOAT, tuple(registry.history(found.case_no)))
        for found in registry.cases(category="fishing.boat")
    )
    told = [
        tally_of(story, TABLE, day.as_of(at(when))).overdue for when in ("10T12:00", "10T16:00")
    ]
    assert told == [0, 1]
    assert day.as_of(day.ends_at) == day


def test_what_was_seen_on_sunday_and_filed_on_monday_was_reported_on_sunday(tmp_path: Path):
    sunday = patrol_on(4)
    with Registry.open(tmp_path / "cases.sqlite") as late:
        late.file(sunday, sights(RULEBOOK, 4), rulebook=RULEBOOK, now=at("15T09:00"))
        go(late, "fishing.boat", ("confirm", "15T09:30"))
        week, following = (figures(late, Length.WEEK, day) for day in (14, 15))
    assert week.now == Tally(reported=3)
    assert (following.now.reported, following.now.established) == (0, 1)
    assert following.before == week.now


def test_what_no_photo_dates_is_reported_when_it_is_filed(tmp_path: Path):
    undated = replace(patrol_on(4), is_dated=False)
    with Registry.open(tmp_path / "cases.sqlite") as late:
        late.file(undated, sights(RULEBOOK, 4), rulebook=RULEBOOK, now=at("15T09:00"))
        assert [figures(late, Length.WEEK, day).now.reported for day in (14, 15)] == [0, 3]


def test_the_map_shows_what_was_seen_in_the_period_and_filed_after_it(tmp_path: Path):
    with Registry.open(tmp_path / "cases.sqlite") as late:
        late.file(patrol_on(4), sights(RULEBOOK, 4), rulebook=RULEBOOK, now=at("15T09:00"))
        cases = late.cases(stage=None, limit=None)
        histories = late.histories(entry.case_no for entry in cases)
    weeks = [period_of(Length.WEEK, date(2026, 6, day), 8.0) for day in (7, 14, 15)]
    assert [len(active_cases(cases, histories, week)) for week in weeks] == [0, 3, 3]


@given(data=st.data())
def test_parts_of_a_period_add_up_to_it(data: st.DataObject):
    """Steps are counted in one day each; over all towns, departments and categories, too."""
    steps, _ = walk(data)
    events = tuple(event for event in steps if event.at < at("29T00:00"))
    story = Story(case(1, "fishing.boat"), BOAT, events)
    month = period_of(Length.MONTH, date(2026, 6, 10), 8.0)
    days = [period_of(Length.DAY, date(2026, 6, day), 8.0) for day in range(1, 31)]
    whole = tally_of(story, TABLE, month)
    parts = sum((tally_of(story, TABLE, day) for day in days), Tally())
    assert (whole.returned, whole.reworked, whole.supervised) == (
        parts.returned,
        parts.reworked,
        parts.supervised,
    )
    assert whole.due_in_time <= whole.due_closed <= whole.due <= 1
    assert whole.overdue == (_standing(events, month.ends_at) is Standing.OVERDUE)


def _standing(events: tuple[Event, ...], now: datetime) -> Standing:
    return deadline_of(course_of(events), BOAT.limit, TABLE, now=now).standing


@given(day=st.dates(date(2026, 1, 1), date(2026, 12, 31)), length=st.sampled_from(Length))
def test_periods_follow_each_other_without_a_gap(day: date, length: Length):
    period = period_of(length, day, 8.0)
    assert period.first <= day < period.end
    assert period.before().end == period.first
    assert period.before().ends_at == period.starts_at
    assert period.ends_at - period.starts_at == period.end - period.first


def test_the_last_word_of_each_patrol_on_a_case_counts(registry: Registry):
    found = registry.cases(category="fishing.boat")[0]
    looks = [
        ("p1", "unchanged", "12T09:00"),
        ("p1", "grown", "12T10:00"),
        ("p2", "solved", "13T09:00"),
    ]
    events = (
        *registry.history(found.case_no),
        *(
            Event(99, found.case_no, at(when), "aerogrid", "verified", details, "", "")
            for patrol, outcome, when in looks
            for details in [{"patrol": patrol, "outcome": outcome}]
        ),
    )
    week = tally_of(Story(found, BOAT, events), TABLE, period_of(Length.WEEK, date(2026, 6, 10), 8))
    assert (week.solved, week.grown, week.unchanged, week.not_covered) == (1, 1, 0, 0)


def test_a_special_period_has_as_many_days_before_it():
    period = special_period(date(2026, 6, 3), date(2026, 6, 12), 8.0)
    assert (period.before().first, period.before().last) == (date(2026, 5, 24), date(2026, 6, 2))
    assert period.before().ends_at == period.starts_at
    with pytest.raises(DispatchError, match="ends before it begins"):
        special_period(date(2026, 6, 3), date(2026, 6, 2), 8.0)


@pytest.mark.parametrize(
    ("scope", "reported", "title"),
    [
        (Scope(), 3, "Special bulletin 2026-06-01 – 2026-06-30"),
        (Scope("burning.*"), 1, "Special bulletin: Open straw burning, Burn scar, 2026-06-01"),
        (Scope(area="West Town"), 3, "Special bulletin: West Town, 2026-06-01"),
        (Scope(area="cell-"), 3, "Special bulletin: cell-, 2026-06-01"),
        (Scope("fishing.boat", "East Town"), 0, "Special bulletin: Boat on closed water; East T"),
    ],
)
def test_a_special_bulletin_counts_its_topic_and_area_alone(registry, scope, reported, title):
    cases = registry.cases(stage=None, limit=None)
    histories = registry.histories(entry.case_no for entry in cases)
    june = special_period(date(2026, 6, 1), date(2026, 6, 30), 8.0)
    told = make_period_figures(cases, histories, RULEBOOK.categories, TABLE, june, scope=scope)
    assert told.now.reported == reported
    assert title_of(told).en.startswith(title)
    assert sum(row.now.reported for row in told.by_cell) == reported


def test_a_topic_without_a_category_is_refused(registry: Registry):
    june = special_period(date(2026, 6, 1), date(2026, 6, 30), 8.0)
    scope = Scope("smoking.*")
    with pytest.raises(DispatchError, match=r"topic smoking.*fishing\.boat"):
        make_period_figures((), {}, RULEBOOK.categories, TABLE, june, scope=scope)


def test_precision_is_the_share_of_what_was_judged(registry: Registry):
    go(registry, "burning.straw", ("confirm", "10T11:00"))
    go(registry, "fishing.boat", ("reject", "10T11:00"))
    go(registry, "building.unpermitted", ("reject", "10T11:00"), ("reopen", "10T12:00"))
    day = figures(registry, Length.DAY, 10)
    assert (day.now.rejected, day.now.precision_share) == (1, 0.5)
    assert day.before.precision_share is None


def test_what_was_flown_counts_where_its_last_photo_is():
    week = period_of(Length.WEEK, date(2026, 6, 10), 8.0)
    flights = [
        Flight(f"p{number}", when, Flown(1e6, 1800.0, 10))
        for number, when in enumerate((at("07T23:59"), at("08T00:00"), at("14T23:59")))
    ]
    told = make_period_figures((), {}, RULEBOOK.categories, TABLE, week, flights=flights)
    assert told.flown == (Flown(2e6, 3600.0, 20), Flown(1e6, 1800.0, 10))
    [table] = [entry for entry in tables_of(told) if entry.title.en == "Patrols"]
    assert [[cell.en for cell in row[1:]] for row in table.rows] == [
        ["2.00", "1.00"],
        ["1.00", "0.50"],
        ["20", "10"],
    ]
