"""EDGE: several alerts of a person in one message, and which they are.

The first of them is sent, told as `digest`; the others are MERGED, with the key of the first as
their receipt.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from dispatch.alert_tables import AlertRow, NoticeRow
from dispatch.alerts import State

DIGEST = "digest"
"""As what a person is told who is told of several events at once."""

_AT_ONCE = 10_000


def gather_digests(session: Session, now: datetime) -> int:
    """Put what waits for a person's digest into one alert; how many digests that made."""
    query = select(AlertRow).where(AlertRow.state == State.DIGEST.value, AlertRow.ready_at <= now)
    rows = list(session.scalars(query.order_by(AlertRow.alert_id).limit(_AT_ONCE)))
    groups = by_person(rows)
    for group in groups:
        gather(group, now)
    return len(groups)


def by_person(rows: Sequence[AlertRow]) -> list[list[AlertRow]]:
    """Group alerts by person and channel, each group in its order."""
    groups: dict[tuple[str, str], list[AlertRow]] = {}
    for row in rows:
        groups.setdefault((row.person_id, row.channel), []).append(row)
    return list(groups.values())


def gather(rows: Sequence[AlertRow], now: datetime) -> None:
    """Send the first on, as a digest of all; the others say in which they came."""
    first = rows[0]
    first.state, first.ready_at = State.WAITING.value, now
    first.told_as = DIGEST
    first.lane = f"digest|{first.person_id}|{first.channel}"
    first.urgency = min(row.urgency for row in rows)
    for row in rows[1:]:
        row.state, row.receipt, row.settled_at = State.MERGED.value, first.key, now


def gathered_in(session: Session, row: AlertRow) -> list[AlertRow]:
    """List the alerts that come in a message: itself, and what was merged into it."""
    if row.told_as != DIGEST:
        return [row]
    merged = and_(AlertRow.receipt == row.key, AlertRow.state == State.MERGED.value)
    query = select(AlertRow).where(
        AlertRow.person_id == row.person_id, or_(AlertRow.alert_id == row.alert_id, merged)
    )
    return list(session.scalars(query.order_by(AlertRow.alert_id)))


def cancel_digests(session: Session, unsettled: Sequence[str], now: datetime) -> None:
    """Cancel digests that were not sent yet and all of whose events have ended."""
    part = aliased(AlertRow)
    merged = and_(part.receipt == AlertRow.key, part.state == State.MERGED.value)
    alive = (
        exists()
        .where(
            part.person_id == AlertRow.person_id, or_(part.alert_id == AlertRow.alert_id, merged)
        )
        .where(NoticeRow.notice_id == part.notice_id, NoticeRow.ended_at.is_(None))
    )
    session.execute(
        update(AlertRow)
        .where(AlertRow.told_as == DIGEST, AlertRow.state.in_(unsettled), ~alive)
        .values(state=State.CANCELLED.value, settled_at=now)
        .execution_options(synchronize_session=False)
    )
