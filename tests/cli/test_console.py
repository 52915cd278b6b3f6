"""What is shown while work goes on."""

import os

import pytest

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
