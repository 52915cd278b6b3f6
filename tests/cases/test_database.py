import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, delete, event, inspect, select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

import cases.account_tables
import cases.look_tables  # noqa: F401
import dispatch.alert_tables  # noqa: F401
from cases.chain import next_event
from cases.database import (
    MIGRATIONS,
    REVISION,
    connect,
    explained,
    migrate,
    path_of,
    url_of,
    without_password,
)
from cases.errors import RegistryError
from cases.filing import propose
from cases.heads import HeadFile
from cases.model import Head
from cases.registry import Registry
from cases.rows import event_from_row, event_values
from cases.rules import Rulebook
from cases.tables import Base, EventRow
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on, tamper
from tests.cases.test_registry import file, sights
from tests.cases.world import seen


def test_migrations_make_the_tables_that_the_mappings_say(where: str):
    engine = connect(where, lock_timeout_s=1)
    options = {"include_name": _is_ours}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether SQLAlchemy can know a table or index: not those of R*Tree and PostGIS."""
    return name not in {"spatial_ref_sys", "ix_cases_point"} and not (
        kind == "table" and str(name).startswith("case_points")
    )


def test_the_newest_migration_is_the_one_that_a_registry_needs():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_opening_again_keeps_the_cases(tmp_path: Path, rulebook: Rulebook):
    for _ in range(2):
        with Registry.open(tmp_path / "deep" / "cases.sqlite") as registry:
            file(registry, rulebook, sights(rulebook), patrol_on(0))
            assert len(registry.cases()) == 3


def test_migrations_go_down_and_up_with_cases_in_them(where: str, rulebook: Rulebook):
    with Registry.open(where) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
    engine = connect(where, lock_timeout_s=1)
    migrate(engine, "base")
    left = set(inspect(engine).get_table_names()) - {"spatial_ref_sys"}
    assert left == {"alembic_version"}
    migrate(engine)
    assert set(Base.metadata.tables) < set(inspect(engine).get_table_names())
    engine.dispose()


def make_old(where: str) -> None:
    """Bring a registry to revision 0001, whose entries did not vouch for filings."""
    engine = create_engine(url_of(where))
    migrate(engine, "0001")
    tamper(where)  # without triggers
    Path(f"{where}.heads").unlink(missing_ok=True)
    with Session(engine) as session, session.begin():
        events = [event_from_row(row) for row in session.scalars(select(EventRow))]
        session.execute(delete(EventRow))
        before = None
        for entry in sorted(events, key=lambda entry: entry.seq):
            before = next_event(
                before,
                case_no=entry.case_no,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                details={k: v for k, v in entry.details.items() if k != "filings"},
            )
            session.add(EventRow(**event_values(before)))
    engine.dispose()


def test_filings_of_before_are_sealed_once(where: str, rulebook: Rulebook):
    with Registry.open(where) as registry:
        for day in (0, 1):
            file(registry, rulebook, sights(rulebook, day), patrol_on(day))
        entries = registry.verify_chain().events
    make_old(where)
    for _ in range(2):
        with Registry.open(where) as registry:
            report = registry.verify_chain()
            assert (report.is_intact, report.events) == (True, entries + 1)
            assert file(registry, rulebook, sights(rulebook, 1), patrol_on(1)).already_filed
            assert len(registry.cases()) == 3
        engine = create_engine(url_of(where))
        migrate(engine, "0001")
        engine.dispose()
    with Registry.open(where) as registry:
        tamper(where, "UPDATE filings SET rule_version = 'other' WHERE filing_id = 1")
        assert registry.verify_chain().problems == (
            "filing 1 (patrol-0) is not what its entry says",
        )


def test_a_file_of_heads_outlives_a_torn_line(tmp_path: Path):
    heads = HeadFile(tmp_path / "cases.sqlite.heads")
    for number in (1, 2, 2):  # the same head again adds nothing
        with heads.appending() as keep:
            keep(Head(number, f"{number:064x}"))
    with heads.path.open("ab") as file:
        file.write(b"3 00")
    with heads.appending() as keep:
        keep(Head(4, f"{4:064x}"))
    assert [head.seq for head in heads.read()] == [1, 2, 4]


def test_heads_that_are_a_folder_stop_a_filing(tmp_path: Path, rulebook: Rulebook):
    with Registry.open(tmp_path / "cases.sqlite") as registry:
        (tmp_path / "cases.sqlite.heads").mkdir()
        with pytest.raises(RegistryError, match=r"cases\.sqlite\.heads: the head"):
            file(registry, rulebook, sights(rulebook), patrol_on(0))
        assert registry.cases() == []


def test_a_migration_that_is_cut_off_leaves_an_empty_file(tmp_path: Path, monkeypatch):
    path = tmp_path / "cases.sqlite"
    monkeypatch.setattr("alembic.command.upgrade", _create_half)
    with pytest.raises(RuntimeError):
        connect(path, lock_timeout_s=1)
    database = sqlite3.connect(path)
    assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    database.close()


def _create_half(config: Config, _revision: str) -> None:
    config.attributes["connection"].exec_driver_sql("CREATE TABLE cases (case_no TEXT)")
    raise RuntimeError("cut off")


def test_a_registry_of_a_newer_aerogrid_is_refused(tmp_path: Path):
    path = tmp_path / "cases.sqlite"
    Registry.open(path).close()
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RegistryError, match="newer aerogrid"):
        Registry.open(path)


def execute(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


def test_foreign_keys_and_write_ahead_log_are_on(tmp_path: Path):
    engine = connect(tmp_path / "cases.sqlite", lock_timeout_s=1)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_claims_do_not_wait_for_the_disk_and_decisions_always_do(
    tmp_path: Path, rulebook: Rulebook
):
    waits: list[object] = []
    with Registry.open(tmp_path / "cases.sqlite") as registry:
        [case_no, *_] = file(registry, rulebook, sights(rulebook), patrol_on(0)).new

        def look(connection, *_):
            waits.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

        event.listen(registry._engine, "commit", look)
        until = FLOWN + timedelta(minutes=5)
        for _ in range(2):
            registry.claim(case_no, "Chen", until=until, now=FLOWN)
        registry.decide(case_no, "confirm", actor="Chen", expected_version=1, now=FLOWN)
        registry.claim(case_no, "Chen", until=until, now=FLOWN)
    assert waits == [1, 1, 2, 1]  # NORMAL, FULL


def test_a_locked_registry_says_that_somebody_writes(tmp_path: Path, rulebook: Rulebook):
    path = tmp_path / "cases.sqlite"
    with Registry.open(path, lock_timeout_s=0.05) as registry:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegistryError, match="another program has been writing"):
            file(registry, rulebook, sights(rulebook), patrol_on(0))
        assert registry.cases() == []  # readers do not wait
        other.close()
        assert len(file(registry, rulebook, sights(rulebook), patrol_on(0)).new) == 3


def test_a_read_only_registry_can_be_read_but_not_written(tmp_path: Path, rulebook: Rulebook):
    path = tmp_path / "cases.sqlite"
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
    with Registry.open(f"sqlite:///file:{path}?mode=ro&uri=true") as registry:
        case = registry.cases()[0]
        with pytest.raises(RegistryError, match="it is read-only; give write permission"):
            registry.decide(case.case_no, "confirm", actor="a", expected_version=1, now=FLOWN)


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, rulebook: Rulebook):
    path = tmp_path / "cases.sqlite"
    Registry.open(path).close()
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _allow_few_pages)
    registry = Registry(engine)
    houses = [seen(f"h{n}", "building", 20 * n - 400, 200, 12) for n in range(40)]
    many = propose(houses, rulebook, NO_ZONES, on=DAY)
    with pytest.raises(RegistryError, match="the disk is full"):
        file(registry, rulebook, many, patrol_on(0))
    assert registry.cases() == []
    assert registry.verify_chain().events == 0
    registry.close()


def _allow_few_pages(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA max_page_count = 25")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "cases.sqlite"
    path.write_text("this is not a database, it is a letter to the editor " * 20, encoding="utf-8")
    with pytest.raises(RegistryError, match="not a case registry"):
        Registry.open(path)


def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path):
    path = tmp_path / "law-firm.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE cases (client TEXT)")
        other.commit()
        before = list(other.iterdump())
    with pytest.raises(RegistryError, match="tables of another program; name another file"):
        Registry.open(path)
    with closing(sqlite3.connect(path)) as other:
        assert list(other.iterdump()) == before


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(RegistryError, match="cannot be opened"):
        Registry.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RegistryError, match="folder cannot be made"):
        Registry.open(tmp_path / "file" / "cases.sqlite")


@pytest.mark.parametrize("url", ["nonsense://x", "postgresql+nodriver://u@h/d"])
def test_an_unusable_url_is_explained(url: str):
    with pytest.raises(RegistryError, match="Give a file path or a URL"):
        Registry.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresqlx://u:SECRET@h/db",
        "postgresqlx://u:SECRET@with@SECRET@h/db",
        "postgresqlx://u@h/db?password=SECRET",
        "postgresql+psycopg://u:SECRET@127.0.0.1:notaport/db",
        "post gresql://u:SECRET@h/db",
    ],
)
def test_a_password_is_never_told(url: str):
    with pytest.raises(RegistryError) as raised:
        Registry.open(url)
    assert "SECRET" not in str(raised.value)
    assert "***" in str(raised.value)


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("deep/cases.sqlite", "deep/cases.sqlite"),
        ("sqlite:////srv/cases.sqlite", "/srv/cases.sqlite"),
        ("sqlite:///file:/srv/cases.sqlite?mode=ro&uri=true", "/srv/cases.sqlite"),
        ("sqlite://", None),
        ("postgresql+psycopg://officer@host/cases", None),
    ],
)
def test_a_registry_in_a_file_is_told_from_one_on_a_server(named: str, path: str | None):
    assert path_of(named) == (path and Path(path))


def test_a_name_without_password_stays_as_it_is():
    for name in ("cases.sqlite", "postgresql://officer@host:5432/cases", "sqlite:////tmp/a@b:c"):
        assert without_password(name) == name


def test_a_session_asked_after_its_end_is_refused(tmp_path: Path):
    """It would take a connection again, which nobody gives back."""
    with Registry.open(tmp_path / "cases.sqlite") as registry:
        with registry._read() as session:
            session.scalar(text("SELECT 1"))
        with pytest.raises(InvalidRequestError, match="closed"):
            session.scalar(text("SELECT 1"))
        assert registry._engine.pool.checkedout() == 0


def test_a_registry_that_too_many_use_at_once_says_so(tmp_path: Path):
    engine = create_engine(
        f"sqlite:///{tmp_path / 'cases.sqlite'}", pool_size=1, max_overflow=0, pool_timeout=0
    )
    too_many = pytest.raises(RegistryError, match="too many use it at once")
    with engine.connect(), too_many, explained(engine):
        engine.connect()
    engine.dispose()
