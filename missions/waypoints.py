"""EDGE: ArduPilot's `.waypoints` text files (`QGC WPL 110`).

Format: MAVLink developer guide, "File Formats, Plain-Text File Format". Row 0 is home; columns are
index, current, frame, command, four parameters, latitude, longitude, altitude, autocontinue.
"""

from collections.abc import Sequence
from pathlib import Path

from geo.files import replacing
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.model import AltitudeFrame, Command, MissionFile, MissionItem, Sortie
from missions.reading import MOST_ITEMS, checked_item, read_text, reason

HEADER = "QGC WPL 110"
_COLUMNS = 12


def write_waypoints(path: Path, sortie: Sortie) -> None:
    """Write a sortie, whole or not at all; the format has no place for its geofence."""
    text = waypoints_text(sortie.home, sortie.items)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="ascii", newline="\n")


def waypoints_text(home: GeoPoint, items: tuple[MissionItem, ...]) -> str:
    """Make the content of a `.waypoints` file."""
    first = MissionItem(
        Command.NAV_WAYPOINT,
        AltitudeFrame.AMSL,
        lon_deg=home.lon_deg,
        lat_deg=home.lat_deg,
        altitude_m=home.altitude_amsl_m,
    )
    return rows_text((first, *items))


def rows_text(items: Sequence[MissionItem]) -> str:
    """Write items one a row, the first being the current one."""
    rows = [_row(number, item) for number, item in enumerate(items)]
    return "\n".join([HEADER, *rows]) + "\n"


def _row(number: int, item: MissionItem) -> str:
    current = 1 if number == 0 else 0
    numbers = [f"{value:.8f}" for value in item.parameters]
    numbers += [f"{item.lat_deg:.8f}", f"{item.lon_deg:.8f}", f"{item.altitude_m:.6f}"]
    whole = [number, current, int(item.frame), int(item.command)]
    return "\t".join([*map(str, whole), *numbers, str(int(item.autocontinue))])


def read_waypoints(path: Path) -> MissionFile:
    """Read a `.waypoints` file of any origin.

    Raises:
        MissionError: the file is missing, of another version, or a line cannot be read.
    """
    items = read_rows(path)
    if not items:
        raise MissionError(f"{path}: has no home row")
    return MissionFile(_home(path, items[0]), items[1:])


def read_rows(path: Path) -> tuple[MissionItem, ...]:
    """Read all rows of a file, of a mission home included."""
    lines = read_text(path, "a waypoint file").splitlines()
    if not lines or lines[0].strip() != HEADER:
        found = lines[0].strip()[:40] if lines else "nothing"
        raise MissionError(f"{path}: begins with {found!r}; a waypoint file begins with {HEADER!r}")
    if len(lines) > MOST_ITEMS:
        raise MissionError(f"{path}: {len(lines)} lines; at most {MOST_ITEMS} are read")
    rows = [(n, line) for n, line in enumerate(lines[1:], 2) if line.strip() and line[0] != "#"]
    for due, (number, line) in enumerate(rows):
        _check_number(path, number, line.split()[0], due)
    return tuple(_read_row(path, number, line) for number, line in rows)


def _check_number(path: Path, number: int, found: str, due: int) -> None:
    """Refuse a row out of count: one before it was lost or taken out, or stands twice."""
    if found != str(due):
        raise MissionError(
            f"{path}, line {number}: is row {found[:20]!r} where row {due} is due; rows count up "
            "from 0 without a gap. Write the file again with the program that made it"
        )


def _read_row(path: Path, number: int, line: str) -> MissionItem:
    columns = line.split()
    try:
        if len(columns) != _COLUMNS:
            raise ValueError(f"{len(columns)} columns instead of {_COLUMNS}")
        frame, command = int(columns[2]), int(columns[3])
        p1, p2, p3, p4, lat, lon, altitude = map(float, columns[4:11])
        return checked_item(
            MissionItem(
                Command(command) if command in list(Command) else command,
                AltitudeFrame(frame) if frame in list(AltitudeFrame) else frame,
                (p1, p2, p3, p4),
                lon_deg=lon,
                lat_deg=lat,
                altitude_m=altitude,
                autocontinue=columns[11] not in ("0", "0.0"),
            )
        )
    except (ValueError, OverflowError) as error:
        raise MissionError(f"{path}, line {number}: {reason(error)}") from error


def _home(path: Path, item: MissionItem) -> GeoPoint:
    try:
        return GeoPoint(item.lon_deg, item.lat_deg, item.altitude_m)
    except ValueError as error:
        raise MissionError(f"{path}: home row: {reason(error)}") from error
