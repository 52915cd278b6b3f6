"""`aerogrid plan` for a whole district: from grid, depots and fleet to daily flight lists."""

import os
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.progress import Progress, TaskID
from shapely import GeometryCollection, Point
from shapely.geometry.base import BaseGeometry

from cli.console import DONE, IN_PART, out, progress, show, warn, where
from cli.next_patrol import cases_of
from geo.files import replacing
from geo.raster import read_terrain_around
from missions.airspace import Airspace
from missions.airspace_files import read_airspace
from missions.annex import entries, write_annex
from missions.batch import Tools
from missions.district import DistrictPlan, OnStep, Request, plan_district
from missions.district_map import write_district_map
from missions.fleet_files import (
    FleetFile,
    read_depots,
    read_fleet,
    read_histories,
    read_tips,
    read_weather,
)
from missions.flight_lists import write_flight_lists
from missions.model import Sortie
from missions.priority import Priority, priorities
from missions.safe_survey import limits_of
from missions.windows import zone_of
from missions.written import Surroundings
from pipeline.plan_files import write_missions
from pipeline.planning import PLAN_FILE, refuse_foreign, survey_settings
from pipeline.settings import Format, Settings
from pipeline.surroundings import read_cells
from pipeline.workspace import write_json


@dataclass(frozen=True, slots=True)
class Paths:
    """Files that a district is planned from; None where there is none.

    Attributes:
        patrol: folder of a patrol whose registry tells of open cases.
        config: settings that say where that is, and by which calendar cases are overdue.
    """

    grids: Path
    depots: Path
    fleet: Path
    dem: Path | None = None
    weather: Path | None = None
    history: Path | None = None
    tips: Path | None = None
    airspace: Path | None = None
    obstacles: Path | None = None
    patrol: Path | None = None
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class SortieFiles:
    """Writes each sortie in the process that planned it."""

    folder: Path
    formats: tuple[Format, ...]
    around: Surroundings

    def __call__(self, sortie: Sortie) -> None:
        """Write the mission files of one sortie into the folder of its cell."""
        own = self.folder / "sorties" / sortie.cell_codes[0]
        own.mkdir(parents=True, exist_ok=True)
        write_missions(own, sortie, self.formats, self.around)


def run(
    paths: Paths,
    folder: Path,
    settings: Settings,
    *,
    days: int,
    first: date,
    workers: int | None = None,
    seed: int = 0,
) -> int:
    """Plan a district and write everything into a folder, which is replaced whole.

    Args:
        paths: what to read.
        folder: gets sorties, `DAY/CREW.csv`, `not-flown.csv`, the annex and the map.
        settings: of grid and every survey; the drones are the fleet's.
        days: to plan for.
        first: of the days.
        workers: processes; as many as there are processors if None.
        seed: of the search for tours.

    Returns:
        0 if every cell is flown, 3 if some are left (they are in `not-flown.csv`).
    """
    refuse_foreign(folder)
    request = _request(paths, days, first, settings, seed)
    wanted = settings.planning
    with replacing(folder) as temporary:
        temporary.mkdir()
        around = Surroundings(
            limits_of(request.settings),
            None if paths.dem is None else read_terrain_around(paths.dem, _area(request)),
            read_airspace(paths.airspace, paths.obstacles).during(*_period(request)),
        )
        tools = Tools(
            terrain=around.terrain,
            keep=SortieFiles(temporary, wanted.formats, around),
            airspace=around.airspace,
            tolerance_m=wanted.terrain_tolerance_m,
        )
        with progress() as bars:
            plan = plan_district(
                request, tools, workers=workers or os.cpu_count() or 1, on_step=_bars(bars)
            )
        _write(temporary, request, plan, around.airspace)
        files = sorted(path.name for path in temporary.iterdir())
        write_json(temporary / PLAN_FILE, {"days": days, "first": str(first), "files": files})
    _tell(folder, plan)
    unsound = any(problem.action == "refused" for problem in request.grid.problems)
    left = plan.refused or plan.schedule.unassigned or unsound
    return IN_PART if left else DONE


def _period(request: Request) -> tuple[datetime, datetime]:
    """From the first morning to the last evening of the plan."""
    hours, last = request.fleet.hours, request.first + timedelta(days=request.days - 1)
    zone = zone_of(hours)
    return (
        datetime.combine(request.first, hours.work_from, zone),
        datetime.combine(last, hours.work_to, zone),
    )


def _area(request: Request) -> BaseGeometry:
    """Everything that is flown over or from."""
    depots = [Point(depot.lon_deg, depot.lat_deg) for depot in request.fleet.depots]
    return GeometryCollection([*(cell.boundary for cell in request.grid), *depots])


def _request(paths: Paths, days: int, first: date, settings: Settings, seed: int) -> Request:
    """Read everything; problems of the grid and old tips are told, not hidden."""
    grid = read_cells(paths.grids, settings.grids)
    for problem in grid.problems:
        warn(f"{paths.grids}: {problem}")
    said = read_fleet(paths.fleet, read_depots(paths.depots))
    hours = said.fleet.hours
    request = Request(
        grid,
        said.fleet,
        first,
        days,
        settings=survey_settings(settings.planning),
        weather=read_weather(paths.weather, hours) if paths.weather is not None else (),
        seed=seed,
    )
    return replace(request, points=_points(paths, request, said))


def _points(paths: Paths, request: Request, said: FleetFile) -> dict[str, Priority]:
    """Priorities on the morning of the first day."""
    hours = request.fleet.hours
    now = datetime.combine(request.first, hours.work_from, zone_of(hours))
    histories = read_histories(paths.history) if paths.history is not None else {}
    if paths.patrol is not None:
        histories = cases_of(paths.patrol, paths.config, now).histories(histories)
    return priorities(
        request.grid,
        now,
        histories=histories,
        seasons=said.seasons,
        tips=read_tips(paths.tips, hours) if paths.tips is not None else (),
        weights=said.weights,
    )


def _bars(bars: Progress) -> OnStep:
    tasks: dict[str, TaskID] = {}

    def step(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done)

    return step


def _write(folder: Path, request: Request, plan: DistrictPlan, airspace: Airspace) -> None:
    zone = zone_of(request.fleet.hours)
    cells = {cell.code: cell for cell in request.grid}
    write_flight_lists(folder, plan, zone, request.points, cells)
    annex = entries(plan, zone)
    write_annex(folder / "annex.csv", annex)
    write_annex(folder / "annex.geojson", annex)
    write_district_map(folder / "map.png", request.grid, request.fleet, plan, airspace)


def _tell(folder: Path, plan: DistrictPlan) -> None:
    rows = [
        (
            f"{day:%a %d %b %Y}",
            len({slot.cell_code for slot in slots}),
            len(slots),
            len({slot.crew_code for slot in slots}),
            f"{sum((s.landing - s.takeoff).total_seconds() for s in slots) / 3600:.1f}",
            f"{sum(slot.drive_m for slot in slots) / 1000:.1f}",
        )
        for day, slots in plan.slots_by_day().items()
    ]
    columns = ("day", "cells", "flights", "crews", "hours in the air", "km driven out")
    show(f"District plan in {where(folder)}", columns, rows)
    flown = {slot.cell_code for slot in plan.schedule.slots}
    out.print(
        f"{len(plan.depot_of)} cells: {len(flown)} flown, {len(plan.refused)} refused; "
        f"{len(plan.schedule.slots)} flights, {len(plan.schedule.unassigned)} left over",
        highlight=False,
    )
    for refusal in plan.refused:
        warn(str(refusal))
    if plan.schedule.unassigned:
        warn(
            f"{len(plan.schedule.unassigned)} flights do not fit into these days; "
            f"{where(folder / 'not-flown.csv')} says why"
        )
