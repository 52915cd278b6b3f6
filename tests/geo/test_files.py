"""Products are replaced as a whole or not at all."""

import os
from pathlib import Path

import pytest

from geo.files import WriteError, replacing, require_writable


def test_a_failed_write_leaves_the_old_product(tmp_path: Path) -> None:
    target = tmp_path / "product.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["product.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    target.mkdir()
    (target / "stale.plan").touch()
    with replacing(target) as temporary:
        temporary.mkdir()
        (temporary / "fresh.plan").touch()
    assert [path.name for path in target.iterdir()] == ["fresh.plan"]


def test_a_full_disk_is_told_with_the_place(tmp_path: Path) -> None:
    full = OSError(28, "No space left on device")
    with (
        pytest.raises(WriteError, match=r"product\.txt: cannot be written \(No space left"),
        replacing(tmp_path / "product.txt"),
    ):
        raise full


def test_a_folder_that_cannot_be_exchanged_comes_back(tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "plan"
    target.mkdir()
    (target / "stale.plan").touch()
    rename = os.rename

    def full(source: Path, goal: Path) -> None:
        if Path(goal) == target and ".old" not in str(source):
            raise OSError(28, "No space left on device")
        rename(source, goal)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(WriteError), replacing(target) as temporary:
        temporary.mkdir()
    assert [path.name for path in target.iterdir()] == ["stale.plan"]


def test_a_failed_read_elsewhere_is_not_called_a_failed_write(tmp_path: Path) -> None:
    elsewhere = tmp_path / "input" / "missing.csv"
    with (
        pytest.raises(FileNotFoundError, match=r"missing\.csv"),
        replacing(tmp_path / "out" / "product.txt"),
    ):
        elsewhere.read_text()


def test_folders_made_for_what_was_not_written_go_again(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(RuntimeError), replacing(tmp_path / "there" / "a" / "b" / "c.txt"):
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_folders_that_hold_something_by_then_stay(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), replacing(tmp_path / "a" / "c.txt"):
        (tmp_path / "a" / "other.txt").touch()
        raise RuntimeError
    assert (tmp_path / "a" / "other.txt").exists()


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"plans: cannot be written \(Not a directory\)"):
        require_writable(tmp_path / "file" / "plans")
    require_writable(tmp_path / "new" / "plans")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
