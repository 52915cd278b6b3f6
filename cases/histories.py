"""EDGE: what happened to many cases, read at once."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Event
from cases.reading import chunks
from cases.rows import event_from_row
from cases.tables import EventRow


def histories(session: Session, case_nos: Iterable[str]) -> dict[str, list[Event]]:
    """List the entries of each case, oldest first; none for an unknown number."""
    events: dict[str, list[Event]] = {case_no: [] for case_no in case_nos}
    for chunk in chunks(list(events)):
        query = select(EventRow).where(EventRow.case_no.in_(chunk)).order_by(EventRow.seq)
        for row in session.scalars(query):
            events[str(row.case_no)].append(event_from_row(row))
    return events
