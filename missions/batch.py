"""Plan the flights of many cells at once in several processes; one bad cell costs only itself."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from geo.errors import AerogridError
from geo.frames import Array
from geo.grid import Cell
from geo.pose import GeoPoint
from geo.terrain import FlatTerrain, Terrain
from missions.airspace import EMPTY, Airspace
from missions.legs import legs
from missions.model import Drone, Sortie
from missions.plan import Refusal
from missions.processes import worker_pool
from missions.safe_survey import survey_safely
from missions.settings import SurveySettings

CHUNK = 8
_HEIGHT_STEP_M = 25.0
_METRES_PER_DEG = 111_320.0

Keep = Callable[[Sortie], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One cell to be planned."""

    cell: Cell
    drone: Drone
    settings: SurveySettings


@dataclass(frozen=True, slots=True)
class Flight:
    """What a district keeps of a sortie; the sortie itself is handed to `Keep`.

    Attributes:
        lowest_agl_m: above ground along the rows.
        highest_agl_m: above ground on any leg.
        battery_share: of a full battery that the flight takes.
        return_height_m: above home, to be set in the vehicle (RTL_ALT).
    """

    code: str
    cell_code: str
    drone_key: str
    home: GeoPoint
    fence: Polygon
    height_home_m: float
    lowest_agl_m: float
    highest_agl_m: float
    speed_m_s: float
    gsd_m: float
    distance_m: float
    duration_s: float
    photos: int
    battery_share: float
    return_height_m: float | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Flights in the order of the cells, and cells without."""

    flights: tuple[Flight, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What each process needs besides the cells; must be picklable.

    Attributes:
        keep: called with each sortie in the process that planned it, to write its files.
        airspace: zones and obstacles, which flights keep away from.
        tolerance_m: follow the terrain within this; fly at one altitude if None.
    """

    terrain: Terrain | None = None
    keep: Keep | None = None
    airspace: Airspace = EMPTY
    tolerance_m: float | None = None


_Outcome = tuple[str, tuple[Flight, ...], Refusal | None]
_TOOLS: ContextVar[Tools] = ContextVar("_TOOLS")  # of a worker process


def plan_batch(
    jobs: Sequence[Job],
    tools: Tools | None = None,
    *,
    workers: int = 1,
    on_cell: Callable[[str], None] | None = None,
) -> Batch:
    """Plan and check cells in `workers` processes; with one, in this process.

    A cell that cannot be planned, or whose planning ends its process, is refused with the reason.
    """
    tools = tools or Tools()
    done: dict[str, _Outcome] = {}
    outcomes = _in_processes(jobs, tools, workers) if workers > 1 else _here(jobs, tools)
    for outcome in outcomes:
        done[outcome[0]] = outcome
        if on_cell is not None:
            on_cell(outcome[0])
    ordered = [done[job.cell.code] for job in jobs]
    return Batch(
        tuple(flight for _, flights, _ in ordered for flight in flights),
        tuple(refusal for _, _, refusal in ordered if refusal is not None),
    )


def _here(jobs: Sequence[Job], tools: Tools) -> Iterator[_Outcome]:
    for job in jobs:
        yield _plan(job, tools)


def _in_processes(jobs: Sequence[Job], tools: Tools, workers: int) -> Iterator[_Outcome]:
    """Plan in chunks; chunks lost with a process are planned again cell by cell."""
    chunks = [tuple(jobs[n : n + CHUNK]) for n in range(0, len(jobs), CHUNK)]
    lost: list[Job] = []
    with _pool(tools, workers) as pool:
        pending: dict[Future[list[_Outcome]], tuple[Job, ...]] = {}
        for chunk in chunks:
            try:
                pending[pool.submit(_plan_chunk, chunk)] = chunk
            except BrokenProcessPool:
                lost += chunk
        for future in as_completed(pending):
            try:
                yield from future.result()
            except BrokenProcessPool:
                lost += pending[future]
    yield from _one_by_one(lost, tools)


def _one_by_one(jobs: Sequence[Job], tools: Tools) -> Iterator[_Outcome]:
    """Plan each cell in a process that only it can end."""
    left = list(jobs)
    while left:
        with _pool(tools, 1) as pool:
            while left:
                job = left.pop(0)
                try:
                    yield from pool.submit(_plan_chunk, (job,)).result()
                except BrokenProcessPool:
                    why = "planning it ended the process (out of memory or a fault in a library)"
                    yield job.cell.code, (), Refusal(job.cell.code, why)
                    break


def _pool(tools: Tools, workers: int) -> ProcessPoolExecutor:
    """Make a pool of fresh processes, so that no thread or lock of this one is copied."""
    return worker_pool(workers, initializer=_take, initargs=(tools,))


def _take(tools: Tools) -> None:
    _TOOLS.set(tools)


def _plan_chunk(jobs: Sequence[Job]) -> list[_Outcome]:
    tools = _TOOLS.get()
    return [_plan(job, tools) for job in jobs]


def _plan(job: Job, tools: Tools) -> _Outcome:
    """Plan one cell; whatever goes wrong with it is its own refusal and not the batch's end."""
    code = job.cell.code
    try:
        sorties = survey_safely(
            job.cell.boundary,
            job.drone,
            job.settings,
            code=code,
            terrain=tools.terrain,
            airspace=tools.airspace,
            tolerance_m=tools.tolerance_m,
        )
        flights = tuple(_flight(code, sortie, tools) for sortie in sorties)
        for sortie in sorties:
            if tools.keep is not None:
                tools.keep(sortie)
    except AerogridError as error:
        return code, (), Refusal(code, str(error))
    except Exception as error:  # a fault of ours in one of a thousand cells; it is reported
        return code, (), Refusal(code, f"planning failed ({type(error).__name__}: {error})")
    return code, flights, None


def _flight(cell_code: str, sortie: Sortie, tools: Tools) -> Flight:
    terrain = tools.terrain or FlatTerrain(0.0)
    lowest, highest = heights_agl_m(sortie, terrain)
    return Flight(
        code=sortie.code,
        cell_code=cell_code,
        drone_key=sortie.drone_key,
        home=sortie.home,
        fence=sortie.fence,
        height_home_m=sortie.height_home_m,
        lowest_agl_m=round(lowest, 1),
        highest_agl_m=round(highest, 1),
        speed_m_s=sortie.speed_m_s,
        gsd_m=sortie.gsd_m,
        distance_m=sortie.distance_m,
        duration_s=sortie.duration_s,
        photos=len(sortie.photos),
        battery_share=sortie.battery_share,
        return_height_m=sortie.return_height_m,
    )


def heights_agl_m(sortie: Sortie, terrain: Terrain) -> tuple[float, float]:
    """Lowest height above ground with the camera on, and highest on any leg."""
    flown = list(legs(sortie.home, sortie.items))
    ends = np.array([(leg.start, leg.end) for leg in flown])
    places, owners = _along(ends)
    ground = terrain.altitudes_amsl_m(places[:, :2])
    agl = sortie.home.altitude_amsl_m + places[:, 2] - ground
    working = np.array([leg.camera_on for leg in flown])[owners]
    lowest = agl[working] if working.any() else agl
    return float(lowest.min()), float(agl.max())


def _along(ends: Array) -> tuple[Array, NDArray[np.intp]]:
    """Places (N, 3) every 25 m at most along legs (legs, 2, 3), and the leg of each."""
    step = (ends[:, 1] - ends[:, 0])[:, :2] * _METRES_PER_DEG  # a degree of longitude is no longer
    counts = 2 + (np.hypot(step[:, 0], step[:, 1]) / _HEIGHT_STEP_M).astype(int)
    owners = np.repeat(np.arange(len(ends)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    shares = (np.arange(len(owners)) - first) / (counts[owners] - 1)
    places = ends[owners, 0] + shares[:, None] * (ends[owners, 1] - ends[owners, 0])
    return places, owners.astype(np.intp)
