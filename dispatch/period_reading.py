"""EDGE: read the figures of a period out of a registry, for bulletins and for the page alike."""

from collections.abc import Sequence

from cases.lifecycle import Stage
from cases.model import Category
from cases.registry import Registry
from dispatch.period import EVERYTHING, Period, PeriodFigures, make_period_figures
from dispatch.scope import Scope
from dispatch.timetable import Timetable


def read_period_figures(
    registry: Registry,
    categories: Sequence[Category],
    timetable: Timetable,
    period: Period,
    *,
    scope: Scope = EVERYTHING,
) -> PeriodFigures:
    """Count a period and the one before over all cases of a scope that the registry shows.

    Raises:
        DispatchError: the scope names no category.
        RuleError: a case has a category that the table does not have.
        CalendarError: a case lies too far from the days that the calendar knows.
    """
    cases = registry.cases(stage=tuple(Stage), limit=None)
    histories = registry.histories(case.case_no for case in cases)
    return make_period_figures(
        cases, histories, categories, timetable, period, scope=scope, flights=registry.flights()
    )
