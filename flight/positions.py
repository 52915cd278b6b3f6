"""Where was a vehicle, and where did its camera look, at a moment of this computer's clock? Pure.

Told by what it sends unasked, with the times at which that came.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from flight.gimbals import HEARD_WITHIN_S, KINDS, gimbal_attitude
from flight.protocol import Message, is_vehicle
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint

AHEAD_S = 1.0
"""So long after the last position a vehicle is taken to go on as it went."""
KEPT_S = 30.0
NO_HEADING = 65535


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A vehicle at a moment.

    Attributes:
        heading_deg: of its nose; None where it does not tell.
        gimbal: where the camera looks; None where no gimbal tells.
    """

    position: GeoPoint
    height_home_m: float
    heading_deg: float | None
    gimbal: Attitude | None


@dataclass(frozen=True, slots=True)
class _Fix:
    at: datetime
    here: Whereabouts
    east_m_s: float
    north_m_s: float
    up_m_s: float


class Positions:
    """The last half minute of one vehicle: of the first that is heard, whoever else is."""

    def __init__(self) -> None:
        """Begin without a vehicle."""
        self._system: int | None = None
        self._fixes: deque[_Fix] = deque()
        self._gimbal: tuple[datetime, Attitude] | None = None
        self._heading_deg: float | None = None

    def feed(self, message: Message, at: datetime) -> None:
        """Take in a message that came at a moment."""
        if self._system is None and is_vehicle(message):
            self._system = message.get_srcSystem()
        if message.get_srcSystem() != self._system:
            return
        kind = message.get_type()
        if kind == "GLOBAL_POSITION_INT" and _is_place(message):
            self._add(message, at)
        elif kind in KINDS:
            attitude = gimbal_attitude(message, self._heading_deg)
            self._gimbal = (at, attitude) if attitude is not None else self._gimbal

    def at(self, moment: datetime) -> Whereabouts | None:
        """Tell where it was; None where nothing that came near then tells."""
        before = [fix for fix in self._fixes if fix.at <= moment]
        if not before:
            return None
        fix = before[-1]
        since_s = (moment - fix.at).total_seconds()
        return None if since_s > AHEAD_S else self._gone_on(fix, since_s)

    def _add(self, message: Message, at: datetime) -> None:
        if message.hdg != NO_HEADING:
            self._heading_deg = message.hdg / 100
        gimbal = None
        if self._gimbal is not None and at - self._gimbal[0] <= timedelta(seconds=HEARD_WITHIN_S):
            gimbal = self._gimbal[1]
        heading_deg = None if message.hdg == NO_HEADING else message.hdg / 100
        place = GeoPoint(message.lon / 1e7, message.lat / 1e7, message.alt / 1000)
        here = Whereabouts(place, message.relative_alt / 1000, heading_deg, gimbal)
        east, north, up = message.vy / 100, message.vx / 100, -message.vz / 100
        self._fixes.append(_Fix(at, here, east, north, up))
        while (at - self._fixes[0].at).total_seconds() > KEPT_S:
            self._fixes.popleft()

    def _gone_on(self, fix: _Fix, since_s: float) -> Whereabouts:
        here, place = fix.here, fix.here.position
        frame = LocalFrame(place.lon_deg, place.lat_deg)  # its origin is the place
        moved_m = np.array([[fix.east_m_s * since_s, fix.north_m_s * since_s]])
        lon_deg, lat_deg = frame.lonlat_from_xy(moved_m)[0].tolist()
        up_m = fix.up_m_s * since_s
        return Whereabouts(
            GeoPoint(lon_deg, lat_deg, place.altitude_amsl_m + up_m),
            here.height_home_m + up_m,
            here.heading_deg,
            here.gimbal,
        )


def _is_place(message: Message) -> bool:
    """Whether it tells a place on earth; 0, 0 is what is said without a fix."""
    on_earth = abs(message.lat) <= 90 * 10**7 and abs(message.lon) <= 180 * 10**7
    return on_earth and bool(message.lat or message.lon)
