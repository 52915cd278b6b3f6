"""EDGE: move a registry from a file of SQLite to a server of PostgreSQL, and prove what arrived."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from cases.database import connect, explained, path_of, without_password, writing
from cases.errors import RegistryError
from cases.heads import heads_beside
from cases.model import Head
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

    Nobody writes to the file meanwhile; it stays as it is. Every table is read back and compared,
    by number and hash of its rows, before the transaction ends, and afterwards the history is
    verified as `audit` does, with all heads of the file.

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
    _require_sound(registry, str(registry), ())
    source = connect(registry, lock_timeout_s=_WAIT_S)
    target = connect(url, lock_timeout_s=_WAIT_S)
    try:
        with (
            explained(source), explained(target),
            writing(source).begin() as old, writing(target).begin() as new,
        ):  # fmt: skip
            rows = _copied(old, new, without_password(url))
    finally:
        source.dispose()
        target.dispose()
    head = _require_sound(url, without_password(url), heads_beside(registry).read())
    return Moved(rows, head)


def _require_sound(where: str | Path, named: str, heads: Sequence[Head]) -> Head:
    with Registry.open(where) as opened:
        report = opened.verify_chain(heads)
    if not report.is_intact:
        raise RegistryError(
            f"{named}: its history is broken ({report.problems[0]}; {len(report.problems)} in "
            "all). Do not use it; `aerogrid audit` lists what is wrong"
        )
    return Head(report.events, report.head)


def _copied(old: Connection, new: Connection, named: str) -> dict[str, int]:
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
        sent, arrived = _sent(old, theirs, new, ours), _content(new, ours)
        if arrived != sent:
            raise RegistryError(
                f"{named}: of {sent.rows} {name} {arrived.rows} arrived, and not as they were "
                "sent; nothing was changed"
            )
        _count_on(new, ours)
        rows[name] = sent.rows
    return rows


def _sent(old: Connection, theirs: sa.Table, new: Connection, ours: sa.Table) -> _Content:
    """Write all rows of a table; what was written."""
    content = _Content()
    for chunk in _chunks(old, theirs):
        values = [_for_server(row) for row in chunk]
        new.execute(sa.insert(ours), values)
        for row in values:
            content += _bytes_of(row)
    return content


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
