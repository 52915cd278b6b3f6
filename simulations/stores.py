"""Where the built-in vehicle keeps its mission, fence and rally points, and how it is filled.

The vehicle's side of the MAVLink mission protocol as ArduCopter 4.6 runs it, pure. Its faults are
kept on purpose, as a client has to live with them: an upload that breaks off leaves a mission
that is part new and part old; item 0 is the vehicle's own home; frames come back rewritten.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import (
    FENCE,
    MISSION,
    RALLY,
    Address,
    Message,
    item_from_message,
    message_from_item,
    place_scale,
)
from missions.model import Command, MissionItem
from simulations.personas import ARDUPILOT, Persona

CAPACITY = {MISSION: 650, FENCE: 70, RALLY: 46}
KINDS = {MISSION: "Flight plan received", FENCE: "Fence Indexed OK", RALLY: ""}

NAV_LOITER_UNLIM, NAV_LOITER_TURNS, NAV_LOITER_TIME, NAV_SPLINE, NAV_DELAY = 17, 18, 19, 82, 93
NAV_VTOL_TAKEOFF, CONDITION_DELAY, CONDITION_DISTANCE, DO_JUMP = 84, 112, 114, 177
DO_DIGICAM_CONTROL, IMAGE_START_CAPTURE, IMAGE_STOP_CAPTURE = 203, 2000, 2001
# Stored and passed over in flight, as nothing of what they move is modelled: home, relays, servos,
# a mark before the landing, regions of interest, mounts and gimbals.
WITHOUT_EFFECT = frozenset({179, 181, 183, 189, 197, 201, 204, 1000})
MISSION_COMMANDS = WITHOUT_EFFECT.union(
    map(int, Command),
    (NAV_LOITER_UNLIM, NAV_LOITER_TURNS, NAV_LOITER_TIME, NAV_SPLINE, NAV_DELAY, NAV_VTOL_TAKEOFF),
    (CONDITION_DELAY, CONDITION_DISTANCE, DO_JUMP),
    (DO_DIGICAM_CONTROL, IMAGE_START_CAPTURE, IMAGE_STOP_CAPTURE),
)
PLACED_COMMANDS = frozenset(
    {16, NAV_LOITER_UNLIM, NAV_LOITER_TURNS, NAV_LOITER_TIME, NAV_SPLINE, 21, 22, NAV_VTOL_TAKEOFF}
    | {179, 189, 201}
)
# Of which only the first parameters are kept, and those whose x and y are numbers, not places.
FIRST_PARAMETERS = {112: 1, 114: 1, 177: 2, 178: 3, 181: 2, 183: 2, 197: 0, 205: 3, 2001: 1, 20: 0}
PLAIN_NUMBERS = frozenset({DO_DIGICAM_CONTROL, 1000})
FENCE_COMMANDS = frozenset(range(5000, 5005))
RALLY_COMMANDS = frozenset({5100})
COMMANDS = {MISSION: MISSION_COMMANDS, FENCE: FENCE_COMMANDS, RALLY: RALLY_COMMANDS}
FRAMES = {MISSION: {0, 2, 3, 5, 6, 10, 11}, FENCE: {0, 3}, RALLY: {0, 3, 6}}

ACCEPTED, ERROR, BAD_FRAME, UNSUPPORTED, NO_SPACE, INVALID = 0, 1, 2, 3, 4, 5
INVALID_PARAM1, BAD_LAT, BAD_LON, BAD_ALT, BAD_SEQUENCE, DENIED, CANCELLED = (
    6,
    10,
    11,
    12,
    13,
    14,
    15,
)
ASK_AGAIN_S, GIVE_UP_S = 1.0, 8.0
INFO, CRITICAL, WARNING, DEBUG = 6, 2, 4, 7


def fault_of(item: MissionItem, mission_type: int) -> int:
    """Why ArduCopter would not store an item, as MAV_MISSION_RESULT; 0 where it would."""
    checks = (
        (item.command == 0, INVALID),
        (item.command not in COMMANDS[mission_type], UNSUPPORTED),
        (item.frame not in FRAMES[mission_type], BAD_FRAME),
        (math.isnan(item.parameters[0]), INVALID_PARAM1),
        (not -90 <= item.lat_deg <= 90, BAD_LAT),
        (not -180 <= item.lon_deg <= 180, BAD_LON),
        (not abs(item.altitude_m) < 83_000, BAD_ALT),  # 24 bits of centimetres; NaN fails too
    )
    return next((fault for wrong, fault in checks if wrong), ACCEPTED)


def stored_form(item: MissionItem, mission_type: int) -> MissionItem:
    """An item as ArduCopter hands it back."""
    if mission_type != MISSION:
        return replace(item, autocontinue=True)
    p1, p2, p3, p4 = (0.0 if math.isnan(p) else p for p in item.parameters)
    if item.command in PLACED_COMMANDS:
        frame = {6: 3, 5: 0, 2: 0, 11: 10}.get(item.frame, item.frame)
        kept = _kept_parameters(item.command, p1, p3, p4)
        altitude_m = int(item.altitude_m * 100 + math.copysign(1e-3, item.altitude_m)) / 100
        return replace(item, frame=frame, parameters=kept, altitude_m=altitude_m, autocontinue=True)
    count = FIRST_PARAMETERS.get(item.command, 4)
    first = (*(p1, p2, p3, p4)[:count], *[0.0] * (4 - count))
    kept = (first[0], first[1], first[2], first[3])
    if item.command in PLAIN_NUMBERS:
        return MissionItem(item.command, 0, kept, item.lon_deg, item.lat_deg)
    return MissionItem(item.command, 0, kept)


def _kept_parameters(
    command: int, p1: float, p3: float, p4: float
) -> tuple[float, float, float, float]:
    """What is left of the parameters of an item with a place (AP_Mission.cpp, both ways)."""
    seconds, side = float(int(p1) % 65536), -1.0 if p3 < 0 else 1.0
    radius_m = int(abs(p3))
    if command == NAV_LOITER_UNLIM:
        return 0.0, 0.0, side * radius_m, 0.0
    if command == NAV_LOITER_TIME:
        return seconds, 0.0, side, float(p4 > 0)
    if command == NAV_LOITER_TURNS:
        stored_m = radius_m if radius_m <= 255 else 10 * min(255, radius_m // 10)
        return float(min(255, int(p1))), 0.0, side * stored_m, float(p4 > 0)
    return (0.0 if command == 189 else seconds), 0.0, 0.0, 0.0


@dataclass(slots=True)
class _Receiving:
    """An upload under way."""

    sender: Address
    mission_type: int
    count: int
    next_seq: int
    asked_s: float
    heard_s: float
    staged: list[MissionItem] = field(default_factory=list)


@dataclass(slots=True)
class Stores:
    """The three lists and the upload that is under way, if any.

    Attributes:
        home: the vehicle's home as item 0.
        texts: severity and words that the vehicle has to say; taken by who sends them.
        changed: called with the mission type after a list was replaced.
        overwritten: called after one item of the mission was.
        persona: whose manners the transfers have.
    """

    home: MissionItem
    changed: Callable[[int], None] = lambda mission_type: None
    overwritten: Callable[[], None] = lambda: None
    persona: Persona = ARDUPILOT
    lists: dict[int, list[MissionItem]] = field(
        default_factory=lambda: {MISSION: [], FENCE: [], RALLY: []}
    )
    texts: list[tuple[int, str]] = field(default_factory=list)
    _receiving: _Receiving | None = None

    @property
    def mission(self) -> Sequence[MissionItem]:
        """The mission with the home item in front; empty where there is none."""
        return self.lists[MISSION]

    def receive(self, message: Message, now_s: float, *, flying: bool = False) -> list[Message]:
        """Answer a message of the mission protocol."""
        kind = message.get_type()
        sender = Address(message.get_srcSystem(), message.get_srcComponent())
        if kind in ("MISSION_ITEM_INT", "MISSION_ITEM"):
            return self._take(message, sender, now_s)
        answers: dict[str, Callable[[], list[Message]]] = {
            "MISSION_COUNT": lambda: self._begin(message, sender, now_s),
            "MISSION_REQUEST_LIST": lambda: self._tell_count(message, sender),
            "MISSION_REQUEST_INT": lambda: self._hand_out(message, sender),
            "MISSION_REQUEST": lambda: self._hand_out(message, sender),
            "MISSION_CLEAR_ALL": lambda: self._clear(message, sender, flying=flying),
        }
        return answers[kind]() if kind in answers else []

    def tick(self, now_s: float) -> list[Message]:
        """Ask again for an item that did not come, or give the upload up."""
        upload = self._receiving
        if upload is None:
            return []
        if now_s - upload.heard_s >= GIVE_UP_S:
            self._receiving = None
            self.texts.append((WARNING, "Mission upload timeout"))
            return [_ack(upload.sender, CANCELLED, upload.mission_type)]
        if now_s - upload.asked_s < ASK_AGAIN_S:
            return []
        upload.asked_s = now_s
        return [self._request(upload)]

    def _begin(self, message: Message, sender: Address, now_s: float) -> list[Message]:
        kind, count = message.mission_type, message.count
        if kind not in CAPACITY:
            return [_ack(sender, UNSUPPORTED, kind)]
        if self._receiving is not None and self._receiving.sender != sender:
            return [_ack(sender, DENIED, kind)]
        if count > CAPACITY[kind]:
            self.texts.append((WARNING, f"Only {CAPACITY[kind]} items are supported"))
            return [_ack(sender, NO_SPACE, kind)]
        self._receiving = _Receiving(sender, kind, count, 0, now_s, now_s)
        if kind == MISSION and not self.persona.whole_uploads:
            del self.lists[MISSION][count:]
        if count == 0:
            return self._complete(self._receiving)
        return [self._request(self._receiving)]

    def _take(self, message: Message, sender: Address, now_s: float) -> list[Message]:
        upload = self._receiving
        kind = message.mission_type
        if upload is None or upload.mission_type != kind or upload.sender != sender:
            return [_ack(sender, ERROR, kind)]
        if message.seq != upload.next_seq:
            return [_ack(sender, BAD_SEQUENCE, kind)]
        item = item_from_message(message)
        fault = fault_of(item, kind)
        if fault:
            self._receiving = None
            return [_ack(sender, fault, kind)]
        self._put(upload, item)
        upload.next_seq += 1
        upload.asked_s = upload.heard_s = now_s
        if upload.next_seq == upload.count:
            return self._complete(upload)
        return [self._request(upload)]

    def _put(self, upload: _Receiving, item: MissionItem) -> None:
        """Store an item: ArduPilot's missions in place at once, all else when complete."""
        stored = stored_form(item, upload.mission_type) if self.persona.rewrites_items else item
        if upload.mission_type != MISSION or self.persona.whole_uploads:
            upload.staged.append(stored)
            return
        seq, mission = upload.next_seq, self.lists[MISSION]
        mission[seq : seq + 1] = [self.home if seq == 0 else stored]
        self.overwritten()

    def _complete(self, upload: _Receiving) -> list[Message]:
        self._receiving = None
        kind = upload.mission_type
        if kind == FENCE:
            fault = fence_fault(upload.staged)
            if fault:
                self.texts += [(WARNING, fault), (WARNING, "Fence validation failed")]
                return [_ack(upload.sender, ERROR, kind)]
        if kind == MISSION and upload.count and _missing_target(self._as_flown(upload)):
            return [_ack(upload.sender, ERROR, kind)]
        if kind != MISSION:
            self.lists[kind] = upload.staged
        elif self.persona.whole_uploads:
            self.lists[kind] = self._as_flown(upload)
        self.changed(kind)
        if KINDS[kind]:
            self.texts.append((DEBUG if kind == FENCE else INFO, KINDS[kind]))
        return [_ack(upload.sender, ACCEPTED, kind)]

    def _as_flown(self, upload: _Receiving) -> list[MissionItem]:
        """A mission with home in front, whether home is counted or not."""
        if not self.persona.whole_uploads:
            return self.lists[MISSION]
        return [self.home, *upload.staged] if upload.staged else []

    def _handed_out(self, kind: int) -> list[MissionItem]:
        """A list as it is counted towards a ground station."""
        return self.lists[kind][self.persona.first_item :] if kind == MISSION else self.lists[kind]

    def _tell_count(self, message: Message, sender: Address) -> list[Message]:
        kind = message.mission_type
        if kind not in CAPACITY:
            return [_ack(sender, UNSUPPORTED, kind)]
        if self._receiving is not None:
            return [_ack(sender, DENIED, kind)]
        count = len(self._handed_out(kind))
        return [mavlink.MAVLink_mission_count_message(sender.system, sender.component, count, kind)]

    def _hand_out(self, message: Message, sender: Address) -> list[Message]:
        """Send an item in the form in which it was asked for."""
        kind, seq = message.mission_type, message.seq
        if kind not in CAPACITY:
            return [_ack(sender, UNSUPPORTED, kind)]
        items = self._handed_out(kind)
        if not 0 <= seq < len(items):
            return [*self._tell_count(message, sender), _ack(sender, ERROR, kind)]
        is_home = kind == MISSION and seq == 0 and self.persona.first_item == 0
        item = self.home if is_home else items[seq]
        encoded = message_from_item(item, seq, to=sender, mission_type=kind)
        return [encoded if message.get_type() == "MISSION_REQUEST_INT" else _as_floats(encoded)]

    def _clear(self, message: Message, sender: Address, *, flying: bool) -> list[Message]:
        kind = message.mission_type
        if kind not in CAPACITY:
            return [_ack(sender, UNSUPPORTED, kind)]
        if flying and kind == MISSION:
            return [_ack(sender, ERROR, kind)]
        self.lists[kind] = []
        self._receiving = None
        self.changed(kind)
        return [_ack(sender, ACCEPTED, kind)]

    def _request(self, upload: _Receiving) -> Message:
        """Ask for the next item; ArduCopter does so by the older message."""
        if self.persona.asks_by_int:
            ask = mavlink.MAVLink_mission_request_int_message
        else:
            ask = mavlink.MAVLink_mission_request_message
        return ask(
            upload.sender.system, upload.sender.component, upload.next_seq, upload.mission_type
        )


def fence_fault(items: Sequence[MissionItem]) -> str | None:
    """What is wrong with a fence in ArduCopter's words; None where nothing is."""
    position = 0
    while position < len(items):
        item = items[position]
        count = int(item.parameters[0])
        if item.command in (5003, 5004):
            if item.parameters[0] <= 0:
                return "Non-positive circle radius"
            position += 1
        elif item.command in (5001, 5002):
            if count < 3:
                return f"Invalid vertex count ({count})"
            ring = items[position : position + count]
            if len(ring) < count or any(corner.command != item.command for corner in ring):
                return "Incorrect item count"
            position += count
        else:
            position += 1
    return None


def _missing_target(mission: Sequence[MissionItem]) -> bool:
    """Whether a jump leads to an item that is not there."""
    jumps = (item.parameters[0] for item in mission if item.command == DO_JUMP)
    return any(not 0 < target < len(mission) for target in jumps)


def _ack(to: Address, result: int, mission_type: int) -> Message:
    return mavlink.MAVLink_mission_ack_message(to.system, to.component, result, mission_type)


def _as_floats(item: Message) -> Message:
    """The older MISSION_ITEM with degrees as floats."""
    return mavlink.MAVLink_mission_item_message(
        item.target_system,
        item.target_component,
        item.seq,
        item.frame,
        item.command,
        item.current,
        item.autocontinue,
        item.param1,
        item.param2,
        item.param3,
        item.param4,
        item.x / place_scale(item.command),
        item.y / place_scale(item.command),
        item.z,
        item.mission_type,
    )
