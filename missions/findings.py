"""What a safety check finds in a mission, as values with place, figure and remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from missions.finding_texts import ENGLISH, MANDARIN


class Severity(StrEnum):
    """Whether a mission may be flown in spite of a finding."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Stable names of everything that a check can find."""

    FILE_VERSION = "file-version"
    FILE_UNREADABLE = "file-unreadable"
    COORDINATES_ZERO = "coordinates-zero"
    COORDINATES_SWAPPED = "coordinates-swapped"
    COORDINATES_FAR = "coordinates-far"
    FRAME = "frame"
    FRAMES_MIXED = "frames-mixed"
    COMMAND_UNKNOWN = "command-unknown"
    REPEATED = "repeated"
    AFTER_END = "after-end"
    EMPTY = "empty"
    TAKEOFF_MISSING = "takeoff-missing"
    TAKEOFF_ASIDE = "takeoff-aside"
    CURVES = "curves"
    RETURN_MISSING = "return-missing"
    END_UNSAID = "end-unsaid"
    HOME_MISSING = "home-missing"
    HOME_ALTITUDE = "home-altitude"
    WAYPOINT_LIMIT = "waypoint-limit"
    FENCE_MISSING = "fence-missing"
    FENCE_SHAPE = "fence-shape"
    FENCE = "fence"
    FENCE_MARGIN = "fence-margin"
    NO_FLY_ZONE = "no-fly-zone"
    OBSTACLE = "obstacle"
    CEILING = "ceiling"
    TERRAIN = "terrain"
    TERRAIN_UNKNOWN = "terrain-unknown"
    TERRAIN_MISSING = "terrain-missing"
    CLIMB_RATE = "climb-rate"
    DESCENT_RATE = "descent-rate"
    ALTITUDE_JUMP = "altitude-jump"
    HOME_DISTANCE = "home-distance"
    SPEED = "speed"
    SPEED_TOP = "speed-top"
    CAMERA_INTERVAL = "camera-interval"
    WIND = "wind"
    BATTERY = "battery"
    RETURN_HEIGHT = "return-height"
    RETURN_TERRAIN = "return-terrain"
    RETURN_OBSTACLE = "return-obstacle"
    RETURN_CEILING = "return-ceiling"
    RETURN_ZONE = "return-zone"
    RETURN_FENCE = "return-fence"


_WARNINGS = frozenset(
    {
        Code.FRAMES_MIXED,
        Code.END_UNSAID,
        Code.HOME_MISSING,
        Code.HOME_ALTITUDE,
        Code.FENCE_MISSING,
        Code.FENCE_MARGIN,
        Code.TERRAIN_MISSING,
        Code.ALTITUDE_JUMP,
        Code.SPEED,
        Code.RETURN_CEILING,
        Code.RETURN_FENCE,
    }
)
_UNITS = {
    Code.CLIMB_RATE: "m/s",
    Code.DESCENT_RATE: "m/s",
    Code.SPEED: "m/s",
    Code.SPEED_TOP: "m/s",
    Code.WIND: "m/s",
    Code.CAMERA_INTERVAL: "s",
    Code.BATTERY: "%",
    Code.WAYPOINT_LIMIT: "",
    Code.FRAME: "",
    Code.COMMAND_UNKNOWN: "",
    Code.REPEATED: "",
    Code.AFTER_END: "",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a mission.

    Attributes:
        code: what is wrong.
        leg: number of the mission item that the leg leads to, as in the file, where home is 0;
            None for the mission as a whole.
        lon_deg: of the worst place, with `lat_deg`; None without a place.
        value: as planned, in `unit`.
        limit: what is allowed.
        detail: name of the zone or obstacle, or what else the message needs.
    """

    code: Code
    leg: int | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None
    value: float | None = None
    limit: float | None = None
    detail: str = ""

    @property
    def severity(self) -> Severity:
        """Errors must be mended, warnings known."""
        return Severity.WARNING if self.code in _WARNINGS else Severity.ERROR

    @property
    def unit(self) -> str:
        """Unit of value and limit."""
        return _UNITS.get(self.code, "m")

    @property
    def message(self) -> str:
        """What is wrong, where, and what to do, in English."""
        return self._filled(ENGLISH[self.code])

    @property
    def message_zh(self) -> str:
        """The same in Chinese."""
        return self._filled(MANDARIN[self.code])

    def _filled(self, text: str) -> str:
        place = "" if self.lon_deg is None else f"{self.lon_deg:.6f}, {self.lat_deg:.6f}"
        return text.format(
            leg=self.leg,
            place=place,
            value=_figure(self.value),
            limit=_figure(self.limit),
            detail=self.detail,
        )

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.severity}: {self.message}"

    def document(self) -> dict[str, Any]:
        """What JSON holds of it."""
        return {
            "code": str(self.code),
            "severity": str(self.severity),
            "leg": self.leg,
            "lon_deg": self.lon_deg,
            "lat_deg": self.lat_deg,
            "value": self.value,
            "limit": self.limit,
            "unit": self.unit,
            "detail": self.detail,
            "message": self.message,
            "message_zh": self.message_zh,
        }


def _figure(value: float | None) -> str:
    """As many digits as a reader needs."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 20 or value == round(value) else f"{value:.1f}"


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding forbids the flight."""
    return any(finding.severity is Severity.ERROR for finding in findings)
