"""What has become overdue is said once of each deadline, and then told like anything else."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.gateway_server import gateway
from cases.lifecycle import Role
from cases.registry import Registry
from dispatch.alerts import State
from dispatch.carriers import make_carriers
from dispatch.expanding import Rules
from dispatch.outbox import Outbox
from dispatch.overdue import note_overdue
from dispatch.policies import parse_alerts
from dispatch.sending import Equipment, Sender
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from tests.dispatch.alerting import CATEGORIES, RULEBOOK, TIMETABLE, District, at
from tests.dispatch.routes import table
from tests.dispatch.test_sending import ENVIRONMENT, settings

TABLE = Timetable(load_calendar())
LATE = """
[[policies]]
category = "*"
events = ["overdue"]
to = ["department"]
channels = ["sms"]
"""
note = partial(note_overdue, categories=RULEBOOK.categories, timetable=TABLE)


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    """A fire, established at 11:00 with 40 minutes to go, and a house with ten working days."""
    where = str(tmp_path / "cases.sqlite")
    with Registry.open(where) as registry, Outbox.open(where) as outbox:
        rules = Rules(parse_alerts(settings("http://x"), "a"), table(), lambda: "", TIMETABLE)
        made = District(where, registry, outbox, rules)
        made.find()
        for category in ("burning.straw", "building.unpermitted"):
            decide(registry, category, "confirm", "10T11:00")
        yield made


def decide(registry: Registry, category: str, action: str, when: str) -> None:
    case = registry.cases(category=category)[0]
    registry.decide(
        case.case_no,
        action,
        actor="Chen",
        role=Role.ADMINISTRATOR,
        reason="said in the test",
        expected_version=case.version,
        now=at(when),
    )


def said(registry: Registry, category: str) -> list[str]:
    case = registry.cases(category=category)[0]
    history = registry.history(case.case_no)
    return [event.details["due_at"] for event in history if event.action == "overdue"]


def test_it_is_said_once_when_the_deadline_has_passed(district: District):
    registry = district.registry
    assert note(registry, now=at("10T11:39")) == []
    assert len(note(registry, now=at("10T11:41"))) == 1
    assert note(registry, now=at("10T11:42")) == []
    assert note(registry, now=at("12T09:00")) == []
    assert said(registry, "burning.straw") == ["2026-06-10T03:40:00.000000+00:00"]
    assert said(registry, "building.unpermitted") == []
    assert registry.verify_chain().is_intact


def test_after_rework_it_is_said_of_what_was_left(district: District):
    registry = district.registry
    steps = (("assign", "10T11:05"), ("start", "10T11:10"), ("feed_back", "10T11:30"))
    for action, when in steps:
        decide(registry, "burning.straw", action, when)
    assert note(registry, now=at("12T08:00")) == []  # the officer's time has stopped
    decide(registry, "burning.straw", "rework", "12T09:00")
    assert note(registry, now=at("12T09:09")) == []
    assert len(note(registry, now=at("12T09:30"))) == 1
    assert said(registry, "burning.straw") == ["2026-06-12T01:10:00.000000+00:00"]
    decide(registry, "burning.straw", "feed_back", "12T10:00")
    decide(registry, "burning.straw", "rework", "12T11:00")
    assert note(registry, now=at("12T12:00")) == []  # the deadline is the same


def test_the_sender_tells_it_once_over_all_its_starts(district: District, tmp_path: Path):
    with gateway() as server:
        district.settings(LATE, base=settings(server.url))
        for minute in (30, 45, 50):
            now = at(f"10T11:{minute}")
            equipment = Equipment(
                district.outbox,
                district.rules,
                CATEGORIES,
                make_carriers(district.rules.settings, tmp_path, ENVIRONMENT, lambda now=now: now),
                lambda now=now: now,
                lambda when: note(district.registry, now=when),
            )
            Sender(equipment).drain(threading.Event())
        [told] = server.taken
    assert told["event"] == "overdue"
    assert district.outbox.counts()[State.DELIVERED] == 1


def test_reminding_goes_on_while_the_sender_runs(district: District):
    times = iter(at("10T11:00") + timedelta(seconds=20 * step) for step in range(1000))
    asked = []
    stop = threading.Event()

    def remind(now):
        asked.append(now)
        if len(asked) == 3:
            stop.set()

    equipment = Equipment(
        district.outbox, district.rules, CATEGORIES, {}, lambda: next(times), remind
    )
    Sender(equipment).run(stop)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert gaps == [timedelta(minutes=1)] * 2
