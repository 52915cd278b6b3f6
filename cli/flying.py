"""The verb that flies sorties, and what it tells."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import console
from flight.adherence import measure_adherence
from flight.fly import FlightProgress, FlightResult, ProgressListener, fly_sortie
from flight.log import write_track
from flight.verdict import (
    VERDICT_FILE,
    adherence_figures,
    require_passed,
)
from missions.mission_json import read_sortie
from missions.model import Sortie

DONE, IN_PART = 0, 3


def fly(mission: Path, link: str, out: Path, *, arm: bool, simulated: Path) -> int:
    """Fly one sortie over a link; 3 where it was not completed."""
    sortie = read_sortie(mission)
    if arm:
        require_passed(mission, simulated / sortie.code / VERDICT_FILE)
    name = f"flight_{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder = out / sortie.code / name
    try:
        with _live(sortie) as listener:
            result = fly_sortie(
                sortie, link, log_path=folder / f"{name}.tlog", on_progress=listener, arm_real=arm
            )
    except BaseException as error:
        for note in getattr(error, "__notes__", ()):
            console.warn(note)
        raise
    write_track(folder, result.track)
    _tell([(sortie, result)], as_json=False)
    for note in result.notes:
        console.warn(note)
    return DONE if result.completed else IN_PART


@contextmanager
def _live(sortie: Sortie) -> Iterator[ProgressListener]:
    """Show how far a flight is."""
    with console.progress() as bars:
        task = bars.add_task(sortie.code, total=len(sortie.items))

        def tell(progress: FlightProgress) -> None:
            words = f"{sortie.code} {progress.phase}, {progress.photos} photos"
            bars.update(task, completed=progress.item, total=progress.items, description=words)

        yield tell


def _tell(flown: Sequence[tuple[Sortie, FlightResult]], *, as_json: bool) -> None:
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
