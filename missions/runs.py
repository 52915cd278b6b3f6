"""Which items and photos make a flight along runs: bent lines with the camera on.

A run may bend, the camera may be tilted, and the nose may keep one heading whatever the direction
of flight.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.frames import Array, LocalFrame
from missions import steps
from missions.model import Command, Drone, MissionItem, Photo
from missions.releases import ENDS_M, REACHED_M, heading_deg, headings_deg, released_every_m
from missions.route import Route
from missions.sorties import Flight
from missions.timing import length_m, without_repeats

FIRST_TURN_S = steps.turn_s(0.0, 180.0)
_TURNING_M = 80.0  # a shorter first way may not be time enough to turn the nose
_JOINED_M = 0.05


def runs_of(route: Route) -> list[Array]:
    """Runs (N, 2) of a route: rows that follow one another without a gap are one run."""
    runs = [route.rows[0]]
    for transfer, row in zip(route.transfers, route.rows[1:], strict=True):
        if length_m(transfer) <= _JOINED_M:
            runs[-1] = np.concatenate([runs[-1], row[1:]])
        else:
            runs.append(row)
    return runs


def places_along(
    run: Array, spacing_m: float, off_before_m: float = REACHED_M
) -> tuple[Array, Array]:
    """Where the shutter is released along a run: places (K, 2) and directions of flight (K, 2).

    At the start, and then wherever the straight distance from the last photo reaches the spacing,
    as ArduPilot's AP_Camera does; no more on the last metres, where the camera is off already.

    Args:
        run: (N, 2) local metres.
        spacing_m: from photo to photo.
        off_before_m: the end the camera may be off.
    """
    points = without_repeats(run)
    if len(points) < 2:
        return points[:1], np.array([[0.0, 1.0]])
    legs = np.diff(points, axis=0)
    lengths = np.hypot(*legs.T)
    ahead = legs / lengths[:, None]
    on_leg, places = [0], [points[0]]
    for leg in range(len(legs)):
        end_m = lengths[leg] - (off_before_m if leg == len(legs) - 1 else 0.0)
        while (along := _release_m(points[leg] - places[-1], ahead[leg], spacing_m)) <= end_m:
            on_leg.append(leg)
            places.append(points[leg] + along * ahead[leg])
    return np.array(places), ahead[on_leg]


def _release_m(offset_m: Array, ahead: Array, spacing_m: float) -> float:
    """How far along a leg, that starts at an offset from the last photo, the next one is taken."""
    along = float(offset_m @ ahead)
    return math.sqrt(max(along**2 - float(offset_m @ offset_m) + spacing_m**2, 0.0)) - along


@dataclass(frozen=True, slots=True)
class RunWriter:
    """Turns flights in local metres into items and photos at one height above home.

    Attributes:
        nose_deg: true heading that the nose keeps along all runs; that of the flight if None.
    """

    drone: Drone
    frame: LocalFrame
    height_home_m: float
    speed_m_s: float
    photo_spacing_m: float
    pitch_deg: float = -90.0
    nose_deg: float | None = None

    def items(self, flight: Flight) -> tuple[MissionItem, ...]:
        """All items: return last, the camera on only along runs."""
        return tuple(self._items(flight))

    def photos(self, flight: Flight) -> tuple[Photo, ...]:
        """Where the shutter is expected to be released."""
        return tuple(photo for run in runs_of(flight.route) for photo in self._photos(run))

    def _items(self, flight: Flight) -> Iterator[MissionItem]:
        yield from steps.vertical_speeds(self.drone)
        yield self._place(flight.outbound[0], Command.NAV_TAKEOFF)
        yield steps.change_speed(self.speed_m_s)
        yield steps.tilt_camera(self.pitch_deg)
        yield from self._ways(flight.outbound[1:-1])
        between = iter([t for t in flight.route.transfers if length_m(t) > _JOINED_M])
        for number, run in enumerate(runs_of(flight.route)):
            if number:
                yield from self._ways(next(between)[1:-1])
            hurried = not number and length_m(flight.outbound) < _TURNING_M
            yield from self._run(run, FIRST_TURN_S if hurried else 0)
        for point in flight.inbound[1:]:
            yield self._place(point)
        yield steps.return_home()

    def _ways(self, points_m: Array) -> Iterator[MissionItem]:
        """Fly to places; each takes the heading back, so a kept one is said again."""
        for point in points_m:
            if self.nose_deg is not None:
                yield steps.turn_nose(self.nose_deg)
            yield self._place(point)

    def _run(self, run: Array, hold_s: int) -> Iterator[MissionItem]:
        """Fly one run, after a hold where there was no way on which the nose could turn."""
        ahead = heading_deg(run[:2], self.frame)
        yield steps.turn_nose(ahead if self.nose_deg is None else self.nose_deg)
        yield self._place(run[0], hold_s=hold_s)
        yield steps.photos_every(self._told_m(run))
        yield from self._ways(run[1:])
        yield steps.photos_every(0.0)

    def _place(
        self, point_m: Array, command: Command = Command.NAV_WAYPOINT, hold_s: int = 0
    ) -> MissionItem:
        return steps.place(command, self.frame, point_m, self.height_home_m, hold_s)

    def _told_m(self, run: Array) -> float:
        """Distance between photos that is told for a run, so that its last one is taken.

        A row may end right after its last photo; as corners are rounded, the vehicle then leaves
        it before. Photos a little nearer to each other are all taken; but never nearer than the
        camera can at full speed.
        """
        spacing_m = self.photo_spacing_m
        places, _ = places_along(run, released_every_m(spacing_m, self.speed_m_s))
        missing_m = ENDS_M - math.dist(places[-1], run[-1])
        if len(places) < 2 or missing_m <= 0:
            return spacing_m
        nearer_m = math.floor(100 * (spacing_m - missing_m / (len(places) - 1))) / 100
        return min(spacing_m, max(nearer_m, self.drone.photo_interval_s * self.speed_m_s))

    def _photos(self, run: Array) -> Iterator[Photo]:
        each_m = released_every_m(self._told_m(run), self.speed_m_s)
        places, directions = places_along(run, each_m, ENDS_M)
        lonlat = self.frame.lonlat_from_xy(places)
        ahead = headings_deg(places, directions, self.frame).tolist()
        for (lon, lat), heading in zip(lonlat.tolist(), ahead, strict=True):
            nose = heading if self.nose_deg is None else self.nose_deg
            yield Photo(lon, lat, self.height_home_m, nose, self.pitch_deg)
