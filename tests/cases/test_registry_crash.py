"""A registry whose writer is killed at any moment holds whole filings and whole decisions."""

import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import FLOWN
from tests.cases.crash_writer import CASES_PER_PATROL, file_patrol

ROUNDS = 4
ROOT = Path(__file__).parents[2]


def start_writer(path: Path, start: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.cases.crash_writer", str(path), str(start)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answered(writer: subprocess.Popen[str], rng: random.Random) -> list[str]:
    """Kill the writer at a random moment after its first answer; return what it answered."""
    assert writer.stdout is not None
    lines = [writer.stdout.readline()]
    time.sleep(rng.uniform(0.0, 0.25))
    writer.send_signal(signal.SIGKILL)
    lines += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    return [line.strip() for line in lines if line.endswith("\n")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_9_leaves_whole_filings_and_keeps_what_was_answered(
    tmp_path: Path, rulebook: Rulebook
):
    path, rng = tmp_path / "cases.sqlite", random.Random(7)
    Registry.open(path).close()
    for number in range(ROUNDS):
        lines = answered(start_writer(path, 1000 * number), rng)
        assert lines
        with Registry.open(path) as registry:
            assert registry.verify_chain().is_intact
            filed = {entry.patrol_id for entry in registry.filings()}
            assert {line.split()[1] for line in lines} <= filed
            assert len(registry.cases(limit=None)) == CASES_PER_PATROL * len(filed)
            for entry in registry.filings():
                decided = registry.case(entry.result.new[0]).stage.value
                confirmed = f"confirmed {entry.patrol_id}" in lines
                assert decided == "established" or not confirmed
    with Registry.open(path) as registry:
        again = file_patrol(registry, rulebook, 5000, now=FLOWN + timedelta(hours=5))
        assert len(again.new) == CASES_PER_PATROL
