"""Patrols are kept without their photos, which are read as they are asked for."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from review import holdings as module
from review.holdings import LOOK_AGAIN_S, LOOK_EVERY_S, Holdings, PatrolPhotos
from review.kept import Kept
from vision.frame_table import read_frame_table
from vision.model import Frame

from .conftest import keep_patrol, make_photo


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    return make_photo(tmp_path_factory.mktemp("photos"), "a", 0)


@pytest.fixture
def read(monkeypatch) -> list[Path]:
    """Which tables were read, in order."""
    tables: list[Path] = []
    monkeypatch.setattr(
        module, "read_frame_table", lambda path: tables.append(path) or read_frame_table(path)
    )
    return tables


def three(folder: Path, frame: Frame) -> list[PatrolPhotos]:
    return [keep_patrol(folder / "photos", [frame], name) for name in "pqr"]


def test_tables_are_read_when_asked_for_and_given_up_when_there_is_no_room(
    tmp_path, frame, read, monkeypatch
):
    monkeypatch.setattr(module, "MOST_FRAMES", 2)
    held = Holdings(three(tmp_path, frame))
    assert (read, [len(holding) for holding in held.all()]) == ([], [1, 1, 1])
    p, q, r = held.all()
    for holding in (p, q, p, q, r, q, p):
        assert held.frames(holding) == {"a": frame}
    assert read == [p.table, q.table, r.table, p.table]


def test_a_table_that_was_written_anew_is_read_anew(tmp_path, frame):
    [patrol] = [keep_patrol(tmp_path / "photos", [frame])]
    held = Holdings([patrol])
    [holding] = held.all()
    assert held.frames(holding)["a"] == frame
    moved = replace(frame, gsd_m=0.5)
    keep_patrol(tmp_path / "photos", [moved])
    os.utime(patrol.table, ns=(1, 1))
    assert held.frames(holding)["a"] == moved


@pytest.mark.parametrize("content", [None, b"torn"])
def test_photos_of_a_table_that_is_gone_or_torn_are_not_there(tmp_path, frame, content):
    patrol = keep_patrol(tmp_path / "photos", [frame])
    held = Holdings([patrol])
    patrol.table.unlink()
    if content is not None:
        patrol.table.write_bytes(content)
    assert held.frames(held.all()[0]) == {}


def test_a_photo_is_found_by_its_id_in_each_patrol_that_has_it(tmp_path, frame):
    other = replace(frame, photo_id="b")
    patrols = [keep_patrol(tmp_path / "x", [frame, other], "x"), *three(tmp_path, frame)]
    held = Holdings(patrols)
    assert [holding.patrol_id for holding in held.having("a")] == ["x", "p", "q", "r"]
    assert [holding.patrol_id for holding in held.having("b")] == ["x"]
    assert held.having("c") == []
    assert held.holding("p", "b") is None


def test_patrols_that_come_are_found_when_asked_for_or_after_a_minute(tmp_path, frame):
    first, second, third = three(tmp_path, frame)
    come: list[list[PatrolPhotos]] = []
    clock = Clock()
    held = Holdings([first], lambda: come.pop() if come else [], clock_s=clock)
    come.append([second])
    assert held.holding("q") is None  # somebody has just looked
    clock.now_s += LOOK_AGAIN_S
    assert [holding.patrol_id for holding in held.all()] == ["p"]
    assert held.holding("p", "a") is not None
    assert held.version == 0
    found = held.holding("q", "a")
    assert (found is not None, held.version) == (True, 1)
    come.append([third])
    clock.now_s += LOOK_EVERY_S
    assert [holding.patrol_id for holding in held.all()] == ["p", "q", "r"]


def test_a_photo_that_no_patrol_had_is_looked_for(tmp_path, frame):
    later = keep_patrol(tmp_path / "photos", [replace(frame, photo_id="b")], "later")
    clock = Clock()
    held = Holdings(three(tmp_path, frame), lambda: [later], clock_s=clock)
    clock.now_s += LOOK_AGAIN_S
    assert [holding.patrol_id for holding in held.having("b")] == ["later"]


def test_a_patrol_that_comes_with_a_torn_table_stops_nothing(tmp_path, frame):
    first, second, third = three(tmp_path, frame)
    second.table.write_bytes(b"torn")
    clock = Clock()
    held = Holdings([first], lambda: [second, third], clock_s=clock)
    clock.now_s += LOOK_EVERY_S
    assert [holding.patrol_id for holding in held.all()] == ["p", "r"]


def test_what_was_asked_for_last_is_kept_up_to_a_size():
    made: list[str] = []
    kept: Kept[str, str] = Kept(5, len, at_once=1)

    def ask(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key)

    for key in ("aa", "bb", "aa", "cc", "aa", "bb"):
        assert ask(key) == key
    assert made == ["aa", "bb", "cc", "bb"]
    assert ask("larger than all") == ask("larger than all")
    assert made[4:] == ["larger than all"]
