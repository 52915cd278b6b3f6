"""One campaign at a time writes into a folder, where the system can tell."""

import errno
import fcntl

import pytest

from geo.files import WriteError
from pipeline.errors import PipelineError
from pipeline.only_campaign import only_campaign


def test_the_right_to_a_folder_is_held_once_and_given_back(tmp_path):
    with (
        only_campaign(tmp_path / "out"),
        only_campaign(tmp_path / "other"),
        pytest.raises(PipelineError, match=r"out: another campaign .*\(process \d+ of "),
        only_campaign(tmp_path / "out"),
    ):
        pass
    with only_campaign(tmp_path / "out"):
        pass


def test_a_drive_that_knows_no_locks_is_written_to(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with only_campaign(tmp_path), only_campaign(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(WriteError, match=r"out/\.campaign/\.lock: cannot be written"),
        only_campaign(tmp_path / "out"),
    ):
        pass
