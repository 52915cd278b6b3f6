"""EDGE: check a mission file of any origin, and say what was found as a JSON document."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from shapely import MultiPoint, Polygon

from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.check import check
from missions.check_limits import Limits
from missions.errors import MissionError
from missions.findings import Code, Finding, has_errors
from missions.flown import has_place
from missions.mission_json import read_sortie
from missions.model import Drone, MissionFile, Sortie
from missions.open_file import read_mission as open_mission
from missions.waypoints import HEADER

SUFFIXES = (".plan", ".waypoints", ".txt", ".json", ".kmz", ".csv")
_FENCELESS = (".waypoints", ".txt", ".kmz", ".csv")  # formats that have no place for a fence
_FAMILY = HEADER.rsplit(" ", 1)[0]
_LAT_COLUMN, _LON_COLUMN = 8, 9


def read_mission(path: Path) -> MissionFile | Sortie:
    """Read a mission; ours with everything that it says of itself.

    Raises:
        MissionError: the file cannot be read.
    """
    return read_sortie(path) if path.suffix.lower() == ".json" else open_mission(path)


def area_of(paths: Sequence[Path]) -> MultiPoint:
    """Homes and places of all mission files that can be read, lon/lat degrees."""
    places: list[tuple[float, float]] = []
    for path in paths:
        try:
            mission = read_mission(path)
        except MissionError:  # told when it is checked
            continue
        places += [(item.lon_deg, item.lat_deg) for item in mission.items if has_place(item)]
        if mission.home is not None:
            places.append((mission.home.lon_deg, mission.home.lat_deg))
    return MultiPoint([place for place in places if np.isfinite(place).all()])


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a check took for granted, as the file does not say it.

    Attributes:
        drone_key: what flies.
        limits: wind, ceiling and others.
        return_height_m: above home.
        terrain: the file of ground heights; level ground at home if None.
    """

    drone_key: str
    limits: Limits
    return_height_m: float
    terrain: str | None

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "drone": self.drone_key,
            "wind_m_s": self.limits.wind_m_s,
            "ceiling_agl_m": self.limits.ceiling_agl_m,
            "ceiling_as_of": self.limits.ceiling_as_of.isoformat(),
            "dem": self.terrain,
            "return_height_m": self.return_height_m,
        }

    def __str__(self) -> str:
        """In one line."""
        limits, dem = self.limits, self.terrain or "none, level ground at home"
        return (
            f"assumed: drone {self.drone_key}, wind {limits.wind_m_s:g} m/s, ceiling "
            f"{limits.ceiling_agl_m:g} m above ground (as of {limits.ceiling_as_of}), DEM {dem}, "
            f"return height {self.return_height_m:g} m above home"
        )


def return_height_m(path: Path, limits: Limits, drone: Drone) -> float:
    """What a file is checked with: its own return height, the limits', or the drone's."""
    own = None
    with contextlib.suppress(MissionError):  # told when it is checked
        own = read_mission(path).return_height_m
    asked = limits.return_height_m
    ours = path.suffix.lower() == ".json"
    chosen = (asked if asked is not None else own) if ours else (own if own is not None else asked)
    return drone.autopilot.return_height_m if chosen is None else chosen


def check_file(
    path: Path,
    limits: Limits,
    terrain: Terrain | None,
    airspace: Airspace,
    drone_of: Callable[[MissionFile | Sortie], Drone],
    *,
    fence: Polygon | None = None,
) -> tuple[Finding, ...]:
    """Check a mission file; a file that no vehicle could read is a finding too.

    Args:
        path: of any kind that can be read.
        limits: what must be kept to.
        terrain: heights of the ground; level at home's altitude if None.
        airspace: zones and obstacles that are in force.
        drone_of: which drone flies what was read.
        fence: of the sortie, lon/lat degrees, for a file of a format that cannot hold one.

    Raises:
        MissionError: there is no such file, or it is of a kind that is not known.
    """
    if not path.is_file():
        raise MissionError(f"{path}: no such file")
    if path.suffix.lower() not in SUFFIXES:
        raise MissionError(
            f"{path}: not a kind of file that is known; give one of {', '.join(SUFFIXES)}"
        )
    try:
        mission = read_mission(path)
    except MissionError as error:
        return tuple(_unreadable(path, error))
    if mission.fence is None and path.suffix.lower() in _FENCELESS:
        mission = replace(mission, fence=fence)
    return check(mission, limits, terrain, airspace, drone_of(mission))


def _unreadable(path: Path, error: MissionError) -> Iterator[Finding]:
    """What is wrong with a file that a reader refused."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    first = text.splitlines()[0].strip() if text.strip() else ""
    if first.startswith(_FAMILY) and first != HEADER:
        yield Finding(Code.FILE_VERSION, detail=repr(first[:40]))
        return
    swapped = next(_swapped(text, path.suffix.lower()), None)
    if swapped is None:
        yield Finding(Code.FILE_UNREADABLE, detail=str(error))
        return
    number, lon, lat = swapped
    yield Finding(Code.COORDINATES_SWAPPED, number, lon, lat)


def _swapped(text: str, suffix: str) -> Iterator[tuple[int, float, float]]:
    """Items whose latitude is none but would be a longitude: number, lon, lat."""
    places = _plan_places(text) if suffix == ".plan" else _waypoint_places(text)
    for number, lon, lat in places:
        if 90 < abs(lat) <= 180 and abs(lon) <= 90:
            yield number, lon, lat


def _waypoint_places(text: str) -> Iterator[tuple[int, float, float]]:
    for number, line in enumerate(text.splitlines()[1:]):
        columns = line.split()
        try:
            yield number, float(columns[_LON_COLUMN]), float(columns[_LAT_COLUMN])
        except (IndexError, ValueError):
            continue


def _plan_places(text: str) -> Iterator[tuple[int, float, float]]:
    """Home and simple items; QGroundControl writes latitude first."""
    try:
        mission = json.loads(text)["mission"]
        places = [mission["plannedHomePosition"][:2]]
        places += [item["params"][4:6] for item in mission["items"] if "params" in item]
    except (ValueError, KeyError, TypeError):
        return
    for number, (lat, lon) in enumerate(places):
        if isinstance(lat, int | float) and isinstance(lon, int | float):
            yield number, lon, lat


def findings_document(
    checked: Sequence[tuple[Path, tuple[Finding, ...], Assumed]],
) -> dict[str, Any]:
    """What was found in some files, as JSON holds it."""
    return {
        "format": "aerogrid check",
        "version": 1,
        "passed": not any(has_errors(findings) for _, findings, _ in checked),
        "files": [
            {
                "file": str(path),
                "passed": not has_errors(findings),
                "assumed": assumed.document(),
                "findings": [finding.document() for finding in findings],
            }
            for path, findings, assumed in checked
        ],
    }
