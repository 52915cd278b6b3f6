"""What must a flight keep away from: no-fly zones, lower ceilings, obstacles."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Above = Literal["ground", "sea"]


@dataclass(frozen=True, slots=True)
class HeightBand:
    """From which height to which a zone reaches, above the ground or above mean sea level."""

    low_m: float = -np.inf
    high_m: float = np.inf
    above: Above = "ground"

    def __post_init__(self) -> None:
        """Refuse a band without any height in it."""
        if not self.low_m < self.high_m:
            raise ValueError(f"low_m must be below high_m; got {self.low_m}, {self.high_m}")

    def meets(self, low_m: float, high_m: float) -> bool:
        """Whether heights from `low_m` to `high_m`, above the same, touch the band."""
        return low_m < self.high_m and high_m > self.low_m


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """When a zone is in force; without a beginning or an end if None."""

    begins: datetime | None = None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse times without a zone, and an end before the beginning."""
        for time in (self.begins, self.ends):
            if time is not None and time.tzinfo is None:
                raise ValueError(f"times of a zone need a time zone; got {time.isoformat()}")
        if self.begins is not None and self.ends is not None and self.ends <= self.begins:
            raise ValueError(f"ends must be after begins; got {self.begins}, {self.ends}")

    def meets(self, begins: datetime, ends: datetime) -> bool:
        """Whether a flight between two times is touched."""
        over = self.ends is not None and self.ends <= begins
        ahead = self.begins is not None and self.begins >= ends
        return not (over or ahead)


ALWAYS = TimeWindow()
ANY_HEIGHT = HeightBand()


@dataclass(frozen=True, slots=True)
class NoFlyZone:
    """Ground that must not be flown over.

    Attributes:
        area: lon/lat degrees.
        margin_m: how far to keep away from its edge.
        vertical_margin_m: how far to keep away from its band of heights.
    """

    name: str
    area: Polygon | MultiPolygon
    margin_m: float = 30.0
    band: HeightBand = ANY_HEIGHT
    vertical_margin_m: float = 10.0
    window: TimeWindow = ALWAYS

    def __post_init__(self) -> None:
        """Refuse margins below nothing."""
        _check_not_negative("margin_m", self.margin_m)
        _check_not_negative("vertical_margin_m", self.vertical_margin_m)

    def meets(self, low_m: float, high_m: float) -> bool:
        """Whether heights, above what the band is above, are too close to it."""
        margin = self.vertical_margin_m
        return self.band.meets(low_m - margin, high_m + margin)


@dataclass(frozen=True, slots=True)
class CeilingZone:
    """Ground over which less height is allowed than elsewhere; area in lon/lat degrees."""

    name: str
    area: Polygon | MultiPolygon
    ceiling_agl_m: float
    window: TimeWindow = ALWAYS

    def __post_init__(self) -> None:
        """Refuse a ceiling under the ground."""
        _check_not_negative("ceiling_agl_m", self.ceiling_agl_m)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that stands up from the ground.

    Attributes:
        shape: point, line or polygon in lon/lat degrees. A line is taken as a wire between its
            corners: each span is as high as the higher of its two ends.
        height_agl_m: above the ground it stands on.
        radius_m: of a point or half the width of a line.
        clearance_m: how far to keep away, sideways and above.
    """

    name: str
    shape: BaseGeometry
    height_agl_m: float
    radius_m: float = 0.0
    clearance_m: float = 15.0

    def __post_init__(self) -> None:
        """Refuse sizes below nothing."""
        for field in ("height_agl_m", "radius_m", "clearance_m"):
            _check_not_negative(field, getattr(self, field))

    @property
    def reach_m(self) -> float:
        """How far from its middle a flight below its height and clearance must stay."""
        return self.radius_m + self.clearance_m


def _check_not_negative(name: str, value: float) -> None:
    if not 0 <= value < np.inf:
        raise ValueError(f"{name} must be 0 or more and finite; got {value}")


@dataclass(frozen=True, slots=True)
class Airspace:
    """Everything known that limits where one may fly."""

    no_fly: tuple[NoFlyZone, ...] = ()
    ceilings: tuple[CeilingZone, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    def during(self, begins: datetime, ends: datetime) -> "Airspace":
        """What is in force at some time between two; obstacles always are."""
        return replace(
            self,
            no_fly=tuple(zone for zone in self.no_fly if zone.window.meets(begins, ends)),
            ceilings=tuple(zone for zone in self.ceilings if zone.window.meets(begins, ends)),
        )

    def near(self, west: float, south: float, east: float, north: float) -> "Airspace":
        """What can matter to a flight between these degrees; each value's own margin is added."""
        place = shapely.box(west, south, east, north)
        return Airspace(
            no_fly=tuple(z for z in self.no_fly if _within(place, z.area, z.margin_m)),
            ceilings=tuple(z for z in self.ceilings if _within(place, z.area, 0.0)),
            obstacles=tuple(o for o in self.obstacles if _within(place, o.shape, o.reach_m)),
        )


EMPTY = Airspace()
_SMALLEST_DEGREE_M = 110_000.0  # a degree of latitude; one of longitude is shorter by cos(latitude)


def _within(place: Polygon, shape: BaseGeometry, margin_m: float) -> bool:
    """Whether bounds come within a margin of a box, generously; both in degrees."""
    west, south, east, north = shape.bounds
    steepest = min(89.0, max(abs(south), abs(north)) + 1.0)
    high = (margin_m + 10.0) / _SMALLEST_DEGREE_M
    wide = high / float(np.cos(np.radians(steepest)))
    box = shapely.box(west - wide, south - high, east + wide, north + high)
    return bool(box.intersects(place))
