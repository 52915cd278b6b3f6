"""EDGE: who is working on which case right now, so that no two people take the same one?

A claim is a lease: it ends at a moment, by the time that the caller names, and needs nobody to give
it back. It is no part of the history; what was decided is. Every function runs inside a writing
transaction, of which the registry has one at a time, and so is atomic.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from cases.errors import CaseClaimedError, ClaimError
from cases.listing import Choice, Order, ordered
from cases.model import Claim
from cases.tables import CaseRow, ClaimRow, EventRow

UNSURE = "unsure"
"""Somebody leaves a case to others, and is not given it again."""


@dataclass(frozen=True, slots=True)
class Hands:
    """In whose hands a case is.

    Attributes:
        claim: of who works on it now.
        unsure: who has left it to others, in the order in which they did.
    """

    claim: Claim | None = None
    unsure: tuple[str, ...] = ()


def hands(session: Session, case_nos: Sequence[str], now: datetime) -> dict[str, Hands]:
    """In whose hands cases are, a page of them at most; those that are in nobody's are left out."""
    held = select(ClaimRow).where(ClaimRow.case_no.in_(case_nos), ClaimRow.until > now)
    claimed = {row.case_no: Claim(row.case_no, row.who, row.until) for row in session.scalars(held)}
    left = select(EventRow.case_no, EventRow.actor).where(
        EventRow.case_no.in_(case_nos), EventRow.action == UNSURE
    )
    unsure: defaultdict[str, list[str]] = defaultdict(list)
    for case_no, actor in session.execute(left.order_by(EventRow.seq)):
        unsure[str(case_no)].append(actor)
    return {
        case_no: Hands(claimed.get(case_no), tuple(dict.fromkeys(unsure.get(case_no, ()))))
        for case_no in {*claimed, *unsure}
    }


def claim_of(session: Session, case_no: str, now: datetime) -> Claim | None:
    """Who holds a case now; None where nobody does or the claim has run out."""
    row = session.get(ClaimRow, case_no)
    return Claim(case_no, row.who, row.until) if row and row.until > now else None


def refuse_foreign(session: Session, case_no: str, who: str, now: datetime) -> None:
    """Refuse somebody else's case with CaseClaimedError."""
    held = claim_of(session, case_no, now)
    if held is not None and held.who != who:
        raise CaseClaimedError(case_no, held.who, held.until)


def claim(session: Session, case_no: str, who: str, *, until: datetime, now: datetime) -> Claim:
    """Take a case, or hold one's own for longer."""
    if not until > now:
        raise ClaimError(
            f"a claim of case {case_no} until {until.isoformat()} has run out at "
            f"{now.isoformat()}; name a later moment"
        )
    refuse_foreign(session, case_no, who, now)
    session.merge(ClaimRow(case_no=case_no, who=who, until=until))
    return Claim(case_no, who, until)


def renew(session: Session, case_no: str, who: str, *, until: datetime, now: datetime) -> Claim:
    """Hold a case for longer; refuse where the claim has run out or was never made."""
    held = claim_of(session, case_no, now)
    if held is None:
        raise not_held(case_no, who)
    return claim(session, case_no, who, until=until, now=now)


def not_held(case_no: str, who: str) -> ClaimError:
    """Say that a case is not somebody's any more."""
    return ClaimError(f"case {case_no} is not claimed by {who} any more; claim it again")


def release(session: Session, case_no: str, who: str) -> bool:
    """Give a case back; whether it was held."""
    mine = delete(ClaimRow).where(ClaimRow.case_no == case_no, ClaimRow.who == who)
    return session.scalar(mine.returning(ClaimRow.case_no)) is not None


def next_free(
    session: Session,
    choice: Choice,
    who: str,
    *,
    now: datetime,
    order: Order,
    after: CaseRow | None,
) -> str | None:
    """Number of the first case of the queue that nobody else holds; None where all are taken.

    What somebody was not sure of is left to others.
    """
    foreign = exists().where(
        ClaimRow.case_no == CaseRow.case_no, ClaimRow.who != who, ClaimRow.until > now
    )
    left = exists().where(
        EventRow.case_no == CaseRow.case_no, EventRow.actor == who, EventRow.action == UNSURE
    )
    free = ordered(choice, order, after).where(~foreign, ~left)
    first: str | None = session.scalar(free.limit(1))
    return first
