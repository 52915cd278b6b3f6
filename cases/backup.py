"""EDGE: copy a registry while others use it, and bring a copy back; both prove what they wrote."""

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from cases.database import without_password
from cases.errors import RegistryError
from cases.heads import heads_beside
from cases.model import ChainReport, Head
from cases.registry import Registry
from geo.files import replacing

TABLES = ("cases", "evidence", "events", "filings")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds.

    Attributes:
        rows: how many, by table.
        head: the last entry of its history.
    """

    path: Path
    rows: dict[str, int]
    head: Head


@dataclass(frozen=True, slots=True)
class Restored:
    """What bringing a copy back has done.

    Attributes:
        lost: last entry of the history that was there before, if the copy does not hold it.
        kept: where what was there before is kept, None where nothing was.
    """

    copied: Copied
    lost: Head | None
    kept: Path | None


def back_up(registry: Path, out: Path) -> Copied:
    """Copy a registry as it is at one moment; readers and writers go on meanwhile.

    Raises:
        RegistryError: there is a file already, or what would be copied is not sound.
    """
    _require(registry)
    if out.exists():
        raise RegistryError(f"{out}: is there already; name a new file for each backup")
    heads = heads_beside(registry).read()  # first, so that the copy holds all of them
    with replacing(out) as temporary:
        rows = _copy(registry, temporary)
        copied = _proven(temporary, rows, heads, named=registry)
    heads_beside(out).replace(heads)
    return Copied(out, rows, Head(copied.events, copied.head))


def dump(url: str, out: Path) -> None:
    """Have PostgreSQL's pg_dump write a registry as it is at one moment; without PostGIS itself.

    Raises:
        RegistryError: there is a file already, or pg_dump is missing, older than the server, or
            does not reach it.
    """
    if out.exists():
        raise RegistryError(f"{out}: is there already; name a new file for each backup")
    with replacing(out) as temporary:
        run_postgres(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--extension=plpgsql",
            f"--file={temporary}", url_for_programs(url),
        )  # fmt: skip


def url_for_programs(url: str) -> str:
    """Write the URL of a database as PostgreSQL's own programs take it.

    >>> url_for_programs("postgresql+psycopg://aerogrid@db/cases")
    'postgresql://aerogrid@db/cases'
    """
    return make_url(url).set(drivername="postgresql").render_as_string(False)


def run_postgres(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL.

    Raises:
        RegistryError: it failed, or is not installed.
    """
    try:
        done = subprocess.run([program, *arguments], check=False, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise RegistryError(
            f"{program}: is not installed; install PostgreSQL's client of the server's version"
        ) from error
    if done.returncode:
        raise RegistryError(f"{program} failed: {without_password(done.stderr.strip())}")


def restore(backup: Path, registry: Path, *, now: datetime) -> Restored:
    """Bring a copy back into a registry, in one transaction that its users see as any other.

    What was there before is kept in a file beside it, and the history says what was lost.

    Raises:
        RegistryError: the copy is not sound; the registry is as it was.
    """
    _require(backup)
    heads = heads_beside(backup).read()
    registry.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=registry.parent, prefix=".writing-") as folder:
        checked = Path(folder) / "checked.sqlite"
        rows = _copy(backup, checked)
        report = _proven(checked, rows, heads, named=backup)
        before, kept = _set_aside(registry)
        lost = before if before and not _holds(checked, before) else None
        _copy(checked, registry)
    heads_beside(registry).replace(heads)
    head = Head(report.events, report.head)
    with Registry.open(registry) as opened:
        details = {"entry": head.seq, "hash": head.hash}
        told = {"lost_entry": lost.seq, "lost_hash": lost.hash} if lost else {}
        opened.note("restore", {**details, **told}, now=now)
    return Restored(Copied(registry, rows, head), lost, kept)


def _require(path: Path) -> None:
    if not path.is_file():
        raise RegistryError(f"{path}: no such file; name a registry, such as cases.sqlite")


def _copy(source: Path, target: Path) -> dict[str, int]:
    """Copy the database of one file over that of another; count the rows of the moment."""
    with _explained(source), closing(_opened(source)) as read, closing(_opened(target)) as written:
        read.execute("BEGIN")
        rows = {name: _count(read, name) for name in TABLES}
        read.backup(written)
    return rows


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=10.0, isolation_level=None)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RegistryError(
            f"{path}: cannot be copied ({error}); it is no sound case registry, or the disk is full"
        ) from error


def _proven(
    copy: Path, rows: dict[str, int], heads: tuple[Head, ...], *, named: Path
) -> ChainReport:
    """Verify a copy: its history, everything against it, all heads, and the number of rows."""
    with Registry.open(copy) as registry:
        report = registry.verify_chain(heads)
    if not report.is_intact:
        raise RegistryError(
            f"{named}: its history is broken ({report.problems[0]}; {len(report.problems)} in "
            "all); nothing was written. `aerogrid audit` lists them"
        )
    with _explained(copy), closing(_opened(copy)) as connection:
        counted = {name: _count(connection, name) for name in TABLES}
        if any(counted[name] < rows[name] for name in TABLES):
            raise RegistryError(f"{named}: the copy holds {counted}, not {rows}; copy it again")
        connection.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    return report


def _holds(copy: Path, head: Head) -> bool:
    query = "SELECT 1 FROM events WHERE seq = ? AND hash = ?"
    with closing(_opened(copy)) as connection:
        return connection.execute(query, (head.seq, head.hash)).fetchone() is not None


def _set_aside(registry: Path) -> tuple[Head | None, Path | None]:
    """Keep what is there: a copy of a sound database, a damaged one moved out of the way."""
    if not registry.exists():
        return None, None
    kept = _free_name(registry)
    try:
        _copy(registry, kept)
        with closing(_opened(kept)) as connection:
            query = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
            last = connection.execute(query).fetchone()
    except (RegistryError, sqlite3.Error):
        for suffix in ("", "-wal", "-shm"):
            part = registry.with_name(registry.name + suffix)
            if part.exists():
                part.replace(kept.with_name(kept.name + suffix))
        last = None
    heads_beside(kept).replace(heads_beside(registry).read())
    return (Head(*last) if last else None), kept


def _free_name(registry: Path) -> Path:
    number = 1
    while (kept := registry.with_name(f"{registry.name}.before-{number}")).exists():
        number += 1
    return kept
