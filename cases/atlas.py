"""EDGE: where do the cases of a district lie, and how many has each cell? Without evidence."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, union

from cases.lifecycle import Stage
from cases.listing import Choice, in_area, unindexed, walked
from cases.people import Area
from cases.store import AreaStore
from cases.tables import CaseCountRow, CaseRow

_NOT_SHOWN = (Stage.WITHDRAWN, Stage.REJECTED, Stage.EVALUATED)
SHOWN = tuple(stage for stage in Stage if stage not in _NOT_SHOWN)
"""Stages of the cases that a map of the district shows."""


@dataclass(frozen=True, slots=True)
class CasePoint:
    """A case as a dot of a map."""

    case_no: str
    lon_deg: float
    lat_deg: float
    stage: str
    category: str
    urgency: int
    cell_code: str


_POINTS = select(*(getattr(CaseRow, name) for name in CasePoint.__slots__))


class Atlas(AreaStore):
    """The cases of a registry by place; may be shared between threads."""

    def points(self, limit: int, *, also: Collection[str] = ()) -> list[CasePoint]:
        """List cases as dots, those first that are to be worked on first; `also` in any stage."""
        query = dots(self._area, limit, also)
        with self._look() as connection:
            return [CasePoint(*row) for row in connection.execute(query)]

    def points_of(self, numbers: Collection[str]) -> list[CasePoint]:
        """Show where these cases lie, whatever their stage."""
        if not numbers:
            return []
        query = numbered(self._area, numbers)
        with self._look() as connection:
            return [CasePoint(*row) for row in connection.execute(query)]

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Count the cases of each cell by stage."""
        query = (
            select(CaseCountRow.cell_code, CaseCountRow.stage, func.sum(CaseCountRow.cases))
            .where(*in_area(self._area, CaseCountRow.town, CaseCountRow.village))
            .group_by(CaseCountRow.cell_code, CaseCountRow.stage)
        )
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        with self._read() as session:
            for code, stage, cases in session.execute(query):
                counted[code][stage] = int(cases)
        return counted

    def last_seen(self) -> Mapping[str, datetime]:
        """When a case was last seen in each cell, by a patrol that flew there."""
        with self._read() as session:
            newest = session.execute(newest_sights(self._area))
            return {code: seen for code, seen in newest if seen is not None}


def dots(area: Area, limit: int, also: Collection[str] = ()) -> Select[Any]:
    """Ask for the dots of a map, the first of them in the order of work.

    As many of each stage are merged: a walk through all cases is long where most are over, a sort
    of those that are shown where most are not.
    """
    first = walked(Choice(SHOWN, area=area), "urgency", None, limit)
    named = select(CaseRow.case_no).where(
        CaseRow.case_no.in_(also),
        *in_area(area, unindexed(CaseRow.town), unindexed(CaseRow.village)),
    )
    numbers = union(first.subquery().select(), named) if also else first
    points = _POINTS.where(CaseRow.case_no.in_(numbers))
    return points.order_by(CaseRow.queue_rank, CaseRow.case_no).limit(limit)


def numbered(area: Area, numbers: Collection[str]) -> Select[Any]:
    """Ask for the dots of some cases: by their numbers, not by going through their town."""
    of_area = in_area(area, unindexed(CaseRow.town), unindexed(CaseRow.village))
    named = CaseRow.case_no.in_(numbers)
    return _POINTS.where(named, *of_area).order_by(CaseRow.case_no)


def newest_sights(area: Area) -> Select[Any]:
    """Ask for the last sight of a case in each cell, none where there is none any more.

    Each is the last entry of an index: to group the cases goes through all of them.
    """
    of_area = in_area(area, CaseCountRow.town, CaseCountRow.village)
    cells = select(CaseCountRow.cell_code).where(*of_area).distinct().subquery()
    newest = select(func.max(CaseRow.last_seen)).where(
        CaseRow.cell_code == cells.c.cell_code,
        *in_area(area, CaseRow.town, CaseRow.village),
    )
    return select(cells.c.cell_code, newest.scalar_subquery())
