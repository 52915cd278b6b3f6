"""How a simulated vehicle is flown through a scenario, by the client that flies real ones; pure.

The link, its time-outs, the verified upload and the monitor are those of `flight`; what is added is
what a real flight must not do: foreign missions are flown as they are, and things are made to fail.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import FlightError, LinkLostError
from flight.link import MavlinkLink
from flight.protocol import MISSION, Message, home_item
from flight.readiness import wait_ready
from flight.session import Session, result_name
from missions.model import MissionItem
from simulations.guarding import guard
from simulations.marks import Mark
from simulations.personas import (
    ARDUPILOT,
    AUTO,
    GUIDED,
    LAND,
    PX4,
    RTL,
    Persona,
    persona_of,
)
from simulations.phases import moments_of
from simulations.recognising import Recogniser
from simulations.scenarios import Fault, Phase, Scenario
from simulations.task import Task
from simulations.wire import Muffled

RATES_HZ = {
    33: 10, 30: 4, 1: 1, 2: 1, 24: 2, 36: 2, 42: 5, 74: 1, 147: 1, 162: 2, 168: 2, 193: 1,
    242: 0.2, 245: 2,
}  # fmt: skip
LATE_FACTOR, LATE_S = 2.0, 300.0  # when a flight is given up: the plan's time times, plus
CLIMBED_M = 10.0  # when a climb counts as under way
WIND_OVER_M_S = 3.0  # above the limit, when the wind is made too strong
VOLTS_BELOW = 0.3  # BATT_LOW_VOLT, when the battery is made low
FENCE_BELOW_M = 5.0  # the vehicle, when its fence is made too low
MOTOR_SHARE = 0.6  # thrust of the weak motor
ANSWERS = {Fault.WIND: RTL, Fault.MOTOR: LAND}  # what the client orders; the rest failsafes do


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one flight, as its client saw it; times by the client's clock.

    Attributes:
        problem: why it did not begin or was not followed to its end; None otherwise.
        completed: the whole mission was flown without leaving AUTO.
        modes: entered in the air, in our numbers.
        began_s: when the mission was started.
        injected_s: when the scenario's fault began; None if it did not.
        recognised_s: when each failure was recognised.
        duration_s: from take-off to the rotors' stop, by the vehicle's clock.
    """

    problem: str | None
    completed: bool
    landed: bool
    modes: tuple[int, ...]
    texts: tuple[str, ...]
    began_s: float
    injected_s: float | None
    recognised_s: dict[Fault, float]
    duration_s: float
    photos: int


def never_flown(problem: str) -> Outcome:
    """What became of a flight that had no vehicle."""
    return Outcome(problem, False, False, (), (), 0.0, None, {}, 0.0, 0)


@dataclass
class Pilot:
    """Flies one task in one scenario.

    Attributes:
        pace: seconds of the vehicle in one of the link's clock.
        mark: of the vehicle that was started; None where it is in this process.
    """

    link: MavlinkLink
    line: Muffled
    task: Task
    scenario: Scenario
    pace: float = 1.0
    mark: Mark | None = None
    on_progress: Callable[[int, int], None] = lambda item, photos: None
    session: Session = field(init=False)
    persona: Persona = field(init=False)
    recogniser: Recogniser = field(init=False)
    modes: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    photos: int = 0
    injected_s: float | None = None
    _began_s: float = 0.0
    _number: int = 0
    _number_since_s: float = 0.0
    _answered: bool = False
    _fault_ended: bool = False
    _gps_switch: tuple[str, float] = ("SIM_GPS_DISABLE", 1.0)

    def __post_init__(self) -> None:
        """Listen to everything that comes over the link."""
        self.session = Session(self.link, on_message=self._hear)
        self.recogniser = Recogniser(self.task.drone.wind_limit_m_s)
        self.persona = ARDUPILOT

    def fly(self) -> Outcome:
        """Fly from the ground to the ground; a flight that cannot be flown says why."""
        problem = None
        try:
            self._meet()
            self._prepare()
            self._launch()
            self._watch()
        except LinkLostError as error:
            problem = f"the vehicle went silent: {error}"
        except FlightError as error:
            problem = str(error)
        return self._outcome(problem)

    def _meet(self) -> None:
        heartbeat = self.link.wait_for_vehicle()
        self.persona = persona_of(heartbeat.autopilot)
        self.session.monitor.feed(heartbeat)
        if self.mark is not None:
            self.mark.check(self.session)

    @property
    def _now_s(self) -> float:
        return self.link.now_s() * self.pace

    def _hear(self, message: Message) -> None:
        monitor = self.session.monitor
        self.recogniser.hear(message, self._now_s, flying=monitor.is_airborne)
        kind = message.get_type()
        if kind == "STATUSTEXT":
            self.texts.append(message.text)
        elif kind in ("CAMERA_FEEDBACK", "CAMERA_IMAGE_CAPTURED"):
            self.photos += 1
        elif kind == "HEARTBEAT" and monitor.is_airborne:
            self._note_mode(message.custom_mode)
        elif kind == "MISSION_CURRENT":
            self._note_item(message.seq + self.persona.first_item)

    def _note_mode(self, custom_mode: int) -> None:
        mode = self.persona.mode_of(custom_mode)
        if mode is not None and self.modes[-1:] != [mode]:
            self.modes.append(mode)

    def _note_item(self, number: int) -> None:
        if number != self._number:
            self._number, self._number_since_s = number, self._now_s
            self.on_progress(number, self.photos)

    # --- on the ground ----------------------------------------------------------------------

    def _prepare(self) -> None:
        """Wait until the vehicle is ready, set its failsafes, store fence and mission."""
        for kind, rate_hz in RATES_HZ.items():
            self.session.set_interval(kind, rate_hz)
        wait_ready(self.session)
        self._find_gps_switch()
        if self.persona is not PX4:
            self.session.read_parameter("MNT1_TYPE")  # by which the photos' poses are known
        guard(self.session, self.task)
        self.session.store(self._items(), MISSION)

    def _items(self) -> tuple[MissionItem, ...]:
        home = self.session.monitor.home or self.task.home
        return (home_item(home), *self.task.items)[self.persona.first_item :]

    def _find_gps_switch(self) -> None:
        """See by which parameter this version's simulated receiver is switched off."""
        if self.persona is PX4:
            self._gps_switch = ("SIM_GPS_USED", 0.0)
        elif self.scenario.fault is Fault.GPS:
            old = self.session.read_parameter("SIM_GPS_DISABLE")
            if old is None:
                self._gps_switch = ("SIM_GPS1_ENABLE", 0.0)

    def _launch(self) -> None:
        session = self.session
        if self.persona is not PX4:
            self._order("enter GUIDED", mavlink.MAV_CMD_DO_SET_MODE, 1, GUIDED)
        self._order("arm", mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1)
        self._order("start the mission", mavlink.MAV_CMD_MISSION_START)
        self._began_s = self._now_s
        if not session.wait_until(lambda: session.monitor.is_airborne, 20.0):
            raise FlightError("The vehicle was told to fly its mission but did not take off.")

    def _order(self, what: str, command: int, *parameters: float) -> None:
        begun = len(self.texts)
        answer = self.session.command(command, *parameters)
        if answer != 0:
            self.session.wait(lambda m: False, 0.5)
            said = "; ".join(dict.fromkeys(self.texts[begun:])) or "it gives no reason"
            raise FlightError(f"The vehicle refuses to {what} ({result_name(answer)}): {said}.")

    # --- in the air -------------------------------------------------------------------------

    def _watch(self) -> None:
        """Follow the flight until the rotors stop, and let fail what shall fail."""
        moment = moments_of(self.task.items, self.task.frame)[self.scenario.at]
        late_s = LATE_FACTOR * self.task.planned_s + LATE_S
        while self.session.monitor.armed:
            message = self.session.receive(0.2)
            now_s = self._now_s
            if message is None:
                self.recogniser.hear(None, now_s, flying=True)
            if self.scenario.fault is not None and self.injected_s is None:
                if self._is_due(moment.number, moment.after_s):
                    self._fail(self.scenario.fault)
            elif self.injected_s is not None and not self._fault_ended:
                self._end_fault(now_s)
            self._answer()
            if now_s - self._began_s > late_s:
                raise FlightError(
                    f"After {late_s:.0f} s the flight was not over; {self.task.planned_s:.0f} s "
                    "were planned."
                )

    def _is_due(self, number: int, after_s: float) -> bool:
        if self._number < number:
            return False
        if self.scenario.at is Phase.CLIMB:
            return self.session.monitor.height_home_m > CLIMBED_M
        return self._number > number or self._now_s - self._number_since_s >= after_s

    def _fail(self, fault: Fault) -> None:
        """Make something go wrong, by the parameters that ArduPilot's simulator has for it."""
        self.injected_s = self._now_s
        height_m = self.session.monitor.height_home_m
        if fault is Fault.LINK:
            self.line.cut = True
        elif fault is Fault.BATTERY:
            low_v = self.session.read_parameter("BATT_LOW_VOLT") or 0.0
            self.session.set_parameter("SIM_BATT_VOLTAGE", low_v - VOLTS_BELOW)
        elif fault is Fault.FENCE:
            lid = "GF_MAX_VER_DIST" if self.persona is PX4 else "FENCE_ALT_MAX"
            self.session.set_parameter(lid, max(1.0, height_m - FENCE_BELOW_M))
        elif fault is Fault.WIND:
            self.session.set_parameter(
                "SIM_WIND_SPD", self.task.drone.wind_limit_m_s + WIND_OVER_M_S
            )
        elif fault is Fault.MOTOR:
            self.session.set_parameter("SIM_ENGINE_MUL", MOTOR_SHARE)
            self.session.set_parameter("SIM_ENGINE_FAIL", 1)
        else:
            name, value = self._gps_switch if fault is Fault.GPS else ("SIM_RC_FAIL", 1.0)
            self.session.set_parameter(name, value)

    def _end_fault(self, now_s: float) -> None:
        """Let the link or the radio come back; nothing else does."""
        scenario = self.scenario
        if not scenario.for_s or now_s - (self.injected_s or 0.0) < scenario.for_s:
            return
        self._fault_ended = True
        self.line.cut = False
        if scenario.fault is Fault.RADIO:
            self.session.set_parameter("SIM_RC_FAIL", 0)

    def _answer(self) -> None:
        """Order what the vehicle does not do by itself, once."""
        for fault, mode in ANSWERS.items():
            flown_by_us = self.modes[-1:] == [AUTO]
            if fault in self.recogniser.found and flown_by_us and not self._answered:
                self._answered = True
                command = 20 if mode == RTL else 21
                self.session.command(command)

    def _outcome(self, problem: str | None) -> Outcome:
        monitor = self.session.monitor
        last = len(self.task.items) - self.persona.first_item
        flown = monitor.mission_complete or max(monitor.reached, default=0) >= last
        only_auto = set(self.modes) <= {AUTO}
        return Outcome(
            problem=problem,
            completed=problem is None and flown and only_auto,
            landed=monitor.took_off_ms is not None and not monitor.armed,
            modes=tuple(self.modes),
            texts=tuple(self.texts),
            began_s=self._began_s,
            injected_s=self.injected_s,
            recognised_s=dict(self.recogniser.found),
            duration_s=monitor.duration_s,
            photos=self.photos,
        )
