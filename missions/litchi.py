"""EDGE: way-points for the Litchi app as CSV, in metres.

Columns and codes as Litchi's Mission Hub exports them; heights are above the take-off. The format
has no home, no fence and no end of the mission: those are settings in the app.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from geo.files import replacing
from missions.errors import MissionError
from missions.model import MissionFile, Sortie
from missions.parts import parts
from missions.reading import checked_item, read_text, reason
from missions.stops import Action, Do, Finish, Stop, Tour, flight_tour, items_of
from missions.wpml import part_paths

MOST_WAYPOINTS = 99  # of one mission on DJI's older aircraft, which Litchi is used for
MOST_READ = 20_000
_MOST_ACTIONS = 15
_NONE, _STAY_MS, _PHOTO, _ROTATE, _TILT = -1, 0, 1, 4, 5
_INTERPOLATED = 2  # gimbal mode
_ABOVE_HOME = 0  # altitude mode; 1 is above ground
_FOOT_M = 0.3048
_CODES = {Do.PHOTO: _PHOTO, Do.HOVER_S: _STAY_MS, Do.TURN_DEG: _ROTATE, Do.TILT_DEG: _TILT}
_BEGIN = (
    "latitude",
    "longitude",
    "altitude(m)",
    "heading(deg)",
    "curvesize(m)",
    "rotationdir",
    "gimbalmode",
    "gimbalpitchangle",
)
_END = (
    "altitudemode",
    "speed(m/s)",
    "poi_latitude",
    "poi_longitude",
    "poi_altitude(m)",
    "poi_altitudemode",
    "photo_timeinterval",
    "photo_distinterval",
)
_PAIRS = tuple((f"actiontype{n}", f"actionparam{n}") for n in range(1, _MOST_ACTIONS + 1))
COLUMNS = (*_BEGIN, *(name for pair in _PAIRS for name in pair), *_END)


def write_litchi(
    path: Path, sortie: Sortie, *, most_waypoints: int = MOST_WAYPOINTS
) -> tuple[Path, ...]:
    """Write a sortie, as several files where it has too many way-points for one.

    Args:
        path: ends in .csv; of several files, the first is `NAME-1of3.csv`.
        sortie: to be flown.
        most_waypoints: of one file.

    Returns:
        The files in the order of flying.
    """
    whole = flight_tour(sortie)
    found = parts(whole, most_waypoints, sortie.home, sortie.fence)
    paths = part_paths(path, len(found))
    for name, part in zip(paths, found, strict=True):
        with replacing(name) as temporary:
            temporary.write_text(litchi_text(part), encoding="utf-8", newline="")
    return paths


def litchi_text(part: Tour) -> str:
    """Make the content of a file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    pitch = 0.0
    for number, stop in enumerate(part.stops):
        tilts = [action.value for action in stop.actions if action.what is Do.TILT_DEG]
        pitch = tilts[-1] if tilts else pitch
        writer.writerow(_row(number, stop, _heading(part, number), pitch))
    return out.getvalue()


def _row(number: int, stop: Stop, heading_deg: float, pitch_deg: float) -> dict[str, str]:
    if len(stop.actions) > _MOST_ACTIONS:
        raise MissionError(
            f"way-point {number + 1} has {len(stop.actions)} actions; Litchi takes "
            f"{_MOST_ACTIONS} at most. Use fewer photos in one place"
        )
    row = dict.fromkeys(COLUMNS, "0")
    row |= {
        "latitude": f"{stop.lat_deg:.8f}",
        "longitude": f"{stop.lon_deg:.8f}",
        "altitude(m)": f"{stop.height_home_m:.2f}",
        "heading(deg)": f"{heading_deg:.2f}",
        "gimbalmode": str(_INTERPOLATED),
        "gimbalpitchangle": f"{pitch_deg:.1f}",
        "altitudemode": str(_ABOVE_HOME),
        "speed(m/s)": f"{stop.speed_m_s:.2f}",
        "photo_timeinterval": "-1",
        "photo_distinterval": f"{stop.photo_spacing_m:.2f}" if stop.photo_spacing_m else "-1",
    }
    for index, (kind, value) in enumerate(_PAIRS):
        said = index < len(stop.actions)
        row[kind] = str(_CODES[stop.actions[index].what] if said else _NONE)
        row[value] = _parameter(stop.actions[index]) if said else "0"
    return row


def _parameter(action: Action) -> str:
    if action.what is Do.HOVER_S:
        return f"{action.value * 1000:.0f}"
    return f"{action.value:.2f}".rstrip("0").rstrip(".")


def _heading(part: Tour, number: int) -> float:
    """Of the nose at a place: as ordered, or toward the next place."""
    stop = part.stops[number]
    if stop.heading_deg is not None:
        return stop.heading_deg
    first = min(number, max(len(part.stops) - 2, 0))
    here, there = part.stops[first], part.stops[min(first + 1, len(part.stops) - 1)]
    east = (there.lon_deg - here.lon_deg) * math.cos(math.radians(here.lat_deg))
    return math.degrees(math.atan2(east, there.lat_deg - here.lat_deg)) % 360


def read_litchi(path: Path) -> MissionFile:
    """Read a Litchi CSV in metres or feet; it says neither home nor fence nor how it ends.

    Raises:
        MissionError: the file is missing, no such CSV, or a line cannot be read.
    """
    text = read_text(path, "a Litchi CSV")
    header = text.partition("\n")[0].lower()
    if not header.startswith(("latitude,longitude", "latitude;longitude")):
        raise MissionError(
            f"{path}: begins with {header.strip()[:40]!r}; a Litchi CSV begins with "
            "'latitude,longitude'"
        )
    found = tuple(_stops(path, text, ";" if ";" in header else ","))
    if not found:
        raise MissionError(f"{path}: has no way-point")
    items = items_of(Tour(tuple(stop for stop, _ in found), Finish.STAY), None)
    cut_m = max(cut for _, cut in found)
    return MissionFile(None, items, corner_cut_m=cut_m, climbs_freely=True, end_unsaid=True)


def _stops(path: Path, text: str, delimiter: str) -> Iterator[tuple[Stop, float]]:
    """Each place, and how far before it the path bends off the straight line."""
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        for row in reader:
            if reader.line_num > MOST_READ:
                raise ValueError(f"more than {MOST_READ} lines")
            yield _stop(row), _curve_m(row)
    except (KeyError, ValueError, TypeError, OverflowError, csv.Error) as error:
        raise MissionError(f"{path}, line {reader.line_num}: {_why(error)}") from error


def _why(error: Exception) -> str:
    return f"no column {error}" if isinstance(error, KeyError) else reason(error)


def _stop(row: Mapping[str, str]) -> Stop:
    if int(float(row.get("altitudemode") or 0)) != _ABOVE_HOME:
        raise ValueError("altitudes above ground are not read; export heights above the take-off")
    speed = float(row.get("speed(m/s)") or 0)
    spacing = float(row.get("photo_distinterval") or 0)
    stop = Stop(
        float(row["longitude"]),
        float(row["latitude"]),
        _metres(row, "altitude"),
        float(row.get("heading(deg)") or 0) % 360,
        max(speed, 0.0),
        max(spacing, 0.0),
        tuple(_actions(row)),
    )
    for item in items_of(Tour((stop,), Finish.STAY), None):
        checked_item(item)
    return stop


def _curve_m(row: Mapping[str, str]) -> float:
    metres = float(row.get("curvesize(m)") or 0)
    size = metres or float(row.get("curvesize(ft)") or 0) * _FOOT_M
    return abs(size) if math.isfinite(size) else math.inf


def _metres(row: Mapping[str, str], name: str) -> float:
    if f"{name}(m)" in row:
        return float(row[f"{name}(m)"])
    return round(float(row[f"{name}(ft)"]) * _FOOT_M, 2)


def _actions(row: Mapping[str, str]) -> Iterator[Action]:
    whats = {code: what for what, code in _CODES.items()}
    for kind, parameter in _PAIRS:
        what = whats.get(int(float(row.get(kind) or _NONE)))
        if what is not None:
            value = float(row.get(parameter) or 0)
            yield Action(what, _value(what, value))


def _value(what: Do, value: float) -> float:
    if what is Do.HOVER_S:
        return value / 1000
    return 0.0 if what is Do.PHOTO else value
