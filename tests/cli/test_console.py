"""What is shown while work goes on."""

import os

import pytest
from rich.console import Console

from cli import console


def test_bars_that_were_never_told_anything_write_nothing(capsys) -> None:
    with console.bars():
        pass
    with pytest.raises(KeyError), console.bars() as bars:
        bars("matching photos")
        raise KeyError
    assert capsys.readouterr() == ("", "")


def test_only_bars_that_were_told_something_are_left(capsys) -> None:
    with console.bars() as bars:
        reading, _ = bars("reading photos"), bars("matching photos")
        reading(1, 2)
        reading(2, 2)
    told = capsys.readouterr().err
    assert "reading photos" in told
    assert "2/2" in told
    assert "matching" not in told
    assert "\n\n" not in told


def test_what_a_library_prints_past_python_does_not_get_between_results(capfd):
    with console.libraries_aside():
        os.write(1, b"solver says\n")
    os.write(1, b"result\n")
    said = capfd.readouterr()
    assert said.out == "result\n"
    assert said.err == "solver says\n"


WIDE = ["", "reported", "established", "closed in time", "in-time rate"]
ROWS = [["Unpermitted construction in progress", "16 (-12)", "3 (-14)", "0", "100.0%"]]


@pytest.mark.parametrize("width", [30, 45, 60, 80, 200])
def test_tables_cut_no_word_however_narrow_the_terminal_is(width, capsys, monkeypatch) -> None:
    monkeypatch.setattr(console, "out", Console(width=width))
    for part in console.tables("By category", WIDE, ROWS):
        console.out.print(part)
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= width
    words = [word for row in (WIDE, ROWS[0]) for text in row for word in text.split()]
    assert [word for word in words if word not in told] == []
    assert "…" not in told
    assert told.count("construction") == told.count("By category")  # each part names its rows
    assert (told.count("(continued)") == 0) == (width >= 60)


def test_a_table_without_rows_is_its_header(capsys) -> None:
    [part] = console.tables("Nothing", ["", "reported"], [])
    console.out.print(part)
    assert "reported" in capsys.readouterr().out


def test_a_sentence_is_broken_between_words_and_nothing_is_lost(capsys, monkeypatch) -> None:
    monkeypatch.setattr(console, "out", Console(width=80))
    remark = "the gimbal's attitude is missing, so the photo has no place on the ground"
    number, path = "20260615-0003", "very/" * 30
    console.show("Photos", ["photo", "case", "remark", "file"], [("p1", number, remark, path)])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert [word for word in [number, *remark.split()] if word not in told] == []
    assert told.count("very/") >= 15
    assert "…" not in told


LONG = f"/srv/patrols/{'north-' * 12}0610/photos/DJI_0007.jpg: is no picture; take it out"


def test_a_message_in_a_pipe_stays_one_line_so_that_file_names_can_be_found(capsys):
    console.fail(LONG)
    console.warn(LONG)
    console.out.print(LONG, highlight=False)
    told = capsys.readouterr()
    assert told.err.splitlines() == [f"error: {LONG}", f"note: {LONG}"]
    assert told.out.splitlines() == [LONG]


def test_a_terminal_breaks_messages_between_words(capsys, monkeypatch):
    monkeypatch.setattr(
        console, "err", type(console.err)(stderr=True, force_terminal=True, width=60)
    )
    console.fail("untorn " * 30)
    first, *others = capsys.readouterr().err.splitlines()
    assert len(others) > 2
    assert all(set(line.split()) == {"untorn"} for line in others)
    assert first.split()[-1] == "untorn"
