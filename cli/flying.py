"""What is told of flights, as a table or as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from cli import console
from flight.adherence import measure_adherence
from flight.fly import FlightResult
from flight.journal import trouble_fields
from flight.verdict import adherence_figures
from missions.model import Sortie


def tell_flown(flown: Sequence[tuple[Sortie, FlightResult]], *, as_json: bool) -> None:
    """Tell how flights went, as a table or as JSON."""
    rows = [_row(sortie, result) for sortie, result in flown]
    if as_json:
        console.out.print_json(json.dumps(rows, ensure_ascii=False, allow_nan=False))
        return
    columns = ["sortie", "completed", "min", "planned", "photos", "planned", "cross-track RMS m"]
    console.show("Flights", columns, (tuple(_texts(row)) for row in rows))
    for row in rows:
        if row["problem"]:
            console.warn(f"{row['sortie']}: {row['problem']}")
    for _, result in flown:
        tell_troubles(result)


def tell_troubles(result: FlightResult) -> None:
    """Tell what went wrong in a flight, that which the live view had no time for too."""
    for trouble in result.troubles:
        console.warn(f"{result.sortie_code}: trouble: {trouble}")


def _row(sortie: Sortie, result: FlightResult) -> dict[str, Any]:
    figures = adherence_figures(measure_adherence(sortie, result.track))
    return {
        "sortie": sortie.code,
        "completed": result.completed,
        "problem": result.problem,
        "troubles": [trouble_fields(trouble) for trouble in result.troubles],
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
