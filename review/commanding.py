"""The routes of the command page: the figures of a period, and the district cell by cell."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel

from cases.atlas import SHOWN, CasePoint
from cases.categories import Words
from cases.lifecycle import OPEN_STAGES, Stage
from dispatch.clock import local_time
from dispatch.deadlines import Standing
from dispatch.due import due_cases
from dispatch.period import Length, PeriodFigures, Row, Tally, period_of
from dispatch.period_reading import Recorded, read_recorded
from dispatch.period_tables import FIGURES, SHARES, title_of
from review.admission import ClockOf, Data, Guest
from review.answers import Label
from review.basemap import Basemap
from review.blind import Blind, Blindfold, veiled_cases
from review.due import deadline
from review.errors import PeriodError
from review.memo import MemoOf
from review.patrolled import last_patrols
from review.sources import ReviewData
from review.veils import dots_of, visible

STATIC = Path(__file__).parent / "static"
MOST_POINTS = 20_000
LIMITS_AGAIN_S = 60.0
"""What is due, and overdue, is looked at anew after so long, also where nothing was changed."""

router = APIRouter()


class FigureName(BaseModel):
    """A figure, and what the bulletin calls it."""

    name: str
    label: Label


class FigureRow(BaseModel):
    """Figures of a town, a department or a category, beside those of the period before."""

    label: Label
    now: dict[str, float | None]
    before: dict[str, float | None]


class Figures(BaseModel):
    """The bulletin of a period as figures; shares are 0 to 1, and null where nothing was due."""

    title: Label
    period: Length
    first: date
    last: date
    names: list[FigureName]
    shares: list[FigureName]
    now: dict[str, float | None]
    before: dict[str, float | None]
    by_town: list[FigureRow]
    by_department: list[FigureRow]
    by_category: list[FigureRow]


class CellState(BaseModel):
    """A cell; `last_patrol` is null where no patrol that this page has flew there."""

    code: str
    name: str
    town: str
    village: str
    officer: str
    to_review: int
    open: int
    overdue: int
    last_patrol: datetime | None


class District(BaseModel):
    """The district, or one's area of it, as it stands.

    `cases` are number, longitude, latitude, stage, category, urgency, whether it is overdue,
    which of `cells` it lies in (from 0; -1 for none), and when it is due (null where no time limit
    runs), of each case that is not rejected, withdrawn or evaluated; `left_out` counts those beyond
    the most that are drawn.
    """

    asked_at: datetime
    cells: list[CellState]
    cases: list[tuple[str, float, float, str, str, int, bool, int, datetime | None]]
    left_out: int
    basemap: Basemap | None


@router.api_route("/command", methods=["GET", "HEAD"], include_in_schema=False)
def get_page() -> FileResponse:
    """Show the page of the command centre; what it shows is asked for by itself."""
    return FileResponse(STATIC / "command.html", headers={"Cache-Control": "no-cache"})


@router.get("/api/figures")
def get_figures(
    data: Data,
    visitor: Guest,
    blind: Blind,
    memo: MemoOf,
    clock: ClockOf,
    period: Length = Length.WEEK,
    on: Annotated[date | None, Query(description="a day of the period; today if left out")] = None,
) -> Figures:
    """Tell the figures of a day, week or month, as the bulletin of the area does."""
    offset_hours = data.timetable.calendar.utc_offset_hours
    day = on or local_time(clock(), offset_hours).date()
    if not date(2000, 1, 1) <= day <= date(2099, 12, 31):
        raise PeriodError(f"on {day}: give a day from 2000-01-01 to 2099-12-31")
    this_minute = clock().replace(second=0, microsecond=0)
    wanted = period_of(period, day, offset_hours).as_of(this_minute)
    figures = memo.get(
        (visitor.area, "figures", wanted, blind.who if blind.looks else ""),
        (data.news.place(), frozenset(blind.looks)),
        lambda: _recorded(data, blind).figures(data.rulebook.categories, data.timetable, wanted),
    )
    return _figures(figures)


def _recorded(data: ReviewData, blind: Blindfold) -> Recorded:
    """Everything that the registry shows, as the visitor must see it."""
    recorded = read_recorded(data.registry)
    veils = {entry.case.case_no: entry for entry in veiled_cases(data, blind)}
    cases = [veils[case.case_no].case if case.case_no in veils else case for case in recorded.cases]
    seen = {case_no: entry.events for case_no, entry in veils.items()}
    return replace(recorded, cases=cases, histories={**recorded.histories, **seen})


@router.get("/api/district")
def get_district(
    request: Request, data: Data, visitor: Guest, blind: Blind, memo: MemoOf, clock: ClockOf
) -> District:
    """Tell of each cell what is open, overdue, and when it was patrolled, and where cases lie."""
    now = clock()
    place = data.news.place()
    minute = int(now.timestamp() // LIMITS_AGAIN_S)
    limits = memo.get((visitor.area, "limits"), (place, minute), lambda: _limits(data, now))
    veils = memo.get(
        (visitor.area, "limits", blind.who if blind.looks else ""),
        (place, minute, frozenset(blind.looks)),
        lambda: _veiled_limits(data, blind, now),
    )
    flown = {entry.patrol_id: entry.flown_at for entry in data.registry.filings()}
    patrolled = memo.get(
        (visitor.area, "patrolled"),
        (tuple(sorted(flown.items())), data.photos.patrols.version),
        lambda: last_patrols(data.seen, data.grid, flown),
    )
    dots = dots_of(data, blind, MOST_POINTS)
    shown = {number: limits[number] for number in visible(blind, limits)} | veils
    nth = {cell.code: place for place, cell in enumerate(data.grid)}
    there = sum(of.get(stage, 0) for of in dots.counts.values() for stage in SHOWN)
    basemap: Basemap | None = request.app.state.basemap
    return District(
        asked_at=now,
        cells=_cells(data, dots.counts, shown, patrolled),
        cases=[_point(point, shown.get(point.case_no), nth) for point in dots.points],
        left_out=max(0, there - len(dots.points)),
        basemap=basemap,
    )


class _Limit(NamedTuple):
    """When a case is due, null while its time stands still, and whether that is over."""

    cell_code: str
    due_at: datetime | None
    is_overdue: bool


def _limits(data: ReviewData, now: datetime) -> dict[str, _Limit]:
    """Time limits by the numbers of the cases that have one."""
    due = due_cases(data.registry, data.rulebook.categories, data.timetable, now=now)
    return {
        entry.case.case_no: _Limit(
            entry.case.place.cell_code,
            entry.deadline.due_at,
            entry.deadline.standing is Standing.OVERDUE,
        )
        for entry in due
    }


def _veiled_limits(data: ReviewData, blind: Blindfold, now: datetime) -> dict[str, _Limit]:
    """Time limits of the cases that the visitor must not see as they are, as they are shown."""
    found = {}
    for entry in veiled_cases(data, blind):
        due_at, is_overdue = deadline(data, entry.case, now, entry.events)
        if due_at is not None:
            found[entry.case.case_no] = _Limit(entry.case.place.cell_code, due_at, is_overdue)
    return found


def _cells(
    data: ReviewData,
    counts: Mapping[str, Mapping[str, int]],
    limits: Mapping[str, _Limit],
    patrolled: Mapping[str, datetime],
) -> list[CellState]:
    """A case that was seen says that its cell was patrolled then, as in the plan of a district."""
    late = Counter(limit.cell_code for limit in limits.values() if limit.is_overdue)
    seen = data.atlas.last_seen()
    states = []
    for cell in data.grid:
        of = counts.get(cell.code, {})
        flown = [at for at in (patrolled.get(cell.code), seen.get(cell.code)) if at is not None]
        states.append(
            CellState(
                code=cell.code,
                name=cell.name,
                town=cell.town,
                village=cell.village,
                officer=cell.officer,
                to_review=of.get(Stage.REPORTED, 0),
                open=sum(of.get(stage, 0) for stage in OPEN_STAGES),
                overdue=late[cell.code],
                last_patrol=max(flown, default=None),
            )
        )
    return states


def _point(
    point: CasePoint, limit: _Limit | None, nth: Mapping[str, int]
) -> tuple[str, float, float, str, str, int, bool, int, datetime | None]:
    return (
        point.case_no,
        round(point.lon_deg, 6),
        round(point.lat_deg, 6),
        point.stage,
        point.category,
        point.urgency,
        limit is not None and limit.is_overdue,
        nth.get(point.cell_code, -1),
        limit.due_at if limit is not None else None,
    )


def _figures(figures: PeriodFigures) -> Figures:
    return Figures(
        title=_label(title_of(figures)),
        period=figures.period.length,
        first=figures.period.first,
        last=figures.period.last,
        names=[FigureName(name=name, label=_label(words)) for name, words in FIGURES],
        shares=[FigureName(name=name, label=_label(words)) for name, words in SHARES],
        now=_tally(figures.now),
        before=_tally(figures.before),
        by_town=_rows(figures.by_town),
        by_department=_rows(figures.by_department),
        by_category=_rows(figures.by_category),
    )


def _rows(rows: Iterable[Row]) -> list[FigureRow]:
    return [
        FigureRow(label=_label(row.name), now=_tally(row.now), before=_tally(row.before))
        for row in rows
    ]


def _tally(tally: Tally) -> dict[str, float | None]:
    return {name: getattr(tally, name) for name, _ in (*FIGURES, *SHARES)}


def _label(words: Words) -> Label:
    return Label(words.en, words.zh)
