"""Which MAVLink items make a vehicle fly a survey."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo.frames import Array, LocalFrame
from missions.course import vertical_speeds_m_s
from missions.model import AltitudeFrame, Command, Drone, MissionItem, Photo
from missions.sorties import Flight

_GROUND_SPEED, _CLIMB_SPEED, _DESCENT_SPEED = 1.0, 2.0, 3.0  # SPEED_TYPE
_KEEP_THROTTLE = -1.0
_MAVLINK_TARGETING = 2.0  # MAV_MOUNT_MODE_MAVLINK_TARGETING in param7
_NADIR_DEG = -90.0
REACHED_M = 2.0  # a waypoint counts as reached this far before it (ArduCopter, WPNAV_RADIUS)
LATE_S = 0.02
"""After so long at most is it seen that the way to the next photo is flown: 50 times a second
(ArduCopter, scheduler table, AP_Camera::update). The way after it counts from there, so a long row
has its last photo metres later than whole spacings say, or not at all."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns local metres into items at one height above home.

    Attributes:
        climb_m_s, descent_m_s: told to the vehicle before the take-off where they are given.
    """

    frame: LocalFrame
    height_home_m: float
    speed_m_s: float
    photo_spacing_m: float
    climb_m_s: float | None = None
    descent_m_s: float | None = None

    @classmethod
    def for_drone(
        cls,
        drone: Drone,
        frame: LocalFrame,
        height_home_m: float,
        speed_m_s: float,
        photo_spacing_m: float,
    ) -> "Writer":
        """Have climb and descent told where they differ from what the autopilot does untold."""
        up_m_s, down_m_s = vertical_speeds_m_s(drone)
        pilot = drone.autopilot
        return cls(
            frame,
            height_home_m,
            speed_m_s,
            photo_spacing_m,
            climb_m_s=up_m_s if up_m_s != pilot.up_m_s else None,
            descent_m_s=down_m_s if down_m_s != pilot.down_m_s else None,
        )

    def items(self, flight: Flight) -> tuple[MissionItem, ...]:
        """All items of a flight: return last, the camera on only along rows.

        The take-off comes first, after the vertical speeds where those are told.
        """
        return tuple(self._items(flight))

    def _items(self, flight: Flight) -> Iterator[MissionItem]:
        yield from self._vertical_speeds()
        yield self._place(Command.NAV_TAKEOFF, flight.outbound[0])
        yield _do(Command.DO_CHANGE_SPEED, _GROUND_SPEED, self.speed_m_s, _KEEP_THROTTLE)
        yield _do(Command.DO_MOUNT_CONTROL, _NADIR_DEG, param7=_MAVLINK_TARGETING)
        yield from self._ways(flight.outbound[1:-1])
        route = flight.route
        for number, row in enumerate(route.rows):
            if number:
                yield from self._ways(route.transfers[number - 1][1:-1])
            yield from self._row(row)
        yield from self._ways(flight.inbound[1:])
        yield MissionItem(Command.NAV_RETURN_TO_LAUNCH, AltitudeFrame.MISSION)

    def _vertical_speeds(self) -> Iterator[MissionItem]:
        for kind, speed in ((_CLIMB_SPEED, self.climb_m_s), (_DESCENT_SPEED, self.descent_m_s)):
            if speed is not None:
                yield _do(Command.DO_CHANGE_SPEED, kind, speed, _KEEP_THROTTLE)

    def _ways(self, points_m: Array) -> Iterator[MissionItem]:
        for point in points_m:
            yield self._place(Command.NAV_WAYPOINT, point)

    def _row(self, row: Array) -> Iterator[MissionItem]:
        """Fly one row.

        The aircraft turns on the way to the row's start: after it, the camera would wait until
        the turn is done (ArduCopter runs one command after the other). Along the row facing the
        next waypoint is the same heading.
        """
        yield _do(Command.CONDITION_YAW, round(heading_deg(row, self.frame), 2) % 360)
        yield self._place(Command.NAV_WAYPOINT, row[0])
        yield _do(Command.DO_SET_CAM_TRIGG_DIST, self.photo_spacing_m, 0.0, 1.0)
        yield self._place(Command.NAV_WAYPOINT, row[1])
        yield _do(Command.DO_SET_CAM_TRIGG_DIST)

    def _place(self, command: Command, point_m: Array) -> MissionItem:
        lon, lat = self.frame.lonlat_from_xy(point_m[None])[0]
        return MissionItem(
            command,
            AltitudeFrame.ABOVE_HOME,
            lon_deg=round(float(lon), 7),
            lat_deg=round(float(lat), 7),
            altitude_m=self.height_home_m,
        )

    def photos(self, flight: Flight) -> tuple[Photo, ...]:
        """Where the shutter is expected to be released: at each row's start and on along it."""
        return tuple(photo for row in flight.route.rows for photo in self._photos(row))

    def _photos(self, row: Array) -> Iterator[Photo]:
        length = float(np.hypot(*(row[1] - row[0])))
        spacing = released_every_m(self.photo_spacing_m, self.speed_m_s)
        along = np.arange(0, max(length - REACHED_M, 1e-6), spacing)
        share = along / length if length > 0 else np.zeros(1)
        places = self.frame.lonlat_from_xy(row[0] + share[:, None] * (row[1] - row[0]))
        heading = heading_deg(row, self.frame)
        for lon, lat in places.tolist():
            yield Photo(lon, lat, self.height_home_m, heading)


def released_every_m(photo_spacing_m: float, speed_m_s: float) -> float:
    """Way from one photo to the next at a speed, where the autopilot is told a distance."""
    return photo_spacing_m + LATE_S * speed_m_s


def heading_deg(row: Array, frame: LocalFrame) -> float:
    """Direction of flight along a row (2, 2), clockwise from true north in [0, 360)."""
    east, north = row[1] - row[0]
    lon, lat = frame.lonlat_from_xy(row[:1])[0]
    grid_deg = float(np.degrees(np.arctan2(east, north)))
    return (grid_deg + frame.convergence_deg(float(lon), float(lat))) % 360


def _do(command: Command, *parameters: float, param7: float = 0.0) -> MissionItem:
    """An item without a place; MAVLink's param7 travels where others have their altitude."""
    filled = (*parameters, 0.0, 0.0, 0.0, 0.0)
    return MissionItem(
        command,
        AltitudeFrame.MISSION,
        (filled[0], filled[1], filled[2], filled[3]),
        altitude_m=param7,
    )
