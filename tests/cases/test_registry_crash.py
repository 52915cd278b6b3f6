"""A registry whose writers are killed at any moment holds whole filings and whole decisions."""

import sys
from pathlib import Path

import pytest

from benchmarks import crash, crash_writers
from tests.cases import postgres


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_9_leaves_whole_filings_and_keeps_what_was_answered(tmp_path: Path):
    tally = crash.run(tmp_path, kills=4, seed=7)
    assert tally.problems == []
    assert tally.kills == 4
    assert tally.answers >= 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_eight_writers_on_postgresql_that_are_killed_lose_no_decision():
    with postgres.server(postgres.DURABLE) as url:
        tally = crash_writers.run(url.format(name="postgres"), kills=4, seed=3, server_every=3)
    assert tally.problems == []
    assert (tally.kills, tally.server_kills) == (3, 1)
    assert tally.answers + tally.refused + tally.filings >= 16  # eight answered, twice over
