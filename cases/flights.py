"""EDGE: when patrols flew, how long, and how much ground they showed, as their filings said."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Flown
from cases.tables import EventRow


@dataclass(frozen=True, slots=True)
class Flight:
    """A patrol that was filed, as its newest filing tells it."""

    patrol_id: str
    at: datetime
    flown: Flown


def flights(session: Session) -> list[Flight]:
    """List the patrols, those of before that did not tell it left out, in order of their time."""
    notes = select(EventRow.details).where(EventRow.case_no.is_(None), EventRow.action == "filing")
    found: dict[str, Flight] = {}
    for details in session.scalars(notes.order_by(EventRow.seq)):
        told = details.get("flown")
        if told is not None:
            flown = Flown(told["covered_m2"], told["flown_s"], told["photos"])
            name = str(details["patrol"])
            found[name] = Flight(name, datetime.fromisoformat(told["at"]), flown)
    return sorted(found.values(), key=lambda flight: (flight.at, flight.patrol_id))
