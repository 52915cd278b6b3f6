"""EDGE: read a mission file of any known format."""

import json
from collections.abc import Callable
from pathlib import Path

from missions.errors import MissionError
from missions.litchi import read_litchi
from missions.mission_json import FORMAT, read_sortie
from missions.model import MissionFile
from missions.qgc_plan import read_plan
from missions.reading import read_bytes
from missions.waypoints import read_waypoints
from missions.wpml_read import read_wpml

_ZIP, _WPL = b"PK\x03\x04", b"QGC WPL"
_CSV = (b"latitude,longitude", b"latitude;longitude")
KNOWN = ".plan, .waypoints, .mission.json, .kmz (DJI way-line) and .csv (Litchi)"


def read_mission(path: Path) -> MissionFile:
    """Read a mission by what the file holds; its name decides where that says nothing.

    Raises:
        MissionError: the file is missing, of no known format, or damaged.
    """
    return _reader(path, read_bytes(path))(path)


def _reader(path: Path, content: bytes) -> Callable[[Path], MissionFile]:
    start = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_ZIP):
        return read_wpml
    if start.startswith(_WPL):
        return read_waypoints
    if start.lower().startswith(_CSV):
        return read_litchi
    if start.startswith(b"{"):
        return _read_json(content)
    by_name = {
        ".plan": read_plan,
        ".waypoints": read_waypoints,
        ".kmz": read_wpml,
        ".csv": read_litchi,
        ".txt": read_waypoints,
        ".json": _read_ours,
    }
    reader = by_name.get(path.suffix.lower())
    if reader is None:
        raise MissionError(f"{path}: not a mission file that is known; known are {KNOWN}")
    return reader


def _read_json(content: bytes) -> Callable[[Path], MissionFile]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    ours = isinstance(document, dict) and document.get("format") == FORMAT
    return _read_ours if ours else read_plan


def _read_ours(path: Path) -> MissionFile:
    sortie = read_sortie(path)
    return MissionFile(sortie.home, sortie.items, sortie.fence)
