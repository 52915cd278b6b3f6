"""Does a registry survive kill -9 at any moment of filing, filing again and deciding?

    PYTHONPATH=. python benchmarks/crash.py --kills 200

A writer files patrols, decides on cases and files the patrols again, and says what it has done. It
is killed at a random moment, and the registry is looked at: chain intact with all heads, no half
filing, no case half written, nothing lost that was answered, and the killed patrol can be filed.
"""

import argparse
import json
import random
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from shapely import Polygon, box

from cases.filing import propose
from cases.lifecycle import Stage
from cases.model import FilingResult, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from geo.frames import LocalFrame
from vision.model import Observation

FLOWN = datetime(2026, 6, 10, 2, 30, tzinfo=UTC)
CASES_PER_PATROL = 12
KILLS_PER_REGISTRY = 20
LONGEST_S = 0.5
ROOT = Path(__file__).resolve().parents[1]
_FRAME = LocalFrame(119.8, 32.4)


def house(number: int, patrol: int) -> Observation:
    """See a house on ground that no other patrol covers."""
    x_m, y_m = 40.0 * number, 40.0 * patrol
    ground = _FRAME.to_lonlat(box(x_m - 6, y_m - 6, x_m + 6, y_m + 6))
    assert isinstance(ground, Polygon)
    return Observation(
        observation_id=f"h{number}",
        class_name="building",
        score=0.9,
        polygon=ground,
        covariance_m2=(1.0, 0.0, 1.0),
        area_m2=144.0,
        cell_code="cell-1",
        other_cells=(),
        photo_ids=("p1",),
        detections_px=(box(10, 20, 30, 40),),
        seen_at=FLOWN,
    )


def file_patrol(
    registry: Registry,
    rulebook: Rulebook,
    number: int,
    *,
    houses: int = CASES_PER_PATROL,
    now: datetime = FLOWN,
) -> FilingResult:
    """File a patrol over ground of its own, so that each makes the same number of new cases."""
    patrol = PatrolRecord(f"patrol-{number}", FLOWN, "a" * 64, {"p1": "b" * 64})
    seen = [house(n, number) for n in range(houses)]
    findings = propose(seen, rulebook, NO_ZONES, on=FLOWN.date())
    return registry.file(patrol, findings, rulebook=rulebook, now=now)


def write(path: Path, number: int) -> None:
    """Write until killed, saying what is done."""
    rulebook = load_rulebook()
    with Registry.open(path) as registry:
        while True:
            result = file_patrol(registry, rulebook, number)
            print("filed", number, flush=True)
            registry.decide(
                result.new[0], "confirm", actor="inspector", expected_version=1, now=FLOWN
            )
            print("confirmed", number, flush=True)
            file_patrol(registry, rulebook, number, houses=CASES_PER_PATROL - 1)
            print("refiled", number, flush=True)
            number += 1


@contextmanager
def writer(path: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a writer; it is dead at the end."""
    command = [sys.executable, __file__, "--write", str(path), str(number)]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def answers_until_killed(path: Path, number: int, rng: random.Random) -> list[tuple[str, int]]:
    """Kill a writer at a random moment after its first answer; return what it answered."""
    with writer(path, number) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        wait(rng.uniform(0.0, LONGEST_S))
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    whole = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(verb, int(patrol)) for verb, patrol in whole]


def wait(duration_s: float) -> None:
    """Let the writer go on for a while."""
    with selectors.DefaultSelector() as nothing:
        nothing.select(duration_s)


@dataclass
class Tally:
    """What was seen after the kills."""

    kills: int = 0
    answers: int = 0
    unanswered_but_kept: int = 0
    problems: list[str] = field(default_factory=list)


def look(path: Path, answers: Iterable[tuple[str, int]], tally: Tally) -> int:
    """Check a registry after a kill; returns the number of patrols in it."""
    said = set(answers)
    with Registry.open(path) as registry:
        report = registry.verify_chain()
        tally.problems += report.problems
        filings: dict[int, list[FilingResult]] = {}
        for entry in registry.filings():
            number = int(entry.patrol_id.rpartition("-")[2])
            filings.setdefault(number, []).append(entry.result)
        cases = {case.case_no: case for case in registry.cases(limit=None, stage=list(Stage))}
        new = [no for results in filings.values() for result in results for no in result.new]
        if sorted(new) != sorted(cases) or len(new) != CASES_PER_PATROL * len(filings):
            tally.problems.append(f"{len(cases)} cases of {len(filings)} filed patrols")
        for number, results in filings.items():
            is_confirmed = cases[results[0].new[0]].stage is Stage.ESTABLISHED
            is_refiled = any(len(result.withdrawn) == 1 for result in results[1:])
            done = {"filed": True, "confirmed": is_confirmed, "refiled": is_refiled}
            for verb, is_done in done.items():
                if (verb, number) in said and not is_done:
                    tally.problems.append(f"patrol {number} was {verb}, but is not")
        kept = sum(len(results) for results in filings.values())
        answered = sum(verb != "confirmed" for verb, _ in said)
        tally.unanswered_but_kept += kept > answered
        if missing := {number for _, number in said} - set(filings):
            tally.problems.append(f"patrols {sorted(missing)} were filed, but are not there")
    tally.answers += len(said)
    return len(filings)


def run(folder: Path, kills: int, seed: int) -> Tally:
    """Kill writers one after the other, a new registry from time to time."""
    rng, tally = random.Random(seed), Tally()
    rulebook = load_rulebook()
    said: list[tuple[str, int]] = []
    for kill in range(kills):
        path = folder / f"cases-{kill // KILLS_PER_REGISTRY}.sqlite"
        said = [] if kill % KILLS_PER_REGISTRY == 0 else said
        said += answers_until_killed(path, 1000 * kill, rng)
        look(path, said, tally)
        tally.kills += 1
        with Registry.open(path) as registry:  # what the kill cut off is done by the next run
            last = max(number for _, number in said)
            for number in (last, last + 1):
                file_patrol(registry, rulebook, number)
                file_patrol(registry, rulebook, number, houses=CASES_PER_PATROL - 1)
                said += [("filed", number), ("refiled", number)]
        look(path, said, tally)
        if tally.kills % KILLS_PER_REGISTRY == 0:
            print(f"{tally.kills} kills, {len(tally.problems)} problems", file=sys.stderr)
    return tally


def main() -> None:
    """Kill and tell; or be the writer that is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", nargs=2, metavar=("PATH", "NUMBER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(Path(options.write[0]), int(options.write[1]))
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), options.kills, options.seed)
    print(json.dumps({"kills": tally.kills, "answers": tally.answers,
                      "kept_without_answer": tally.unanswered_but_kept,
                      "problems": tally.problems}))  # fmt: skip
    sys.exit(bool(tally.problems))


if __name__ == "__main__":
    main()
