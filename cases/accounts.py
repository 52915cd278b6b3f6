"""EDGE: the accounts of a registry: made, changed, ended, and signed in by.

They live in the registry's database, so that one backup holds all of it, and are no part of its
history. Passwords are kept as argon2id hashes; of a session's or program's token only the SHA-256
is kept: it has 256 random bits, so nothing slower is needed.
"""

import secrets
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Engine, Row, delete, func, select, update
from sqlalchemy.orm import Session

from cases.account_log import PASSWORD_CHANGED, REFUSED, SIGNED_IN, note, note_own, note_try, told
from cases.account_rows import account_of, account_row, columns_of, token_hash
from cases.account_tables import AccountRow, SessionRow, SignInRow
from cases.account_tokens import Tokens, end_tokens
from cases.database import connect
from cases.errors import (
    AccountLockedError,
    LastKeeperError,
    LookAlikeError,
    NameTakenError,
    SignInError,
    TooManyTriesError,
    WrongPasswordError,
)
from cases.lifecycle import Role
from cases.people import (
    SIGN_IN_NAME,
    Account,
    Area,
    Deed,
    SignIn,
    checked_password,
    looks_like,
)

IDLE = timedelta(minutes=30)
"""A session ends so long after its person was last there..."""
LONGEST = timedelta(hours=12)
"""...and so long after the sign-in at the latest."""
TRIES_WITHIN = timedelta(minutes=15)
MOST_TRIES_OF_NAME, MOST_TRIES_OF_ADDRESS = 10, 100
"""So many failed or unfinished sign-ins within that time are let through to a password check; an
office of fifty may share an address and begin its day at once."""

_HASHES_AT_ONCE = 2  # each takes 64 MiB


class Accounts(Tokens):
    """All accounts of a registry, with their tokens; may be shared between threads."""

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        super().__init__(engine)
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)
        self._has_some = False

    @cached_property
    def _nobodys_hash(self) -> str:
        """What the password of an unknown name is held against."""
        return self._hasher.hash(secrets.token_urlsafe())

    @classmethod
    def open(cls, url_or_path: str | Path, *, hasher: PasswordHasher | None = None) -> Self:
        """Open the accounts of a registry by its path or SQLAlchemy URL."""
        return cls(connect(url_or_path, lock_timeout_s=10.0), hasher)

    def are_there(self) -> bool:
        """Whether anybody has an account, active or not."""
        if not self._has_some:  # none is ever removed
            with self._read() as session:
                self._has_some = session.scalar(select(AccountRow.name).limit(1)) is not None
        return self._has_some

    def all(self) -> list[Account]:
        """List the accounts by name."""
        with self._read() as session:
            return [account_of(row) for row in session.scalars(_BY_NAME)]

    def account(self, name: str) -> Account:
        """Look up one account; AccountError where there is none."""
        with self._read() as session:
            return account_of(account_row(session, name))

    def add(self, account: Account, password: str, deed: Deed | None = None) -> None:
        """Make an account; who does it on the page (`deed`) is noted with it, here as below.

        Raises:
            NameTakenError: its name is taken.
            LookAlikeError: its display name reads as another's.
            EasyPasswordError: the password is too easy.
        """
        hashed = self._hash(password, account.name)
        with self._write() as session:
            known = {row.name: row.display_name for row in session.scalars(_BY_NAME)}
            if account.name in known:
                raise NameTakenError(account.name)
            like = looks_like(account.display_name, known.values())
            if like is not None:
                raise LookAlikeError(account.display_name, like)
            session.add(AccountRow(**columns_of(account), password_hash=hashed))
            note(session, deed, f"account made: {told(account)}")

    def change(
        self, name: str, *, roles: tuple[Role, ...], area: Area, deed: Deed | None = None
    ) -> Account:
        """Give an account other roles and another area; they count from the next request on.

        Raises:
            AccountError: there is no such account.
            LastKeeperError: by the page, and nobody would be left there who keeps the accounts.
        """
        with self._write() as session:
            row = account_row(session, name)
            changed = replace(account_of(row), roles=roles, area=area)
            _set(row, changed)
            _require_keeper(session, deed)
            note(session, deed, f"account changed: {told(changed)}")
            return changed

    def set_password(self, name: str, password: str, deed: Deed | None = None) -> None:
        """Give an account another password and end its sessions.

        Its tokens are taken back, too, unless it is its owner who does so (`deed`): whoever had the
        old password may have made some.
        """
        hashed = self._hash(password, name)
        with self._write() as session:
            account_row(session, name).password_hash = hashed
            _end_sessions(session, name)
            if deed is not None and deed.by == name:
                note_own(session, deed, f"{PASSWORD_CHANGED}: {name}")
            else:
                end_tokens(session, name)
                note(session, deed, f"password reset: {name}")

    def deactivate(self, name: str, deed: Deed | None = None) -> None:
        """Let nobody in by an account: its sessions and tokens are refused.

        What is left of the sessions tells those people why; it ends when the account is unlocked.

        Raises:
            AccountError: there is no such account.
            LastKeeperError: by the page, and nobody would be left there who keeps the accounts.
        """
        with self._write() as session:
            account_row(session, name).is_active = False
            _require_keeper(session, deed)
            note(session, deed, f"locked: {name}")

    def activate(self, name: str, deed: Deed | None = None) -> None:
        """Let an account be used again."""
        with self._write() as session:
            account_row(session, name).is_active = True
            _end_sessions(session, name)
            note(session, deed, f"unlocked: {name}")

    def sign_in(self, name: str, password: str, *, address: str, now: datetime) -> str:
        """Sign in; gives the token of a new session.

        The try is noted as failed before the password is looked at, so that many at once count.

        Raises:
            TooManyTriesError: too many failed of late, by this name or from this address.
            WrongPasswordError: name or password is wrong.
            AccountLockedError: both are right.
        """
        typed = name.strip().casefold()
        typed = typed if SIGN_IN_NAME.fullmatch(typed) else ""
        with self._write() as session:
            _refuse_many_tries(session, typed, address, now)
            number = note_try(session, typed, address, now, REFUSED)
            row = session.get(AccountRow, typed)
            known = row.password_hash if row else None
        nobodys = self._nobodys_hash  # an unknown name takes as long as a wrong password
        is_right = self._matches(known or nobodys, password)
        with self._write() as session:
            row = session.get(AccountRow, typed)
            if not is_right or row is None or row.password_hash != known:
                raise WrongPasswordError
            if not row.is_active:
                raise AccountLockedError
            _set_outcome(session, number)
            return _new_session(session, typed, now)

    def admit(self, name: str, *, address: str, now: datetime) -> str:
        """Sign somebody in for whom another has vouched; the token of the session.

        Raises:
            SignInError: there is no such account, or it is not active. It is noted, too.
        """
        known = name.strip().casefold()
        known = known if SIGN_IN_NAME.fullmatch(known) else ""
        with self._write() as session:
            row = session.get(AccountRow, known)
            is_in = row is not None and row.is_active
            note_try(session, known, address, now, SIGNED_IN if is_in else REFUSED)
            token = _new_session(session, known, now) if is_in else None
        if token is None:
            raise SignInError("there is no such account, or it is not active")
        return token

    def of_session(self, token: str, now: datetime) -> Account:
        """Who has signed in with this token; SignInError where the session has ended."""
        query = _SIGNED_IN.where(SessionRow.token_sha256 == token_hash(token))
        with self._look() as connection:
            return account_of(_lasting(connection.execute(query).first(), now))

    def signed_in(self, now: datetime) -> dict[str, Account]:
        """Who all has signed in, by the SHA-256 of the token."""
        with self._look() as connection:
            rows = connection.execute(_SIGNED_IN.where(SessionRow.ends_at > now)).all()
        lasting = (row for row in rows if row.is_active and row.used_at + IDLE > now)
        return {row.token_sha256: account_of(row) for row in lasting}

    def renew_session(self, token: str, now: datetime) -> None:
        """Note that the person of a session is still there."""
        of_token = SessionRow.token_sha256 == token_hash(token)
        with self._write() as session:
            _lasting(session.execute(_SIGNED_IN.where(of_token)).first(), now)
            session.execute(update(SessionRow).where(of_token).values(used_at=now))

    def sign_out(self, token: str) -> None:
        """End a session; one that has ended stays so."""
        with self._write() as session:
            session.execute(delete(SessionRow).where(SessionRow.token_sha256 == token_hash(token)))

    def sign_ins(self, limit: int) -> list[SignIn]:
        """List the last tries to sign in and changes by the page, newest first."""
        order = select(SignInRow).order_by(SignInRow.sign_in_id.desc()).limit(limit)
        with self._read() as session:
            return [
                SignIn(row.at, row.name, row.address, row.outcome) for row in session.scalars(order)
            ]

    def _hash(self, password: str, name: str) -> str:
        checked_password(password, name)
        with self._hashing:
            return self._hasher.hash(password)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            with self._hashing:
                return self._hasher.verify(hashed, password)
        except VerifyMismatchError:
            return False


_SIGNED_IN = select(
    *AccountRow.__table__.columns,
    SessionRow.token_sha256,
    SessionRow.used_at,
    SessionRow.ends_at,
).join_from(SessionRow, AccountRow, SessionRow.account == AccountRow.name)
_BY_NAME = select(AccountRow).order_by(AccountRow.name)


def _new_session(session: Session, name: str, now: datetime) -> str:
    """Begin a session of an account, and forget those that have ended; its token."""
    session.execute(delete(SessionRow).where(SessionRow.ends_at <= now))
    token = secrets.token_urlsafe(32)
    kept = token_hash(token)
    session.add(SessionRow(token_sha256=kept, account=name, used_at=now, ends_at=now + LONGEST))
    return token


def _set(row: AccountRow, account: Account) -> None:
    for name, value in columns_of(account).items():
        setattr(row, name, value)


def _lasting(row: Any, now: datetime) -> Row[Any]:
    """A session with its account, as long as both may be used."""
    if row is None:
        raise SignInError("the session is not known; sign in")
    if not row.is_active:
        raise AccountLockedError
    if row.ends_at <= now or row.used_at + IDLE <= now:
        raise SignInError("the session has ended; sign in again")
    found: Row[Any] = row
    return found


def _require_keeper(session: Session, deed: Deed | None) -> None:
    """Refuse what the page asks (`deed`) if nobody is left there who keeps the accounts.

    At the machine another can be made at any time.
    """
    if deed is None or any(account_of(row).is_keeper for row in session.scalars(_BY_NAME)):
        return
    raise LastKeeperError


def _end_sessions(session: Session, name: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.account == name))


def _set_outcome(session: Session, number: int) -> None:
    noted = update(SignInRow).where(SignInRow.sign_in_id == number).values(outcome=SIGNED_IN)
    session.execute(noted)


def _refuse_many_tries(session: Session, name: str, address: str, now: datetime) -> None:
    since = now - TRIES_WITHIN
    for column, value, most in (
        (SignInRow.name, name, MOST_TRIES_OF_NAME),
        (SignInRow.address, address, MOST_TRIES_OF_ADDRESS),
    ):
        failed = select(func.count(), func.min(SignInRow.at)).where(
            column == value, SignInRow.at > since, SignInRow.outcome == REFUSED
        )
        count, first = session.execute(failed).one()
        if count >= most:
            raise TooManyTriesError(round((first + TRIES_WITHIN - now).total_seconds()))
