"""What the registry says of the next patrol: open, overdue and unverified cases by cell."""

from datetime import date, timedelta

import pytest

from cases.lifecycle import Role
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from missions.priority import History
from pipeline.next_patrol import OpenCases, open_cases
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_registry import file, sights

RULEBOOK = load_rulebook()
OFFICE = Role.ADMINISTRATOR


@pytest.fixture
def registry():
    """Three open cases of one cell."""
    with Registry.open("sqlite://") as opened:
        file(opened, RULEBOOK, sights(RULEBOOK), patrol_on(0))
        yield opened


def step(registry: Registry, number: str, *actions: str) -> None:
    for action in actions:
        version = registry.case(number).version
        registry.decide(
            number, action, actor="Chen", role=OFFICE, expected_version=version, now=FLOWN,
            reason="seen",
        )  # fmt: skip


def read(registry: Registry, days: float = 0.0) -> OpenCases:
    timetable = Timetable(load_calendar(None))
    now = FLOWN + timedelta(days=days)
    return open_cases(registry, RULEBOOK.categories, timetable, now=now)


def numbers(registry: Registry) -> dict[str, str]:
    return {case.category: case.case_no for case in registry.cases()}


def test_cells_have_the_counts_of_their_cases(registry: Registry):
    found = numbers(registry)
    step(registry, found["burning.straw"], "confirm")  # due after 40 minutes
    step(registry, found["fishing.boat"], "confirm", "assign", "start", "feed_back")
    (code,) = {case.place.cell_code for case in registry.cases()}
    seen = date(2026, 6, 10)
    assert read(registry).histories({}) == {code: History(seen, 3, 0, 1)}
    assert read(registry, days=1).histories({}) == {code: History(seen, 3, 1, 1)}
    assert [case.case_no for case in read(registry).to_verify] == [found["fishing.boat"]]


def test_what_is_closed_or_rejected_counts_no_more(registry: Registry):
    found = numbers(registry)
    step(registry, found["burning.straw"], "reject")
    step(registry, found["fishing.boat"], "confirm", "assign", "start", "feed_back", "close")
    told = read(registry)
    assert [case.case_no for case in told.cases] == [found["building.unpermitted"]]
    assert told.to_verify == ()


def test_the_registry_counts_and_the_file_says_when_a_cell_was_flown(registry: Registry):
    told = read(registry)
    (code,) = {case.place.cell_code for case in told.cases}
    before, later = date(2026, 6, 1), date(2026, 6, 12)
    known = {code: History(before, 9, 9, 9), "elsewhere": History(later, 4, 2, 1)}
    histories = told.histories(known)
    assert histories == {code: History(date(2026, 6, 10), 3), "elsewhere": History(later)}
    assert told.histories({code: History(later)})[code].last_patrol == later
