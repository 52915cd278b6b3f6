"""A registry with cases, alert settings, and a clock that is set by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from cases.lifecycle import Action, Role
from cases.model import Case
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.alerts import AlertEntry, Message, Outcome, State
from dispatch.expanding import Rules
from dispatch.outbox import Outbox
from dispatch.policies import parse_alerts
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from tests.cases.conftest import patrol_on
from tests.cases.test_registry import file, sights
from tests.dispatch.routes import TEXT as ROUTES
from tests.dispatch.routes import table

RULEBOOK = load_rulebook()
TIMETABLE = Timetable(load_calendar())
CATEGORIES = {category.code: category for category in RULEBOOK.categories}
FIRE = """
[[policies]]
category = "burning.straw"
events = ["file"]
to = ["department", "officer"]
channels = ["push", "sms", "voice", "page"]
acknowledge_within_min = 5
escalate_to = ["village", "town", "district"]
merge_min = 10
"""
ORDERS = """
[[policies]]
category = "*"
events = ["assign", "rework"]
to = ["department"]
channels = ["sms"]
quiet = { from = "22:00", to = "06:59" }
"""
AT_ANY_HOUR = ORDERS.replace('quiet = { from = "22:00", to = "06:59" }\n', "")
SETTINGS = """
version = "test"
page_url = "http://127.0.0.1:8000"
attempts = 4

[[gateways]]
channel = "sms"
template = "webhook"
values = { url = "http://127.0.0.1:1/sms" }

[[gateways]]
channel = "voice"
template = "webhook"
values = { url = "http://127.0.0.1:1/voice" }
"""


def at(text: str) -> datetime:
    """A moment of June 2026 on the clocks of China."""
    return datetime.fromisoformat(f"2026-06-{text}+08:00")


NOON = at("10T10:30")


@dataclass
class District:
    """A registry and its outbox, at a time."""

    where: str
    registry: Registry
    outbox: Outbox
    rules: Rules
    now: datetime = NOON
    tokens: Iterator[int] = field(default_factory=lambda: count(1))

    def settings(self, policies: str, base: str = SETTINGS, routes: str = ROUTES) -> None:
        """Go by other policies or routes."""
        parsed = parse_alerts(base + policies, "alerts.toml")
        self.rules = Rules(parsed, table(routes), self.token, TIMETABLE)

    def token(self) -> str:
        return f"token-{next(self.tokens)}"

    def find(self, day: int = 0) -> None:
        """File the house, the fire and the boat."""
        file(self.registry, RULEBOOK, sights(RULEBOOK, day), patrol_on(day))

    def case(self, category: str) -> Case:
        return self.registry.cases(category=category)[0]

    def step(self, category: str, action: Action, **facts: str) -> None:
        self._decide(self.case(category), action, facts)

    def reject(self, case_no: str) -> None:
        self._decide(self.registry.case(case_no), Action.REJECT, {})

    def _decide(self, case: Case, action: Action, facts: dict[str, str]) -> None:
        self.registry.decide(
            case.case_no,
            action,
            actor="Chen",
            role=Role.ADMINISTRATOR,
            reason="said in the test",
            expected_version=case.version,
            now=self.now,
            facts=facts,
        )

    def refresh(self, minutes: int = 0) -> None:
        """Let some minutes pass and make alerts of what happened."""
        self.now += timedelta(minutes=minutes)
        while self.outbox.refresh(self.rules, self.now):
            pass

    def claim(self, limit: int = 1000) -> list[Message]:
        return self.outbox.claim(
            self.rules, CATEGORIES, limit=limit, lease=timedelta(minutes=10), now=self.now
        )

    def deliver(self) -> list[Message]:
        """Hand everything over whose turn it is; everything is taken."""
        messages = self.claim()
        taken = [Outcome(m.alert_id, State.DELIVERED, receipt=f"r{m.alert_id}") for m in messages]
        self.outbox.settle(self.rules, taken, self.now)
        return messages

    def told(self) -> set[tuple[str, str, str]]:
        """Who was told as what by which channel."""
        return {(entry.person_id, entry.told_as, entry.channel) for entry in self.entries()}

    def entries(self, state: State | None = None) -> list[AlertEntry]:
        return self.outbox.alerts(state=state, limit=100_000)
