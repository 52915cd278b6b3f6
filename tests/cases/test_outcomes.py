"""What a patrol finds at cases that were fed back: each outcome, once, whatever is filed again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from cases.filing import propose
from cases.lifecycle import Role
from cases.model import Case, Event, FilingResult
from cases.outcomes import VERIFIED, Finding, Outcome, finding_of, last_finding, of_sight, told_of
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.sheet import make_sheet, problems_of
from geo.pose import Attitude, GeoPoint, Pose
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.world import FRAME, SEEN, seen, square, zones

BOOK = load_rulebook()
EVERYWHERE = (square(0, 0, 3000),)
ELSEWHERE = (square(900, 900, 100),)
STEPS = ("confirm", "assign", "start", "feed_back")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """One house of 12 m, seen on the first day and fed back on the second."""
    with Registry.open(tmp_path / "cases.sqlite") as opened:
        file(opened, 0, 12.0)
        decide(opened, 1, *STEPS)
        yield opened


def decide(registry: Registry, day: float, *actions: str) -> None:
    for action in actions:
        case = the_case(registry)
        registry.decide(
            case.case_no,
            action,
            actor="Chen",
            role=Role.ADMINISTRATOR,
            reason="said in the test",
            expected_version=case.version,
            now=FLOWN + timedelta(days=day),
        )


def file(
    registry: Registry,
    day: int,
    side_m: float | None,
    *,
    score: float = 0.9,
    covered: tuple[Polygon, ...] = EVERYWHERE,
    camera_m: tuple[float, float] = (60, 40),
    is_aslant: bool = False,
) -> FilingResult:
    """File a patrol that sees a house of a size, or none, from one camera."""
    at = SEEN + timedelta(days=day)
    items = [] if side_m is None else [seen("h", "building", 60, 60, side_m, score=score, at=at)]
    items = [replace(item, is_aslant=is_aslant) for item in items]
    lon_deg, lat_deg = FRAME.lonlat_from_xy([camera_m])[0].tolist()
    pose = Pose(GeoPoint(lon_deg, lat_deg, 100.0), Attitude(0.0, -90.0))
    patrol = replace(patrol_on(day), poses={"p1": pose})
    findings = propose(items, BOOK, zones(), on=DAY)
    return registry.file(patrol, findings, rulebook=BOOK, footprints=covered, now=patrol.flown_at)


def the_case(registry: Registry) -> Case:
    [case] = registry.cases()
    return case


def looks(registry: Registry) -> list[Event]:
    history = registry.history(the_case(registry).case_no)
    return [event for event in history if event.action == VERIFIED]


@pytest.mark.parametrize(
    ("side_m", "score", "covered", "outcome"),
    [
        (None, 0.9, EVERYWHERE, Outcome.SOLVED),
        (12.0, 0.9, EVERYWHERE, Outcome.UNCHANGED),
        (15.0, 0.9, EVERYWHERE, Outcome.GROWN),
        (12.0, 0.1, EVERYWHERE, Outcome.UNCLEAR),  # too unsure for the rule, too sure for nothing
        (None, 0.9, ELSEWHERE, Outcome.NOT_COVERED),
    ],
)
def test_each_outcome_is_an_entry_of_the_case(registry, side_m, score, covered, outcome):
    result = file(registry, 7, side_m, score=score, covered=covered)
    case = the_case(registry)
    [look] = looks(registry)
    assert look.details["outcome"] == outcome == result.outcomes[case.case_no]
    assert look.details["patrol"] == "patrol-7"
    assert last_finding(registry.history(case.case_no)) == finding_of(look.details)
    assert case.stage == "fed_back"  # a person decides
    assert registry.verify_chain().is_intact


def test_growth_is_told_in_square_metres(registry: Registry):
    file(registry, 7, 15.0)
    details = looks(registry)[0].details
    assert details["grown_m2"] == pytest.approx(15**2 - 12**2, abs=0.5)
    assert details["area_m2"] == pytest.approx([144, 225], abs=0.5)


def test_growth_is_not_told_of_what_was_seen_from_the_side_alone(registry: Registry):
    """There walls look like ground, and any house looks larger than from above."""
    file(registry, 7, 15.0, is_aslant=True)
    assert looks(registry)[0].details["outcome"] == "unchanged"
    assert looks(registry)[0].details["area_m2"] == pytest.approx([144, 225], abs=0.5)
    assert the_case(registry).area_m2 == pytest.approx(144, abs=0.5)
    assert the_case(registry).last_patrol_id == "patrol-7"
    assert registry.verify_chain().is_intact
    decide(registry, 8, "rework", "feed_back")
    file(registry, 14, 15.0)  # from above it has, indeed
    assert looks(registry)[-1].details["outcome"] == "grown"


def test_filing_again_says_it_once_and_another_word_replaces_it(registry: Registry):
    file(registry, 7, 12.0)
    again = file(registry, 7, 12.0)
    assert again.already_filed
    assert again.outcomes == {the_case(registry).case_no: "unchanged"}
    file(registry, 7, 12.0, score=0.8)
    assert [event.details["outcome"] for event in looks(registry)] == ["unchanged"]
    file(registry, 7, 15.0)  # compared with the others' sight, not with its own of before
    assert [event.details["outcome"] for event in looks(registry)] == ["unchanged", "grown"]
    assert registry.verify_chain().is_intact


def test_a_patrol_before_the_feedback_verifies_nothing(registry: Registry):
    decide(registry, 8, "rework", "feed_back")
    assert file(registry, 7, None).outcomes == {}
    assert looks(registry) == []


def test_half_a_flight_verifies_nothing(registry: Registry):
    assert file(registry, 7, None, covered=()).outcomes == {}


def test_a_patrol_that_was_not_near_says_nothing(registry: Registry):
    assert file(registry, 7, None, covered=ELSEWHERE, camera_m=(900, 900)).outcomes == {}


def test_a_case_that_does_not_wait_gets_no_outcome(registry: Registry):
    decide(registry, 2, "rework")
    assert file(registry, 7, None).outcomes == {}


def test_the_next_feedback_asks_anew(registry: Registry):
    file(registry, 7, 12.0)
    decide(registry, 8, "rework", "feed_back")
    assert last_finding(registry.history(the_case(registry).case_no)) is None
    file(registry, 14, None)
    finding = last_finding(registry.history(the_case(registry).case_no))
    assert finding == Finding(Outcome.SOLVED)


def test_what_was_found_before_a_case_was_opened_again_is_past(registry: Registry):
    file(registry, 7, None)
    assert last_finding(registry.history(the_case(registry).case_no)) == Finding(Outcome.SOLVED)
    decide(registry, 8, "close", "reopen")
    assert last_finding(registry.history(the_case(registry).case_no)) is None


def test_the_sheet_says_what_was_found_and_proves_itself(registry: Registry):
    file(registry, 7, 15.0)
    case = the_case(registry)
    page = make_sheet(
        case,
        registry.evidence(case.case_no),
        registry.history(case.case_no),
        BOOK.category(case.category),
        {},
        exported_at=FLOWN,
    )
    assert "grown by 81 m² (144 → 225 m²)" in page
    assert "有扩大 81 平方米" in page
    assert problems_of(page) == []


@given(before=st.floats(1, 1e5), now=st.floats(1, 1e5))
def test_only_a_thing_that_is_larger_has_grown(before: float, now: float):
    finding = of_sight(before, now)
    assert (finding.outcome is Outcome.GROWN) == (finding.grown_m2 is not None)
    assert finding.outcome is Outcome.UNCHANGED or now > before
    assert finding_of(told_of(finding, "p")) == finding
