"""How does a sortie keep its height above hilly ground, with few waypoints and gentle climbs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPoint

from geo.errors import TerrainError
from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.terrain import Terrain
from missions.energy import flight_cost
from missions.errors import MissionError, TooLongError
from missions.flown import CHANGE_SPEED, RETURN, TAKEOFFS, VIAS, has_place
from missions.ground import ground_under
from missions.model import AltitudeFrame, Command, Drone, MissionItem, Photo, Sortie
from missions.tunnel import Band, narrowed, thread
from missions.wind import Wind

_INSIDE_M = 0.1  # kept from both ends of the band, for rounding
_STEEPEST_SHARE = 0.97  # of what the drone can climb and descend
_SLOWEST_M_S = 1.0
_HALVINGS = 12
_APART_M = 0.05
_DIGITS = 3  # a centimetre off makes a leg of two metres steeper than the drone can fly
_NEAR_M = 1.0  # a photo lies on its leg


@dataclass(frozen=True, slots=True)
class Heights:
    """Which heights above ground a sortie is flown at.

    Attributes:
        agl_m: wanted everywhere.
        tolerance_m: how far the flight may be above or below it.
        ceiling_agl_m: highest allowed, whatever the tolerance.
        floor_agl_m: lowest allowed, whatever the tolerance.
    """

    agl_m: float
    tolerance_m: float
    ceiling_agl_m: float
    floor_agl_m: float

    def __post_init__(self) -> None:
        """Refuse heights that contradict one another."""
        if not self.tolerance_m > 2 * _INSIDE_M:
            raise MissionError(
                f"tolerance_m must be above {2 * _INSIDE_M:g} m; got {self.tolerance_m:g}"
            )
        if not self.floor_agl_m <= self.agl_m <= self.ceiling_agl_m:
            raise MissionError(
                f"a height of {self.agl_m:g} m above ground is not between the floor of "
                f"{self.floor_agl_m:g} m and the ceiling of {self.ceiling_agl_m:g} m"
            )

    @property
    def lowest_m(self) -> float:
        """Lowest height above ground."""
        return max(self.agl_m - self.tolerance_m, self.floor_agl_m) + _INSIDE_M

    @property
    def highest_m(self) -> float:
        """Highest height above ground."""
        return min(self.agl_m + self.tolerance_m, self.ceiling_agl_m) - _INSIDE_M


def follow_terrain(
    sortie: Sortie,
    terrain: Terrain,
    drone: Drone,
    *,
    height_agl_m: float,
    tolerance_m: float = 5.0,
    ceiling_agl_m: float = 120.0,
    floor_agl_m: float = 20.0,
) -> Sortie:
    """Fly the same way over the ground at one height above it.

    Waypoints are added only where a straight leg would leave the tolerance. On every leg the drone
    climbs and descends as fast as it can at most; where the ground is steeper the whole sortie is
    flown more slowly.

    Args:
        sortie: planned over level ground at `height_agl_m`. A plan for the lowest height keeps
            its overlap everywhere: the height less the tolerance.
        terrain: the ground.
        drone: what flies it.
        height_agl_m: wanted everywhere.
        tolerance_m: how far the flight may be above or below it.
        ceiling_agl_m: highest allowed, whatever the tolerance.
        floor_agl_m: lowest allowed, whatever the tolerance.

    Raises:
        TerrainError: the terrain has a gap; the message names the place.
        MissionError: the ground is too steep, or waypoints or battery do not suffice.
    """
    heights = Heights(height_agl_m, tolerance_m, ceiling_agl_m, floor_agl_m)
    way = _way(sortie)
    course = _over_ground(way, terrain, heights)
    speed = _fastest(course, way, drone, sortie.speed_m_s)
    corners = _corners(course, drone, speed)
    home = GeoPoint(sortie.home.lon_deg, sortie.home.lat_deg, round(float(course.ground_m[0]), 2))
    items = tuple(_items(sortie, way, course, corners, home.altitude_amsl_m, speed))
    _check_count(items, drone, tolerance_m)
    photos = tuple(_photos(sortie.photos, way, course, corners, home.altitude_amsl_m))
    top = max(corners.values()) - home.altitude_amsl_m
    ceiling = round(top + ceiling_agl_m - height_agl_m, 1)
    followed = replace(
        sortie,
        home=home,
        items=items,
        photos=photos,
        speed_m_s=speed,
        height_home_m=round(top, 2),
        ceiling_home_m=ceiling if sortie.ceiling_home_m is not None else None,
    )
    return _timed(sortie, followed, drone)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """The places that items lead to, in local metres.

    Attributes:
        stops: for each item that leads to a place the index of the place.
        places_m: (N, 2) each different from the one before.
    """

    frame: LocalFrame
    stops: dict[int, int]
    places_m: Array


def _way(sortie: Sortie) -> _Way:
    home = sortie.home
    moving = TAKEOFFS | VIAS
    led = [n for n, item in enumerate(sortie.items) if item.command in moving and has_place(item)]
    lonlat = [(sortie.items[n].lon_deg, sortie.items[n].lat_deg) for n in led]
    lonlat = [(home.lon_deg, home.lat_deg), *lonlat]
    frame = LocalFrame.around(MultiPoint(lonlat))
    points = frame.xy_from_lonlat(np.array(lonlat))
    kept, stops = [points[0]], {}
    for number, point in zip(led, points[1:], strict=True):
        if np.hypot(*(point - kept[-1])) > _APART_M:
            kept.append(point)
        stops[number] = len(kept) - 1
    return _Way(frame, stops, np.array(kept))


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """The ground along a way, place by place where it may bend.

    Attributes:
        along_m: (M,) distance from home.
        places_m: (M, 2).
        ground_m: (M,) altitude above mean sea level.
        stops: (N,) index of each place of the way.
        band: altitudes allowed.
        wanted_m: (M,) altitude wanted.
    """

    along_m: Array
    places_m: Array
    ground_m: Array
    stops: NDArray[np.intp]
    band: Band
    wanted_m: Array


def _over_ground(way: _Way, terrain: Terrain, heights: Heights) -> _Course:
    """Lay the band of allowed altitudes over the ground.

    Between its three points the ground of a piece lies above or below their straight lines by a
    quarter of its bend; the band is narrower by that.
    """
    starts, ends = way.places_m[:-1], way.places_m[1:]
    ground = ground_under(terrain, way.frame, starts, ends)
    lengths = np.hypot(*(ends - starts).T)
    offsets = np.concatenate([[0.0], np.cumsum(lengths)])
    along = (offsets[ground.legs, None] + ground.shares * lengths[ground.legs, None])[:, :2]
    _refuse_gaps(ground.places_m, ground.altitudes_amsl_m, way.frame)
    bends = ground.bends_m()
    above, below = (_both_sides(np.maximum(sign * bends, 0) / 4) for sign in (1, -1))
    levels = np.append(ground.altitudes_amsl_m[:, :2].ravel(), ground.altitudes_amsl_m[-1, 2])
    where = np.append(along.ravel(), offsets[-1])
    first = np.searchsorted(ground.legs, np.arange(len(starts)))
    band = Band(where, levels + above + heights.lowest_m, levels - below + heights.highest_m)
    return _Course(
        where,
        np.concatenate([ground.places_m[:, :2].reshape(-1, 2), ground.places_m[-1:, 2]]),
        levels,
        np.append(2 * first, len(where) - 1),
        band,
        levels + heights.agl_m,
    )


def _both_sides(per_piece: Array) -> Array:
    """For beginnings and middles of pieces and the last end: the larger of the pieces beside."""
    spread = np.repeat(per_piece, 2)
    larger: Array = np.maximum(np.append(spread, 0.0), np.append(0.0, spread))
    return larger


def _refuse_gaps(places_m: Array, altitudes_m: Array, frame: LocalFrame) -> None:
    unknown = places_m[np.isnan(altitudes_m)]
    if len(unknown):
        lon, lat = frame.lonlat_from_xy(unknown[:1])[0]
        raise TerrainError(
            f"the terrain model does not know the ground at {lon:.6f}, {lat:.6f} (lon, lat), which "
            "is flown over; use one that covers the cell and the way to it"
        )


def _slopes(drone: Drone, speed_m_s: float) -> tuple[float, float]:
    """Steepest way up and down, metres a metre."""
    share = _STEEPEST_SHARE / speed_m_s
    return share * drone.climb_speed_m_s, share * drone.descent_speed_m_s


def _fastest(course: _Course, way: _Way, drone: Drone, wanted_m_s: float) -> float:
    """Fastest speed at which the drone can follow the ground."""
    if _room_m(course, drone, wanted_m_s).min() >= 0:
        return wanted_m_s
    low, high = min(_SLOWEST_M_S, wanted_m_s), wanted_m_s
    room = _room_m(course, drone, low)
    if room.min() < 0:
        worst = int(room.argmin())
        lon, lat = way.frame.lonlat_from_xy(course.places_m[worst : worst + 1])[0]
        raise MissionError(
            f"the ground at {lon:.6f}, {lat:.6f} (lon, lat), {course.ground_m[worst]:.0f} m above "
            f"sea, is too steep: even at {low:g} m/s {drone.name} would need {-room[worst]:.1f} m "
            "more than the tolerance, between floor and ceiling. Raise the tolerance or leave the "
            "place out of the area"
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = _room_m(course, drone, middle).min() >= 0
        low, high = (middle, high) if fits else (low, middle)
    return float(np.floor(low * 100) / 100)


def _room_m(course: _Course, drone: Drone, speed_m_s: float) -> Array:
    """Metres between lowest and highest altitude that can be flown everywhere."""
    band = narrowed(course.band, *_slopes(drone, speed_m_s))
    room: Array = band.high_m - band.low_m
    return room


def _corners(course: _Course, drone: Drone, speed_m_s: float) -> dict[int, float]:
    fixed = np.zeros(len(course.along_m), dtype=bool)
    fixed[course.stops] = True
    slopes = _slopes(drone, speed_m_s)
    return thread(narrowed(course.band, *slopes), course.wanted_m, fixed, *slopes)


def _items(
    sortie: Sortie,
    way: _Way,
    course: _Course,
    corners: dict[int, float],
    home_amsl_m: float,
    speed_m_s: float,
) -> Iterator[MissionItem]:
    """All items with their new heights, and waypoints between them.

    On a leg these come after what switches the camera, which is meant for the whole leg, and
    before what turns the nose for its end.
    """
    waiting: list[MissionItem] = []
    before = 0
    for number, item in enumerate(sortie.items):
        if number not in way.stops:
            waiting.append(_slowed(item, speed_m_s))
            continue
        stop = int(course.stops[way.stops[number]])
        between = [index for index in sorted(corners) if before < index < stop]
        turn = next(
            (n for n, other in enumerate(waiting) if other.command == Command.CONDITION_YAW),
            len(waiting),
        )
        yield from waiting[:turn]
        for index in between:
            yield _waypoint(way, course, index, corners[index] - home_amsl_m)
        yield from waiting[turn:]
        height = round(corners[stop] - home_amsl_m, _DIGITS)
        yield replace(item, frame=AltitudeFrame.ABOVE_HOME, altitude_m=height)
        waiting, before = [], stop
    yield from waiting


def _slowed(item: MissionItem, speed_m_s: float) -> MissionItem:
    kind, speed, *rest = item.parameters
    if item.command != CHANGE_SPEED or kind not in (0.0, 1.0) or speed <= speed_m_s:
        return item
    return replace(item, parameters=(kind, speed_m_s, rest[0], rest[1]))


def _waypoint(way: _Way, course: _Course, index: int, height_home_m: float) -> MissionItem:
    lon, lat = way.frame.lonlat_from_xy(course.places_m[index : index + 1])[0]
    return MissionItem(
        Command.NAV_WAYPOINT,
        AltitudeFrame.ABOVE_HOME,
        lon_deg=round(float(lon), 7),
        lat_deg=round(float(lat), 7),
        altitude_m=round(height_home_m, _DIGITS),
    )


def _check_count(items: Sequence[MissionItem], drone: Drone, tolerance_m: float) -> None:
    """Refuse more places than a drone takes."""
    moving = TAKEOFFS | VIAS | {RETURN}
    count = sum(item.command in moving for item in items)
    if count > drone.waypoint_limit:
        raise TooLongError(
            f"following the terrain within {tolerance_m:g} m needs {count} places; {drone.name} "
            f"takes {drone.waypoint_limit}. Raise the tolerance or plan shorter sorties"
        )


def _photos(
    photos: Sequence[Photo],
    way: _Way,
    course: _Course,
    corners: dict[int, float],
    home_amsl_m: float,
) -> Iterator[Photo]:
    """Photos at the heights of the legs they are taken on, which are flown in their order."""
    if not photos:
        return
    places = way.frame.xy_from_lonlat(np.array([(p.lon_deg, p.lat_deg) for p in photos]))
    index = sorted(corners)
    along, altitudes = course.along_m[index], [corners[i] for i in index]
    starts, ends = way.places_m[:-1], way.places_m[1:]
    offsets = course.along_m[course.stops]
    leg = 0
    for photo, place in zip(photos, places, strict=True):
        leg, distance = _leg_of(place, starts, ends, leg)
        altitude = float(np.interp(offsets[leg] + distance, along, altitudes))
        yield replace(photo, height_home_m=round(altitude - home_amsl_m, 2))


def _leg_of(place_m: Array, starts: Array, ends: Array, first: int) -> tuple[int, float]:
    """First leg from `first` on that a place lies on, and how far along; the nearest if none."""
    ways = ends[first:] - starts[first:]
    lengths = np.hypot(*ways.T)
    along = np.clip(np.sum((place_m - starts[first:]) * ways, axis=1) / lengths, 0, lengths)
    foot = starts[first:] + (along / lengths)[:, None] * ways
    away = np.hypot(*(foot - place_m).T)
    near = np.flatnonzero(away < _NEAR_M)
    found = int(near[0]) if len(near) else int(away.argmin())
    return first + found, float(along[found])


def _timed(before: Sortie, after: Sortie, drone: Drone) -> Sortie:
    """A sortie with its time and energy, in the wind it was planned for."""
    cost = flight_cost(after.home, after.items, drone, Wind(after.wind_m_s))
    if not cost.reserve_kept:
        raise TooLongError(
            f"sortie {before.code} over this terrain takes {cost.duration_s / 60:.1f} min at "
            f"{after.speed_m_s:g} m/s and {100 * cost.battery_share:.0f} % of the battery; "
            f"{100 * (1 - drone.reserve_share):.0f} % may be used. Plan shorter sorties or raise "
            "the tolerance"
        )
    return replace(
        after,
        duration_s=round(cost.duration_s, 1),
        energy_wh=round(cost.energy_wh, 3),
        battery_share=round(cost.battery_share, 4),
    )
