"""The verb that flies mission files in simulation and gives a verdict on each."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.progress import TaskID

from cli import console
from flight.errors import FlightError
from flight.verdict import VERDICT_FILE, sha256_of, write_verdict
from geo.files import replacing, require_writable
from geo.raster import read_terrain
from missions.errors import MissionError
from pipeline.settings import read_settings

if TYPE_CHECKING:
    from geo.terrain import Terrain
    from simulations.backends import Backend
    from simulations.gate import Conditions, Listener, Result
    from simulations.scenarios import Scenario
    from simulations.task import Task, Unread

PASSED, STOPPED, FAILED = 0, 1, 3
SUFFIX = ".mission.json"
FOREIGN = (".plan", ".waypoints", ".kmz")
MOST_WIND_M_S = 25.0


def run(
    plans: Sequence[Path],
    out: Path,
    *,
    backend: str = "builtin",
    wind: str | None = None,
    scenario: Path | None = None,
    seed: int = 1,
    dem: Path | None = None,
    drone: str | None = None,
    junit: Path | None = None,
    html: Path | None = None,
    arducopter: Path | None = None,
    px4: Path | None = None,
    speed_up: float = 10.0,
    config: Path | None = None,
    as_json: bool = False,
) -> int:
    """Fly mission files through scenarios; 0 where all pass, 3 where any does not, 1 without any.

    A file that cannot be read counts as one that does not pass; the others are flown.

    Args:
        plans: mission files, ours and foreign, or folders of them.
        out: gets a folder for each file with logs, tracks and the verdict.
        backend: "builtin", "ardupilot" or "px4".
        wind: expected, as M_S or M_S,FROM_DEG; each plan's own if None.
        scenario: a file of scenarios; the shipped ones if None.
        seed: of gusts and sensor errors.
        dem: ground heights; level at home if None.
        drone: flies files that do not say what does; the settings' if None.
        junit: JUnit XML to write.
        html: folder of the report to write.
        arducopter: program of the backend of that name.
        px4: likewise.
        speed_up: of these programs.
        config: settings file.
        as_json: write the result as JSON.
    """
    from simulations.scenarios import read_scenarios, shipped_scenarios

    wind_m_s, from_deg = _wind(wind)
    planning = read_settings(config).planning
    flown_by = _backend(backend, arducopter, px4, speed_up)
    scenarios = shipped_scenarios() if scenario is None else read_scenarios(scenario)
    require_writable(out)
    conditions = _conditions(seed, wind_m_s, from_deg, dem, planning.ceiling_agl_m)
    ground = None if dem is None or conditions.terrain is None else (conditions.terrain, dem)
    tasks, unread = _tasks(plans, out, drone or planning.drone, ground)
    for file in unread:
        console.fail(file.message)
    dem_sha256 = None if dem is None else sha256_of(dem)
    results: list[Result] = []
    for task in tasks:
        results += _fly(task, scenarios, flown_by, conditions, out / task.code, dem_sha256)
    _hand_over(results, unread, out, junit, html, as_json=as_json)
    if not results:
        return STOPPED
    return FAILED if unread or not all(result.passed for result in results) else PASSED


def _hand_over(
    results: Sequence["Result"],
    unread: Sequence["Unread"],
    out: Path,
    junit: Path | None,
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    from simulations.gate_files import gate_document, write_junit
    from simulations.gate_html import write_report

    if junit is not None:
        write_junit(junit, results, unread)
    if html is not None and results:
        write_report(html, results, unread)
    if as_json:
        text = json.dumps(gate_document(results, unread), ensure_ascii=False, allow_nan=False)
        console.out.print_json(text)
        return
    _tell(results, unread)
    for written in (out, junit, html) if results else (junit,):
        if written is not None:
            console.err.print(f"written: {console.where(written)}", highlight=False)


def _conditions(
    seed: int, wind_m_s: float | None, from_deg: float | None, dem: Path | None, ceiling_m: float
) -> "Conditions":
    from simulations.gate import Conditions
    from simulations.gate_checks import Limits

    terrain = None if dem is None else read_terrain(dem)
    return Conditions(seed, wind_m_s, from_deg, terrain, Limits(ceiling_agl_m=ceiling_m))


def _backend(name: str, arducopter: Path | None, px4: Path | None, speed_up: float) -> "Backend":
    from simulations.backends import BuiltIn, Process
    from simulations.processes import find_program

    if name == "builtin":
        return BuiltIn()
    given = {"ardupilot": arducopter, "px4": px4}
    if name not in given:
        raise typer.BadParameter(f"{name}: give builtin, ardupilot or px4", param_hint="--backend")
    return Process(find_program(name, given[name]), speed_up)


def _tasks(
    plans: Sequence[Path], out: Path, drone: str, ground: "tuple[Terrain, Path] | None"
) -> "tuple[list[Task], list[Unread]]":
    """Read everything that is to be flown, and see that nothing else is replaced by it."""
    from simulations.task import read_tasks

    tasks, unread = read_tasks(_mission_files(plans), drone, ground)
    places: dict[str, Path] = {}
    for task in tasks:
        if task.code in places:
            raise MissionError(
                f"{task.path} and {places[task.code]} both hold sortie {task.code}; "
                "simulate them into two folders (--out)."
            )
        places[task.code] = task.path
        _refuse_foreign(out / task.code)
    return tasks, unread


def _mission_files(plans: Sequence[Path]) -> list[Path]:
    """Files named, and those in folders named: ours, or else foreign ones."""
    found: list[Path] = []
    for path in plans:
        inside = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            inside = sorted(p for p in path.iterdir() if p.name.endswith(FOREIGN))
        if not inside:
            raise MissionError(
                f"{path}: holds no *{SUFFIX}, which `aerogrid plan` writes, nor any of "
                f"{', '.join(FOREIGN)}."
            )
        found += inside
    return found


def _refuse_foreign(folder: Path) -> None:
    """Refuse to replace a folder that holds anything but earlier simulated flights."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    files = [name for name in names if not (folder / name).is_dir() and name != VERDICT_FILE]
    if names and (files or VERDICT_FILE not in names):
        raise FlightError(
            f"{folder}: holds {(files or names)[0]}, which no simulation wrote, and a simulated "
            "flight replaces its whole folder. Give another folder with --out; nothing was "
            "changed."
        )


def _fly(
    task: "Task",
    scenarios: "Sequence[Scenario]",
    backend: "Backend",
    conditions: "Conditions",
    folder: Path,
    dem_sha256: str | None,
) -> "list[Result]":
    """Fly one file in every scenario; its folder is replaced as a whole."""
    from simulations.gate import fly_scenarios, verdict_of

    with replacing(folder) as temporary, _live() as listener:
        flights = fly_scenarios(task, scenarios, backend, conditions, temporary, listener)
        results = [replace(r, log_path=folder / r.log_path.relative_to(temporary)) for r in flights]
        write_verdict(temporary, replace(verdict_of(results), dem_sha256=dem_sha256))
    return results


@contextmanager
def _live() -> "Iterator[Listener]":
    """Show how far the flights of one file are."""
    with console.progress() as bars:
        shown: dict[str, TaskID] = {}
        furthest = 0

        def tell(task: "Task", scenario: "Scenario", item: int, photos: int) -> None:
            nonlocal furthest
            words = f"{task.code} {scenario.name}, {photos} photos"
            if scenario.name not in shown:
                for bar in shown.values():
                    bars.remove_task(bar)
                shown.clear()
                shown[scenario.name], furthest = bars.add_task(words, total=len(task.items)), 0
            furthest = max(furthest, item)  # a vehicle that has landed counts from 0 again
            bars.update(shown[scenario.name], completed=furthest, description=words)

        yield tell


def _wind(text: str | None) -> tuple[float | None, float | None]:
    """Read M_S or M_S,FROM_DEG; nothing if not given."""
    if text is None:
        return None, None
    try:
        speed_m_s, *rest = (float(part) for part in text.split(","))
        from_deg = rest[0] if len(rest) == 1 else None
        known = len(rest) < 2 and 0 <= speed_m_s <= MOST_WIND_M_S
        known = known and (from_deg is None or 0 <= from_deg <= 360)
    except ValueError:
        known = False
    if not known:
        raise typer.BadParameter(
            f"{text}: give metres a second (0 to {MOST_WIND_M_S:g}), and where it blows from "
            "(0 to 360 degrees) after a comma if that is known, for example 8 or 6,270",
            param_hint="--wind",
        )
    return speed_m_s, from_deg


def _tell(results: "Sequence[Result]", unread: "Sequence[Unread]") -> None:
    rows = [
        (
            result.trial.task.code,
            result.trial.scenario.name,
            "passed" if result.passed else "FAILED",
            f"{result.flight.outcome.duration_s / 60:.1f}",
            f"{result.trial.task.planned_s / 60:.1f}",
            len(result.flight.trace.exposures),
            "-" if result.trial.task.photos is None else len(result.trial.task.photos),
        )
        for result in results
    ] + [(file.path.name, "-", "NOT READ", *"----") for file in unread]
    columns = ["file", "scenario", "verdict", "min", "planned", "photos", "planned"]
    console.show("Simulated flights", columns, rows)
    for result in results:
        for check in result.failed:
            where = f"{result.trial.task.code}, {result.trial.scenario.name}"
            console.warn(f"{where}: {check.name}: {check.message}")
