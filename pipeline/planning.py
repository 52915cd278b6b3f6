"""From grid cells to sorties on disk."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shapely import MultiPolygon, Polygon

from geo.files import replacing, require_writable
from geo.grid import Cell
from geo.terrain import Terrain
from missions.airspace import EMPTY, Airspace
from missions.drones import drone_named
from missions.plan import Plan, plan_patrol
from missions.safe_survey import limits_of
from missions.settings import SurveySettings
from pipeline.errors import PipelineError
from pipeline.plan_files import write_files
from pipeline.settings import Planning
from pipeline.workspace import read_json, write_json

PLAN_FILE = "plan.json"


def survey_settings(
    planning: Planning, home_lonlat_deg: tuple[float, float] | None = None
) -> SurveySettings:
    """What the planner needs to know of the settings."""
    return SurveySettings(
        height_agl_m=planning.height_agl_m,
        front_overlap_share=planning.front_overlap_share,
        side_overlap_share=planning.side_overlap_share,
        covered_share=planning.covered_share,
        ceiling_agl_m=planning.ceiling_agl_m,
        fence_margin_m=planning.fence_margin_m,
        most_blur_px=planning.most_blur_px,
        home_lonlat_deg=home_lonlat_deg,
        wind_m_s=planning.wind_m_s,
        overshoot_m=planning.overshoot_m,
    )


def plan(
    cells: Sequence[Cell],
    folder: Path,
    planning: Planning,
    *,
    terrain: Terrain | None = None,
    on_cell: Callable[[Cell], None] | None = None,
) -> Plan:
    """Plan a patrol over cells and write every sortie's files; the folder is replaced whole."""
    refuse_foreign(folder)
    made = plan_patrol(
        cells,
        drone_named(planning.drone),
        survey_settings(planning),
        terrain=terrain,
        tolerance_m=planning.terrain_tolerance_m,
        on_cell=on_cell,
    )
    outlines = {cell.code: cell.boundary for cell in cells}
    keep(made, folder, planning, outlines, terrain=terrain)
    return made


def keep(
    made: Plan,
    folder: Path,
    planning: Planning,
    outlines: Mapping[str, Polygon | MultiPolygon],
    *,
    terrain: Terrain | None,
    airspace: Airspace = EMPTY,
) -> None:
    """Write the files of a plan of any mission kind; the folder is replaced whole.

    `outlines` are the areas by cell code that maps show, `airspace` is drawn beside them.
    """
    refuse_foreign(folder)
    if not made.sorties:
        raise PipelineError(
            "nothing could be planned; " + "; ".join(str(refusal) for refusal in made.refused)
        )
    with replacing(folder) as temporary:
        temporary.mkdir()
        write_files(
            temporary,
            made.sorties,
            outlines,
            terrain=terrain,
            airspace=airspace,
            limits=limits_of(survey_settings(planning)),
            formats=planning.formats,
        )
        files = sorted(path.name for path in temporary.iterdir())
        document = {
            **summary(made, planning),
            "relief": terrain is not None,
            "files": files,
        }
        write_json(temporary / PLAN_FILE, document)


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that cannot be written, or holds anything but an earlier plan."""
    require_writable(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PipelineError(f"{folder}: is a file. Give a folder with --out.")
    ours = own_plan_files(folder)
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if foreign:
        raise PipelineError(
            f"{folder}: holds {foreign[0]}, which no plan wrote, and a plan replaces its whole "
            "folder. Give a new or an empty folder with --out; nothing was changed."
        )


def own_plan_files(folder: Path) -> frozenset[str]:
    """Files that the plan in a folder says it wrote, its summary among them."""
    summary_path = folder / PLAN_FILE
    told = read_json(summary_path) if summary_path.is_file() else None
    files = told.get("files") if isinstance(told, dict) else None
    return frozenset({PLAN_FILE, *map(str, files if isinstance(files, list) else ())})


def summary(made: Plan, planning: Planning) -> dict[str, Any]:
    """Express a plan's figures in JSON's types."""
    return {
        "drone": planning.drone,
        "ceiling_agl_m": planning.ceiling_agl_m,
        "ceiling_as_of": planning.ceiling_as_of.isoformat(),
        "return_height_m": made.return_height_m,
        "sorties": [
            {
                "code": sortie.code,
                "cells": list(sortie.cell_codes),
                "home": [round(sortie.home.lon_deg, 7), round(sortie.home.lat_deg, 7)],
                "height_home_m": round(sortie.height_home_m, 1),
                "gsd_m": round(sortie.gsd_m, 4),
                "speed_m_s": round(sortie.speed_m_s, 2),
                "photos": len(sortie.photos),
                "distance_m": round(sortie.distance_m),
                "duration_s": round(sortie.duration_s),
                "battery_share": round(sortie.battery_share, 3),
                "speed_limit": sortie.speed_limit,
            }
            for sortie in made.sorties
        ],
        "refused": [{"cell": item.cell_code, "reason": item.reason} for item in made.refused],
        "flight_min": round(made.duration_s / 60, 1),
    }
