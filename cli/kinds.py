"""The kinds of mission that the verb `plan` knows, and what each needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import shapely
from shapely import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
)
from shapely.geometry.base import BaseGeometry

from cli import console
from geo.formats import read_features
from geo.frames import LocalFrame
from geo.grid import Cell
from geo.raster import read_terrain, read_terrain_around
from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.airspace_files import read_airspace
from missions.corridor import plan_corridor
from missions.crosshatch import plan_crosshatch
from missions.drones import drone_named
from missions.errors import MissionError
from missions.following import Following
from missions.grounds import named
from missions.in_sight import plan_in_sight
from missions.lookout import LookoutSettings, plan_lookout
from missions.model import Drone, Sortie
from missions.oblique import ObliqueSettings, plan_oblique
from missions.patrol import PatrolSettings, plan_patrol
from missions.plan import Plan, Refusal, plan_cells
from missions.revisit import RevisitCase, plan_revisit
from missions.safe_survey import safely, survey_safely, ways_home
from missions.settings import SurveySettings
from missions.usable import usable_area
from pipeline import planning
from pipeline.settings import Settings
from pipeline.surroundings import read_cells

Area = Polygon | MultiPolygon
Sorties = tuple[Sortie, ...]


_MOST_NOTES = 10  # of one grid file, on the screen


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is made of besides the settings; None where it was not given."""

    grids: Path | None = None
    cells: tuple[str, ...] = ()
    lines: Path | None = None
    width_m: float | None = None
    gsd_m: float | None = None
    pitch_deg: float | None = None
    heading_deg: float | None = None
    directions: int = 5
    farmland: Path | None = None
    cases: Path | None = None
    to_verify: tuple[RevisitCase, ...] = ()
    when: datetime | None = None
    dem: Path | None = None
    airspace: Path | None = None
    obstacles: Path | None = None
    home_lonlat_deg: tuple[float, float] | None = None


_WHAT = {
    "grids": "the cells to fly over, GeoJSON, GeoPackage, Shapefile or KML",
    "farmland": "polygons of the fields to look at",
    "lines": "centre lines of the river or road",
    "cases": "polygons of the cases, which `aerogrid report` writes; or give --from-cases PATROL",
}


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that a planner of one kind is called with."""

    kind: str
    asked: Asked
    settings: Settings
    drone: Drone
    survey: SurveySettings
    terrain: Terrain | None
    airspace: Airspace

    @classmethod
    def of(cls, kind: str, asked: Asked, settings: Settings) -> "Task":
        """Read the files that every kind may be given.

        Raises:
            MissionError: the terrain is to be followed by a kind that cannot, or is not given.
        """
        wanted = settings.planning
        if wanted.terrain_tolerance_m is not None:
            _check_following(kind, asked, wanted.terrain_tolerance_m)
        return cls(
            kind,
            asked,
            settings,
            drone_named(wanted.drone),
            replace(
                planning.survey_settings(wanted, asked.home_lonlat_deg),
                row_heading_deg=asked.heading_deg,
            ),
            None if asked.dem is None else _terrain(asked.dem, asked, settings),
            read_airspace(asked.airspace, asked.obstacles),
        )

    def needed(self, name: str) -> Path:
        """Return a file that this kind cannot do without."""
        path: Path | None = getattr(self.asked, name)
        if path is None:
            asked_for = "a survey" if self.kind == "survey" else f"--mission {self.kind}"
            raise MissionError(f"{asked_for} needs --{name} FILE; {_WHAT[name]}")
        return path

    def cells(self) -> tuple[list[Cell], tuple[Refusal, ...]]:
        """Read the cells to plan over and what was refused in their file.

        All of the file count unless some were named; what was mended is told.
        """
        path = self.needed("grids")
        grid = read_cells(path, self.settings.grids)
        wanted = set(self.asked.cells)
        about = [problem for problem in grid.problems if not wanted or problem.code in wanted]
        refused = [problem for problem in about if problem.action == "refused" and not wanted]
        told = [problem for problem in about if problem not in refused]
        for problem in told[:_MOST_NOTES]:
            console.warn(f"{path}: {problem}")
        if len(told) > _MOST_NOTES:
            console.warn(f"{path}: {len(told) - _MOST_NOTES} more features repaired or kept as is")
        chosen = [grid.cell(code) for code in self.asked.cells] or list(grid)
        return chosen, tuple(
            Refusal(p.code or "without a code", f"{path}, feature {p.feature}: {p.what}")
            for p in refused
        )

    def without_height(self) -> "Task":
        """Let the planner choose the height, where nobody has."""
        if "height_agl_m" in self.settings.planning.model_fields_set and self.asked.gsd_m is None:
            return self
        return replace(self, survey=replace(self.survey, height_agl_m=None))

    def following(self) -> Following | None:
        """How the ground is followed, if it is to be."""
        tolerance_m = self.settings.planning.terrain_tolerance_m
        if tolerance_m is None or self.terrain is None:
            return None
        return Following(self.drone, self.survey, self.terrain, tolerance_m)

    def over_ground(self, plan: Callable[..., Sorties]) -> Sorties:
        """Plan and check; `plan` is called with drone, settings and terrain, level to follow it."""
        following = self.following()
        if following is None:
            return self.safely(lambda drone: plan(drone, self.survey, terrain=self.terrain))
        return self.safely(
            lambda drone: following.plan(lambda level: plan(drone, level, terrain=None))
        )

    def safely(self, plan: Callable[[Drone], Sequence[Sortie]]) -> Sorties:
        """Plan, and refuse what the safety check forbids."""
        return safely(plan, self.drone, self.survey, terrain=self.terrain, airspace=self.airspace)


def _terrain(dem: Path, asked: Asked, settings: Settings) -> Terrain:
    """Ground around all that is to be flown over; all of it where no file says where."""
    shapes: list[BaseGeometry] = []
    if asked.grids is not None:
        grid = read_cells(asked.grids, settings.grids)
        wanted = [grid.cell(code) for code in asked.cells] or list(grid)
        shapes += [cell.boundary for cell in wanted]
    for path in (asked.lines, asked.cases):
        if path is not None:
            shapes += [f.geometry for f in read_features(path) if f.geometry]
    shapes += [case.polygon for case in asked.to_verify]
    if not shapes:
        return read_terrain(dem)
    if asked.home_lonlat_deg is not None:
        shapes.append(Point(asked.home_lonlat_deg))
    return read_terrain_around(dem, GeometryCollection(shapes))


_FOLLOWING = ("survey", "crosshatch", "patrol", "oblique", "corridor")


def _check_following(kind: str, asked: Asked, tolerance_m: float) -> None:
    """Refuse to fly at one altitude what is to follow the terrain."""
    if kind in KINDS and kind not in _FOLLOWING:
        raise MissionError(
            f"--mission {kind} flies at one altitude and cannot follow the terrain within "
            f"{tolerance_m:g} m; {', '.join(_FOLLOWING)} can. Leave out --follow "
            "(terrain_tolerance_m in the settings)"
        )
    if kind in _FOLLOWING and asked.dem is None:
        raise MissionError(
            f"following the terrain within {tolerance_m:g} m needs its heights: give --dem, or "
            "leave out --follow (terrain_tolerance_m in the settings)"
        )


Outlines = dict[str, Area]
Made = tuple[Plan, Outlines]


def _each_cell(task: Task, plan: Callable[[Cell], Sorties]) -> Made:
    """Plan every cell under a progress bar; one that cannot be flown is reported."""
    cells, refused = task.cells()
    with console.progress() as bars:
        bar = bars.add_task("planning", total=len(cells))
        made = plan_cells(cells, plan, lambda _: bars.advance(bar))
    whole = replace(made, refused=(*refused, *made.refused))
    return whole, {cell.code: cell.boundary for cell in cells}


def _survey(task: Task) -> Made:
    tolerance_m = task.settings.planning.terrain_tolerance_m

    def plan(cell: Cell) -> Sorties:
        return survey_safely(
            cell.boundary,
            task.drone,
            task.survey,
            code=cell.code,
            terrain=task.terrain,
            airspace=task.airspace,
            tolerance_m=tolerance_m,
        )

    return _each_cell(task, plan)


def _over_usable(task: Task, planner: Callable[..., Sorties]) -> Made:
    """Plan what of each cell may be flown over with the planner of a kind, and check it."""

    def plan(cell: Cell) -> Sorties:
        frame = LocalFrame.around(cell.boundary)
        area = usable_area(cell.boundary, task.airspace, frame)
        around = ways_home(cell.boundary, task.airspace, frame, task.survey)

        def in_parts(drone: Drone, survey: SurveySettings, **more: Any) -> Sorties:
            def over(part: Area, own: SurveySettings) -> Sorties:
                return planner(part, drone, own, code=cell.code, **more)

            if not around.blockers:
                return over(area, survey)
            parts = shapely.get_parts(area).tolist()
            made = [s for part in parts for s in plan_in_sight(part, over, survey, around)]
            return named(made, cell.code, ())

        return task.over_ground(in_parts)

    return _each_cell(task, plan)


def _lookout(task: Task) -> Made:
    path = task.needed("farmland")
    farmland = shapely.unary_union([f.geometry for f in read_features(path) if f.geometry])

    def plan(area: Area, drone: Drone, survey: SurveySettings, **more: object) -> Sorties:
        fields = farmland.intersection(area)
        return plan_lookout(area, fields, drone, survey, lookout=LookoutSettings(), **more)  # type: ignore[arg-type]

    return _over_usable(task.without_height(), plan)


def _patrol(task: Task) -> Made:
    asked, usual = task.asked, PatrolSettings()
    look = PatrolSettings(
        gsd_m=asked.gsd_m or usual.gsd_m,
        pitch_deg=usual.pitch_deg if asked.pitch_deg is None else asked.pitch_deg,
        heading_deg=asked.heading_deg,
    )
    task = task.without_height()
    following = task.following()
    if following is not None:
        height = task.survey.height_agl_m or task.survey.ceiling_agl_m
        overlap = following.kept(look.overlap_share, height)
        look = replace(look, overlap_share=overlap, gsd_m=look.gsd_m * following.nearer(height))
    return _over_usable(task, partial(plan_patrol, patrol=look))


def _oblique(task: Task) -> Made:
    asked, usual = task.asked, ObliqueSettings()
    views = ObliqueSettings(
        directions=asked.directions,
        pitch_deg=usual.pitch_deg if asked.pitch_deg is None else asked.pitch_deg,
        heading_deg=asked.heading_deg,
    )
    return _over_usable(task, partial(plan_oblique, oblique=views))


def _corridor(task: Task) -> Made:
    path = task.needed("lines")
    if task.asked.width_m is None:
        raise MissionError("--mission corridor needs --width, in metres")
    lines = shapely.line_merge(
        shapely.unary_union([f.geometry for f in read_features(path) if f.geometry])
    )
    if not isinstance(lines, LineString | MultiLineString):
        raise MissionError(f"{path}: holds {lines.geom_type}; centre lines are needed")
    width_m = task.asked.width_m
    made = task.over_ground(partial(plan_corridor, lines, width_m))
    return Plan(made, ()), {}


def _revisit(task: Task) -> Made:
    if task.asked.when is None:
        raise MissionError("--mission revisit needs --when, for the sun: 2026-06-15T10:00+08:00")
    cases = list(task.asked.to_verify) or _cases_in(task.needed("cases"))
    when = task.asked.when
    made = task.safely(
        lambda drone: plan_revisit(cases, when, drone, task.survey, terrain=task.terrain)
    )
    return Plan(made, ()), {}


def _cases_in(path: Path) -> list[RevisitCase]:
    cases = [
        RevisitCase(str(f.properties.get("case_no", f.number)), f.geometry)
        for f in read_features(path)
        if isinstance(f.geometry, Polygon | MultiPolygon)
    ]
    if not cases:
        raise MissionError(f"{path}: holds no case polygons; `aerogrid report` writes them")
    return cases


KINDS: dict[str, Callable[[Task], Made]] = {
    "survey": _survey,
    "crosshatch": lambda task: _over_usable(task, plan_crosshatch),
    "patrol": _patrol,
    "oblique": _oblique,
    "lookout": _lookout,
    "corridor": _corridor,
    "revisit": _revisit,
}
