"""Small tasks and scenarios for tests of the gate."""

from dataclasses import replace
from pathlib import Path

from missions.course import course_of
from missions.drones import drone_named
from missions.mission_json import write_sortie
from simulations.backends import BuiltIn
from simulations.gate import Conditions, fly_scenarios
from simulations.scenarios import Expectation, Scenario
from simulations.task import read_task
from tests.flight.sorties import HOME, small_sortie

DRONE = "sim-quad"
CALM = Scenario("calm", Expectation.COMPLETED, wind_m_s=0.0)


def gate_sortie(code="T-1"):
    """The small sortie, with a time and a drone that are its own."""
    sortie = replace(small_sortie(), code=code, drone_key=DRONE)
    planned_s = course_of(HOME, sortie.items, drone_named(DRONE)).total_s
    return replace(sortie, duration_s=planned_s)


def task_of(folder: Path, sortie=None):
    sortie = sortie or gate_sortie()
    path = folder / f"{sortie.code}.mission.json"
    write_sortie(path, sortie)
    return read_task(path, DRONE)


def fly(task, scenario, folder, backend=None, **conditions):
    """One flight with its checks by name."""
    backend = backend or BuiltIn()
    (result,) = fly_scenarios(task, [scenario], backend, Conditions(**conditions), folder)
    return result, {check.name: check for check in result.checks}
