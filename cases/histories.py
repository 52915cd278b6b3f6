"""EDGE: what happened to many cases, read at once."""

from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Event
from cases.rows import event_from_row
from cases.tables import EventRow

_CHUNK = 500
"""Cases of one statement; SQLite before 3.32 takes 999 parameters."""


def histories(session: Session, case_nos: Iterable[str]) -> dict[str, list[Event]]:
    """List the entries of each case, oldest first; without entries for an unknown number."""
    left = iter(dict.fromkeys(case_nos))
    found: dict[str, list[Event]] = {}
    while chunk := list(islice(left, _CHUNK)):
        found |= _of(session, chunk)
    return found


def _of(session: Session, case_nos: Sequence[str]) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = {case_no: [] for case_no in case_nos}
    query = select(EventRow).where(EventRow.case_no.in_(case_nos)).order_by(EventRow.seq)
    for row in session.scalars(query):
        events[str(row.case_no)].append(event_from_row(row))
    return events
