"""EDGE: how rows of accounts and tokens are read as values, and found."""

import hashlib
from typing import Any

from sqlalchemy.orm import Session

from cases.account_tables import AccountRow, TokenRow
from cases.errors import AccountError
from cases.people import Account, ApiToken, Area, Scope, roles_of


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def account_row(session: Session, name: str) -> AccountRow:
    """Find an account by its name; AccountError where there is none."""
    row = session.get(AccountRow, name)
    if row is None:
        raise AccountError(f"no account {name!r}; `aerogrid account list` has all")
    return row


def account_of(row: Any) -> Account:
    """Of a row of accounts, with whatever stands beside it."""
    return Account(
        name=row.name,
        display_name=row.display_name,
        roles=roles_of(row.roles.split()),
        area=Area(row.town, row.village),
        is_active=row.is_active,
    )


def columns_of(account: Account) -> dict[str, str | bool]:
    """What stands in the row of an account, but for the password."""
    return {
        "name": account.name,
        "display_name": account.display_name,
        "roles": " ".join(account.roles),
        "town": account.area.town,
        "village": account.area.village,
        "is_active": account.is_active,
    }


def token_of(row: TokenRow) -> ApiToken:
    """Of a row of tokens."""
    scopes = tuple(Scope(name) for name in row.scopes.split())
    return ApiToken(row.token_id, row.account, row.label, scopes, row.ends_at)
