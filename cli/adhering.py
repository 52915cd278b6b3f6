"""The verb that compares a flight with its plan."""

import json
from pathlib import Path
from typing import Any

from cli import console
from flight.adherence import Adherence, measure_adherence
from flight.adherence_picture import draw_adherence
from flight.bin_log import read_recording
from flight.checks import drone_of
from flight.errors import LogError
from flight.ground_seen import GroundSeen, ground_seen
from flight.journal import read_summary
from flight.log import read_track
from flight.verdict import adherence_figures
from geo.files import replacing
from geo.raster import read_terrain
from geo.track import Track
from missions.mission_json import read_sortie
from missions.model import Sortie

DONE, IN_PART = 0, 3
WHOLE_SHARE = 0.99  # of the planned ground


def run(log: Path, mission: Path, out: Path, dem: Path | None, *, as_json: bool) -> int:
    """Compare a flight with its plan; 3 where rows, photos or ground were missed."""
    sortie = read_sortie(mission)
    track, cause = _flown(log)
    if not track.points:
        raise LogError(f"{log}: holds no flight: nothing left the ground in it.")
    found = measure_adherence(sortie, track)
    drone = drone_of(sortie)
    terrain = None if dem is None else read_terrain(dem)
    seen = None if drone is None else ground_seen(sortie, track, drone.camera, terrain)
    if drone is None:
        console.warn(
            f"drone {sortie.drone_key!r} is not in the drone library: the ground in its photos is "
            "not known"
        )
    figures = _document(sortie, found, seen, cause)
    picture = out / f"{sortie.code}.adherence.png"
    draw_adherence(picture, sortie, track, found, seen)
    with replacing(out / f"{sortie.code}.adherence.json") as temporary:
        text = json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    _tell(figures, picture, as_json=as_json)
    whole = seen is None or seen.share >= WHOLE_SHARE
    return DONE if whole and not (found.rows_missed or found.photos_missed) else IN_PART


def _flown(log: Path) -> tuple[Track, str | None]:
    """Track and cause of a recording, or of the folder that `fly` or `simulate` wrote."""
    if log.is_dir():
        return read_track(log), _cause_in(log)
    recording = read_recording(log)
    for problem in recording.problems:
        console.warn(f"{log}: {problem}")
    return recording.track, None if recording.cause is None else str(recording.cause)


def _cause_in(folder: Path) -> str | None:
    """Why a flight was broken off, by its summary, or by its recording where it has none."""
    summary = read_summary(folder)
    if summary is not None:
        return summary.get("problem")
    logs = sorted(folder.glob("*.tlog"))
    return _flown(logs[0])[1] if len(logs) == 1 else None


def _document(
    sortie: Sortie, found: Adherence, seen: GroundSeen | None, cause: str | None
) -> dict[str, Any]:
    """Figures in JSON's types; None for what there is no figure of."""
    return {
        "format": "aerogrid adherence",
        "sortie": sortie.code,
        **adherence_figures(found),
        "height_error_m": _rounded(found.height_error_m),
        "rows": [
            {
                "length_m": round(row.length_m, 1),
                "flown_share": round(row.flown_share, 3),
                "rms_m": _rounded(row.rms_m),
                "worst_m": _rounded(row.worst_m),
                "height_error_m": _rounded(row.height_error_m),
            }
            for row in found.rows
        ],
        "rows_missed": list(found.rows_missed),
        "photos_missed_numbers": [index + 1 for index in found.photos_missed],
        "photo_error_m": _rounded(found.photo_error_m),
        "ground_seen_share": None if seen is None else round(seen.share, 4),
        "photos_of_a_place_planned": None if seen is None else seen.median_planned,
        "photos_of_a_place_flown": None if seen is None else seen.median_flown,
        "cause": cause,
    }


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 3)


def _tell(figures: dict[str, Any], picture: Path, *, as_json: bool) -> None:
    if as_json:
        console.out.print_json(json.dumps(figures, ensure_ascii=False, allow_nan=False))
        return
    share = figures["ground_seen_share"]
    missed = len(figures["rows_missed"])
    rows = (
        ("cross-track RMS, worst m", _pair(figures, "cross_track_rms_m", "cross_track_worst_m")),
        ("height error m", _text(figures["height_error_m"])),
        ("rows missed", f"{missed} of {len(figures['rows'])}"),
        ("photos taken, planned, missed", _photos(figures)),
        ("photo off its place, median m", _text(figures["photo_error_m"])),
        ("planned ground photographed", "-" if share is None else f"{share:.1%}"),
        (
            "photos of a place, planned, flown",
            _pair(figures, "photos_of_a_place_planned", "photos_of_a_place_flown"),
        ),
    )
    console.show(f"Adherence {figures['sortie']}", ["", "figure"], rows)
    if figures["cause"]:
        console.warn(f"{figures['sortie']}: {figures['cause']}")
    console.out.print(f"picture: {console.where(picture)}", highlight=False)


def _photos(figures: dict[str, Any]) -> str:
    return ", ".join(str(figures[f"photos_{name}"]) for name in ("taken", "planned", "missed"))


def _pair(figures: dict[str, Any], first: str, second: str) -> str:
    return f"{_text(figures[first])}, {_text(figures[second])}"


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
