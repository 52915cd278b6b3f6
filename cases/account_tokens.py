"""EDGE: the tokens by which programs act for accounts: made, listed, taken back, let in by."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cases.account_log import TOKEN_MADE, TOKEN_REVOKED, note_own
from cases.account_rows import account_of, account_row, token_hash, token_of
from cases.account_tables import AccountRow, TokenRow
from cases.errors import AccountError, SignInError, TooManyTokensError
from cases.people import Account, ApiToken, Deed, Scope
from cases.store import Store

MOST_TOKEN_LIFE = timedelta(days=366)
MOST_TOKENS = 20
"""An account has at most so many that have not ended: one for each of its programs."""


class Tokens(Store):
    """All tokens of a registry; may be shared between threads."""

    def add_token(
        self,
        name: str,
        label: str,
        scopes: tuple[Scope, ...],
        *,
        life: timedelta,
        now: datetime,
        deed: Deed | None = None,
    ) -> str:
        """Make a token by which a program acts for an account; it is told this once.

        Those of the account that have ended are forgotten.

        Raises:
            AccountError: there is no such account, or the life is too long.
            TooManyTokensError: it has `MOST_TOKENS`.
        """
        if not timedelta(0) < life <= MOST_TOKEN_LIFE:
            raise AccountError(f"a token lives 1 to {MOST_TOKEN_LIFE.days} days; got {life.days}")
        token = f"aerogrid_{secrets.token_urlsafe(32)}"
        token_id = secrets.token_hex(4)
        with self._write() as session:
            account = account_row(session, name).name
            _make_room(session, account, now)
            note_own(session, deed, _told(TOKEN_MADE, token_id, account, label, scopes))
            session.add(
                TokenRow(
                    token_sha256=token_hash(token),
                    token_id=token_id,
                    account=account,
                    label=label,
                    scopes=" ".join(scopes),
                    ends_at=now + life,
                )
            )
        return token

    def tokens(self) -> list[ApiToken]:
        """List the tokens of all accounts, without what would let anybody in."""
        with self._read() as session:
            order = select(TokenRow).order_by(TokenRow.account, TokenRow.ends_at)
            return [token_of(row) for row in session.scalars(order)]

    def revoke_token(self, token_id: str, deed: Deed | None = None) -> None:
        """Take a token back for good."""
        with self._write() as session:
            gone = (
                delete(TokenRow)
                .where(TokenRow.token_id == token_id)
                .returning(TokenRow.account, TokenRow.label)
            )
            revoked = session.execute(gone).first()
            if revoked is None:
                raise AccountError(
                    f"no token has the id {token_id!r}; `account token list` has all"
                )
            note_own(session, deed, _told(TOKEN_REVOKED, token_id, revoked.account, revoked.label))

    def of_token(self, token: str, now: datetime) -> tuple[Account, tuple[Scope, ...]]:
        """For whom a program acts, and what it may do; SignInError where the token has ended."""
        with self._read() as session:
            row = session.get(TokenRow, token_hash(token))
            account = session.get(AccountRow, row.account) if row else None
            if row is None or account is None or row.ends_at <= now or not account.is_active:
                raise SignInError("the token is not known, has ended, or its account is not active")
            return account_of(account), token_of(row).scopes


def end_tokens(session: Session, name: str) -> None:
    """Take all tokens of an account back."""
    session.execute(delete(TokenRow).where(TokenRow.account == name))


def _make_room(session: Session, name: str, now: datetime) -> None:
    is_theirs = TokenRow.account == name
    session.execute(delete(TokenRow).where(is_theirs, TokenRow.ends_at <= now))
    count = session.scalar(select(func.count()).select_from(TokenRow).where(is_theirs)) or 0
    if count >= MOST_TOKENS:
        raise TooManyTokensError(name, count, MOST_TOKENS)


def _told(kind: str, token_id: str, name: str, label: str, scopes: tuple[Scope, ...] = ()) -> str:
    """As it is noted; the label comes last, since it may hold anything."""
    parts = (token_id, name, " ".join(scopes), label)
    return f"{kind}: {', '.join(part for part in parts if part)}"
