"""Which way does a vehicle fly the items of a mission, from whatever program they come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array, LocalFrame
from geo.terrain import Terrain
from missions.ground import ground_under
from missions.model import MissionItem

# MAV_CMD and MAV_FRAME values (MAVLink common.xml) beyond those that aerogrid writes.
WAYPOINT, RETURN, LAND, TAKEOFF = 16, 20, 21, 22
LOITER_UNLIMITED, LOITER_TURNS, LOITER_TIME, LOITER_TO_ALT, SPLINE = 17, 18, 19, 31, 82
VTOL_TAKEOFF, VTOL_LAND, DELAY, JUMP, CHANGE_SPEED = 84, 85, 93, 177, 178
TRIGGER_DISTANCE, TRIGGER_INTERVAL, START_CAPTURE, STOP_CAPTURE = 206, 214, 2000, 2001

TAKEOFFS = frozenset({TAKEOFF, VTOL_TAKEOFF})
LANDINGS = frozenset({LAND, VTOL_LAND})
VIAS = frozenset({WAYPOINT, LOITER_UNLIMITED, LOITER_TURNS, LOITER_TIME, LOITER_TO_ALT, SPLINE})
PLACES = TAKEOFFS | LANDINGS | VIAS
ABOVE_SEA, ABOVE_HOME, ABOVE_GROUND = frozenset({0, 5}), frozenset({3, 6}), frozenset({10, 11})

_SAME_PLACE_M = 1.0
_CIRCLE_M = 10.0  # CIRCLE_RADIUS of ArduCopter, for turns without a radius
_CORNERS = 32


class Kind(Enum):
    """What a leg is for."""

    TAKEOFF = "take-off"
    CRUISE = "cruise"
    RETURN = "return"
    LANDING = "landing"


@dataclass(frozen=True, slots=True)
class Step:
    """One straight leg in local metres, z above mean sea level.

    Attributes:
        item: number of the mission item, home is 0.
        trigger_m: distance between photos, 0 with the camera off.
        trigger_s: seconds between photos, 0 without a timer.
        hold_s: hovering at the end.
    """

    item: int
    kind: Kind
    start_m: tuple[float, float, float]
    end_m: tuple[float, float, float]
    speed_m_s: float
    trigger_m: float = 0.0
    trigger_s: float = 0.0
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Flown:
    """All legs of a mission in order.

    Attributes:
        home_m: x, y and altitude of the ground at home.
    """

    frame: LocalFrame
    home_m: Array
    steps: tuple[Step, ...]

    def starts_m(self) -> Array:
        """Starts of all legs (N, 3)."""
        return np.array([step.start_m for step in self.steps]).reshape(-1, 3)

    def ends_m(self) -> Array:
        """Ends of all legs (N, 3)."""
        return np.array([step.end_m for step in self.steps]).reshape(-1, 3)

    def cruising(self) -> NDArray[np.bool_]:
        """Which legs lead from place to place; not straight up or down at home or a landing."""
        return np.array([step.kind is Kind.CRUISE for step in self.steps], dtype=bool)

    def lonlat(self, xy_m: Array) -> tuple[float, float]:
        """Degrees of a place in metres."""
        lon, lat = self.frame.lonlat_from_xy(np.asarray(xy_m)[None, :2])[0]
        return float(lon), float(lat)


def fly_items(
    items: Sequence[MissionItem],
    frame: LocalFrame,
    home_m: Array,
    terrain: Terrain,
    *,
    speed_m_s: float,
    return_height_m: float,
) -> Flown:
    """Follow the items of a mission from the ground at home.

    Take-off and landing are straight up and down; a mission without take-off is taken to begin
    with one. A return climbs to `return_height_m` above home where the vehicle is lower. Commands
    that do not move the vehicle are passed over.

    Args:
        items: without home.
        frame: metres around the mission.
        home_m: x, y, altitude above mean sea level.
        terrain: for altitudes above ground; such legs come as several that follow it.
        speed_m_s: until the mission sets another.
        return_height_m: above home, as set in the vehicle (RTL_ALT).
    """
    follower = _Follower(frame, home_m, terrain, return_height_m, tuple(home_m), speed_m_s)
    for number, item in enumerate(items, 1):
        follower.follow(number, item)
    return Flown(frame, home_m, tuple(follower.steps))


def has_place(item: MissionItem) -> bool:
    """Whether an item leads somewhere; 0, 0 means where the vehicle is."""
    return item.command in PLACES and not item.lon_deg == item.lat_deg == 0


@dataclass(slots=True)
class _Follower:
    """Where a vehicle is while it works through its items."""

    frame: LocalFrame
    home_m: Array
    terrain: Terrain
    return_height_m: float
    here: tuple[float, ...]
    speed_m_s: float
    trigger_m: float = 0.0
    trigger_s: float = 0.0
    flying: bool = False
    above_ground: bool = False
    steps: list[Step] = field(default_factory=list)

    def follow(self, number: int, item: MissionItem) -> None:
        """Do what one item says."""
        if item.command == RETURN:
            self._return(number)
        elif item.command in LANDINGS:
            self._land(number, item)
        elif item.command in PLACES:
            self._go(number, item)
        elif item.command == CHANGE_SPEED:
            if item.parameters[0] in (0.0, 1.0) and item.parameters[1] > 0:
                self.speed_m_s = item.parameters[1]
        elif item.command == DELAY:
            self._wait(item.parameters[0])
        else:
            self._switch_camera(item)

    def _wait(self, seconds: float) -> None:
        """Hover where the last leg ended; on the ground nothing is used up."""
        if self.flying:
            last = self.steps[-1]
            self.steps[-1] = replace(last, hold_s=last.hold_s + max(seconds, 0.0))

    def _switch_camera(self, item: MissionItem) -> None:
        first, second = item.parameters[:2]
        if item.command == TRIGGER_DISTANCE:
            self.trigger_m = max(first, 0.0)
        elif item.command == TRIGGER_INTERVAL:
            self.trigger_s = max(first, 0.0) / 1000
        elif item.command == START_CAPTURE:
            self.trigger_s = max(second, 0.0) if item.parameters[2] != 1 else 0.0
        elif item.command == STOP_CAPTURE:
            self.trigger_s = 0.0

    def _go(self, number: int, item: MissionItem) -> None:
        x, y = self._xy(item)
        z = self._altitude(item, x, y)
        before = self.here
        follows = self.flying and self.above_ground and item.frame in ABOVE_GROUND
        if not self.flying:
            self._step(number, Kind.TAKEOFF, (*self.here[:2], z))
        self.flying, self.above_ground = True, item.frame in ABOVE_GROUND
        if item.command in TAKEOFFS and math.dist(self.here[:2], (x, y)) < _SAME_PLACE_M:
            return
        hold = item.parameters[0] if item.command in (WAYPOINT, LOITER_TIME) else 0.0
        if follows:
            self._follow_ground(number, (x, y, z))
        else:
            self._step(number, Kind.CRUISE, (x, y, z), hold_s=max(hold, 0.0))
        if item.command == LOITER_TURNS:
            self._circle(number, item, before)

    def _circle(self, number: int, item: MissionItem, before: tuple[float, ...]) -> None:
        """Once and to the exit along a polygon around the circle; further turns are hovered.

        The circle begins on the side that the vehicle comes from.
        """
        x, y, z = self.here
        turns, radius_m = max(item.parameters[0], 1.0), abs(item.parameters[2]) or _CIRCLE_M
        begin = math.atan2(before[1] - y, before[0] - x)
        around = math.copysign(2 * math.pi * (1 + turns % 1), -item.parameters[2] or -1.0)
        angles = np.linspace(begin, begin + around, 2 * _CORNERS + 1)
        outer = radius_m / math.cos(abs(around) / (4 * _CORNERS))
        for angle in angles.tolist():
            there = (x + outer * math.cos(angle), y + outer * math.sin(angle), z)
            self._step(number, Kind.CRUISE, there)
        self._wait((math.floor(turns) - 1) * 2 * math.pi * radius_m / self.speed_m_s)

    def _follow_ground(self, number: int, there: tuple[float, float, float]) -> None:
        """Steps along which height above ground changes evenly."""
        start, end = np.array([self.here]), np.array([there])
        ground = ground_under(self.terrain, self.frame, start, end)
        levels = np.append(ground.altitudes_amsl_m[:, 0], ground.altitudes_amsl_m[-1:, 2])
        shares = np.append(ground.shares[:, 0], 1.0)
        above = (start[0, 2] - levels[0]) * (1 - shares) + (end[0, 2] - levels[-1]) * shares
        places = start[:, :2] + shares[:, None] * (end - start)[:, :2]
        for place, altitude in zip(places[1:].tolist(), (levels + above)[1:].tolist(), strict=True):
            self._step(number, Kind.CRUISE, (place[0], place[1], altitude))

    def _land(self, number: int, item: MissionItem) -> None:
        x, y = self._xy(item)
        if math.dist(self.here[:2], (x, y)) >= _SAME_PLACE_M:
            self._step(number, Kind.CRUISE, (x, y, self.here[2]))
        ground = self._ground(x, y)
        bottom = ground if ground < self.here[2] else min(float(self.home_m[2]), self.here[2])
        self._step(number, Kind.LANDING, (x, y, bottom))
        self.flying = False

    def _return(self, number: int) -> None:
        x, y, ground = self.home_m.tolist()
        level = max(self.here[2], ground + self.return_height_m)
        if level > self.here[2]:
            self._step(number, Kind.RETURN, (*self.here[:2], level))
        if math.dist(self.here[:2], (x, y)) >= _SAME_PLACE_M:
            self._step(number, Kind.CRUISE, (x, y, level))
        self._step(number, Kind.LANDING, (*self.here[:2], ground))
        self.flying = False

    def _step(
        self, number: int, kind: Kind, there: tuple[float, ...], *, hold_s: float = 0.0
    ) -> None:
        x, y, z = self.here
        self.steps.append(
            Step(
                number,
                kind,
                (x, y, z),
                (there[0], there[1], there[2]),
                self.speed_m_s,
                self.trigger_m,
                self.trigger_s,
                hold_s,
            )
        )
        self.here = there

    def _xy(self, item: MissionItem) -> tuple[float, float]:
        if not has_place(item):
            return self.here[0], self.here[1]
        x, y = self.frame.xy_from_lonlat(np.array([[item.lon_deg, item.lat_deg]]))[0].tolist()
        return x, y

    def _altitude(self, item: MissionItem, x: float, y: float) -> float:
        if item.frame in ABOVE_SEA:
            return item.altitude_m
        if item.frame in ABOVE_GROUND:
            return self._ground(x, y) + item.altitude_m
        return float(self.home_m[2]) + item.altitude_m

    def _ground(self, x: float, y: float) -> float:
        place = self.frame.lonlat_from_xy(np.array([[x, y]]))
        return float(self.terrain.altitudes_amsl_m(place)[0])
