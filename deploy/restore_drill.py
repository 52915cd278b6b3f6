"""Does the backup of a case registry bring everything back? The registry itself is only read.

    python deploy/restore_drill.py patrol/cases.sqlite
    python deploy/restore_drill.py postgresql+psycopg://aerogrid@db/cases

A backup is made as docs/operations.md says, brought back into something that is thrown away, and
its whole history is verified there. The second form needs pg_dump and pg_restore 14 or newer, and a
database `aerogrid_drill` beside, which is empty before and after. A superuser makes it once, for
the role that owns the registry; where there is none it is made, if the role may, and dropped again.
Exit code 0: all of it came back.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from cases.backup import back_up, dump, restore, run_postgres, url_for_programs
from cases.database import without_password
from cases.errors import RegistryError
from cases.registry import Registry
from geo.errors import AerogridError

DRILL = "aerogrid_drill"

_EMPTY = """
DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT oid::regclass::text AS name FROM pg_class AS c
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e'
    ) LOOP EXECUTE 'DROP TABLE IF EXISTS ' || it.name || ' CASCADE'; END LOOP;
  FOR it IN SELECT oid::regprocedure::text AS name FROM pg_proc AS p
    WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e'
    ) LOOP EXECUTE 'DROP FUNCTION IF EXISTS ' || it.name || ' CASCADE'; END LOOP;
END $$
"""
"""Drops all tables and functions of a database but those of its extensions."""


_HELD = """
SELECT c.relname FROM pg_class AS c
  WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
UNION SELECT p.proname || '()' FROM pg_proc AS p
  WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
"""
"""Names the tables, views and functions of a database but those of its extensions."""


def head_of(registry: str | Path) -> str:
    """The last entry of a registry, once its whole history is verified."""
    with Registry.open(registry) as opened:
        report = opened.verify_chain()
    if not report.is_intact:
        named = without_password(str(registry))
        raise RegistryError(f"{named}: its history is broken ({report.problems[0]})")
    return f"{report.events} {report.head}"


def drill_file(registry: Path, folder: Path) -> str:
    """Bring a backup of a file back into another one."""
    copied = back_up(registry, folder / "copy.sqlite")
    back = restore(copied.path, folder / "cases.sqlite", now=datetime.now(UTC)).copied
    head_of(folder / "cases.sqlite")
    if (back.rows, back.head) != (copied.rows, copied.head):
        raise RegistryError(f"{registry}: {back.rows} came back instead of {copied.rows}")
    return f"{back.head.seq} {back.head.hash}"


def drill_server(url: str, folder: Path) -> str:
    """Bring a backup of a database back into another one of the same server."""
    here = make_url(url)
    there = here.set(database=DRILL)
    if _database_of(here) == DRILL:
        raise RegistryError(
            f"{without_password(url)}: this is the database that drills empty; name the registry, "
            f"and where its own database has that name call it otherwise (ALTER DATABASE {DRILL} "
            "RENAME TO cases)"
        )
    copy = folder / "cases.dump"
    before = head_of(url)
    dump(url, copy)
    with _emptied(here, there):
        target = there.render_as_string(False)
        run_postgres(
            "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges",
            f"--dbname={url_for_programs(target)}", str(copy),
        )  # fmt: skip
        after = head_of(target)
    if after != before:
        raise RegistryError(
            f"{without_password(url)}: {after} came back instead of {before}; if people decided "
            "meanwhile, run it again"
        )
    return after


@contextmanager
def _emptied(here: URL, there: URL) -> Iterator[None]:
    """Give the drill's database, with nothing in it before and after; makes it where none is."""
    if execute(here, f"SELECT 1 FROM pg_database WHERE datname = '{DRILL}'"):
        _require_ours(here, there)
        execute(there, _EMPTY)
        try:
            yield
        finally:
            execute(there, _EMPTY)
        return
    try:
        execute(here, f"CREATE DATABASE {DRILL}")
    except DBAPIError as error:
        raise _not_allowed(here, error) from error
    try:
        try:
            execute(there, "CREATE EXTENSION IF NOT EXISTS postgis")
        except DBAPIError as error:
            raise _not_allowed(here, error) from error
        yield
    finally:
        execute(here, f"DROP DATABASE {DRILL}")


def _database_of(url: URL) -> str:
    """The database that a URL leads to; its options may name another one than its path."""
    return str(execute(url, "SELECT current_database()")[0][0])


def _require_ours(here: URL, there: URL) -> None:
    """Refuse to empty what holds anything but a registry that an earlier drill left there."""
    if _database_of(there) != DRILL:
        raise RegistryError(
            f"{without_password(str(here))}: names its database by an option of the URL, not by "
            "its path; write it as postgresql+psycopg://USER@HOST/NAME"
        )
    held = {name for (name,) in execute(there, _HELD)}
    others = held - {name for (name,) in execute(here, _HELD)}
    if others or (held and "alembic_version" not in held):
        raise RegistryError(
            f"{DRILL}: holds what no drill has left there ({', '.join(sorted(others or held)[:5])})"
            ", and would be emptied. If nobody needs it, drop that database; else give it another "
            "name. Then run the drill again"
        )


def _not_allowed(here: URL, error: DBAPIError) -> RegistryError:
    return RegistryError(
        f"{DRILL}: is not there, and {here.username or 'this role'} cannot make it "
        f"({str(error.orig).partition(chr(10))[0]}). A superuser makes it once: createdb --owner "
        f"{here.username or 'ROLE'} {DRILL} && psql {DRILL} -c 'CREATE EXTENSION postgis'"
    )


def execute(url: URL, statement: str) -> list[Any]:
    """Run a statement of SQL on a database, outside any transaction; the rows that it gives."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        done = connection.exec_driver_sql(statement)
        return list(done) if done.returns_rows else []


def main() -> None:
    """Drill, and tell the head that came back."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    registry = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        try:
            if "://" in registry:
                print("came back:", drill_server(registry, Path(folder)))
            else:
                print("came back:", drill_file(Path(registry), Path(folder)))
        except (AerogridError, DBAPIError, OSError) as error:
            sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
