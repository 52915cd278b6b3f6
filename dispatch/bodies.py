"""EDGE: write what alerts say, from the cases, their histories and who was told before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from cases.categories import Category, Words
from cases.histories import histories
from cases.model import Case, Event
from cases.reading import read_cases
from dispatch.alert_tables import AlertRow, NoticeCaseRow, NoticeRow
from dispatch.alerts import State, alert_key
from dispatch.assigning import owner_of
from dispatch.deadlines import course_of, deadline_of
from dispatch.digests import DIGEST, gathered_in
from dispatch.errors import CalendarError
from dispatch.expanding import Rules
from dispatch.wording import (
    Telling,
    Told,
    alert_body,
    deadline_words,
    digest_body,
    limit_words,
    unanswered_words,
)


def bodies_of(
    session: Session,
    rules: Rules,
    categories: Mapping[str, Category],
    rows: Sequence[AlertRow],
    now: datetime,
) -> dict[int, dict[str, Any]]:
    """Say what alerts say, by alert: as they were first handed over, else as it is now."""
    parts = {row.alert_id: gathered_in(session, row) for row in rows if row.body is None}
    writer = _Writer(session, rules, categories, [row for group in parts.values() for row in group])
    return {
        row.alert_id: row.body
        if row.body is not None
        else writer.body(row, parts[row.alert_id], now)
        for row in rows
    }


class _Writer:
    """Writes what alerts say; cases and histories of all of them are read at once."""

    def __init__(
        self,
        session: Session,
        rules: Rules,
        categories: Mapping[str, Category],
        rows: Sequence[AlertRow],
    ) -> None:
        ids = {row.notice_id for row in rows}
        self._session, self._rules, self._categories = session, rules, categories
        notices = session.scalars(select(NoticeRow).where(NoticeRow.notice_id.in_(ids)))
        self._notices = {notice.notice_id: notice for notice in notices}
        members = select(NoticeCaseRow).where(NoticeCaseRow.notice_id.in_(ids))
        self._members: dict[int, list[str]] = {}
        for member in session.scalars(members.order_by(NoticeCaseRow.case_no)):
            self._members.setdefault(member.notice_id, []).append(member.case_no)
        numbers = list(dict.fromkeys(no for group in self._members.values() for no in group))
        self._cases: dict[str, Case] = read_cases(session, numbers)
        self._histories: dict[str, list[Event]] = histories(session, numbers)

    def body(self, row: AlertRow, parts: Sequence[AlertRow], now: datetime) -> dict[str, Any]:
        """Body of an alert; a digest tells what has not ended meanwhile."""
        page = self._rules.settings.page_url
        link = f"{page}/alerts/{row.token}" if page else ""
        if row.told_as != DIGEST:
            return alert_body(self._telling(row, now), link)
        going_on = [part for part in parts if self._notices[part.notice_id].ended_at is None]
        return digest_body([self._telling(part, now) for part in going_on or parts], link)

    def _telling(self, row: AlertRow, now: datetime) -> Telling:
        notice = self._notices[row.notice_id]
        numbers = sorted(self._members[row.notice_id], key=lambda number: number != notice.case_no)
        unanswered = self._unanswered(row, notice, now)
        return Telling(
            cases=tuple(self._cases[number] for number in numbers),
            category=self._categories.get(notice.category),
            event=notice.event,
            seq=notice.seq,
            is_theirs=unanswered is None and self._has_to_handle(row.person_id, notice),
            deadline=self._deadline(notice, now),
            unanswered=unanswered,
        )

    def _has_to_handle(self, person_id: str, notice: NoticeRow) -> bool:
        case, history = self._cases[notice.case_no], self._histories[notice.case_no]
        owner = owner_of(case, history, self._rules.table)
        return owner is not None and person_id in {person.id for person in owner.people}

    def _deadline(self, notice: NoticeRow, now: datetime) -> Words | None:
        category = self._categories.get(notice.category)
        if category is None:
            return None
        course = course_of(self._histories[notice.case_no])
        try:
            deadline = deadline_of(course, category.limit, self._rules.timetable, now=now)
        except CalendarError:  # years away from its days: an alert is not held up by that
            return limit_words(category.limit)
        return deadline_words(deadline, category.limit, self._rules.settings.utc_offset_hours)

    def _unanswered(self, row: AlertRow, notice: NoticeRow, now: datetime) -> Words | None:
        """Who was told before; None for the first who are told of an event."""
        if row.key == alert_key(notice.key, 0, row.person_id, row.channel):
            return None
        told = self._told_before(row)
        return unanswered_words(told, now, self._rules.settings.utc_offset_hours)

    def _told_before(self, row: AlertRow) -> list[Told]:
        """People who were handed an alert of the event before one was made, in that order."""
        digest = aliased(AlertRow)
        came = and_(digest.key == AlertRow.receipt, digest.state == State.DELIVERED.value)
        taken = or_(
            AlertRow.state == State.DELIVERED.value,
            and_(AlertRow.state == State.MERGED.value, digest.alert_id.is_not(None)),
        )
        query = (
            select(AlertRow.person_id, AlertRow.settled_at)
            .outerjoin(digest, came)
            .where(AlertRow.notice_id == row.notice_id, AlertRow.person_id != "", taken)
            .where(AlertRow.created_at < row.created_at, AlertRow.settled_at <= row.created_at)
            .order_by(AlertRow.settled_at, AlertRow.alert_id)
        )
        first: dict[str, datetime] = {}
        for person_id, settled_at in self._session.execute(query):
            first.setdefault(person_id, settled_at or row.created_at)
        return [Told(self._name(person_id), at) for person_id, at in first.items()]

    def _name(self, person_id: str) -> str:
        person = self._rules.table.person(person_id)
        return person.name if person else person_id
