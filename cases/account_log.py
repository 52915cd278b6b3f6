"""EDGE: what is noted of those who try to sign in, and of who changes accounts and tokens.

Nobody fills the disk with it, and nobody makes room for what others did to be forgotten: of the
tries the last are kept, of what people change of their own the last of each, and what
administrators change of accounts for good.
"""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from cases.account_tables import SignInRow
from cases.people import Account, Deed

REFUSED, SIGNED_IN = "refused", "signed in"
KEPT_TRIES = 200_000
"""So many tries to sign in are kept, the last ones of all."""
KEPT_OWN = 1_000
"""So many changes that everybody may make (tokens, one's own password) are kept of each account."""
TOKEN_MADE, TOKEN_REVOKED = "token made", "token revoked"
PASSWORD_CHANGED = "password changed"
_OWN = (TOKEN_MADE, TOKEN_REVOKED, PASSWORD_CHANGED)


def note_try(session: Session, name: str, address: str, now: datetime, outcome: str) -> int:
    """Keep that somebody tried to sign in, and forget tries of long ago; its number."""
    tried = SignInRow(at=now, name=name, address=address, outcome=outcome)
    session.add(tried)
    session.flush()
    too_old = SignInRow.sign_in_id <= tried.sign_in_id - KEPT_TRIES
    is_try = SignInRow.outcome.in_((REFUSED, SIGNED_IN))  # changes are kept
    session.execute(delete(SignInRow).where(too_old, is_try))
    return tried.sign_in_id


def note(session: Session, deed: Deed | None, what: str) -> None:
    """Keep who changed what, with the change; nothing of what is done at the machine."""
    if deed is not None:
        session.add(SignInRow(at=deed.now, name=deed.by, address=deed.address, outcome=what))


def note_own(session: Session, deed: Deed | None, what: str) -> None:
    """Keep a change that everybody may make; the last of each account are kept."""
    if deed is None:
        return
    note(session, deed, what)
    session.flush()
    is_own = or_(*(SignInRow.outcome.startswith(f"{kind}: ") for kind in _OWN))
    by_them = select(SignInRow.sign_in_id).where(SignInRow.name == deed.by, is_own)
    last_to_go = session.scalar(
        by_them.order_by(SignInRow.sign_in_id.desc()).offset(KEPT_OWN).limit(1)
    )
    if last_to_go is not None:
        gone = (SignInRow.name == deed.by, is_own, SignInRow.sign_in_id <= last_to_go)
        session.execute(delete(SignInRow).where(*gone))


def told(account: Account) -> str:
    """Name, roles and area of an account, as they are noted."""
    area = " / ".join(part for part in (account.area.town, account.area.village) if part)
    return f"{account.name}, {' '.join(account.roles)}, {area or 'whole district'}"
