"""EDGE: what has happened since a place in the history, for those who watch it live?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.listing import in_area
from cases.looks import LOOKED
from cases.people import Area
from cases.store import AreaStore
from cases.tables import CaseRow, EventRow
from dispatch.alert_tables import NoticeRow
from dispatch.notices import NoticeEntry, notices_after


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where somebody knows the history and the alerts; (0, 0) is before all of both."""

    seq: int
    notice_id: int

    def is_beyond(self, other: "Place") -> bool:
        """Whether there is anything between the other place and this one."""
        return self.seq > other.seq or self.notice_id > other.notice_id


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the history of a case, with what the case is now; `reason` is empty for none."""

    seq: int
    at: datetime
    actor: str
    action: str
    case_no: str
    category: str
    class_name: str
    stage: str
    urgency: int
    cell_code: str
    town: str
    village: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What has happened next, oldest first, and up to where one knows all then.

    Attributes:
        judged: what people did to cases that they judge once more, as if it were of the cases.
    """

    changes: tuple[Change, ...]
    notices: tuple[NoticeEntry, ...]
    place: Place
    judged: tuple[Change, ...] = ()


class News(AreaStore):
    """The news of a registry; may be shared between threads."""

    def place(self) -> Place:
        """Where history and alerts end now, in whatever area."""
        with self._read() as session:
            return _end(session)

    def after(self, place: Place, limit: int) -> Batch:
        """Read what comes after a place; at most `limit` changes and as many notices.

        A place beyond the end, as that of a registry that was set back since, has nothing after
        it; its batch ends where the history does.
        """
        with self._read() as session:
            end = _end(session)
            changes = _changes(session, place.seq, limit, self._area)
            notices = notices_after(session, place.notice_id, limit, self._area)
            seq = changes[-1].seq if len(changes) == limit else end.seq
            judged = tuple(_judged(session, place.seq, seq, self._area))
        notice_id = notices[-1].notice_id if len(notices) == limit else end.notice_id
        return Batch(tuple(changes), tuple(notices), Place(seq, notice_id), judged)


def _end(session: Session) -> Place:
    seq = session.scalar(select(func.max(EventRow.seq)))
    notice_id = session.scalar(select(func.max(NoticeRow.notice_id)))
    return Place(seq or 0, notice_id or 0)


_OF_CASE = tuple(
    getattr(CaseRow, name)
    for name in (
        "case_no", "category", "class_name", "stage", "urgency", "cell_code", "town", "village",
    )
)  # fmt: skip


def _changes(session: Session, seq: int, limit: int, area: Area) -> list[Change]:
    query = (
        select(
            EventRow.seq, EventRow.at, EventRow.actor, EventRow.action, EventRow.details, *_OF_CASE
        )
        .join(CaseRow, CaseRow.case_no == EventRow.case_no)
        .where(EventRow.seq > seq, *in_area(area, CaseRow.town, CaseRow.village))
        .order_by(EventRow.seq)
        .limit(limit)
    )
    return [_change(dict(row._mapping)) for row in session.execute(query)]


def _change(told: dict[str, Any]) -> Change:
    details = told.pop("details")
    return Change(**told, reason=str(details.get("reason", "")))


def _judged(session: Session, after: int, until: int, area: Area) -> Iterator[Change]:
    query = select(EventRow.seq, EventRow.at, EventRow.actor, EventRow.details).where(
        EventRow.seq > after, EventRow.seq <= until,
        EventRow.case_no.is_(None), EventRow.action == LOOKED,
    )  # fmt: skip
    notes = list(session.execute(query.order_by(EventRow.seq)))
    numbers = {note.details["case"] for note in notes}
    of_area = in_area(area, CaseRow.town, CaseRow.village)
    found = select(*_OF_CASE).where(CaseRow.case_no.in_(numbers), *of_area) if numbers else None
    cases = {row.case_no: row for row in session.execute(found)} if found is not None else {}
    for note in notes:
        case, told = cases.get(note.details["case"]), note.details
        if case is None or "action" not in told:  # of another area, or of an earlier aerogrid
            continue
        of_case = {**case._mapping, "stage": told["to"]}
        reason = str(told.get("reason", ""))
        yield Change(note.seq, note.at, note.actor, told["action"], **of_case, reason=reason)
