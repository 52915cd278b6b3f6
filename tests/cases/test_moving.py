"""A registry moves to a server as it was, or not at all."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cases import moving
from cases.database import url_of
from cases.errors import RegistryError
from cases.heads import heads_beside
from cases.lifecycle import Stage
from cases.model import Head
from cases.moving import move
from cases.registry import Registry
from tests.cases.conftest import _execute, patrol_on, tamper
from tests.cases.test_registry import decide, file, first, sights

_numbers = count(1)


@pytest.fixture
def path(tmp_path: Path, rulebook) -> Path:
    """A registry of three cases, one of them rejected."""
    path = tmp_path / "cases.sqlite"
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        decide(registry, first(registry), "reject")
    signed_in(url_of(path), "before", 7)
    return path


def signed_in(url: str, name: str, number: int | None = None) -> int:
    """Note that somebody signed in; the number that the entry has, where none is given."""
    engine = create_engine(url)
    values = {"at": "2026-06-10 02:30:00.000000", "name": name, "address": "", "outcome": "ok"}
    if number is not None:
        values["sign_in_id"] = number
    columns, places = ", ".join(values), ", ".join(f":{column}" for column in values)
    insert = f"INSERT INTO sign_ins ({columns}) VALUES ({places}) RETURNING sign_in_id"
    with engine.begin() as connection:
        given = connection.execute(text(insert), values).scalar_one()
    engine.dispose()
    return int(given)


@pytest.fixture
def server(postgresql: str) -> Iterator[str]:
    """A database without any tables yet."""
    name = f"moved{next(_numbers)}"
    _execute(postgresql.format(name="postgres"), f"CREATE DATABASE {name}")
    yield postgresql.format(name=name)
    _execute(postgresql.format(name="postgres"), f"DROP DATABASE {name} WITH (FORCE)")


def test_a_registry_arrives_as_it_was_and_goes_on_there(path, server, rulebook):
    moved = move(path, server)
    assert {name: moved.rows[name] for name in ("cases", "evidence", "events", "filings")} == {
        "cases": 3, "evidence": 4, "events": 5, "filings": 1,
    }  # fmt: skip
    with Registry.open(path) as old, Registry.open(server) as new:
        assert new.cases(stage=list(Stage)) == old.cases(stage=list(Stage))
        assert new.count() == old.count()
        assert moved.rows["sign_ins"] == 1
        assert list(new.filings()) == list(old.filings())
        assert new.verify_chain(heads_beside(path).read()).head == moved.head.hash
        assert signed_in(server, "anew") == 8
        counted = new.counts()
        assert counted == old.counts()
        result = file(new, rulebook, sights(rulebook), patrol_on(1))
        assert result.same
        last = new.cases(order="number")[-1]
        decide(new, last, "reject")  # what is decided there is counted there
        assert new.counts() != counted
        assert new.verify_chain().is_intact


def test_a_history_that_lacks_a_head_on_the_server_is_not_kept(path, server, monkeypatch):
    heads = heads_beside(path).read()

    class Noted:
        def read(self) -> list[Head]:
            return [*heads, Head(99, "ab" * 32, "a bulletin")]

    monkeypatch.setattr(moving, "heads_beside", lambda _: Noted())
    with pytest.raises(RegistryError, match=r"history is broken .*known from a bulletin"):
        move(path, server)
    with Registry.open(server) as registry:
        assert registry.cases() == []
        assert registry.verify_chain().events == 0
    monkeypatch.undo()
    assert move(path, server).head.hash == heads[-1].hash


def test_marks_of_the_way_of_copying_arrive_as_text(path, server):
    said = "a\tb\\N \\. \n\r 'c\" 巡查"
    signed_in(url_of(path), said, 8)
    move(path, server)
    engine = create_engine(server)
    with engine.connect() as connection:
        query = text("SELECT name FROM sign_ins WHERE sign_in_id = 8")
        assert connection.execute(query).scalar_one() == said
    engine.dispose()


def test_a_server_that_holds_cases_is_refused_and_left_as_it_was(path, server, rulebook):
    with Registry.open(server) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(3))
        before = registry.verify_chain()
    with pytest.raises(RegistryError, match=r"holds \d+ \w+ already; give an empty database"):
        move(path, server)
    with Registry.open(server) as registry:
        assert registry.verify_chain() == before


def test_a_registry_that_is_not_sound_is_not_moved(path, server):
    tamper(str(path), "UPDATE cases SET score = 0.1")
    with pytest.raises(RegistryError, match="history is broken"):
        move(path, server)


def test_what_arrives_otherwise_than_it_was_sent_is_not_kept(path, server, monkeypatch):
    def rounded(connection, table, chunks=moving._chunks):
        is_spoiled = connection.dialect.name == "postgresql" and table.name == "cases"
        for chunk in chunks(connection, table):
            yield [{**row, "score": 0.5} if is_spoiled else row for row in chunk]

    monkeypatch.setattr(moving, "_chunks", rounded)
    with pytest.raises(RegistryError, match="of 3 cases 3 arrived, and not as they were sent"):
        move(path, server)
    with Registry.open(server) as registry:
        assert registry.cases() == []


@pytest.mark.parametrize("url", ["other.sqlite", "sqlite:///other.sqlite", "mysql://host/name"])
def test_what_is_no_server_is_refused(path, url):
    with pytest.raises(RegistryError, match="is no server; give a URL"):
        move(path, url)


def test_a_registry_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"none\.sqlite: no such file"):
        move(tmp_path / "none.sqlite", "postgresql+psycopg://user@host/name")
