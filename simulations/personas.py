"""Whose manners the built-in vehicle has towards a ground station: ArduPilot's or PX4's; pure.

One vehicle flies; a persona says how it is addressed and what it calls things. ArduPilot's is taken
from recordings. PX4's is taken from its documentation and source (px4_custom_mode.h,
mavlink_mission.cpp, 1.14), never compared with a running PX4: identity, modes, transfers,
parameters and default streams are modelled, its flight controllers and the words of its events
are not.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulations.parameters import DEFAULTS, INT32, REAL32, Parameters

STABILIZE, ALT_HOLD, AUTO, GUIDED, LOITER, RTL, LAND, POSHOLD, BRAKE = 0, 2, 3, 4, 5, 6, 9, 16, 17
ARMED, CUSTOM = 128, 1  # MAV_MODE_FLAG
_MAIN_AUTO, _HOLD, _MISSION, _RETURN, _LAND, _TAKEOFF = 4, 3, 4, 5, 6, 2  # px4_custom_mode.h
_PX4_MODES = {  # ours -> PX4's main and sub mode
    STABILIZE: (7, 0),
    ALT_HOLD: (2, 0),
    POSHOLD: (3, 0),
    GUIDED: (_MAIN_AUTO, _TAKEOFF),
    LOITER: (_MAIN_AUTO, _HOLD),
    BRAKE: (_MAIN_AUTO, _HOLD),
    AUTO: (_MAIN_AUTO, _MISSION),
    RTL: (_MAIN_AUTO, _RETURN),
    LAND: (_MAIN_AUTO, _LAND),
}
_OURS = {
    parts: mode for mode, parts in _PX4_MODES.items() if mode != BRAKE
}  # hold is LOITER there and back


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of PX4 and the one of ours that it stands for.

    Attributes:
        factor: ours over PX4's.
        codes: ours for each of PX4's choices; empty for a plain number.
    """

    name: str
    kind: int
    ours: str
    factor: float = 1.0
    codes: Mapping[int, int] = field(default_factory=dict)


_PX4_PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter("COM_DL_LOSS_T", INT32, "FS_GCS_TIMEOUT"),
        Parameter("COM_FLIGHT_UUID", INT32, "BATT_SERIAL_NUM"),  # both mean nothing to a flight
        Parameter("GF_ACTION", INT32, "FENCE_ACTION", codes={3: 1, 0: 0, 1: 0, 2: 4, 5: 2}),
        Parameter("GF_MAX_HOR_DIST", REAL32, "FENCE_RADIUS"),
        Parameter("GF_MAX_VER_DIST", REAL32, "FENCE_ALT_MAX"),
        Parameter("MAV_SYS_ID", INT32, "SYSID_THISMAV"),
        Parameter("MPC_XY_CRUISE", REAL32, "WPNAV_SPEED", 100.0),
        Parameter("MPC_Z_VEL_MAX_DN", REAL32, "WPNAV_SPEED_DN", 100.0),
        Parameter("MPC_Z_VEL_MAX_UP", REAL32, "WPNAV_SPEED_UP", 100.0),
        Parameter("NAV_DLL_ACT", INT32, "FS_GCS_ENABLE", codes={2: 1, 0: 0, 1: 0, 3: 1}),
        Parameter("RTL_RETURN_ALT", REAL32, "RTL_ALT", 100.0),
        Parameter("SIM_GPS_USED", INT32, "SIM_GPS_DISABLE", codes={10: 0, 0: 1}),
    )
}


@dataclass(frozen=True, slots=True)
class Persona:
    """How a vehicle is addressed.

    Attributes:
        autopilot: MAV_AUTOPILOT of its heartbeat.
        first_item: number, counted with home as 0, of the item that it calls 0.
        asks_by_int: missions are asked for by MISSION_REQUEST_INT, not MISSION_REQUEST.
        whole_uploads: an upload takes effect when it is complete; else item by item.
        rewrites_items: frames and parameters come back otherwise than they were sent.
        streams_hz: messages that come without being asked for.
        capabilities, version: of AUTOPILOT_VERSION.
    """

    key: str
    autopilot: int
    first_item: int
    asks_by_int: bool
    whole_uploads: bool
    rewrites_items: bool
    capabilities: int
    version: int
    banner: tuple[str, ...]
    streams_hz: Mapping[int, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Its parameters in order."""
        return tuple(_PX4_PARAMETERS if self.key == "px4" else DEFAULTS)

    def custom_mode(self, mode: int) -> int:
        """HEARTBEAT.custom_mode of one of our modes."""
        if self.key != "px4":
            return mode
        main, sub = _PX4_MODES[mode]
        return main << 16 | sub << 24

    def base_mode(self, mode: int, *, armed: bool) -> int:
        """HEARTBEAT.base_mode: stabilised, and by whom guided."""
        flags = 80  # MANUAL_INPUT and STABILIZE, as ArduCopter has in every mode
        if self.key == "px4" and _PX4_MODES[mode][0] == _MAIN_AUTO:
            flags = 28  # STABILIZE, GUIDED and AUTO
        return CUSTOM | flags | (ARMED if armed else 0)

    def mode_of(self, custom_mode: int, sub_mode: int = 0) -> int | None:
        """Our mode that DO_SET_MODE or SET_MODE asks for; None where it has no such mode."""
        if self.key != "px4":
            return custom_mode
        if custom_mode > 0xFFFF:  # SET_MODE packs both into one number
            custom_mode, sub_mode = custom_mode >> 16 & 0xFF, custom_mode >> 24
        return _OURS.get((custom_mode, sub_mode))

    def read(self, parameters: Parameters, name: str) -> tuple[float, int] | None:
        """A parameter as it is sent: value and MAV_PARAM_TYPE; None where there is none."""
        if self.key != "px4":
            known = name in DEFAULTS
            return (parameters[name], DEFAULTS[name][1]) if known else None
        parameter = _PX4_PARAMETERS.get(name)
        if parameter is None:
            return None
        value = parameters[parameter.ours] / parameter.factor
        if parameter.codes:
            value = next(theirs for theirs, ours in parameter.codes.items() if ours == value)
        return (_as_float(value) if parameter.kind == INT32 else value), parameter.kind

    def meant(self, name: str, value: float) -> tuple[str, float] | None:
        """Our parameter and value for one that was sent; None where there is none."""
        if self.key != "px4":
            return name, value
        parameter = _PX4_PARAMETERS.get(name)
        if parameter is None:
            return None
        number = float(_as_int(value)) if parameter.kind == INT32 else value
        if parameter.codes:
            ours = parameter.codes.get(int(number))
            return None if ours is None else (parameter.ours, float(ours))
        return parameter.ours, number * parameter.factor


def _as_float(value: float) -> float:
    """PX4 sends the bytes of an INT32 in the place of a float (MAV_PARAM_ENCODE_BYTEWISE)."""
    (number,) = struct.unpack("<f", struct.pack("<i", int(value)))
    return float(number)


def _as_int(value: float) -> int:
    (number,) = struct.unpack("<i", struct.pack("<f", value))
    return int(number)


ARDUPILOT = Persona(
    key="ardupilot",
    autopilot=3,
    first_item=0,
    asks_by_int=False,
    whole_uploads=False,
    rewrites_items=True,
    capabilities=0xFBEF,
    version=4 << 24 | 6 << 16,  # 4.6.0 development, as recorded
    banner=("ArduCopter V4.6.0-dev (aerogrid)", "Frame: QUAD/X"),
)
PX4 = Persona(
    key="px4",
    autopilot=12,
    first_item=1,
    asks_by_int=True,
    whole_uploads=True,
    rewrites_items=False,
    # MISSION_FLOAT, PARAM_FLOAT, MISSION_INT, COMMAND_INT, PARAM_ENCODE_BYTEWISE, FTP,
    # SET_ATTITUDE_TARGET, SET_POSITION_TARGET_*, FLIGHT_TERMINATION, MAVLINK2, FENCE, RALLY
    capabilities=0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x800 | 0xE000,
    version=1 << 24 | 14 << 16 | 0xFF,
    banner=(),
    streams_hz={
        1: 1, 24: 1, 30: 10, 33: 5, 36: 1, 42: 1, 62: 1, 74: 4, 147: 0.5, 242: 0.5, 245: 1,
    },
)  # fmt: skip
PERSONAS = {persona.key: persona for persona in (ARDUPILOT, PX4)}


def persona_of(autopilot: int) -> Persona:
    """Whose manners a heartbeat's MAV_AUTOPILOT announces; ArduPilot's where it is unknown."""
    return PX4 if autopilot == PX4.autopilot else ARDUPILOT
