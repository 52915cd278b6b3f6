"""What does a mission file of another program ask for, in the words that aerogrid flies and draws.

Photos of a timer stand as photos by distance at the speed flown. Orders that neither move the
aircraft nor release the shutter are left out and counted.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon

from geo.footprint import gsd_m
from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.terrain import FlatTerrain, Terrain
from missions.energy import flight_cost
from missions.errors import MissionError
from missions.flown import (
    ABOVE_GROUND,
    CHANGE_SPEED,
    JUMP,
    START_CAPTURE,
    STOP_CAPTURE,
    TRIGGER_DISTANCE,
    TRIGGER_INTERVAL,
    has_place,
)
from missions.model import AltitudeFrame, Command, Drone, MissionFile, MissionItem, Photo, Sortie
from missions.releases import LATE_S, REACHED_M, heading_deg, released_every_m
from missions.steps import change_speed, photos_every, vertical_speeds
from missions.stops import Do, Stop, Tour, items_of, tour

FENCE_M = 50.0
"""How far around the path of a file without a fence one is drawn."""
_LAST_NAV = 95  # MAV_CMD_NAV_LAST: commands up to here move the vehicle
_DIGICAM = 203
_KEPT = frozenset(
    {
        Command.CONDITION_YAW,
        Command.DO_CHANGE_SPEED,
        Command.DO_MOUNT_CONTROL,
        TRIGGER_DISTANCE,
        START_CAPTURE,
        _DIGICAM,
    }
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A mission of another program, and what a person should know about how it was read."""

    sortie: Sortie
    notes: tuple[str, ...] = ()


def foreign_sortie(
    mission: MissionFile, drone: Drone, *, code: str, terrain: Terrain | None = None
) -> Foreign:
    """Read a mission of any origin as a sortie.

    Args:
        mission: content of the file.
        drone: that is to fly it.
        code: of the sortie.
        terrain: for altitudes above ground; level at home if None.

    Raises:
        MissionError: it leads nowhere, repeats parts, or moves the aircraft in a way unknown here.
    """
    home = _home(mission, terrain)
    ground = terrain or FlatTerrain(home.altitude_amsl_m)
    left_out: Counter[int] = Counter()
    said = tuple(_said(mission.items, home, ground, drone.cruise_speed_m_s, left_out))
    whole = tour(home, said, drone.cruise_speed_m_s)
    items = (*_speeds(mission, drone, whole), *items_of(whole, home))
    frame = LocalFrame(home.lon_deg, home.lat_deg)
    cost = flight_cost(home, items, drone)
    heights = [stop.height_home_m for stop in whole.stops]
    height = float(np.median(heights))
    fence = mission.fence or _fence_around(whole, home, frame)
    sortie = Sortie(
        code=code,
        cell_codes=(),
        drone_key=drone.key,
        home=home,
        items=items,
        fence=fence,
        photos=tuple(_photos(whole, frame)),
        speed_m_s=max(stop.speed_m_s for stop in whole.stops),
        height_home_m=height,
        gsd_m=gsd_m(drone.camera, height) if height > 0 else 0.0,
        distance_m=round(cost.distance_m, 1),
        duration_s=round(cost.duration_s, 1),
        energy_wh=round(cost.energy_wh, 3),
        battery_share=round(cost.battery_share, 4),
        ceiling_home_m=round(max(heights) + 1.0, 1),
    )
    return Foreign(sortie, tuple(_notes(mission, left_out)))


def _speeds(mission: MissionFile, drone: Drone, whole: Tour) -> Iterator[MissionItem]:
    """Orders before the first place: how fast to climb, to sink and to fly there."""
    if mission.climbs_freely:
        yield from vertical_speeds(drone)
        yield change_speed(whole.stops[0].speed_m_s)
        return
    for item in mission.items:
        if has_place(item) and item.command != Command.NAV_TAKEOFF:
            return
        if item.command == CHANGE_SPEED:
            yield item


def _home(mission: MissionFile, terrain: Terrain | None) -> GeoPoint:
    """Home as the file says, or below its first place; on the terrain's ground where it is known.

    Files of others often have 0 for its altitude.
    """
    first = next((item for item in mission.items if has_place(item)), None)
    if first is None:
        raise MissionError("the mission leads nowhere: it has no way-point")
    home = mission.home or GeoPoint(first.lon_deg, first.lat_deg, 0.0)
    if terrain is None:
        return home
    ground = float(terrain.altitudes_amsl_m(np.array([[home.lon_deg, home.lat_deg]]))[0])
    return replace(home, altitude_amsl_m=ground) if np.isfinite(ground) else home


def _said(
    items: Sequence[MissionItem],
    home: GeoPoint,
    terrain: Terrain,
    speed_m_s: float,
    left_out: Counter[int],
) -> Iterator[MissionItem]:
    """Items in words that can be written down as places."""
    for number, item in enumerate(items, 1):
        if item.command == CHANGE_SPEED and item.parameters[1] > 0:
            speed_m_s = item.parameters[1] if item.parameters[0] <= 1 else speed_m_s
        if item.command == JUMP:
            raise MissionError(f"item {number} jumps back in the mission; write its legs out")
        seconds = _timer_s(item)
        if seconds is not None:
            late_s = LATE_S if seconds > LATE_S else 0.0  # a timer is not
            yield photos_every((seconds - late_s) * speed_m_s)
        elif item.command <= _LAST_NAV:
            yield _above_home(item, home, terrain)
        elif item.command in _KEPT:
            yield item
        else:
            left_out[int(item.command)] += 1


def _timer_s(item: MissionItem) -> float | None:
    """Seconds between the photos that an item orders; 0 to stop; None if it is about none."""
    first, second, third = item.parameters[:3]
    if item.command == TRIGGER_INTERVAL:
        return max(first, 0.0) / 1000
    if item.command == STOP_CAPTURE:
        return 0.0
    if item.command == START_CAPTURE and third != 1:
        return max(second, 0.0)
    return None


def _above_home(item: MissionItem, home: GeoPoint, terrain: Terrain) -> MissionItem:
    """The same place with a height above ground told above home."""
    if item.frame not in ABOVE_GROUND or not has_place(item):
        return item
    ground = terrain.altitudes_amsl_m(np.array([[item.lon_deg, item.lat_deg]]))[0]
    height = round(float(ground) + item.altitude_m - home.altitude_amsl_m, 2)
    return replace(item, frame=AltitudeFrame.ABOVE_HOME, altitude_m=height)


def _fence_around(whole: Tour, home: GeoPoint, frame: LocalFrame) -> Polygon:
    places = [(home.lon_deg, home.lat_deg), *((s.lon_deg, s.lat_deg) for s in whole.stops)]
    path = LineString(frame.xy_from_lonlat(np.array([*places, places[0]])))
    around = shapely.convex_hull(path).buffer(FENCE_M, quad_segs=2)
    fence = frame.to_lonlat(around)
    assert isinstance(fence, Polygon)  # a hull
    return fence


def _photos(whole: Tour, frame: LocalFrame) -> Iterator[Photo]:
    """Where the shutter is expected to be released; its distance counts on around corners."""
    pitch_deg, spacing_m, since_m = -90.0, 0.0, 0.0
    for stop, onward in pairwise([*whole.stops, None]):
        assert stop is not None  # only the last of all is none
        nose_deg = stop.heading_deg or 0.0
        for action in stop.actions:
            if action.what is Do.TILT_DEG:
                pitch_deg = action.value
            elif action.what is Do.TURN_DEG:
                nose_deg = action.value
            elif action.what is Do.PHOTO:
                yield Photo(stop.lon_deg, stop.lat_deg, stop.height_home_m, nose_deg, pitch_deg)
        if stop.photo_spacing_m != spacing_m:
            spacing_m, since_m = stop.photo_spacing_m, math.inf
        if spacing_m > 0 and onward is not None:
            row = frame.xy_from_lonlat(np.array([(s.lon_deg, s.lat_deg) for s in (stop, onward)]))
            length_m = float(np.hypot(*(row[1] - row[0])))
            each_m = released_every_m(spacing_m, stop.speed_m_s)
            along_m = np.arange(max(each_m - since_m, 0.0), max(length_m - REACHED_M, 1e-6), each_m)
            yield from _along(stop, onward, row, along_m, pitch_deg, frame)
            since_m = length_m - along_m[-1] if len(along_m) else since_m + length_m


def _along(
    stop: Stop, onward: Stop, row_m: Array, along_m: Array, pitch_deg: float, frame: LocalFrame
) -> Iterator[Photo]:
    """Photos at distances (N,) from a place on the way (2, 2) to the next."""
    length_m = max(float(np.hypot(*(row_m[1] - row_m[0]))), 1e-6)
    heading = heading_deg(row_m, frame)
    shares = along_m / length_m
    places = frame.lonlat_from_xy(row_m[0] + shares[:, None] * (row_m[1] - row_m[0]))
    rise = onward.height_home_m - stop.height_home_m
    for (lon, lat), share in zip(places.tolist(), shares.tolist(), strict=True):
        yield Photo(lon, lat, stop.height_home_m + share * rise, heading, pitch_deg)


def _notes(mission: MissionFile, left_out: Counter[int]) -> Iterator[str]:
    if mission.home is None:
        yield "does not say where home is; its first place was taken"
    if mission.fence is None:
        yield f"has no geofence; one {FENCE_M:g} m around its path stands in"
    if left_out:
        counted = ", ".join(f"{count} of {command}" for command, count in left_out.items())
        yield f"orders that do not matter here were left out (commands: {counted})"
