"""The verb that turns grid cells into sorties, and what it tells."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli import console, kinds
from cli.console import DONE, IN_PART
from cli.kinds import Asked
from geo.grid import Cell, Grid
from geo.raster import read_terrain
from missions.airspace_files import read_airspace
from missions.errors import MissionError
from missions.plan import Plan
from pipeline import planning
from pipeline.analysis import read_cells
from pipeline.errors import SettingsError
from pipeline.settings import Planning, explain, read_settings

SURVEY = "survey"


def run(
    mission: str,
    grids: Path | None,
    out: Path,
    *,
    drone: str | None,
    cells: Sequence[str] | None,
    height_agl_m: float | None,
    home: str | None,
    lines: Path | None,
    width_m: float | None,
    farmland: Path | None,
    cases: Path | None,
    when: str | None,
    dem: Path | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Plan missions of the kind asked for; 3 where a cell was refused."""
    if mission != SURVEY:
        return _run_kind(
            mission,
            out,
            Asked(
                grids=grids,
                lines=lines,
                width_m=width_m,
                farmland=farmland,
                cases=cases,
                when=None if when is None else _moment(when),
                dem=dem,
                drone=drone,
                home_lonlat_deg=None if home is None else _lonlat(home),
            ),
            config,
        )
    if grids is None:
        raise MissionError("--mission survey needs --grids")
    return _survey(
        grids,
        out,
        drone=drone,
        cells=cells,
        height_agl_m=height_agl_m,
        home=home,
        dem=dem,
        config=config,
        as_json=as_json,
    )


def _run_kind(mission: str, out: Path, asked: Asked, config: Path | None) -> int:
    if mission not in kinds.KINDS:
        known = ", ".join([SURVEY, *kinds.KINDS])
        raise MissionError(f"--mission {mission}: is not known; known are {known}")
    return kinds.run(mission, out, asked, config)


def run_district(
    grids: Path,
    depots: Path,
    fleet: Path,
    out: Path,
    *,
    days: int,
    first: str | None,
    dem: Path | None,
    weather: Path | None,
    history: Path | None,
    tips: Path | None,
    airspace: Path | None,
    config: Path | None,
) -> int:
    """Plan a district; 3 where flights are left over."""
    from cli import district

    wanted = read_settings(config).planning
    return district.run(
        district.Paths(grids, depots, fleet, dem, weather, history, tips),
        out,
        days=days,
        first=date.today() if first is None else _day(first),
        settings=planning.survey_settings(wanted),
        airspace=read_airspace(airspace),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MissionError(f"--first {text}: is not a day such as 2026-06-15") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MissionError(f"--when {text}: is not a time such as 2026-06-15T10:00+08:00") from (
            error
        )
    if moment.tzinfo is None:
        raise MissionError(f"--when {text}: lacks its time zone, such as +08:00")
    return moment


def _survey(
    grids: Path,
    out: Path,
    *,
    drone: str | None,
    cells: Sequence[str] | None,
    height_agl_m: float | None,
    home: str | None,
    dem: Path | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Plan sorties and tell about them; 3 where a cell was refused."""
    settings = read_settings(config)
    wanted = _changed(settings.planning, drone=drone, height_agl_m=height_agl_m)
    grid = read_cells(grids, settings.grids)
    for problem in grid.problems:
        console.warn(f"{grids}: {problem}")
    chosen = _chosen(grid, cells)
    terrain = None if dem is None else read_terrain(dem)
    if terrain is None:
        console.warn(
            "no --dem: the ground is taken as level, so heights above relief were not checked"
        )
    with console.progress() as bars:
        task = bars.add_task("planning", total=len(chosen))
        made = planning.plan(
            chosen,
            out,
            wanted,
            terrain=terrain,
            home_lonlat_deg=None if home is None else _lonlat(home),
            on_cell=lambda _: bars.advance(task),
        )
    if as_json:
        console.out.print_json(json.dumps(planning.summary(made, wanted), ensure_ascii=False))
    else:
        _tell(made, out)
    for refusal in made.refused:
        console.warn(f"refused: {refusal}")
    return IN_PART if made.refused else DONE


def _changed(planning_: Planning, **values: Any) -> Planning:
    """Settings with what the command line says instead."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return Planning.model_validate({**planning_.model_dump(), **given})
    except ValidationError as error:
        raise SettingsError(f"command line: {explain(error)}") from error


def _chosen(grid: Grid, codes: Sequence[str] | None) -> list[Cell]:
    return list(grid) if not codes else [grid.cell(code) for code in codes]


def _lonlat(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise MissionError(f"--home {text}: is not LON,LAT in degrees, such as 120.13,32.51") from (
            error
        )
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise MissionError(f"--home {text}: lies outside the earth; give LON,LAT, not LAT,LON")
    return lon, lat


def _tell(made: Plan, out: Path) -> None:
    rows = [
        (
            sortie.code,
            len(sortie.photos),
            f"{sortie.height_home_m:.0f}",
            f"{sortie.gsd_m * 100:.1f}",
            f"{sortie.speed_m_s:.1f}",
            f"{sortie.distance_m / 1000:.2f}",
            f"{sortie.duration_s / 60:.1f}",
        )
        for sortie in made.sorties
    ]
    columns = ["sortie", "photos", "height m", "GSD cm", "speed m/s", "km", "min"]
    console.out.print(console.table("Sorties", columns, rows))
    console.out.print(
        f"{len(made.sorties)} sorties, {made.duration_s / 60:.1f} min in the air, "
        f"{len(made.refused)} cells refused; files in {console.where(out)}",
        highlight=False,
    )
