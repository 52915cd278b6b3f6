"""EDGE: open the registry's database, bring it up to date, and explain what goes wrong."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from cases.errors import RegistryError

REVISION = "0010"
"""The newest migration; a database at this revision is used as it is."""

MIGRATIONS = Path(__file__).parent / "migrations"

_WRITE_LOCK = 0x6165726F67726964
"""Key of the advisory lock that a writer holds on PostgreSQL: "aerogrid" in ASCII."""

_SECRET_OF_USER = re.compile(r"(://[^:/?#\s]*:)\S*@")
_SECRET_IN_QUERY = re.compile(r"([?&]\w*password=)[^&\s'\"]*", re.IGNORECASE)

_LINES: dict[str, threading.Lock] = {}
_LINES_LOCK = threading.Lock()
_MOST_IN_LINE_S = 10.0

_EXPLANATIONS = (
    ("lock timeout", "another program has been writing to it for too long; wait and try again"),
    ("locked", "another program has been writing to it for too long; wait for it and try again"),
    ("readonly", "it is read-only; give write permission to the file and its folder"),
    ("disk is full", "the disk is full; free space and run again, nothing was half-written"),
    ("disk i/o error", "the disk reported an error; check it, nothing was half-written"),
    ("not a database", "it is not a case registry; name another file"),
    ("malformed", "the file is damaged; restore it from a backup"),
    ("connection failed", "its server does not answer as asked; check URL, server and password"),
    ("unable to open", "it cannot be opened; check the folder and its permissions"),
    ("already exists", "it holds the tables of another program; name another file or database"),
    ("append-only", "its history is append-only; entries are never changed or removed"),
)


def url_of(url_or_path: str | Path) -> str:
    """Make a SQLAlchemy URL of a path; a URL stays as it is."""
    given = str(url_or_path)
    return given if "://" in given else f"sqlite:///{given}"


def without_password(text: str) -> str:
    """Black out the passwords of all URLs in a text, so that it can be shown or kept.

    >>> without_password("postgresql://officer:secret@host/cases?sslpassword=other")
    'postgresql://officer:***@host/cases?sslpassword=***'
    """
    return _SECRET_IN_QUERY.sub(r"\1***", _SECRET_OF_USER.sub(r"\1***@", text))


def connect(url_or_path: str | Path, *, lock_timeout_s: float) -> Engine:
    """Open a database and bring its tables up to date; a missing SQLite file is made."""
    url = url_of(url_or_path)
    is_sqlite = url.startswith("sqlite")
    if is_sqlite and "://" not in str(url_or_path):
        _make_folder(Path(url_or_path))
    try:
        options = {"connect_args": {"timeout": lock_timeout_s}} if is_sqlite else {}
        engine = create_engine(url, **options)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        # ValueError: a port that is no number
        raise RegistryError(
            f"registry {without_password(url)!r}: {without_password(str(error))}. Give a file path "
            "or a URL such as postgresql+psycopg://user@host/name (needs the extra "
            "aerogrid[postgis])."
        ) from error
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _Begin(lock_timeout_s))
    with explained(engine):
        migrate(engine)
    return engine


def path_of(url_or_path: str | Path) -> Path | None:
    """Path of a registry that is a file; None for one on a server or in memory."""
    url = make_url(url_of(url_or_path))
    named = url.database if url.get_backend_name() == "sqlite" else None
    if not named or named == ":memory:":
        return None
    return Path(named.removeprefix("file:"))


def writing(engine: Engine) -> Engine:
    """Make the engine whose transactions take the write lock at once."""
    return engine.execution_options(aerogrid_writes=True)


@contextmanager
def in_turn(engine: Engine) -> Iterator[None]:
    """Let the writers of this program come one after the other, in the order in which they came.

    SQLite by itself lets each look again and again, up to 0.1 s apart. Who has waited for long goes
    on to where other programs are waited for, too.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    with _LINES_LOCK:
        line = _LINES.setdefault(str(engine.url), threading.Lock())
    is_mine = line.acquire(timeout=_MOST_IN_LINE_S)
    try:
        yield
    finally:
        if is_mine:
            line.release()


def session_of(engine: Engine) -> Session:
    """Begin to use a database; what asks after the end is refused.

    SQLAlchemy by itself would let it take a connection again, which nobody gives back.
    """
    return Session(engine, close_resets_only=False)


def fleeting(engine: Engine) -> Engine:
    """Make the engine of writes that a loss of power may take back, such as claims.

    They need not wait for the disk; all others that come after them put them there, too.
    """
    return engine.execution_options(aerogrid_writes=True, aerogrid_fleeting=True)


def migrate(engine: Engine, revision: str = REVISION) -> None:
    """Bring the tables to a revision, in one transaction; the newest by default."""
    with engine.connect() as connection:
        if _revision(connection) == revision:
            return
    with writing(engine).begin() as connection:
        current = _revision(connection)
        if current == revision:
            return
        _run_alembic(connection, current, revision)


def _run_alembic(connection: Connection, current: str | None, revision: str) -> None:
    # alembic takes 0.1 s to import, which only a new or old registry has to spend
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise RegistryError(
            f"{_name(connection.engine)} was made by a newer aerogrid (its tables are at revision "
            f"{current}, this one knows {', '.join(reversed(known))}); install the newer aerogrid"
        )
    goes_down = current is not None and (revision == "base" or revision < current)
    try:
        (command.downgrade if goes_down else command.upgrade)(config, revision)
    except CommandError as error:
        raise RegistryError(f"{_name(connection.engine)}: cannot be migrated: {error}") from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn errors of the database into messages that name the registry and say what to do."""
    try:
        yield
    except DBAPIError as error:
        raised = without_password(str(error.orig))
        advice = next(
            (words for sign, words in _EXPLANATIONS if sign in raised.lower()),
            "nothing was half-written; check the database and run again",
        )
        raise RegistryError(f"case registry {_name(engine)}: {advice} ({raised})") from error
    except PoolTimeoutError as error:
        raise RegistryError(
            f"case registry {_name(engine)}: too many use it at once; try again ({error})"
        ) from error


def _name(engine: Engine) -> str:
    return engine.url.database or without_password(str(engine.url))


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RegistryError(
            f"case registry {path}: its folder cannot be made ({error.strerror})"
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a decision that was answered survives power loss
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


class _Begin:
    """Begins transactions on PostgreSQL: writers one after the other, readers undisturbed."""

    def __init__(self, lock_timeout_s: float) -> None:
        self._lock_timeout_ms = round(1000 * lock_timeout_s)

    def __call__(self, connection: Connection) -> None:
        if connection.get_execution_options().get("aerogrid_writes", False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {self._lock_timeout_ms}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
        else:  # one state of all tables, as SQLite gives it
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("aerogrid_writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    waits = "NORMAL" if options.get("aerogrid_fleeting", False) else "FULL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {waits}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
