"""Does every failure in every part of a flight end as it should: failures x phases, printed.

Run it with `python -m benchmarks.fault_matrix [--seeds N]`. Each cell is one flight of a planned
survey in the built-in vehicle: when the failure was recognised, and the modes that followed. There
are two matrices: of the gate (`aerogrid simulate`), and of the client that flies real vehicles
(`aerogrid fly`), where it counts when the operator is told.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shapely import Polygon

from flight.log import read_tlog
from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.mission_json import write_sortie
from missions.model import Sortie
from missions.survey import plan_survey
from simulations.backends import BuiltIn
from simulations.faulting import FaultedFlight, fly_with_fault
from simulations.gate import Conditions, Result, fly_scenarios
from simulations.gate_checks import ANSWER_MODES, MODE_NAMES
from simulations.personas import LAND
from simulations.scenarios import Expectation, Fault, Phase, Scenario
from simulations.task import Task, read_task

SQUARE = Polygon([(0, 0), (300, 0), (300, 300), (0, 300)])
FRAME = LocalFrame(119.95, 31.70)
DRONE = "dji-m3e"
FAULTS = (Fault.BATTERY, Fault.GPS, Fault.LINK, Fault.FENCE, Fault.WIND, Fault.MOTOR, Fault.RADIO)


def matrix(task: Task, seed: int, folder: Path) -> dict[tuple[Fault, Phase], Result]:
    """One flight for each failure in each phase."""
    found = {}
    for fault in FAULTS:
        ends = Expectation.LANDED if ANSWER_MODES[fault] == LAND else Expectation.HOME
        scenarios = [
            Scenario(f"{fault} {phase}", ends, fault=fault, at=phase, for_s=_lasts_s(fault))
            for phase in Phase
        ]
        flights = fly_scenarios(task, scenarios, BuiltIn(), Conditions(seed=seed), folder)
        found |= {(fault, r.trial.scenario.at): r for r in flights}
    return found


def matrix_of_client(sortie: Sortie, seed: int, folder: Path) -> dict[tuple[Fault, Phase], str]:
    """The same flown by `flight.fly`; what each flight came to."""
    found = {}
    for fault in FAULTS:
        for phase in Phase:
            scenario = Scenario("it fails", Expectation.HOME, fault=fault, at=phase,
                                for_s=_lasts_s(fault))  # fmt: skip
            log_path = folder / f"client_{fault}_{phase}.tlog"
            found[fault, phase] = cell_of_client(
                fly_with_fault(sortie, scenario, seed, log_path), scenario
            )
    return found


def cell_of_client(flight: FaultedFlight, scenario: Scenario) -> str:
    """What one flight of the client came to, in a few characters."""
    result, whole = flight.result, read_tlog(flight.result.log_path)
    assert scenario.fault is not None
    wanted = MODE_NAMES[ANSWER_MODES[scenario.fault]]
    comes_home = scenario.at is Phase.RETURN and wanted == "RTL"
    ended = result.modes[-1] == wanted or comes_home
    told = flight.recognised_s is not None
    good = told and ended and whole.landed and not whole.problems
    after = f"{flight.recognised_s:.0f} s" if flight.recognised_s is not None else "never"
    return f"{'ok' if good else 'FAILED'} {after} {'>'.join(result.modes)}"


def _lasts_s(fault: Fault) -> float:
    return 30.0 if fault is Fault.LINK else 0.0


def cell(result: Result) -> str:
    """What one flight came to, in a few characters."""
    checks = {check.name: check for check in result.checks}
    modes = ">".join(MODE_NAMES.get(mode, str(mode)) for mode in result.flight.outcome.modes)
    recognised = checks.get("recognised")
    after = f"{recognised.value:.0f} s" if recognised and recognised.value is not None else "never"
    whole = read_tlog(result.log_path)
    mark = "ok" if result.passed and whole.landed and not whole.problems else "FAILED"
    wrong = ",".join(check.name for check in result.failed)
    return f"{mark} {after} {modes}{' ' + wrong if wrong else ''}"


def print_matrix(title: str, cells: Mapping[tuple[Fault, Phase], str]) -> None:
    """One row for each failure."""
    print(f"{title}\n\n| failure | {' | '.join(Phase)} |\n|---|{'---|' * len(Phase)}")
    for fault in FAULTS:
        print(f"| {fault} | {' | '.join(cells[fault, phase] for phase in Phase)} |")
    print()


def main() -> None:
    """Print two matrices for each seed; exit code 1 where any flight failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=1)
    given = options.parse_args()
    cells: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        area = FRAME.to_lonlat(SQUARE)
        assert isinstance(area, Polygon)
        sortie = plan_survey(area, drone_named(DRONE))[0]
        write_sortie(folder / "m.mission.json", sortie)
        task = read_task(folder / "m.mission.json", DRONE)
        for seed in range(1, given.seeds + 1):
            gate = {at: cell(result) for at, result in matrix(task, seed, folder).items()}
            client = matrix_of_client(sortie, seed, folder)
            print_matrix(f"seed {seed}, the gate", gate)
            print_matrix(f"seed {seed}, the client", client)
            cells += [*gate.values(), *client.values()]
    failed = sum("FAILED" in words for words in cells)
    print(f"{len(cells) - failed} of {len(cells)} recognised, ended as configured, log complete")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    main()
