"""Filing a patrol again replaces what it said, in every case that it spoke of."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Polygon

from cases.database import connect, migrate
from cases.errors import FilingError, RegistryError
from cases.filing import propose
from cases.lifecycle import Role, Stage
from cases.model import Case, FilingResult, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from tests.cases.conftest import DAY, patrol_on, tamper
from tests.cases.world import SEEN, seen, square, zones

BOOK = load_rulebook()
EVERYWHERE = (square(0, 0, 3000),)
HOUSE = 60.0


def file(
    registry: Registry,
    day: int,
    *houses_x_m: float,
    covered: Sequence[Polygon] = EVERYWHERE,
    score: float = 0.9,
    patrol: PatrolRecord | None = None,
) -> FilingResult:
    """File what a patrol says: a house at each place, nothing elsewhere where it covered."""
    items = [
        seen(f"h{n}", "building", x_m, 60, 12, score=score, at=SEEN + timedelta(days=day))
        for n, x_m in enumerate(houses_x_m)
    ]
    patrol = patrol or patrol_on(day)
    return registry.file(
        patrol,
        propose(items, BOOK, zones(), on=DAY),
        rulebook=BOOK,
        footprints=covered,
        now=patrol.flown_at,
    )


def the_case(registry: Registry) -> Case:
    [case] = registry.cases()
    return case


def looks(case: Case) -> Case:
    """A case without the mark of how often it was written."""
    return replace(case, version=0, evidence=tuple(replace(e, version=0) for e in case.evidence))


def test_a_miss_that_is_taken_back_brings_the_case_back(registry: Registry):
    file(registry, 0, HOUSE)
    before = the_case(registry)
    assert file(registry, 3).gone == (before.case_no,)
    file(registry, 3, covered=())
    assert looks(the_case(registry)) == looks(before)
    assert [event.action for event in registry.history(before.case_no)][-1] == "retract"
    assert registry.verify_chain().is_intact


def test_a_sight_that_is_taken_back_leaves_the_sight_before(registry: Registry):
    file(registry, 0, HOUSE)
    before = the_case(registry)
    file(registry, 3, HOUSE + 2, score=0.7)
    assert the_case(registry).last_patrol_id == "patrol-3"
    file(registry, 3, covered=())
    assert looks(the_case(registry)) == looks(before)
    assert len(registry.evidence(before.case_no)) == 2  # the registry keeps what was filed
    assert registry.verify_chain().is_intact


def test_a_sight_that_became_a_miss_makes_the_case_gone(registry: Registry):
    file(registry, 0, HOUSE)
    file(registry, 3, HOUSE)
    result = file(registry, 3)
    assert result.gone == (the_case(registry).case_no,)
    assert the_case(registry).gone_at == patrol_on(3).flown_at
    assert the_case(registry).last_patrol_id == "patrol-0"


def test_the_next_miss_stands_when_the_first_is_taken_back(registry: Registry):
    file(registry, 0, HOUSE)
    file(registry, 3)
    assert file(registry, 5).gone == ()  # it was gone already
    file(registry, 3, covered=())
    assert the_case(registry).gone_at == patrol_on(5).flown_at


def test_a_sight_filed_late_does_not_undo_a_later_miss(registry: Registry):
    file(registry, 0, HOUSE)
    file(registry, 5)
    file(registry, 3, HOUSE)
    assert the_case(registry).gone_at == patrol_on(5).flown_at
    assert the_case(registry).last_patrol_id == "patrol-3"


def test_a_case_outlives_the_patrol_that_opened_it(registry: Registry):
    file(registry, 0, HOUSE)
    file(registry, 3, HOUSE + 1)
    result = file(registry, 0)
    assert result.withdrawn == ()
    case = the_case(registry)
    assert (case.patrol_id, case.first_seen) == ("patrol-3", SEEN + timedelta(days=3))
    assert {entry.patrol_id for entry in case.evidence} == {"patrol-3"}


def test_a_closed_case_is_not_opened_a_second_time_by_the_same_patrol(registry: Registry):
    file(registry, 0, HOUSE)
    case = the_case(registry)
    for action in ("confirm", "assign", "start", "feed_back", "close"):
        case = registry.decide(
            case.case_no, action, actor="a", role=Role.ADMINISTRATOR,
            expected_version=case.version, now=SEEN,
        )  # fmt: skip
    assert file(registry, 0, HOUSE + 1).new == ()
    assert the_case(registry).stage is Stage.CLOSED
    assert file(registry, 5, HOUSE).new  # another patrol sees it built again


def test_a_case_that_a_person_confirmed_stays_when_its_only_sight_is_taken_back(
    registry: Registry,
):
    file(registry, 0, HOUSE)
    case = the_case(registry)
    case = registry.decide(
        case.case_no, "confirm", actor="a", expected_version=case.version, now=SEEN
    )
    assert file(registry, 0).withdrawn == ()
    assert looks(the_case(registry)) == looks(case)
    [*_, last] = registry.history(case.case_no)
    assert (last.action, last.details["retracted"]) == ("retract", True)
    file(registry, 0, HOUSE)
    assert looks(the_case(registry)) == looks(case)


def test_a_withdrawn_case_that_another_patrol_finds_is_that_patrols_alone(registry: Registry):
    file(registry, 0, HOUSE)
    file(registry, 0)
    assert registry.cases() == []
    file(registry, 3, HOUSE)
    case = the_case(registry)
    assert (case.patrol_id, case.first_seen) == ("patrol-3", SEEN + timedelta(days=3))


def test_filing_in_turns_comes_back_to_the_same_state(registry: Registry):
    file(registry, 0, HOUSE)
    for _ in range(2):
        file(registry, 3, HOUSE + 1)
        there = the_case(registry)
        file(registry, 3)
        gone = the_case(registry)
    file(registry, 3, HOUSE + 1)
    assert looks(the_case(registry)) == looks(there)
    file(registry, 3)
    assert looks(the_case(registry)) == looks(gone)
    assert registry.verify_chain().is_intact


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "cases.sqlite"
    Registry.open(path).close()
    return path


Word = tuple[int, tuple[float, ...], bool, float]

words = st.tuples(
    st.integers(0, 3),
    st.lists(st.sampled_from([20.0, 23.0, 60.0, 64.0, 75.0, 110.0]), max_size=4, unique=True).map(
        tuple
    ),
    st.booleans(),
    st.sampled_from([0.7, 0.9]),
)


def state_after(empty: Path, filings: Sequence[Word]) -> list[Any]:
    """Everything that a person sees of the cases, whatever their numbers and former states."""
    path = empty.with_name("now.sqlite")
    for suffix in ("", ".heads", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(empty, path)
    with Registry.open(path) as registry:
        for day, houses_x_m, is_covered, score in filings:
            covered = EVERYWHERE if is_covered else ()
            file(registry, day, *houses_x_m, covered=covered, score=score)
        assert registry.verify_chain().is_intact
        cases = [replace(looks(case), case_no="") for case in registry.cases(limit=None)]
    return sorted(cases, key=lambda case: (case.lon_deg, case.lat_deg, repr(case.evidence)))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(words, max_size=4), words, words)
def test_one_filing_after_another_equals_the_last_alone(
    empty: Path, before: list[Word], one: Word, other: Word
):
    day = other[0]
    others = [word for word in before if word[0] != day]
    assert state_after(empty, [*others, (day, *one[1:]), other]) == state_after(
        empty, [*others, other]
    )


def test_a_revision_that_cannot_tell_what_was_taken_back_is_refused(where: str):
    with Registry.open(where) as registry:
        file(registry, 0, HOUSE)
        file(registry, 3, HOUSE)
        before = the_case(registry)
    engine = connect(where, lock_timeout_s=1)
    migrate(engine, "0002")
    migrate(engine)
    with Registry(engine) as registry:
        assert the_case(registry) == before
        file(registry, 3)
        with pytest.raises(RegistryError, match=f"evidence of case {before.case_no} was taken"):
            migrate(engine, "0002")
        assert registry.verify_chain().is_intact


def test_evidence_that_counts_again_behind_the_back_is_found(registry: Registry, where: str):
    file(registry, 0, HOUSE)
    file(registry, 3, HOUSE)
    file(registry, 3)
    tamper(where, """UPDATE cases SET shown = '{"patrol-0":1,"patrol-3":2}'""")
    assert not registry.verify_chain().is_intact


def test_the_registry_knows_the_photos_of_each_patrols_last_filing(registry: Registry):
    first = {f"p{number}": f"{number}" * 64 for number in range(4)}
    last = {f"p{number}": f"{number}" * 64 for number in (1, 5, 6, 7, 8)}
    assert registry.patrol_of(first) is None
    file(registry, 0, HOUSE, patrol=replace(patrol_on(0), photo_sha256=first))
    assert registry.patrol_of({**first, "more": "e" * 64}) == "patrol-0"
    assert registry.patrol_of({"other": "e" * 64}) is None
    file(registry, 0, HOUSE, covered=(), patrol=replace(patrol_on(0), photo_sha256=last))
    assert registry.patrol_of(last) == "patrol-0"
    assert registry.patrol_of({"p0": "0" * 64}) is None
    assert registry.verify_chain().is_intact


def test_a_flight_filed_under_two_names_at_once_is_one_patrol(registry: Registry):
    flight = patrol_on(0)
    asked_by_both = registry.patrol_of(flight.photo_sha256)
    assert asked_by_both is None
    file(registry, 0, HOUSE, patrol=flight)
    other = replace(
        flight, patrol_id="other", photo_sha256={**flight.photo_sha256, "more": "e" * 64}
    )
    with pytest.raises(
        FilingError, match=r"patrol other have been filed as patrol patrol-0.*again"
    ):
        file(registry, 0, HOUSE, patrol=other)
    assert [entry.patrol_id for entry in registry.filings()] == ["patrol-0"]
    assert registry.verify_chain().is_intact


def test_filings_that_kept_no_photos_are_known_by_their_evidence(registry: Registry, where: str):
    flight = {f"p{number}": f"{number}" * 64 for number in range(4)}
    file(registry, 0, HOUSE, patrol=replace(patrol_on(0), photo_sha256=flight))  # p1 shows it
    file(registry, 3)
    tamper(where, """UPDATE events SET details = replace(details, '"photos"', '"other"')""")
    assert registry.patrol_of(flight) == "patrol-0"
    assert registry.patrol_of({"p0": flight["p0"]}) is None
    assert registry.patrol_of(patrol_on(3).photo_sha256) is None, "it saw nothing"
