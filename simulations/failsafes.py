"""What makes the built-in vehicle break off: fence, battery, lost ground station; pure.

Texts, modes and delays are those of the recordings (CONFORMANCE 3.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import shapely
from shapely import Polygon

from missions.model import MissionItem
from simulations.motion import Vector
from simulations.parameters import Parameters

RTL, LAND, BRAKE = 6, 9, 17
ALTITUDE, CIRCLE, POLYGON = 1, 2, 4  # FENCE_TYPE
FENCE_NAMES = {ALTITUDE: "Max Alt", CIRCLE: "Circle", POLYGON: "Polygon"}
FENCE_ACTIONS = {1: RTL, 2: LAND, 4: BRAKE}
BATTERY_ACTIONS = {1: LAND, 2: RTL}


@dataclass(frozen=True, slots=True)
class Order:
    """A change of mode that a failsafe asks for, and what the vehicle says: severity, words."""

    mode: int | None
    texts: tuple[tuple[int, str], ...]
    critical: bool = False


@dataclass(slots=True)
class Fence:
    """Zones to stay in and out of, in local metres, and the breach so far."""

    parameters: Parameters
    inclusions: tuple[Polygon, ...] = ()
    exclusions: tuple[Polygon, ...] = ()
    breached: int = 0
    breach_count: int = 0
    breach_time_ms: int = 0

    @property
    def enabled(self) -> bool:
        """Whether FENCE_ENABLE is set."""
        return self.parameters["FENCE_ENABLE"] > 0

    def load(self, items: Sequence[MissionItem], points: Sequence[Vector]) -> None:
        """Build the zones from fence items and their local places."""
        inclusions, exclusions, position = [], [], 0
        while position < len(items):
            command, size = items[position].command, items[position].parameters[0]
            if command in (5001, 5002):
                ring = points[position : position + int(size)]
                zone = Polygon([(x, y) for x, y, _ in ring])
                position += int(size)
            else:
                x, y, _ = points[position]
                zone = shapely.Point(x, y).buffer(max(size, 0.1), quad_segs=32)
                position += 1
            if command in (5001, 5003):
                inclusions.append(zone)
            elif command in (5002, 5004):
                exclusions.append(zone)
        for zone in (*inclusions, *exclusions):
            shapely.prepare(zone)
        self.inclusions, self.exclusions = tuple(inclusions), tuple(exclusions)

    def outside(self, position: Vector) -> int:
        """Bits of the fences that a place breaks."""
        kinds = int(self.parameters["FENCE_TYPE"])
        x, y, z = position
        found = 0
        if kinds & ALTITUDE and z > self.parameters["FENCE_ALT_MAX"]:
            found |= ALTITUDE
        if kinds & CIRCLE and x * x + y * y > self.parameters["FENCE_RADIUS"] ** 2:
            found |= CIRCLE
        if kinds & POLYGON and self._outside_zones(x, y):
            found |= POLYGON
        return found

    def _outside_zones(self, x: float, y: float) -> bool:
        if any(shapely.contains_xy(zone, x, y) for zone in self.exclusions):
            return True
        return not all(shapely.contains_xy(zone, x, y) for zone in self.inclusions)

    def check(self, position: Vector, now_ms: int) -> Order | None:
        """Answer a new breach by FENCE_ACTION, and tell the end of one."""
        found = self.outside(position) if self.enabled else 0
        fresh, ended = found & ~self.breached, self.breached and not found
        self.breached = found
        if fresh:
            self.breach_count, self.breach_time_ms = self.breach_count + 1, now_ms
            name = next(FENCE_NAMES[bit] for bit in FENCE_NAMES if fresh & bit)
            mode = FENCE_ACTIONS.get(int(self.parameters["FENCE_ACTION"]))
            return Order(mode, ((5, f"{name} fence breached"), (6, "Manual recovery started")))
        if ended:
            return Order(None, ((5, "Fence breach cleared"),))
        return None


@dataclass(slots=True)
class BatteryWatch:
    """Low and critical voltage, each after BATT_LOW_TIMER."""

    parameters: Parameters
    _low_since_s: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def check(self, voltage_v: float, used_mah: float, now_s: float) -> Order | None:
        """Answer a voltage that stayed low."""
        for kind, prefix in (("critical", "CRT"), ("low", "LOW")):
            if self._stays_below(kind, voltage_v, self.parameters[f"BATT_{prefix}_VOLT"], now_s):
                self._told |= {kind, "low"}
                action = int(self.parameters[f"BATT_FS_{prefix}_ACT"])
                words = f"Battery 1 is {kind} {voltage_v:.2f}V used {used_mah:.0f} mAh"
                texts = ((4, words), (4, "Battery Failsafe"))
                return Order(BATTERY_ACTIONS.get(action), texts, critical=True)
        return None

    def _stays_below(self, kind: str, voltage_v: float, limit_v: float, now_s: float) -> bool:
        if kind in self._told or limit_v <= 0:
            return False
        if voltage_v >= limit_v:
            self._low_since_s.pop(kind, None)
            return False
        since_s = self._low_since_s.setdefault(kind, now_s)
        return now_s - since_s >= self.parameters["BATT_LOW_TIMER"]


@dataclass(slots=True)
class GroundStationWatch:
    """Silence of the ground station, once it was heard."""

    parameters: Parameters
    heard_s: float | None = None
    lost: bool = False

    def check(self, now_s: float) -> Order | None:
        """Answer silence beyond FS_GCS_TIMEOUT, and tell its end."""
        if self.heard_s is None or not self.parameters["FS_GCS_ENABLE"]:
            return None
        silent = now_s - self.heard_s > self.parameters["FS_GCS_TIMEOUT"]
        if silent == self.lost:
            return None
        self.lost = silent
        if silent:
            return Order(RTL, ((4, "GCS Failsafe"),), critical=True)
        return Order(None, ((4, "GCS Failsafe Cleared"),))
