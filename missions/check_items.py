"""Are the items of a mission sound as they are written: places, frames, commands, number."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from pyproj import Geod

from geo.pose import GeoPoint
from geo.terrain import Terrain
from missions.findings import Code, Finding
from missions.flown import (
    ABOVE_GROUND,
    ABOVE_HOME,
    ABOVE_SEA,
    JUMP,
    LANDINGS,
    PLACES,
    RETURN,
    TAKEOFFS,
    WAYPOINT,
    has_place,
)
from missions.model import Drone, MissionItem

FAR_M = 100_000.0
_GEOD = Geod(ellps="WGS84")
_LAST_NAV = 95  # MAV_CMD_NAV_LAST: commands up to here move the vehicle
_HOME_ALTITUDE_M = 10.0
_GROUPS = (("above sea", ABOVE_SEA), ("above home", ABOVE_HOME), ("above ground", ABOVE_GROUND))


def misplaced(home: GeoPoint, items: Sequence[MissionItem], terrain: Terrain) -> Iterator[Finding]:
    """Find places that cannot be meant; with one of these nothing else is worth checking."""
    if _is_swapped_home(home, terrain):
        yield Finding(Code.COORDINATES_SWAPPED, 0, home.lon_deg, home.lat_deg)
        return
    for number, item in enumerate(items, 1):
        if item.command not in PLACES:
            continue
        if not np.isfinite([item.lon_deg, item.lat_deg, item.altitude_m]).all():
            yield Finding(Code.COORDINATES_ZERO, number)
        elif item.lon_deg == item.lat_deg == 0:
            if item.command == WAYPOINT:
                yield Finding(Code.COORDINATES_ZERO, number, 0.0, 0.0)
        else:
            yield from _far(home, number, item)


def _is_swapped_home(home: GeoPoint, terrain: Terrain) -> bool:
    """Whether the terrain knows the ground only at home with the axes exchanged."""
    if abs(home.lon_deg) > 90:
        return False
    places = np.array([[home.lon_deg, home.lat_deg], [home.lat_deg, home.lon_deg]])
    known = np.isfinite(terrain.altitudes_amsl_m(places))
    return bool(known[1] and not known[0])


def _far(home: GeoPoint, number: int, item: MissionItem) -> Iterator[Finding]:
    away = _distance_m(home, item.lon_deg, item.lat_deg)
    if away <= FAR_M:
        return
    if _distance_m(home, item.lat_deg, item.lon_deg) <= FAR_M:
        yield Finding(Code.COORDINATES_SWAPPED, number, item.lon_deg, item.lat_deg)
        return
    value = None if np.isnan(away) else round(away)
    yield Finding(Code.COORDINATES_FAR, number, item.lon_deg, item.lat_deg, value, FAR_M)


def _distance_m(home: GeoPoint, lon_deg: float, lat_deg: float) -> float:
    """Distance on the ellipsoid; endless for what is no latitude."""
    if abs(lat_deg) > 90:
        return float("inf")
    return float(_GEOD.inv(home.lon_deg, home.lat_deg, lon_deg, lat_deg)[2])


def unsound(items: Sequence[MissionItem], drone: Drone) -> Iterator[Finding]:
    """Find faults in order, number, frames and commands of items."""
    places = [item for item in items if item.command in PLACES]
    if not any(has_place(item) for item in places):
        yield Finding(Code.EMPTY)
        return
    if places[0].command not in TAKEOFFS:
        yield Finding(Code.TAKEOFF_MISSING, 1)
    if not any(item.command in LANDINGS or item.command == RETURN for item in items):
        yield Finding(Code.RETURN_MISSING, len(items))
    count = len(places) + sum(item.command == RETURN for item in items)
    if count > drone.waypoint_limit:
        yield Finding(Code.WAYPOINT_LIMIT, value=count, limit=drone.waypoint_limit)
    yield from _frames(items)
    yield from _commands(items)


def _frames(items: Sequence[MissionItem]) -> Iterator[Finding]:
    used: Counter[str] = Counter()
    for number, item in enumerate(items, 1):
        if not has_place(item):
            continue
        groups = [name for name, frames in _GROUPS if item.frame in frames]
        used.update(groups)
        if not groups:
            yield Finding(
                Code.FRAME, number, item.lon_deg, item.lat_deg, detail=str(int(item.frame))
            )
    if len(used) > 1:
        yield Finding(Code.FRAMES_MIXED, detail=", ".join(f"{used[name]} {name}" for name in used))


def _commands(items: Sequence[MissionItem]) -> Iterator[Finding]:
    for number, item in enumerate(items, 1):
        if item.command == JUMP:
            yield Finding(Code.REPEATED, number)
        elif item.command <= _LAST_NAV and item.command not in PLACES | {RETURN, 93, 94}:
            yield Finding(Code.COMMAND_UNKNOWN, number, detail=str(int(item.command)))


def home_altitude(home: GeoPoint, ground_m: float) -> Iterator[Finding]:
    """Find a home that is said to lie well above or below the ground."""
    if abs(home.altitude_amsl_m - ground_m) > _HOME_ALTITUDE_M:
        yield Finding(
            Code.HOME_ALTITUDE,
            0,
            home.lon_deg,
            home.lat_deg,
            round(home.altitude_amsl_m, 1),
            round(ground_m, 1),
        )
