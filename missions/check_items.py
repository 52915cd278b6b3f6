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
    CHANGE_SPEED,
    DELAY,
    JUMP,
    LANDINGS,
    LOITER_TO_ALT,
    LOITER_UNLIMITED,
    PLACES,
    RETURN,
    SPLINE,
    START_CAPTURE,
    STOP_CAPTURE,
    TAKEOFFS,
    TRIGGER_DISTANCE,
    TRIGGER_INTERVAL,
    WAYPOINT,
    has_place,
)
from missions.model import Drone, MissionFile, MissionItem, Sortie

FAR_M = 100_000.0
_GEOD = Geod(ellps="WGS84")
_ASIDE_M = 5.0  # as far as a position may be wrong
_MOST_CUT_M = 5.0  # as near to a corner as to a fence
_UNCERTAIN = {
    LOITER_UNLIMITED: " (waiting without end)",
    LOITER_TO_ALT: " (climbing in circles)",
    SPLINE: " (a spline)",
}
# MAV_CMD of speed, nose, gimbal, camera and the wait for these: none leads anywhere else.
_HARMLESS = frozenset(
    {112, 114, 115, CHANGE_SPEED, 195, 196, 197, 200, 201, 202, 203, 204, 205, TRIGGER_DISTANCE}
    | {TRIGGER_INTERVAL, 530, 531, 532, 533, 534, 1000, 1001, START_CAPTURE, STOP_CAPTURE}
    | {2500, 2501}
)
_KNOWN = _HARMLESS | PLACES | {RETURN, DELAY}
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
    count = len(places) + sum(item.command == RETURN for item in items)
    if count > drone.waypoint_limit:
        yield Finding(Code.WAYPOINT_LIMIT, value=count, limit=drone.waypoint_limit)
    yield from _frames(items)
    yield from _commands(items)
    yield from _after_end(items)


def endings(mission: MissionFile | Sortie) -> Iterator[Finding]:
    """Find a mission that leaves the vehicle in the air at its end."""
    items = mission.items
    if any(item.command in LANDINGS or item.command == RETURN for item in items):
        return
    if isinstance(mission, MissionFile) and mission.end_unsaid:
        yield Finding(Code.END_UNSAID)
    else:
        yield Finding(Code.RETURN_MISSING, len(items))


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
        elif item.command in _UNCERTAIN or item.command not in _KNOWN or _waits_for_a_time(item):
            name = _UNCERTAIN.get(item.command, "")
            yield Finding(Code.COMMAND_UNKNOWN, number, detail=f"{int(item.command)}{name}")


def _after_end(items: Sequence[MissionItem]) -> Iterator[Finding]:
    """Find the first item that leads somewhere after the vehicle was told to land or return.

    ArduCopter never comes to it: a return ends the mission, a landing stops the motors.
    """
    ended: MissionItem | None = None
    for number, item in enumerate(items, 1):
        if ended is not None and (item.command in PLACES or item.command == RETURN):
            word = "return" if ended.command == RETURN else "landing"
            yield Finding(Code.AFTER_END, number, item.lon_deg, item.lat_deg, detail=word)
            return
        if item.command in LANDINGS or item.command == RETURN:
            ended = item


def _waits_for_a_time(item: MissionItem) -> bool:
    """Whether a delay lasts until a time of day: up to a day, as nobody can tell from the file."""
    return item.command == DELAY and item.parameters[0] <= 0 and any(item.parameters)


def take_offs(home: GeoPoint, items: Sequence[MissionItem]) -> Iterator[Finding]:
    """Find take-offs in the air, and a first one aside of home: vehicles differ in what they do.

    ArduCopter climbs where it stands and flies on to the next place; PX4 flies to the item's.
    """
    flying = False
    for number, item in enumerate(items, 1):
        if item.command in LANDINGS or item.command == RETURN:
            flying = False
        elif item.command in TAKEOFFS and flying:
            yield Finding(Code.COMMAND_UNKNOWN, number, detail=f"{int(item.command)} in the air")
        elif item.command in PLACES:
            flying = True
    number, first = next((n, i) for n, i in enumerate(items, 1) if i.command in PLACES)
    if first.command in TAKEOFFS and has_place(first):
        aside = _distance_m(home, first.lon_deg, first.lat_deg)
        if aside > _ASIDE_M:
            place = first.lon_deg, first.lat_deg
            yield Finding(Code.TAKEOFF_ASIDE, number, *place, round(aside, 1), _ASIDE_M)


def curves(mission: MissionFile | Sortie) -> Iterator[Finding]:
    """Find corners that are cut further than a check of straight legs can answer for.

    A file may say so for all of them, a way-point by the radius in which it counts as reached, or
    at which it is passed by (second and third parameter; PX4 obeys).
    """
    cut = mission.corner_cut_m if isinstance(mission, MissionFile) else 0.0
    ways = (item.parameters for item in mission.items if item.command == WAYPOINT)
    cut = max([cut, *(max(abs(reached), abs(passed)) for _, reached, passed, _ in ways)])
    if cut > _MOST_CUT_M:
        far = "all along the way" if cut == np.inf else f"up to {cut:.0f} m before a place"
        yield Finding(Code.CURVES, limit=_MOST_CUT_M, detail=far)


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
