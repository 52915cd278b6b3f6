"""Does a registry survive kill -9 at any moment of filing, filing again and deciding?

    python -m benchmarks.crash --kills 200

A writer files patrols, decides on cases and files the patrols again, and says what it has done. It
is killed at a random moment, and the registry is looked at: chain intact with all heads, no half
filing, no case half written, nothing lost that was answered, and the killed patrol can be filed.
"""

import argparse
import json
import multiprocessing
import random
import selectors
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

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
Told = TypeVar("Told")
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
    patrol = PatrolRecord(f"patrol-{number}", FLOWN, "a" * 64, {"p1": f"{number:016x}" * 4})
    seen = [house(n, number) for n in range(houses)]
    findings = propose(seen, rulebook, NO_ZONES, on=FLOWN.date())
    return registry.file(patrol, findings, rulebook=rulebook, now=now)


def write(path: Path, number: int, answers: Connection) -> None:
    """Write until killed, saying what is done."""
    rulebook = load_rulebook()
    with Registry.open(path) as registry:
        while True:
            result = file_patrol(registry, rulebook, number)
            answers.send(("filed", number))
            registry.decide(
                result.new[0], "confirm", actor="inspector", expected_version=1, now=FLOWN
            )
            answers.send(("confirmed", number))
            file_patrol(registry, rulebook, number, houses=CASES_PER_PATROL - 1)
            answers.send(("refiled", number))
            number += 1


def forks() -> ForkServerContext:
    """Make what starts processes fast: forks of one that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["cases.registry", "cases.filing", "review.app", "review.sources"]
    )
    return context


@contextmanager
def running(
    work: Callable[..., None], *arguments: object
) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run a function in a process of its own that is killed at the end; gives it and its answers.

    The function gets the end of the pipe that it answers on as its last argument.
    """
    context = forks()
    answers, told = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(*arguments, told), daemon=True)
    process.start()
    told.close()
    try:
        yield process, answers
    finally:
        process.kill()
        process.join()
        answers.close()


def answers_until_killed(path: Path, number: int, rng: random.Random) -> list[tuple[str, int]]:
    """Kill a writer at a random moment after its first answer; return what it answered."""
    with running(write, path, number) as (process, answers):
        said = [answers.recv()]
        wait(rng.uniform(0.0, LONGEST_S))
        process.kill()  # SIGKILL
        process.join()
        with suppress(EOFError):
            while True:
                said.append(answers.recv())
    return said


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


def killed(kill: Callable[[Path, int, int], Told], question: str | None) -> Told:
    """Kill as often as the command line asks, in a folder that goes again."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return kill(Path(folder), options.kills, options.seed)


def main() -> None:
    """Kill and tell."""
    tally = killed(run, __doc__)
    print(json.dumps({"kills": tally.kills, "answers": tally.answers,
                      "kept_without_answer": tally.unanswered_but_kept,
                      "problems": tally.problems}))  # fmt: skip
    sys.exit(bool(tally.problems))


if __name__ == "__main__":
    main()
