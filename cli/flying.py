"""The verb that simulates sorties, and what it tells."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli import console
from flight.adherence import measure_adherence
from flight.errors import FlightError, LinkLostError
from flight.fly import FlightProgress, FlightResult, ProgressListener
from flight.log import CAMERA_EVENTS_FILE, TRACK_FILE, write_track
from flight.verdict import (
    VERDICT_FILE,
    adherence_figures,
    sha256_of,
    write_verdict,
)
from missions.mission_json import read_sortie
from missions.model import Sortie

DONE, IN_PART = 0, 3
SUFFIX = ".mission.json"
LOG_FILE = "flight.tlog"
SIMULATED_FILES = frozenset({LOG_FILE, TRACK_FILE, CAMERA_EVENTS_FILE, VERDICT_FILE})
GUST_SHARE = 1 / 3  # of the mean wind, where the user gives that


def simulate(
    plans: Sequence[Path], out: Path, *, seed: int, wind: str | None, as_json: bool
) -> int:
    """Fly sorties in the built-in vehicle; 3 where one was not completed."""
    weather = _wind(wind)
    missions = _missions(plans, out)
    flown: list[tuple[Sortie, FlightResult]] = []
    for number, (path, sortie) in enumerate(missions):
        result = _simulate_one(path, sortie, out / sortie.code, seed=seed + number, wind=weather)
        flown.append((sortie, result))
    tell_flown(flown, as_json=as_json)
    return DONE if all(result.completed for _, result in flown) else IN_PART


def _missions(plans: Sequence[Path], out: Path) -> list[tuple[Path, Sortie]]:
    """Read everything that is to be flown, and see that nothing else is replaced by it."""
    missions = [(path, read_sortie(path)) for path in _mission_files(plans)]
    places: dict[str, Path] = {}
    for path, sortie in missions:
        if sortie.code in places:
            raise MissionError(
                f"{path} and {places[sortie.code]} both hold sortie {sortie.code}; "
                "simulate them into two folders (--out)."
            )
        places[sortie.code] = path
        _refuse_foreign(out / sortie.code)
    return missions


def _simulate_one(
    path: Path, sortie: Sortie, folder: Path, *, seed: int, wind: "Wind"
) -> FlightResult:
    """Fly one sortie; its folder, replaced as a whole, then holds log, track and verdict."""
    from simulations.sitl import SimulationError, fly_simulated

    fingerprint = sha256_of(path)
    with replacing(folder) as temporary:
        temporary.mkdir()
        try:
            with _live(sortie) as listener:
                result, _ = fly_simulated(sortie, temporary / LOG_FILE, seed, listener, wind=wind)
        except LinkLostError as error:
            raise SimulationError(
                f"Sortie {sortie.code}: the built-in vehicle went silent. Simulate it again; "
                f"{folder} is as it was."
            ) from error
        write_track(temporary, result.track)
        verdict = Verdict(
            sortie=sortie.code,
            mission_sha256=fingerprint,
            completed=result.completed,
            problem=result.problem,
            seed=seed,
            wind_m_s=wind.speed_m_s,
            wind_from_deg=wind.from_deg,
            gust_m_s=wind.gust_m_s,
            **adherence_figures(measure_adherence(sortie, result.track)),
        )
        write_verdict(temporary, verdict)
    return replace(result, log_path=folder / LOG_FILE)


def _refuse_foreign(folder: Path) -> None:
    """Refuse to replace a folder that holds anything but an earlier simulated flight."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    foreign = sorted(names - SIMULATED_FILES)
    if foreign or (names and VERDICT_FILE not in names):
        raise FlightError(
            f"{folder}: holds {(foreign or sorted(names))[0]}, which no simulation wrote, and a "
            "simulated flight replaces its whole folder. Give another folder with --out; nothing "
            "was changed."
        )


def _wind(text: str | None) -> "Wind":
    """Read M_S,FROM_DEG; the usual breeze if not given."""
    from simulations.vehicle import USUAL_WIND, Wind

    if text is None:
        return USUAL_WIND
    try:
        speed_m_s, from_deg = (float(part) for part in text.split(","))
    except ValueError:
        speed_m_s = from_deg = -1.0
    if not (0 <= speed_m_s <= 25 and 0 <= from_deg <= 360):
        raise typer.BadParameter(
            f"{text}: give metres a second (0 to 25) and where it blows from (0 to 360 degrees), "
            "for example 6,270",
            param_hint="--wind",
        )
    return Wind(speed_m_s, from_deg, speed_m_s * GUST_SHARE)


def _mission_files(plans: Sequence[Path]) -> list[Path]:
    """Files named, and those in folders named."""
    found: list[Path] = []
    for path in plans:
        inside = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            raise MissionError(f"{path}: holds no *{SUFFIX}. `aerogrid plan` writes them.")
        found += inside
    return found


@contextmanager
def _live(sortie: Sortie) -> Iterator[ProgressListener]:
    """Show how far a flight is."""
    with console.progress() as bars:
        task = bars.add_task(sortie.code, total=len(sortie.items))

        def tell(progress: FlightProgress) -> None:
            words = f"{sortie.code} {progress.phase}, {progress.photos} photos"
            bars.update(task, completed=progress.item, total=progress.items, description=words)

        yield tell


def tell_flown(flown: Sequence[tuple[Sortie, FlightResult]], *, as_json: bool) -> None:
    """Tell how flights went, as a table or as JSON."""
    rows = [_row(sortie, result) for sortie, result in flown]
    if as_json:
        console.out.print_json(json.dumps(rows, ensure_ascii=False, allow_nan=False))
        return
    columns = ["sortie", "completed", "min", "planned", "photos", "planned", "cross-track RMS m"]
    console.out.print(console.table("Flights", columns, (tuple(_texts(row)) for row in rows)))
    for row in rows:
        if row["problem"]:
            console.warn(f"{row['sortie']}: {row['problem']}")


def _row(sortie: Sortie, result: FlightResult) -> dict[str, Any]:
    figures = adherence_figures(measure_adherence(sortie, result.track))
    return {
        "sortie": sortie.code,
        "completed": result.completed,
        "problem": result.problem,
        "notes": list(result.notes),
        "duration_s": round(result.duration_s, 1),
        "planned_s": round(sortie.duration_s, 1),
        "photos": figures["photos_taken"],
        "photos_planned": figures["photos_planned"],
        "photos_missed": figures["photos_missed"],
        "cross_track_rms_m": figures["cross_track_rms_m"],
        "log": str(result.log_path),
    }


def _texts(row: dict[str, Any]) -> Iterator[str]:
    yield row["sortie"]
    yield "yes" if row["completed"] else "no"
    yield f"{row['duration_s'] / 60:.1f}"
    yield f"{row['planned_s'] / 60:.1f}"
    yield str(row["photos"])
    yield str(row["photos_planned"])
    off_m = row["cross_track_rms_m"]
    yield "-" if off_m is None else f"{off_m:.1f}"
