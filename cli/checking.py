"""The verb that checks mission files for safety, and what it tells."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from shapely import GeometryCollection, Point

from cli import console
from geo.raster import read_terrain_around
from missions.airspace import Airspace
from missions.airspace_files import read_airspace
from missions.check import check
from missions.check_files import Assumed, area_of, check_file, findings_document, return_height_m
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.errors import MissionError
from missions.findings import Code, Finding, Severity, has_errors
from missions.mission_json import read_sortie
from missions.model import Sortie
from pipeline.settings import Planning, read_settings

PASSED, FOUND = 0, 3
Checked = list[tuple[Path, tuple[Finding, ...], Assumed]]
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
        drone: key of the drone library; the sortie's own or that of the sortie beside a file, or
            the settings', if None.
        wind_m_s: expected; what the sortie was planned for, or the settings' if that is given and
            stronger, if None.
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
        for paths, findings, assumed in _alike(checked):
            _tell(paths, findings, assumed)
    return FOUND if any(has_errors(findings) for _, findings, _ in checked) else PASSED


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
    paths = _mission_files(files)
    area = area_of(paths)
    terrain = None if dem is None or area.is_empty else read_terrain_around(dem, area)
    start = None if at is None else console.moment("--at", at)
    known = _in_force(read_airspace(airspace, obstacles), start)

    def checked_one(path: Path) -> tuple[Path, tuple[Finding, ...], Assumed]:
        damaged: tuple[Finding, ...] = ()
        try:
            ours = _sortie_of(path)
        except MissionError as error:
            ours, damaged = None, (Finding(Code.FILE_UNREADABLE, detail=str(error)),)
        flies = drone_named(drone or (planning.drone if ours is None else ours.drone_key))
        own = limits if ours is None else _as_planned(limits, ours, planning, given)
        fence = None if ours is None else ours.fence
        found = check_file(path, own, terrain, known, lambda _: flies, fence=fence)
        height = return_height_m(path, own, flies)
        said = Assumed(flies.key, own, height, None if dem is None else str(dem))
        return path, tuple(dict.fromkeys((*damaged, *found))), said

    return [checked_one(path) for path in paths]


def _as_planned(
    limits: Limits, ours: Sortie, planning: Planning, given: Mapping[str, float | None]
) -> Limits:
    """Limits with the wind and the return height of a sortie, where nothing else was asked for."""
    wind = limits.wind_m_s
    if given.get("wind_m_s") is None:
        asked = planning.wind_m_s if "wind_m_s" in planning.model_fields_set else 0.0
        wind = max(asked, ours.wind_m_s)
    height = limits.return_height_m
    height = ours.return_height_m if height is None else height
    return replace(limits, wind_m_s=wind, return_height_m=height)


def check_sortie(
    sortie: Sortie,
    *,
    dem: Path | None,
    airspace: Path | None,
    obstacles: Path | None,
    config: Path | None,
) -> tuple[Finding, ...]:
    """Find what is wrong with a sortie that was read already; arguments as for `run`."""
    home = Point(sortie.home.lon_deg, sortie.home.lat_deg)
    area = GeometryCollection([sortie.fence, home])
    terrain = None if dem is None else read_terrain_around(dem, area)
    planning = read_settings(config).planning
    limits = _as_planned(_limits(planning), sortie, planning, {})
    known = read_airspace(airspace, obstacles)
    return check(sortie, limits, terrain, known, drone_named(sortie.drone_key))


def _limits(planning: Planning, **given: float | None) -> Limits:
    """Limits of the settings with what the command line says instead."""
    values = {"ceiling_agl_m": planning.ceiling_agl_m, "wind_m_s": planning.wind_m_s}
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Limits(ceiling_as_of=planning.ceiling_as_of, **values)
    except ValueError as error:
        raise MissionError(f"command line: {error}") from error


def _sortie_of(path: Path) -> Sortie | None:
    """The sortie that a file is or was written of, by the `mission.json` beside it.

    Formats of others have no place for drone, wind and return height, some none for a fence.
    """
    beside = path.with_name(f"{path.stem}{_OURS}")
    ours = path if path.name.endswith(_OURS) else beside
    return read_sortie(ours) if ours.is_file() else None


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


def _alike(checked: Checked) -> list[tuple[list[Path], tuple[Finding, ...], Assumed]]:
    """Files of one sortie in which the same was found, told together."""
    groups: dict[tuple[Path, str, tuple[Finding, ...], Assumed], list[Path]] = {}
    for path, findings, assumed in checked:
        code = path.name.removesuffix(_OURS) if path.name.endswith(_OURS) else path.stem
        groups.setdefault((path.parent, code, findings, assumed), []).append(path)
    return [(paths, found, assumed) for (_, _, found, assumed), paths in groups.items()]


def _suffix(path: Path) -> str:
    return _OURS if path.name.endswith(_OURS) else path.suffix


def _tell(paths: Sequence[Path], findings: Sequence[Finding], assumed: Assumed) -> None:
    """Say in a few lines what was found in files alike."""
    colours = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
    if has_errors(findings):
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        verdict = f"[bold red]{console.counted(errors, 'error')}[/]"
    else:
        verdict = "[green]passed[/]"
    named = ", ".join([console.where(paths[0]), *(_suffix(path) for path in paths[1:])])
    console.out.print(f"{verdict}  {named}", highlight=False)
    console.out.print(f"  {assumed}", highlight=False, markup=False)
    for finding in findings:
        colour = colours[finding.severity]
        console.out.print(f"  [{colour}]{finding.code}[/]  ", end="")
        console.out.print(finding.message, highlight=False, markup=False)
