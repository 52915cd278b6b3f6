"""A backup is proven, and bringing it back says what it cost."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.crash import file_patrol
from cases.backup import back_up, restore
from cases.errors import RegistryError
from cases.heads import heads_beside
from cases.lifecycle import Stage
from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import FLOWN, patrol_on, tamper
from tests.cases.test_registry import decide, file, first, sights

NOW = FLOWN + timedelta(days=30)


@pytest.fixture
def path(tmp_path: Path, rulebook: Rulebook) -> Path:
    """A registry of three cases, one of them rejected."""
    path = tmp_path / "cases.sqlite"
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        decide(registry, first(registry), "reject")
    return path


def test_a_backup_holds_everything_and_its_heads(path: Path, tmp_path: Path):
    copied = back_up(path, tmp_path / "safe" / "copy.sqlite")
    assert copied.rows == {"cases": 3, "evidence": 4, "events": 5, "filings": 1}
    with Registry.open(path) as one, Registry.open(copied.path) as other:
        assert other.cases() == one.cases()
        assert other.verify_chain().head == one.verify_chain().head == copied.head.hash
    assert heads_beside(copied.path).read()[-1].hash == copied.head.hash
    assert not list(tmp_path.glob("safe/.writing*"))


def test_a_backup_is_a_single_moment_while_others_write(
    path: Path, tmp_path: Path, rulebook: Rulebook
):
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        with Registry.open(path) as registry:
            while not stop.is_set():
                number += 1
                file_patrol(registry, rulebook, number, now=FLOWN)
                started.set()

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    try:
        for number in range(4):
            copied = back_up(path, tmp_path / f"copy-{number}.sqlite")
            assert copied.rows["events"] == copied.head.seq
    finally:
        stop.set()
        writer.join()


def test_a_broken_registry_is_not_backed_up(path: Path, tmp_path: Path):
    tamper(str(path), "UPDATE cases SET score = 0.1")
    with pytest.raises(RegistryError, match="history is broken"):
        back_up(path, tmp_path / "copy.sqlite")
    assert not (tmp_path / "copy.sqlite").exists()


def test_a_backup_never_replaces_another(path: Path, tmp_path: Path):
    back_up(path, tmp_path / "copy.sqlite")
    with pytest.raises(RegistryError, match="is there already"):
        back_up(path, tmp_path / "copy.sqlite")
    with pytest.raises(RegistryError, match="no such file"):
        back_up(tmp_path / "nothing.sqlite", tmp_path / "other.sqlite")
    (tmp_path / "letter").write_text("dear editor " * 500, encoding="utf-8")
    with pytest.raises(RegistryError, match="no sound case registry"):
        back_up(tmp_path / "letter", tmp_path / "other.sqlite")
    assert not (tmp_path / "other.sqlite").exists()


def test_a_restored_registry_is_the_backup_and_says_what_was_lost(path: Path, tmp_path: Path):
    back_up(path, tmp_path / "copy.sqlite")
    with Registry.open(path) as registry:  # stays open, as the review page does
        case = registry.cases(stage=Stage.REPORTED)[0]
        decide(registry, case, "confirm")
        later = registry.verify_chain()
        restored = restore(tmp_path / "copy.sqlite", path, now=NOW)
        assert registry.case(case.case_no).stage is Stage.REPORTED
        assert registry.verify_chain().is_intact
        decide(registry, case, "confirm")
        assert registry.verify_chain().is_intact
    assert restored.lost is not None
    assert (restored.lost.seq, restored.lost.hash) == (6, later.head)
    assert restored.kept is not None
    with Registry.open(restored.kept) as kept:
        assert kept.verify_chain().head == later.head


def test_restoring_what_is_there_loses_nothing(path: Path, tmp_path: Path):
    back_up(path, tmp_path / "copy.sqlite")
    assert restore(tmp_path / "copy.sqlite", path, now=NOW).lost is None
    with Registry.open(path) as registry:
        assert registry.verify_chain().is_intact
        assert len(registry.cases()) == 3


def test_a_damaged_registry_is_moved_aside(path: Path, tmp_path: Path):
    back_up(path, tmp_path / "copy.sqlite")
    path.write_bytes(b"\0" * 5000)
    restored = restore(tmp_path / "copy.sqlite", path, now=NOW)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == b"\0" * 5000
    with Registry.open(path) as registry:
        assert registry.verify_chain().is_intact


def test_a_lost_registry_is_made_anew(path: Path, tmp_path: Path):
    back_up(path, tmp_path / "copy.sqlite")
    restored = restore(tmp_path / "copy.sqlite", tmp_path / "new" / "cases.sqlite", now=NOW)
    assert restored.kept is None
    with Registry.open(tmp_path / "new" / "cases.sqlite") as registry:
        assert len(registry.cases()) == 3


def test_a_forged_backup_is_refused_and_changes_nothing(path: Path, tmp_path: Path):
    copy = back_up(path, tmp_path / "copy.sqlite").path
    tamper(str(copy), "DELETE FROM events WHERE seq = 5")
    tamper(str(copy), "UPDATE cases SET stage = 'reported', version = 1")
    before = path.read_bytes()
    with pytest.raises(RegistryError, match="known from"):
        restore(copy, path, now=NOW)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("cases.sqlite.before*"))


def test_an_old_backup_is_brought_up_to_date_and_stays_as_it_is(path: Path, tmp_path: Path):
    copy = back_up(path, tmp_path / "copy.sqlite").path
    before = copy.read_bytes()
    restore(copy, path, now=NOW)
    assert copy.read_bytes() == before
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
