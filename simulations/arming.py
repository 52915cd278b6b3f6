"""When the built-in vehicle may start its motors, in ArduCopter's words, pure."""

from dataclasses import dataclass

from simulations.parameters import Parameters
from simulations.personas import AUTO, BRAKE, LAND, RTL

MODES = {
    0: "STABILIZE",
    2: "ALT_HOLD",
    3: "AUTO",
    4: "GUIDED",
    5: "LOITER",
    6: "RTL",
    9: "LAND",
    16: "POSHOLD",
    17: "BRAKE",
}
NOT_ARMABLE = frozenset({RTL, LAND, BRAKE})


@dataclass(frozen=True, slots=True)
class Readiness:
    """What arming depends on."""

    has_position: bool
    has_fix: bool
    parameters: Parameters
    voltage_v: float
    fence_broken: bool
    mission_items: int

    def faults(self, mode: int | None) -> tuple[str, ...]:
        """Reasons against arming in a mode; None leaves the mode out."""
        lowest_v = self.parameters["BATT_ARM_VOLT"]
        fence_on = self.parameters["FENCE_ENABLE"] > 0
        none_selected = fence_on and int(self.parameters["FENCE_TYPE"]) & 7 == 0
        auto_armable = int(self.parameters["AUTO_OPTIONS"]) & 1
        checks = (
            (not self.has_position, "Need Position Estimate"),
            (self.has_position and not self.has_fix, "GPS 1: Bad fix"),
            (fence_on and not self.has_position, "Fence enabled, need position estimate"),
            (none_selected, "Fences enabled, but none selected"),
            (self.fence_broken, "Vehicle breaching Polygon fence"),
            (self.voltage_v < lowest_v, "Battery 1 below minimum arming voltage"),
            (mode in NOT_ARMABLE, f"{MODES.get(mode or 0, '')} mode not armable"),
            (mode == AUTO and not auto_armable, "AUTO mode not armable"),
            (mode == AUTO and self.mission_items < 2, "Mode requires mission"),
        )
        return tuple(words for wrong, words in checks if wrong)
