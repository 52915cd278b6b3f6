"""Which sorties fly from place to place and take single photos at each, at heights over terrain.

At a station the vehicle holds at one way-point per photo: the nose turns (CONDITION_YAW, true
heading), then the shutter is released once (IMAGE_START_CAPTURE), then the rest of the hold passes
while the camera is still. ArduPilot runs both between two way-points, one after the other, and
drops what the hold is too short for, so each hold is as long as the turn takes and 3 s more. The
gimbal's pitch (DO_MOUNT_CONTROL) is set on the way to a station, or in a hold of its own.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import Point, Polygon

from geo.errors import TerrainError
from geo.frames import Array, LocalFrame
from missions import steps
from missions.course import vertical_speeds_m_s
from missions.energy import FlightCost, flight_cost
from missions.errors import MissionError
from missions.fence import fence_around
from missions.ground import ground_under, heights_agl_m, highest, lowest
from missions.grounds import Party, geo_point, nearest_m, rounded
from missions.model import Command, MissionItem, Photo, Sortie
from missions.releases import heading_deg

_MOST_BENDS = 200  # way-points that one leg may need over terrain
_ROUNDING_M = 0.05
_SAME_M = 0.05
_SLOWEST_M_S = 0.5
_MARGIN = 0.95  # of the speed at which climb and descent just keep up
Way = Callable[[Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo's direction: true heading of its top and pitch of the gimbal."""

    heading_deg: float
    pitch_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A place to take photos from: x, y and altitude above mean sea level (3,), local metres."""

    place_m: Array
    shots: tuple[Shot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """From where and how stations are flown to.

    Attributes:
        home_m: where the crew stands, (2,) local metres.
        transit_agl_m: height above ground between stations wherever it can be chosen.
        way: path (N, 2) over ground between two places.
        area: what is flown over; only what stations and ways need if None.
    """

    party: Party
    home_m: Array
    transit_agl_m: float
    way: Way
    area: Polygon | None = None

    def sorties(self, stations: Sequence[Station], gsd_m: float) -> list[Sortie]:
        """As few sorties as battery and memory allow, without names, in the order of stations."""
        sorties: list[Sortie] = []
        first = 0
        while first < len(stations):
            count = self._most(stations[first:])
            sorties.append(self._sortie(stations[first : first + count], gsd_m))
            first += count
        return sorties

    def _most(self, stations: Sequence[Station]) -> int:
        """Number of stations from the first on that one flight can take."""
        for count in range(len(stations), 0, -1):
            items = self._items(stations[:count])
            places = sum(item.command == Command.NAV_WAYPOINT for item in items) + 2
            cost = self._cost(items)
            fits = places <= self.party.drone.waypoint_limit
            if cost.reserve_kept and fits and self._is_in_time(cost):
                return count
        raise MissionError(
            f"one station alone takes {cost.duration_s / 60:.1f} min, "
            f"{100 * cost.battery_share:.0f} % of the battery and {places} way-points; "
            f"{self.party.drone.name} has {100 * (1 - self.party.drone.reserve_share):.0f} % "
            f"without its reserve and {self.party.drone.waypoint_limit} way-points. Start closer"
        )

    def _is_in_time(self, cost: FlightCost) -> bool:
        """Whether `fly` will take the flight, which goes by the data sheet's time, too."""
        drone = self.party.drone
        return cost.duration_s <= drone.endurance_s * (1 - drone.reserve_share)

    def _sortie(self, stations: Sequence[Station], gsd_m: float) -> Sortie:
        party, items = self.party, self._items(stations)
        cost, settings = self._cost(items), party.settings
        heights = [item.altitude_m for item in items if item.lon_deg or item.lat_deg]
        fence = fence_around(*self._fenced(stations), settings.fence_margin_m)
        return Sortie(
            code="unnamed",
            cell_codes=(),
            drone_key=party.drone.key,
            home=geo_point(party.frame, self.home_m, self._home_altitude_m()),
            items=items,
            fence=rounded(party.frame, fence),
            photos=tuple(self._photos(stations)),
            speed_m_s=self._speed_m_s(),
            height_home_m=max(heights),
            gsd_m=gsd_m,
            distance_m=round(cost.distance_m, 1),
            duration_s=round(cost.duration_s, 1),
            speed_limit=f"{self._speed_m_s():g} m/s between stations",
            wind_m_s=settings.wind_m_s,
            energy_wh=round(cost.energy_wh, 3),
            battery_share=round(cost.battery_share, 4),
        )

    def _cost(self, items: Sequence[MissionItem]) -> FlightCost:
        party = self.party
        home = geo_point(party.frame, self.home_m, self._home_altitude_m())
        return flight_cost(home, items, party.drone, party.settings.wind)

    def _speed_m_s(self) -> float:
        drone, settings = self.party.drone, self.party.settings
        return min(drone.cruise_speed_m_s, drone.top_air_speed_m_s - settings.wind_m_s)

    def _home_altitude_m(self) -> float:
        return self.party.ground_m(self.home_m)

    def _fenced(self, stations: Sequence[Station]) -> tuple[Polygon, Array, Array]:
        """Area, home and gate for the fence."""
        area = self.area
        if area is None:
            places = [self.home_m, *(station.place_m[:2] for station in stations)]
            area = shapely.MultiPoint(np.array(places)).convex_hull.buffer(1.0)
            assert isinstance(area, Polygon)
        inside = area.covers(Point(self.home_m))
        return area, self.home_m, self.home_m if inside else nearest_m(area, self.home_m)

    def _above_home(self) -> Array:
        altitude = self._home_altitude_m() + self.transit_agl_m
        return np.array([*self.home_m, altitude])

    def _items(self, stations: Sequence[Station]) -> tuple[MissionItem, ...]:
        return tuple(self._each_item(stations))

    def _each_item(self, stations: Sequence[Station]) -> Iterator[MissionItem]:
        drone, here = self.party.drone, self._above_home()
        yield from steps.vertical_speeds(drone)
        yield self._place(here, Command.NAV_TAKEOFF)
        speed, number = 0.0, 1
        for station in stations:
            path = self._path(here, station.place_m)
            yield steps.tilt_camera(station.shots[0].pitch_deg)
            speed = yield from self._along(path, speed)
            yield from self._at(station, _arrival_deg(path, self.party.frame), number)
            here, number = station.place_m, number + len(station.shots)
        yield from self._along(self._path(here, self._above_home()), speed)
        yield steps.return_home()

    def _along(self, path_m: Array, speed_m_s: float) -> Generator[MissionItem, None, float]:
        """Fly a path, so slowly that climb and descent keep up; returns the last speed."""
        up_m_s, down_m_s = vertical_speeds_m_s(self.party.drone)
        for start, end in pairwise(path_m):
            rise, level = float(end[2] - start[2]), float(np.hypot(*(end - start)[:2]))
            if level <= _SAME_M:  # straight up or down goes by the vehicle's own rates
                yield self._place(end)
                continue
            slowly = level * (up_m_s if rise > 0 else down_m_s) / max(abs(rise), 1e-6)
            wanted = max(_SLOWEST_M_S, min(self._speed_m_s(), int(100 * _MARGIN * slowly) / 100))
            if wanted != speed_m_s:
                speed_m_s = wanted
                yield steps.change_speed(speed_m_s)
            yield self._place(end)
        return speed_m_s

    def _at(self, station: Station, nose_deg: float | None, number: int) -> Iterator[MissionItem]:
        """Take all photos of a station."""
        pitch = station.shots[0].pitch_deg
        for shot_number, shot in enumerate(station.shots, number):
            if shot.pitch_deg != pitch:
                pitch = shot.pitch_deg
                yield steps.tilt_camera(pitch)
                yield self._place(station.place_m, hold_s=int(steps.SETTLE_S))
            yield steps.turn_nose(shot.heading_deg)
            yield steps.take_photo(shot_number)
            before = shot.heading_deg + 180 if nose_deg is None else nose_deg
            hold_s = steps.turn_s(before, shot.heading_deg)
            yield self._place(station.place_m, hold_s=hold_s)
            nose_deg = shot.heading_deg

    def _place(
        self, place_m: Array, command: Command = Command.NAV_WAYPOINT, hold_s: int = 0
    ) -> MissionItem:
        height = float(place_m[2]) - self._home_altitude_m()
        return steps.place(command, self.party.frame, place_m, height, hold_s)

    def _photos(self, stations: Sequence[Station]) -> Iterator[Photo]:
        for station in stations:
            lon, lat = self.party.frame.lonlat_from_xy(station.place_m[None, :2])[0].tolist()
            height = round(float(station.place_m[2]) - self._home_altitude_m(), 2)
            for shot in station.shots:
                yield Photo(lon, lat, height, round(shot.heading_deg, 2) % 360, shot.pitch_deg)

    def _path(self, start_m: Array, end_m: Array) -> Array:
        """Path (N, 3) between two places, above the floor and below the ceiling everywhere."""
        level = self.way(start_m[:2], end_m[:2])
        between = [np.array([*p, self.party.ground_m(p) + self.transit_agl_m]) for p in level[1:-1]]
        path = np.array([start_m, *between, end_m])
        if np.hypot(*(end_m - start_m)[:2]) <= _SAME_M:
            return path
        return self._without_steep_legs(over_ground(path, self.party, self.transit_agl_m))

    def _without_steep_legs(self, path_m: Array) -> Array:
        """Fly what is too steep at the least speed level, and up or down at its lower end."""
        up_m_s, down_m_s = vertical_speeds_m_s(self.party.drone)
        bent = [path_m[0]]
        for start, end in pairwise(path_m):
            rise, level = float(end[2] - start[2]), float(np.hypot(*(end - start)[:2]))
            slowly = _MARGIN * level * (up_m_s if rise > 0 else down_m_s) / max(abs(rise), 1e-6)
            if level > _SAME_M and slowly < _SLOWEST_M_S:
                below, above = (start, end) if rise > 0 else (end, start)
                bent.append(np.array([*below[:2], above[2]]))
            bent.append(end)
        return np.array(bent)


def over_ground(path_m: Array, party: Party, transit_agl_m: float) -> Array:
    """Add way-points to a path (N, 3) until it is between floor and ceiling everywhere.

    Raises:
        TerrainError: the terrain does not know some ground below.
        MissionError: an end of the path is itself too low or too high.
    """
    settings = party.settings
    for _ in range(_MOST_BENDS):
        starts, ends = path_m[:-1], path_m[1:]
        ground = ground_under(party.terrain, party.frame, starts, ends)
        heights = heights_agl_m(ground, starts[:, 2], ends[:, 2])
        low, high = lowest(ground, heights, len(starts)), highest(ground, heights, len(starts))
        if not np.isfinite(low.values).all():
            raise _unknown(path_m[int(np.flatnonzero(~np.isfinite(low.values))[0])], party)
        excess = np.stack([settings.floor_agl_m - low.values, high.values - settings.ceiling_agl_m])
        kind, leg = np.unravel_index(int(excess.argmax()), excess.shape)
        if excess[kind, leg] <= _ROUNDING_M:
            return path_m
        share = float((low, high)[int(kind)].shares[leg])
        bend = starts[leg] + share * (ends[leg] - starts[leg])
        if not 1e-6 < share < 1 - 1e-6:
            raise _outside(bend, party)
        bend[2] = party.ground_m(bend) + transit_agl_m
        path_m = np.insert(path_m, int(leg) + 1, bend, axis=0)
    raise _outside(path_m[len(path_m) // 2], party)


def _unknown(place_m: Array, party: Party) -> TerrainError:
    lon, lat = party.frame.lonlat_from_xy(place_m[None, :2])[0]
    return TerrainError(
        f"the terrain model does not know the ground on the leg from {lon:.6f}, {lat:.6f} "
        "(lon, lat); use one that covers all that is flown over"
    )


def _outside(place_m: Array, party: Party) -> MissionError:
    lon, lat = party.frame.lonlat_from_xy(place_m[None, :2])[0]
    settings = party.settings
    return MissionError(
        f"the flight would be {place_m[2] - party.ground_m(place_m):.0f} m above ground at "
        f"{lon:.6f}, {lat:.6f} (lon, lat); {settings.floor_agl_m:g} to "
        f"{settings.ceiling_agl_m:g} m are allowed. Change the height"
    )


def _arrival_deg(path_m: Array, frame: LocalFrame) -> float | None:
    """Heading of the nose at the end of a path; None after a climb, which leaves it as it was."""
    if np.hypot(*(path_m[-1] - path_m[-2])[:2]) <= _SAME_M:
        return None
    return heading_deg(path_m[-2:, :2], frame)
