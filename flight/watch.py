"""Follow a flight in the air: notice what nobody ordered, obey orders, outlast a broken link."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import FlightError, LinkError, LinkLostError
from flight.link import Link
from flight.modes import Modes
from flight.monitor import FlightMonitor
from flight.orders import NextOrder, Order
from flight.protocol import Message, is_vehicle
from flight.recognising import Recogniser
from flight.session import NoAnswerError, Session, result_name
from flight.trouble import Kind, Trouble, cause_of, is_failsafe, troubles_of
from missions.model import Command, MissionItem

LATE_FACTOR, LATE_S = 3.0, 600.0  # when a flight is given up: the plan's time times, plus
BEGUN_WITHIN_S = 10.0
HEARD_AGAIN_WITHIN_S = 5.0
DOUBT_MS = 3000
EXPECTED_MS = 10_000  # an ordered mode that was not seen for so long is no longer expected
ACCEPTED = 0


class LeftAloneError(FlightError):
    """The person at the controls ordered to leave the vehicle to itself."""


class ReopeningLink(Link, Protocol):
    """A link that can be opened again after it was lost."""

    def reopen(self) -> None:
        """Open the line anew."""
        ...


@dataclass(frozen=True, slots=True)
class Flown:
    """What is flown, as far as who watches it must know.

    Attributes:
        items: without a home item in front.
        wind_limit_m_s: of the drone; None where it is not known.
    """

    code: str
    items: tuple[MissionItem, ...]
    planned_s: float
    wind_limit_m_s: float | None = None


@dataclass(slots=True)
class Watch:
    """One flight from its start to the rotors' stop.

    Attributes:
        report: told of the phase about once a second.
        relink_s: how long a lost link is tried again; 0 for not at all.
        prepare_link: run again on a link that was opened anew.
        own: the last mode that was ordered from here and seen; any other, an earlier one of ours
            too, is a pilot's or failsafe's, unless it is expected.
        expected: modes that were ordered from here and not seen yet, in order, and when.
        begun: whether the vehicle was seen in its mission.
        order: last one of a person that ends the mission.
        diverted_to, diverted_ms: first mode that nobody here ordered, and when.
        failsafe: the vehicle's first words of a failsafe that flies it; None before.
        notices: what came of orders, and who took the vehicle over, in words, as it happens.
    """

    flown: Flown
    session: Session
    report: Callable[[str], None]
    next_order: NextOrder
    relink_s: float = 0.0
    prepare_link: Callable[[], None] = lambda: None
    own: int | None = None
    expected: list[tuple[int, int]] = field(default_factory=list)
    order: tuple[Order, int] | None = None
    diverted_ms: int | None = None
    diverted_to: int | None = None
    begun: bool = False
    finishing: bool = False
    failsafe: str | None = None
    notices: list[str] = field(default_factory=list)
    recogniser: Recogniser = field(init=False)
    _held_ms: int = 0
    _doubted_ms: int | None = None

    def __post_init__(self) -> None:
        """Listen for what goes wrong."""
        self.recogniser = Recogniser(self.monitor, self.flown.wind_limit_m_s)

    @property
    def monitor(self) -> FlightMonitor:
        """What the vehicle says."""
        return self.session.monitor

    @property
    def coding(self) -> Modes:
        """How the vehicle codes its modes."""
        return self.monitor.coding

    def follow(self, link: ReopeningLink) -> None:
        """Follow the flight until the rotors stop.

        Raises:
            FlightError: it did not begin, or lasts far longer than planned.
            LinkLostError: the vehicle was not heard again in time.
            LeftAloneError: it was ordered to be left to itself.
        """
        monitor = self.monitor
        if not self.session.wait_until(self._has_begun, BEGUN_WITHIN_S):
            raise FlightError(
                "The vehicle was told to fly its mission but is not armed in "
                f"{self.coding.name(self.coding.mission)}."
            )
        self.begun, self.own = True, self.coding.mission
        self.recogniser.begin()
        self.session.on_message = self._heard_by(self.session.on_message)
        start_ms = before_ms = monitor.boot_ms
        allowed_ms = 1000 * (LATE_FACTOR * self.flown.planned_s + LATE_S)
        while monitor.armed:
            try:
                self._turn()
            except LinkLostError as error:
                self._outlast(link, error)
            if monitor.mode == self.coding.hold:
                self._held_ms += monitor.boot_ms - before_ms
            before_ms = monitor.boot_ms
            if before_ms - start_ms - self._held_ms > allowed_ms:
                raise FlightError(
                    f"Sortie {self.flown.code} was planned for {self.flown.planned_s:.0f} s "
                    "and is still in the air. Follow it by eye."
                )

    @property
    def is_ours(self) -> bool:
        """Whether nobody but us has the vehicle, as far as was seen."""
        mode = self.monitor.mode
        if not self.begun:
            return mode in self.coding.ours
        if self.diverted_to is not None:
            return False
        return mode == self.own or mode in self._awaited()

    def _has_begun(self) -> bool:
        return self.monitor.armed and self.monitor.mode == self.coding.mission

    def _heard_by(self, other: Callable[[Message], None]) -> Callable[[Message], None]:
        """Let who listened before go on listening."""

        def hear(message: Message) -> None:
            other(message)
            self._hear(message)

        return hear

    def _hear(self, message: Message) -> None:
        """Judge every message as it comes, those between an order and its answer too."""
        if message.get_type() == "STATUSTEXT" and is_failsafe(message.text):
            self.failsafe = self.failsafe or message.text
        self.recogniser.hear(message, self.session.link.now_s())
        self._notice_finish()
        self._notice_mode()

    def _turn(self) -> None:
        self.session.receive(0.2)
        self.report("flight")
        self._end_hovering()
        order = self.next_order()
        if order is not None:
            self._obey(order)

    def _notice_finish(self) -> None:
        """PX4 flies a mission's return in its own mode; that is no diversion."""
        last = self.flown.items[-1].command == Command.NAV_RETURN_TO_LAUNCH
        at_end = self.monitor.mission_item >= len(self.flown.items)
        if self._flies_own_return() and last and at_end and self.diverted_to is None:
            self.finishing = True
            self.own = self.coding.returning

    def _flies_own_return(self) -> bool:
        return not self.coding.has_home_item and self.monitor.mode == self.coding.returning

    def _awaited(self) -> list[int]:
        """Modes that an order from here may still bring."""
        since_ms = self.monitor.boot_ms - EXPECTED_MS
        self.expected = [(mode, ms) for mode, ms in self.expected if ms >= since_ms]
        return [mode for mode, _ in self.expected]

    def _notice_mode(self) -> None:
        """Take the mode as ours where it was ordered last, else remember the first diversion.

        PX4's heartbeat may tell of the return before MISSION_CURRENT tells that it was due.
        """
        monitor, mode = self.monitor, self.monitor.mode
        awaited = self._awaited()
        if mode is not None and mode in awaited:
            self.own = mode
            del self.expected[: awaited.index(mode) + 1]
        if self.diverted_to is not None or not monitor.armed or mode == self.own:
            self._doubted_ms = None
            return
        if self._doubted_ms is None:
            self._doubted_ms = monitor.boot_ms
        if self._flies_own_return() and monitor.boot_ms - self._doubted_ms < DOUBT_MS:
            return
        self.diverted_to, self.diverted_ms = mode, self._doubted_ms
        why = f" ({self.failsafe})" if self.failsafe is not None else ""
        self._tell(
            6,
            f"{self.coding.name(mode)} was not ordered from here: a pilot or failsafe{why} has "
            "the vehicle",
        )

    def _tell(self, severity: int, text: str) -> None:
        """Note something among the vehicle's events, and for who follows the flight."""
        self.monitor.note(severity, text)
        self.notices.append(text)

    def _end_hovering(self) -> None:
        """Order a return if the mission is over but the vehicle stays in the air."""
        monitor = self.monitor
        over = monitor.mission_complete and monitor.mode == self.coding.mission
        hovers = over and monitor.is_airborne and monitor.height_home_m > 2
        if hovers and self.is_ours and self.coding.returning not in self._awaited():
            self._command_return()

    def _obey(self, order: Order) -> None:
        """Carry an order out, unless a pilot or failsafe has the vehicle; tell what came of it."""
        if order is Order.LEAVE:
            raise LeftAloneError("The vehicle was left to itself.")
        against = self._against(order)
        if against is not None:
            self._tell(4, f"not obeyed ({order}): {against}")
            return
        carry_out = {
            Order.PAUSE: lambda: self._command_mode(self.coding.hold),
            Order.CONTINUE: lambda: self._command_mode(self.coding.mission),
            Order.RETURN: self._command_return,
            Order.RECALL: self._command_return,
            Order.LAND: self._command_landing,
            Order.LAND_OURS: self._command_landing,
        }[order]
        item = self.monitor.mission_item
        try:
            answer = carry_out()
            told = result_name(answer)
        except NoAnswerError:
            answer, told = ACCEPTED, "NO ANSWER; take it over by hand"
        except LinkLostError:
            self._tell(3, f"told to {order}: the link was lost; give the order again")
            raise
        if order.ends_mission and answer == ACCEPTED:
            self.order = order, item
        self._tell(5, f"told to {order}: {told}")

    def _against(self, order: Order) -> str | None:
        """Why an order must not be carried out; None where it may.

        A person may bring down what a pilot or failsafe has, but never call back what lands.
        """
        monitor, coding = self.monitor, self.coding
        if self.diverted_to is not None:
            lands = order is Order.RETURN and monitor.mode == coding.landing
            if lands or order not in (Order.RETURN, Order.LAND):
                return "a pilot or failsafe has the vehicle"
        elif self.failsafe is not None and order not in (Order.RETURN, Order.LAND):
            return f"a failsafe flies the vehicle ({self.failsafe})"
        if order is Order.CONTINUE and self.own != coding.hold:
            return "it was not paused from here"
        return None

    def _command_mode(self, mode: int) -> int:
        return self._order_mode(mode, mavlink.MAV_CMD_DO_SET_MODE, *self.coding.order(mode))

    def _command_return(self) -> int:
        return self._order_mode(self.coding.returning, mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH)

    def _order_mode(self, mode: int, command: int, *parameters: float) -> int:
        """Give an order that brings a mode; one that is refused brings none."""
        expected = mode, self.monitor.boot_ms
        self.expected.append(expected)
        answer = self.session.command(command, *parameters)
        if answer != ACCEPTED and expected in self.expected:
            self.expected.remove(expected)
        return answer

    def _command_landing(self) -> int:
        return self._command_mode(self.coding.landing)

    def _outlast(self, link: ReopeningLink, lost: LinkLostError) -> None:
        """Open a lost link again until the vehicle is heard, or the time for it is over."""
        if self.relink_s <= 0:
            raise lost
        self.recogniser.lose_link(lost.reason, link.now_s())
        self.report("link lost")
        end_s = link.now_s() + self.relink_s
        while link.now_s() < end_s:
            try:
                link.reopen()
                # By the session, so that what comes before the heartbeat (a photo) is not lost.
                if self.session.wait(is_vehicle, HEARD_AGAIN_WITHIN_S) is None:
                    continue
                self.prepare_link()
            except (LinkError, NoAnswerError):
                continue
            self.recogniser.regain_link()
            return
        raise lost

    def problem(self) -> str | None:
        """Why the flight failed, in words; None where the mission was flown to a safe landing."""
        why, crash = self._cut_short(), self.crash
        if crash is None:
            return why
        told = f"it crashed: {crash.text}"
        return told if why is None else f"{told}; {why}"

    @property
    def crash(self) -> Trouble | None:
        """What the vehicle said of a crash; None where it said nothing of one."""
        troubles = troubles_of(self.monitor.flight_events)
        return next((trouble for trouble in troubles if trouble.kind is Kind.CRASH), None)

    def _cut_short(self) -> str | None:
        """Why the mission was not flown to its end, whatever the landing was like."""
        monitor = self.monitor
        if self.diverted_to is not None and self.diverted_ms is not None:
            return self._diversion(self.diverted_to, self.diverted_ms)
        if self.order is not None:
            return f"it was told to {self.order[0]} at item {self.order[1]}"
        if monitor.fence_breached:
            return "the fence was breached, and the vehicle went on"
        last = len(self.flown.items)
        own_number = last if self.coding.has_home_item else last - 1
        if not (monitor.mission_complete or self.finishing or own_number in monitor.reached):
            return f"the rotors stopped at item {monitor.mission_item} of {last}"
        return None

    def _diversion(self, mode: int, since_ms: int) -> str:
        monitor = self.monitor
        cause = cause_of(monitor.flight_events)
        words = "; ".join(dict.fromkeys(monitor.texts_since(since_ms - 3000)))
        told = words or (cause.text if cause else "") or "no reason given"
        name = self.coding.name(mode)
        return f"the vehicle left its mission at item {monitor.mission_item} for {name}: {told}"
