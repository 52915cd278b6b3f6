"""What must a mission keep to, and what a check knows about one."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from shapely import Polygon

from geo.frames import Array
from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.findings import Code, Finding
from missions.flown import Flown
from missions.model import Drone


@dataclass(frozen=True, slots=True)
class Limits:
    """What a mission must keep to; rules change, so none of these is a constant in code.

    Attributes:
        ceiling_agl_m: highest above any ground flown over.
        ceiling_as_of: day on which the ceiling was looked up.
        floor_agl_m: lowest above any ground flown over, take-off and landing aside.
        fence_margin_m: less than this from the fence is worth a warning.
        home_distance_m: furthest from home.
        wind_m_s: expected, from any direction.
        wind_limit_m_s: strongest that is flown in; the drone's if None.
        return_height_m: above home; where the vehicle is lower it climbs to this before it
            returns (RTL_ALT of ArduCopter); what the sortie says, or the drone comes with, if None.
        altitude_jump_m: more change of height above ground on one leg is worth a warning.
    """

    ceiling_agl_m: float = 120.0
    ceiling_as_of: date = date(2024, 1, 1)
    floor_agl_m: float = 20.0
    fence_margin_m: float = 5.0
    home_distance_m: float = 5000.0
    wind_m_s: float = 5.0
    wind_limit_m_s: float | None = None
    return_height_m: float | None = None
    altitude_jump_m: float = 60.0

    def __post_init__(self) -> None:
        """Refuse limits that nothing can keep to."""
        for name in ("ceiling_agl_m", "home_distance_m"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0; got {getattr(self, name)}")
        for name in (
            "floor_agl_m",
            "fence_margin_m",
            "wind_m_s",
            "wind_limit_m_s",
            "return_height_m",
        ):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must be 0 or more; got {value}")
        if not self.floor_agl_m < self.ceiling_agl_m:
            raise ValueError(
                f"floor_agl_m must be below ceiling_agl_m; got {self.floor_agl_m}, "
                f"{self.ceiling_agl_m}"
            )


@dataclass(frozen=True, slots=True)
class Subject:
    """A mission under check with everything that it is checked against.

    Attributes:
        airspace: near the mission.
        fence: lon/lat degrees; None where the file has none.
    """

    flown: Flown
    drone: Drone
    limits: Limits
    terrain: Terrain
    airspace: Airspace
    fence: Polygon | None

    @property
    def return_height_m(self) -> float:
        """Height above home to which a return climbs first."""
        chosen = self.limits.return_height_m
        return self.drone.autopilot.return_height_m if chosen is None else chosen

    @property
    def wind_limit_m_s(self) -> float:
        """Strongest wind that is flown in."""
        chosen = self.limits.wind_limit_m_s
        return self.drone.wind_limit_m_s if chosen is None else chosen

    def finding(
        self,
        code: Code,
        leg: int,
        place_m: Array,
        value: float,
        limit: float,
        detail: str = "",
    ) -> Finding:
        """A finding on a leg, by its index among the legs flown, at a place in local metres."""
        lon, lat = self.flown.lonlat(place_m)
        item = self.flown.steps[leg].item
        rounded = round(float(value), 2) if np.isfinite(value) else None
        return Finding(code, item, round(lon, 7), round(lat, 7), rounded, limit, detail)
