"""How mission items travel: MissionItem <-> MISSION_ITEM_INT, fences, and read-back."""

import math
from dataclasses import dataclass
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import Polygon

from flight.errors import TransferError
from geo.pose import GeoPoint
from missions.model import AltitudeFrame, Command, MissionItem

Message = Any  # pymavlink's generated classes carry no types

MISSION, FENCE, RALLY = 0, 1, 2  # MAV_MISSION_TYPE
MISSION_TYPE_NAMES = {MISSION: "mission", FENCE: "fence", RALLY: "rally points"}
GROUND_STATION, NO_AUTOPILOT = 6, 8  # MAV_TYPE_GCS, MAV_AUTOPILOT_INVALID
FENCE_INCLUSION, FENCE_EXCLUSION = 5001, 5002  # MAV_CMD_NAV_FENCE_POLYGON_VERTEX_*

ALTITUDE_TOLERANCE_M = 0.011  # ArduPilot stores whole centimetres and cuts off
PARAMETER_TOLERANCE = 1e-5  # relative; parameters travel as float32

_STORED_FRAMES = {6: 3, 5: 0, 2: 0}  # ArduPilot hands back the plain twins, PX4 either
_DROPPED_PARAMETERS = {  # which of param1..4 ArduCopter does not store (AP_Mission.cpp)
    int(Command.NAV_WAYPOINT): (1, 2, 3),
    int(Command.NAV_TAKEOFF): (1, 2, 3),
    int(Command.NAV_RETURN_TO_LAUNCH): (0, 1, 2, 3),
    int(Command.NAV_LAND): (1, 2, 3),
    int(Command.DO_CHANGE_SPEED): (3,),
    int(Command.DO_SET_CAM_TRIGG_DIST): (1, 3),
    int(Command.DO_MOUNT_CONTROL): (3,),
    17: (0, 1, 3),  # loiter: the radius only
    18: (1,),  # turns
    19: (1, 2, 3),  # time; of the radius only which way round
    82: (1, 2, 3),  # spline
    84: (1, 2, 3),  # VTOL take-off
    112: (1, 2, 3),  # delay
    114: (1, 2, 3),  # distance
    177: (2, 3),  # jump
    179: (1, 2, 3),  # home
    181: (2, 3),  # relay
    183: (2, 3),  # servo
    189: (0, 1, 2, 3),  # mark before the landing
    197: (0, 1, 2, 3),  # no region of interest
    201: (1, 2, 3),  # region of interest
    2001: (1, 2, 3),  # end of pictures
}
# Whose frame and place ArduPilot stores (AP_Mission::stored_in_location); of others both are lost.
_PLACED = frozenset(
    {16, 17, 18, 19, 21, 22, 30, 31, 82, 84, 85, 92, 94, 179, 188, 189, 191, 195, 201}
    | {5000, 5001, 5002, 5003, 5004, 5100}
)
_NUMBERS = frozenset({203, 1000})  # that have plain numbers in x and y: digicam, gimbal
_WHOLE_HOLDS = frozenset({16, 19, 82})  # param1 in whole seconds
_LOITER_TURNS, _LOITERS = 18, frozenset({17, 18})  # param3 is a radius in whole metres


@dataclass(frozen=True, slots=True)
class Address:
    """Who a message is for: MAVLink system and component."""

    system: int = 1
    component: int = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the vehicle holds otherwise than it was sent."""

    seq: int
    name: str
    sent: float
    stored: float

    def __str__(self) -> str:
        """Tell the item, the value and both readings."""
        return f"item {self.seq}: {self.name} sent {self.sent:g}, vehicle holds {self.stored:g}"


def is_vehicle(message: Message) -> bool:
    """Whether a message is the heartbeat of something that flies, not of a ground station."""
    return bool(
        message.get_type() == "HEARTBEAT"
        and message.autopilot != NO_AUTOPILOT
        and message.type != GROUND_STATION
    )


def home_item(home: GeoPoint) -> MissionItem:
    """Item 0 of a mission, where ArduPilot keeps the home position."""
    return MissionItem(
        Command.NAV_WAYPOINT,
        AltitudeFrame.AMSL,
        lon_deg=home.lon_deg,
        lat_deg=home.lat_deg,
        altitude_m=home.altitude_amsl_m,
    )


def fence_items(fence: Polygon) -> tuple[MissionItem, ...]:
    """Vertices of a fence to stay inside of; holes become zones to keep out of."""
    rings = [(FENCE_INCLUSION, fence.exterior)]
    rings += [(FENCE_EXCLUSION, hole) for hole in fence.interiors]
    items: list[MissionItem] = []
    for command, ring in rings:
        corners = list(ring.coords)[:-1]
        items += [
            MissionItem(
                command,
                AltitudeFrame.AMSL,
                (float(len(corners)), 0.0, 0.0, 0.0),
                lon_deg=corner[0],
                lat_deg=corner[1],
            )
            for corner in corners
        ]
    return tuple(items)


def message_from_item(
    item: MissionItem, seq: int, *, to: Address, mission_type: int = MISSION
) -> Message:
    """Encode one item as MISSION_ITEM_INT, degrees as whole 1e-7."""
    scale = place_scale(item.command)
    return mavlink.MAVLink_mission_item_int_message(
        to.system,
        to.component,
        seq,
        item.frame,
        item.command,
        0,
        int(item.autocontinue),
        *item.parameters,
        round(item.lat_deg * scale),
        round(item.lon_deg * scale),
        item.altitude_m,
        mission_type,
    )


def place_scale(command: int) -> float:
    """What x and y of MISSION_ITEM_INT are multiplied by; plain numbers are not."""
    return 1.0 if command in _NUMBERS else 1e7


def check_storable(items: tuple[MissionItem, ...]) -> None:
    """Refuse what ArduPilot would cut off without a word.

    Raises:
        TransferError: a hold is not of whole seconds.
    """
    for seq, item in enumerate(items):
        hold_s = item.parameters[0]
        if item.command in _WHOLE_HOLDS and math.isfinite(hold_s) and hold_s != int(hold_s):
            raise TransferError(
                f"Item {seq} holds for {hold_s:g} s; ArduPilot stores whole seconds and would hold "
                f"for {int(hold_s)} s. Give {int(hold_s)} or {int(hold_s) + 1} s. Nothing was sent."
            )


def item_from_message(message: Message) -> MissionItem:
    """Decode MISSION_ITEM_INT, or the older MISSION_ITEM with float32 degrees."""
    is_int = message.get_type() == "MISSION_ITEM_INT"
    scale = 1 / place_scale(message.command) if is_int else 1.0
    return MissionItem(
        command=message.command,
        frame=message.frame,
        parameters=(message.param1, message.param2, message.param3, message.param4),
        lon_deg=message.y * scale,
        lat_deg=message.x * scale,
        altitude_m=message.z,
        autocontinue=bool(message.autocontinue),
    )


def differences(
    sent: tuple[MissionItem, ...],
    stored: tuple[MissionItem, ...],
    mission_type: int = MISSION,
    *,
    has_home_item: bool = True,
) -> tuple[Difference, ...]:
    """Compare what was sent with what was read back, after what ArduPilot and PX4 rewrite.

    ArduPilot's item 0 of a mission is the vehicle's own home and is not compared; PX4 has none
    (`has_home_item` false). PX4 answers with the _INT frames and keeps what ArduPilot drops. A
    hold time above 65535 s that ArduPilot wraps, an item that is missing or a place that moved is
    a difference.
    """
    found: list[Difference] = []
    if len(sent) != len(stored):
        found.append(Difference(0, "number of items", len(sent), len(stored)))
    first = int(has_home_item and mission_type == MISSION)
    pairs = list(zip(sent, stored, strict=False))
    for seq, (ours, theirs) in list(enumerate(pairs))[first:]:
        found += _item_differences(seq, ours, theirs)
    return tuple(found)


def _item_differences(seq: int, sent: MissionItem, stored: MissionItem) -> list[Difference]:
    if sent.command != stored.command:
        return [Difference(seq, "command", sent.command, stored.command)]
    found = []
    placed = sent.command in _PLACED
    if placed and _stored_frame(sent) != _stored_frame(stored):
        found.append(Difference(seq, "frame", sent.frame, stored.frame))
    found += _parameter_differences(seq, sent, stored)
    if placed or sent.command in _NUMBERS:
        found += _place_differences(seq, sent, stored)
    return found


def _stored_frame(item: MissionItem) -> int:
    return _STORED_FRAMES.get(item.frame, item.frame)


def _parameter_differences(seq: int, sent: MissionItem, stored: MissionItem) -> list[Difference]:
    dropped = _DROPPED_PARAMETERS.get(sent.command, ())
    return [
        Difference(seq, f"param{index + 1}", ours, theirs)
        for index, (ours, theirs) in enumerate(zip(sent.parameters, stored.parameters, strict=True))
        if index not in dropped
        and not _same_parameter(ours, theirs)
        and not _same_parameter(_rounded(sent.command, index, ours), theirs)
    ]


def _rounded(command: int, index: int, value: float) -> float:
    """A parameter as ArduPilot packs it: radii in a byte, then in tens of metres, and a flag."""
    if command not in _LOITERS or not math.isfinite(value):
        return value
    if index == 2:
        packed = command == _LOITER_TURNS and abs(value) > 255
        metres = 10 * min(255, int(abs(value) / 10)) if packed else int(abs(value))
        return math.copysign(metres, value)
    return float(value > 0) if command == _LOITER_TURNS and index == 3 else value


def _same_parameter(sent: float, stored: float) -> bool:
    """Equal as float32; a NaN ("the vehicle's own choice") is stored as 0 or as NaN."""
    if math.isnan(sent):
        return math.isnan(stored) or stored == 0
    return math.isclose(sent, stored, rel_tol=PARAMETER_TOLERANCE, abs_tol=1e-6)


def _place_differences(seq: int, sent: MissionItem, stored: MissionItem) -> list[Difference]:
    found = []
    for name in ("lon_deg", "lat_deg"):
        ours, theirs = getattr(sent, name), getattr(stored, name)
        if round(ours * 1e7) != round(theirs * 1e7):
            found.append(Difference(seq, name, ours, theirs))
    height_kept = sent.command in _PLACED
    if height_kept and not abs(sent.altitude_m - stored.altitude_m) <= ALTITUDE_TOLERANCE_M:
        found.append(Difference(seq, "altitude_m", sent.altitude_m, stored.altitude_m))
    return found
