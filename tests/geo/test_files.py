"""Products are replaced as a whole or not at all."""

import os
import subprocess
import sys
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


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("orthophoto", "map.tif"),
        ("layer", "cases.gpkg"),
        ("layer_in_a_folder", "report/cases.gpkg"),
    ],
)
def test_a_file_that_cannot_grow_is_told_by_its_own_name_alone(tmp_path, what, name):
    command = [sys.executable, "-m", "tests.geo.full_disk", what, str(tmp_path)]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{tmp_path / name}: cannot be written (")
    assert ".writing-" not in line
    assert list(tmp_path.iterdir()) == []


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
