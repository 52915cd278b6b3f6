"""A review page that is killed at any moment has kept every decision that it answered."""

import sys
from pathlib import Path

import pytest

from benchmarks.crash_http import run


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_9_loses_no_answered_decision(tmp_path: Path):
    tally = run(tmp_path, kills=3, seed=3)
    assert tally.problems == []
    assert tally.kills == 3
