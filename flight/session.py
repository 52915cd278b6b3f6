"""One conversation with one vehicle: orders with their answers, parameters, transfers."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import FlightError, TransferError
from flight.link import Link
from flight.monitor import FlightMonitor
from flight.protocol import MISSION, Difference, Message, check_storable, differences
from flight.upload import Download, Upload, name_of
from missions.model import MissionItem

ANSWER_S = 1.5
TRIES = 6
ORDER_TRIES, ORDER_AGAIN_S = 3, 2.0
TRANSFER_TRIES = 3
CLEAR_TRIES = 15  # with every third answer lost, one clearing in four million goes unconfirmed
CLEAR_WITHIN_S = 6.0  # after an upload that a lost link or a person broke off
TOLD_DIFFERENCES = 3
IN_PROGRESS = 5
BY_NAME, FIRST = -1, 0  # param_index of PARAM_REQUEST_READ
UNKNOWN_NAME = 1  # MAV_PARAM_ERROR_DOES_NOT_EXIST
RESULTS = {  # MAV_RESULT
    0: "accepted",
    1: "temporarily rejected",
    2: "denied",
    3: "unsupported",
    4: "failed",
    5: "in progress",
    6: "cancelled",
}


def result_name(result: int) -> str:
    """What to call the answer to an order in a message to the user."""
    return RESULTS.get(result, f"answer {result}")


class NoAnswerError(FlightError):
    """An order that the vehicle did not answer."""


@dataclass
class Session:
    """A link and everything heard over it.

    Attributes:
        on_message: told of every message of the vehicle, after the monitor.
    """

    link: Link
    monitor: FlightMonitor = field(default_factory=FlightMonitor)
    on_message: Callable[[Message], None] = lambda message: None
    _parameter_kinds: dict[str, int] = field(default_factory=dict)

    def receive(self, timeout_s: float = 0.1) -> Message | None:
        """Wait for the next message and let the monitor see it."""
        message = self.link.receive(timeout_s)
        if message is not None:
            self.monitor.feed(message)
            self.on_message(message)
        return message

    def wait(self, wanted: Callable[[Message], bool], timeout_s: float) -> Message | None:
        """Receive until a message is the wanted one; None if it does not come in time."""
        end_s = self.link.now_s() + timeout_s
        while self.link.now_s() < end_s:
            message = self.receive()
            if message is not None and wanted(message):
                return message
        return None

    def wait_until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Receive until something holds; False if it does not in time."""
        if true():
            return True
        return self.wait(lambda message: true(), timeout_s) is not None

    def command(self, command: int, *parameters: float) -> int:
        """Give an order and hand back the vehicle's answer, a MAV_RESULT.

        Raises:
            NoAnswerError: nothing came back, after several tries.
        """
        values = [*parameters, *[0.0] * (7 - len(parameters))]
        to = self.link.to
        for attempt in range(TRIES):
            self.link.send(
                mavlink.MAVLink_command_long_message(
                    to.system, to.component, command, attempt, *values
                )
            )
            answer = self.wait(lambda m: _acknowledges(m, command), ANSWER_S)
            if answer is not None:
                return int(answer.result)
        raise NoAnswerError(
            f"The vehicle did not answer MAV_CMD {command} in {TRIES} tries; check the link."
        )

    def command_patiently(
        self, command: int, *parameters: float, before_again: Callable[[], None] = lambda: None
    ) -> int:
        """Give an order again where it is refused: what is against it may pass in a moment.

        `before_again` is called before each repetition; its errors end the trying.
        """
        for _ in range(ORDER_TRIES - 1):
            answer = self.command(command, *parameters)
            if answer == 0:
                return answer
            self.wait(lambda message: False, ORDER_AGAIN_S)
            before_again()
        return self.command(command, *parameters)

    def request_message(self, kind: int, name: str) -> Message | None:
        """Ask for one message; None if the vehicle has none."""
        for _ in range(TRIES):
            if self.command(mavlink.MAV_CMD_REQUEST_MESSAGE, kind) not in (0, IN_PROGRESS):
                return None
            answer = self.wait(lambda m: bool(m.get_type() == name), ANSWER_S)
            if answer is not None:
                return answer
        return None

    def set_interval(self, kind: int, rate_hz: float) -> None:
        """Ask for a message at a rate; a vehicle without it may refuse."""
        self.command(mavlink.MAV_CMD_SET_MESSAGE_INTERVAL, kind, 1e6 / rate_hz)

    def read_parameter(self, name: str) -> float | None:
        """Read a parameter; None if the vehicle does not have it.

        Up to ArduCopter 4.6 and in PX4 a name that is not known is passed over in silence. From
        the second try on the vehicle is asked for its first parameter, too: it answers in order,
        so what was not answered before that is not waited for.
        """
        for attempt in range(TRIES):
            self._ask_parameter(name)
            if attempt > 0:
                self._ask_parameter("", FIRST)
            answer = self.wait(
                lambda m: _tells(m, name) or _denies(m, name) or _tells_first(m), ANSWER_S / 2
            )
            if answer is None or (_tells_first(answer) and not _tells(answer, name)):
                continue
            return self._taken(answer) if _tells(answer, name) else None
        return None

    def _ask_parameter(self, name: str, index: int = BY_NAME) -> None:
        to = self.link.to
        self.link.send(
            mavlink.MAVLink_param_request_read_message(
                to.system, to.component, name.encode(), index
            )
        )

    def _taken(self, answer: Message) -> float:
        """Value of PARAM_VALUE; its kind is remembered."""
        self._parameter_kinds[answer.param_id] = answer.param_type
        return self.monitor.coding.parameter_value(answer.param_value, answer.param_type)

    def set_parameter(self, name: str, value: float) -> None:
        """Set a parameter and see that it is in force.

        Raises:
            TransferError: the vehicle does not have it, or keeps another value.
        """
        to = self.link.to
        if name not in self._parameter_kinds:
            self.read_parameter(name)  # tells its kind, by which PX4's are coded
        kind = self._parameter_kinds.get(name)
        if kind is None:
            raise TransferError(
                f"Parameter {name} = {value:g} was not set: the vehicle does not answer for it; "
                "it may not know it."
            )
        coded = self.monitor.coding.parameter_code(value, kind)
        request = mavlink.MAVLink_param_set_message(
            to.system, to.component, name.encode(), coded, kind
        )
        kept = self._kept(name, value, request)
        if kept is None:
            raise TransferError(
                f"The vehicle does not confirm parameter {name} = {value:g}; check the link."
            )
        if not _same(kept, value):
            raise TransferError(f"The vehicle keeps {name} = {kept:g} instead of {value:g}.")

    def _kept(self, name: str, value: float, request: Message) -> float | None:
        """What a parameter is after all; another value may be the late answer to a reading."""
        kept = None
        for _ in range(TRIES):
            self.link.send(request)
            answer = self.wait(lambda m: _tells(m, name), ANSWER_S / 2)
            if answer is None:
                continue
            kept = self._taken(answer)
            if _same(kept, value):
                break
        return kept

    def store(self, items: tuple[MissionItem, ...], mission_type: int = MISSION) -> None:
        """Upload items, read them back and compare; try again, and clear what stays wrong.

        Whatever breaks it off (a lost link, Ctrl-C), what had arrived is cleared if that can still
        be done, and the error says in a note what the vehicle may hold.

        Raises:
            TransferError: the vehicle does not hold exactly what was sent.
        """
        if mission_type == MISSION and self.monitor.coding.has_home_item:
            check_storable(items)
        since_ms = self.monitor.boot_ms
        with ExitStack() as at_end:
            at_end.push(lambda _, error, __: self._clear_after_break(mission_type, error))
            problem = self._store_tries(items, mission_type)
        if not problem:
            return
        problem += self._said_since(since_ms)
        left = (
            "what had arrived was cleared"
            if self.clear(mission_type)
            else "the vehicle did NOT confirm that what had arrived was cleared: do not fly it"
        )
        raise TransferError(
            f"Upload of the {name_of(mission_type)} ({len(items)} items) failed: {problem}. "
            f"Nothing was armed; {left}."
        )

    def _said_since(self, since_ms: int) -> str:
        """The vehicle's own warnings since a time of its clock, which often say what is wrong."""
        said = dict.fromkeys(self.monitor.texts_since(since_ms, worst=4))
        words = [text for text in said if not text.startswith("PreArm")][:TOLD_DIFFERENCES]
        return f" (it says: {'; '.join(words)})" if words else ""

    def _store_tries(self, items: tuple[MissionItem, ...], mission_type: int) -> str:
        """Upload and verify, again where that may help; what went wrong at last, if anything."""
        problem = ""
        for _ in range(TRANSFER_TRIES):
            problem, final = self._store_once(items, mission_type)
            if not problem or final:
                break
        return problem

    def _clear_after_break(self, mission_type: int, error: BaseException | None) -> None:
        """Clear what an upload that was broken off may have left; the error notes what came of it.

        Nothing was broken off without an error.
        """
        if error is not None:
            error.add_note(self._cleared_after_break(mission_type))

    def _cleared_after_break(self, mission_type: int) -> str:
        name = name_of(mission_type)
        try:
            cleared = self.clear(mission_type, within_s=CLEAR_WITHIN_S)
        except (FlightError, KeyboardInterrupt):
            cleared = False
        if cleared:
            return f"the upload of the {name} was broken off; what had arrived was cleared"
        return (
            f"the upload of the {name} was broken off: the vehicle may hold a MIX of this {name} "
            "and an earlier one. Do not fly it; store one anew or clear it first"
        )

    def _store_once(self, items: tuple[MissionItem, ...], mission_type: int) -> tuple[str, bool]:
        """Upload and verify once: what went wrong, and whether trying again is useless."""
        upload = Upload(items, self.link.to, mission_type)
        self._run(upload)
        if upload.problem:
            return upload.problem, upload.refused
        download = Download(self.link.to, mission_type)
        self._run(download)
        if download.problem:
            return f"it could not be read back ({download.problem})", False
        found = differences(
            items,
            download.items,
            mission_type,
            has_home_item=self.monitor.coding.has_home_item,
        )
        return _tell(found), False

    def load(self, mission_type: int = MISSION) -> tuple[MissionItem, ...]:
        """Download what the vehicle holds.

        Raises:
            TransferError: it did not hand everything over.
        """
        download = Download(self.link.to, mission_type)
        self._run(download)
        if download.problem:
            raise TransferError(
                f"The {name_of(mission_type)} could not be read: {download.problem}."
            )
        return download.items

    def clear(self, mission_type: int, *, within_s: float = math.inf) -> bool:
        """Empty a list; whether the vehicle confirmed it, and has nothing left to hand over.

        An acknowledgement alone proves nothing: it may be that of an upload, come late. No try
        begins after `within_s`.
        """
        to, end_s = self.link.to, self.link.now_s() + within_s
        for _ in range(CLEAR_TRIES):
            if self.link.now_s() > end_s:
                break
            self.link.send(
                mavlink.MAVLink_mission_clear_all_message(to.system, to.component, mission_type)
            )
            answer = self.wait(lambda m: _ends_transfer(m, mission_type), ANSWER_S)
            if answer is not None and answer.type == 0 and self._is_empty(mission_type):
                return True
        return False

    def _is_empty(self, mission_type: int) -> bool:
        """Whether a list is read back as empty; a mission may still hold the home item."""
        download = Download(self.link.to, mission_type)
        self._run(download)
        return download.done and len(download.items) <= int(mission_type == MISSION)

    def _run(self, transfer: Upload | Download) -> None:
        """Exchange messages until a transfer has ended; both end by themselves in time."""
        outgoing = transfer.start(self.link.now_s())
        while True:
            for message in outgoing:
                self.link.send(message)
            if transfer.done or transfer.problem:
                return
            incoming = self.receive()
            now_s = self.link.now_s()
            outgoing = transfer.receive(incoming, now_s) if incoming is not None else []
            outgoing += transfer.tick(now_s)


def _tells(message: Message, name: str) -> bool:
    return bool(message.get_type() == "PARAM_VALUE" and message.param_id == name)


def _tells_first(message: Message) -> bool:
    return bool(message.get_type() == "PARAM_VALUE" and message.param_index == FIRST)


def _denies(message: Message, name: str) -> bool:
    """ArduCopter from 4.7 on says that it does not know a name."""
    told = message.get_type() == "PARAM_ERROR" and message.param_id == name
    return bool(told and message.error == UNKNOWN_NAME)


def _same(kept: float, value: float) -> bool:
    return math.isclose(kept, value, rel_tol=1e-5, abs_tol=1e-6)


def _acknowledges(message: Message, command: int) -> bool:
    return bool(
        message.get_type() == "COMMAND_ACK"
        and message.command == command
        and message.result != IN_PROGRESS
    )


def _ends_transfer(message: Message, mission_type: int) -> bool:
    return bool(message.get_type() == "MISSION_ACK" and message.mission_type == mission_type)


def _tell(found: tuple[Difference, ...]) -> str:
    if not found:
        return ""
    words = "; ".join(str(difference) for difference in found[:TOLD_DIFFERENCES])
    more = len(found) - TOLD_DIFFERENCES
    return f"the vehicle holds something else: {words}" + (f"; {more} more" if more > 0 else "")
