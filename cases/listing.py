"""EDGE: which cases does somebody ask for, in which order, a page at a time?

Made for a million cases: a page costs what it holds, not what the registry holds. Windows of the
map go by the R*Tree on SQLite and by the GiST index of PostGIS on PostgreSQL, as long as few cases
lie in them; wide windows hold a page's worth of cases within a short walk along the order itself.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    column,
    func,
    literal_column,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from cases.lifecycle import Stage
from cases.model import Case
from cases.people import DISTRICT, Area
from cases.reading import read_cases
from cases.rows import queue_rank
from cases.tables import CaseCountRow, CaseRow

Order = Literal["urgency", "newest", "oldest", "number"]
Bounds = tuple[float, float, float, float]

_SORT_KEYS = {
    "urgency": ("queue_rank", "case_no"),
    "newest": ("last_seen", "case_no"),
    "oldest": ("last_seen", "case_no"),
    "number": ("case_no",),
}
FEW = 4000
"""So many cases in a window are looked up one by one and sorted; more are walked through."""

_BESIDE_CELLS = ("stage", "category", "town", "village")
_COUNTED = ("stage", "category", "cell_code", "town", "village")

_POINTS = table("case_points", *map(column, ("case_no", "west", "east", "south", "north")))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases are asked for.

    Attributes:
        stage: one or several; withdrawn cases are listed only when asked for.
        patrol: that found the case first.
        bbox: west, south, east, north in degrees around the cases' points.
        seen: first and last moment of a span in which a case was seen; None is an open end.
        area: that whoever asks answers for.
        numbers: of these cases only.
    """

    stage: Stage | Sequence[Stage] | None = None
    category: str | None = None
    cell: str | None = None
    patrol: str | None = None
    bbox: Bounds | None = None
    seen: tuple[datetime | None, datetime | None] | None = None
    area: Area = DISTRICT
    numbers: Collection[str] | None = None


def page(
    session: Session, choice: Choice, order: Order, after: CaseRow | None, limit: int | None
) -> list[Case]:
    """Read the cases of a page with their evidence, those after the last one of the page before."""
    numbers = ordered(choice, order, after)
    if choice.bbox is not None:
        numbers = _in_window(session, numbers, choice.bbox)
    found = list(session.scalars(numbers.limit(limit)))
    return list(read_cases(session, found).values())


def count(session: Session, choice: Choice) -> int:
    """Count the cases of a choice without a place or patrol from the counts that are kept."""
    kept = select(func.sum(CaseCountRow.cases)).where(*_key_filters(choice, CaseCountRow))
    return int(session.scalar(kept) or 0)


def _filters(choice: Choice) -> Iterator[ColumnElement[bool]]:
    yield from _key_filters(choice, CaseRow)
    if choice.numbers is not None:
        yield CaseRow.case_no.in_(choice.numbers)
    if choice.patrol is not None:
        yield CaseRow.patrol_id == choice.patrol
    start, end = choice.seen or (None, None)
    if start is not None:
        yield CaseRow.last_seen >= start
    if end is not None:
        yield CaseRow.first_seen <= end
    if choice.bbox is not None:
        west, south, east, north = choice.bbox
        yield CaseRow.lon_deg.between(west, east)
        yield CaseRow.lat_deg.between(south, north)


def _key_filters(
    choice: Choice, rows: type[CaseRow] | type[CaseCountRow]
) -> Iterator[ColumnElement[bool]]:
    stage, category, town, village = (_indexed(rows, name) for name in _BESIDE_CELLS)
    if choice.cell is not None:
        yield rows.cell_code == choice.cell
        town, village = _unindexed(town), _unindexed(village)
        if choice.stage is None or choice.category is None:  # else the three have an index
            stage, category = _unindexed(stage), _unindexed(category)
    if isinstance(choice.stage, str):
        yield stage == Stage(choice.stage).value
    elif choice.stage is not None:
        yield stage.in_([Stage(entry).value for entry in choice.stage])
    else:
        yield stage != Stage.WITHDRAWN.value
    if choice.category is not None:
        yield category == choice.category
    yield from in_area(choice.area, town, village)


def in_area(
    area: Area, town: SQLColumnExpression[str], village: SQLColumnExpression[str]
) -> Iterator[ColumnElement[bool]]:
    """Say in SQL what `Area.holds` says of a case."""
    if not area.is_district:
        yield town == area.town
    if area.village:
        yield village == area.village


def _indexed(rows: type[CaseRow] | type[CaseCountRow], name: str) -> SQLColumnExpression[str]:
    column: SQLColumnExpression[str] = getattr(rows, name)
    return column


def _unindexed(column: SQLColumnExpression[str]) -> SQLColumnExpression[str]:
    """The same, but not looked up in an index: beside a cell there is nothing better than its own.

    SQLite took that of a town, stage or category, and went through all of it for another's cell.
    """
    return column.concat("")


def ordered(choice: Choice, order: Order, after: CaseRow | None) -> Select[Any]:
    """Ask for the numbers of a choice in order, after the last row of the page before."""
    query = select(CaseRow.case_no).where(*_filters(choice))
    names = _SORT_KEYS.get(order)
    if names is None:
        raise ValueError(f"order must be {', '.join(_SORT_KEYS)}; got {order!r}")
    columns = [getattr(CaseRow, name) for name in names]
    goes_down = order == "newest"
    query = query.order_by(*(key.desc() if goes_down else key for key in columns))
    if after is None:
        return query
    key, last = tuple_(*columns), tuple_(*(getattr(after, name) for name in names))
    return query.where(key < last if goes_down else key > last)


def _in_window(session: Session, query: Select[Any], bbox: Bounds) -> Select[Any]:
    """Let the spatial index lead where few cases lie in the window; else the order does."""
    if session.get_bind().dialect.name != "sqlite":
        return query.where(_meets(bbox)) if _expected(session, bbox) <= FEW else query
    near = _near_by_tree(bbox)
    some = near.with_only_columns(literal_column("1")).limit(FEW + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return query if found > FEW else query.where(CaseRow.case_no.in_(near))


def _expected(session: Session, bbox: Bounds) -> int:
    """How many cases PostgreSQL supposes in a window: to count them would cost too much."""
    west, south, east, north = bbox
    asked = text(
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM cases WHERE "
        "ST_SetSRID(ST_MakePoint(lon_deg, lat_deg), 4326) && "
        "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
    )
    values = {"west": west, "south": south, "east": east, "north": north}
    [answer] = session.execute(asked, values).scalar_one()
    return int(answer["Plan"]["Plan Rows"])


def _near_by_tree(bbox: Bounds) -> Select[Any]:
    west, south, east, north = bbox
    return select(_POINTS.c.case_no).where(
        _POINTS.c.west <= east,
        _POINTS.c.east >= west,
        _POINTS.c.south <= north,
        _POINTS.c.north >= south,
    )


def _meets(bbox: Bounds) -> ColumnElement[bool]:
    """Ask PostGIS as the index was made: numbers in the text, or it would not be known again."""
    srid: ColumnElement[Any] = literal_column("4326")
    point = func.ST_SetSRID(func.ST_MakePoint(CaseRow.lon_deg, CaseRow.lat_deg), srid)
    meets: ColumnElement[bool] = point.op("&&", is_comparison=True)(
        func.ST_MakeEnvelope(*bbox, srid)
    )
    return meets


def misfiled(session: Session) -> Iterator[str]:
    """Find cases whose place in queue, map or counts does not follow from what they are."""
    expected = queue_rank(CaseRow.urgency, CaseRow.score)
    query = select(CaseRow.case_no).where(CaseRow.queue_rank != expected)
    for case_no in session.scalars(query.order_by(CaseRow.case_no)):
        yield f"the place of case {case_no} in the queue was changed"
    keys = [getattr(CaseRow, name) for name in _COUNTED]
    counted = {
        tuple(key): cases
        for *key, cases in session.execute(select(*keys, func.count()).group_by(*keys))
    }
    columns = [getattr(CaseCountRow, name) for name in _COUNTED]
    noted = select(*columns, CaseCountRow.cases).where(CaseCountRow.cases != 0)
    kept = {tuple(key): cases for *key, cases in session.execute(noted)}
    for key in sorted(set(counted) | set(kept)):
        if counted.get(key) != kept.get(key):
            yield f"the count of cases ({', '.join(key)}) was changed"
    if session.get_bind().dialect.name == "sqlite":
        for case_no in session.scalars(_OFF_THE_MAP):
            yield f"the place of case {case_no} on the map was changed"


_OFF_THE_MAP = text(
    "SELECT cases.case_no FROM cases "
    "LEFT JOIN case_points_of AS named ON named.case_no = cases.case_no "
    "LEFT JOIN case_points AS point ON point.point_id = named.point_id "
    "WHERE point.point_id IS NULL OR point.case_no <> cases.case_no "
    "OR NOT (lon_deg BETWEEN west AND east AND lat_deg BETWEEN south AND north) ORDER BY 1"
)
