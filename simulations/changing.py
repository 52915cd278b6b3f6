"""How a district goes on from week to week: what is solved, stays, grows or is new, all known.

The weeks follow from the seed alone, so that what patrols, people and bulletins made of them can be
held against the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from simulations.layout import District, rectangle
from simulations.planting import Counts, Kind, Planted, plant

GROWTH = 1.5
"""An extended building is so many times as long as it was."""

LONGEST_M = 24.0
"""No building is extended beyond, into what stands beside it."""

MARGIN_M = 15.0

FIRST = Counts(
    new_building=4, unfinished_building=3, open_burning=2, burn_scar=3, boat_on_closed_water=2,
    cages_on_closed_water=3, permitted_building=2, chimney_smoke=1, steam=1, dust=1,
    boat_on_open_water=1, greenhouse=2, straw_bales=1,
)  # fmt: skip
LATER = Counts(
    new_building=1, unfinished_building=1, open_burning=1, burn_scar=1, boat_on_closed_water=1,
    cages_on_closed_water=0, permitted_building=0, chimney_smoke=0, steam=0, dust=0,
    boat_on_open_water=0, greenhouse=0, straw_bales=0,
)  # fmt: skip


class Handling(StrEnum):
    """What became of a violation after it was sent out, whatever was said of it."""

    SOLVED = "solved"
    """Said to be solved, and it is."""
    CLAIMED = "claimed"
    """Said to be solved, and it stands as before."""
    GROWN = "grown"
    """Said to be solved, and it is larger."""
    IGNORED = "ignored"
    """Nothing was said, and it stands as before."""


_BUILT = (Handling.SOLVED, Handling.CLAIMED, Handling.GROWN, Handling.IGNORED)
_LYING = (Handling.SOLVED, Handling.CLAIMED, Handling.IGNORED)
_PASSING = (Handling.SOLVED,)
_COURSES = {
    Kind.NEW_BUILDING: _BUILT,
    Kind.UNFINISHED: _BUILT,
    Kind.BURN_SCAR: _LYING,
    Kind.CAGES: _LYING,
    Kind.BURNING: _PASSING,  # out by the next week, and never the same fire again
    Kind.BOAT: _LYING,
}


@dataclass(frozen=True, slots=True)
class Week:
    """A week that begins with a patrol.

    Attributes:
        planted: what is there when the patrol flies.
        handling: what then becomes of each violation, by its code.
    """

    planted: tuple[Planted, ...]
    handling: Mapping[str, Handling]

    @property
    def violations(self) -> dict[str, Planted]:
        """What is wrong, by code."""
        return {item.code: item for item in self.planted if item.violation}


def make_weeks(
    district: District, cell_codes: Sequence[str], seed: int, count: int
) -> tuple[Week, ...]:
    """Let a district go on for some weeks; the same seed gives the same weeks."""
    weeks: list[Week] = []
    planted = plant(district, cell_codes, seed, FIRST)
    once: dict[str, Planted] = {}
    for number in range(count):
        handling = _handlings(planted, number)
        weeks.append(Week(planted, handling))
        left = after(planted, handling)
        once |= {item.code: _with_margin(item) for item in (*planted, *left)}
        fresh_seed = seed + 1000 * (number + 1)
        fresh = plant(district, cell_codes, fresh_seed, LATER, beside=tuple(once.values()))
        planted = (*left, *fresh)
    return tuple(weeks)


def _with_margin(item: Planted) -> Planted:
    """Ground on which nothing new begins, since it could be taken for what is or was there."""
    shown = item.polygon if item.plume is None else item.polygon.union(item.plume.outline())
    return replace(item, polygon=shown.convex_hull.buffer(MARGIN_M))


def _handlings(planted: Sequence[Planted], week: int) -> dict[str, Handling]:
    """Deal the fates of a kind out in turn, another for each violation in the week after."""
    found: dict[str, Handling] = {}
    places: dict[Kind, int] = {}
    for item in planted:
        if item.violation:
            place = places[item.kind] = places.get(item.kind, -1) + 1
            course = _COURSES[item.kind]
            fate = course[(place + week) % len(course)]
            is_full = fate is Handling.GROWN and item.length_m * GROWTH > LONGEST_M
            found[item.code] = Handling.CLAIMED if is_full else fate
    return found


def after(planted: Sequence[Planted], handling: Mapping[str, Handling]) -> tuple[Planted, ...]:
    """What is there once violations were handled; what has no handling stays."""
    return tuple(
        extended(item) if handling.get(item.code) is Handling.GROWN else item
        for item in planted
        if handling.get(item.code) is not Handling.SOLVED
    )


def extended(item: Planted) -> Planted:
    """The same building, longer around its middle."""
    length_m = item.length_m * GROWTH
    outline = rectangle(item.x_m, item.y_m, length_m, item.width_m, item.angle_deg)
    return replace(item, length_m=length_m, polygon=outline)


@dataclass(frozen=True, slots=True)
class WeekTruth:
    """What a bulletin of a week has to say, told by the weeks alone.

    Attributes:
        found: violations that are there for the first time.
        solved: of those said to be solved in the week before; `unchanged` and `grown` are the rest.
    """

    found: int
    solved: int
    unchanged: int
    grown: int


def truth_of(weeks: Sequence[Week], number: int) -> WeekTruth:
    """Count a week, from 0."""
    before = weeks[number - 1] if number else Week((), {})
    fates = list(before.handling.values())
    return WeekTruth(
        found=len(weeks[number].violations.keys() - before.violations.keys()),
        solved=fates.count(Handling.SOLVED),
        unchanged=fates.count(Handling.CLAIMED),
        grown=fates.count(Handling.GROWN),
    )


class State(StrEnum):
    """How a violation, or the case of it, stands in the end."""

    SOLVED = "solved"
    OPEN = "open"
    GROWN = "grown"


def states_of(weeks: Sequence[Week]) -> dict[str, State]:
    """How every violation stands at the last patrol, by code."""
    first: dict[str, Planted] = {}
    for week in weeks:
        first = {**week.violations, **first}
    there = weeks[-1].violations
    return {code: _state(item, there.get(code)) for code, item in first.items()}


def _state(first: Planted, last: Planted | None) -> State:
    if last is None:
        return State.SOLVED
    return State.GROWN if last.polygon.area > first.polygon.area else State.OPEN
