"""How is a mission cut into files that have no more way-points than a remote takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely import Point, Polygon

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.inside import Inside
from missions.stops import Action, Do, Finish, Stop, Tour

LEAST_PER_FILE = 4
_CLEARANCES_M = (15.0, 10.0, 5.0, 2.0)  # of ways from and to home, from the fence


def parts(whole: Tour, most_stops: int, home: GeoPoint, fence: Polygon | None) -> tuple[Tour, ...]:
    """Cut a mission into flights of so many places; cuts lie where the camera is off.

    Each part is flown from home, and back; its ways stay inside the fence.

    Args:
        whole: the mission.
        most_stops: that one flight may have, at least 4.
        home: where every part begins and ends.
        fence: lon/lat degrees; None if ways may be straight.

    Raises:
        MissionError: a run of photos has more places than that, or no way inside the fence leads
            home.
    """
    if most_stops < LEAST_PER_FILE:
        raise MissionError(
            f"a file must hold at least {LEAST_PER_FILE} way-points; got {most_stops}"
        )
    if len(whole.stops) <= most_stops:
        return (whole,)
    ways = _Ways.around(home, fence)
    found: list[Tour] = []
    first, tilt = 0, None
    while first < len(whole.stops):
        end, part = _longest(whole, first, most_stops, ways)
        found.append(replace(part, stops=_tilted(part.stops, tilt)))
        tilt = _last_tilt(part.stops) or tilt
        first = end
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways between home and places of the mission."""

    frame: LocalFrame
    home: GeoPoint
    inside: Inside | None

    @classmethod
    def around(cls, home: GeoPoint, fence: Polygon | None) -> "_Ways":
        """Keep away from the fence as far as home does."""
        frame = LocalFrame(home.lon_deg, home.lat_deg)
        if fence is None:
            return cls(frame, home, None)
        area = frame.to_local(fence)
        for clearance in _CLEARANCES_M:
            room = area.buffer(-clearance)
            if isinstance(room, Polygon) and room.covers(Point(0.0, 0.0)):
                return cls(frame, home, Inside(room))
        raise MissionError(
            f"home at {home.lon_deg:.6f}, {home.lat_deg:.6f} (lon, lat) is outside of the fence or "
            "too close to it for several flights; plan with a home further inside"
        )

    def via(self, stop: Stop) -> tuple[Stop, ...]:
        """Places between home and a place of the mission, in the order of the way there."""
        if self.inside is None:
            return ()
        there = self.frame.xy_from_lonlat(np.array([[stop.lon_deg, stop.lat_deg]]))[0]
        path = self.inside.path(np.zeros(2), there)
        lonlat = np.round(self.frame.lonlat_from_xy(path[1:-1]), 7).tolist()
        return tuple(
            Stop(lon, lat, stop.height_home_m, None, stop.speed_m_s) for lon, lat in lonlat
        )


def _longest(whole: Tour, first: int, most: int, ways: _Ways) -> tuple[int, Tour]:
    """The most places from `first` on that fit in a file with the ways from and to home."""
    stops = whole.stops
    before = ways.via(stops[first]) if first else ()
    for end in range(min(first + most - len(before), len(stops)), first, -1):
        last = end == len(stops)
        if stops[end - 1].photo_spacing_m > 0 and not last:
            continue
        after = () if last else ways.via(stops[end - 1])[::-1]
        if len(before) + end - first + len(after) <= most:
            finish = whole.finish if last else Finish.RETURN
            return end, Tour((*before, *stops[first:end], *after), finish)
    raise MissionError(
        f"a run of photos from way-point {first + 1} on with its ways from and to home has more "
        f"than {most} way-points, the most that one file may have; fly straighter runs"
    )


def _tilted(stops: tuple[Stop, ...], tilt: Action | None) -> tuple[Stop, ...]:
    """Say the tilt of the camera again at the start of a later part."""
    if tilt is None or any(action.what is Do.TILT_DEG for action in stops[0].actions):
        return stops
    return (replace(stops[0], actions=(tilt, *stops[0].actions)), *stops[1:])


def _last_tilt(stops: Sequence[Stop]) -> Action | None:
    tilts = [action for stop in stops for action in stop.actions if action.what is Do.TILT_DEG]
    return tilts[-1] if tilts else None
