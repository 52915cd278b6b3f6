"""Whether the built-in vehicle is inside its fence, and what it does where not; pure.

Texts, modes and delays are those of the recordings (CONFORMANCE 3.5).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely import Polygon

from missions.model import MissionItem
from simulations.failsafes import BRAKE, LAND, RTL, Order
from simulations.motion import Vector
from simulations.parameters import Parameters

ALTITUDE, CIRCLE, POLYGON, LOW_ALTITUDE = 1, 2, 4, 8  # FENCE_TYPE
FENCE_NAMES = {ALTITUDE: "Max Alt", CIRCLE: "Circle", POLYGON: "Polygon", LOW_ALTITUDE: "Min Alt"}
# 3 and 5 would follow the track back (SmartRTL), which this vehicle does not have: their next best.
FENCE_ACTIONS = {1: RTL, 2: LAND, 3: RTL, 4: BRAKE, 5: LAND}
RECOVERY_S = 10.0  # after a breach, in which another is not told (AC_Fence, manual recovery)
INCLUSIONS, EXCLUSIONS, POLYGONS = (5001, 5003), (5002, 5004), (5001, 5002)  # MAV_CMD_NAV_FENCE_*


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
            if command in POLYGONS:
                ring = points[position : position + int(size)]
                zone = Polygon([(x, y) for x, y, _ in ring])
                position += int(size)
            else:
                x, y, _ = points[position]
                zone = shapely.Point(x, y).buffer(max(size, 0.1), quad_segs=32)
                position += 1
            if command in INCLUSIONS:
                inclusions.append(zone)
            elif command in EXCLUSIONS:
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
        if kinds & LOW_ALTITUDE and z < self.parameters["FENCE_ALT_MIN"]:
            found |= LOW_ALTITUDE
        radius_m = self.parameters["FENCE_RADIUS"]  # 0 is PX4's word for none
        if kinds & CIRCLE and 0 < radius_m <= math.hypot(x, y):
            found |= CIRCLE
        if kinds & POLYGON and self._outside_zones(x, y):
            found |= POLYGON
        return found

    def breaks_polygon(self, position: Vector) -> bool:
        """Whether a place is outside of the fence's zones, and that counts."""
        return self.enabled and bool(self.outside(position) & POLYGON)

    def _outside_zones(self, x: float, y: float) -> bool:
        if any(shapely.contains_xy(zone, x, y) for zone in self.exclusions):
            return True
        return not all(shapely.contains_xy(zone, x, y) for zone in self.inclusions)

    def check(self, position: Vector, now_ms: int) -> Order | None:
        """Answer a new breach by FENCE_ACTION, and tell the end of one."""
        found = self.outside(position) if self.enabled else 0
        fresh, ended = found & ~self.breached, self.breached and not found
        self.breached = found
        recovering = self.breach_count and now_ms < self.breach_time_ms + 1000 * RECOVERY_S
        if fresh and not recovering:
            self.breach_count, self.breach_time_ms = self.breach_count + 1, now_ms
            name = next(FENCE_NAMES[bit] for bit in FENCE_NAMES if fresh & bit)
            mode = FENCE_ACTIONS.get(int(self.parameters["FENCE_ACTION"]))
            return Order(mode, ((5, f"{name} fence breached"), (6, "Manual recovery started")))
        if ended:
            return Order(None, ((5, "Fence breach cleared"),))
        return None
