"""The journal of flights: what is kept, and that it never stops a flight."""

import json
from dataclasses import replace

import pytest

from flight.journal import Journal
from flight.trouble import Kind, Trouble
from tests.cli.test_live import PROGRESS


def lines(journal):
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "flights" / "journal.jsonl")


def test_news_are_kept_and_the_rest_every_ten_seconds(journal):
    for second in range(25):
        journal.progress(replace(PROGRESS, elapsed_s=float(second)))
    journal.progress(replace(PROGRESS, elapsed_s=25.0, mode="RTL"))
    told = [m for m in lines(journal) if m["what"] == "progress"]
    assert [(m["elapsed_s"], m["mode"]) for m in told] == [
        (0, "AUTO"), (10, "AUTO"), (20, "AUTO"), (25, "RTL"),
    ]  # fmt: skip


def test_each_trouble_is_kept_once(journal):
    troubled = replace(PROGRESS, troubles=(Trouble(Kind.GNSS, None, "GPS Glitch"),))
    for progress in (PROGRESS, troubled, troubled):
        journal.progress(progress)
    (trouble,) = [m for m in lines(journal) if m["what"] == "trouble"]
    assert (trouble["kind"], trouble["text"], trouble["response"]) == ("GNSS", "GPS Glitch", None)


def test_notices_and_changes_of_mode_are_kept_once(journal):
    refused = replace(PROGRESS, elapsed_s=62.0, notices=("not obeyed (pause): a pilot has it",))
    taken = replace(refused, elapsed_s=63.0, mode="LOITER")
    for progress in (PROGRESS, refused, refused, taken, taken):
        journal.progress(progress)
    told = [(m["what"], m.get("text"), m.get("mode")) for m in lines(journal)]
    assert [line for line in told if line[0] != "progress"] == [
        ("notice", "not obeyed (pause): a pilot has it", None),
        ("mode", None, "LOITER"),
    ]


def test_an_error_that_ends_a_flight_is_kept_with_what_became_of_the_vehicle(journal):
    error = KeyboardInterrupt()
    error.add_note("the vehicle was told to return: accepted")
    with pytest.raises(KeyboardInterrupt), journal.kept("T-1"):
        raise error
    assert lines(journal)[-1]["notes"] == ["the vehicle was told to return: accepted"]


def test_a_journal_that_cannot_be_written_never_stops_a_flight(tmp_path):
    (tmp_path / "flights").write_text("a file where a folder should be")
    journal = Journal(tmp_path / "flights" / "journal.jsonl")
    with journal.kept("T-1"):
        journal.progress(PROGRESS)
    assert "3 lines were not written" in journal.fault
