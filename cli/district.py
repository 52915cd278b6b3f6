"""`aerogrid plan` for a whole district: from grid, depots and fleet to daily flight lists."""

import os
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from rich.progress import Progress, TaskID

from cli.console import out, progress, table, warn, where
from geo.formats import read_grid
from geo.raster import read_terrain
from missions.airspace import EMPTY, Airspace
from missions.annex import entries, write_annex
from missions.batch import Tools
from missions.check_limits import Limits
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
from missions.mission_json import write_sortie
from missions.model import Sortie
from missions.priority import Priority, priorities
from missions.qgc_plan import write_plan
from missions.safety import SafetyCheck
from missions.settings import SurveySettings
from missions.windows import zone_of

_EXIT_ALL, _EXIT_SOME_LEFT = 0, 3


@dataclass(frozen=True, slots=True)
class Paths:
    """Files that a district is planned from; None where there is none."""

    grids: Path
    depots: Path
    fleet: Path
    dem: Path | None = None
    weather: Path | None = None
    history: Path | None = None
    tips: Path | None = None


@dataclass(frozen=True, slots=True)
class SortieFiles:
    """Writes each sortie in the process that planned it."""

    folder: Path

    def __call__(self, sortie: Sortie) -> None:
        """Write `mission.json` and a QGroundControl plan."""
        own = self.folder / "sorties" / sortie.cell_codes[0]
        write_sortie(own / f"{sortie.code}.mission.json", sortie)
        write_plan(own / f"{sortie.code}.plan", sortie)


def run(
    paths: Paths,
    folder: Path,
    *,
    days: int,
    first: date,
    settings: SurveySettings | None = None,
    approval: str = "",
    workers: int | None = None,
    seed: int = 0,
    airspace: Airspace = EMPTY,
) -> int:
    """Plan a district and write everything into a folder; returns the exit code.

    Args:
        paths: what to read.
        folder: gets sorties, `DAY/CREW.csv`, `not-flown.csv`, the annex and the map.
        days: to plan for.
        first: of the days.
        settings: of every survey.
        approval: number of the flight approval.
        workers: processes; as many as there are processors if None.
        seed: of the search for tours.
        airspace: zones and obstacles; a sortie that the safety check forbids is not flown.

    Returns:
        0 if every cell is flown, 3 if some are left (they are in `not-flown.csv`).
    """
    request, terrain_tools = _request(paths, days, first, settings, seed)
    check = SafetyCheck(_limits(request.settings), airspace)
    tools = replace(terrain_tools, keep=SortieFiles(folder), check=check)
    with progress() as bars:
        plan = plan_district(
            request, tools, workers=workers or os.cpu_count() or 1, on_step=_bars(bars)
        )
    _write(folder, request, plan, approval)
    _tell(folder, plan)
    left = plan.refused or plan.schedule.unassigned
    return _EXIT_SOME_LEFT if left else _EXIT_ALL


def _request(
    paths: Paths, days: int, first: date, settings: SurveySettings | None, seed: int
) -> tuple[Request, Tools]:
    """Read everything; problems of the grid and old tips are told, not hidden."""
    grid = read_grid(paths.grids)
    for problem in grid.problems:
        warn(f"{paths.grids}: {problem}")
    said = read_fleet(paths.fleet, read_depots(paths.depots))
    hours = said.fleet.hours
    terrain = read_terrain(paths.dem) if paths.dem is not None else None
    request = Request(
        grid,
        said.fleet,
        first,
        days,
        settings=settings or SurveySettings(),
        weather=read_weather(paths.weather, hours) if paths.weather is not None else (),
        seed=seed,
    )
    return replace(request, points=_points(paths, request, said)), Tools(terrain=terrain)


def _limits(settings: SurveySettings) -> Limits:
    """What each sortie is checked against: what it was planned with."""
    return Limits(
        ceiling_agl_m=settings.ceiling_agl_m,
        floor_agl_m=settings.floor_agl_m,
        wind_m_s=settings.wind_m_s,
    )


def _points(paths: Paths, request: Request, said: FleetFile) -> dict[str, Priority]:
    """Priorities on the morning of the first day."""
    hours = request.fleet.hours
    now = datetime.combine(request.first, hours.work_from, zone_of(hours))
    return priorities(
        request.grid,
        now,
        histories=read_histories(paths.history) if paths.history is not None else None,
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


def _write(folder: Path, request: Request, plan: DistrictPlan, approval: str) -> None:
    zone = zone_of(request.fleet.hours)
    write_flight_lists(folder, plan, zone, request.points)
    annex = entries(plan, zone, approval=approval)
    write_annex(folder / "annex.csv", annex)
    write_annex(folder / "annex.geojson", annex)
    write_district_map(folder / "map.png", request.grid, request.fleet, plan)


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
    out.print(table(f"District plan in {where(folder)}", columns, rows))
    for refusal in plan.refused:
        warn(str(refusal))
    if plan.schedule.unassigned:
        warn(
            f"{len(plan.schedule.unassigned)} flights do not fit into these days; "
            f"{where(folder / 'not-flown.csv')} says why"
        )
