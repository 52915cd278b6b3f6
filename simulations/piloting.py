"""How a simulated vehicle is flown through a scenario, by the client that flies real ones; pure.

The link, its time-outs, the verified upload and the monitor are those of `flight`; what is added is
what a real flight must not do: foreign missions are flown as they are, and things are made to fail.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import FlightError, LinkLostError
from flight.link import SILENCE_S, MavlinkLink
from flight.orders import Order
from flight.protocol import MISSION, Message, home_item
from flight.readiness import HOME_WITHIN_M, wait_ready
from flight.session import Session, result_name
from flight.streams import ask_for_streams
from flight.trouble import Kind, begins
from flight.watch import Flown, Watch
from missions.model import MissionItem
from simulations.failing import Failing
from simulations.guarding import guard
from simulations.marks import Mark
from simulations.personas import (
    ARDUPILOT,
    AUTO,
    GUIDED,
    PX4,
    Persona,
    persona_of,
)
from simulations.phases import moments_of
from simulations.scenarios import Fault, Scenario
from simulations.task import Task
from simulations.wire import Muffled

CLOSER_HZ = {33: 10, 24: 2, 42: 5, 162: 2}
"""What a verdict is made of is asked for more often than a pilot needs it."""
LATE_FACTOR, LATE_S = 2.0, 300.0  # when a flight is given up: the plan's time times, plus
RELINK_S = 60.0  # beyond its end, how long a lost link is tried again; of the vehicle's clock
# What no vehicle answers by itself a real flight leaves to its operator; the rest failsafes do.
ANSWERS = {Kind.WIND: Order.RETURN, Kind.MOTOR: Order.LAND}
BY_GATE = "ordered by the gate in place of an operator"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one flight, as its client saw it; times since the mission was started.

    Attributes:
        problem: why it did not begin or was not followed to its end; None otherwise.
        completed: the whole mission was flown without leaving AUTO.
        modes: entered in the air, in our numbers.
        injected_s: when the scenario's fault began; None if it did not.
        recognised_s: when each failure was recognised.
        duration_s: from take-off to the rotors' stop, by the vehicle's clock.
        reason: why the mission was not flown to its end; None where it was, or never began.
        by_gate: whether the gate's pilot gave an order that `fly` leaves to its operator.
    """

    problem: str | None
    completed: bool
    landed: bool
    modes: tuple[int, ...]
    texts: tuple[str, ...]
    injected_s: float | None
    recognised_s: dict[Kind, float]
    duration_s: float
    photos: int
    reason: str | None = None
    by_gate: bool = False


def never_flown(problem: str) -> Outcome:
    """What became of a flight that had no vehicle."""
    return Outcome(problem, False, False, (), (), None, {}, 0.0, 0)


@dataclass
class Pilot:
    """Flies one task in one scenario.

    Attributes:
        pace: seconds of the vehicle in one of the link's clock, as asked for.
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
    failing: Failing = field(init=False)
    watching: Watch = field(init=False)
    modes: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    photos: int = 0
    _began_s: float = 0.0
    _airborne_s: float = 0.0
    _airborne_ms: int = 0
    _number: int = 0
    _answered: tuple[Kind, Order] | None = None

    def __post_init__(self) -> None:
        """Listen to everything that comes over the link."""
        self.session = Session(self.link, on_message=self._hear)
        self.persona = ARDUPILOT
        self.failing = Failing(
            self.scenario,
            moments_of(self.task.items, self.task.frame)[self.scenario.at],
            self.task.drone,
            self.line,
            self.session.read_parameter,
            self.session.set_parameter,
            pace=self.pace,
        )
        task = self.task
        flown = Flown(task.code, task.items, task.planned_s, task.drone.wind_limit_m_s)
        self.watching = Watch(
            flown,
            self.session,
            report=lambda phase: None,
            next_order=self._turn,
            relink_s=(RELINK_S + self.scenario.for_s) / self.pace,
            prepare_link=lambda: ask_for_streams(self.session, CLOSER_HZ),
        )

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
        self.failing.persona = self.persona
        if self.mark is not None:
            self.mark.check(self.session)

    @property
    def _now_s(self) -> float:
        return self.link.now_s() * self.pace

    def _flown_s(self, now_s: float) -> float:
        """Seconds of the vehicle since its mission began, by how fast it really ran.

        A busy machine does not reach the pace that was asked for.
        """
        asked_s = self._now_s - self._airborne_s
        ran_s = (self.session.monitor.boot_ms - self._airborne_ms) / 1000
        reached = ran_s / asked_s if asked_s > 1.0 and ran_s > 0 else 1.0
        return (now_s - self._began_s) * reached

    def _hear(self, message: Message) -> None:
        monitor = self.session.monitor
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
            self._number = number
            self.on_progress(number, self.photos)

    # --- on the ground ----------------------------------------------------------------------

    def _prepare(self) -> None:
        """Wait until the vehicle is ready, set its failsafes, store fence and mission."""
        ask_for_streams(self.session, CLOSER_HZ)
        wait_ready(self.session)
        self._check_place()
        self.failing.prepare()
        if self.persona is not PX4:
            self.session.read_parameter("MNT1_TYPE")  # by which the photos' poses are known
        guard(self.session, self.task)
        self.session.store(self._items(), MISSION)

    def _check_place(self) -> None:
        """See that the vehicle was put where the mission begins."""
        standing = self.session.monitor.position
        assert standing is not None  # it is ready
        lonlat = np.array([[standing.lon_deg, standing.lat_deg]])
        away_m = float(np.hypot(*self.task.frame.xy_from_lonlat(lonlat)[0]))
        if away_m > HOME_WITHIN_M:
            home = self.task.home
            raise FlightError(
                f"The simulated vehicle stands {away_m:.0f} m from the mission's home "
                f"({home.lat_deg:.6f}, {home.lon_deg:.6f}), where it was to be started. PX4 before "
                "1.16 takes its place in other units: use a later one. Nothing was armed."
            )

    def _items(self) -> tuple[MissionItem, ...]:
        home = self.session.monitor.home or self.task.home
        return (home_item(home), *self.task.items)[self.persona.first_item :]

    def _launch(self) -> None:
        session = self.session
        if self.persona is not PX4:
            self._order("enter GUIDED", mavlink.MAV_CMD_DO_SET_MODE, 1, GUIDED)
        self._order("arm", mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1)
        self._order("start the mission", mavlink.MAV_CMD_MISSION_START)
        self._began_s = self._now_s
        if not session.wait_until(lambda: session.monitor.is_airborne, 20.0):
            raise FlightError("The vehicle was told to fly its mission but did not take off.")
        self._airborne_s, self._airborne_ms = self._now_s, session.monitor.boot_ms

    def _order(self, what: str, command: int, *parameters: float) -> None:
        begun = len(self.texts)
        answer = self.session.command_patiently(command, *parameters)
        if answer != 0:
            self.session.wait(lambda m: False, 0.5)
            said = "; ".join(dict.fromkeys(self.texts[begun:])) or "it gives no reason"
            raise FlightError(f"The vehicle refuses to {what} ({result_name(answer)}): {said}.")

    # --- in the air -------------------------------------------------------------------------

    def _watch(self) -> None:
        """Follow the flight as every flight is, and let fail what shall fail."""
        # Sped up, a busy machine is silent for as long now and then; one fault only needs it.
        if self.pace == 1.0 or self.scenario.fault is Fault.LINK:
            self.link.silence_s = SILENCE_S / self.pace
        self.watching.follow(self.link)

    def _turn(self) -> Order | None:
        """Do what the scenario asks for now; order what no vehicle does by itself, once."""
        now_s, monitor = self._now_s, self.session.monitor
        late_s = LATE_FACTOR * self.task.planned_s + LATE_S
        if self._flown_s(now_s) > late_s:
            raise FlightError(
                f"After {late_s:.0f} s the flight was not over; {self.task.planned_s:.0f} s "
                "were planned."
            )
        found = self.watching.recogniser.found
        if self.failing.turn(monitor.mission_item, monitor.height_home_m, now_s):
            found.clear()  # what was recognised before is not this failure
        if self._answered is not None or not self.watching.is_ours:
            return None
        self._answered = next((item for item in ANSWERS.items() if item[0] in found), None)
        return None if self._answered is None else self._answered[1]

    def _reason(self) -> str | None:
        """Why the mission was not flown to its end, and who ordered that; None where it was."""
        if self._answered is None:
            return self.watching.problem()
        kind, order = self._answered
        events = self.session.monitor.flight_events
        words = next((event.text for event in events if begins(event.text) is kind), str(kind))
        return f"{words}: told to {order} ({BY_GATE})"

    def _outcome(self, problem: str | None) -> Outcome:
        monitor = self.session.monitor
        last = len(self.task.items) - self.persona.first_item
        flown = monitor.mission_complete or max(monitor.reached, default=0) >= last
        only_auto = set(self.modes) <= {AUTO}
        begun_s, found = self.failing.begun_s, self.watching.recogniser.found
        return Outcome(
            problem=problem,
            completed=problem is None and flown and only_auto,
            landed=monitor.took_off_ms is not None and not monitor.armed,
            modes=tuple(self.modes),
            texts=tuple(self.texts),
            injected_s=None if begun_s is None else self._flown_s(begun_s),
            recognised_s={kind: self._flown_s(s * self.pace) for kind, s in found.items()},
            duration_s=monitor.duration_s,
            photos=self.photos,
            reason=None if problem is not None else self._reason(),
            by_gate=self._answered is not None,
        )
