"""EDGE: which cases does somebody ask for, in which order, a page at a time?

Made for a million cases: a page costs what it holds, not what the registry holds. Windows of the
map go by the R*Tree on SQLite and by the GiST index of PostGIS on PostgreSQL, as long as few cases
lie in them; wide windows hold a page's worth of cases within a short walk along the order itself.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    union_all,
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
FEW = 1500
"""So many cases in a window are looked up one by one and sorted; more are walked through.

In a million cases either takes about 10 ms for as many: a look-up 6 us, a step along an index 0.1.
"""

_COUNTED = ("stage", "category", "cell_code", "town", "village")

_POINTS = table("case_points", *map(column, ("point_id", "west", "east", "south", "north")))
_NAMES = table("case_points_of", *map(column, ("point_id", "case_no")))


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
    near = None if choice.bbox is None else in_window(session, choice.bbox)
    if near is None:
        numbers = walked(choice, order, after, limit)
    else:
        numbers = ordered(choice, order, after, near=near).limit(limit)
    return list(read_cases(session, list(session.scalars(numbers))).values())


def count(session: Session, choice: Choice) -> int:
    """Count the cases of a choice without a place or patrol from the counts that are kept."""
    return int(session.scalar(counted(choice)) or 0)


def counted(choice: Choice) -> Select[Any]:
    """Ask for the sum of the counts of a choice; none where there are no cases."""
    return select(func.sum(CaseCountRow.cases)).where(*_key_filters(choice, CaseCountRow))


def _filters(choice: Choice, *, is_led: bool) -> Iterator[ColumnElement[bool]]:
    yield from _key_filters(choice, CaseRow, is_led=is_led)
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
    choice: Choice, rows: type[CaseRow] | type[CaseCountRow], *, is_led: bool = False
) -> Iterator[ColumnElement[bool]]:
    """Say which cases; `is_led` where something else finds them better than any of these."""
    beside = set(_COUNTED) if is_led else _beside_cell(choice)
    stage, category, cell, town, village = (
        unindexed(getattr(rows, name)) if name in beside else getattr(rows, name)
        for name in _COUNTED
    )
    if choice.cell is not None:
        yield cell == choice.cell
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


def _beside_cell(choice: Choice) -> set[str]:
    """Columns that are not looked up in an index, since that of the cell is better."""
    if choice.cell is None:
        return set()
    if choice.stage is None or choice.category is None:
        return {"town", "village", "stage", "category"}
    return {"town", "village"}  # the three have an index


def unindexed(column: SQLColumnExpression[str]) -> SQLColumnExpression[str]:
    """The same, but not looked up in an index: beside a cell, small window or numbers none helps.

    SQLite took that of a town, stage or category, and went through all of it for another's cell.
    """
    return column.concat("")


def ordered(
    choice: Choice,
    order: Order,
    after: CaseRow | None,
    *,
    near: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """Ask for the numbers of a choice in order, after the last row of the page before.

    `near` says what finds few cases by an index of its own.
    """
    is_led = near is not None or choice.numbers is not None
    query = select(CaseRow.case_no).where(*_filters(choice, is_led=is_led))
    if near is not None:
        query = query.where(near)
    names = _SORT_KEYS.get(order)
    if names is None:
        raise ValueError(f"order must be {', '.join(_SORT_KEYS)}; got {order!r}")
    columns = [getattr(CaseRow, name) for name in names]
    query = query.order_by(*_in_direction(order, columns))
    if after is None:
        return query
    key, last = tuple_(*columns), tuple_(*(getattr(after, name) for name in names))
    return query.where(key < last if order == "newest" else key > last)


def _in_direction(
    order: Order, columns: Iterable[SQLColumnExpression[Any]]
) -> list[ColumnElement[Any]]:
    return [key.desc() if order == "newest" else key.asc() for key in columns]


def walked(choice: Choice, order: Order, after: CaseRow | None, limit: int | None) -> Select[Any]:
    """Ask for the numbers of a page, led by the order.

    An index that begins with the stage has the order of one stage: of several all cases would be
    sorted. So a page of each is merged.
    """
    stages = () if isinstance(choice.stage, str) else dict.fromkeys(choice.stage or ())
    is_narrow = (choice.cell, choice.patrol, choice.numbers) != (None, None, None)
    if limit is None or order == "number" or is_narrow or len(stages) < 2:
        return ordered(choice, order, after).limit(limit)
    sort_key, _ = _SORT_KEYS[order]
    pages = [
        ordered(replace(choice, stage=stage), order, after)
        .add_columns(getattr(CaseRow, sort_key))
        .limit(limit)
        .subquery()
        for stage in stages
    ]
    merged = union_all(*map(select, pages)).subquery()
    keys = (merged.c[name] for name in _SORT_KEYS[order])
    return select(merged.c.case_no).order_by(*_in_direction(order, keys)).limit(limit)


def in_window(session: Session, bbox: Bounds) -> ColumnElement[bool] | None:
    """Let the spatial index lead where few cases lie in the window; None: the order leads."""
    if session.get_bind().dialect.name != "sqlite":
        return _meets(bbox) if _expected(session, bbox) <= FEW else None
    points = _points_in(bbox)
    some = points.limit(FEW + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    # the numbers by another table: the tree itself takes longer to tell them than to find them
    named = select(_NAMES.c.case_no).where(_NAMES.c.point_id.in_(points))
    return None if found > FEW else CaseRow.case_no.in_(named)


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


def _points_in(bbox: Bounds) -> Select[Any]:
    west, south, east, north = bbox
    return select(_POINTS.c.point_id).where(
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
