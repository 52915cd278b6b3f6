"""EDGE: read what bulletins and the page count out of a registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.categories import Category
from cases.flights import Flight
from cases.model import Case, Event
from cases.registry import Registry
from dispatch.period import EVERYTHING, Period, PeriodFigures, make_period_figures
from dispatch.scope import Scope
from dispatch.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that a registry shows of cases in any stage but evidence, and of flights."""

    cases: Sequence[Case]
    histories: Mapping[str, Sequence[Event]]
    flights: Sequence[Flight]

    def figures(
        self,
        categories: Sequence[Category],
        timetable: Timetable,
        period: Period,
        *,
        scope: Scope = EVERYTHING,
    ) -> PeriodFigures:
        """Count the cases of a scope in a period and in the one before.

        Raises:
            DispatchError: the scope names no category.
            RuleError: a case has a category that the table does not have.
            CalendarError: a case lies too far from the days that the calendar knows.
        """
        return make_period_figures(
            self.cases,
            self.histories,
            categories,
            timetable,
            period,
            scope=scope,
            flights=self.flights,
        )


def read_recorded(registry: Registry) -> Recorded:
    """Read all cases with their histories, and the flights.

    Evidence is left out: it would take most of the time.
    """
    cases = registry.bare_cases()
    histories = registry.histories(case.case_no for case in cases)
    return Recorded(cases, histories, registry.flights())
