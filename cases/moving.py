"""EDGE: move a registry from a file of SQLite to a server of PostgreSQL, and prove what arrived."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from cases.database import connect, explained, path_of, without_password, writing
from cases.errors import RegistryError
from cases.heads import heads_beside
from cases.model import ChainReport, Head
from cases.proving import verify_all
from cases.registry import Registry

_CHUNK = 1000
_WAIT_S = 60.0
_MADE_BY_ITSELF = ("alembic_version", "case_counts", "case_points")
"""Tables, or what their names begin with, that a database fills by itself."""
_FILLED_AT_FIRST = frozenset({"alert_progress"})


@dataclass(frozen=True, slots=True)
class Moved:
    """What arrived.

    Attributes:
        rows: how many, by table.
        head: the last entry of the history.
    """

    rows: dict[str, int]
    head: Head


@dataclass(frozen=True, slots=True)
class _Content:
    """Rows of a table, in any order: how many, and the sum of their hashes."""

    rows: int = 0
    digest: int = 0

    def __add__(self, row: bytes) -> "_Content":
        hashed = int.from_bytes(hashlib.sha256(row).digest(), "big")
        return _Content(self.rows + 1, (self.digest + hashed) % 2**256)


def move(registry: Path, url: str) -> Moved:
    """Copy all that a registry holds into an empty one on a server, in one transaction.

    Nobody writes to the file meanwhile; it stays as it is. Before the transaction ends every table
    is read back and compared, by number and hash of its rows, and the history is verified as
    `audit` does, with all heads of the file.

    Raises:
        RegistryError: the registry is not sound, the other one is not empty or not on a server, or
            something else arrived; what was there before is there still.
    """
    if not registry.is_file():
        raise RegistryError(f"{registry}: no such file; name a registry, such as cases.sqlite")
    if path_of(url) is not None or not url.startswith("postgresql"):
        raise RegistryError(
            f"{without_password(url)}: is no server; give a URL such as "
            "postgresql+psycopg://user@host/name"
        )
    with Registry.open(registry) as opened:
        _require_sound(opened.verify_chain(), str(registry))
    heads = heads_beside(registry).read()
    source = connect(registry, lock_timeout_s=_WAIT_S)
    target = connect(url, lock_timeout_s=_WAIT_S)
    try:
        with (
            explained(source), explained(target),
            writing(source).begin() as old, writing(target).begin() as new,
        ):  # fmt: skip
            rows = copy_rows(old, new, without_password(url))
            with Session(new) as session:
                head = _require_sound(verify_all(session, heads), without_password(url))
    finally:
        source.dispose()
        target.dispose()
    return Moved(rows, head)


def _require_sound(report: ChainReport, named: str) -> Head:
    if not report.is_intact:
        raise RegistryError(
            f"{named}: its history is broken ({report.problems[0]}; {len(report.problems)} in "
            "all). Do not use it; `aerogrid audit` lists what is wrong"
        )
    return Head(report.events, report.head)


def copy_rows(old: Connection, new: Connection, named: str) -> dict[str, int]:
    """Copy all tables of a file into empty ones of a server; how many rows, by table.

    Raises:
        RegistryError: a table is not empty, or something else arrived than was sent; the caller
            then ends the transaction of `new` without keeping it.
    """
    rows = {}
    for name in _tables(old, new):
        theirs, ours = _columns(old, name), _columns(new, name)
        if name in _FILLED_AT_FIRST:
            new.execute(sa.delete(ours))
        before = new.execute(sa.select(sa.func.count()).select_from(ours)).scalar_one()
        if before:
            raise RegistryError(
                f"{named}: holds {before} {name} already; give an empty database, nothing was "
                "changed"
            )
        with _counted_at_once(new) if name == "cases" else nullcontext():
            sent = _sent(old, theirs, new, ours)
        arrived = _content(new, ours)
        if arrived != sent:
            raise RegistryError(
                f"{named}: of {sent.rows} {name} {arrived.rows} arrived, and not as they were "
                "sent; nothing was changed"
            )
        _count_on(new, ours)
        rows[name] = sent.rows
    return rows


@contextmanager
def _counted_at_once(new: Connection) -> Iterator[None]:
    """Count the cases that are written by one statement, in place of the trigger for each row.

    Within one transaction that goes over all earlier versions of the count it changes: 40,000
    cases of one stage, category and cell took 11 s, twice as many four times that.
    """
    keys = [told["name"] for told in sa.inspect(new).get_columns("case_counts")]
    listed = ", ".join(name for name in keys if name != "cases")
    new.exec_driver_sql("ALTER TABLE cases DISABLE TRIGGER cases_counted")
    yield
    new.exec_driver_sql(
        f"INSERT INTO case_counts ({listed}, cases) "
        f"SELECT {listed}, count(*) FROM cases GROUP BY {listed}"
    )
    new.exec_driver_sql("ALTER TABLE cases ENABLE TRIGGER cases_counted")


def _sent(old: Connection, theirs: sa.Table, new: Connection, ours: sa.Table) -> _Content:
    """Write all rows of a table, as PostgreSQL takes many at once; what was written."""
    content, names = _Content(), [column.name for column in theirs.columns]
    quoted = new.dialect.identifier_preparer.quote
    told = [_told(ours.columns[name], new.dialect) for name in names]
    into = f"COPY {quoted(ours.name)} ({', '.join(map(quoted, names))}) FROM STDIN"
    driver = new.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        for chunk in _chunks(old, theirs):
            for row in map(_for_server, chunk):
                copy.write_row([tell(row[name]) for name, tell in zip(names, told, strict=True)])
                content += _bytes_of(row)
    return content


def _told(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any]:
    """What makes of a value of a column what the driver takes."""
    tell = column.type.dialect_impl(dialect).bind_processor(dialect)
    return (lambda value: value) if tell is None else tell


def _content(connection: Connection, table: sa.Table) -> _Content:
    content = _Content()
    for chunk in _chunks(connection, table):
        for row in chunk:
            content += _bytes_of(row)
    return content


def _tables(old: Connection, new: Connection) -> list[str]:
    """Tables of both, those first that others refer to."""
    theirs = set(sa.inspect(old).get_table_names())
    ordered = [name for name, _ in sa.inspect(new).get_sorted_table_and_fkc_names() if name]
    return [
        name for name in ordered if name in theirs and not name.startswith(_MADE_BY_ITSELF)
    ]  # fmt: skip


def _columns(connection: Connection, name: str) -> sa.Table:
    """A table by its columns alone: its indexes lie over expressions that cannot be read."""
    inspector = sa.inspect(connection)
    keys = inspector.get_pk_constraint(name)["constrained_columns"]
    columns = [
        sa.Column(told["name"], told["type"], primary_key=told["name"] in keys, autoincrement=False)
        for told in inspector.get_columns(name)
    ]
    return sa.Table(name, sa.MetaData(), *columns)


def _chunks(connection: Connection, table: sa.Table) -> Iterator[Sequence[sa.RowMapping]]:
    rows = connection.execute(sa.select(table).execution_options(yield_per=_CHUNK)).mappings()
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _for_server(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of SQLite as the server takes it: SQLite's times have no zone, and are UTC."""
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _bytes_of(row: Mapping[Any, Any]) -> bytes:
    return repr([(name, _plain(row[name])) for name in sorted(row)]).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return bytes(value) if isinstance(value, bytes | memoryview) else value


def _count_on(connection: Connection, table: sa.Table) -> None:
    """Let numbers that the server gives go on after those that were copied."""
    for column in table.primary_key.columns:
        given = sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
        sequence = connection.execute(given).scalar()
        last = connection.execute(sa.select(sa.func.max(column))).scalar()
        if sequence is not None and last is not None:
            connection.execute(sa.select(sa.func.setval(sequence, last)))
