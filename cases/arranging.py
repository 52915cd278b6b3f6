"""EDGE: how people arrange the cases of a place: let them wait, make one of two, two of one."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from cases.by_hand import ByHand
from cases.categories import Category
from cases.deciding import DecidedTogether, Decision
from cases.drawing import DRAWING_STAGES, Draughtsman
from cases.joining import NEAR_M, Parting, distance_m, may_be_one
from cases.joining_store import Seen, store_merge, store_split
from cases.lifecycle import Action
from cases.listing import Choice, page
from cases.model import Case
from cases.snoozing import nap_of
from cases.snoozing_store import store_nap, store_naps_beside, wake_due

_MOST_NEAR = 200


class Arranging(ByHand):
    """A registry whose cases people arrange anew."""

    def snooze(
        self,
        case_no: str,
        *,
        radius_m: float,
        until: datetime,
        expected_version: int,
        reason: str,
        by: Draughtsman,
    ) -> DecidedTogether:
        """Let a case wait, with those of its rule around it; new ones of the rule are kept back.

        Raises:
            ArrangementError: it ends before now or too late, or holds too far around.
            CaseClaimedError, StaleCaseError, TransitionError, NotPermittedError,
            ReasonMissingError: as for any decision.
        """
        decision = Decision(Action.SNOOZE, by.actor, by.role, reason, by.now)
        with self._write() as session:
            case = self._case(session, case_no)
            nap = nap_of(case, radius_m=radius_m, until=until, now=by.now)
            return store_nap(session, case, expected_version, nap, decision, self._area)

    def snooze_beside(
        self, case_no: str, *, radius_m: float, until: datetime, reason: str, by: Draughtsman
    ) -> DecidedTogether:
        """Let the cases of a case's rule around it wait, but not the case itself.

        Raises:
            ArrangementError: it ends before now or too late, or holds too far around.
        """
        decision = Decision(Action.SNOOZE, by.actor, by.role, reason, by.now)
        with self._write() as session:
            case = self._case(session, case_no)
            nap = nap_of(case, radius_m=radius_m, until=until, now=by.now)
            return store_naps_beside(session, case_no, nap, decision, self._area)

    def wake_due(self, now: datetime) -> tuple[str, ...]:
        """Put cases whose snooze has ended back into the queue; gives their numbers."""
        with self._write() as session:
            return wake_due(session, now)

    def near(self, case_no: str, categories: Sequence[Category]) -> list[Case]:
        """List the cases that could be one with a case, the nearest first."""
        with self._read() as session:
            case = self._case(session, case_no)
            north_deg = NEAR_M / 110_000
            east_deg = north_deg / max(0.01, float(np.cos(np.radians(case.lat_deg))))
            west, east = case.lon_deg - east_deg, case.lon_deg + east_deg
            bbox = (west, case.lat_deg - north_deg, east, case.lat_deg + north_deg)
            choice = Choice(tuple(sorted(DRAWING_STAGES)), bbox=bbox, area=self._area)
            around = page(session, choice, "urgency", None, _MOST_NEAR)
        others = [other for other in around if other.case_no != case_no]
        alike = [other for other in others if may_be_one(case, other, categories)]
        return sorted(alike, key=lambda other: distance_m(case, other))

    def merge(
        self,
        case_no: str,
        other_no: str,
        *,
        versions: tuple[int, int],
        categories: Sequence[Category],
        by: Draughtsman,
    ) -> Case:
        """Give a case all that was seen of another, which is rejected as its duplicate.

        To undo that decision on the other sets both back.

        Raises:
            ArrangementError: they are not of one kind, or far apart.
            CaseClaimedError, StaleCaseError, TransitionError, NotPermittedError: of either.
        """
        with self._write() as session:
            kept, other = (
                Seen(self._case(session, number), version)
                for number, version in zip((case_no, other_no), versions, strict=True)
            )
            return store_merge(session, kept, other, categories, by)

    def split(
        self, case_no: str, parting: Parting, *, expected_version: int, by: Draughtsman
    ) -> tuple[Case, Case]:
        """Make a new case of some outlines of one; gives the rest and the new one.

        Raises:
            ArrangementError: nothing would be left of one of them.
            CaseClaimedError, StaleCaseError, TransitionError, NotPermittedError: as ever.
        """
        with self._write() as session:
            seen = Seen(self._case(session, case_no), expected_version)
            return store_split(session, seen, parting, by)
