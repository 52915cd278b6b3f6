"""Do eight programs that decide at once on one registry on PostgreSQL lose anything when killed?

    python -m benchmarks.crash_writers --kills 200

Eight writers confirm cases, undo that, file patrols of their own, and say what was answered to
them; they meet on the same cases. One of them is killed with -9 at a random moment and another one
takes its place; at every tenth kill a process of the server is killed instead, so that the server
ends all of its connections and comes back by its log. Then: chain intact, every answered decision
in the history once as it was answered, at most one more for each writer that was cut off.
"""

import argparse
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from sqlalchemy import create_engine, text

from benchmarks.crash import FLOWN, file_patrol, running, wait
from cases.errors import RegistryError, StaleCaseError
from cases.lifecycle import Stage
from cases.registry import Registry
from cases.rule_files import load_rulebook
from tests.cases import postgres

WRITERS = 8
CASES = 40
SERVER_EVERY = 10
LONGEST_S = 0.3
PATIENCE_S = 60
FILED_EVERY = 12
"""Decisions of a writer between two patrols that it files."""
NEXT = {Stage.REPORTED: "confirm", Stage.ESTABLISHED: "undo"}

Answer = tuple[str, str, str, int]
"""Who decided what on which case, and the version that this made of it; or who filed a patrol."""


@dataclass
class Tally:
    """What was seen."""

    kills: int = 0
    server_kills: int = 0
    answers: int = 0
    filings: int = 0
    refused: int = 0
    kept_without_answer: int = 0
    problems: list[str] = field(default_factory=list)


def write(url: str, number: int, answers: Connection) -> None:
    """Decide and file until killed; go on where the server comes back."""
    rng = random.Random(number)
    while True:
        with suppress(RegistryError), Registry.open(url) as registry:
            _write(registry, number, rng, answers)
        wait(0.05)


def _write(registry: Registry, number: int, rng: random.Random, answers: Connection) -> None:
    actor, rulebook = f"writer-{number}", load_rulebook()
    for turn in count(1):
        case = rng.choice(registry.cases(stage=list(NEXT), limit=CASES))
        try:
            decided = registry.decide(
                case.case_no, NEXT[case.stage], actor=actor, expected_version=case.version,
                now=FLOWN,
            )  # fmt: skip
        except StaleCaseError:  # another writer was first
            answers.send((actor, "refused", case.case_no, case.version))
        else:
            answers.send((actor, NEXT[case.stage], case.case_no, decided.version))
        if turn % FILED_EVERY == 0:
            patrol = 1000 * (number + 1) + rng.randrange(1000)
            result = file_patrol(registry, rulebook, patrol, houses=2)
            answers.send((actor, "filed", f"patrol-{patrol}", len(result.new)))


def end_a_backend(url: str) -> None:
    """Kill a process of the server that does a writer's work; all others end with it."""
    engine = create_engine(url)
    query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
    others = text(f"{query} AND pid <> pg_backend_pid() ORDER BY random()")
    with engine.connect() as connection:
        pid = connection.execute(others).scalar()
    engine.dispose()
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def run(url: str, kills: int, seed: int, server_every: int = SERVER_EVERY) -> Tally:
    """Kill one after the other while all write into an empty database."""
    rng, tally = random.Random(seed), Tally()
    said: list[Answer] = []
    with Registry.open(url) as registry:
        file_patrol(registry, load_rulebook(), 1, houses=CASES)
    numbers = count(1)
    with _crew(url, numbers) as crew:
        crew.wait_for_all(said)
        for kill in range(1, kills + 1):
            wait(rng.uniform(0.0, LONGEST_S))
            if kill % server_every == 0:
                end_a_backend(url)
                tally.server_kills += 1
                crew.wait_for_all(said)
            else:
                crew.replace(rng.randrange(WRITERS), said)
                tally.kills += 1
            crew.hear(said)
        crew.end(said)
    look(url, said, tally, cut_off=tally.kills + WRITERS * (1 + tally.server_kills))
    return tally


@dataclass
class _Crew:
    """Writers that are under way."""

    url: str
    numbers: Iterator[int]
    stack: ExitStack
    members: list[tuple[BaseProcess, Connection]] = field(default_factory=list)

    def begin(self) -> tuple[BaseProcess, Connection]:
        return self.stack.enter_context(running(write, self.url, next(self.numbers)))

    def replace(self, place: int, said: list[Answer]) -> None:
        self._end(place, said)
        self.members[place] = self.begin()
        self._wait_for(place, said)

    def hear(self, said: list[Answer]) -> None:
        for _, answers in self.members:
            while answers.poll():
                said.append(answers.recv())

    def wait_for_all(self, said: list[Answer]) -> None:
        """Go on once each is answered anew."""
        self.hear(said)
        for place in range(len(self.members)):
            self._wait_for(place, said)

    def _wait_for(self, place: int, said: list[Answer]) -> None:
        process, answers = self.members[place]
        if not answers.poll(PATIENCE_S):
            raise TimeoutError(f"writer {process.pid}: not answered within {PATIENCE_S} s")
        said.append(answers.recv())

    def end(self, said: list[Answer]) -> None:
        for place in range(len(self.members)):
            self._end(place, said)

    def _end(self, place: int, said: list[Answer]) -> None:
        process, answers = self.members[place]
        process.kill()  # SIGKILL
        process.join()
        with suppress(EOFError):
            while True:
                said.append(answers.recv())


@contextmanager
def _crew(url: str, numbers: Iterator[int]) -> Iterator[_Crew]:
    with ExitStack() as stack:
        crew = _Crew(url, numbers, stack)
        crew.members = [crew.begin() for _ in range(WRITERS)]
        yield crew


def look(url: str, said: list[Answer], tally: Tally, *, cut_off: int) -> None:
    """Compare what was answered with what the registry holds."""
    answered = Counter(answer for answer in said if answer[1] in NEXT.values())
    filed = {patrol for _, verb, patrol, _ in said if verb == "filed"}
    with Registry.open(url) as registry:
        tally.problems += registry.verify_chain().problems
        numbers = [case.case_no for case in registry.cases(limit=None, stage=list(Stage))]
        kept = Counter(
            (event.actor, event.action, no, int(event.details["version"]))
            for no, events in registry.histories(numbers).items()
            for event in events
            if event.action in NEXT.values()
        )
        there = {entry.patrol_id for entry in registry.filings()}
    tally.answers, tally.filings = answered.total(), len(filed)
    tally.refused = sum(verb == "refused" for _, verb, _, _ in said)
    tally.kept_without_answer = (kept - answered).total()
    tally.problems += [f"{answer} was answered, but is not kept" for answer in answered - kept]
    tally.problems += [f"{one} is kept {n} times" for one, n in kept.items() if n > 1]
    tally.problems += [f"{patrol} was filed, but is not there" for patrol in filed - there]
    if tally.kept_without_answer > cut_off:
        tally.problems.append(f"{tally.kept_without_answer} decisions of {cut_off} writers cut off")


def main() -> None:
    """Kill and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with postgres.server(postgres.DURABLE) as url:
        tally = run(url.format(name="postgres"), options.kills, options.seed)
    print(json.dumps(vars(tally)))
    sys.exit(bool(tally.problems))


if __name__ == "__main__":
    main()
