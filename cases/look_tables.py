"""EDGE: how looks that check a decision lie in the registry's database.

They are a list of work, like claims; what was answered stands in the history.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables import Base, CanonicalJson, UtcTime


class LookRow(Base):
    """A decided case that somebody else is to judge without knowing how it was decided."""

    __tablename__ = "looks"
    __table_args__ = (
        Index("ix_looks_case", "case_no", "who"),
        Index("ix_looks_open", "answer", "kind", "look_id"),
        Index("ix_looks_answered", "answered_at"),
    )

    look_id: Mapped[int] = mapped_column(primary_key=True)
    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"))
    kind: Mapped[str]
    expected: Mapped[str]
    first_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
    """Who has it, or has answered; empty while nobody has."""
    until: Mapped[datetime | None] = mapped_column(UtcTime)
    passed_by: Mapped[str]
    """Who has left it without an answer last, and is not asked again."""
    answer: Mapped[str]
    """Empty while there is none."""
    reason: Mapped[str]
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(CanonicalJson, server_default="[]")
    """Of whoever has it, oldest first; the case takes none of them."""


class ControlRow(Base):
    """A case of which it is known how it has to be decided."""

    __tablename__ = "controls"

    case_no: Mapped[str] = mapped_column(ForeignKey("cases.case_no"), primary_key=True)
    answer: Mapped[str]
    source: Mapped[str]
