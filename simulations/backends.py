"""EDGE: what flies a task in a scenario: the built-in vehicle, or another simulator's process."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flight.link import MavlinkLink
from flight.log import TlogWriter
from geo.terrain import Terrain
from simulations.airframe import airframe_of
from simulations.autopilot import Autopilot
from simulations.ground_shape import GroundShape
from simulations.instances import AutopilotError
from simulations.personas import ARDUPILOT, Persona
from simulations.piloting import Pilot
from simulations.processes import AutopilotProgram, running_autopilot
from simulations.scenarios import USUAL_WIND_M_S, Scenario
from simulations.scene import Scene
from simulations.task import Task, uses_terrain
from simulations.trace import Trace, Tracer, reported_trace
from simulations.vehicle import Wind
from simulations.wire import Muffled, Wire

SILENCE_S = 120.0  # of the link's clock, after which a vehicle is taken for dead


@dataclass(frozen=True, slots=True)
class Trial:
    """One task in one scenario, with everything that chance and settings decide.

    Attributes:
        wind_m_s: expected mean wind; None for the plan's own.
    """

    task: Task
    scenario: Scenario
    seed: int = 1
    wind_m_s: float | None = None
    wind_from_deg: float | None = None
    terrain: Terrain | None = None

    @property
    def wind(self) -> Wind:
        """What blows: the scenario's, the expected, the plan's, or the usual wind."""
        scenario = self.scenario
        wanted = (scenario.wind_m_s, self.wind_m_s, self.task.wind_m_s, USUAL_WIND_M_S)
        speed_m_s = next(value for value in wanted if value is not None)
        from_deg = scenario.wind_from_deg if self.wind_from_deg is None else self.wind_from_deg
        return Wind(speed_m_s, from_deg, speed_m_s * scenario.gust_share)

    @property
    def ground(self) -> GroundShape:
        """The ground as it is in this scenario."""
        return GroundShape(self.task.home, self.terrain, self.scenario.terrain_raised_m)


@dataclass(frozen=True, slots=True)
class Stand:
    """A vehicle that is ready to be met.

    Attributes:
        pilot: who will fly it.
        trace: where it was; asked for after the flight.
    """

    pilot: Pilot
    trace: Callable[[], Trace]


class Backend(Protocol):
    """Something that provides vehicles."""

    @property
    def name(self) -> str:
        """What to call it in reports."""
        ...

    def stand(self, trial: Trial, log_path: Path) -> AbstractContextManager[Stand]:
        """Start a vehicle and record what is said to and by it."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The built-in vehicle in this very process."""

    persona: Persona = ARDUPILOT
    name: str = "builtin"

    @contextmanager
    def stand(self, trial: Trial, log_path: Path) -> Iterator[Stand]:
        """Start a vehicle; the recording is stamped by its own clock."""
        autopilot = Autopilot(self.scene(trial))
        tracer = Tracer(autopilot)
        wire = Wire(autopilot, tracer.note)
        line = Muffled(wire, wire.now_s)
        with MavlinkLink(line, clock=wire.now_s, silence_s=SILENCE_S) as link:
            yield Stand(Pilot(link, line, trial.task, trial.scenario), tracer.trace)
        log_path.write_bytes(wire.recording)

    def scene(self, trial: Trial) -> Scene:
        """The circumstances of a trial for the vehicle."""
        return Scene(
            home=trial.task.home,
            seed=trial.seed,
            airframe=airframe_of(trial.task.drone, trial.scenario.battery_share),
            wind=trial.wind,
            ground=trial.ground.height_m(),
            persona=self.persona,
        )


@dataclass(frozen=True, slots=True)
class Process:
    """Another simulator, started for each flight and stopped by its own process id."""

    program: AutopilotProgram
    speed_up: float = 10.0

    @property
    def name(self) -> str:
        """What to call it in reports."""
        return self.program.kind

    @contextmanager
    def stand(self, trial: Trial, log_path: Path) -> Iterator[Stand]:
        """Start the program with the trial's wind and home, and connect to it."""
        task, wind = trial.task, trial.wind
        if uses_terrain(task):
            raise AutopilotError(
                f"{task.path}: has heights above ground (frame 10 or 11), for which the autopilot "
                "asks its ground station for terrain; that is not answered here. Use the builtin "
                "backend, or heights above home."
            )
        drone = task.drone
        lasts_s = 3600 * drone.battery_wh / drone.hover_w * trial.scenario.battery_share
        vehicle = running_autopilot(self.program, task.home, wind, self.speed_up, lasts_s)
        with vehicle as started:
            line = Muffled(started.line, time.monotonic)
            with MavlinkLink(line, TlogWriter(log_path), silence_s=SILENCE_S) as link:
                pilot = Pilot(
                    link, line, task, trial.scenario, pace=self.speed_up, mark=started.mark
                )

                def trace() -> Trace:
                    monitor = pilot.session.monitor
                    return reported_trace(monitor.track(), task.frame, monitor.battery_share)

                yield Stand(pilot, trace)
