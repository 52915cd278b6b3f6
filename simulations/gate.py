"""EDGE: fly tasks through scenarios and say which of them may be flown for real."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flight.adherence import measure_adherence
from flight.log import write_track
from flight.verdict import Verdict, adherence_figures
from geo.terrain import Terrain
from geo.track import Track
from simulations.backends import Backend, Trial
from simulations.gate_checks import Check, Flight, Limits, judge
from simulations.instances import AutopilotError
from simulations.piloting import never_flown
from simulations.scenarios import Expectation, Scenario
from simulations.task import Task
from simulations.trace import trace_of

LOG_FILE = "flight.tlog"
Listener = Callable[[Task, Scenario, int, int], None]  # item, photos


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for all flights of one run.

    Attributes:
        wind_m_s, wind_from_deg: expected; None for each plan's own.
        terrain: None for level ground.
    """

    seed: int = 1
    wind_m_s: float | None = None
    wind_from_deg: float | None = None
    terrain: Terrain | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One flight with its verdict.

    Attributes:
        log_path: the recording.
        track: what the vehicle reported.
        wall_s: how long flying and judging it took here.
    """

    trial: Trial
    flight: Flight
    checks: tuple[Check, ...]
    backend: str
    log_path: Path
    track: Track
    wall_s: float

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed is not False for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """Checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)


def fly_scenarios(
    task: Task,
    scenarios: Sequence[Scenario],
    backend: Backend,
    conditions: Conditions,
    folder: Path,
    listener: Listener = lambda task, scenario, item, photos: None,
) -> Iterator[Result]:
    """Fly one task in each scenario; log and track of each go into a folder of its name."""
    for scenario in scenarios:
        trial = Trial(
            task,
            scenario,
            conditions.seed,
            conditions.wind_m_s,
            conditions.wind_from_deg,
            conditions.terrain,
        )
        path = folder / scenario.key / LOG_FILE
        yield _fly(trial, backend, conditions.limits, path, listener)


def _fly(trial: Trial, backend: Backend, limits: Limits, path: Path, listener: Listener) -> Result:
    began_s = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    task, scenario = trial.task, trial.scenario
    try:
        with backend.stand(trial, path) as stand:
            stand.pilot.on_progress = lambda item, photos: listener(task, scenario, item, photos)
            outcome = stand.pilot.fly()
            trace, track = stand.trace(), stand.pilot.session.monitor.track()
    except AutopilotError as error:  # one flight has failed; the others may still be flown
        outcome, trace, track = never_flown(str(error)), trace_of((), ()), Track((), ())
    write_track(path.parent, track)
    flight = Flight(task, scenario, trial.ground, outcome, trace, limits)
    checks = judge(flight)
    return Result(
        trial, flight, checks, backend.name, path, track, wall_s=time.monotonic() - began_s
    )


def verdict_of(results: Sequence[Result]) -> Verdict:
    """Sum up all flights of one task for who wants to fly it for real.

    Figures are those of the flight in the strongest wind that had to complete the mission.
    """
    whole = [r for r in results if r.trial.scenario.expects is Expectation.COMPLETED]
    shown = max(whole or results, key=lambda r: r.trial.wind.speed_m_s)
    task, wind = shown.trial.task, shown.trial.wind
    problems = [f"{r.trial.scenario.name}: {c.name}" for r in results for c in r.failed]
    figures: dict[str, Any] = dict.fromkeys(
        ("cross_track_rms_m", "cross_track_worst_m", "least_flown_share")
    )
    figures |= {"photos_planned": 0, "photos_taken": len(shown.track.camera_events)}
    figures["photos_missed"] = 0
    if task.sortie is not None:
        figures = adherence_figures(measure_adherence(task.sortie, shown.track))
    return Verdict(
        sortie=task.code,
        mission_sha256=task.sha256,
        completed=all(r.flight.outcome.completed for r in whole) and bool(whole),
        problem="; ".join(problems) or None,
        seed=shown.trial.seed,
        wind_m_s=wind.speed_m_s,
        wind_from_deg=wind.from_deg,
        gust_m_s=wind.gust_m_s,
        passed=all(result.passed for result in results),
        backend=shown.backend,
        scenarios={result.trial.scenario.name: result.passed for result in results},
        scenario_sha256={r.trial.scenario.name: r.trial.scenario.sha256 for r in results},
        **figures,
    )
