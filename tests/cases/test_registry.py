import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from shapely import from_wkt
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from cases.database import url_of
from cases.errors import (
    FilingError,
    ReasonMissingError,
    RegistryError,
    StaleCaseError,
    TransitionError,
    UnknownCaseError,
)
from cases.filing import propose
from cases.lifecycle import Action, Stage
from cases.listing import Order
from cases.model import Case, FilingResult, Findings, Head, PatrolRecord
from cases.registry import Registry
from cases.rules import Rulebook
from geo.pose import Attitude, GeoPoint, Pose
from tests.cases.conftest import DAY, FLOWN, PHOTOS, allowed, patrol_on, tamper
from tests.cases.world import SEEN, cell, seen, square, zones

EVERYWHERE = [square(0, 0, 3000)]
POSE = Pose(GeoPoint(119.8, 32.4, 110.5), Attitude(12.5, -89.9, 0.1), source="photo tags")


def posed(day: int) -> PatrolRecord:
    """A patrol that knows from where two of its photos were taken."""
    return replace(patrol_on(day), poses={"p1": POSE, "p2": POSE})


def sights(rulebook: Rulebook, day: int = 0, *, without: str = "", score: float = 0.9) -> Findings:
    at = SEEN + timedelta(days=day)
    items = [
        seen("house", "building", 60, 60, 12, score=score, at=at),
        seen("fire", "flame", -60, 0, 2, score=score, at=at),
        seen("boat", "boat", 0, 350, 5, score=0.6, at=at, photos=("p2", "p3")),
    ]
    wanted = [item for item in items if item.observation_id != without]
    return propose(wanted, rulebook, zones(), on=DAY, cells=[cell()])


def file(
    registry: Registry, rulebook: Rulebook, findings: Findings, patrol: PatrolRecord
) -> FilingResult:
    return registry.file(
        patrol, findings, rulebook=rulebook, footprints=EVERYWHERE, now=patrol.flown_at
    )


@pytest.fixture
def filed(registry: Registry, rulebook: Rulebook) -> Registry:
    file(registry, rulebook, sights(rulebook), patrol_on(0))
    return registry


def first(registry: Registry) -> Case:
    return registry.cases(order="number")[0]


def decide(registry: Registry, case: Case, action: str, reason: str = "seen on the photo") -> Case:
    return registry.decide(
        case.case_no,
        action,
        actor="inspector",
        reason=reason,
        expected_version=case.version,
        now=FLOWN,
    )


def test_new_cases_are_numbered_by_the_day_of_the_patrol(registry: Registry, rulebook: Rulebook):
    result = file(registry, rulebook, sights(rulebook), patrol_on(0))
    assert result.new == ("20260610-0001", "20260610-0002", "20260610-0003")


def test_numbers_go_on_within_a_day(filed: Registry, rulebook: Rulebook):
    house = propose([seen("n", "building", 150, 200, 12)], rulebook, zones(), on=DAY)
    later = replace(patrol_on(1), patrol_id="second", flown_at=FLOWN)
    assert file(filed, rulebook, house, later).new == ("20260610-0004",)


def test_a_filed_case_is_read_back_as_it_was_proposed(filed: Registry, rulebook: Rulebook):
    boat = filed.cases(category="fishing.boat")[0]
    proposal = next(p for p in sights(rulebook).proposals if p.class_name == "boat")
    assert boat.polygon.equals(proposal.polygon)
    assert (boat.why, boat.place, boat.first_seen) == (proposal.why, proposal.place, SEEN)
    assert [entry.photo_id for entry in boat.evidence] == ["p2", "p3"]
    assert boat.evidence[0].polygon_px.equals(proposal.outlines[0].polygon_px)


def everything(where: str) -> list[tuple[object, ...]]:
    engine = create_engine(url_of(where))
    with engine.connect() as connection:
        tables = ("cases", "evidence", "events", "filings")
        rows = [
            tuple(row)
            for name in tables
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
        ]
    engine.dispose()
    return rows


def test_filing_the_same_patrol_twice_changes_nothing(
    filed: Registry, rulebook: Rulebook, where: str
):
    before = everything(where)
    again = filed.file(
        patrol_on(0),
        sights(rulebook),
        rulebook=rulebook,
        footprints=EVERYWHERE,
        now=FLOWN + timedelta(days=9),
    )
    assert again.already_filed
    assert len(again.new) == 3
    assert everything(where) == before


def test_two_registries_of_the_same_patrol_are_equal_row_by_row(rulebook: Rulebook, tmp_path: Path):
    for name in ("one.sqlite", "two.sqlite"):
        with Registry.open(tmp_path / name) as registry:
            file(registry, rulebook, sights(rulebook), patrol_on(0))
    assert everything(str(tmp_path / "one.sqlite")) == everything(str(tmp_path / "two.sqlite"))


def test_a_later_patrol_finds_cases_again_and_others_gone(filed: Registry, rulebook: Rulebook):
    result = file(filed, rulebook, sights(rulebook, 1, without="boat"), patrol_on(1))
    assert (len(result.same), len(result.gone), result.new) == (2, 1, ())
    boat = filed.case(result.gone[0])
    assert boat.gone_at == patrol_on(1).flown_at
    assert [event.action for event in filed.history(boat.case_no)] == ["file", "gone"]


def test_a_corrected_filing_withdraws_and_takes_back(filed: Registry, rulebook: Rulebook):
    corrected = file(filed, rulebook, sights(rulebook, without="boat"), patrol_on(0))
    [boat] = corrected.withdrawn
    assert filed.case(boat).stage is Stage.WITHDRAWN
    assert boat not in {case.case_no for case in filed.cases()}
    file(filed, rulebook, sights(rulebook), patrol_on(0))
    assert filed.case(boat).stage is Stage.REPORTED
    assert [event.action for event in filed.history(boat)] == ["file", "withdraw", "refile"]


def test_a_corrected_filing_replaces_the_evidence_of_its_patrol(
    filed: Registry, rulebook: Rulebook
):
    file(filed, rulebook, sights(rulebook, score=0.8), patrol_on(0))
    house = filed.cases(category="building.unpermitted")[0]
    assert house.score == 0.8
    assert len(house.evidence) == 1


def test_a_filing_that_fails_leaves_nothing(registry: Registry, rulebook: Rulebook):
    blind = replace(patrol_on(0), photo_sha256={"p1": "a"})
    with pytest.raises(FilingError, match="p2"):
        file(registry, rulebook, sights(rulebook), blind)
    assert registry.cases() == []
    assert registry.verify_chain().events == 0


def test_the_urgent_queue_comes_page_by_page(filed: Registry):
    whole = [case.case_no for case in filed.cases()]
    assert [case.urgency for case in filed.cases()] == [1, 2, 3]
    paged: list[str] = []
    while page := filed.cases(limit=1, after=paged[-1] if paged else None):
        paged.append(page[0].case_no)
    assert paged == whole


@pytest.mark.parametrize("order", get_args(Order))
def test_pages_of_any_order_cover_each_case_once(filed: Registry, order: str):
    start = filed.cases(order=order, limit=2)
    rest = filed.cases(order=order, after=start[-1].case_no)
    assert len({case.case_no for case in [*start, *rest]}) == len(start) + len(rest) == 3


def test_an_unknown_order_is_refused(filed: Registry):
    with pytest.raises(ValueError, match="order must be"):
        filed.cases(order="colour")


def test_cases_are_filtered(filed: Registry):
    house = filed.cases(category="building.unpermitted")[0]
    around = (
        house.lon_deg - 1e-4,
        house.lat_deg - 1e-4,
        house.lon_deg + 1e-4,
        house.lat_deg + 1e-4,
    )
    assert filed.cases(bbox=around) == [house]
    assert len(filed.cases(cell="cell-1", patrol="patrol-0")) == 3
    assert filed.cases(cell="cell-2") == []
    assert filed.cases(stage=[Stage.ESTABLISHED, Stage.REJECTED]) == []
    assert len(filed.cases(stage=Stage.REPORTED)) == 3


def test_counts_group_by_stage_and_category(filed: Registry):
    decide(filed, first(filed), "confirm")
    counts = {(entry.stage, entry.category): entry.count for entry in filed.counts()}
    assert sum(counts.values()) == 3
    assert counts[Stage.ESTABLISHED, first(filed).category] == 1


def test_an_inspector_confirms_and_the_history_says_who(filed: Registry):
    confirmed = decide(filed, first(filed), "confirm")
    assert confirmed.stage is Stage.ESTABLISHED
    assert filed.case(confirmed.case_no) == confirmed
    last = filed.history(confirmed.case_no)[-1]
    assert (last.actor, last.action, last.at) == ("inspector", "confirm", FLOWN)
    assert last.details["reason"] == "seen on the photo"


def test_undo_and_reopen_lead_back(filed: Registry):
    case = decide(filed, decide(filed, first(filed), "reject"), "undo")
    assert case.stage is Stage.REPORTED
    case = decide(filed, decide(filed, case, "reject"), "reopen")
    assert case.stage is Stage.REPORTED
    decisions = (Action.CONFIRM, Action.REJECT, Action.SNOOZE, Action.UNDO)
    assert allowed(filed, case.case_no) == decisions


def test_a_decision_on_an_old_version_is_refused(filed: Registry):
    old = first(filed)
    decide(filed, old, "confirm")
    with pytest.raises(StaleCaseError) as raised:
        decide(filed, old, "reject")
    assert (raised.value.expected_version, raised.value.version) == (1, 2)
    assert first(filed).stage is Stage.ESTABLISHED


@pytest.mark.parametrize("action", ["close", "undo", "withdraw", "nonsense"])
def test_an_action_that_the_stage_does_not_allow_is_refused(filed: Registry, action: str):
    with pytest.raises(TransitionError, match="confirm, reject"):
        decide(filed, first(filed), action)


def test_a_rejection_needs_a_reason(filed: Registry):
    with pytest.raises(ReasonMissingError):
        decide(filed, first(filed), "reject", "  ")


def test_an_unknown_case_is_named(filed: Registry):
    for ask in (filed.case, filed.history):
        with pytest.raises(UnknownCaseError, match="20260610-9999"):
            ask("20260610-9999")


def test_one_of_two_simultaneous_decisions_wins(filed: Registry):
    case, outcomes = first(filed), []
    start = threading.Barrier(4)

    def try_to_decide() -> None:
        start.wait()
        try:
            outcomes.append(decide(filed, case, "confirm").version)
        except StaleCaseError:
            outcomes.append(0)

    threads = [threading.Thread(target=try_to_decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 0, 0, 2]
    assert filed.verify_chain().is_intact


def test_filings_are_listed(filed: Registry, rulebook: Rulebook):
    [entry] = filed.filings()
    assert (entry.patrol_id, entry.rule_version) == ("patrol-0", rulebook.version_label)
    assert len(entry.result.new) == 3


TAMPERING = {
    "UPDATE case_counts SET cases = 9": "the count of cases (reported, building.unpermitted",
    "UPDATE cases SET score = 0.1": "is not what its last entry left",
    "UPDATE cases SET queue_rank = 99": "in the queue was changed",
    "UPDATE evidence SET photo_sha256 = 'other'": "is not what its last entry left",
    "DELETE FROM evidence": "is not what its last entry left",
    "UPDATE events SET actor = 'nobody'": "was changed",
    "DELETE FROM events WHERE seq = 2": "is missing",
    'UPDATE filings SET result = \'{"gone":[],"new":[],"same":[],"withdrawn":[]}\'': (
        "filing 1 (patrol-0) is not what its entry says"
    ),
    "UPDATE filings SET model_sha256 = 'other'": "is not what its entry says",
    "UPDATE filings SET rule_version = 'other'": "is not what its entry says",
    "UPDATE filings SET digest = 'other'": "is not what its entry says",
    "DELETE FROM filings": "filing 1 was removed",
}


@pytest.mark.parametrize("statement", TAMPERING)
def test_tampering_is_found(filed: Registry, where: str, statement: str):
    assert filed.verify_chain().is_intact
    tamper(where, statement)
    problems = filed.verify_chain().problems
    assert any(TAMPERING[statement] in problem for problem in problems), problems


def test_a_forged_filing_is_not_given_back(filed: Registry, rulebook: Rulebook, where: str):
    tamper(where, 'UPDATE filings SET result = \'{"gone":[],"new":[],"same":[],"withdrawn":[]}\'')
    with pytest.raises(RegistryError, match="filing 1 of patrol patrol-0 was changed"):
        file(filed, rulebook, sights(rulebook), patrol_on(0))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET case_no = 'x'",
        "DELETE FROM events",
        "UPDATE evidence SET case_no = 'x'",
        "DELETE FROM evidence",
        "UPDATE filings SET patrol_id = 'x'",
        "DELETE FROM filings",
        "DELETE FROM cases",
        "UPDATE cases SET case_no = 'x'",
    ],
)
def test_history_evidence_and_filings_refuse_to_be_changed(
    filed: Registry, where: str, statement: str
):
    engine = create_engine(url_of(where))
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("table", ["events", "evidence", "filings", "cases"])
@pytest.mark.parametrize("key", ["", "rowid, "])
def test_sqlite_refuses_to_replace_a_row(rulebook: Rulebook, tmp_path: Path, table: str, key: str):
    path = tmp_path / "cases.sqlite"
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
    with closing(sqlite3.connect(path)) as database:
        names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        columns = f"{key}{', '.join(names)}"
        text = {"case_no", "prev_hash"}  # a new key for the row whose rowid is taken
        values = ", ".join(f"'x' || {n}" if key and n in text else n for n in names)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(
                f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {key}{values} FROM {table}"
            )


def test_postgresql_refuses_to_be_emptied(filed: Registry, where: str):
    engine = create_engine(url_of(where))
    if engine.dialect.name == "postgresql":
        for table in ("events", "evidence", "filings", "cases"):
            with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
    engine.dispose()


# what erases the rejection that was the last thing to happen
ERASING = (
    "DELETE FROM events WHERE seq = 5",
    "UPDATE cases SET stage = 'reported', version = 1 WHERE stage = 'rejected'",
    "UPDATE case_counts SET cases = 1 WHERE stage = 'reported'",
    "UPDATE case_counts SET cases = 0 WHERE stage = 'rejected'",
)


def test_a_decision_that_was_erased_leaves_a_sound_chain_without_its_head(
    registry: Registry, rulebook: Rulebook, where: str
):
    kept = file(registry, rulebook, sights(rulebook), patrol_on(0)).head
    decide(registry, first(registry), "reject")
    told = Head(5, registry.verify_chain().head, "the log book")
    tamper(where, *ERASING)
    assert registry.verify_chain([kept]).heads >= 1
    [*_, problem] = registry.verify_chain([kept, told]).problems
    assert "entry 5" in problem
    assert "cut off" in problem


def test_the_file_beside_a_registry_shows_that_a_decision_was_erased(
    rulebook: Rulebook, tmp_path: Path
):
    path = tmp_path / "cases.sqlite"
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        decide(registry, first(registry), "reject")
        assert registry.verify_chain().is_intact
        tamper(str(path), *ERASING)
        [problem] = registry.verify_chain().problems
    assert "known from cases.sqlite.heads" in problem


def test_a_history_that_was_rewritten_as_a_whole_is_found(rulebook: Rulebook, tmp_path: Path):
    with Registry.open(tmp_path / "true.sqlite") as registry:
        head = file(registry, rulebook, sights(rulebook), patrol_on(0)).head
    with Registry.open(tmp_path / "forged.sqlite") as registry:
        file(registry, rulebook, sights(rulebook, without="boat"), patrol_on(0))
        assert registry.verify_chain().is_intact
        assert not registry.verify_chain([head]).is_intact


def test_a_filing_gives_the_head_that_ended_it_also_when_it_comes_again(
    filed: Registry, rulebook: Rulebook
):
    head = Head(4, filed.verify_chain().head)
    decide(filed, first(filed), "confirm")
    assert file(filed, rulebook, sights(rulebook), patrol_on(0)).head == head
    assert filed.verify_chain([head]).is_intact


def test_evidence_keeps_the_pose_of_its_photo(registry: Registry, rulebook: Rulebook):
    file(registry, rulebook, sights(rulebook), posed(0))
    boat = registry.cases(category="fishing.boat")[0]
    assert [entry.pose for entry in boat.evidence] == [POSE, None]
    assert boat.evidence == registry.evidence(boat.case_no)


def test_a_better_pose_files_new_evidence_and_keeps_the_old(filed: Registry, rulebook: Rulebook):
    again = file(filed, rulebook, sights(rulebook), posed(0))
    assert not again.already_filed
    boat = filed.cases(category="fishing.boat")[0]
    assert [entry.pose for entry in boat.evidence] == [POSE, None]
    assert [(e.version, e.pose) for e in filed.evidence(boat.case_no)] == [
        (1, None), (1, None), (2, POSE), (2, None),
    ]  # fmt: skip
    assert filed.verify_chain().is_intact


def test_evidence_that_a_person_confirmed_survives_another_filing(
    filed: Registry, rulebook: Rulebook
):
    before = decide(filed, filed.cases(category="building.unpermitted")[0], "confirm")
    swapped = replace(patrol_on(0), photo_sha256={**PHOTOS, "p1": "f" * 64})
    file(filed, rulebook, sights(rulebook), swapped)
    after = filed.case(before.case_no)
    assert [entry.photo_sha256 for entry in after.evidence] == ["f" * 64]
    assert filed.evidence(before.case_no) == before.evidence + after.evidence
    [first_named, last_named] = [
        event.details["evidence"][0]["photo_sha256"]
        for event in filed.history(before.case_no)
        if "evidence" in event.details
    ]
    assert (first_named, last_named) == (PHOTOS["p1"], "f" * 64)


def test_a_change_of_a_confirmed_outline_is_told_old_and_new(filed: Registry, rulebook: Rulebook):
    before = decide(filed, filed.cases(category="building.unpermitted")[0], "confirm")
    moved = seen("house", "building", 61, 60, 14, score=0.9, at=SEEN)
    file(filed, rulebook, propose([moved], rulebook, zones(), on=DAY, cells=[cell()]), patrol_on(0))
    after = filed.case(before.case_no)
    told = filed.history(before.case_no)[-1].details["changes"]
    assert [from_wkt(text) for text in told["polygon"]] == [before.polygon, after.polygon]
    assert told["area_m2"] == [before.area_m2, after.area_m2]
    assert not before.polygon.equals(after.polygon)


def test_a_judgement_that_a_person_confirmed_stays(filed: Registry, rulebook: Rulebook):
    before = decide(filed, filed.cases(category="building.unpermitted")[0], "confirm")
    other = replace(patrol_on(0), model_sha256="b" * 64)
    file(filed, rulebook, sights(rulebook, score=0.8), other)
    after = filed.case(before.case_no)
    assert after.score == 0.8
    assert (after.why, after.model_sha256) == (before.why, before.model_sha256)
    boat = filed.cases(category="fishing.boat")[0]
    assert boat.model_sha256 == other.model_sha256


@pytest.mark.parametrize("statement", ["DELETE FROM evidence", "UPDATE evidence SET yaw_deg = 9"])
def test_old_evidence_that_was_tampered_with_is_found(
    registry: Registry, rulebook: Rulebook, where: str, statement: str
):
    for patrol in (posed(0), patrol_on(0)):
        file(registry, rulebook, sights(rulebook), patrol)
    tamper(where, f"{statement} WHERE version = 1 AND yaw_deg IS NOT NULL")
    problems = registry.verify_chain().problems
    assert len(problems) == 3
    assert all("is not what was filed with its version 1" in problem for problem in problems)


def test_a_patrol_without_times_filed_again_later_changes_nothing(
    registry: Registry, rulebook: Rulebook
):
    for day in (0, 3):
        flown_at = patrol_on(day).flown_at
        undated = replace(patrol_on(0), patrol_id="undated", flown_at=flown_at, is_dated=False)
        result = file(registry, rulebook, sights(rulebook), undated)
    assert result.already_filed


def test_a_patrol_without_times_proves_nothing_gone(filed: Registry, rulebook: Rulebook):
    later = replace(patrol_on(1), is_dated=False)
    result = file(filed, rulebook, sights(rulebook, 1, without="boat"), later)
    assert (len(result.same), result.gone) == (2, ())


def test_places_that_were_moved_on_the_map_are_found(tmp_path: Path, rulebook: Rulebook):
    path = str(tmp_path / "cases.sqlite")
    with Registry.open(path) as registry:
        file(registry, rulebook, sights(rulebook), patrol_on(0))
        tamper(path, "UPDATE case_points SET west = 1, east = 1")
        problems = registry.verify_chain().problems
        assert len(problems) == 3
        assert all("on the map was changed" in problem for problem in problems)
