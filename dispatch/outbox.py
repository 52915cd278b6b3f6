"""EDGE: the alerts of a registry: made of its history, handed out to a sender, and settled."""

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, and_, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from cases.categories import Category
from cases.database import connect, explained, session_of
from cases.people import DISTRICT, Area
from cases.store import Store
from cases.tables import EventRow, EvidenceRow
from dispatch.acknowledging import Acknowledged, Subject, acknowledge, subject_of
from dispatch.alert_tables import AlertProgressRow, AlertRow, NoticeCaseRow, NoticeRow
from dispatch.alerts import AlertEntry, Message, Outcome, State
from dispatch.bodies import bodies_of
from dispatch.digests import gather_digests, gathered_in
from dispatch.drafting import address_of
from dispatch.escalating import begin_clocks, escalate
from dispatch.expanding import Rules, expand, pass_over
from dispatch.notices import NoticeEntry, newest_notices
from dispatch.policies import Channel

_IN_HAND = (State.WAITING.value, State.SENDING.value)
_TO_SEND = (*_IN_HAND, State.HELD.value)


class Outbox(Store):
    """The alerts of a registry; may be shared between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._area = DISTRICT

    @classmethod
    def open(cls, url_or_path: str | Path, *, lock_timeout_s: float = 30.0) -> Self:
        """Open the registry that the alerts are about."""
        return cls(connect(url_or_path, lock_timeout_s=lock_timeout_s))

    def within(self, area: Area) -> Self:
        """The alerts as somebody of an area sees them listed; sending is not for it."""
        limited = copy.copy(self)
        limited._area = area
        return limited

    def refresh(self, rules: Rules, now: datetime) -> int:
        """Make alerts of what happened, of what nobody acknowledged, and of what digests hold.

        Tells how many entries of the history were read; call again while it reads any.
        """
        if not self._has_news(now):
            return 0
        with self._write() as session:
            read = expand(session, rules, now)
            escalate(session, rules, now)
            gather_digests(session, now)
            return read

    def has_begun(self) -> bool:
        """Whether a sender was started, or any of the history turned into alerts."""
        with self._read() as session:
            return bool(session.scalar(select(AlertProgressRow.seq)))

    def begin(self, since: datetime) -> int:
        """Tell nobody of what is older than a moment; from then on alerts have begun.

        Tells how many entries of cases were passed over.
        """
        with self._write() as session:
            return pass_over(session, since)

    def preview(self, rules: Rules, now: datetime, since: datetime) -> list[AlertEntry]:
        """List the alerts that `begin` and `refresh` would make, and make none."""
        with explained(self._engine), session_of(self._writing) as session, session.begin() as step:
            last = session.scalar(select(func.max(AlertRow.alert_id))) or 0
            pass_over(session, since)
            while expand(session, rules, now):
                pass
            entries = _entries(session, AlertRow.alert_id > last, limit=None)
            step.rollback()
            return entries

    def claim(
        self,
        rules: Rules,
        categories: Mapping[str, Category],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
    ) -> list[Message]:
        """Take the alerts whose turn it is; whoever does not settle them in time loses them.

        Of one case, person and channel only the oldest unsettled alert is given out.
        """
        if limit <= 0 or not self._has_ready(now):
            return []
        with self._write() as session:
            rows = list(session.scalars(_ready(now).limit(limit)))
            bodies = bodies_of(session, rules, categories, rows, now)
            messages = [_message(rules, row, bodies[row.alert_id]) for row in rows]
            for row in rows:
                row.state, row.ready_at = State.SENDING.value, now + lease
                row.body = bodies[row.alert_id]
                row.attempts += 1
            return messages

    def take_over(self, now: datetime) -> int:
        """Take what a sender that is gone had in hand; how many alerts that were.

        Only whoever is the only sender may do so.
        """
        with self._write() as session:
            left = session.execute(
                update(AlertRow)
                .where(AlertRow.state == State.SENDING.value)
                .values(ready_at=now)
                .returning(AlertRow.alert_id)
            )
            return len(left.all())

    def settle(self, rules: Rules, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write down what became of alerts that were handed over; their clocks begin."""
        if not outcomes:
            return
        with self._write() as session:
            for outcome in outcomes:
                row = session.get_one(AlertRow, outcome.alert_id)
                if row.state != State.SENDING.value:
                    continue  # another sender, which took it for lost, has settled it
                row.state = outcome.state.value
                row.error = outcome.error
                row.receipt = outcome.receipt or row.receipt
                if outcome.retry_at is not None:
                    row.ready_at = outcome.retry_at
                else:
                    row.settled_at = now
                begin_clocks(session, rules, row, now)

    def photos_of(self, alert_ids: Sequence[int]) -> dict[int, list[str]]:
        """Hashes of the photos that are evidence of the cases that alerts tell of, by alert.

        A digest tells of all that was merged into it.
        """
        with self._read() as session:
            rows = session.scalars(select(AlertRow).where(AlertRow.alert_id.in_(alert_ids))).all()
            return {row.alert_id: _photos(session, gathered_in(session, row)) for row in rows}

    def next_ready(self) -> datetime | None:
        """When the next alert may be sent; None where none waits."""
        with self._read() as session:
            return session.scalar(
                select(func.min(AlertRow.ready_at)).where(AlertRow.state.in_(_TO_SEND))
            )

    def acknowledge(self, word: str, *, now: datetime) -> Acknowledged:
        """Note that whoever got an alert has seen it; nothing of its events is escalated then.

        The word is the one of its link; a voice gateway is given it, too, and tells it when
        somebody who was called has pressed a button. Keys are no words: they follow from the
        history.

        Raises:
            UnknownAlertError: no alert has the word.
        """
        with self._write() as session:
            return acknowledge(session, word, now)

    def subject(self, word: str) -> Subject:
        """Look an alert up by the word of its link, before it is acknowledged.

        Raises:
            UnknownAlertError: no alert has the word.
        """
        with self._read() as session:
            return subject_of(session, word)

    def counts(self) -> dict[State, int]:
        """Count alerts by state."""
        query = select(AlertRow.state, func.count()).group_by(AlertRow.state)
        with self._read() as session:
            counted = {State(state): int(count) for state, count in session.execute(query)}
        return {state: counted.get(state, 0) for state in State}

    def alerts(
        self,
        *,
        state: State | None = None,
        channel: Channel | None = None,
        case_no: str | None = None,
        limit: int = 200,
    ) -> list[AlertEntry]:
        """List alerts, newest first."""
        wanted = [
            AlertRow.state == state.value if state else None,
            AlertRow.channel == channel.value if channel else None,
            NoticeRow.case_no == case_no if case_no else None,
        ]
        given = [clause for clause in wanted if clause is not None]
        with self._read() as session:
            return _entries(session, and_(True, *given), limit=limit)

    def notices(self, limit: int, before: int | None = None) -> list[NoticeEntry]:
        """List what people were told of, newest first; those before a notice if one is named."""
        with self._read() as session:
            return newest_notices(session, limit, self._area, before)

    def retry_dead(self, now: datetime) -> int:
        """Let the dead letters that have an address be sent again; how many those are."""
        with self._write() as session:
            revived = session.execute(
                update(AlertRow)
                .where(AlertRow.state == State.DEAD.value, AlertRow.attempts > 0)
                .values(state=State.WAITING.value, ready_at=now, attempts=0, settled_at=None)
                .returning(AlertRow.alert_id)
            )
            return len(revived.all())

    def _has_news(self, now: datetime) -> bool:
        """Whether there is anything to make alerts of, found without the write lock."""
        with self._read() as session:
            done = session.scalar(select(AlertProgressRow.seq)) or 0
            unread = select(exists().where(EventRow.seq > done))
            late = select(
                exists().where(
                    NoticeRow.escalate_at <= now,
                    NoticeRow.acknowledged_at.is_(None),
                    NoticeRow.ended_at.is_(None),
                )
            )
            digest = select(
                exists().where(AlertRow.state == State.DIGEST.value, AlertRow.ready_at <= now)
            )
            return any(session.scalar(query) for query in (unread, late, digest))

    def _has_ready(self, now: datetime) -> bool:
        with self._read() as session:
            query = exists().where(AlertRow.state.in_(_TO_SEND), AlertRow.ready_at <= now)
            return bool(session.scalar(select(query)))


def _ready(now: datetime) -> Any:
    """Alerts whose turn it is, those of urgent cases first."""
    before = aliased(AlertRow)
    blocked = exists().where(
        before.lane == AlertRow.lane,
        before.state.in_(_IN_HAND),
        before.alert_id < AlertRow.alert_id,
    )
    return (
        select(AlertRow)
        .where(AlertRow.state.in_(_TO_SEND), AlertRow.ready_at <= now, ~blocked)
        .order_by(AlertRow.urgency, AlertRow.ready_at, AlertRow.alert_id)
    )


def _photos(session: Session, parts: Sequence[AlertRow]) -> list[str]:
    query = (
        select(EvidenceRow.photo_sha256)
        .join(NoticeCaseRow, NoticeCaseRow.case_no == EvidenceRow.case_no)
        .where(NoticeCaseRow.notice_id.in_([part.notice_id for part in parts]))
        .distinct()
        .order_by(EvidenceRow.photo_sha256)
    )
    return list(session.scalars(query))


def _message(rules: Rules, row: AlertRow, body: Mapping[str, Any]) -> Message:
    channel = Channel(row.channel)
    person = rules.table.person(row.person_id)
    return Message(
        alert_id=row.alert_id,
        key=row.key,
        word=row.token,
        channel=channel,
        person_id=row.person_id,
        address=address_of(person, channel) if person else "",
        body=body,
        attempts=row.attempts + 1,
        is_repeat=row.state == State.SENDING.value,
    )


def _entries(session: Session, clause: Any, *, limit: int | None) -> list[AlertEntry]:
    query = select(AlertRow, NoticeRow).join(NoticeRow, NoticeRow.notice_id == AlertRow.notice_id)
    newest = query.where(clause).order_by(AlertRow.alert_id.desc()).limit(limit)
    return [_entry(alert, notice) for alert, notice in session.execute(newest)]


def _entry(alert: AlertRow, notice: NoticeRow) -> AlertEntry:
    return AlertEntry(
        alert_id=alert.alert_id,
        key=alert.key,
        case_no=notice.case_no,
        event=notice.event,
        person_id=alert.person_id,
        channel=alert.channel,
        told_as=alert.told_as,
        state=State(alert.state),
        ready_at=alert.ready_at,
        attempts=alert.attempts,
        receipt=alert.receipt,
        error=alert.error,
        created_at=alert.created_at,
        settled_at=alert.settled_at,
        acknowledged_by=notice.acknowledged_by,
    )
