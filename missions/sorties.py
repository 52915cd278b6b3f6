"""How is a route cut into flights that one battery can make.

A cut lies at the end of a row, and the next flight begins with that row again: photos of two
flights differ in light and in position error, and a row that both have ties them together. Where a
battery takes no more than one row, the next flight begins with the next row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from geo.frames import Array
from missions.course import Course, Mover, join
from missions.energy import energy_wh, usable_wh, used_share, way_home_share
from missions.errors import MissionError
from missions.inside import Inside
from missions.ledger import Ledger, Sums, sums_of
from missions.model import Drone
from missions.route import Route
from missions.timing import length_m, without_repeats
from missions.wind import Wind

_SHORTEST_PART_M = 20.0
_FIXED_PLACES = 4  # take-off, over home before and after, return
_MARGIN = 0.998  # for rounding degrees in mission items
_NEAR_M, _FAR_M = 100.0, 1000.0
_CORNERS_S = 10.0  # that rounding the corners between transit and rows may save


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One flight over consecutive rows of a route, in local metres.

    Attributes:
        outbound: path (N, 2) from home to the first row's start.
        route: the rows and the ways between them.
        inbound: path (N, 2) from the last row's end to home.
    """

    outbound: Array
    route: Route
    inbound: Array

    def points(self) -> Array:
        """Everything flown at height as one path (N, 2)."""
        return without_repeats(
            np.concatenate([self.outbound[:-1], self.route.points(), self.inbound[1:]])
        )

    def places(self) -> int:
        """Number of waypoints that the flight needs."""
        ways = (self.outbound, *self.route.transfers, self.inbound)
        return _FIXED_PLACES + 2 * len(self.route.rows) + sum(len(way) - 2 for way in ways)

    @property
    def distance_m(self) -> float:
        """Horizontal distance flown."""
        return length_m(self.points())


@dataclass(frozen=True, slots=True)
class Budget:
    """What one flight of a drone may take.

    Attributes:
        speed_m_s: along rows and ways.
        climb_m: from home to flying height.
        wind: that the flight must be possible in.
    """

    drone: Drone
    speed_m_s: float
    climb_m: float
    wind: Wind

    @property
    def mover(self) -> Mover:
        """How the drone flies rows and ways."""
        return Mover.as_planned(self.drone, self.speed_m_s, self.wind)

    def course(self, flight: Flight) -> Course:
        """Every part of a flight from take-off to the rotors' stop."""
        mover = self.mover
        level = flight.points()
        path = np.column_stack([level, np.full(len(level), self.climb_m)]) - [*level[0], 0.0]
        ground = np.zeros(3)
        courses = [mover.take_off(ground, self.climb_m), mover.along(path), mover.go_home(path[-1])]
        return join(courses)

    def seconds(self, flight: Flight) -> float:
        """Seconds from take-off to landing."""
        return self.course(flight).total_s

    def energy_wh(self, flight: Flight) -> float:
        """Energy of a flight in the worst wind that counts."""
        return float(energy_wh(self.course(flight), self.drone, self.wind).sum())

    def most_wh(self, flight: Flight) -> float:
        """Energy of a flight, or until the way home from its worst place ends, if that is more."""
        course = self.course(flight)
        used = energy_wh(course, self.drone, self.wind)
        at_height = np.arange(len(used)) >= 2  # the first two parts spool up and climb
        high = at_height & (course.end_m[:, 2] >= self.climb_m - 1e-6)
        home_m = np.hypot(*(course.end_m - course.start_m[0])[high, :2].T)
        first, each_m = _return_wh(self.drone, self.climb_m, self.wind.speed_m_s)
        broken_off = np.cumsum(used)[high] + first + each_m * home_m
        return max(float(used.sum()), float(broken_off.max(initial=0.0)))

    def allows(self, flight: Flight) -> bool:
        """Whether battery, without its reserve, and memory of the drone suffice."""
        if flight.places() > self.drone.waypoint_limit:
            return False
        return self.most_wh(flight) <= usable_wh(self.drone) * _MARGIN


@cache
def _return_wh(drone: Drone, climb_m: float, wind_m_s: float) -> tuple[float, float]:
    """Energy of a straight way home and landing: from close by, and more for each metre.

    All ways of more than a few metres speed up and slow down alike, so two of them tell all.
    """
    used = used_share(drone, Wind(wind_m_s))
    height = drone.autopilot.return_height_m
    near, far = (
        drone.battery_wh
        * way_home_share(drone, used, np.array([away, 0.0, climb_m]), np.zeros(3), height)
        for away in (_NEAR_M, _FAR_M)
    )
    each_m = (far - near) / (_FAR_M - _NEAR_M)
    return near - each_m * _NEAR_M, each_m


def reach_m(drone: Drone, wind: Wind) -> float:
    """From how far away a full battery without its reserve brings a drone straight home."""
    landing_wh, each_m_wh = _return_wh(drone, drone.autopilot.return_height_m, wind.speed_m_s)
    return max(0.0, usable_wh(drone) - landing_wh) / each_m_wh


WayHome = Callable[[Array], Array]


def way_home(home_m: Array, gate_m: Array, inside: Inside) -> WayHome:
    """Make the function that finds the path (N, 2) from home to a place in the area.

    Args:
        home_m: where the crew stands.
        gate_m: the place of the area that is nearest to home; home itself if that lies inside.
        inside: the area.
    """

    def path(place_m: Array) -> Array:
        return without_repeats(np.concatenate([home_m[None], inside.path(gate_m, place_m)]))

    def path_of_two(place_m: Array) -> Array:
        found = path(place_m)
        return found if len(found) > 1 else np.stack([home_m, place_m])

    return path_of_two


def split(route: Route, way: WayHome, budget: Budget) -> list[Flight]:
    """Cut a route at row ends into as few flights as transit, battery and memory allow.

    Each flight after a cut begins with the last row of the flight before. A row that one battery
    cannot reach, fly and return from is flown in parts.
    """
    cutter = _Cutter(route, way, budget)
    return [
        cutter.flight(*cut) for cut in cutter.cuts(lambda cut: budget.allows(cutter.flight(*cut)))
    ]


def estimated_seconds(route: Route, way: WayHome, budget: Budget, sums: Sums) -> float:
    """About how long all flights over a route take together, quickly.

    Args:
        route: to be cut.
        way: home.
        budget: of each flight.
        sums: of the route, which do not depend on home.
    """
    cutter = _Cutter(route, way, budget, sums)
    return sum(cutter.ledger.flight(*cut)[0] for cut in cutter.cuts(lambda cut: True))


def route_sums(route: Route, mover: Mover) -> Sums:
    """Add up what every row of a route takes."""
    return sums_of(list(route.rows), route.transfers, mover)


Cut = tuple[int, int]  # first row and number of rows


class _Cutter:
    """A route on its way to being cut; rows that are too long are replaced by their halves."""

    def __init__(
        self, route: Route, way: WayHome, budget: Budget, sums: Sums | None = None
    ) -> None:
        self._rows, self._transfers = list(route.rows), list(route.transfers)
        self._way, self._budget = way, budget
        self.ledger = self._new_ledger(sums)

    def _new_ledger(self, sums: Sums | None = None) -> Ledger:
        mover, climb = self._budget.mover, self._budget.climb_m
        sums = sums or sums_of(self._rows, self._transfers, mover)
        return Ledger(self._rows, sums, self._way, mover, climb)

    def cuts(self, fits: Callable[[Cut], bool]) -> Iterator[Cut]:
        """Take as many rows as possible each time, of those that also pass a closer look."""
        first, overlap = 0, 0
        while first < len(self._rows):
            count = self._most_rows(first - overlap)
            while count > overlap and not fits((first - overlap, count)):
                count -= 1
            if count > overlap:
                yield first - overlap, count
                first += count - overlap
                overlap = 1 if count > 1 else 0
            elif overlap:
                overlap = 0
            else:
                self._halve(first)

    def _most_rows(self, first: int) -> int:
        """Largest number of rows from `first` on that one flight can take: all, or by bisection."""
        low, high = 0, len(self._rows) - first
        middle = high
        while low < high:
            if self._allows(first, middle):
                low = middle
            else:
                high = middle - 1
            middle = (low + high + 1) // 2
        return low

    def _allows(self, first: int, count: int) -> bool:
        drone = self._budget.drone
        _, energy_wh, places = self.ledger.flight(first, count)
        if places + _FIXED_PLACES > drone.waypoint_limit:
            return False
        return energy_wh <= usable_wh(drone) + drone.hover_w * _CORNERS_S / 3600

    def flight(self, first: int, count: int) -> Flight:
        """The flight over some rows."""
        rows = np.array(self._rows[first : first + count])
        between = tuple(self._transfers[first : first + count - 1])
        return Flight(self._way(rows[0, 0]), Route(rows, between), self._way(rows[-1, 1])[::-1])

    def _halve(self, index: int) -> None:
        """Put two halves in the place of a row; refuse if it already is short."""
        start, end = self._rows[index]
        if np.hypot(*(end - start)) < 2 * _SHORTEST_PART_M:
            raise self._out_of_reach(self.flight(index, 1))
        middle = (start + end) / 2
        self._rows[index : index + 1] = [np.stack([start, middle]), np.stack([middle, end])]
        self._transfers.insert(index, np.stack([middle, middle]))
        self.ledger = self._new_ledger()

    def _out_of_reach(self, flight: Flight) -> MissionError:
        drone, wind = self._budget.drone, self._budget.wind
        if flight.places() > drone.waypoint_limit:
            return MissionError(
                f"the way to a row and back has {flight.places()} places; {drone.name} takes "
                f"{drone.waypoint_limit}. Start closer to the cell or simplify its outline"
            )
        return MissionError(
            f"the way from home to a row of {length_m(flight.route.rows[0]):.0f} m and back takes "
            f"{self._budget.most_wh(flight):.1f} Wh in a wind of {wind.speed_m_s:g} m/s; "
            f"{drone.name} has {usable_wh(drone):.1f} Wh without its reserve. Start closer to the "
            "cell, or cut a large cell into several"
        )
