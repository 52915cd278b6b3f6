"""For how long is a place left alone, and which findings does that keep from being cases?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from cases.chain import utc_text
from cases.errors import ArrangementError
from cases.lifecycle import Action, Stage
from cases.model import Case, Event, PatrolRecord, Proposal
from geo.frames import LocalFrame

MOST_DAYS = 366
MOST_RADIUS_M = 500.0

_FACTS = "snoozed"


@dataclass(frozen=True, slots=True)
class Nap:
    """A place where a rule makes no case until a moment.

    Attributes:
        rule_id: the rule whose cases wait.
        radius_m: around the place; 0 is the case alone.
    """

    rule_id: str
    lon_deg: float
    lat_deg: float
    radius_m: float
    until: datetime

    def holds_at(self, lon_deg: float, lat_deg: float) -> bool:
        """Whether a point lies within the radius."""
        frame = LocalFrame(self.lon_deg, self.lat_deg)  # its origin is the place
        east_m, north_m = frame.xy_from_lonlat(np.array([[lon_deg, lat_deg]]))[0]
        return bool(east_m**2 + north_m**2 <= self.radius_m**2)


def nap_of(case: Case, *, radius_m: float, until: datetime, now: datetime) -> Nap:
    """Leave the place of a case alone; what is asked for has to be a span and a place.

    Raises:
        ArrangementError: it ends before it begins or much later, or is far too wide.
    """
    if not now < until <= now + timedelta(days=MOST_DAYS):
        raise ArrangementError(
            f"case {case.case_no}: a snooze until {until.isoformat()} ends before now or more than "
            f"{MOST_DAYS} days from now; name a moment between"
        )
    if not 0 <= radius_m <= MOST_RADIUS_M:
        raise ArrangementError(
            f"case {case.case_no}: a snooze holds within 0 to {MOST_RADIUS_M:.0f} m, "
            f"not {radius_m:g} m; choose a radius between"
        )
    return Nap(case.rule_id, case.lon_deg, case.lat_deg, radius_m, until)


def told_nap(nap: Nap) -> dict[str, Any]:
    """Write a snooze into the details of an entry."""
    return {
        _FACTS: {
            "rule": nap.rule_id,
            "at": [nap.lon_deg, nap.lat_deg],
            "radius_m": nap.radius_m,
            "until": utc_text(nap.until),
        }
    }


def standing_nap(events: Iterable[Event]) -> Nap | None:
    """Find by which snooze a case waits now, in its history; None where it does not wait."""
    nap: Nap | None = None
    for event in events:
        if event.action == Action.SNOOZE:
            nap = _nap(event.details[_FACTS])
        elif event.details.get("to", Stage.SNOOZED) != Stage.SNOOZED:
            nap = None
    return nap


def _nap(facts: Mapping[str, Any]) -> Nap:
    until = datetime.fromisoformat(facts["until"])
    lon_deg, lat_deg = facts["at"]
    return Nap(facts["rule"], lon_deg, lat_deg, facts["radius_m"], until)


def kept_back(
    proposals: Sequence[Proposal], naps: Mapping[str, Nap], patrol: PatrolRecord
) -> dict[str, str]:
    """Find new things at places that are left alone, by when they were seen.

    Returns:
        By proposal the number of the case that was snoozed.
    """
    kept: dict[str, str] = {}
    for entry in proposals:
        inside = entry.polygon.point_on_surface()
        seen_at = entry.seen_at or patrol.flown_at
        for case_no, nap in naps.items():
            of_rule = nap.rule_id == entry.rule_id and seen_at <= nap.until
            if of_rule and nap.holds_at(inside.x, inside.y):
                kept.setdefault(entry.proposal_id, case_no)
    return kept
