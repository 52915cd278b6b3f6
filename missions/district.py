"""Which flights patrol a whole district, who makes them and when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from geo.footprint import height_for_gsd_m, size_on_ground_m, spacing_m
from geo.frames import LocalFrame
from geo.grid import Cell, Grid
from missions.allocate import allocate
from missions.batch import Batch, Flight, Job, Tools, plan_batch
from missions.blocks import MOST_CELLS, row_headings
from missions.drones import drone_named
from missions.errors import MissionError
from missions.fleet import Depot, Fleet
from missions.model import Drone
from missions.plan import Refusal
from missions.priority import Priority
from missions.processes import worker_pool
from missions.routing import ITERATIONS, Routing, route_depot
from missions.schedule import Schedule, Slot, schedule_depot
from missions.settings import DEFAULT_HEIGHT_AGL_M, SurveySettings
from missions.visits import Place, Visit
from missions.windows import Day, Weather, days_at

_TURNS_FACTOR = 1.3  # time of a survey against its rows alone
_USABLE_SHARE = 0.75  # of the open hours that a crew is in the air

OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a district asks for.

    Attributes:
        settings: of every survey; home and row direction are chosen here.
        points: priority by cell code; equal for all where it is empty.
        seed: of the search for tours.
        iterations: of the search for tours, for each depot.
        block_cells: neighbouring cells whose rows have one direction; with 1, each cell is flown in
            its own fastest direction, and rows may run twice along a shared edge.
    """

    grid: Grid
    fleet: Fleet
    first: date
    days: int
    settings: SurveySettings = field(default_factory=SurveySettings)
    weather: tuple[Weather, ...] = ()
    points: Mapping[str, Priority] = field(default_factory=dict)
    seed: int = 0
    iterations: int = ITERATIONS
    block_cells: int = MOST_CELLS

    def __post_init__(self) -> None:
        """Refuse a district without cells or days."""
        if self.block_cells < 1:
            raise MissionError(f"block_cells is {self.block_cells}; it must be 1 or more")
        if not len(self.grid):
            raise MissionError("the grid has no cells; nothing can be planned")
        if self.days < 1:
            raise MissionError(f"days is {self.days}; plan for 1 day or more")


@dataclass(frozen=True, slots=True)
class DistrictPlan:
    """Everything that was decided.

    Attributes:
        depot_of: depot code by cell code.
        days: of each depot, by its code.
        transit_m: driven between launch places, by road, by depot code.
    """

    flights: tuple[Flight, ...]
    refused: tuple[Refusal, ...]
    schedule: Schedule
    depot_of: Mapping[str, str]
    days: Mapping[str, tuple[Day, ...]]
    transit_m: Mapping[str, float]

    def flight(self, code: str) -> Flight:
        """Look a flight up by its code."""
        return self._by_code()[code]

    def slots_by_day(self) -> dict[date, list[Slot]]:
        """Slots of each day in order of take-off."""
        found: dict[date, list[Slot]] = {}
        for slot in self.schedule.slots:
            found.setdefault(slot.day, []).append(slot)
        return dict(sorted(found.items()))

    def _by_code(self) -> dict[str, Flight]:
        return {flight.code: flight for flight in self.flights}


@dataclass(frozen=True, slots=True)
class Order:
    """What one depot's search for tours needs."""

    depot: Depot
    depot_m: Place
    fleet: Fleet
    days: tuple[Day, ...]
    visits: tuple[Visit, ...]
    seed: int
    iterations: int


def plan_district(
    request: Request,
    tools: Tools | None = None,
    *,
    workers: int = 1,
    on_step: OnStep | None = None,
) -> DistrictPlan:
    """Plan all cells, give them to depots, find tours and make the schedule.

    One cell that cannot be planned is reported and the rest planned. The same request gives the
    same plan, whatever `workers` is.

    Args:
        request: what is asked for.
        tools: terrain, airspace, and what is done with each sortie.
        workers: processes to plan and route in.
        on_step: told (stage, done, total), for progress bars.
    """
    tell = on_step or (lambda stage, done, total: None)
    district = _District(request, request.grid.frame(), _days(request))
    depot_of = district.allocate()
    jobs = district.jobs(depot_of)
    done = 0

    def on_cell(code: str) -> None:
        nonlocal done
        done += 1
        tell("cells planned", done, len(jobs))

    batch = plan_batch(jobs, tools, workers=workers, on_cell=on_cell)
    routings = {}
    orders = district.orders(batch, depot_of)
    for number, (order, routing) in enumerate(_routed(orders, workers), 1):
        routings[order.depot.code] = (order, routing)
        tell("depots routed", number, len(orders))
    return district.result(batch, depot_of, routings)


def orders_of(request: Request, plan: DistrictPlan) -> list[Order]:
    """Give back what the search for tours of each depot was given."""
    district = _District(request, request.grid.frame(), _days(request))
    return district.orders(Batch(plan.flights, plan.refused), plan.depot_of)


def _days(request: Request) -> dict[str, tuple[Day, ...]]:
    """Days of each depot that has a crew."""
    return {
        depot.code: days_at(
            request.first,
            request.days,
            request.fleet.hours,
            request.weather,
            lon_deg=depot.lon_deg,
            lat_deg=depot.lat_deg,
        )
        for depot in request.fleet.manned()
    }


def route(order: Order) -> Routing:
    """Find the tours of one depot."""
    return route_depot(
        order.depot,
        order.depot_m,
        order.fleet.crews_of(order.depot.code),
        order.days,
        order.visits,
        road_factor=order.fleet.hours.road_factor,
        seed=order.seed,
        iterations=order.iterations,
    )


def _routed(orders: Sequence[Order], workers: int) -> Iterator[tuple[Order, Routing]]:
    """Tours of all depots, in the order of the depots."""
    if workers == 1 or len(orders) == 1:
        yield from ((order, route(order)) for order in orders)
        return
    with worker_pool(workers) as pool:
        yield from zip(orders, pool.map(route, orders), strict=True)


@dataclass(frozen=True, slots=True)
class _District:
    """A request with its local frame and days."""

    request: Request
    frame: LocalFrame
    days: Mapping[str, tuple[Day, ...]]

    def _place(self, lon_deg: float, lat_deg: float) -> Place:
        x, y = self.frame.xy_from_lonlat(np.array([[lon_deg, lat_deg]]))[0]
        return round(float(x), 1), round(float(y), 1)

    def allocate(self) -> dict[str, str]:
        """Choose the depot of each cell."""
        fleet, cells = self.request.fleet, self.request.grid.cells
        depots = fleet.manned()
        drone = drone_named(fleet.drone_of(depots[0].code))
        per_m2 = _seconds_per_m2(drone, self.request.settings)
        centres = [cell.boundary.representative_point() for cell in cells]
        chosen = allocate(
            [self._place(centre.x, centre.y) for centre in centres],
            [per_m2 * self.frame.to_local(cell.boundary).area for cell in cells],
            {depot.code: self._place(depot.lon_deg, depot.lat_deg) for depot in depots},
            {depot.code: self._capacity_s(depot) for depot in depots},
        )
        return {cell.code: code for cell, code in zip(cells, chosen, strict=True)}

    def _capacity_s(self, depot: Depot) -> float:
        crews = len(self.request.fleet.crews_of(depot.code))
        return _USABLE_SHARE * crews * sum(day.open_s for day in self.days[depot.code])

    def jobs(self, depot_of: Mapping[str, str]) -> list[Job]:
        """What is to be planned, in the order of the grid."""
        fleet, settings = self.request.fleet, self.request.settings
        headings = self._headings(depot_of)
        jobs = []
        for cell in self.request.grid:
            depot = fleet.by_code()[depot_of[cell.code]]
            home = (depot.lon_deg, depot.lat_deg) if depot.launch == "depot" else None
            own = replace(settings, home_lonlat_deg=home, row_heading_deg=headings[cell.code])
            jobs.append(Job(cell, drone_named(fleet.drone_of(depot.code)), own))
        return jobs

    def _headings(self, depot_of: Mapping[str, str]) -> Mapping[str, float | None]:
        given = self.request.settings.row_heading_deg
        if given is not None or self.request.block_cells == 1:
            return {cell.code: given for cell in self.request.grid}
        by_depot: dict[str, list[Cell]] = {}
        for cell in self.request.grid:
            by_depot.setdefault(depot_of[cell.code], []).append(cell)
        found: dict[str, float | None] = {}
        for cells in by_depot.values():
            found |= row_headings(cells, self.frame, self.request.block_cells)
        return found

    def orders(self, batch: Batch, depot_of: Mapping[str, str]) -> list[Order]:
        """Flights of each depot as visits."""
        visits: dict[str, list[Visit]] = {}
        for flight in batch.flights:
            visits.setdefault(depot_of[flight.cell_code], []).append(self._visit(flight))
        fleet = self.request.fleet
        return [
            Order(
                depot,
                self._place(depot.lon_deg, depot.lat_deg),
                fleet,
                self.days[depot.code],
                tuple(visits[depot.code]),
                self.request.seed,
                self.request.iterations,
            )
            for depot in fleet.manned()
            if depot.code in visits
        ]

    def _visit(self, flight: Flight) -> Visit:
        priority = self.request.points.get(flight.cell_code)
        return Visit(
            flight.code,
            flight.cell_code,
            self._place(flight.home.lon_deg, flight.home.lat_deg),
            flight.duration_s,
            flight.battery_share,
            points=priority.points if priority else 0.0,
            urgent=priority.urgent if priority else False,
        )

    def result(
        self,
        batch: Batch,
        depot_of: Mapping[str, str],
        routings: Mapping[str, tuple[Order, Routing]],
    ) -> DistrictPlan:
        """Make the schedule of all depots and put everything together."""
        schedule = Schedule()
        fleet = self.request.fleet
        for order, routing in routings.values():
            schedule += schedule_depot(
                order.depot,
                order.depot_m,
                fleet.crews_of(order.depot.code),
                order.days,
                routing,
                road_factor=fleet.hours.road_factor,
            )
        return DistrictPlan(
            batch.flights,
            batch.refused,
            schedule,
            depot_of,
            self.days,
            {code: routing.transit_m for code, (_, routing) in routings.items()},
        )


def _seconds_per_m2(drone: Drone, settings: SurveySettings) -> float:
    """Rough flying time per area, to share the work out before it is planned."""
    height = settings.height_agl_m or DEFAULT_HEIGHT_AGL_M
    if settings.gsd_m is not None:
        height = height_for_gsd_m(drone.camera, settings.gsd_m)
    across, along = size_on_ground_m(drone.camera, height)
    row = spacing_m(across, settings.side_overlap_share)
    photo = spacing_m(along, settings.front_overlap_share)
    speed = min(drone.cruise_speed_m_s, photo / drone.photo_interval_s)
    return _TURNS_FACTOR / (row * speed)
