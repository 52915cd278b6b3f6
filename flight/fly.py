"""Fly one sortie over MAVLink: check, upload, verify, arm, watch until the rotors stop.

Safety, in the order in which it is kept:
1. A vehicle is armed only if it is the simulated one that the caller started itself - known by a
   number drawn at its start that it repeats in AUTOPILOT_VERSION.uid, which no other vehicle can
   know - or if the caller says `arm_real=True`. An address or a SIM_* parameter proves nothing:
   a loopback port may lead to a radio.
2. The sortie is checked against its own fence and ceiling, the vehicle's place, battery and
   failsafes against the sortie. Mission and fence are read back and compared before arming; a
   difference means no flight.
3. Whatever ends the watch early (Ctrl-C, an error of ours) first orders a return, if the vehicle
   is in the air and no pilot has taken it over, unless a person ordered to leave it alone. While
   the link is lost, the vehicle's own failsafe rules; the link is tried again.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.checks import check_kind, check_sortie, drone_of
from flight.errors import FlightError, RefusedError
from flight.link import SILENCE_S, MavlinkLink, open_link
from flight.modes import Modes
from flight.monitor import FlightMonitor
from flight.orders import NextOrder, no_order
from flight.progress import (
    BATTERY_BELOW_PLAN,
    FlightProgress,
    PlanCourse,
    ProgressListener,
)
from flight.protocol import MISSION, home_item
from flight.readiness import check_readiness, rewind_mission, wait_ready
from flight.safeguards import Safeguards
from flight.session import Session, result_name
from flight.signing import SigningKey
from flight.streams import ask_for_streams
from flight.transports import Transport
from flight.trouble import FlightEvent, Trouble, troubles_of
from flight.watch import Flown, LeftAloneError, Watch
from geo.track import Track
from missions.model import Sortie

__all__ = ["FlightProgress", "FlightResult", "ProgressListener", "fly_sortie"]

MODE_SEEN_WITHIN_S = 5.0
REPORT_EVERY_S = 1.0
RETURN_SEEN_WITHIN_S = 3.0
FAILSAFE_WITHIN_S = 2.5
RELINK_S = 60.0  # how long a real vehicle's lost link is tried again
SIMULATION_SILENCE_S = 60.0  # a busy machine may starve one; its end closes the line anyway


@dataclass(frozen=True, slots=True)
class FlightResult:
    """What came of a flight that ended with the rotors stopped.

    Attributes:
        completed: the whole mission was flown in AUTO.
        modes: entered in the air, AUTO alone where nothing went wrong.
        events: what the vehicle said since it left the ground; the log has the rest.
        problem: why not, in words for the user; None where completed.
        notes: what else the user should know, such as changed parameters.
        troubles: what went wrong in the air, whether or not it ended the mission.
        duration_s: from leaving the ground to the rotors' stop, by the vehicle's clock.
    """

    sortie_code: str
    completed: bool
    problem: str | None
    track: Track
    duration_s: float
    events: tuple[FlightEvent, ...]
    modes: tuple[str, ...]
    battery_share: float | None
    log_path: Path
    notes: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def fly_sortie(
    sortie: Sortie,
    connection: str | Transport,
    *,
    log_path: Path,
    on_progress: ProgressListener | None = None,
    next_order: NextOrder = no_order,
    arm_real: bool = False,
    simulated_uid: int | None = None,
    system: int | None = None,
    key: SigningKey | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FlightResult:
    """Fly a sortie and come back with what was flown.

    Args:
        sortie: what to fly; its mission must end with a return or a landing.
        connection: see `flight.link.open_link`.
        log_path: the .tlog, kept whatever happens.
        on_progress: told how far it is.
        next_order: asked for the orders of a person in flight.
        arm_real: allow arming a vehicle that is not the caller's own simulated one.
        simulated_uid: number of the simulated vehicle that the caller started.
        system: MAVLink system id of the vehicle; the first that is heard if None.
        key: signs the conversation.
        clock: of the line; another than the machine's only for a vehicle in this process.

    Raises:
        RefusedError: nothing was armed, and why.
        TransferError: mission or fence could not be stored; nothing was armed.
        LinkLostError: the vehicle went silent; the recording is kept.

    An error that ends the flight early carries, as notes (`__notes__`), what became of the vehicle.
    """
    check_sortie(sortie)
    silence_s = SILENCE_S if simulated_uid is None else SIMULATION_SILENCE_S
    with open_link(
        connection, log_path=log_path, silence_s=silence_s, system=system, key=key, clock=clock
    ) as link:
        heartbeat = link.wait_for_vehicle()
        check_kind(heartbeat)
        session = Session(link)
        session.monitor.feed(heartbeat)
        relink_s = RELINK_S if simulated_uid is None else 0.0
        flight = _Flight(sortie, session, log_path, on_progress, next_order, arm_real, relink_s)
        flight.check_identity(simulated_uid)
        with ExitStack() as at_end:
            at_end.push(lambda _, error, __: flight.break_off(link, error))
            flight.prepare()
            flight.launch()
            flight.watch(link)
        result = flight.result()  # before the tidying, which takes no part in the flight
        flight.tidy_up(link)
        return replace(result, notes=tuple(flight.notes))


@dataclass
class _Flight:
    """The steps of one flight and what was seen on the way."""

    sortie: Sortie
    session: Session
    log_path: Path
    on_progress: ProgressListener | None
    next_order: NextOrder
    arm_real: bool
    relink_s: float
    notes: list[str] = field(default_factory=list)
    safeguards: Safeguards = field(init=False)
    watching: Watch = field(init=False)
    course: PlanCourse = field(init=False)
    _arming_ordered: bool = False
    _start_ordered: bool = False
    _battery_told: bool = False
    _reported_ms: int = field(default=-(10**9))
    _notices_told: int = 0

    def __post_init__(self) -> None:
        """Have fence, failsafes and the watch seen to over the same conversation."""
        self.safeguards = Safeguards(self.session, self.sortie)
        self.course = PlanCourse(self.sortie)
        drone = drone_of(self.sortie)
        self.watching = Watch(
            Flown(
                self.sortie.code,
                self.sortie.items,
                self.sortie.duration_s,
                None if drone is None else drone.wind_limit_m_s,
            ),
            self.session,
            self._report,
            self.next_order,
            self.relink_s,
            lambda: ask_for_streams(self.session),
        )

    @property
    def monitor(self) -> FlightMonitor:
        """What the vehicle says."""
        return self.session.monitor

    @property
    def coding(self) -> Modes:
        """How the vehicle codes its modes."""
        return self.monitor.coding

    def check_identity(self, simulated_uid: int | None) -> None:
        """See that this vehicle may be armed at all."""
        if self.arm_real:
            return
        version = self.session.request_message(148, "AUTOPILOT_VERSION")
        known = simulated_uid is not None and simulated_uid > 0
        if not (known and version is not None and version.uid == simulated_uid):
            raise RefusedError(
                "This vehicle is not a simulated one that was started for this flight. To arm a "
                "real vehicle, or a simulator of your own, say so explicitly (--arm)."
            )

    def prepare(self) -> None:
        """Wait until the vehicle is ready, check its place, store fence and mission."""
        ask_for_streams(self.session)
        self._report("waiting")
        wait_ready(self.session)
        self.notes += check_readiness(self.session, self.sortie, arm_real=self.arm_real)
        self.safeguards.check_return()
        self.notes += self.safeguards.check_rally()
        self._report("upload")
        self.safeguards.raise_return()
        if self.arm_real:
            self.safeguards.watch_link()
        self.safeguards.raise_fence()
        home = self.monitor.home or self.sortie.home
        first = (home_item(home),) if self.coding.has_home_item else ()
        self.session.store((*first, *self.sortie.items), MISSION)
        rewind_mission(self.session)

    def launch(self) -> None:
        """Arm and start the mission."""
        session = self.session
        self._report("arming")
        self._check_disarmed()
        mode = self.coding.arming
        ordered = session.command(mavlink.MAV_CMD_DO_SET_MODE, *self.coding.order(mode)) == 0
        # Only when the mode was seen can a later one be told for another hand's.
        if not (
            ordered and session.wait_until(lambda: self.monitor.mode == mode, MODE_SEEN_WITHIN_S)
        ):
            name = self.coding.name(mode)
            raise RefusedError(f"The vehicle does not enter {name}, in which it is armed.")
        self._check_disarmed()  # by a heartbeat that came after the order
        self._arm()
        self._start_ordered = True
        since_ms = self.monitor.boot_ms
        answer = session.command(mavlink.MAV_CMD_MISSION_START)
        if answer != 0:
            self._start_ordered = False
            reasons = self._reasons(since_ms)
            raise RefusedError(
                f"The vehicle refuses to start the mission ({result_name(answer)}): {reasons}."
            )

    def _arm(self) -> None:
        """Arm; what is against it may pass, as while a new fence is taken in."""
        since_ms = self.monitor.boot_ms
        self._arming_ordered = True
        answer = self.session.command_patiently(
            mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1, before_again=self._check_refused
        )
        if answer != 0:
            self._arming_ordered = False
            reasons = self._reasons(since_ms)
            raise RefusedError(f"The vehicle refuses to arm ({result_name(answer)}): {reasons}.")

    def _check_refused(self) -> None:
        """See that nobody else has armed it meanwhile: then it is not ours."""
        if self.monitor.armed:
            self._arming_ordered = False
            self._check_disarmed()

    def _check_disarmed(self) -> None:
        if self.monitor.armed:
            raise RefusedError("The vehicle was armed by somebody else; land and disarm it first.")

    def _reasons(self, since_ms: int) -> str:
        """Words of refusal; they come before or shortly after the answer."""
        self.session.wait(lambda m: False, 0.5)
        words = dict.fromkeys(self.monitor.texts_since(since_ms, worst=4))
        return "; ".join(words) or "it gives no reason"

    def watch(self, link: MavlinkLink) -> None:
        """Follow the flight until the rotors stop."""
        try:
            self.watching.follow(link)
        except LeftAloneError as left:
            self._arming_ordered = False
            self.notes.insert(
                0,
                f"the vehicle was left alone in {self.coding.name(self.monitor.mode)}; without a "
                "ground station it does what its failsafe says (FS_GCS_ENABLE, NAV_DLL_ACT)",
            )
            raise KeyboardInterrupt from left
        self._report("landed" if self.watching.crash is None else "crashed")

    def break_off(self, link: MavlinkLink, error: BaseException | None) -> None:
        """See to the vehicle of a flight that an error ends; the error notes what became of it."""
        if error is None:
            return
        self.bring_back()
        self.tidy_up(link)
        for note in self.notes:
            error.add_note(note)

    def bring_back(self) -> None:
        """Order a return if it is or may be in the air, a disarm if not; say what came of it.

        What was ordered counts, not what was seen: the heartbeat that tells of the take-off may
        not have come yet, and a vehicle that others armed is not ours. One that a pilot or a
        failsafe has taken over is left alone.
        """
        monitor = self.monitor
        over = monitor.ended_ms is not None and not monitor.armed
        if over or not self._arming_ordered:
            return
        self._let_failsafe_act()
        if not self.watching.is_ours:
            self.notes.insert(
                0,
                f"the vehicle is in {self.coding.name(monitor.mode)}, which was not ordered from "
                "here: it was left to its pilot or failsafe",
            )
            return
        try:
            self.notes.insert(0, self._order_down())
        except FlightError as error:
            self.notes.insert(0, f"no return could be ordered, its own failsafe rules: {error}")

    def _let_failsafe_act(self) -> None:
        """Wait until the mode is seen to which a failsafe, of which words came, has changed."""
        if self.watching.failsafe is None or not self.watching.is_ours:
            return
        try:
            self.session.wait_until(lambda: not self.watching.is_ours, FAILSAFE_WITHIN_S)
        except FlightError:  # the order that follows tells of a link that is lost
            return

    def _order_down(self) -> str:
        monitor, session = self.monitor, self.session
        if not (monitor.is_airborne or self._start_ordered):
            answer = session.command(mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 0)
            return f"the vehicle was told to disarm: {result_name(answer)}"
        answer = session.command(mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH)
        returning = self.coding.returning
        seen = session.wait_until(lambda: monitor.mode == returning, RETURN_SEEN_WITHIN_S)
        told = f"the vehicle was told to return: {result_name(answer)}"
        if seen:
            return f"{told}, and it flies in RTL; follow it by eye until it has landed"
        now = self.coding.name(monitor.mode)
        return f"{told}, but RTL was NOT seen (it is in {now}): take it over"

    def tidy_up(self, link: MavlinkLink) -> None:
        """Put parameters back where the rotors stand still; tell what was not recorded."""
        if not self.safeguards.changed:
            pass
        elif self.monitor.armed or self._may_fly():
            changed = self.safeguards.changed.items()
            told = ", ".join(f"{name} {now:g} (was {was:g})" for name, (was, now) in changed)
            self.notes.append(f"parameters stay as they were set for the flight: {told}")
        else:
            self.notes.extend(self.safeguards.restore())
        missing = link.end_recording()
        if missing:
            self.notes.append(f"the recording is not whole: {missing}")

    def _may_fly(self) -> bool:
        """Whether it was told to fly and its landing was not seen."""
        return self._start_ordered and self.monitor.ended_ms is None

    def result(self) -> FlightResult:
        """Sum the flight up."""
        monitor = self.monitor
        problem = self.watching.problem()
        return FlightResult(
            sortie_code=self.sortie.code,
            completed=problem is None,
            problem=problem,
            track=monitor.track(),
            duration_s=monitor.duration_s,
            events=monitor.flight_events,
            modes=tuple(monitor.flight_modes),
            battery_share=monitor.battery_share,
            log_path=self.log_path,
            troubles=troubles_of(monitor.flight_events),
        )

    def _report(self, phase: str) -> None:
        """Tell how far it is: about once a second, at once where there is something to say."""
        monitor, notices = self.monitor, self.watching.notices
        due = monitor.boot_ms >= self._reported_ms + 1000 * REPORT_EVERY_S
        if phase == "flight" and not due and len(notices) == self._notices_told:
            return
        self._reported_ms, self._notices_told = monitor.boot_ms, len(notices)
        self._notice_battery()
        if self.on_progress is not None:
            self.on_progress(self.course.progress(monitor, phase, notices))

    def _notice_battery(self) -> None:
        """Say once that the battery is well below the plan."""
        left = self.monitor.battery_share
        planned = self.course.battery_planned_share(self.monitor)
        if self._battery_told or left is None or planned is None:
            return
        if left < planned - BATTERY_BELOW_PLAN:
            self._battery_told = True
            self.monitor.note(
                4, f"battery is lower than planned: {left:.0%} left, {planned:.0%} planned"
            )
