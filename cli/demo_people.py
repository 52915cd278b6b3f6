"""The people of a demonstration: inspectors, officers, the command centre; they know the place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cases.categories import Category
from cases.lifecycle import Action, Role, Stage
from cases.model import Case
from cases.outcomes import Outcome, last_finding
from cases.registry import Registry
from dispatch.assigning import assign
from dispatch.deadlines import Standing
from dispatch.due import due_cases
from dispatch.routing import RoutingTable
from dispatch.timetable import Timetable
from geo.frames import LocalFrame
from simulations.changing import Handling
from simulations.planting import Planted
from simulations.scoring import FiledCase, pairs

ROUTING = """version = "demonstration"
people = [{ id = "duty", name = "Duty officer" }]
departments = [
    { code = "urban", name = { en = "Urban management", zh = "城市管理" } },
    { code = "resources", name = { en = "Natural resources", zh = "自然资源和规划" } },
    { code = "ecology", name = { en = "Ecology and environment", zh = "生态环境" } },
    { code = "agriculture", name = { en = "Agriculture", zh = "农业农村" } },
    { code = "fishery", name = { en = "Fishery enforcement", zh = "渔政执法" } },
]
posts = [{ level = "district", people = ["duty"] }]
routes = [
    { category = "building.*", responsible = "urban" },
    { category = "construction.*", responsible = "resources", assisting = ["urban"] },
    { category = "burning.straw", responsible = "ecology" },
    { category = "burning.scar", responsible = "agriculture" },
    { category = "fishing.*", responsible = "fishery" },
]
"""
RETURNED = "construction.unpermitted"
"""The first case of it comes back once: the wrong department."""

_STAYS = "still there, seen from the air"


def filed(case: Case) -> FiledCase:
    """A case as it is held against the truth."""
    return FiledCase(
        case.class_name,
        case.lon_deg,
        case.lat_deg,
        case.polygon,
        case.place.cell_code,
        case.sigma_m,
    )


@dataclass(slots=True)
class People:
    """Who works on the cases of a registry.

    Attributes:
        numbers: of the case of each violation, by its code.
        acts: what they did that the weeks do not tell: `returned`.
    """

    registry: Registry
    table: RoutingTable
    numbers: dict[str, str] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)

    def establish(
        self, violations: Mapping[str, Planted], frame: LocalFrame, at: datetime
    ) -> tuple[str, ...]:
        """Confirm what is a violation, reject everything else; gives the numbers rejected."""
        cases = self.registry.cases(stage=Stage.REPORTED, order="number", limit=None)
        waiting = [item for code, item in violations.items() if code not in self.numbers]
        found = pairs(waiting, [filed(case) for case in cases], frame)
        self.numbers |= {waiting[i].code: cases[j].case_no for i, j in found.items()}
        known = set(self.numbers.values())
        for case in cases:
            if case.case_no in known:
                self._decide(case, Action.CONFIRM, Role.INSPECTOR, at)
            else:
                self._decide(case, Action.REJECT, Role.INSPECTOR, at, "nothing of the kind there")
        return tuple(case.case_no for case in cases if case.case_no not in known)

    def verify(self, violations: Iterable[str], at: datetime) -> None:
        """Close what was found solved, send back what stands; what is unclear, they go to see."""
        there = {self.numbers[code] for code in violations if code in self.numbers}
        for case in self.registry.cases(stage=Stage.FED_BACK, order="number", limit=None):
            finding = last_finding(self.registry.history(case.case_no))
            outcome = finding.outcome if finding else Outcome.NOT_COVERED
            if outcome is Outcome.UNCLEAR:
                outcome = Outcome.UNCHANGED if case.case_no in there else Outcome.SOLVED
            if outcome is Outcome.SOLVED:
                self._decide(case, Action.CLOSE, Role.INSPECTOR, at)
            elif outcome is not Outcome.NOT_COVERED:
                self._decide(case, Action.REWORK, Role.INSPECTOR, at, _STAYS)

    def send_out(self, at: datetime) -> None:
        """Assign what is established; the first case of RETURNED comes back and goes elsewhere."""
        assign(self.registry, self.table, now=at)
        wrong = self.registry.cases(stage=Stage.ASSIGNED, category=RETURNED, order="number")
        if wrong and not self.acts["returned"]:
            self._decide(wrong[0], Action.RETURN, Role.OFFICER, at, "not our building ground")
            self.acts["returned"] += 1
            assign(self.registry, self.table, now=at)
        for case in self.registry.cases(stage=Stage.ASSIGNED, order="number", limit=None):
            self._decide(case, Action.START, Role.OFFICER, at)

    def feed_back(
        self, handling: Mapping[str, Handling], categories: Sequence[Category], at: datetime
    ) -> None:
        """Say of all cases of some categories that are not ignored that they are solved."""
        codes = {category.code for category in categories}
        said = {self.numbers.get(code) for code, fate in handling.items() if _is_said(fate)}
        for case in self.registry.cases(stage=Stage.HANDLING, order="number", limit=None):
            if case.case_no in said and case.category in codes:
                self._decide(case, Action.FEED_BACK, Role.OFFICER, at)

    def press(self, categories: Sequence[Category], timetable: Timetable, at: datetime) -> None:
        """Supervise whatever is overdue."""
        for due in due_cases(self.registry, categories, timetable, now=at):
            if due.deadline.standing is Standing.OVERDUE:
                self._decide(due.case, Action.SUPERVISE, Role.COMMAND, at, "overdue")

    def _decide(
        self, case: Case, action: Action, role: Role, at: datetime, reason: str = ""
    ) -> None:
        self.registry.decide(
            case.case_no,
            action,
            actor=role.value,
            role=role,
            reason=reason,
            expected_version=case.version,
            now=at,
        )


def _is_said(fate: Handling) -> bool:
    return fate is not Handling.IGNORED
