"""How fast, small and repeatable is the built-in vehicle?

Run it with `python benchmarks/vehicle.py [--runs N]`. Speed is a ratio of simulated time to time of
the processor, as the machine may be busy with other work.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import Polygon

from flight.fly import fly_sortie
from flight.streams import RATES_HZ
from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.mission_json import write_sortie
from missions.model import Sortie
from missions.survey import plan_survey
from simulations.autopilot import Autopilot
from simulations.backends import BuiltIn, Trial
from simulations.gate import Conditions, fly_scenarios
from simulations.scenarios import Expectation, Scenario
from simulations.sitl import running_vehicle
from simulations.stores import stored_form
from simulations.task import Task, read_task

ROOT = Path(__file__).resolve().parents[1]
SQUARE = Polygon([(0, 0), (300, 0), (300, 300), (0, 300)])
FRAME = LocalFrame(119.95, 31.70)
DRONE = "dji-m3e"
GUSTS = Scenario("gusts", Expectation.COMPLETED, wind_m_s=5.0, gust_share=0.33)
ASKED_RATIO, ASKED_MB, TOGETHER = 100.0, 150.0, 10


def alone(task: Task) -> float:
    """Simulated over processor seconds of the vehicle with all telemetry, without a client."""
    autopilot = Autopilot(BuiltIn().scene(Trial(task, GUSTS)))
    items = [autopilot.stores.home, *(stored_form(item, 0) for item in task.items)]
    autopilot.stores.lists[0] = items
    autopilot.streams = {kind: max(1, round(50 / rate)) for kind, rate in RATES_HZ.items()}
    autopilot.set_mode(4)
    autopilot.arm()
    autopilot.start_mission()
    mav, begun_s, cpu_s = mavlink.MAVLink(None, 1, 1), autopilot.now_s, time.process_time()
    while autopilot.armed:
        for message in autopilot.step():
            message.pack(mav)
    return (autopilot.now_s - begun_s) / (time.process_time() - cpu_s)


def with_client(task: Task, folder: Path) -> float:
    """The same with the client, its recording and all checks of the gate."""
    cpu_s = time.process_time()
    (result,) = fly_scenarios(task, [GUSTS], BuiltIn(), Conditions(), folder)
    return result.flight.outcome.duration_s / (time.process_time() - cpu_s)


def recordings(task: Task, folder: Path, runs: int) -> set[str]:
    """Fingerprints of the recordings of the same flight."""
    found = set()
    for _ in range(runs):
        (result,) = fly_scenarios(task, [GUSTS], BuiltIn(), Conditions(), folder)
        found.add(hashlib.sha256(result.log_path.read_bytes()).hexdigest())
    return found


MEASURE = """
import sys
from pathlib import Path
from flight.fly import fly_sortie
from missions.mission_json import read_sortie
from simulations.sitl import running_vehicle
sortie = read_sortie(Path(sys.argv[1]))
with running_vehicle(sortie.home) as vehicle:
    log = Path(sys.argv[2])
    fly_sortie(sortie, vehicle.connection, log_path=log, simulated_uid=vehicle.uid)
    status = Path(f"/proc/{vehicle.pid}/status").read_text().splitlines()
print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""


def peak_mb(mission: Path, folder: Path) -> float:
    """Most memory that a vehicle in a process of its own had resident over a whole flight.

    Its starter is a bare Python, as a process that is spawned imports its starter's main module.
    """
    arguments = [sys.executable, "-c", MEASURE, str(mission), str(folder / "memory.tlog")]
    told = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(told.stdout) * 1024 / 1e6


def fly_one(sortie: Sortie, seed: int, folder: Path) -> bool:
    """One vehicle in a process of its own over TCP: whether it completed."""
    with running_vehicle(sortie.home, seed) as vehicle:
        log = folder / f"together-{seed}.tlog"
        return fly_sortie(
            sortie, vehicle.connection, log_path=log, simulated_uid=vehicle.uid
        ).completed


def main() -> None:
    """Print the figures; exit code 1 where one is worse than was asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        area = FRAME.to_lonlat(SQUARE)
        assert isinstance(area, Polygon)
        sortie = plan_survey(area, drone_named(DRONE))[0]
        write_sortie(folder / "m.mission.json", sortie)
        task = read_task(folder / "m.mission.json", DRONE)
        ratio, whole = alone(task), with_client(task, folder)
        print(f"simulated / CPU seconds: vehicle {ratio:.0f}, with client and checks {whole:.0f}")
        prints = recordings(task, folder, given.runs)
        print(f"{given.runs} runs of one seed: {len(prints)} different recording")
        begun_s = time.monotonic()
        with ThreadPoolExecutor(TOGETHER) as pool:
            jobs = [pool.submit(fly_one, sortie, seed, folder) for seed in range(TOGETHER)]
            flown = [job.result() for job in jobs]
        completed, seconds = sum(flown), time.monotonic() - begun_s
        print(f"{TOGETHER} vehicles at once: {completed} completed, {seconds:.0f} s of wall time")
        memory = peak_mb(folder / "m.mission.json", folder)
        print(f"memory of a vehicle's process: at most {memory:.0f} MB resident")
    good = ratio >= ASKED_RATIO and len(prints) == 1 and completed == TOGETHER
    sys.exit(int(not (good and memory < ASKED_MB)))


if __name__ == "__main__":
    main()
