"""The sender, as a program, killed in the middle: each alert once, or a visible dead letter."""

import sys
from pathlib import Path

import pytest

from benchmarks.alerts import ALERTS_A_STEP, STEPS, run
from benchmarks.broker import find_mosquitto


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_9_of_the_sender_loses_and_doubles_nothing(tmp_path: Path):
    tally = run(tmp_path, cases=10, kills=2)
    assert tally.problems == []
    assert tally.kills == 2
    each = ALERTS_A_STEP if find_mosquitto() else ALERTS_A_STEP - 1
    assert tally.made == 10 * (len(STEPS) + 1) * each
    assert tally.delivered + tally.dead == tally.made
    assert tally.repeats > 0
