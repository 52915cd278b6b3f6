"""EDGE: how notices and alerts lie in the registry's database, beside the cases they are about."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables import Base, CanonicalJson, UtcTime

BEGUN = -1
"""Before the first entry of a history, which is 1, and no number of any."""


class AlertProgressRow(Base):
    """Up to which entry the history has been turned into alerts; one row.

    Attributes:
        seq: 0 where no sender was ever started, BEGUN where one was and no entry is done yet.
    """

    __tablename__ = "alert_progress"

    progress_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]


class NoticeRow(Base):
    """One event that people are told of, however many and by whatever channels."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_merge", "event", "category", "cell_code", "created_at"),
        Index("ix_notices_escalate", "escalate_at"),
    )

    notice_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    seq: Mapped[int]
    category: Mapped[str]
    cell_code: Mapped[str]
    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    level: Mapped[int]
    """How many levels of the territory have been told beyond the first."""
    escalate_at: Mapped[datetime | None] = mapped_column(UtcTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcTime)
    acknowledged_by: Mapped[str | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class NoticeCaseRow(Base):
    """A case that a notice is about; an event of several cases is one notice."""

    __tablename__ = "notice_cases"
    __table_args__ = (Index("ix_notice_cases_case", "case_no"),)

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.notice_id"), primary_key=True)
    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"), primary_key=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AlertRow(Base):
    """One message to one person, or to all who listen, by one channel.

    Attributes:
        key: the same whenever the same alert is made again; gateways tell repeats by it.
        lane: case, person and channel, within which alerts keep their order.
        ready_at: not before; of one that is being sent, when it is taken to be lost.
        body: as it was first handed over, so that repeats are word for word the same.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_alerts_ready", "state", "ready_at"),
        Index("ix_alerts_lane", "lane", "state", "alert_id"),
        Index("ix_alerts_person", "person_id", "created_at"),
        Index("ix_alerts_notice", "notice_id"),
    )

    alert_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.notice_id"))
    lane: Mapped[str]
    person_id: Mapped[str]
    channel: Mapped[str]
    told_as: Mapped[str]
    urgency: Mapped[int]
    state: Mapped[str]
    ready_at: Mapped[datetime] = mapped_column(UtcTime)
    attempts: Mapped[int]
    body: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    receipt: Mapped[str]
    error: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)
