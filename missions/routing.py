"""In which order, by which crew and on which day are the flights of one depot made (PyVRP)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyvrp import Client, Location, ProblemData, Solution, VehicleType, solve
from pyvrp import Depot as Base
from pyvrp.stop import MaxIterations, StoppingCriterion

from missions.fleet import Crew, Depot
from missions.visits import Place, Visit, tour_m
from missions.windows import Day

ITERATIONS = 1500
_SAME_DAY_SHARE = 0.05
_EARLY_SHARE = 0.5  # of the flying hours that are kept for visits with most points
_STANDS_OUT = 1.25  # times the mean points of all visits
_MOST_POINTS_FACTOR = 4
_ALWAYS = int(np.iinfo(np.int64).max)

Routes = Mapping[tuple[str, int], tuple[Visit, ...]]


@dataclass(frozen=True, slots=True)
class Routing:
    """Tours of one depot.

    Attributes:
        routes: visits in order by crew code and number of the day, from 0.
        unserved: visits that fit into no tour.
        transit_m: driven on all tours, by road.
    """

    routes: Routes
    unserved: tuple[Visit, ...]
    transit_m: float


def route_depot(
    depot: Depot,
    depot_m: Place,
    crews: Sequence[Crew],
    days: Sequence[Day],
    visits: Sequence[Visit],
    *,
    road_factor: float = 1.3,
    seed: int = 0,
    iterations: int = ITERATIONS,
    stop: StoppingCriterion | None = None,
) -> Routing:
    """Find short tours from a depot; what does not fit is left out by points.

    Urgent visits are made on the first day that can be flown or left out, visits whose points stand
    out by a day that is the earlier, the more points they have. The same visits, seed
    and number of iterations give the same tours.

    Args:
        depot: where all crews start and end each day.
        depot_m: its place.
        crews: of this depot.
        days: when they work.
        visits: flights to be made.
        road_factor: road distance per straight distance.
        seed: of the search.
        iterations: of the search.
        stop: another end of the search, which may then not repeat.
    """
    shifts = [(crew, n) for n, day in enumerate(days) if day.open for crew in crews]
    if not visits or not shifts:
        return Routing({}, tuple(visits), 0.0)
    problem = _Problem(depot, depot_m, tuple(days), tuple(visits), road_factor)
    found = solve(
        problem.data(shifts), stop or MaxIterations(iterations), seed=seed, collect_stats=False
    ).best
    routes = _earlier_first(problem.routes(found, shifts), days, problem.last_days(shifts))
    done = {visit.code for route in routes.values() for visit in route}
    left = tuple(visit for visit in visits if visit.code not in done)
    driven = sum(tour_m(depot_m, route, road_factor) for route in routes.values())
    return Routing(routes, left, driven)


@dataclass(frozen=True, slots=True)
class _Problem:
    """One depot in PyVRP's terms: whole metres, whole seconds since the first day's start."""

    depot: Depot
    depot_m: Place
    days: tuple[Day, ...]
    visits: tuple[Visit, ...]
    road_factor: float

    def data(self, shifts: Sequence[tuple[Crew, int]]) -> ProblemData:
        """Write the problem down."""
        sites = self._sites()
        metres = self._metres(list(sites))
        speeds = {(crew.drive_speed_m_s, crew.setup_s): 0 for crew, _ in shifts}
        profiles = {key: n for n, key in enumerate(speeds)}
        distances: list[Any] = [metres] * len(profiles)  # PyVRP's stub misnames numpy's types
        durations: list[Any] = [_seconds(metres, *key) for key in profiles]
        return ProblemData(
            locations=[Location(x, y) for x, y in (self.depot_m, *sites)],
            clients=self._clients(sites, shifts, int(metres.max())),
            depots=[Base(0)],
            vehicle_types=[
                self._vehicle(crew, day, profiles[crew.drive_speed_m_s, crew.setup_s], metres)
                for crew, day in shifts
            ],
            distance_matrices=distances,
            duration_matrices=durations,
        )

    def _sites(self) -> dict[Place, int]:
        """Number of each launch place; the depot itself is 0."""
        places = dict.fromkeys(visit.place_m for visit in self.visits)
        return {place: number for number, place in enumerate(places, 1)}

    def _metres(self, sites: Sequence[Place]) -> NDArray[np.int64]:
        places = np.array([self.depot_m, *sites])
        gaps = places[:, None] - places[None]
        metres = self.road_factor * np.hypot(gaps[..., 0], gaps[..., 1])
        whole: NDArray[np.int64] = np.rint(metres).astype(np.int64)
        return whole

    def _clients(
        self, sites: Mapping[Place, int], shifts: Sequence[tuple[Crew, int]], farthest_m: int
    ) -> list[Client]:
        """Visits with a prize that outweighs any way to them, and more for more points."""
        most = max(visit.points for visit in self.visits) or 1.0
        base = 10 * farthest_m + 10_000
        pause_s = max(crew.pause_s for crew, _ in shifts)
        last_days = self.last_days(shifts)
        return [
            Client(
                location=sites[visit.place_m],
                delivery=[1],
                service_duration=math.ceil(visit.flight_s + pause_s),
                tw_late=self._end_of(last_days.get(visit.code)),
                prize=round(base * (1 + _MOST_POINTS_FACTOR * max(visit.points, 0) / most)),
                required=False,
            )
            for visit in self.visits
        ]

    def last_days(self, shifts: Sequence[tuple[Crew, int]]) -> dict[str, int]:
        """Number of the day by which visits are to be made, for those that stand out."""
        open_days = sorted({day for _, day in shifts})
        crews = len(shifts) / len(open_days)
        least = _STANDS_OUT * sum(visit.points for visit in self.visits) / len(self.visits)
        early = [visit for visit in self.visits if visit.urgent or visit.points > least]
        found: dict[str, int] = {}
        left, due_s = list(open_days), 0.0
        room_s = _EARLY_SHARE * crews * self.days[left[0]].open_s
        for visit in sorted(early, key=lambda visit: (not visit.urgent, -visit.points, visit.code)):
            due_s += visit.flight_s
            while due_s > room_s and len(left) > 1:
                del left[0]
                room_s += _EARLY_SHARE * crews * self.days[left[0]].open_s
            found[visit.code] = open_days[0] if visit.urgent else left[0]
        return found

    def _end_of(self, day: int | None) -> int:
        return _ALWAYS if day is None else self._since_start(self.days[day].work[1])

    def _vehicle(
        self, crew: Crew, number: int, profile: int, metres: NDArray[np.int64]
    ) -> VehicleType:
        """One crew on one day."""
        day = self.days[number]
        approach_s = int(metres[0].max() / crew.drive_speed_m_s + crew.setup_s) + 1
        early = self._since_start(day.work[0])
        light = self._since_start(day.open[0][0]), self._since_start(day.open[-1][1])
        late = self._since_start(day.work[1])
        early, late = max(early, light[0] - approach_s), min(late, light[1] + approach_s)
        closed_s = light[1] - light[0] - int(day.open_s)
        return VehicleType(
            capacity=[max(1, self._most_flights(crew, day))],
            tw_early=early,
            tw_late=late,
            shift_duration=max(late - early - closed_s, 0),
            profile=profile,
        )

    def _most_flights(self, crew: Crew, day: Day) -> int:
        """Flights that a crew's batteries allow on one day."""
        if crew.charging == "depot" and self.depot.launch == "cell":
            return crew.batteries
        used = sum(visit.used_share for visit in self.visits) / len(self.visits)
        return crew.batteries + int(crew.chargers * day.open_s / (crew.charge_s * used))

    def _since_start(self, moment: datetime) -> int:
        return max(0, int((moment - self.days[0].work[0]).total_seconds()))

    def routes(
        self, found: Solution, shifts: Sequence[tuple[Crew, int]]
    ) -> dict[tuple[str, int], tuple[Visit, ...]]:
        """Read the tours; those of several aircraft of one crew become one, by start."""
        stops: dict[tuple[str, int], list[tuple[int, Visit]]] = {}
        for route in found.routes():
            crew, day = shifts[route.vehicle_type()]
            tour = stops.setdefault((crew.code, day), [])
            for stop in route.schedule():
                if stop.is_client():
                    tour.append((stop.start_time, self.visits[stop.idx]))
        return {
            key: self._numbered([v for _, v in sorted(tour, key=lambda pair: pair[0])])
            for key, tour in stops.items()
        }

    def _numbered(self, tour: Sequence[Visit]) -> tuple[Visit, ...]:
        """Flights over one cell that follow one another, by number where that is no longer."""
        groups = [list(own) for _, own in groupby(tour, key=lambda visit: visit.cell_code)]
        for number, group in enumerate(groups):
            turned = [*groups[:number], sorted(group, key=_number), *groups[number + 1 :]]
            if self._tour_m(turned) <= self._tour_m(groups):
                groups = turned
        return tuple(visit for group in groups for visit in group)

    def _tour_m(self, groups: Sequence[Sequence[Visit]]) -> float:
        visits = [visit for group in groups for visit in group]
        return round(tour_m(self.depot_m, visits, self.road_factor), 1)


def _number(visit: Visit) -> tuple[int, str]:
    """By which flights over one cell are ordered: shorter codes first, so 2 before 10."""
    return len(visit.code), visit.code


def _seconds(metres: NDArray[np.int64], speed_m_s: float, setup_s: float) -> NDArray[np.int64]:
    """Seconds from leaving one place to take-off at another; none to set up at the end."""
    seconds = np.ceil(metres / speed_m_s + setup_s).astype(np.int64)
    seconds[:, 0] -= int(setup_s)
    np.fill_diagonal(seconds, 0)
    return seconds


def _earlier_first(
    routes: Mapping[tuple[str, int], tuple[Visit, ...]],
    days: Sequence[Day],
    last_days: Mapping[str, int],
) -> Routes:
    """Let each crew fly the tour that is due or has most points first, on equally long days."""
    open_s = [day.open_s for day in days]
    if max(open_s) - min(open_s) > _SAME_DAY_SHARE * max(open_s):
        return routes
    ordered: dict[tuple[str, int], tuple[Visit, ...]] = {}
    for crew in dict.fromkeys(code for code, _ in routes):
        tours = [tour for (code, _), tour in sorted(routes.items()) if code == crew]
        tours.sort(key=lambda tour: _order(tour, last_days))
        ordered |= {(crew, day): tour for day, tour in enumerate(tours)}
    return ordered


def _order(tour: Sequence[Visit], last_days: Mapping[str, int]) -> tuple[float, int, float]:
    due = min((last_days.get(visit.code, math.inf) for visit in tour), default=math.inf)
    urgent = sum(visit.urgent for visit in tour)
    return due, -urgent, -sum(visit.points for visit in tour)
