"""How autopilots code their flight modes in HEARTBEAT.custom_mode, and how a mode is ordered; pure.

Sources: ArduPilot, ArduCopter/mode.h; PX4, src/modules/commander/px4_custom_mode.h: the main mode
in bits 16 to 23, the sub-mode of AUTO in bits 24 to 31.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

ARDUPILOT, PX4 = 3, 12  # MAV_AUTOPILOT
CUSTOM_MODE = 1.0  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
COPTER_MODES = {
    0: "STABILIZE", 1: "ACRO", 2: "ALT_HOLD", 3: "AUTO", 4: "GUIDED", 5: "LOITER", 6: "RTL",
    7: "CIRCLE", 9: "LAND", 11: "DRIFT", 13: "SPORT", 14: "FLIP", 15: "AUTOTUNE", 16: "POSHOLD",
    17: "BRAKE", 18: "THROW", 19: "AVOID_ADSB", 20: "GUIDED_NOGPS", 21: "SMART_RTL",
    22: "FLOWHOLD", 23: "FOLLOW", 24: "ZIGZAG", 25: "SYSTEMID", 26: "AUTOROTATE", 27: "AUTO_RTL",
    28: "TURTLE",
}  # fmt: skip
_PX4_MAIN = {
    1: "MANUAL", 2: "ALTCTL", 3: "POSCTL", 5: "ACRO", 6: "OFFBOARD", 7: "STABILIZED",
    8: "RATTITUDE", 9: "SIMPLE", 10: "TERMINATION",
}  # fmt: skip
_PX4_AUTO = {
    1: "READY", 2: "TAKEOFF", 3: "HOLD", 4: "MISSION", 5: "RTL", 6: "LAND", 8: "FOLLOW",
    9: "PRECLAND", 10: "VTOL_TAKEOFF",
}  # fmt: skip
_PX4_AUTO_MAIN = 4
_WHOLE = frozenset(range(1, 7))  # MAV_PARAM_TYPE: UINT8 to INT32


def px4_mode(main: int, sub: int = 0) -> int:
    """PX4's custom_mode of a main mode and a sub-mode."""
    return main << 16 | sub << 24


PX4_MODES = {px4_mode(main): name for main, name in _PX4_MAIN.items()} | {
    px4_mode(_PX4_AUTO_MAIN, sub): name for sub, name in _PX4_AUTO.items()
}


@dataclass(frozen=True, slots=True)
class Modes:
    """The flight modes of one kind of autopilot.

    Attributes:
        arming: in which a vehicle is armed before its mission is started.
        mission, hold, returning, landing: which we order, or see where we ordered nothing.
        has_home_item: whether item 0 of a stored mission is the vehicle's home.
    """

    autopilot: int
    names: Mapping[int, str]
    arming: int
    mission: int
    hold: int
    returning: int
    landing: int
    has_home_item: bool

    @property
    def ours(self) -> frozenset[int]:
        """Modes up to the start of a mission that we order; another one is a pilot's."""
        return frozenset({self.arming, self.mission, self.returning})

    def name(self, mode: int | None) -> str:
        """What to call a mode in a message to the user."""
        return self.names.get(mode, str(mode)) if mode is not None else "no known mode"

    def parameter_value(self, coded: float, kind: int) -> float:
        """Value of PARAM_VALUE: PX4 puts a whole number's bytes there, ArduPilot the number."""
        if self.autopilot != PX4 or kind not in _WHOLE:
            return coded
        (value,) = struct.unpack("<i", struct.pack("<f", coded))
        return float(value)

    def parameter_code(self, value: float, kind: int) -> float:
        """What PARAM_SET must carry for a value; the inverse of `parameter_value`."""
        if self.autopilot != PX4 or kind not in _WHOLE:
            return value
        (coded,) = struct.unpack("<f", struct.pack("<i", round(value)))
        return float(coded)

    def order(self, mode: int) -> tuple[float, float, float]:
        """Parameters of MAV_CMD_DO_SET_MODE; PX4 takes main mode and sub-mode apart."""
        if self.autopilot == PX4:
            return CUSTOM_MODE, float(mode >> 16 & 0xFF), float(mode >> 24 & 0xFF)
        return CUSTOM_MODE, float(mode), 0.0


COPTER = Modes(
    ARDUPILOT, COPTER_MODES,
    arming=4, mission=3, hold=17, returning=6, landing=9, has_home_item=True,
)  # fmt: skip
PX4_COPTER = Modes(
    PX4, PX4_MODES,
    arming=px4_mode(4, 3), mission=px4_mode(4, 4), hold=px4_mode(4, 3), returning=px4_mode(4, 5),
    landing=px4_mode(4, 6), has_home_item=False,
)  # fmt: skip


def modes_of(autopilot: int) -> Modes:
    """Modes of an autopilot by its MAV_AUTOPILOT; ArduCopter's where it is another's."""
    return PX4_COPTER if autopilot == PX4 else COPTER
