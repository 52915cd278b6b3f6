"""Which places does a mission go through, and what happens there and on the way onward.

The form between MAVLink's list of commands and formats that write places with their actions (DJI
WPML, Litchi).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from geo.pose import GeoPoint
from missions import steps
from missions.errors import MissionError
from missions.model import AltitudeFrame, Command, MissionItem, Sortie

_LOITER_TIME, _SPLINE, _DELAY, _DIGICAM = 19, 82, 93, 203
_PLACES = (Command.NAV_WAYPOINT, _LOITER_TIME, _SPLINE)
_SAME_HEIGHT_M = 0.05
_SPEEDS_OVER_GROUND = (0.0, 1.0)  # SPEED_TYPE: air speed, ground speed


class Do(Enum):
    """What can be done at a place."""

    PHOTO = "photo"
    HOVER_S = "hover"
    TURN_DEG = "turn"
    TILT_DEG = "tilt"


class Finish(Enum):
    """What ends a flight."""

    RETURN = "return"
    LAND = "land"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing done at a place; `value` in the unit that `what` names."""

    what: Do
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """One place of a mission.

    Attributes:
        heading_deg: of the nose on arrival, clockwise from north; along the way if None.
        speed_m_s: on the way onward.
        photo_spacing_m: on the way onward; 0 with the camera off.
        actions: in their order.
    """

    lon_deg: float
    lat_deg: float
    height_home_m: float
    heading_deg: float | None
    speed_m_s: float
    photo_spacing_m: float = 0.0
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Tour:
    """A mission as places in order; the take-off itself is not one of them."""

    stops: tuple[Stop, ...]
    finish: Finish


def flight_tour(sortie: Sortie) -> Tour:
    """The places of a sortie, from above home on where its take-off ends at another height.

    A format without a take-off climbs over home to the height of its first place, which on hills
    is another one.

    Raises:
        MissionError: an item that cannot be said as a place with actions.
    """
    way = tour(sortie.home, sortie.items, sortie.speed_m_s)
    numbered = enumerate(sortie.items, 1)
    risen = next((found for found in numbered if found[1].command == Command.NAV_TAKEOFF), None)
    if risen is None:
        return way
    height = _Reader(sortie.home, sortie.speed_m_s).height_m(*risen)
    first = way.stops[0]
    if abs(height - first.height_home_m) < _SAME_HEIGHT_M:
        return way
    above = Stop(sortie.home.lon_deg, sortie.home.lat_deg, height, None, first.speed_m_s)
    return replace(way, stops=(above, *way.stops))


def tour(home: GeoPoint, items: Sequence[MissionItem], speed_m_s: float) -> Tour:
    """Turn items into places.

    Args:
        home: where altitudes above home and above sea level are told apart.
        items: without home.
        speed_m_s: until the mission sets another.

    Raises:
        MissionError: an item that cannot be said as a place with actions.
    """
    reader = _Reader(home, speed_m_s)
    for number, item in enumerate(items, 1):
        reader.take(number, item)
    if not reader.stops:
        raise MissionError("the mission has no way-point; there is nothing to write")
    return Tour(tuple(reader.stops), reader.finish)


@dataclass(slots=True)
class _Reader:
    """The places so far and what was ordered since the last."""

    home: GeoPoint
    speed_m_s: float
    spacing_m: float = 0.0
    turn_deg: float | None = None
    waiting: list[Action] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    finish: Finish = Finish.STAY

    def take(self, number: int, item: MissionItem) -> None:
        """Take the next item."""
        if item.command in _PLACES:
            self._arrive(number, item)
        elif item.command == Command.NAV_RETURN_TO_LAUNCH:
            self.finish = Finish.RETURN
        elif item.command == Command.NAV_LAND:
            self._land(number, item)
        elif item.command != Command.NAV_TAKEOFF:
            self._order(number, item)

    def _order(self, number: int, item: MissionItem) -> None:
        first, second = item.parameters[:2]
        if item.command == Command.DO_CHANGE_SPEED:
            if first in _SPEEDS_OVER_GROUND and second > 0:
                self.speed_m_s = second
                self._onward()
        elif item.command == Command.DO_SET_CAM_TRIGG_DIST:
            self.spacing_m = max(first, 0.0)
            self._onward()
        elif item.command == Command.CONDITION_YAW:
            self.turn_deg = first % 360
        elif item.command == Command.DO_MOUNT_CONTROL:
            self._act(Action(Do.TILT_DEG, first))
        elif item.command in (steps.IMAGE_START_CAPTURE, _DIGICAM):
            self._photo()
        elif item.command == _DELAY:
            self._act(Action(Do.HOVER_S, max(first, 0.0)))
        else:
            raise MissionError(
                f"item {number}: command {int(item.command)} has no counterpart in this format; "
                "write the mission as .plan or .waypoints"
            )

    def _arrive(self, number: int, item: MissionItem) -> None:
        actions = list(self.waiting)
        if item.parameters[0] > 0:
            actions.append(Action(Do.HOVER_S, item.parameters[0]))
        self.stops.append(
            Stop(
                item.lon_deg,
                item.lat_deg,
                self.height_m(number, item),
                self.turn_deg,
                self.speed_m_s,
                self.spacing_m,
                tuple(actions),
            )
        )
        self.waiting.clear()
        self.turn_deg = None

    def _land(self, number: int, item: MissionItem) -> None:
        """Land under a way-point above the landing place."""
        if not item.lon_deg == item.lat_deg == 0 and self.stops:
            level = self.stops[-1].height_home_m
            above = replace(item, altitude_m=level, frame=AltitudeFrame.ABOVE_HOME)
            self._arrive(number, replace(above, parameters=(0.0, 0.0, 0.0, 0.0)))
        self.finish = Finish.LAND

    def _photo(self) -> None:
        if self.turn_deg is not None:
            self._act(Action(Do.TURN_DEG, self.turn_deg))
            self.turn_deg = None
        self._act(Action(Do.PHOTO))

    def _act(self, action: Action) -> None:
        if self.stops:
            last = self.stops[-1]
            self.stops[-1] = replace(last, actions=(*last.actions, action))
        else:
            self.waiting.append(action)

    def _onward(self) -> None:
        if self.stops:
            last = self.stops[-1]
            self.stops[-1] = replace(last, speed_m_s=self.speed_m_s, photo_spacing_m=self.spacing_m)

    def height_m(self, number: int, item: MissionItem) -> float:
        """Height above home of an item; MissionError where it says none."""
        if item.frame in (AltitudeFrame.ABOVE_HOME, 6):
            return item.altitude_m
        if item.frame in (AltitudeFrame.AMSL, 5):
            return round(item.altitude_m - self.home.altitude_amsl_m, 3)
        raise MissionError(
            f"item {number}: an altitude in frame {int(item.frame)} cannot be written as a height "
            "above the take-off; plan with heights above home"
        )


def items_of(way: Tour, home: GeoPoint | None) -> tuple[MissionItem, ...]:
    """Turn places into items, take-off first."""
    return tuple(_items(way, home))


def _items(way: Tour, home: GeoPoint | None) -> Iterator[MissionItem]:
    lon, lat = (home.lon_deg, home.lat_deg) if home else (0.0, 0.0)
    yield MissionItem(
        Command.NAV_TAKEOFF,
        AltitudeFrame.ABOVE_HOME,
        lon_deg=lon,
        lat_deg=lat,
        altitude_m=way.stops[0].height_home_m,
    )
    speed, spacing, number = 0.0, 0.0, 0
    for stop in way.stops:
        if stop.heading_deg is not None:
            yield steps.turn_nose(stop.heading_deg)
        yield _place(stop)
        if stop.speed_m_s != speed:
            yield steps.change_speed(stop.speed_m_s)
        for action in stop.actions:
            number += action.what is Do.PHOTO
            yield _DOING[action.what](action.value, number)
        if stop.photo_spacing_m != spacing:
            yield steps.photos_every(stop.photo_spacing_m)
        speed, spacing = stop.speed_m_s, stop.photo_spacing_m
    if way.finish is Finish.RETURN:
        yield steps.return_home()
    elif way.finish is Finish.LAND:
        yield MissionItem(Command.NAV_LAND, AltitudeFrame.ABOVE_HOME)


_DOING: dict[Do, Callable[[float, int], MissionItem]] = {
    Do.PHOTO: lambda _, number: steps.take_photo(number),
    Do.HOVER_S: lambda seconds, _: steps.do(_DELAY, seconds),
    Do.TURN_DEG: lambda heading, _: steps.turn_nose(heading),
    Do.TILT_DEG: lambda pitch, _: steps.tilt_camera(pitch),
}


def _place(stop: Stop) -> MissionItem:
    return MissionItem(
        Command.NAV_WAYPOINT,
        AltitudeFrame.ABOVE_HOME,
        lon_deg=stop.lon_deg,
        lat_deg=stop.lat_deg,
        altitude_m=stop.height_home_m,
    )
