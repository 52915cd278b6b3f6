"""Does every failure in every part of a flight end as it should: failures x phases, printed.

Run it with `python benchmarks/fault_matrix.py [--seeds N]`. Each cell is one flight of a planned
survey in the built-in vehicle: when the failure was recognised, and the modes that followed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shapely import Polygon

from flight.log import read_tlog
from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.mission_json import write_sortie
from missions.survey import plan_survey
from simulations.backends import BuiltIn
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


def main() -> None:
    """Print a matrix for each seed; exit code 1 where any flight failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=1)
    given = options.parse_args()
    failed = flown = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        area = FRAME.to_lonlat(SQUARE)
        assert isinstance(area, Polygon)
        write_sortie(folder / "m.mission.json", plan_survey(area, drone_named(DRONE))[0])
        task = read_task(folder / "m.mission.json", DRONE)
        for seed in range(1, given.seeds + 1):
            print(f"seed {seed}\n| failure | {' | '.join(Phase)} |\n|---|{'---|' * len(Phase)}")
            results = matrix(task, seed, folder)
            for fault in FAULTS:
                cells = (cell(results[fault, phase]) for phase in Phase)
                print(f"| {fault} | {' | '.join(cells)} |")
            flown += len(results)
            failed += sum("FAILED" in cell(result) for result in results.values())
    print(f"{flown - failed} of {flown} flights recognised, ended as configured, log complete")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    main()
