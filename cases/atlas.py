"""EDGE: where do the cases of a district lie, and how many has each cell? Without evidence."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from cases.lifecycle import Stage
from cases.listing import in_area
from cases.store import AreaStore
from cases.tables import CaseCountRow, CaseRow

SHOWN = tuple(
    stage for stage in Stage if stage not in (Stage.WITHDRAWN, Stage.REJECTED, Stage.EVALUATED)
)
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


class Atlas(AreaStore):
    """The cases of a registry by place; may be shared between threads."""

    def points(self, limit: int, *, also: Collection[str] = ()) -> list[CasePoint]:
        """List cases as dots, those first that are to be worked on first; `also` in any stage."""
        in_stage = CaseRow.stage.in_([stage.value for stage in SHOWN])
        shown = or_(in_stage, CaseRow.case_no.in_(also)) if also else in_stage
        query = self._points().where(shown).order_by(CaseRow.queue_rank, CaseRow.case_no)
        with self._look() as connection:
            return [CasePoint(*row) for row in connection.execute(query.limit(limit))]

    def points_of(self, numbers: Collection[str]) -> list[CasePoint]:
        """Show where these cases lie, whatever their stage."""
        if not numbers:
            return []
        query = self._points().where(CaseRow.case_no.in_(numbers)).order_by(CaseRow.case_no)
        with self._look() as connection:
            return [CasePoint(*row) for row in connection.execute(query)]

    def _points(self) -> Select[Any]:
        columns = (getattr(CaseRow, name) for name in CasePoint.__slots__)
        return select(*columns).where(*in_area(self._area, CaseRow.town, CaseRow.village))

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
        query = (
            select(CaseRow.cell_code, func.max(CaseRow.last_seen))
            .where(*in_area(self._area, CaseRow.town, CaseRow.village))
            .group_by(CaseRow.cell_code)
        )
        with self._read() as session:
            return {code: seen for code, seen in session.execute(query)}
