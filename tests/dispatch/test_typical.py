"""Typical cases of a period are those that a patrol found solved or grown in it."""

from datetime import UTC, date, datetime

from cases.model import Case, Event
from dispatch.period import Length, period_of
from dispatch.scope import Scope
from dispatch.typical import MOST, typical_cases
from tests.dispatch.world import case

WEEK = period_of(Length.WEEK, date(2026, 6, 10), 8.0)


def story(number: int, outcome: str, day: int = 10, area_m2: float = 100.0):
    """A case that was looked at on a day of June, with its history."""
    found = case(number)
    at = datetime(2026, 6, day, 2, tzinfo=UTC)
    details = {"patrol": f"p{day}", "outcome": outcome, "area_m2": [area_m2, 2 * area_m2]}
    events = [
        Event(1, found.case_no, at, "aerogrid", "file", {"patrol": "first"}, "", ""),
        Event(2, found.case_no, at, "aerogrid", "verified", details, "", ""),
    ]
    return found, events


def chosen(*stories: tuple[Case, list[Event]], scope: Scope | None = None) -> list[str]:
    histories = {found.case_no: events for found, events in stories}
    cases = [found for found, _ in stories]
    typical = typical_cases(cases, histories, WEEK, scope or Scope())
    return [entry.case.case_no[-1] for entry in typical]


def test_solved_and_grown_ones_take_turns():
    stories = [story(n, "solved") for n in (1, 2, 3)] + [story(n, "grown") for n in (4, 5)]
    assert chosen(*stories) == ["1", "4", "2", "5"]
    assert len(chosen(*stories)) == MOST


def test_others_and_other_weeks_are_left_out():
    assert chosen(story(1, "unchanged"), story(2, "not_covered"), story(3, "solved", day=17)) == []


def test_a_scope_is_kept():
    assert chosen(story(1, "solved"), scope=Scope("fishing.*")) == []


def test_first_and_last_patrol_are_named():
    found, events = story(1, "grown")
    [typical] = typical_cases([found], {found.case_no: events}, WEEK, Scope())
    assert (typical.before, typical.after, typical.finding.grown_m2) == ("first", "p10", 100.0)
