"""The verb `report --period`: the bulletin of a day, a week, a month, or of one topic and area."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cases.model import Case
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cli import console
from cli.dispatching import registry_there, settings_of
from dispatch.clock import local_time
from dispatch.errors import DispatchError
from dispatch.period import (
    EVERYTHING,
    Length,
    Period,
    PeriodFigures,
    Row,
    period_of,
    special_period,
)
from dispatch.period_pages import write_period
from dispatch.period_reading import read_recorded
from dispatch.period_tables import tables_of, title_of
from dispatch.scope import Scope
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from pipeline.illustrating import illustrate
from pipeline.inputs import read_inputs
from pipeline.settings import Settings
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """Which bulletin is asked for, as the command line says it.

    Attributes:
        length: day, week, month or special.
        on: a day of the period; `first` and `last` are those of a special one.
    """

    length: str
    on: str | None = None
    first: str | None = None
    last: str | None = None
    scope: Scope = EVERYTHING


def report_period(
    patrol: Path, config: Path | None, asked: Asked, out: Path | None, *, as_json: bool
) -> int:
    """Tell, and write, the figures of a period over all cases of a registry."""
    workspace = Workspace(patrol)
    settings = settings_of(workspace, config)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    timetable = Timetable(load_calendar(settings.dispatching.calendar))
    now = datetime.now(UTC)
    whole = _period(asked, timetable.calendar.utc_offset_hours)
    if whole.starts_at > now:
        raise DispatchError(
            f"--period {asked.length}: begins on {whole.first.isoformat()}, which is still to "
            "come; give a day that has begun"
        )
    period = whole.as_of(now)
    with Registry.open(registry_there(workspace, settings)) as registry:
        recorded = read_recorded(registry)
    _require_area(workspace, settings, asked.scope, recorded.cases)
    figures = recorded.figures(rulebook.categories, timetable, period, scope=asked.scope)
    if out is not None:
        shown = illustrate(
            workspace,
            settings,
            recorded.cases,
            recorded.histories,
            rulebook.categories,
            period=period,
            scope=asked.scope,
        )
        write_period(out, figures, shown)
    if as_json:
        console.out.print_json(data=_period_json(figures))
    else:
        _tell_period(figures)
    if out is not None:
        console.err.print(f"bulletin: {console.where(out)}", highlight=False)
    return console.DONE


def _require_area(
    workspace: Workspace, settings: Settings, scope: Scope, cases: Iterable[Case]
) -> None:
    """Refuse an area that neither cases nor cells know: of a slip all figures would be 0."""
    places = [(case.place.town, case.place.village, case.place.cell_code) for case in cases]
    if not scope.area or any(scope.takes(*place) for place in places):
        return
    path = read_inputs(workspace).cells if workspace.inputs.is_file() else None
    cells = read_cells(path, settings.grids) if path else ()
    places += [(cell.town, cell.village, cell.code) for cell in cells]
    if not any(scope.takes(*place) for place in places):
        towns = ", ".join(sorted({town for town, _, _ in places if town})) or "(none)"
        raise DispatchError(
            f"--area {scope.area}: no cell and no case lies there; give a town ({towns}), "
            "a village, or the beginning of a cell's code"
        )


def _period(asked: Asked, offset_hours: float) -> Period:
    try:
        length = Length(asked.length)
    except ValueError as error:
        known = ", ".join(Length)
        raise DispatchError(f"--period {asked.length}: choose one of {known}") from error
    first, last = _day("--from", asked.first), _day("--to", asked.last)
    if length is Length.SPECIAL:
        if first is None or last is None or asked.on is not None:
            raise DispatchError("--period special: give its first and last day, --from and --to")
        return special_period(first, last, offset_hours)
    if first is not None or last is not None:
        raise DispatchError(
            f"--period {length}: takes a day of it, --on; --from and --to go with special"
        )
    day = _day("--on", asked.on) or local_time(datetime.now(UTC), offset_hours).date()
    return period_of(length, day, offset_hours)


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise DispatchError(f"{option} {text}: give a day, such as 2026-06-10") from error


def _period_json(figures: PeriodFigures) -> dict[str, object]:
    def rows(entries: Sequence[Row]) -> list[dict[str, object]]:
        return [
            {"name": asdict(row.name), "now": asdict(row.now), "before": asdict(row.before)}
            for row in entries
        ]

    return {
        "period": figures.period.length.value,
        "first": figures.period.first.isoformat(),
        "last": figures.period.last.isoformat(),
        "now": asdict(figures.now),
        "before": asdict(figures.before),
        "by_town": rows(figures.by_town),
        "by_department": rows(figures.by_department),
        "by_category": rows(figures.by_category),
        "by_cell": rows(figures.by_cell),
        "flown": [asdict(flown) for flown in figures.flown or ()],
    }


def _tell_period(figures: PeriodFigures) -> None:
    for table in tables_of(figures):
        rows = [[words.en for words in row] for row in table.rows]
        names = [words.en for words in table.header]
        title = f"{title_of(figures).en}: {table.title.en}"
        console.show(title, names, rows)
