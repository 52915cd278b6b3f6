"""Backups that deploy/back_up.py makes each night: whole ones, and the newest of them."""

import runpy
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cases.backup import run_postgres
from cases.errors import RegistryError
from cases.registry import Registry
from tests.cases.conftest import _execute, tamper
from tests.cases.test_restore_drill import filled

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
backed_up = runpy.run_path(str(DEPLOY / "back_up.py"))["backed_up"]
NOW = datetime(2026, 6, 10, 2, 30, tzinfo=UTC)


def test_the_newest_backups_of_a_file_stay_and_nothing_else_goes(tmp_path, rulebook):
    registry, folder = tmp_path / "cases.sqlite", tmp_path / "backups"
    head = filled(str(registry), rulebook)
    for day in range(3):
        out = backed_up(str(registry), folder, keep=2, now=NOW + timedelta(days=day))
        if day == 0:
            for other in ("cases-2026-06-09.sqlite", "cases-20200101T000000Z.sqlite.mine"):
                (folder / other).write_text("somebody's own")
    assert out.name == "cases-20260612T023000Z.sqlite"
    assert sorted(path.name for path in folder.iterdir()) == [
        "cases-20200101T000000Z.sqlite.mine",
        "cases-2026-06-09.sqlite",
        "cases-20260611T023000Z.sqlite",
        "cases-20260611T023000Z.sqlite.heads",
        "cases-20260612T023000Z.sqlite",
        "cases-20260612T023000Z.sqlite.heads",
    ]
    with Registry.open(out) as copy:
        report = copy.verify_chain()
    assert (report.is_intact, f"{report.events} {report.head}") == (True, head)
    tamper(str(registry), "UPDATE cases SET score = 0.1")
    before = sorted(folder.iterdir())
    with pytest.raises(RegistryError, match="history is broken"):
        backed_up(str(registry), folder, keep=1, now=NOW + timedelta(days=3))
    assert sorted(folder.iterdir()) == before


def test_a_backup_of_a_server_comes_back_and_the_oldest_go(postgresql, rulebook, tmp_path):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    where, back = (postgresql.format(name=name) for name in ("nightly", "nightly_back"))
    for name in ("nightly", "nightly_back"):
        _execute(
            postgresql.format(name="postgres"),
            f"CREATE DATABASE {name} TEMPLATE {'template' if name == 'nightly' else 'template0'}",
        )
    _execute(back, "CREATE EXTENSION postgis")
    head = filled(where, rulebook)
    for day in range(3):
        out = backed_up(where, tmp_path, keep=2, now=NOW + timedelta(days=day))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cases-20260611T023000Z.dump",
        "cases-20260612T023000Z.dump",
    ]
    run_postgres(
        "pg_restore", "--exit-on-error", "--no-owner",
        f"--dbname={back.replace('+psycopg', '')}", str(out),
    )  # fmt: skip
    with Registry.open(back) as copy:
        report = copy.verify_chain()
    assert f"{report.events} {report.head}" == head
    nowhere = postgresql.format(name="nowhere")
    with pytest.raises(RegistryError, match=r"pg_dump failed.*nowhere"):
        backed_up(nowhere, tmp_path, keep=1, now=NOW + timedelta(days=3))
    assert len(list(tmp_path.iterdir())) == 2


def test_without_the_client_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RegistryError, match="pg_dump: is not installed; install PostgreSQL's"):
        backed_up("postgresql+psycopg://aerogrid@db/cases", tmp_path, keep=1, now=NOW)


def test_keeping_none_is_refused():
    done = subprocess.run(
        [sys.executable, DEPLOY / "back_up.py", "cases.sqlite", "backups", "--keep", "0"],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(DEPLOY.parent)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "0: at least one backup has to stay" in done.stderr
