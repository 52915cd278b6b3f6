"""What did a patrol find at cases that were fed back and wait to be verified?

Pure: from what the patrol said of each case, to solved, unchanged, grown, unclear or not covered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from shapely import Point, STRtree

from cases.lifecycle import Action
from cases.model import Case, Event, PatrolRecord
from geo.frames import LocalFrame

VERIFIED = "verified"
"""Action of the entry that says what a patrol found at a case that waited to be verified."""

NEAR_M = 250.0
"""A camera so near was there for the case: as far away as a revisit flight looks from."""

GROWN_SHARE = 0.2
GROWN_LEAST_M2 = 10.0
"""Outlines of one unchanged thing differ by less from flight to flight, as a rule."""


class Outcome(StrEnum):
    """What a patrol found at a case."""

    SOLVED = "solved"
    UNCHANGED = "unchanged"
    GROWN = "grown"
    UNCLEAR = "unclear"
    """Something of its kind is there that the rules did not make the case: a person looks."""
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a patrol found at one case.

    Attributes:
        area_m2: of the case before and as the patrol saw it; None where it did not see it.
    """

    outcome: Outcome
    area_m2: tuple[float, float] | None = None

    @property
    def grown_m2(self) -> float | None:
        """By how many square metres it has grown; None where that is not what was found."""
        if self.outcome is not Outcome.GROWN or self.area_m2 is None:
            return None
        return self.area_m2[1] - self.area_m2[0]


def of_sight(before_m2: float, now_m2: float) -> Finding:
    """Compare the area of a case that still stands with what it was.

    >>> of_sight(100.0, 150.0).outcome.value, of_sight(100.0, 110.0).outcome.value
    ('grown', 'unchanged')
    """
    grown_m2 = now_m2 - before_m2
    is_grown = grown_m2 >= max(GROWN_LEAST_M2, GROWN_SHARE * before_m2)
    outcome = Outcome.GROWN if is_grown else Outcome.UNCHANGED
    return Finding(outcome, (round(before_m2, 2), round(now_m2, 2)))


def near_cameras(cases: Iterable[Case], patrol: PatrolRecord) -> list[Case]:
    """Cases within NEAR_M of any place from which the patrol took a photo."""
    wanted = list(cases)
    places = [(pose.position.lon_deg, pose.position.lat_deg) for pose in patrol.poses.values()]
    if not wanted or not places:
        return []
    frame = LocalFrame.around(shapely.multipoints(places))
    cameras = STRtree([Point(xy_m) for xy_m in frame.xy_from_lonlat(np.array(places))])
    grounds = frame.all_to_local([case.polygon for case in wanted])
    near, _ = cameras.query(grounds, predicate="dwithin", distance=NEAR_M)
    return [wanted[place] for place in sorted(set(near.tolist()))]


def fed_back_at(events: Iterable[Event]) -> datetime | None:
    """When a case was fed back last; None where it never was."""
    times = [event.at for event in events if event.action == Action.FEED_BACK]
    return times[-1] if times else None


def told_of(finding: Finding, patrol_id: str) -> dict[str, Any]:
    """Write a finding into the details of an entry."""
    grown = {} if finding.grown_m2 is None else {"grown_m2": round(finding.grown_m2, 2)}
    areas = {} if finding.area_m2 is None else {"area_m2": list(finding.area_m2)}
    return {"patrol": patrol_id, "outcome": finding.outcome.value, **areas, **grown}


def finding_of(details: Mapping[str, Any]) -> Finding:
    """Read a finding from the details of its entry."""
    areas = details.get("area_m2")
    return Finding(Outcome(details["outcome"]), (areas[0], areas[1]) if areas else None)


def last_finding(events: Iterable[Event]) -> Finding | None:
    """What the newest patrol found at a case since it was last handled; None where none looked.

    It is handled with a feedback, and anew where a closed case is opened again.

    A patrol that is filed again replaces what it found before.
    """
    found: Finding | None = None
    for event in events:
        if event.action in (Action.FEED_BACK, Action.REOPEN):
            found = None
        elif event.action == VERIFIED:
            found = finding_of(event.details)
    return found
