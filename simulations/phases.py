"""When in a mission is which part of the flight, so that something can go wrong in it; pure."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from geo.frames import LocalFrame
from missions.flown import LANDINGS, RETURN, TAKEOFFS, VIAS, has_place
from missions.model import MissionItem
from simulations.scenarios import Phase

LEAST_ROW_M = 20.0
TURN_DEG = 45.0
INTO_LEG_S = 3.0  # long enough to have left the corner before


@dataclass(frozen=True, slots=True)
class Moment:
    """Some seconds after an item has become the current one.

    Attributes:
        number: of the item, where home is 0.
    """

    number: int
    after_s: float


@dataclass(frozen=True, slots=True)
class _Leg:
    number: int
    east_m: float
    north_m: float
    camera_on: bool

    @property
    def length_m(self) -> float:
        return math.hypot(self.east_m, self.north_m)

    @property
    def course_deg(self) -> float:
        return math.degrees(math.atan2(self.east_m, self.north_m))


def moments_of(items: Sequence[MissionItem], frame: LocalFrame) -> dict[Phase, Moment]:
    """When each part of a flight is under way.

    A mission without rows has its longest leg for one, one without corners its last leg for a turn.
    """
    legs = list(_legs(items, frame))
    climb = next((n for n, item in enumerate(items, 1) if item.command in TAKEOFFS), 1)
    ends = (RETURN, *LANDINGS)
    last = next((n for n, item in enumerate(items, 1) if item.command in ends), len(items))
    found = {Phase.CLIMB: Moment(climb, 0.0), Phase.RETURN: Moment(last, INTO_LEG_S)}
    if not legs:
        return found | dict.fromkeys((Phase.ROW, Phase.TURN, Phase.TRANSIT), Moment(climb, 10.0))
    rows = [leg for leg in legs if leg.camera_on and leg.length_m > LEAST_ROW_M]
    row = rows[0] if rows else max(legs, key=lambda leg: leg.length_m)
    transit = next((leg for leg in legs if not leg.camera_on), legs[0])
    turns = [b for a, b in itertools.pairwise(legs) if _turned_deg(a, b) > TURN_DEG]
    turn = next((leg for leg in turns if leg.camera_on), (turns or legs)[-1])
    return found | {
        Phase.ROW: Moment(row.number, INTO_LEG_S),
        Phase.TRANSIT: Moment(transit.number, INTO_LEG_S),
        Phase.TURN: Moment(turn.number, 0.0),
    }


def _turned_deg(before: _Leg, after: _Leg) -> float:
    return abs((after.course_deg - before.course_deg + 180) % 360 - 180)


def _legs(items: Sequence[MissionItem], frame: LocalFrame) -> Iterator[_Leg]:
    """Legs from place to place; home is where the local metres begin."""
    here, camera_on = (0.0, 0.0), False
    for number, item in enumerate(items, 1):
        if item.command == 206:
            camera_on = item.parameters[0] > 0
        elif item.command in (2000, 2001):
            camera_on = item.command == 2000 and item.parameters[2] != 1
        elif item.command in VIAS and has_place(item):
            lonlat = np.array([[item.lon_deg, item.lat_deg]])
            x, y = frame.xy_from_lonlat(lonlat)[0].tolist()
            yield _Leg(number, x - here[0], y - here[1], camera_on)
            here = (x, y)
