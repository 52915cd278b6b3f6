"""The reference for due and overdue against days counted by hand on the calendar of June 2026.

15 June is a Monday; 19 to 21 June are the Dragon Boat Festival.
"""

from datetime import UTC, datetime

import pytest
from shapely import box

from cases.rule_files import load_rulebook
from cli.demo_truth import DueTruth, Life, Wait, due_at, due_truth
from dispatch.table_files import load_calendar
from simulations.changing import Handling, Week
from simulations.planting import Kind, Planted

CALENDAR, RULEBOOK = load_calendar(), load_rulebook()


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}+08:00").astimezone(UTC)


def life(category: str, *waits: tuple[str, str, bool]) -> Life:
    told = tuple(Wait(at(since), at(until), solved) for since, until, solved in waits)
    return Life(RULEBOOK.category(category), at("15T11:10"), told)


@pytest.mark.parametrize(
    ("category", "due"),
    [
        ("burning.straw", "15T11:50"),
        ("fishing.boat", "15T15:10"),  # 50 minutes before noon, 70 from 14:00
        ("fishing.gear", "16T17:30"),
        ("construction.unpermitted", "17T17:30"),
        ("burning.scar", "18T17:30"),
        ("building.unpermitted", "30T17:30"),  # Friday is a holiday
    ],
)
def test_limits_end_where_the_calendar_says(category: str, due: str):
    assert due_at(life(category), CALENDAR) == at(due)


def test_days_on_which_a_refused_feedback_waited_do_not_count():
    refused = life("building.unpermitted", ("16T15:00", "22T08:35", False))
    assert due_at(refused, CALENDAR) == datetime(2026, 7, 6, 9, 30, tzinfo=UTC)
    solved = life("building.unpermitted", ("16T15:00", "22T08:35", True))
    assert due_at(solved, CALENDAR) == due_at(life("building.unpermitted"), CALENDAR)


def test_a_feedback_counts_until_it_is_seen_to_be_untrue():
    told = life("burning.scar", ("16T15:00", "22T08:35", False))
    assert told.by(at("16T14:00")).handled is None
    assert told.by(at("20T00:00")).handled == at("16T15:00")
    assert told.by(at("22T09:00")).handled is None
    assert not told.is_closed


def test_a_week_is_counted_by_its_end():
    where = (0.0, 0.0, 3.0, 3.0, 0.0)
    gear = Planted("gear", Kind.CAGES, "fishing_gear", True, box(0, 0, 3, 3), "cell", *where, 1)
    weeks = [Week((gear,), {"gear": fate}) for fate in (Handling.IGNORED, Handling.SOLVED)]
    first = due_truth([*weeks, Week((), {})], 0, RULEBOOK.categories, CALENDAR)
    assert first == DueTruth(due=1, due_closed=0, due_in_time=0, overdue=1, supervised=1)
    late = due_truth([*weeks, Week((), {})], 1, RULEBOOK.categories, CALENDAR)
    assert late == DueTruth(due=0, due_closed=0, due_in_time=0, overdue=0, supervised=0)
