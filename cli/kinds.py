"""The verb `plan` for mission kinds other than a survey, and for what is left after an abort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Polygon

from cli import console
from cli.console import DONE, IN_PART
from flight.log import read_tlog
from geo.errors import AerogridError
from geo.formats import read_features
from geo.grid import Cell
from geo.raster import read_terrain
from geo.terrain import Terrain
from missions.corridor import plan_corridor
from missions.drones import drone_named
from missions.errors import MissionError
from missions.lookout import LookoutSettings, plan_lookout
from missions.mission_json import read_sortie
from missions.model import Drone, Sortie
from missions.oblique import ObliqueSettings, plan_oblique
from missions.patrol import PatrolSettings, plan_patrol
from missions.plan import Plan, Refusal
from missions.resume import remaining
from missions.revisit import RevisitCase, plan_revisit
from missions.settings import SurveySettings
from pipeline import planning
from pipeline.analysis import read_cells
from pipeline.settings import Planning, Settings, read_settings

Sorties = tuple[Sortie, ...]
Outlines = dict[str, Polygon | MultiPolygon]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a mission kind needs besides the settings; None where it was not given."""

    grids: Path | None = None
    lines: Path | None = None
    width_m: float | None = None
    farmland: Path | None = None
    cases: Path | None = None
    when: datetime | None = None
    dem: Path | None = None
    drone: str | None = None
    home_lonlat_deg: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything that a planner of one kind is called with."""

    asked: Asked
    settings: Settings
    drone: Drone
    survey: SurveySettings
    terrain: Terrain | None

    def needed(self, name: str, kind: str) -> Path:
        """Return a file that a kind cannot do without."""
        path: Path | None = getattr(self.asked, name)
        if path is None:
            raise MissionError(f"--mission {kind} needs --{name}")
        return path

    def cells(self, kind: str) -> list[Cell]:
        """Read the cells to plan over."""
        return list(read_cells(self.needed("grids", kind), self.settings.grids))


def run(kind: str, out: Path, asked: Asked, config: Path | None) -> int:
    """Plan missions of one kind; 3 where a cell was refused."""
    settings = read_settings(config)
    wanted = settings.planning
    if asked.drone is not None:
        wanted = wanted.model_copy(update={"drone": asked.drone})
    task = _Task(
        asked,
        settings,
        drone_named(wanted.drone),
        planning.survey_settings(wanted, asked.home_lonlat_deg),
        None if asked.dem is None else read_terrain(asked.dem),
    )
    made, outlines = KINDS[kind](task)
    return _keep(made, out, wanted, outlines, has_relief=asked.dem is not None)


def resume(log: Path, mission: Path, out: Path) -> int:
    """Plan exactly what a broken-off flight has left."""
    sortie = read_sortie(mission)
    left = remaining(sortie, read_tlog(log).track)
    if left is None:
        console.out.print(f"{sortie.code}: nothing is left to fly", highlight=False)
        return DONE
    return _keep(Plan((left,), ()), out, Planning(drone=sortie.drone_key), {}, has_relief=False)


def _keep(
    made: Plan,
    out: Path,
    wanted: Planning,
    outlines: Mapping[str, Polygon | MultiPolygon],
    *,
    has_relief: bool,
) -> int:
    planning.keep(made, out, wanted, outlines, has_relief=has_relief)
    rows = [
        (s.code, len(s.photos), f"{s.distance_m / 1000:.2f}", f"{s.duration_s / 60:.1f}")
        for s in made.sorties
    ]
    console.out.print(console.table("Sorties", ["sortie", "photos", "km", "min"], rows))
    for refusal in made.refused:
        console.warn(f"refused: {refusal}")
    console.out.print(f"files in {console.where(out)}", highlight=False)
    return IN_PART if made.refused else DONE


def _each_cell(task: _Task, kind: str, plan: Callable[[Cell], Sorties]) -> tuple[Plan, Outlines]:
    """Plan every cell; one that cannot be flown is reported and the rest planned."""
    sorties: list[Sortie] = []
    refused: list[Refusal] = []
    cells = task.cells(kind)
    for cell in cells:
        try:
            sorties += plan(cell)
        except AerogridError as error:
            refused.append(Refusal(cell.code, str(error)))
    made = Plan(tuple(sorties), tuple(refused))
    return made, {cell.code: cell.boundary for cell in cells}


def _patrol(task: _Task) -> tuple[Plan, Outlines]:
    return _each_cell(
        task,
        "patrol",
        lambda cell: plan_patrol(
            cell.boundary,
            task.drone,
            task.survey,
            patrol=PatrolSettings(),
            code=cell.code,
            cell_codes=(cell.code,),
            terrain=task.terrain,
        ),
    )


def _oblique(task: _Task) -> tuple[Plan, Outlines]:
    return _each_cell(
        task,
        "oblique",
        lambda cell: plan_oblique(
            cell.boundary,
            task.drone,
            task.survey,
            oblique=ObliqueSettings(),
            code=cell.code,
            cell_codes=(cell.code,),
            terrain=task.terrain,
        ),
    )


def _lookout(task: _Task) -> tuple[Plan, Outlines]:
    path = task.needed("farmland", "lookout")
    farmland = shapely.unary_union([f.geometry for f in read_features(path) if f.geometry])
    return _each_cell(
        task,
        "lookout",
        lambda cell: plan_lookout(
            cell.boundary,
            farmland.intersection(cell.boundary),
            task.drone,
            task.survey,
            lookout=LookoutSettings(),
            code=cell.code,
            cell_codes=(cell.code,),
            terrain=task.terrain,
        ),
    )


def _corridor(task: _Task) -> tuple[Plan, Outlines]:
    path = task.needed("lines", "corridor")
    if task.asked.width_m is None:
        raise MissionError("--mission corridor needs --width, in metres")
    lines = shapely.line_merge(
        shapely.unary_union([f.geometry for f in read_features(path) if f.geometry])
    )
    if not isinstance(lines, LineString | MultiLineString):
        raise MissionError(f"{path}: holds {lines.geom_type}; centre lines are needed")
    made = plan_corridor(lines, task.asked.width_m, task.drone, task.survey, terrain=task.terrain)
    return Plan(made, ()), {}


def _revisit(task: _Task) -> tuple[Plan, Outlines]:
    path = task.needed("cases", "revisit")
    if task.asked.when is None:
        raise MissionError("--mission revisit needs --when, for the sun: 2026-06-15T10:00+08:00")
    cases = [
        RevisitCase(str(f.properties.get("case_no", f.number)), f.geometry)
        for f in read_features(path)
        if isinstance(f.geometry, Polygon | MultiPolygon)
    ]
    if not cases:
        raise MissionError(f"{path}: holds no case polygons; `aerogrid report` writes them")
    made = plan_revisit(cases, task.asked.when, task.drone, task.survey, terrain=task.terrain)
    return Plan(made, ()), {}


KINDS: dict[str, Callable[[_Task], tuple[Plan, Outlines]]] = {
    "patrol": _patrol,
    "oblique": _oblique,
    "lookout": _lookout,
    "corridor": _corridor,
    "revisit": _revisit,
}
