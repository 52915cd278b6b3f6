"""Cases go to whom the table says, come back, and go to the next, all by the registry's history."""

from datetime import datetime

import pytest

from cases.lifecycle import Action, Role, Stage
from cases.model import Case
from cases.registry import Registry
from cases.rules import Rulebook
from dispatch.assigning import assign, orders_for, owner_of
from dispatch.deadlines import Standing, course_of
from dispatch.due import due_cases, due_cases_at
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from tests.dispatch.routes import TEXT, table


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}+08:00")


@pytest.fixture
def registry(where: str, rulebook: Rulebook):
    with Registry.open(where) as opened:
        file(opened, rulebook, sights(rulebook), patrol_on(0))
        for case in opened.cases():
            step(opened, case, Action.CONFIRM, "10T14:00")
        yield opened


def step(registry: Registry, case: Case, action: Action, when: str) -> Case:
    return registry.decide(
        case.case_no,
        action,
        actor="Chen",
        role=Role.ADMINISTRATOR,
        reason="not ours",
        expected_version=case.version,
        now=at(when),
    )


def fire(registry: Registry) -> Case:
    return registry.cases(category="burning.straw")[0]


def test_every_established_case_is_assigned_and_its_history_says_to_whom(registry: Registry):
    planned = orders_for(registry, table())
    assert registry.count(stage=Stage.ESTABLISHED) == 3  # telling assigns nothing
    done = assign(registry, table(), now=at("10T14:05"))
    assert [order.owner for order in done] == [order.owner for order in planned]
    owners = {order.case.category: order.owner and order.owner.key for order in done}
    assert owners == {
        "burning.straw": "department:ecology",
        "building.unpermitted": "department:urban",
        "fishing.boat": "town:West Town",
    }
    assert registry.count(stage=Stage.ASSIGNED) == 3
    entries = [registry.history(order.case.case_no)[-1] for order in done]
    assert [entry.details["assigned_to"] for entry in entries] == [
        order.owner.key for order in done if order.owner
    ]
    assert ["territory" in entry.details for entry in entries] == [
        order.owner.is_territory for order in done if order.owner
    ]
    assert registry.verify_chain().problems == ()
    assert assign(registry, table(), now=at("10T14:06")) == []


def test_a_returned_case_goes_to_the_next_and_is_counted(registry: Registry):
    asked = []
    for number in range(5):
        assign(registry, table(), now=at(f"10T14:1{number}"))
        events = registry.history(fire(registry).case_no)
        owner = owner_of(fire(registry), events, table())
        assert owner is not None
        asked.append(owner.key)
        step(registry, fire(registry), Action.RETURN, f"10T14:1{number}")
    assert asked == [
        "department:ecology",
        "department:agriculture",
        "town:West Town",
        "district",
        "district",
    ]
    assert course_of(registry.history(fire(registry).case_no)).returns == 5
    assert [order.returns for order in orders_for(registry, table())] == [5]


def test_what_was_assigned_on_the_page_without_a_name_counts_as_whose_turn_it_was(
    registry: Registry,
):
    step(registry, fire(registry), Action.ASSIGN, "10T14:00")  # as the review page does
    events = registry.history(fire(registry).case_no)
    owner = owner_of(fire(registry), events, table())
    assert owner is not None
    assert owner.key == "department:ecology"
    step(registry, fire(registry), Action.RETURN, "10T14:01")
    (order,) = [order for order in orders_for(registry, table()) if order.returns]
    assert order.owner is not None
    assert order.owner.key == "department:agriculture"


def test_a_case_of_nobody_is_left_and_told(registry: Registry):
    nobody = TEXT[: TEXT.index("[[posts]]")] + TEXT[TEXT.index("[[routes]]") :]
    done = assign(registry, table(nobody), now=at("10T14:05"))
    assert {order.case.category for order in done if order.owner is None} == {"fishing.boat"}
    assert registry.count(stage=Stage.ESTABLISHED) == 1


def test_a_case_in_somebodys_hands_is_left_and_told(registry: Registry):
    registry.claim(fire(registry).case_no, "Wu", until=at("10T18:00"), now=at("10T14:00"))
    refused = [order for order in assign(registry, table(), now=at("10T14:05")) if order.refused]
    assert [order.case.case_no for order in refused] == [fire(registry).case_no]
    assert "in the hands of Wu" in refused[0].refused
    assert fire(registry).stage is Stage.ESTABLISHED


def test_cases_are_listed_by_deadline(registry: Registry, rulebook: Rulebook):
    assign(registry, table(), now=at("10T14:05"))
    house = registry.cases(category="building.unpermitted")[0]
    step(registry, house, Action.SUSPEND, "10T15:00")
    timetable = Timetable(load_calendar())
    found = due_cases(registry, rulebook.categories, timetable, now=at("10T15:10"))
    assert [(due.case.category, due.deadline.standing) for due in found] == [
        ("burning.straw", Standing.OVERDUE),
        ("fishing.boat", Standing.RUNNING),
        ("building.unpermitted", Standing.SUSPENDED),
    ]
    assert [due.deadline.due_at for due in found] == [at("10T14:40"), at("10T16:00"), None]


def test_what_was_due_at_a_moment_is_told_as_it_was(registry: Registry, rulebook: Rulebook):
    """Of a case that was suspended and one that was closed since, and before any was sent out."""
    assign(registry, table(), now=at("10T14:05"))
    step(registry, registry.cases(category="building.unpermitted")[0], Action.SUSPEND, "10T15:00")
    boat = registry.cases(category="fishing.boat")[0]
    done = ((Action.START, "10T15:00"), (Action.FEED_BACK, "10T15:01"), (Action.CLOSE, "10T15:02"))
    for action, time in done:
        boat = step(registry, boat, action, time)
    timetable = Timetable(load_calendar())

    def told(moment):
        found = due_cases_at(registry, rulebook.categories, timetable, moment=at(moment))
        return {due.case.category: (due.course.stage, due.deadline.standing) for due in found}

    assert told("10T14:30") == {
        name: (Stage.ASSIGNED, Standing.RUNNING)
        for name in ("burning.straw", "fishing.boat", "building.unpermitted")
    }
    assert told("10T15:10") == {
        "burning.straw": (Stage.ASSIGNED, Standing.OVERDUE),
        "building.unpermitted": (Stage.SUSPENDED, Standing.SUSPENDED),
    }
    assert told("01T08:00") == {}
