"""Which cells and cases should the next patrol look at, told by the registry?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cases.categories import Category
from cases.lifecycle import OPEN_STAGES, Stage
from cases.model import Case
from cases.registry import Registry
from dispatch.clock import local_time
from dispatch.deadlines import Standing
from dispatch.due import due_cases
from dispatch.timetable import Timetable
from missions.priority import History


@dataclass(frozen=True, slots=True)
class OpenCases:
    """The open cases of a registry at some moment.

    Attributes:
        overdue: numbers of those that are past their deadline.
        utc_offset_hours: of the district's clocks.
    """

    cases: tuple[Case, ...]
    overdue: frozenset[str]
    utc_offset_hours: float

    @property
    def to_verify(self) -> tuple[Case, ...]:
        """Those that were fed back, and that somebody has to look at before they are closed."""
        return tuple(case for case in self.cases if case.stage is Stage.FED_BACK)

    def histories(self, known: Mapping[str, History]) -> dict[str, History]:
        """Say of each cell what is open there; from `known` only when it was flown.

        A case that was seen says that its cell was flown then, at least.
        """
        by_cell: dict[str, list[Case]] = {}
        for case in self.cases:
            if case.place.cell_code:
                by_cell.setdefault(case.place.cell_code, []).append(case)
        return {
            code: self._history(by_cell.get(code, ()), known.get(code, History()).last_patrol)
            for code in {**known, **by_cell}
        }

    def _history(self, here: Sequence[Case], last_patrol: date | None) -> History:
        days = [local_time(case.last_seen, self.utc_offset_hours).date() for case in here]
        days += [last_patrol] if last_patrol is not None else []
        return History(
            max(days, default=None),
            open_cases=len(here),
            overdue_cases=sum(case.case_no in self.overdue for case in here),
            unverified_cases=sum(case.stage is Stage.FED_BACK for case in here),
        )


def open_cases(
    registry: Registry, categories: Sequence[Category], timetable: Timetable, *, now: datetime
) -> OpenCases:
    """Read the open cases, and which of them are overdue at a moment.

    Raises:
        RuleError: a case has a category that the table does not have.
        CalendarError: a case lies too far from the days that the calendar knows.
    """
    due = due_cases(registry, categories, timetable, now=now)
    overdue = [entry for entry in due if entry.deadline.standing is Standing.OVERDUE]
    cases = registry.cases(stage=tuple(OPEN_STAGES), order="number", limit=None)
    return OpenCases(
        tuple(cases),
        frozenset(entry.case.case_no for entry in overdue),
        timetable.calendar.utc_offset_hours,
    )
