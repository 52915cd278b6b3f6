"""Lines about photos: whole ones, from many processes, and none where nobody asked."""

import json
import multiprocessing
from pathlib import Path

import pytest

from geo.tracing import VARIABLE, follow, is_followed, trace_of

PHOTO = "ab" * 32


def write_many(number: int) -> None:
    for turn in range(200):
        follow("read", [PHOTO, "cd" * 32], writer=number, turn=turn, remarks=["x" * 100])


def test_lines_of_many_processes_stay_whole(tmp_path: Path, monkeypatch):
    path = tmp_path / "trace.jsonl"
    monkeypatch.setenv(VARIABLE, str(path))
    assert is_followed()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(write_many, range(3))
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(told) == 3 * 200 * 2
    assert {(line["writer"], line["turn"]) for line in told} == {
        (writer, turn) for writer in range(3) for turn in range(200)
    }
    assert {line["trace"] for line in told} == {trace_of(PHOTO), "cd" * 8}
    assert all(line["at"].endswith("+00:00") and line["step"] == "read" for line in told)


def test_nothing_is_written_where_nobody_asked(tmp_path: Path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert not is_followed()
    follow("read", [PHOTO])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        follow("read", [PHOTO])
