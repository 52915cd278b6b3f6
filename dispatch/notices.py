"""EDGE: what was told lately, for the people who watch a screen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from cases.listing import in_area
from cases.people import DISTRICT, Area
from cases.tables import CaseRow
from dispatch.alert_tables import AlertRow, NoticeCaseRow, NoticeRow


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    """One event that people were told of.

    Attributes:
        level: how many levels of the territory were told beyond the first.
        states: how many alerts of it stand how.
    """

    notice_id: int
    event: str
    category: str
    cell_code: str
    case_nos: tuple[str, ...]
    created_at: datetime
    level: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    ended_at: datetime | None
    states: dict[str, int]


def newest_notices(
    session: Session, limit: int, area: Area = DISTRICT, before: int | None = None
) -> list[NoticeEntry]:
    """List the newest notices of an area's cases, with the cases and alerts of each."""
    newest = select(NoticeRow).order_by(NoticeRow.notice_id.desc()).limit(limit)
    if before is not None:
        newest = newest.where(NoticeRow.notice_id < before)
    return _entries(session, newest, area)


def notices_after(
    session: Session, notice_id: int, limit: int, area: Area = DISTRICT
) -> list[NoticeEntry]:
    """List the notices of an area's cases after one, oldest first."""
    later = select(NoticeRow).where(NoticeRow.notice_id > notice_id)
    return _entries(session, later.order_by(NoticeRow.notice_id).limit(limit), area)


def _entries(session: Session, wanted: Select[Any], area: Area) -> list[NoticeEntry]:
    of_area = (
        select(NoticeCaseRow.notice_id, NoticeCaseRow.case_no)
        .join(CaseRow, CaseRow.case_no == NoticeCaseRow.case_no)
        .where(*in_area(area, CaseRow.town, CaseRow.village))
    )
    if not area.is_district:
        here = of_area.where(NoticeCaseRow.notice_id == NoticeRow.notice_id)
        wanted = wanted.where(here.exists())
    rows = list(session.scalars(wanted))
    ids = [row.notice_id for row in rows]
    members = of_area.where(NoticeCaseRow.notice_id.in_(ids))
    cases: dict[int, list[str]] = {notice_id: [] for notice_id in ids}
    for notice_id, case_no in session.execute(members.order_by(NoticeCaseRow.case_no)):
        cases[notice_id].append(case_no)
    counts = (
        select(AlertRow.notice_id, AlertRow.state, func.count())
        .where(AlertRow.notice_id.in_(ids))
        .group_by(AlertRow.notice_id, AlertRow.state)
    )
    states: dict[int, dict[str, int]] = {notice_id: {} for notice_id in ids}
    for notice_id, state, count in session.execute(counts):
        states[notice_id][state] = int(count)
    return [_entry(row, cases[row.notice_id], states[row.notice_id]) for row in rows]


def _entry(row: NoticeRow, cases: list[str], states: dict[str, int]) -> NoticeEntry:
    return NoticeEntry(
        notice_id=row.notice_id,
        event=row.event,
        category=row.category,
        cell_code=row.cell_code,
        case_nos=tuple(cases),
        created_at=row.created_at,
        level=row.level,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        ended_at=row.ended_at,
        states=states,
    )
