"""EDGE: a registry's database while it is open: readers, one writer at a time, one state of all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from cases.database import explained, writing


class Store:
    """What is kept in a registry's database, or a part of it; may be shared between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._writing = engine, writing(engine)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _read(self) -> Iterator[Session]:
        """Look at one state of all tables."""
        with explained(self._engine), Session(self._engine) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """Change tables in one transaction, which no other writer overlaps."""
        with explained(self._engine), Session(self._writing) as session, session.begin():
            yield session
