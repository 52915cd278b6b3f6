"""Do the readers of foreign files stand whatever they are given?

    python -m benchmarks.fuzz --count 100000 --seed 1 [--only plan kmz] [--keep FOLDER]

Valid files of each format are spoiled (`benchmarks.mutations`) and read. A reader may hand back a
value that makes sense or raise an AerogridError that names the file; anything else is a fault:
another exception, a warning, more than `CPU_S` of processor time, or more memory than `SPARE_BYTES`
above what the program takes. One process reads, and is replaced where it hangs or dies. Case N of a
target is the same in every run with the same seed.
"""

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from benchmarks.mutations import damaged
from benchmarks.targets import TARGETS, Target
from geo.errors import AerogridError

CPU_S = 5.0
SPARE_BYTES = 1 << 30
HANGS_S = 60.0  # without a word; C code that runs on is not stopped by a signal
TWICE_SHARE = 0.2  # are damaged once more
TOLD_FAULTS = 20
LONGEST_MESSAGE = 1000
TALKATIVE = ("pyogrio", "PIL")
READ, REFUSED = "read", "refused"


class TooSlowError(BaseException):
    """The time of an input is used up; no `except Exception` of a reader stops this."""


@dataclass(frozen=True, slots=True)
class Case:
    """One input.

    Attributes:
        number: within the target; with the seed it decides the input.
    """

    target: str
    seed: int
    number: int

    def content(self) -> bytes:
        """The spoiled file."""
        rng = random.Random(f"{self.target}/{self.seed}/{self.number}")
        target = TARGETS[self.target]
        data = rng.choice(target.mutators)(rng.choice(_seeds(self.target)), rng)
        return damaged(data, rng) if rng.random() < TWICE_SHARE else data


@dataclass(slots=True)
class Tally:
    """What became of the inputs of one target."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: int = -1
    peak_bytes: int = 0

    @property
    def inputs(self) -> int:
        """How many were tried."""
        return self.outcomes.total()


@cache
def _seeds(target: str) -> Sequence[bytes]:
    return TARGETS[target].seeds()


def examine(target: Target, path: Path) -> str:
    """Read one file: 'read', 'refused', or the fault in words."""
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            complaint = target.complaint(target.read(path))
    except AerogridError as error:
        return _fault_of_message(str(error), path) or REFUSED
    except TooSlowError:
        return f"took more than {CPU_S:g} s of processor time"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} ({place.filename}:{place.lineno})"
    if complaint:
        return f"handed back {complaint}"
    return _fault_of_warnings(warned) or READ


def _fault_of_warnings(warned: Sequence[warnings.WarningMessage]) -> str:
    """The first warning of numpy or of ours; GDAL and Pillow may say what they repair."""
    ours = [w for w in warned if not any(name in w.filename for name in TALKATIVE)]
    return f"warns: {ours[0].category.__name__}: {ours[0].message}" if ours else ""


def _fault_of_message(message: str, path: Path) -> str:
    if path.name not in message:
        return f"the refusal does not name the file: {message[:200]}"
    if len(message) > LONGEST_MESSAGE:
        return f"the refusal has {len(message)} characters: {message[:200]}"
    return ""


def run(target: str, seed: int, count: int, keep: Path | None = None) -> Tally:
    """Try `count` inputs of a target in a process of their own."""
    tally, first = Tally(), 0
    while first < count:
        first = _watch(Case(target, seed, first), count, tally)
    if keep is not None:
        _keep(target, seed, tally, keep)
    return tally


def _watch(first: Case, count: int, tally: Tally) -> int:
    """Follow a worker until it is through, hangs or dies; the number to go on with."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(first, count, theirs), daemon=True)
    worker.start()
    theirs.close()
    done = first.number
    try:
        while done < count:
            if not ours.poll(HANGS_S):
                return _give_up(tally, done, f"hangs for {HANGS_S:g} s")
            number, outcome, spent_s, peak_bytes = ours.recv()
            _count(tally, number, outcome, spent_s)
            tally.peak_bytes = max(tally.peak_bytes, peak_bytes)
            done = number + 1
    except EOFError:
        worker.join()
        return _give_up(tally, done, f"ends the process (exit code {worker.exitcode})")
    finally:
        worker.kill()
        worker.join()
        ours.close()
    return done


def _count(tally: Tally, number: int, outcome: str, spent_s: float) -> None:
    if spent_s > tally.slowest_s:
        tally.slowest_s, tally.slowest = spent_s, number
    if outcome in (READ, REFUSED):
        tally.outcomes[outcome] += 1
    else:
        tally.outcomes["fault"] += 1
        tally.faults.append(f"case {number}: {outcome}")


def _give_up(tally: Tally, number: int, outcome: str) -> int:
    _count(tally, number, outcome, HANGS_S)
    return number + 1


def _work(first: Case, count: int, pipe: Connection) -> None:
    """Try inputs one after the other and tell of each; the body of the child process."""
    target = TARGETS[first.target]
    signal.signal(signal.SIGPROF, _stop)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"spoiled{target.suffix}"
        path.write_bytes(_seeds(first.target)[0])
        examine(target, path)  # everything that is loaded late is loaded now
        _limit_memory()
        before_bytes = _peak_bytes()
        for number in range(first.number, count):
            path.write_bytes(Case(first.target, first.seed, number).content())
            began_s = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, CPU_S)
            outcome = examine(target, path)
            signal.setitimer(signal.ITIMER_PROF, 0)
            spent_s = time.process_time() - began_s
            pipe.send((number, outcome, spent_s, _peak_bytes() - before_bytes))


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooSlowError


def _limit_memory() -> None:
    """Let further allocations fail where they are too large, if the system can tell its size."""
    status = Path("/proc/self/statm")
    if status.exists():
        size_bytes = int(status.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (size_bytes + SPARE_BYTES, hard))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _keep(target: str, seed: int, tally: Tally, folder: Path) -> None:
    """Write the inputs that were faults, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for fault in tally.faults:
        number = int(fault.split(":")[0].removeprefix("case "))
        name = f"{target}-{number}{TARGETS[target].suffix}"
        (folder / name).write_bytes(Case(target, seed, number).content())


def table(tallies: Mapping[str, Tally]) -> str:
    """The figures of all targets, a line each."""
    lines = [
        "| target | inputs | read | refused | faults | slowest, CPU s | memory above start, MB |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for name, t in tallies.items():
        o = t.outcomes
        lines.append(
            f"| {name} | {t.inputs} | {o[READ]} | {o[REFUSED]} | {o['fault']} | "
            f"{t.slowest_s:.2f} (case {t.slowest}) | {t.peak_bytes / 1e6:.0f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Try every target; 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--keep", type=Path, help="where to write the inputs that are faults")
    asked = parser.parse_args()
    each = -(-asked.count // len(asked.only))
    tallies = {}
    for name in asked.only:
        tallies[name] = tally = run(name, asked.seed, each, asked.keep)
        print(f"{name}: {tally.inputs} inputs, {len(tally.faults)} faults", flush=True)
        print(*tally.faults[:TOLD_FAULTS], sep="\n", flush=True)
    print(table(tallies))
    return int(any(tally.faults for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
