"""A registry whose writer is killed at any moment holds whole filings and whole decisions."""

import sys
from pathlib import Path

import pytest

from benchmarks.crash import run


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_9_leaves_whole_filings_and_keeps_what_was_answered(tmp_path: Path):
    tally = run(tmp_path, kills=4, seed=7)
    assert tally.problems == []
    assert tally.kills == 4
    assert tally.answers >= 4
