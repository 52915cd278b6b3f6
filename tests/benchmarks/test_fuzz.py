"""A few hundred of the inputs that `python -m benchmarks.fuzz` tries by the hundred thousand."""

import random
import warnings
from dataclasses import replace

import pytest

from benchmarks import mutations
from benchmarks.fuzz import READ, REFUSED, Case, examine, run, table
from benchmarks.targets import TARGETS
from missions.errors import MissionError

SEED = 20
COUNT = 50


@pytest.mark.parametrize("name", TARGETS)
def test_valid_files_are_read(tmp_path, name):
    target = TARGETS[name]
    for number, content in enumerate(target.seeds()):
        path = tmp_path / f"{number}{target.suffix}"
        path.write_bytes(content)
        assert examine(target, path) == READ


@pytest.mark.parametrize("name", TARGETS)
def test_spoiled_files_are_read_or_refused(tmp_path, name):
    path = tmp_path / f"spoiled{TARGETS[name].suffix}"
    outcomes = {}
    for number in range(COUNT):
        path.write_bytes(Case(name, SEED, number).content())
        outcomes[number] = examine(TARGETS[name], path)
    faults = {n: words for n, words in outcomes.items() if words not in (READ, REFUSED)}
    assert faults == {}


@pytest.mark.parametrize("name", ["plan", "kmz"])
def test_a_case_is_the_same_each_time_and_another_with_another_seed(name):
    contents = {Case(name, seed, 7).content() for seed in (1, 1, 2)}
    assert len(contents) == 2


@pytest.mark.skipif("bin" not in TARGETS, reason="no recorded .BIN to spoil")
@pytest.mark.parametrize("number", [5, 63, 154, 838])  # date, height, order and duration
def test_logs_that_were_faults_once_are_none_any_more(tmp_path, number):
    path = tmp_path / "spoiled.BIN"
    path.write_bytes(Case("bin", 1, number).content())
    assert examine(TARGETS["bin"], path) in (READ, REFUSED)


def reader(action):
    return replace(TARGETS["rally"], read=lambda path: action(path))


def raising(error):
    def read(path):
        raise error

    return reader(read)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        (raising(KeyError("x")), "KeyError"),
        (raising(MissionError("something is wrong")), "does not name the file"),
        (raising(MissionError("a.rally" + "x" * 2000)), "2007 characters"),
        (reader(lambda path: [(500.0, 0.0, 0.0)]), "not on earth"),
        (reader(lambda path: warnings.warn("oh", stacklevel=1) or []), "UserWarning"),
    ],
)
def test_a_reader_that_goes_wrong_is_found_out(tmp_path, target, fault):
    path = tmp_path / "a.rally"
    path.write_bytes(target.seeds()[0])
    assert fault in examine(target, path)


def test_a_refusal_that_names_the_file_is_none_of_them(tmp_path):
    path = tmp_path / "a.rally"
    assert examine(raising(MissionError(f"{path}: damaged")), path) == REFUSED


def test_a_run_in_a_process_of_its_own_counts_every_input():
    tally = run("rally", SEED, 30)
    assert tally.inputs == 30
    assert tally.faults == []
    assert table({"rally": tally}).splitlines()[-1].startswith("| rally | 30 |")


def test_frames_that_are_added_are_sound_mavlink():
    rng = random.Random(1)
    added = [mutations.reframed(b"", rng) for _ in range(50)]
    decoder = mutations.mavlink.MAVLink(None)
    for content in added:
        position = 0
        while position < len(content):
            start = position + mutations.STAMP.size
            overhead = 8 if content[start] == 0xFE else 12
            position = start + overhead + content[start + 1]
            decoder.decode(bytearray(content[start:position]))
