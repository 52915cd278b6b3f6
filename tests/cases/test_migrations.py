"""Every step of the tables can be taken back and again with cases in them, on both databases."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, inspect

from cases.accounts import Accounts
from cases.database import REVISION, connect, migrate, url_of
from cases.lifecycle import Action, Role, Stage
from cases.looking import Looks
from cases.people import Area
from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_accounts import PASSWORD, QUICK, chen
from tests.cases.test_registry import decide, everything, file, first, sights
from tests.cases.world import square


def fill(where: str, rulebook: Rulebook) -> None:
    """Three cases: seen twice, decided on and looked at again, one gone, one claimed."""
    with Registry.open(where) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        file(registry, rulebook, sights(rulebook, 1, without="boat"), patrol_on(1))
        case = first(registry)
        registry.decide(
            case.case_no, "confirm", actor="Chen", expected_version=case.version, now=FLOWN,
            look_share=1.0,
        )  # fmt: skip
        registry.claim_next("inspector", until=FLOWN + timedelta(minutes=5), now=FLOWN)
    with Looks.open(where) as looks:
        look = looks.next_for("Li", until=FLOWN + timedelta(minutes=5), now=FLOWN)
        assert look is not None
        looks.judge(
            "Li", look.case_no, Action.CONFIRM, role=Role.INSPECTOR, reason="", now=FLOWN,
            expected_version=looks.veiled(look, "Li").case.version,
        )  # fmt: skip
    with Accounts.open(where, hasher=QUICK) as accounts:
        accounts.add(chen(), PASSWORD)
        accounts.sign_in("chen", PASSWORD, address="127.0.0.1", now=FLOWN)


def looks_of(where: str) -> list[tuple[str, int]]:
    """The answer of each look, and how many steps of whoever has given it are known."""
    engine = create_engine(url_of(where))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT answer, steps FROM looks").all()
    engine.dispose()
    return [(answer, len(json.loads(steps))) for answer, steps in rows]


@pytest.mark.parametrize("revision", [f"000{number}" for number in range(1, 10)])
def test_down_and_up_again_keeps_every_row_and_the_chain(
    where: str, rulebook: Rulebook, revision: str
):
    fill(where, rulebook)
    assert looks_of(where) == [("confirm", 1)]
    before = sorted(map(repr, everything(where)))
    engine = connect(where, lock_timeout_s=5)
    migrate(engine, revision)
    tables = set(inspect(engine).get_table_names())
    assert ("claims" in tables) == (revision >= "0005")
    assert ("accounts" in tables) == (revision >= "0006")
    assert ("alerts" in tables) == (revision >= "0007")
    assert ("looks" in tables) == (revision >= "0008")
    if revision == "0008":
        assert "steps" not in {column["name"] for column in inspect(engine).get_columns("looks")}
    indexes = {index["name"] for index in inspect(engine).get_indexes("cases")}
    assert "ix_cases_town_stage" not in indexes
    assert ("ix_cases_town" in indexes) == (revision >= "0006")
    assert ("case_counts" in tables) == (revision >= "0004")
    assert ("case_points" in tables) == (revision >= "0004" and engine.dialect.name == "sqlite")
    migrate(engine)
    engine.dispose()
    assert sorted(map(repr, everything(where))) == before
    # the answer goes with its table, the steps that led to it with their column
    steps = {"0008": [("confirm", 0)], "0009": [("confirm", 1)]}
    assert looks_of(where) == steps.get(revision, [])
    with Registry.open(where) as registry:
        assert registry.verify_chain().problems == ()
        assert registry.count() == len(registry.cases()) == 3
        assert len(registry.cases(bbox=square(0, 0, 3000).bounds)) == 3
        town = registry.within(Area("West Town"))
        assert town.count() == len(town.cases()) == 3
        with Accounts.open(where, hasher=QUICK) as accounts:  # they go with their tables
            assert accounts.are_there() == (revision >= "0006")
        # the queue goes on from there, counted and on the map
        registry.release(registry.cases(stage=Stage.REPORTED)[0].case_no, "Chen")
        decide(registry, registry.cases(stage=Stage.REPORTED)[0], "confirm")
        assert registry.count(stage=Stage.ESTABLISHED) == 2
        assert registry.verify_chain().problems == ()


def test_a_registry_of_each_earlier_revision_is_brought_up_to_date(where: str, rulebook: Rulebook):
    fill(where, rulebook)
    for revision in ("0009", "0008", "0007", "0006", "0005", "0004", "0003", "0002", "0001"):
        engine = connect(where, lock_timeout_s=5)
        migrate(engine, revision)
        engine.dispose()
        with Registry.open(where) as registry:  # migrates by itself
            assert registry.verify_chain().problems == ()
    assert REVISION == "0010"
