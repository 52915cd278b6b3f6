"""A folder is renewed whole, and what others put into it stays."""

from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.own_folder import REPORT_FILES, foreign_files, own_files, renewing


def write(folder: Path, **texts: str) -> None:
    with renewing(folder) as temporary:
        for name, text in texts.items():
            (temporary / name).write_text(text)


def test_files_of_an_earlier_run_go_and_foreign_ones_stay(tmp_path: Path) -> None:
    write(tmp_path / "report", a="1", b="1")
    (tmp_path / "report" / "notes").mkdir()
    (tmp_path / "report" / "notes" / "mine.txt").write_text("mine")
    (tmp_path / "report" / "away").symlink_to("/nowhere")
    write(tmp_path / "report", a="2")
    assert (tmp_path / "report" / "a").read_text() == "2"
    assert not (tmp_path / "report" / "b").exists()
    assert (tmp_path / "report" / "notes" / "mine.txt").read_text() == "mine"
    assert (tmp_path / "report" / "away").is_symlink()
    assert foreign_files(tmp_path / "report") == ["away", "notes/mine.txt"]


def test_a_foreign_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "a").write_text("mine")
    with pytest.raises(PipelineError, match=r"report/a: was not written by aerogrid"):
        write(tmp_path / "report", a="ours")
    assert (tmp_path / "report" / "a").read_text() == "mine"


def report_of_before_the_list(folder: Path) -> None:
    (folder / "crops").mkdir(parents=True)
    for name in (*REPORT_FILES, "crops/20260610-0001.jpg", "crops/20260610-0001.tif"):
        (folder / name).write_text("old")
    for name in ("notes.txt", "crops/mine.jpg"):
        (folder / name).write_text("mine")


def test_a_report_of_before_the_list_is_renewed(tmp_path: Path) -> None:
    report_of_before_the_list(tmp_path / "report")
    with renewing(tmp_path / "report") as temporary:
        (temporary / "bulletin.html").write_text("new")
    assert foreign_files(tmp_path / "report") == ["crops/mine.jpg", "notes.txt"]
    assert own_files(tmp_path / "report") == {"bulletin.html", "files.json"}
    assert (tmp_path / "report" / "bulletin.html").read_text() == "new"
    assert not (tmp_path / "report" / "crops" / "20260610-0001.jpg").exists()


def test_empty_folders_of_others_stay(tmp_path: Path) -> None:
    write(tmp_path / "report", a="1")
    (tmp_path / "report" / "to do" / "june").mkdir(parents=True)
    write(tmp_path / "report", a="2")
    assert (tmp_path / "report" / "to do" / "june").is_dir()
    (tmp_path / "report" / "b").mkdir()
    with pytest.raises(PipelineError, match=r"report/b: was not written by aerogrid"):
        write(tmp_path / "report", b="2")


@pytest.mark.parametrize("text", ["[]", '{"files": 3}', '{"other": []}'])
def test_a_list_of_somebody_else_is_foreign_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "files.json").write_text(text)
    (tmp_path / "a").touch()
    assert foreign_files(tmp_path) == ["a", "files.json"]
    assert own_files(tmp_path) == frozenset()


def test_the_same_run_twice_leaves_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "report", a="1")
    before = (tmp_path / "report" / "files.json").read_bytes()
    write(tmp_path / "report", a="1")
    assert (tmp_path / "report" / "files.json").read_bytes() == before
