"""EDGE: several vehicles fly the day's lists at once, one thread each, kept apart."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flight.day_list import FleetVehicle, ListedFlight
from flight.errors import RefusedError, TransferError
from flight.fly import FlightResult
from flight.interrupts import Interrupts, counted_interrupts
from flight.journal import Journal, trouble_fields
from flight.modes import COPTER, PX4_COPTER
from flight.orders import NextOrder, Order, no_order
from flight.progress import FlightProgress, ProgressListener
from flight.separation import (
    CLEAR_FACTOR,
    Closeness,
    Place,
    closest,
    too_close,
)
from flight.trouble import is_mission

TRY_EVERY_S = 10.0
TURN_S = 0.2
BEFORE_TAKE_OFF = frozenset({"waiting", "upload", "arming"})

HOLDS = frozenset({coding.name(coding.hold) for coding in (COPTER, PX4_COPTER)})
MARGIN = timedelta(seconds=60)  # a flight may last this much longer than planned

GROUNDED = (RefusedError, TransferError)  # errors that come before anything flies

FlyOne = Callable[[ListedFlight, FleetVehicle, ProgressListener, NextOrder], FlightResult]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one listed flight.

    Attributes:
        result: None where it was not flown, or not to a landing that was seen.
        reason: why it was not completed; None where it was.
    """

    flight: ListedFlight
    result: FlightResult | None
    reason: str | None

    @property
    def completed(self) -> bool:
        """Whether the whole mission was flown."""
        return self.result is not None and self.result.completed


@dataclass
class Fleet:
    """The flights of a day under way.

    Attributes:
        fly_one: flies one sortie with one vehicle.
        patience_s: how long a vehicle that is not ready yet (place, battery, GNSS) is tried again.
        waits_for_time: whether a flight begins no earlier than its list says.
        next_order: orders of a person, for all vehicles.
    """

    vehicles: Sequence[FleetVehicle]
    fly_one: FlyOne
    journal: Journal
    on_progress: ProgressListener
    patience_s: float = 0.0
    waits_for_time: bool = True
    next_order: NextOrder = no_order
    outcomes: list[Outcome] = field(default_factory=list)
    _air: threading.Condition = field(default_factory=threading.Condition)
    _cleared: dict[str, ListedFlight] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _modes: dict[str, str] = field(default_factory=dict)
    _near: dict[frozenset[str], str | None] = field(default_factory=dict)  # who stands for a pair
    _orders: dict[str, list[Order]] = field(default_factory=dict)
    _told: dict[str, Order] = field(default_factory=dict)  # the last order of a person to each
    _lost: set[str] = field(default_factory=set)
    _stopping: bool = False

    def fly(self, flights: Sequence[ListedFlight]) -> tuple[Outcome, ...]:
        """Fly everything that can be flown; each vehicle its flights in their order.

        A vehicle whose flight fails flies no more, the others go on. Ctrl-C orders all vehicles
        home, begins no further flight, and waits until they have landed; a further one orders the
        same again.
        """
        ends = {vehicle.name: threading.Event() for vehicle in self.vehicles}
        with counted_interrupts() as interrupts:
            for vehicle in self.vehicles:
                own = [flight for flight in flights if flight.vehicle == vehicle.name]
                threading.Thread(
                    target=self._fly_to_end, args=(vehicle, own, ends[vehicle.name])
                ).start()
            for end in ends.values():
                while not end.wait(TURN_S):
                    self._attend(interrupts)
        return tuple(self.outcomes)

    def _fly_to_end(
        self, vehicle: FleetVehicle, flights: Sequence[ListedFlight], end: threading.Event
    ) -> None:
        """One thread; `end` says that it is over, which its own state does not say for sure."""
        try:
            self._fly_all(vehicle, flights)
        finally:
            end.set()

    def _attend(self, interrupts: Interrupts) -> None:
        """Hand on what a person orders."""
        if interrupts.take():
            self.journal.write("", "stop", text="Ctrl-C: all vehicles were told to return")
            self._stop()
        order = self.next_order()
        if order is Order.LEAVE:
            self.journal.write("", "refused", text="a fleet is not left alone")
        elif order is not None:
            self.journal.write("", "order", text=f"all vehicles were told to {order}")
            self._order_all(order)

    def _stop(self) -> None:
        with self._air:
            self._stopping = True
            self._air.notify_all()
        self._order_all(Order.RETURN)

    def _order_all(self, order: Order) -> None:
        """Give a person's order to all that nobody else has; a pilot who took one over keeps it."""
        with self._air:
            for code in self._cleared:
                self._orders.setdefault(code, []).append(order.to_many)
                self._told[code] = order
            if order is Order.CONTINUE:  # who stood for another stands no more
                self._near = dict.fromkeys(self._near)

    def _fly_all(self, vehicle: FleetVehicle, flights: Sequence[ListedFlight]) -> None:
        """Fly one vehicle's flights; after a failure name the rest as not flown."""
        for number, flight in enumerate(flights):
            outcome = self._fly_cleared(vehicle, flight)
            self._note(outcome, vehicle)
            if not outcome.completed:
                for left in flights[number + 1 :]:
                    reason = f"{vehicle.name} flies no more after {flight.sortie.code}"
                    self._note(Outcome(left, None, reason), vehicle)
                return

    def _note(self, outcome: Outcome, vehicle: FleetVehicle) -> None:
        with self._air:
            self.outcomes.append(outcome)
        result = outcome.result
        self.journal.write(
            outcome.flight.sortie.code,
            "outcome",
            vehicle=vehicle.name,
            completed=outcome.completed,
            reason=outcome.reason,
            duration_s=None if result is None else round(result.duration_s, 1),
            photos=None if result is None else len(result.track.camera_events),
            troubles=[] if result is None else [trouble_fields(t) for t in result.troubles],
        )

    def _fly_cleared(self, vehicle: FleetVehicle, flight: ListedFlight) -> Outcome:
        """Wait for time and air, fly, and give the air free where the vehicle is on the ground."""
        code = flight.sortie.code
        try:
            if not (self._wait_for_time(flight) and self._clear_air(flight)):
                return Outcome(flight, None, "stopped before its take-off")
            with self.journal.kept(code):
                result = self._fly_patiently(vehicle, flight)
        except GROUNDED as error:
            self._give_free(code)
            return Outcome(flight, None, _words(error))
        except Exception as error:  # a thread's end: whatever it is, the others fly on
            with self._air:
                self._lost.add(code)
                self._places.pop(code, None)
                self._air.notify_all()
            return Outcome(flight, None, _words(error))
        self._give_free(code)
        return Outcome(flight, result, result.problem)

    def _wait_for_time(self, flight: ListedFlight) -> bool:
        """Whether the flight's time has come; False where all was stopped before."""
        while self.waits_for_time and flight.take_off and flight.take_off > datetime.now(UTC):
            with self._air:
                if self._stopping:
                    return False
                left_s = (flight.take_off - datetime.now(UTC)).total_seconds()
                self._air.wait(min(max(left_s, 0.0), TRY_EVERY_S))
        return True

    def _clear_air(self, flight: ListedFlight) -> bool:
        """Wait until no flight in the air would come too close; False where all was stopped."""
        told: Closeness | None = None
        with self._air:
            while not self._stopping:
                blocked = self._blocked(flight)
                if blocked is None:
                    self._cleared[flight.sortie.code] = flight
                    return True
                if blocked.second in self._lost:
                    raise RefusedError(
                        f"{blocked.second} was not seen to land, and this flight would come close "
                        f"to its way ({blocked}). Find that vehicle first."
                    )
                if told is None or told.second != blocked.second:
                    self.journal.write(flight.sortie.code, "waits", text=str(blocked))
                    told = blocked
                self._air.wait(TRY_EVERY_S)
        return False

    def _blocked(self, flight: ListedFlight) -> Closeness | None:
        for other in self._cleared.values():
            found = closest(flight.sortie, other.sortie)
            if found is not None:
                return found
        return None

    def _give_free(self, code: str) -> None:
        with self._air:
            for record in (self._cleared, self._places, self._modes, self._orders, self._told):
                record.pop(code, None)
            for pair in [pair for pair, stopped in self._near.items() if stopped == code]:
                del self._near[pair]
            self._air.notify_all()

    def _fly_patiently(self, vehicle: FleetVehicle, flight: ListedFlight) -> FlightResult:
        """Fly; a vehicle that is not ready yet is tried again until the patience is over."""
        end_s = time.monotonic() + self.patience_s

        def listen(progress: FlightProgress) -> None:
            if self._stopping and progress.phase in BEFORE_TAKE_OFF:
                raise RefusedError("All was stopped before the take-off.")
            self.journal.progress(progress)
            self.on_progress(progress)
            self._keep_apart(flight, progress)

        while True:
            try:
                return self.fly_one(flight, vehicle, listen, lambda: self._next(flight))
            except RefusedError as error:
                if self._stopping or time.monotonic() + TRY_EVERY_S > end_s:
                    raise
                self.journal.write(flight.sortie.code, "not ready", text=str(error))
            with self._air:
                self._air.wait(TRY_EVERY_S)

    def _next(self, flight: ListedFlight) -> Order | None:
        with self._air:
            orders = self._orders.get(flight.sortie.code)
            return orders.pop(0) if orders else None

    def _keep_apart(self, flight: ListedFlight, progress: FlightProgress) -> None:
        """Stop the later of two vehicles that come too close, until they are well apart."""
        code = flight.sortie.code
        if progress.lon_deg is None or progress.lat_deg is None or progress.phase != "flight":
            return
        altitude_m = flight.sortie.home.altitude_amsl_m + progress.height_home_m
        with self._air:
            self._places[code] = Place(progress.lon_deg, progress.lat_deg, altitude_m)
            self._modes[code] = progress.mode
            for near in too_close(self._places):
                self._separate(near)
            still = {frozenset((c.first, c.second)) for c in too_close(self._places, CLEAR_FACTOR)}
            for pair in [pair for pair in self._near if pair not in still]:
                self._release(pair)

    def _release(self, pair: frozenset[str]) -> None:
        """Let one go on that stood for a pair, unless it stands for another one too."""
        stopped = self._near.pop(pair)
        if stopped is None or stopped in self._near.values():
            return
        (other,) = pair - {stopped}
        if not self._may_be_told(stopped):
            text = f"well apart from {other}, but a person told it to {self._told[stopped]}"
            self.journal.write(stopped, "clear", text=text)
            return
        if self._modes.get(stopped) in HOLDS:
            self._orders.setdefault(stopped, []).append(Order.CONTINUE)
        self.journal.write(stopped, "continue", text=f"well apart from {other}")

    def _may_be_told(self, code: str) -> bool:
        """Whether no order of a person is in force that one of ours would go against."""
        return self._told.get(code) in (None, Order.CONTINUE)

    def _separate(self, near: Closeness) -> None:
        """Stop the later of two that flies its mission; one that returns or lands is not stopped.

        Where one of the two stands already for a third, the other is stopped, unless the first
        waits for it.
        """
        pair = frozenset((near.first, near.second))
        if pair in self._near:
            return
        order = list(self._cleared)
        earlier, later = sorted(pair, key=order.index)
        standing = [code for code in (earlier, later) if code in self._near.values()]
        others = {earlier: later, later: earlier}
        free = [
            code
            for code in (earlier, later)
            if is_mission(self._modes[code])
            and self._may_be_told(code)
            and code not in standing
            and code not in self._waited_for(others[code])
        ]
        stopped = free[-1] if free else next(iter(standing), None)
        self._near[pair] = stopped
        told = f"{stopped} stands already" if standing else "neither can be stopped"
        text = f"{near}; {stopped} is told to pause" if free else f"{near}; {told}"
        self.journal.write(stopped or later, "too close", text=text)
        if free:
            self._orders.setdefault(free[-1], []).append(Order.PAUSE)

    def _waited_for(self, code: str) -> set[str]:
        """Vehicles for which one stands, and for which these stand."""
        found: set[str] = set()
        ahead = {code}
        while ahead:
            now = ahead.pop()
            ahead |= {o for p, s in self._near.items() if s == now for o in p - {now}} - found
            found |= ahead
        return found


def _words(error: Exception) -> str:
    """An error with what became of the vehicle."""
    return " ".join((str(error), *getattr(error, "__notes__", ())))


def waits_of_day(flights: Sequence[ListedFlight]) -> tuple[Closeness, ...]:
    """Flights of different vehicles that come too close at times that overlap by the list.

    One of them will wait until the other has landed. A flight without a time may be at any.
    """
    pairs = itertools.combinations(flights, 2)
    return tuple(
        near
        for one, other in pairs
        if one.vehicle != other.vehicle and _overlap(one, other)
        if (near := closest(one.sortie, other.sortie)) is not None
    )


def _overlap(one: ListedFlight, other: ListedFlight) -> bool:
    if one.take_off is None or other.take_off is None:
        return True
    first, second = sorted(((one.take_off, one), (other.take_off, other)), key=lambda f: f[0])
    return second[0] < first[0] + timedelta(seconds=first[1].sortie.duration_s) + MARGIN
