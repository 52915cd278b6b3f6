"""EDGE: how accounts, their sessions and tokens lie in the registry's database.

They are no part of the history: it keeps who decided what, in the names that accounts signed with.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables import Base, UtcTime


class AccountRow(Base):
    """Somebody who may sign in; never removed, since the history names them."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    roles: Mapped[str]
    """Names of the roles with spaces between them."""
    town: Mapped[str]
    village: Mapped[str]
    is_active: Mapped[bool]


class SessionRow(Base):
    """Somebody who has signed in with a browser; of the token only its hash is kept."""

    __tablename__ = "account_sessions"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    used_at: Mapped[datetime] = mapped_column(UtcTime)
    ends_at: Mapped[datetime] = mapped_column(UtcTime)


class TokenRow(Base):
    """By what a program acts for an account; of the token only its hash is kept."""

    __tablename__ = "account_tokens"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[str] = mapped_column(unique=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"))
    label: Mapped[str]
    scopes: Mapped[str]
    ends_at: Mapped[datetime] = mapped_column(UtcTime)


class SignInRow(Base):
    """Somebody tried to sign in, or changed an account or token by the page (`outcome`)."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index("ix_sign_ins_name", "name", "at"),
        Index("ix_sign_ins_address", "address", "at"),
    )

    sign_in_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    name: Mapped[str]
    address: Mapped[str]
    outcome: Mapped[str]
