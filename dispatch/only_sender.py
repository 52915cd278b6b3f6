"""EDGE: one sender for a registry: two would hand the same alerts over at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from cases.database import explained, path_of, url_of
from dispatch.errors import AlertError

_LOCK = 0x616C65727473
"""Key of the advisory lock that a sender holds on PostgreSQL: "alerts" in ASCII."""

_ADVICE = "another sender is at work on this registry; end that one first"


@contextmanager
def only_sender(url_or_path: str | Path) -> Iterator[None]:
    """Hold the right to send; the system gives it back when the process ends, however it ends.

    Raises:
        AlertError: somebody else holds it.
    """
    path = path_of(url_or_path)
    with _of_file(path) if path else _of_server(url_of(url_or_path)):
        yield


@contextmanager
def _of_file(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.sender").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlertError(f"{path}: {_ADVICE}") from error
        yield


@contextmanager
def _of_server(url: str) -> Iterator[None]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with explained(engine), engine.connect() as connection:
            query = text("SELECT pg_try_advisory_lock(:key)")
            if not connection.execute(query, {"key": _LOCK}).scalar():
                raise AlertError(f"{engine.url.database}: {_ADVICE}")
            yield
    finally:
        engine.dispose()
