"""EDGE: a registry's database while it is open: readers, one writer at a time, one state of all."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from cases.database import connect, explained, in_turn, session_of, writing
from cases.people import DISTRICT, Area


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
        with explained(self._engine), session_of(self._engine) as session:
            yield session

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        """Look at one state of all tables, where rows will do: a session takes twice the time."""
        with explained(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """Change tables in one transaction, which no other writer overlaps."""
        with (
            in_turn(self._engine),
            explained(self._engine),
            session_of(self._writing) as session,
            session.begin(),
        ):
            yield session


class AreaStore(Store):
    """A store as somebody of an area sees it; of the whole district when it is opened."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._area = DISTRICT

    @classmethod
    def open(cls, url_or_path: str | Path, *, lock_timeout_s: float = 10.0) -> Self:
        """Open a registry by path or SQLAlchemy URL; make or migrate its tables.

        Another program that writes is waited for up to `lock_timeout_s`.
        """
        return cls(connect(url_or_path, lock_timeout_s=lock_timeout_s))

    def within(self, area: Area) -> Self:
        """The same as somebody of an area sees it: nothing but what lies in the area.

        Filing and proving the history are not for it.
        """
        limited = copy.copy(self)
        limited._area = area
        return limited
