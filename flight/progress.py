"""How far a flight is, against its plan; pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from flight.adherence import Row, planned_rows
from flight.checks import drone_of
from flight.monitor import FlightMonitor
from flight.trouble import Trouble, troubles_of
from geo.frames import LocalFrame
from missions.model import Command, MissionItem, Sortie

NEAR_ROW_M = 60.0  # a row farther away than this is not the one that is flown
BATTERY_BELOW_PLAN = 0.10  # of a full battery; more is worth a word


@dataclass(frozen=True, slots=True)
class FlightProgress:
    """How far a flight is, about once a second of the vehicle's clock.

    Attributes:
        item: of `items`, the one that is flown to.
        next_place_m: horizontal distance to the next way-point; None where there is none.
        cross_track_m: off the row that is flown, right positive; None between rows.
        battery_planned_share: what the plan leaves in the battery by now; None where unknown.
        wind_m_s, wind_from_deg: as the vehicle estimates; None where it does not tell.
        troubles: what went wrong so far.
        notices: likewise what came of orders, and who took the vehicle over.
    """

    sortie_code: str
    phase: str
    mode: str
    elapsed_s: float
    planned_s: float
    item: int
    items: int
    photos: int
    photos_planned: int
    height_home_m: float
    ground_speed_m_s: float
    battery_share: float | None
    battery_planned_share: float | None = None
    next_place_m: float | None = None
    cross_track_m: float | None = None
    wind_m_s: float | None = None
    wind_from_deg: float | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    troubles: tuple[Trouble, ...] = ()
    notices: tuple[str, ...] = ()


ProgressListener = Callable[[FlightProgress], None]


class PlanCourse:
    """A sortie's places and rows in metres, to say where a vehicle is on it."""

    def __init__(self, sortie: Sortie) -> None:
        self._sortie = sortie
        self._frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
        self._rows = planned_rows(sortie, self._frame)
        self._drone = drone_of(sortie)
        self._first_share: float | None = None

    def progress(
        self, monitor: FlightMonitor, phase: str, notices: Sequence[str] = ()
    ) -> FlightProgress:
        """Say how far the vehicle is."""
        here = monitor.position
        xy = None if here is None else self._xy(here.lon_deg, here.lat_deg)
        item = monitor.mission_item
        return FlightProgress(
            sortie_code=self._sortie.code,
            phase=phase,
            mode=monitor.coding.name(monitor.mode),
            elapsed_s=monitor.duration_s,
            planned_s=self._sortie.duration_s,
            item=item,
            items=len(self._sortie.items),
            photos=monitor.photo_count,
            photos_planned=len(self._sortie.photos),
            height_home_m=monitor.height_home_m,
            ground_speed_m_s=monitor.ground_speed_m_s,
            battery_share=monitor.battery_share,
            battery_planned_share=self.battery_planned_share(monitor),
            next_place_m=None if xy is None else self._next_place_m(item, xy),
            cross_track_m=None if xy is None else self._cross_track_m(item, xy),
            wind_m_s=monitor.wind_m_s,
            wind_from_deg=monitor.wind_from_deg,
            lon_deg=None if here is None else here.lon_deg,
            lat_deg=None if here is None else here.lat_deg,
            troubles=troubles_of(monitor.flight_events) if monitor.took_off_ms is not None else (),
            notices=tuple(notices),
        )

    def battery_planned_share(self, monitor: FlightMonitor) -> float | None:
        """What was in the battery at the take-off, less the plan's use up to now."""
        if monitor.battery_share is None:
            return None
        if self._first_share is None or monitor.duration_s == 0:
            self._first_share = monitor.battery_share
        sortie = self._sortie
        needed = sortie.battery_share
        if not needed and self._drone is not None:
            needed = sortie.duration_s / self._drone.endurance_s
        if not needed or not sortie.duration_s:
            return None
        return self._first_share - needed * min(1.0, monitor.duration_s / sortie.duration_s)

    def _xy(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        ((x, y),) = self._frame.xy_from_lonlat(np.array([[lon_deg, lat_deg]]))
        return float(x), float(y)

    def _next_place_m(self, item: int, xy: tuple[float, float]) -> float | None:
        left = self._sortie.items[max(0, item - 1) :]
        place = next((i for i in left if _has_place(i)), None)
        if place is None:
            return math.dist(xy, (0.0, 0.0)) if item else None
        return math.dist(xy, self._xy(place.lon_deg, place.lat_deg))

    def _cross_track_m(self, item: int, xy: tuple[float, float]) -> float | None:
        """Off the row that leads to the present item, if it is one."""
        if not 0 < item <= len(self._sortie.items):
            return None
        target = self._sortie.items[item - 1]
        if not _has_place(target):
            return None
        end = self._xy(target.lon_deg, target.lat_deg)
        row = next((row for row in self._rows if math.dist(row.end, end) < 0.5), None)
        return None if row is None else _off_row_m(row, xy)


def _has_place(item: MissionItem) -> bool:
    return item.command == Command.NAV_WAYPOINT


def _off_row_m(row: Row, xy: tuple[float, float]) -> float | None:
    """Distance to the right of a row, None where the vehicle is not along it yet."""
    (x0, y0), (x1, y1) = row.start, row.end
    length_m = math.dist(row.start, row.end)
    east, north = (x1 - x0) / length_m, (y1 - y0) / length_m
    along_m = (xy[0] - x0) * east + (xy[1] - y0) * north
    off_m = (xy[0] - x0) * north - (xy[1] - y0) * east
    return off_m if 0 <= along_m <= length_m and abs(off_m) < NEAR_ROW_M else None
