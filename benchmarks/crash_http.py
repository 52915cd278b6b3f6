"""Does a review page that is killed with -9 while decisions come in over HTTP lose any of them?

    python -m benchmarks.crash_http --kills 200

A server process serves a registry; decisions of all seven steps are posted to it one after the
other, and it is killed at a random moment after the first. Then: chain intact with all heads, every
decision that was answered is in the history as it was answered, at most the one that was under way
is there unanswered, every case is where its history left it. A new server goes on from there.
"""

import http.client
import json
import random
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.crash import file_patrol, killed, running
from cases.lifecycle import Stage
from cases.registry import Registry
from cases.rule_files import load_rulebook
from review.app import create_app
from review.server import Listening, serve
from review.sources import ReviewSources, open_sources

CASES = 150
KILLS_PER_REGISTRY = 50
LONGEST_S = 0.6
LOOP = (
    ("confirm", "inspector"), ("assign", "command"), ("supervise", "command"),
    ("start", "officer"), ("feed_back", "officer"), ("rework", "command"),
    ("feed_back", "officer"), ("close", "inspector"), ("evaluate", "command"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """One request, and the version of the case that it is about."""

    case_no: str
    action: str
    role: str
    version: int

    def body(self) -> bytes:
        """Write it as the page would."""
        told = {"decision": self.action, "role": self.role, "version": self.version}
        return json.dumps({**told, "actor": "Chen Jing", "reason": "seen"}).encode()


@dataclass
class Tally:
    """What was seen after the kills."""

    kills: int = 0
    answered: int = 0
    kept_without_answer: int = 0
    problems: list[str] = field(default_factory=list)


def work(path: Path, answers: Connection) -> None:
    """Serve the registry until killed, and tell where."""
    with open_sources(ReviewSources(path, ())) as data:
        serve(create_app(data), Listening(port=0), ready=answers.send)


def decisions(case_nos: Sequence[str]) -> Iterator[Decision]:
    """List all decisions of all cases, each case through the whole loop."""
    for case_no in case_nos:
        for version, (action, role) in enumerate(LOOP, start=1):
            yield Decision(case_no, action, role, version)


def post_until_killed(
    path: Path, todo: Sequence[Decision], rng: random.Random
) -> tuple[list[Decision], list[str]]:
    """Post decisions until the server is killed; return those answered, and wrong answers."""
    done: list[Decision] = []
    wrong: list[str] = []
    with running(work, path) as (process, answers):
        address = urlsplit(answers.recv())
        timer = threading.Timer(rng.uniform(0.0, LONGEST_S), process.kill)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            for decision in todo:
                status, told = _post(connection, decision)
                if status == 200:
                    done.append(decision)
                    if len(done) == 1:
                        timer.start()
                else:
                    wrong.append(f"{decision}: {status} {told[:200]!r}")
                    break
        except (OSError, http.client.HTTPException):
            pass  # the server is dead; what was under way has no answer
        finally:
            if timer.ident is not None:
                timer.join()
            connection.close()
    return done, wrong


def _post(connection: http.client.HTTPConnection, decision: Decision) -> tuple[int, bytes]:
    url = f"/api/cases/{decision.case_no}/decision"
    connection.request("POST", url, decision.body(), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def look(path: Path, answered: Sequence[Decision], tally: Tally) -> set[Decision]:
    """Check the registry after a kill; returns the decisions that are in it."""
    with Registry.open(path) as registry:
        report = registry.verify_chain()
        tally.problems += report.problems
        kept: set[Decision] = set()
        for case in registry.cases(stage=list(Stage), limit=None):
            events = registry.history(case.case_no)[1:]
            steps = [(event.action, event.details["role"]) for event in events]
            if steps != list(LOOP[: len(steps)]) or case.version != len(steps) + 1:
                tally.problems.append(f"{case.case_no}: {steps} at version {case.version}")
            kept |= {Decision(case.case_no, *step, k) for k, step in enumerate(steps, start=1)}
    lost = set(answered) - kept
    tally.problems += [f"lost: {decision}" for decision in lost]
    return kept


def run(folder: Path, kills: int, seed: int) -> Tally:
    """Kill servers one after the other, a new registry from time to time."""
    rng, tally, rulebook = random.Random(seed), Tally(), load_rulebook()
    answered: list[Decision] = []
    kept: set[Decision] = set()
    for kill in range(kills):
        path = folder / f"cases-{kill // KILLS_PER_REGISTRY}.sqlite"
        if kill % KILLS_PER_REGISTRY == 0:
            answered, kept = [], set()
            with Registry.open(path) as registry:
                new = file_patrol(registry, rulebook, 1, houses=CASES).new
        todo = [decision for decision in decisions(new) if decision not in kept]
        done, wrong = post_until_killed(path, todo, rng)
        answered += done
        tally.problems += wrong
        before, kept = kept, look(path, answered, tally)
        unanswered = len(kept - before) - len(done)
        if not 0 <= unanswered <= 1:
            tally.problems.append(f"{unanswered} decisions were kept without an answer")
        tally.kept_without_answer += unanswered
        tally.answered += len(done)
        tally.kills += 1
        if tally.kills % 20 == 0:
            print(f"{datetime.now(UTC):%H:%M:%S} {tally.kills} kills, {tally.answered} answered, "
                  f"{len(tally.problems)} problems", file=sys.stderr)  # fmt: skip
    return tally


def main() -> None:
    """Kill and tell."""
    tally = killed(run, __doc__)
    print(json.dumps({"kills": tally.kills, "answered": tally.answered,
                      "kept_without_answer": tally.kept_without_answer,
                      "problems": tally.problems}))  # fmt: skip
    sys.exit(bool(tally.problems))


if __name__ == "__main__":
    main()
