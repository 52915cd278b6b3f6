"""A PostgreSQL of the tests' own: in a folder of its own, on a socket, ended by its own id."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

USER = "aerogrid"
DURABLE = "-c listen_addresses="
"""All as PostgreSQL has it, so that what was answered is on disk."""
_QUICK = (
    f"{DURABLE} -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    named = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


def _owner() -> str | None:
    """Whom the server runs as: PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _require_postgis(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        query = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
        is_there = connection.exec_driver_sql(query).first() is not None
    engine.dispose()
    if not is_there:
        pytest.skip("PostGIS is not installed (Debian: apt install postgresql-15-postgis-3)")


@contextmanager
def server(settings: str = _QUICK) -> Iterator[str]:
    """Start a server; gives the URL of a database, without its name. Skips where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgis)")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="aerogrid-pg-"))  # short: a socket's path has a limit
    owner = _owner()

    def run(program: str, *arguments: str) -> None:
        command = [binaries / program, "-D", folder / "data", *arguments]
        log = folder / f"{program}.out"
        with log.open("ab") as told:
            done = subprocess.run(
                command, cwd=folder, user=owner, stdout=told, stderr=told, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {log.read_text(errors='replace')[-2000:]}")

    try:
        if owner:
            shutil.chown(folder, owner)
        run(
            "initdb", "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"
        )
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", f"-k {folder} {settings}")
        try:
            url = f"postgresql+psycopg://{USER}@/{{name}}?host={folder}"
            _require_postgis(url.format(name="postgres"))
            yield url
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
