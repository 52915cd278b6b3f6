"""The verb that checks mission files for safety, and what it tells."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cli import console
from geo.raster import read_terrain
from missions.airspace import Airspace
from missions.airspace_files import read_airspace
from missions.check import check
from missions.check_files import check_file, findings_document
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import Finding, Severity, has_errors
from missions.mission_json import read_sortie
from missions.model import Drone, MissionFile, Sortie
from pipeline.settings import Planning, read_settings

PASSED, FOUND = 0, 3
Checked = list[tuple[Path, tuple[Finding, ...]]]
_OURS = ".mission.json"
_SUFFIXES = (_OURS, ".plan", ".waypoints", ".kmz")
_LONGEST_FLIGHT = timedelta(hours=1)


def run(
    files: Sequence[Path],
    *,
    dem: Path | None = None,
    airspace: Path | None = None,
    obstacles: Path | None = None,
    drone: str | None = None,
    wind_m_s: float | None = None,
    ceiling_agl_m: float | None = None,
    floor_agl_m: float | None = None,
    return_height_m: float | None = None,
    home_distance_m: float | None = None,
    at: str | None = None,
    config: Path | None = None,
    as_json: bool = False,
) -> int:
    """Check mission files; 0 where all pass, 3 where any has an error.

    Args:
        files: mission files, or folders of them.
        dem: ground heights; the ground is level at home if None.
        airspace: no-fly zones and ceilings.
        obstacles: points, lines or polygons with heights.
        drone: key of the drone library; a sortie's own, or the settings', if None.
        wind_m_s: expected; the usual if None, as for the limits that follow.
        ceiling_agl_m: highest above ground; the settings' if None.
        floor_agl_m: lowest above ground.
        return_height_m: above home, as set in the vehicle (RTL_ALT); what the sortie beside a file
            asks for if None.
        home_distance_m: furthest from home.
        at: when the flight begins, ISO with time zone; zones of all times count if None.
        config: settings file.
        as_json: write the findings as JSON.
    """
    checked = check_files(
        files,
        dem=dem,
        airspace=airspace,
        obstacles=obstacles,
        drone=drone,
        at=at,
        config=config,
        wind_m_s=wind_m_s,
        ceiling_agl_m=ceiling_agl_m,
        floor_agl_m=floor_agl_m,
        return_height_m=return_height_m,
        home_distance_m=home_distance_m,
    )
    if as_json:
        console.out.print_json(json.dumps(findings_document(checked), ensure_ascii=False))
    else:
        for paths, findings in _alike(checked):
            _tell(paths, findings)
    return FOUND if any(has_errors(findings) for _, findings in checked) else PASSED


def check_files(
    files: Sequence[Path],
    *,
    dem: Path | None = None,
    airspace: Path | None = None,
    obstacles: Path | None = None,
    drone: str | None = None,
    at: str | None = None,
    config: Path | None = None,
    **given: float | None,
) -> Checked:
    """Find what is wrong with mission files; arguments as for `run`, `given` are its limits."""
    planning = read_settings(config).planning
    limits = _limits(planning, **given)
    terrain = None if dem is None else read_terrain(dem)
    start = None if at is None else console.moment("--at", at)
    known = _in_force(read_airspace(airspace, obstacles), start)

    def drone_of(mission: MissionFile | Sortie) -> Drone:
        own = mission.drone_key if isinstance(mission, Sortie) else planning.drone
        return drone_named(drone or own)

    def checked_one(path: Path) -> tuple[Finding, ...]:
        ours = _sortie_beside(path)
        own = limits
        if ours is not None and limits.return_height_m is None:
            own = replace(limits, return_height_m=ours.return_height_m)
        fence = None if ours is None else ours.fence
        return check_file(path, own, terrain, known, drone_of, fence=fence)

    return [(path, checked_one(path)) for path in _mission_files(files)]


def check_sortie(
    sortie: Sortie,
    *,
    dem: Path | None,
    airspace: Path | None,
    obstacles: Path | None,
    config: Path | None,
) -> tuple[Finding, ...]:
    """Find what is wrong with a sortie that was read already; arguments as for `run`."""
    terrain = None if dem is None else read_terrain(dem)
    limits = _limits(read_settings(config).planning)
    known = read_airspace(airspace, obstacles)
    return check(sortie, limits, terrain, known, drone_named(sortie.drone_key))


def _limits(planning: Planning, **given: float | None) -> Limits:
    """Limits of the settings with what the command line says instead."""
    values = {"ceiling_agl_m": planning.ceiling_agl_m}
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Limits(ceiling_as_of=planning.ceiling_as_of, **values)
    except ValueError as error:
        raise MissionError(f"command line: {error}") from error


def _sortie_beside(path: Path) -> Sortie | None:
    """The sortie that a file was written of, by the `mission.json` beside it.

    Formats of others have no place for its return height, some none for its fence.
    """
    beside = path.with_name(f"{path.stem}{_OURS}")
    return read_sortie(beside) if beside.is_file() else None


def _in_force(airspace: Airspace, at: datetime | None) -> Airspace:
    return airspace if at is None else airspace.during(at, at + _LONGEST_FLIGHT)


def _mission_files(paths: Sequence[Path]) -> list[Path]:
    """Files named, and the mission files in folders named, in any depth."""
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.name.endswith(_SUFFIXES))
        if not inside:
            raise MissionError(f"{path}: holds no mission files ({', '.join(_SUFFIXES)})")
        found += inside
    return found


def _alike(checked: Checked) -> list[tuple[list[Path], tuple[Finding, ...]]]:
    """Files of one sortie in which the same was found, told together."""
    groups: dict[tuple[Path, str, tuple[Finding, ...]], list[Path]] = {}
    for path, findings in checked:
        code = path.name.removesuffix(_OURS) if path.name.endswith(_OURS) else path.stem
        groups.setdefault((path.parent, code, findings), []).append(path)
    return [(paths, findings) for (_, _, findings), paths in groups.items()]


def _suffix(path: Path) -> str:
    return _OURS if path.name.endswith(_OURS) else path.suffix


def _tell(paths: Sequence[Path], findings: Sequence[Finding]) -> None:
    """Say in a few lines what was found in files alike."""
    colours = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
    if has_errors(findings):
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        verdict = f"[bold red]{errors} errors[/]"
    else:
        verdict = "[green]passed[/]"
    named = ", ".join([console.where(paths[0]), *(_suffix(path) for path in paths[1:])])
    console.out.print(f"{verdict}  {named}", highlight=False)
    for finding in findings:
        colour = colours[finding.severity]
        console.out.print(f"  [{colour}]{finding.code}[/]  ", end="")
        console.out.print(finding.message, highlight=False, markup=False)
