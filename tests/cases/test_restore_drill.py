"""The drill of docs/operations.md brings a backup back, and says so where that fails."""

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, inspect

from cases.registry import Registry
from tests.cases.conftest import _execute, patrol_on, tamper
from tests.cases.test_registry import decide, file, first, sights

DRILL = Path(__file__).resolve().parents[2] / "deploy" / "restore_drill.py"


@pytest.fixture
def drill(monkeypatch, capsys):
    """Run the drill on a registry; what it prints, or the error that ends it."""

    def run(registry: str) -> str:
        monkeypatch.setattr(sys, "argv", [str(DRILL), registry])
        try:
            runpy.run_path(str(DRILL), run_name="__main__")
        except SystemExit as end:
            return str(end.code)
        return capsys.readouterr().out

    return run


def filled(where: str, rulebook) -> str:
    with Registry.open(where) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        decide(registry, first(registry), "reject")
        report = registry.verify_chain()
    return f"{report.events} {report.head}"


def test_a_registry_in_a_file_comes_back(tmp_path, rulebook, drill):
    where = str(tmp_path / "cases.sqlite")
    head = filled(where, rulebook)
    assert drill(where) == f"came back: {head}\n"
    tamper(where, "UPDATE cases SET score = 0.1")
    assert "history is broken" in drill(where)
    assert "none.sqlite: no such file" in drill(str(tmp_path / "none.sqlite"))


@pytest.fixture
def owned(postgresql, rulebook) -> Iterator[str]:
    """A registry of a role that owns its database and may do nothing else."""
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    server = postgresql.format(name="postgres")
    _execute(server, "CREATE ROLE officer LOGIN")
    _execute(server, "CREATE DATABASE owned OWNER officer")
    _execute(postgresql.format(name="owned"), "CREATE EXTENSION postgis")
    yield postgresql.replace("aerogrid@", "officer@").format(name="owned")
    for name in ("owned", "aerogrid_drill"):
        _execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _execute(server, "DROP ROLE officer")


def tables(where: str) -> list[str]:
    """Tables of a database besides those of PostGIS."""
    engine = create_engine(where, poolclass=NullPool)
    return [name for name in inspect(engine).get_table_names() if name != "spatial_ref_sys"]


def pg(program: str, where: str, *arguments: str | Path) -> str:
    """Run a program of PostgreSQL on a database as docs/operations.md has it."""
    named = where.replace("+psycopg", "")
    done = subprocess.run(
        [program, f"--dbname={named}", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_registry_on_a_server_comes_back(postgresql, rulebook, drill):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    server, where = (postgresql.format(name=name) for name in ("postgres", "drilled"))
    _execute(server, "CREATE DATABASE drilled TEMPLATE template")
    head = filled(where, rulebook)
    assert drill(where) == f"came back: {head}\n"
    tamper(where, "UPDATE cases SET score = 0.1")
    assert "history is broken" in drill(where)


def test_the_owner_of_a_database_drills_in_one_that_a_superuser_made(
    owned, postgresql, rulebook, drill
):
    head = filled(owned, rulebook)
    refused = drill(owned)
    assert "officer cannot make it (permission denied to create database)" in refused
    assert "createdb --owner officer aerogrid_drill" in refused
    beside = postgresql.format(name="aerogrid_drill")
    _execute(postgresql.format(name="postgres"), "CREATE DATABASE aerogrid_drill OWNER officer")
    _execute(beside, "CREATE EXTENSION postgis")
    for _ in range(2):
        assert drill(owned) == f"came back: {head}\n"
        assert tables(beside) == []
    tamper(postgresql.format(name="owned"), "UPDATE cases SET score = 0.1")
    assert "history is broken" in drill(owned)


def test_a_database_that_holds_something_else_is_not_emptied(owned, postgresql, rulebook, drill):
    head = filled(owned, rulebook)
    beside = owned.replace("/owned", "/aerogrid_drill")
    _execute(postgresql.format(name="postgres"), "CREATE DATABASE aerogrid_drill OWNER officer")
    _execute(postgresql.format(name="aerogrid_drill"), "CREATE EXTENSION postgis")
    _execute(beside, "CREATE TABLE trees (id INTEGER)")
    for table in ("alembic_version", "cases"):
        refused = drill(owned)
        assert "aerogrid_drill: holds what no drill has left there (trees)" in refused
        assert "trees" in tables(beside)
        _execute(beside, f"CREATE TABLE {table} (id INTEGER)")
    _execute(beside, "DROP TABLE trees")
    _execute(beside, "DROP TABLE alembic_version")
    assert "no drill has left there (cases)" in drill(owned)
    assert tables(beside) == ["cases"]
    _execute(beside, "CREATE TABLE alembic_version (id INTEGER)")  # as a killed drill leaves it
    assert drill(owned) == f"came back: {head}\n"
    assert tables(beside) == []


def test_a_registry_in_the_database_of_the_drill_is_not_drilled(owned, postgresql, rulebook, drill):
    _execute(postgresql.format(name="postgres"), "CREATE DATABASE aerogrid_drill OWNER officer")
    _execute(postgresql.format(name="aerogrid_drill"), "CREATE EXTENSION postgis")
    there = owned.replace("/owned", "/aerogrid_drill")
    head = filled(there, rulebook)
    filled(owned, rulebook)
    by_option = there.replace("/aerogrid_drill", "/owned") + "&dbname=aerogrid_drill"
    for where in (there, by_option):
        assert "this is the database that drills empty" in drill(where)
    lost = owned.replace("/owned", "/aerogrid_drill") + "&dbname=owned"
    assert "names its database by an option" in drill(lost)
    for where in (there, owned):
        with Registry.open(where) as registry:
            report = registry.verify_chain()
        assert f"{report.events} {report.head}" == head


@pytest.mark.parametrize(
    ("has_extension", "is_newer"), [(False, False), (True, False), (False, True)]
)
def test_the_owner_of_a_database_brings_a_backup_back_into_it(
    owned, tmp_path, rulebook, has_extension, is_newer
):
    head = filled(owned, rulebook)
    dump, listing = tmp_path / "cases.dump", tmp_path / "cases.list"
    leaving_out = () if has_extension else ("--extension=plpgsql",)
    pg("pg_dump", owned, "--format=custom", f"--file={dump}", *leaving_out)
    with Registry.open(owned) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(3))
    told = subprocess.run(
        ["pg_restore", "--list", dump], capture_output=True, text=True, check=True
    )
    assert ("EXTENSION" in told.stdout) == has_extension
    of_superuser = re.compile("EXTENSION|spatial_ref_sys")
    kept = [line for line in told.stdout.splitlines() if not of_superuser.search(line)]
    listing.write_text("\n".join(kept) + "\n")
    chosen = (f"--use-list={listing}",) if has_extension else ()
    if is_newer:
        _execute(owned, "CREATE TABLE of_a_newer_version (id INTEGER)")
        _execute(owned, "DROP OWNED BY officer")
    back = ("--clean", "--if-exists", "--no-owner", "--single-transaction", *chosen, dump)
    pg("pg_restore", owned, *back)
    with Registry.open(owned) as registry:
        report = registry.verify_chain()
    assert f"{report.events} {report.head}" == head
    assert "of_a_newer_version" not in tables(owned)
