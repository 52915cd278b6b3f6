"""How a mission gets into a vehicle and out of it: two state machines over messages, pure.

Both are told the time and the messages that came, and answer with the messages to send; neither
reads a clock or a socket, so loss, duplicates and delays can be tried in a test by the thousand.
"""

from collections import Counter
from dataclasses import dataclass, field

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import (
    MISSION,
    MISSION_TYPE_NAMES,
    Address,
    Message,
    item_from_message,
    message_from_item,
)
from missions.model import MissionItem

RETRY_S = 1.2  # ArduPilot asks again after 1 s; we wait a little longer so as not to cross it
SILENCE_S = 9.0  # ArduPilot gives an upload up after 8 s
# A vehicle that answers but never comes to an end is given up, too.
MOST_ASKED = 40  # times for one item
LASTS_S, LASTS_ITEM_S = 60.0, 2.0  # a whole transfer, and for each of its items

ACCEPTED = 0
REFUSALS = frozenset(range(2, 13))
# Answers that may belong to an earlier try or to a message that came late: an error, an item out
# of order, another sender, a cancelled upload. They end a transfer only if nothing better follows.
PASSING = frozenset({1, 13, 14, 15})
RESULT_TEXTS = {  # MAV_MISSION_RESULT
    1: "the vehicle reports a general error",
    2: "a coordinate frame is not supported",
    3: "a command is not supported",
    4: "the vehicle cannot store so many items; plan smaller sorties or a simpler fence",
    5: "an item has an invalid value",
    6: "parameter 1 of an item is invalid",
    7: "parameter 2 of an item is invalid",
    8: "parameter 3 of an item is invalid",
    9: "parameter 4 of an item is invalid",
    10: "a latitude is out of range",
    11: "a longitude is out of range",
    12: "an altitude is out of range",
    13: "an item came out of order",
    14: "the vehicle takes no upload from us now; another ground station may be sending one",
    15: "the vehicle cancelled it after a pause; check the link and send it again",
}


@dataclass
class _Patience:
    """When to repeat what may be lost, and when to give a transfer up.

    Attributes:
        began_s, answered_s, sent_s: the beginning, the last answer, and what was sent last.
        setback: an answer that ends the transfer only if nothing better follows.
    """

    began_s: float = 0.0
    answered_s: float = 0.0
    sent_s: float = 0.0
    setback: str | None = None

    def begin(self, now_s: float) -> None:
        """Take that the first message is sent."""
        self.began_s = self.answered_s = self.sent_s = now_s

    def end(self, now_s: float, items: int) -> str | None:
        """Why a transfer of so many items is given up now; None where it is not."""
        if now_s - self.answered_s > SILENCE_S:
            return self.setback or f"no answer for {SILENCE_S:g} s; check the link"
        if now_s - self.began_s > LASTS_S + LASTS_ITEM_S * items:
            return f"not over after {now_s - self.began_s:.0f} s; check the link"
        return None

    def is_due(self, now_s: float) -> bool:
        """Whether to repeat now; counts as done."""
        if now_s - self.sent_s < RETRY_S:
            return False
        self.sent_s = now_s
        return True


@dataclass
class Upload:
    """Send items; `done` or `problem` says how it ended, neither while it runs.

    Attributes:
        done: the vehicle says that it has everything. Only reading back proves it.
        problem: why it failed, in words for the user.
        refused: whether the vehicle said no to the items themselves, so trying again is useless.
    """

    items: tuple[MissionItem, ...]
    to: Address
    mission_type: int = MISSION
    done: bool = False
    problem: str | None = None
    refused: bool = False
    _asked: Counter[int] = field(default_factory=Counter)
    _last_sent: int = -1
    _patience: _Patience = field(default_factory=_Patience)

    def start(self, now_s: float) -> list[Message]:
        """Announce the number of items."""
        self._patience.begin(now_s)
        return [self._count()]

    def receive(self, message: Message, now_s: float) -> list[Message]:
        """Answer a request; end at the acknowledgement, unless it may not be of this upload."""
        if self.done or self.problem or not _concerns(message, self.mission_type):
            return []
        kind = message.get_type()
        if kind in ("MISSION_REQUEST", "MISSION_REQUEST_INT"):
            return self._answer(message.seq, now_s)
        if kind == "MISSION_ACK":
            self._finish(message.type)
        return []

    def tick(self, now_s: float) -> list[Message]:
        """Repeat what may be lost; give up after a long silence."""
        if self.done or self.problem:
            return []
        self.problem = self._patience.end(now_s, len(self.items))
        if self.problem or not self._patience.is_due(now_s):
            return []
        return [self._count()] if not self._asked else [self._item(self._last_sent)]

    def _answer(self, seq: int, now_s: float) -> list[Message]:
        self._patience.answered_s = now_s
        if not 0 <= seq < len(self.items):
            return []
        self._asked[seq] += 1
        if self._asked[seq] > MOST_ASKED:
            self.problem = f"the vehicle asked for item {seq} {self._asked[seq]} times"
            return []
        self._last_sent, self._patience.sent_s = seq, now_s
        return [self._item(seq)]

    def _finish(self, result: int) -> None:
        """End at an answer, except at one that leaves the upload open or belongs to another."""
        complete = len(self._asked) == len(self.items)
        if result == ACCEPTED:
            self.done = complete
        elif complete and result == 1:
            self.done = True  # our repeated last item met a finished upload; reading back decides
        elif result in PASSING:
            self._patience.setback = RESULT_TEXTS[result]
        else:
            self.problem = RESULT_TEXTS.get(result, f"unknown answer {result}")
            self.refused = result in REFUSALS

    def _count(self) -> Message:
        return mavlink.MAVLink_mission_count_message(
            self.to.system, self.to.component, len(self.items), self.mission_type
        )

    def _item(self, seq: int) -> Message:
        return message_from_item(self.items[seq], seq, to=self.to, mission_type=self.mission_type)


@dataclass
class Download:
    """Read items back; `items` holds them when `done`."""

    to: Address
    mission_type: int = MISSION
    done: bool = False
    problem: str | None = None
    _count: int | None = None
    _received: list[MissionItem] = field(default_factory=list)
    _patience: _Patience = field(default_factory=_Patience)

    @property
    def items(self) -> tuple[MissionItem, ...]:
        """What has come so far, in order."""
        return tuple(self._received)

    def start(self, now_s: float) -> list[Message]:
        """Ask for the list."""
        self._patience.begin(now_s)
        return [self._next_request()]

    def receive(self, message: Message, now_s: float) -> list[Message]:
        """Take what was asked for and ask for the next."""
        if self.done or self.problem or not _concerns(message, self.mission_type):
            return []
        kind = message.get_type()
        if kind == "MISSION_COUNT" and self._count is None:
            self._count = message.count
        elif kind == "MISSION_ITEM_INT" and message.seq == len(self._received):
            if self._count is None:
                return []
            self._received.append(item_from_message(message))
        elif kind == "MISSION_ACK" and message.type != ACCEPTED:
            return self._refused(message.type)
        else:
            return []
        self._patience.answered_s = self._patience.sent_s = now_s
        return [self._next_request()]

    def tick(self, now_s: float) -> list[Message]:
        """Repeat the last request; give up after a long silence."""
        if self.done or self.problem:
            return []
        self.problem = self._patience.end(now_s, self._count or 0)
        if self.problem or not self._patience.is_due(now_s):
            return []
        return [self._next_request()]

    def _refused(self, result: int) -> list[Message]:
        """Wait where the vehicle may be busy or answer something older, end otherwise."""
        if result in PASSING:
            self._patience.setback = RESULT_TEXTS[result]
        else:
            self.problem = RESULT_TEXTS.get(result, f"unknown answer {result}")
        return []

    def _next_request(self) -> Message:
        to, kind = self.to, self.mission_type
        if self._count is None:
            return mavlink.MAVLink_mission_request_list_message(to.system, to.component, kind)
        seq = len(self._received)
        if seq < self._count:
            return mavlink.MAVLink_mission_request_int_message(to.system, to.component, seq, kind)
        self.done = True
        return mavlink.MAVLink_mission_ack_message(to.system, to.component, ACCEPTED, kind)


def name_of(mission_type: int) -> str:
    """What to call a mission type in a message to the user."""
    return MISSION_TYPE_NAMES.get(mission_type, f"mission type {mission_type}")


def _concerns(message: Message, mission_type: int) -> bool:
    return bool(getattr(message, "mission_type", None) == mission_type)
