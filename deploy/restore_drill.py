"""Does the backup of a case registry bring everything back? The registry itself is only read.

    python deploy/restore_drill.py patrol/cases.sqlite
    python deploy/restore_drill.py postgresql+psycopg://aerogrid@db/cases

A backup is made as docs/operations.md says, brought back into something that is thrown away, and
its whole history is verified there. The second form needs pg_dump, pg_restore, createdb and dropdb,
and makes a database `aerogrid_drill` beside. Exit code 0: all of it came back.
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from cases.backup import back_up, restore
from cases.database import without_password
from cases.errors import RegistryError
from cases.registry import Registry
from geo.errors import AerogridError

DRILL = "aerogrid_drill"


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
    here = make_url(url).set(drivername="postgresql")
    there = here.set(database=DRILL)
    server = "--maintenance-db=" + here.set(database="postgres").render_as_string(False)
    dump = folder / "cases.dump"
    before = head_of(url)
    run("pg_dump", "--format=custom", f"--file={dump}", here.render_as_string(False))
    run("dropdb", "--if-exists", server, DRILL)
    run("createdb", server, DRILL)
    try:
        run("pg_restore", "--exit-on-error", f"--dbname={there.render_as_string(False)}", str(dump))
        after = head_of(there.set(drivername=make_url(url).drivername).render_as_string(False))
    finally:
        run("dropdb", server, DRILL)
    if after != before:
        raise RegistryError(
            f"{without_password(url)}: {after} came back instead of {before}; if people decided "
            "meanwhile, run it again"
        )
    return after


def run(*command: str) -> None:
    """Run a program of PostgreSQL."""
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RegistryError(f"{command[0]} failed: {without_password(done.stderr.strip())}")


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
        except (AerogridError, OSError) as error:
            sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
