"""What is left to fly of a sortie that was broken off.

A planned photo counts as taken where the shutter was released near it, about at its height and
with the picture turned the same way. What is left of a row begins at the last photo before the gap,
which is taken again, and ends at the first photo after it or at the row's end. Rows keep their
order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, Point

from geo.frames import Array, LocalFrame
from geo.track import CameraEvent, Track
from missions.drones import drone_named
from missions.energy import flight_cost
from missions.errors import MissionError
from missions.flown_area import Ways
from missions.model import AltitudeFrame, Command, MissionItem, Photo, Sortie
from missions.wind import Wind

_ALONG_SHARE = 0.625  # of the photo spacing: gaps up to 1.25 spacings are taken as covered
_ACROSS_SHARE = 0.5
_CORNER_SHARE = 0.8  # of the spacing: exposures before and after a corner that was rounded
_LEAST_ALONG_M, _LEAST_ACROSS_M, _LEAST_HEIGHT_M = 2.0, 5.0, 5.0
_HEIGHT_SHARE = 0.1
_LATE_M, _LATE_SHARE = 4.0, 0.01  # of releases at a row's end; recordings show up to 1 %
_TURNED_DEG = 60.0  # a picture turned further covers other ground; upside down is the same ground
_ON_ROW_M = 1.0
_SUFFIX = re.compile(r"-r(\d+)$")


def remaining(sortie: Sortie, track: Track) -> Sortie | None:
    """Plan what is left of a sortie after a flight; None when nothing is.

    The same sortie comes back where nothing of it was photographed.

    Args:
        sortie: as planned, with rows along which the shutter is released by distance.
        track: of the flight; its camera events tell what was photographed.

    Raises:
        MissionError: the sortie has no rows, or its photos do not lie on them.
    """
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    mission = _parsed(sortie, frame)
    rows = _with_photos(sortie, mission.rows, frame)
    taken = _taken(rows, track.camera_events, frame)
    if not any(known.any() for known in taken):
        return sortie
    parts = [part for row, known in zip(rows, taken, strict=True) for part in _gaps(row, known)]
    return _replanned(sortie, mission, parts, frame) if parts else None


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A stretch with the camera on.

    Attributes:
        points_m: (N, 3), height above home.
        before: items that move nothing on the way to each point, one tuple a point.
        first: number of its first point among all places of the mission.
        photos: planned along it, with their distances from its start.
    """

    points_m: Array
    before: tuple[tuple[MissionItem, ...], ...]
    trigger: MissionItem
    first: int
    photos: tuple[Photo, ...] = ()
    along_m: tuple[float, ...] = ()

    @property
    def line(self) -> LineString:
        """Over ground."""
        return LineString(self.points_m[:, :2])

    @property
    def marks_m(self) -> Array:
        """Distance of each point from the start, (N,)."""
        return np.append(0.0, np.hypot(*np.diff(self.points_m[:, :2], axis=0).T).cumsum())

    def at(self, along_m: float) -> Array:
        """Place (3,) at a distance from the start."""
        marks = self.marks_m
        return np.array([np.interp(along_m, marks, self.points_m[:, i]) for i in range(3)])


@dataclass(frozen=True, slots=True, eq=False)
class _Mission:
    """A sortie's items, taken apart.

    Attributes:
        prologue: everything before the first place after the take-off but turns of the nose.
        path_m: all places, (N, 3), from over home to over home.
        epilogue: the return.
    """

    prologue: tuple[MissionItem, ...]
    path_m: Array
    rows: tuple[_Row, ...]
    epilogue: tuple[MissionItem, ...]


def _parsed(sortie: Sortie, frame: LocalFrame) -> _Mission:
    places = [n for n, item in enumerate(sortie.items) if item.command == Command.NAV_WAYPOINT]
    if not places:
        raise MissionError(f"sortie {sortie.code} has no way-points; there is nothing to resume")
    opening = sortie.items[: places[0]]
    path = [_over_home(sortie), *(_place(sortie.items[n], sortie, frame) for n in places)]
    prologue = tuple(item for item in opening if item.command != Command.CONDITION_YAW)
    turns = tuple(item for item in opening if item.command == Command.CONDITION_YAW)
    between = [turns, *(tuple(sortie.items[a + 1 : b]) for a, b in pairwise(places))]
    rows = tuple(_rows(np.array(path), between))
    if not rows:
        raise MissionError(
            f"sortie {sortie.code} releases the shutter nowhere by distance; only flights along "
            "rows can be resumed. Plan it again"
        )
    after = sortie.items[places[-1] + 1 :]
    ending = tuple(i for i in after if i.command != Command.DO_SET_CAM_TRIGG_DIST)
    return _Mission(prologue, np.array(path), rows, ending)


def _rows(path_m: Array, between: Sequence[tuple[MissionItem, ...]]) -> list[_Row]:
    """Runs of places with the camera on; `between[i]` lies on the way to place i + 1."""
    rows: list[_Row] = []
    start: int | None = None
    trigger: MissionItem | None = None
    for number, items in enumerate([*between, (_STOP,)]):
        switches = [item for item in items if item.command == Command.DO_SET_CAM_TRIGG_DIST]
        for switch in switches:
            if start is not None and trigger is not None and number > start:
                chosen = [_beside(between[n - 1]) for n in range(start, number + 1)]
                rows.append(_Row(path_m[start : number + 1], tuple(chosen), trigger, start))
            start, trigger = (number, switch) if switch.parameters[0] > 0 else (None, None)
    return rows


_STOP = MissionItem(Command.DO_SET_CAM_TRIGG_DIST, AltitudeFrame.MISSION)


def _beside(items: tuple[MissionItem, ...]) -> tuple[MissionItem, ...]:
    """Items that move nothing, without the camera's switch."""
    return tuple(i for i in items if i.command != Command.DO_SET_CAM_TRIGG_DIST)


def _over_home(sortie: Sortie) -> Array:
    return np.array([0.0, 0.0, sortie.height_home_m])


def _place(item: MissionItem, sortie: Sortie, frame: LocalFrame) -> Array:
    x, y = frame.xy_from_lonlat(np.array([[item.lon_deg, item.lat_deg]]))[0]
    below = sortie.home.altitude_amsl_m if item.frame == AltitudeFrame.AMSL else 0.0
    return np.array([x, y, item.altitude_m - below])


def _with_photos(sortie: Sortie, rows: Sequence[_Row], frame: LocalFrame) -> list[_Row]:
    """Give each row its planned photos; both are in the order of flight."""
    found: list[list[tuple[Photo, float]]] = [[] for _ in rows]
    lines = [row.line for row in rows]
    at = 0
    for photo in sortie.photos:
        spot = Point(frame.xy_from_lonlat(np.array([[photo.lon_deg, photo.lat_deg]]))[0])
        starts_next = at + 1 < len(rows) and spot.distance(Point(lines[at + 1].coords[0])) < 0.5
        if starts_next and found[at]:
            at += 1
        while at < len(rows) and lines[at].distance(spot) > _ON_ROW_M:
            at += 1
        if at == len(rows):
            raise MissionError(
                f"sortie {sortie.code}: the photo at {photo.lon_deg:.6f}, {photo.lat_deg:.6f} "
                "(lon, lat) lies on no row of its mission; plan the sortie again"
            )
        found[at].append((photo, float(lines[at].project(spot))))
    return [
        replace(row, photos=tuple(p for p, _ in own), along_m=tuple(d for _, d in own))
        for row, own in zip(rows, found, strict=True)
    ]


def _taken(
    rows: Sequence[_Row], events: Sequence[CameraEvent], frame: LocalFrame
) -> list[NDArray[np.bool_]]:
    """Which planned photos of each row have an exposure near them."""
    if not events:
        return [np.zeros(len(row.photos), dtype=bool) for row in rows]
    lonlat = np.array([(e.position.lon_deg, e.position.lat_deg) for e in events])
    places = frame.xy_from_lonlat(lonlat)
    heights = np.array([event.height_home_m for event in events])
    turned = np.array([event.attitude.yaw_deg for event in events])
    return [_taken_along(row, places, heights, turned) for row in rows]


def _taken_along(
    row: _Row, places_m: Array, heights_m: Array, yaws_deg: Array
) -> NDArray[np.bool_]:
    """Which planned photos of a row were taken, (N,).

    Each release is a little late, so the last photo of a row may fall behind the row's end, where
    the camera is off; it is not missed where the one before was taken.
    """
    numbers = range(len(row.photos))
    taken = np.array([_was_taken(row, n, places_m, heights_m, yaws_deg) for n in numbers])
    length_m = float(row.marks_m[-1])
    late_m = _LATE_M + _LATE_SHARE * length_m
    if len(taken) > 1 and taken[-2] and length_m - row.along_m[-1] <= late_m:
        taken[-1] = True
    return taken


def _was_taken(row: _Row, number: int, places_m: Array, heights_m: Array, yaws_deg: Array) -> bool:
    photo, along_m, spacing_m = row.photos[number], row.along_m[number], row.trigger.parameters[0]
    ahead = row.at(along_m + 0.5)[:2] - row.at(along_m - 0.5)[:2]
    ahead = ahead / max(float(np.hypot(*ahead)), 1e-9)
    offsets = places_m - row.at(along_m)[:2]
    along = np.abs(offsets @ ahead)
    across = np.abs(offsets @ np.array([ahead[1], -ahead[0]]))
    beside = along <= max(_ALONG_SHARE * spacing_m, _LEAST_ALONG_M)
    beside &= across <= max(_ACROSS_SHARE * spacing_m, _LEAST_ACROSS_M)
    allowed_m = max(_HEIGHT_SHARE * photo.height_home_m, _LEAST_HEIGHT_M)
    level = np.abs(heights_m - photo.height_home_m) <= allowed_m
    alike = np.abs((yaws_deg - photo.heading_deg + 90) % 180 - 90) <= _TURNED_DEG
    return bool((beside & level & alike).any()) or _is_cut_corner(offsets[level], spacing_m)


def _is_cut_corner(offsets_m: Array, spacing_m: float) -> bool:
    """Whether the two exposures nearest to a place leave no gap: rounding a corner passes it by."""
    nearest = np.argsort(np.hypot(*offsets_m.T))[:2]
    if len(nearest) < 2:
        return False
    before, after = offsets_m[nearest]
    far = max(float(np.hypot(*before)), float(np.hypot(*after)))
    return far <= _CORNER_SHARE * spacing_m and bool(
        np.hypot(*(after - before)) <= 2 * _ALONG_SHARE * spacing_m
    )


def _gaps(row: _Row, taken: NDArray[np.bool_]) -> list[_Row]:
    """Parts of a row whose photos were not taken, each from the last one that was."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], taken.astype(int), [1]])))
    parts = []
    for low, high in edges.reshape(-1, 2).tolist():  # photos low to high - 1 are missing
        first = max(low - 1, 0)
        start = row.along_m[first] if low else 0.0
        end = row.along_m[high] if high < len(row.photos) else float(row.marks_m[-1])
        parts.append(_part(row, start, end, slice(first, high)))
    return parts


def _part(row: _Row, start_m: float, end_m: float, photos: slice) -> _Row:
    marks = row.marks_m
    inner = np.flatnonzero((marks > start_m + 0.1) & (marks < end_m - 0.1))
    points = np.array([row.at(start_m), *row.points_m[inner], row.at(end_m)])
    last = int(np.searchsorted(marks, end_m - 0.1))
    before = (row.before[0], *(row.before[n] for n in inner), row.before[last])
    first = row.first + int(np.searchsorted(marks, start_m + 0.1, side="right")) - 1
    return replace(
        row,
        points_m=points,
        before=before,
        first=first,
        photos=row.photos[photos],
        along_m=row.along_m[photos],
    )


def _replanned(
    sortie: Sortie, mission: _Mission, parts: Sequence[_Row], frame: LocalFrame
) -> Sortie:
    ways = Ways(mission.path_m, [row.line for row in mission.rows], frame.to_local(sortie.fence))
    items = list(mission.prologue)
    here, number = mission.path_m[0], 0
    for part in parts:
        way = ways.between(here, number, part.points_m[0], part.first)
        items += [_waypoint(point, frame) for point in way]
        items += _row_items(part, frame)
        here, number = part.points_m[-1], part.first + len(part.points_m) - 2
    end = mission.path_m[-1]
    way = ways.between(here, number, end, len(mission.path_m) - 1)
    items += [*(_waypoint(point, frame) for point in (*way, end)), *mission.epilogue]
    wind = Wind(sortie.wind_m_s)
    cost = flight_cost(sortie.home, items, drone_named(sortie.drone_key), wind)
    return replace(
        sortie,
        code=_next_code(sortie.code),
        items=tuple(items),
        photos=tuple(photo for part in parts for photo in part.photos),
        distance_m=round(cost.distance_m, 1),
        duration_s=round(cost.duration_s, 1),
        energy_wh=round(cost.energy_wh, 3),
        battery_share=round(cost.battery_share, 4),
    )


def _row_items(row: _Row, frame: LocalFrame) -> list[MissionItem]:
    items: list[MissionItem] = []
    for number, (point, before) in enumerate(zip(row.points_m, row.before, strict=True)):
        items += [*before, _waypoint(point, frame)]
        if number == 0:
            items.append(row.trigger)
    return [*items, _STOP]


def _waypoint(point_m: Array, frame: LocalFrame) -> MissionItem:
    lon, lat = frame.lonlat_from_xy(point_m[None, :2])[0]
    return MissionItem(
        Command.NAV_WAYPOINT,
        AltitudeFrame.ABOVE_HOME,
        lon_deg=round(float(lon), 7),
        lat_deg=round(float(lat), 7),
        altitude_m=round(float(point_m[2]), 3),
    )


def _next_code(code: str) -> str:
    """Name a flight after the one that it goes on with: -r1, then -r2."""
    known = _SUFFIX.search(code)
    return f"{code[: known.start()]}-r{int(known[1]) + 1}" if known else f"{code}-r1"
