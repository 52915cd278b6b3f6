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
   is in the air and no pilot has taken it over. If the link is lost, the vehicle's own failsafe
   rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.checks import check_kind, check_sortie
from flight.errors import FlightError, RefusedError
from flight.link import SILENCE_S, MavlinkLink, open_link
from flight.modes import COPTER_MODES
from flight.monitor import FlightMonitor
from flight.protocol import MISSION, home_item
from flight.readiness import check_readiness, wait_ready
from flight.safeguards import Safeguards
from flight.session import Session, result_name
from flight.trouble import FlightEvent
from geo.track import Track
from missions.model import Sortie

AUTO, GUIDED, RTL = 3, 4, 6
OURS = frozenset({AUTO, GUIDED, RTL})  # modes that we order; another one is a pilot's or failsafe's
MODE_SEEN_WITHIN_S = 5.0
LATE_FACTOR, LATE_S = 3.0, 600.0  # when a flight is given up: the plan's time times, plus
REPORT_EVERY_S = 1.0
RETURN_SEEN_WITHIN_S = 3.0
SIMULATION_SILENCE_S = (
    60.0  # a busy machine may starve a simulation; its end closes the line anyway
)
RATES_HZ = {33: 5, 30: 4, 1: 1, 2: 1, 24: 1, 42: 2, 74: 1, 147: 1, 162: 1, 193: 1, 242: 0.2, 245: 2}


@dataclass(frozen=True, slots=True)
class FlightProgress:
    """How far a flight is, about once a second of the vehicle's clock."""

    sortie_code: str
    phase: str
    mode: str
    elapsed_s: float
    planned_s: float
    item: int
    items: int
    photos: int
    photos_planned: int
    height_home_m: float
    ground_speed_m_s: float
    battery_share: float | None


@dataclass(frozen=True, slots=True)
class FlightResult:
    """What came of a flight that ended with the rotors stopped.

    Attributes:
        completed: the whole mission was flown in AUTO.
        modes: entered in the air, AUTO alone where nothing went wrong.
        events: what the vehicle said since it left the ground; the log has the rest.
        problem: why not, in words for the user; None where completed.
        notes: what else the user should know, such as changed parameters.
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


ProgressListener = Callable[[FlightProgress], None]


def fly_sortie(
    sortie: Sortie,
    connection: str,
    *,
    log_path: Path,
    on_progress: ProgressListener | None = None,
    arm_real: bool = False,
    simulated_uid: int | None = None,
) -> FlightResult:
    """Fly a sortie and come back with what was flown.

    Args:
        sortie: what to fly; its mission must end with a return or a landing.
        connection: see `flight.link.open_link`.
        log_path: the .tlog, kept whatever happens.
        on_progress: told how far it is.
        arm_real: allow arming a vehicle that is not the caller's own simulated one.
        simulated_uid: number of the simulated vehicle that the caller started.

    Raises:
        RefusedError: nothing was armed, and why.
        TransferError: mission or fence could not be stored; nothing was armed.
        LinkLostError: the vehicle went silent; the recording is kept.

    An error that ends the flight early carries, as notes (`__notes__`), what became of the vehicle.
    """
    check_sortie(sortie)
    silence_s = SILENCE_S if simulated_uid is None else SIMULATION_SILENCE_S
    with open_link(connection, log_path=log_path, silence_s=silence_s) as link:
        heartbeat = link.wait_for_vehicle()
        check_kind(heartbeat)
        session = Session(link)
        session.monitor.feed(heartbeat)
        flight = _Flight(sortie, session, log_path, on_progress, arm_real)
        flight.check_identity(simulated_uid)
        try:
            flight.prepare()
            flight.launch()
            flight.watch()
        except BaseException as error:
            flight.bring_back()
            flight.tidy_up(link)
            for note in flight.notes:
                error.add_note(note)
            raise
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
    arm_real: bool
    notes: list[str] = field(default_factory=list)
    safeguards: Safeguards = field(init=False)
    diverted_ms: int | None = None
    diverted_to: int | None = None
    _returned: bool = False
    _arming_ordered: bool = False
    _start_ordered: bool = False
    _reported_ms: int = field(default=-(10**9))

    def __post_init__(self) -> None:
        """Have the fence and failsafes seen to over the same conversation."""
        self.safeguards = Safeguards(self.session, self.sortie)

    @property
    def monitor(self) -> FlightMonitor:
        """What the vehicle says."""
        return self.session.monitor

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
        for kind, rate_hz in RATES_HZ.items():
            self.session.set_interval(kind, rate_hz)
        self._report("waiting")
        wait_ready(self.session)
        self.notes += check_readiness(self.session, self.sortie, arm_real=self.arm_real)
        self.safeguards.check_failsafes(arm_real=self.arm_real)
        self._report("upload")
        self.safeguards.raise_return()
        self.safeguards.raise_fence()
        home = self.monitor.home or self.sortie.home
        self.session.store((home_item(home), *self.sortie.items), MISSION)

    def launch(self) -> None:
        """Arm and start the mission."""
        session = self.session
        self._report("arming")
        self._check_disarmed()
        ordered = session.command(mavlink.MAV_CMD_DO_SET_MODE, 1, GUIDED) == 0
        # Only when GUIDED was seen can a later mode be told for another hand's.
        if not (
            ordered and session.wait_until(lambda: self.monitor.mode == GUIDED, MODE_SEEN_WITHIN_S)
        ):
            raise RefusedError("The vehicle does not enter GUIDED, in which it is armed.")
        self._check_disarmed()  # by a heartbeat that came after the order
        since_ms = self.monitor.boot_ms
        self._arming_ordered = True
        answer = session.command(mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1)
        if answer != 0:
            self._arming_ordered = False
            reasons = self._reasons(since_ms)
            raise RefusedError(f"The vehicle refuses to arm ({result_name(answer)}): {reasons}.")
        self._start_ordered = True
        answer = session.command(mavlink.MAV_CMD_MISSION_START)
        if answer != 0:
            self._start_ordered = False
            reasons = self._reasons(since_ms)
            raise RefusedError(
                f"The vehicle refuses to start the mission ({result_name(answer)}): {reasons}."
            )

    def _check_disarmed(self) -> None:
        if self.monitor.armed:
            raise RefusedError("The vehicle was armed by somebody else; land and disarm it first.")

    def _reasons(self, since_ms: int) -> str:
        """Words of refusal; they come before or shortly after the answer."""
        self.session.wait(lambda m: False, 0.5)
        words = dict.fromkeys(self.monitor.texts_since(since_ms, worst=4))
        return "; ".join(words) or "it gives no reason"

    def watch(self) -> None:
        """Follow the flight until the rotors stop."""
        monitor, session = self.monitor, self.session
        begun = session.wait_until(lambda: monitor.armed and monitor.mode == AUTO, 10.0)
        if not begun:
            raise FlightError("The vehicle was told to fly its mission but is not armed in AUTO.")
        start_ms = monitor.boot_ms
        late_ms = start_ms + 1000 * (LATE_FACTOR * self.sortie.duration_s + LATE_S)
        while monitor.armed:
            session.receive(0.2)
            self._notice_diversion()
            self._report("flight")
            self._end_hovering()
            if monitor.boot_ms > late_ms:
                raise FlightError(
                    f"Sortie {self.sortie.code} was planned for {self.sortie.duration_s:.0f} s "
                    "and is still in the air. Follow it by eye."
                )

    def _notice_diversion(self) -> None:
        """Remember the first change from AUTO to something that we did not order."""
        monitor = self.monitor
        if self.diverted_to is not None or self._returned or not monitor.armed:
            return
        if monitor.mode != AUTO:
            self.diverted_to, self.diverted_ms = monitor.mode, monitor.boot_ms

    def _end_hovering(self) -> None:
        """Order a return if the mission is over but the vehicle stays in the air."""
        monitor = self.monitor
        hovers = monitor.mission_complete and monitor.mode == AUTO and monitor.is_airborne
        if hovers and not self._returned and monitor.height_home_m > 2:
            self._returned = True
            self.session.command(mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH)

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
        if monitor.mode not in OURS:
            self.notes.insert(
                0,
                f"the vehicle is in {_mode_name(monitor.mode)}, which was not ordered from here: "
                "it was left to its pilot or failsafe",
            )
            return
        try:
            self.notes.insert(0, self._order_down())
        except FlightError as error:
            self.notes.insert(0, f"no return could be ordered, its own failsafe rules: {error}")

    def _order_down(self) -> str:
        monitor, session = self.monitor, self.session
        if not (monitor.is_airborne or self._start_ordered):
            answer = session.command(mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 0)
            return f"the vehicle was told to disarm: {result_name(answer)}"
        answer = session.command(mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH)
        seen = session.wait_until(lambda: monitor.mode == RTL, RETURN_SEEN_WITHIN_S)
        told = f"the vehicle was told to return: {result_name(answer)}"
        if seen:
            return f"{told}, and it flies in RTL; follow it by eye until it has landed"
        return f"{told}, but RTL was NOT seen (it is in {_mode_name(monitor.mode)}): take it over"

    def tidy_up(self, link: MavlinkLink) -> None:
        """Put parameters back where the rotors stand still; tell what was not recorded."""
        if not self.safeguards.changed:
            pass
        elif self.monitor.armed or self._may_fly():
            names = ", ".join(self.safeguards.changed)
            self.notes.append(f"parameters stay as they were set for the flight: {names}")
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
        problem = self._problem()
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
        )

    def _problem(self) -> str | None:
        monitor = self.monitor
        if self.diverted_to is not None and self.diverted_ms is not None:
            around_ms = self.diverted_ms - 3000
            words = "; ".join(dict.fromkeys(monitor.texts_since(around_ms))) or "no reason given"
            name = _mode_name(self.diverted_to)
            return f"the vehicle left its mission at item {monitor.mission_seq} for {name}: {words}"
        if monitor.fence_breached:
            return "the fence was breached, and the vehicle went on"
        last = len(self.sortie.items)
        if not monitor.mission_complete and last not in monitor.reached:
            return f"the rotors stopped at item {monitor.mission_seq} of {last}"
        return None

    def _report(self, phase: str) -> None:
        monitor = self.monitor
        due_ms = self._reported_ms + 1000 * REPORT_EVERY_S
        if self.on_progress is None or (phase == "flight" and monitor.boot_ms < due_ms):
            return
        self._reported_ms = monitor.boot_ms
        self.on_progress(
            FlightProgress(
                sortie_code=self.sortie.code,
                phase=phase,
                mode=_mode_name(monitor.mode),
                elapsed_s=monitor.duration_s,
                planned_s=self.sortie.duration_s,
                item=monitor.mission_seq,
                items=len(self.sortie.items),
                photos=monitor.photo_count,
                photos_planned=len(self.sortie.photos),
                height_home_m=monitor.height_home_m,
                ground_speed_m_s=monitor.ground_speed_m_s,
                battery_share=monitor.battery_share,
            )
        )


def _mode_name(mode: int | None) -> str:
    return COPTER_MODES.get(mode, str(mode)) if mode is not None else "no known mode"
