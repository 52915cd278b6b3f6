from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from cases.database import url_of
from cases.lifecycle import Action, Role
from cases.model import Claim, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from tests.cases import postgres

FLOWN = datetime(2026, 6, 10, 2, 30, tzinfo=UTC)
DAY = date(2026, 6, 10)
_numbers = count(1)
PHOTOS = {f"p{number}": f"{number:064x}" for number in range(10)}


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_rulebook()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of the databases of a server, with {name} for the name; `template` has all tables."""
    with postgres.server() as url:
        _execute(url.format(name="postgres"), "CREATE DATABASE template")
        Registry.open(url.format(name="template")).close()
        yield url


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a registry is kept: a file, then a database of its own on PostgreSQL."""
    if request.param == "sqlite":
        yield str(tmp_path / "cases.sqlite")
        return
    url: str = request.getfixturevalue("postgresql")
    name = f"t{next(_numbers)}"
    _execute(url.format(name="postgres"), f"CREATE DATABASE {name} TEMPLATE template")
    yield url.format(name=name)
    # at once, before the system has written all of its files to disk
    _execute(url.format(name="postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def registry(where: str) -> Iterator[Registry]:
    with Registry.open(where) as opened:
        yield opened


def tamper(where: str, *statements: str) -> None:
    """Change a registry behind the back of aerogrid and of all triggers."""
    engine = create_engine(url_of(where))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.exec_driver_sql(triggers).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def patrol() -> PatrolRecord:
    return patrol_on(0)


def patrol_on(day: int) -> PatrolRecord:
    """The patrol flown so many days after the first, with photos of its own."""
    photos = {photo_id: f"{day:08x}{digest[8:]}" for photo_id, digest in PHOTOS.items()}
    return PatrolRecord(f"patrol-{day}", FLOWN + timedelta(days=day), "a" * 64, photos)


def allowed(registry: Registry, case_no: str, role: Role = Role.INSPECTOR) -> tuple[Action, ...]:
    """What somebody in a role may do to a case."""
    return registry.possible(registry.case(case_no), role, FLOWN)[0]


def claimed(registry: Registry, case_no: str, now: datetime) -> Claim | None:
    """Who works on a case at a moment."""
    return registry.possible(registry.case(case_no), Role.INSPECTOR, now)[1]
