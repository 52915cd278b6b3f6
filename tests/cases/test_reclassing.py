"""A case that shows something else than the model said, and one that somebody is not sure of."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from shapely import box

from cases.drawing import Draughtsman, Stroke
from cases.errors import (
    CaseClaimedError,
    DrawingError,
    NoCaseError,
    NotPermittedError,
    StaleCaseError,
    TransitionError,
)
from cases.filing import propose
from cases.lifecycle import Role, Stage
from cases.model import Case, Findings
from cases.passing import refuse_passing
from cases.precision import Tally
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import cell, seen

NOW = FLOWN + timedelta(hours=2)
CHEN = Draughtsman("Chen", Role.INSPECTOR, NOW)


def findings(rulebook: Rulebook, class_name: str = "building", score: float = 0.9) -> Findings:
    item = seen("it", class_name, 60, 60, 12, score=score, photos=("p1", "p2"))
    return propose([item], rulebook, NO_ZONES, on=DAY, cells=[cell()])


@pytest.fixture
def case_no(registry: Registry, rulebook: Rulebook) -> str:
    [number] = file(registry, rulebook, findings(rulebook), patrol_on(0)).new
    return number


def reclassify(
    registry: Registry, rulebook: Rulebook, case_no: str, class_name: str, score=0.9, **more
):
    asked = {"expected_version": 1, "by": CHEN, **more}
    return registry.reclassify(case_no, findings(rulebook, class_name, score), **asked)


def test_it_is_judged_as_what_it_shows(registry, rulebook, case_no):
    before = registry.case(case_no)
    after = reclassify(registry, rulebook, case_no, "smoke")
    assert (before.category, after.category) == ("building.unpermitted", "burning.straw")
    assert (after.class_name, after.urgency) == ("smoke", 1)
    assert (after.model_sha256, after.score) == (before.model_sha256, before.score)
    assert after.why[0].en.startswith("class changed by Chen from building to smoke; filed by rule")
    assert after.why[0].en.endswith(f"{before.rule_id}: {before.why[0].en}")
    assert before.why[0].zh in after.why[0].zh
    assert {entry.class_name for entry in after.evidence} == {"smoke"}
    assert (after.stage, after.version, after.polygon) == ("reported", 2, before.polygon)
    assert registry.case(case_no) == after
    event = registry.history(case_no)[-1]
    assert (event.action, event.details["class"]) == ("reclassify", ["building", "smoke"])
    assert registry.verify_chain().is_intact


def test_the_patrol_filed_again_leaves_it_and_a_later_one_sees_it_again(
    registry, rulebook, case_no
):
    after = reclassify(registry, rulebook, case_no, "smoke")
    result = file(registry, rulebook, findings(rulebook, score=0.7), patrol_on(0))
    assert not result.withdrawn
    assert registry.case(case_no) == after
    again = file(registry, rulebook, findings(rulebook, "smoke"), patrol_on(1))
    assert again.same == (case_no,)
    assert registry.case(case_no).class_name == "smoke"
    assert registry.verify_chain().is_intact


def judged(case: Case) -> dict[str, object]:
    kept = {f.name: getattr(case, f.name) for f in fields(case) if f.name != "version"}
    return {**kept, "evidence": [replace(entry, version=0) for entry in case.evidence]}


@pytest.mark.parametrize(
    "way", [("smoke",), ("smoke", "construction"), ("smoke", "flame", "smoke")]
)
def test_the_way_back_restores_it_exactly(registry, rulebook, way):
    burning = [
        seen("it", "building", 60, 60, 12, score=0.83, photos=("p1", "p2")),
        seen("site", "construction", 62, 60, 10, score=0.7, photos=("p1",)),
    ]
    both = propose(burning, rulebook, NO_ZONES, on=DAY, cells=[cell()])
    [case_no] = file(registry, rulebook, both, patrol_on(0)).new
    before = registry.case(case_no)
    assert {entry.class_name for entry in before.evidence} == {"building", "construction"}
    for version, class_name in enumerate((*way, "building"), 1):
        after = reclassify(registry, rulebook, case_no, class_name, expected_version=version)
    assert judged(after) == judged(before)
    assert registry.case(case_no) == after
    file(registry, rulebook, both, patrol_on(0))
    assert judged(registry.case(case_no)) == judged(before)
    assert registry.verify_chain().is_intact


def test_what_was_drawn_meanwhile_stays_on_the_way_back(registry, rulebook, case_no):
    before = registry.case(case_no)
    reclassify(registry, rulebook, case_no, "smoke")
    outline = box(1, 1, 40, 40)
    stroke = Stroke("patrol-0", "p1", 0, outline, None)
    registry.redraw(case_no, stroke, actor="Li", expected_version=2, now=NOW)
    after = reclassify(registry, rulebook, case_no, "building", expected_version=3)
    assert (after.why, after.rule_id) == (before.why, before.rule_id)
    assert after.evidence[0].polygon_px.equals(outline)
    file(registry, rulebook, findings(rulebook, score=0.7), patrol_on(0))
    assert registry.case(case_no) == after


def test_the_model_is_told_that_it_was_another_class(registry, rulebook, case_no):
    after = reclassify(registry, rulebook, case_no, "smoke")
    registry.decide(case_no, "confirm", actor="Li", expected_version=2, now=NOW)
    told = registry.precision()
    assert told.models == {(after.model_sha256, "building"): Tally(0, {"not_object": 1})}
    assert told.inspectors == {"Li": Tally(1, {})}
    reclassify(registry, rulebook, case_no, "building", expected_version=3)
    assert registry.precision().models == {(after.model_sha256, "building"): Tally(1, {})}


def test_a_confirmed_case_stays_what_the_person_said(registry, rulebook, case_no):
    registry.decide(case_no, "confirm", actor="Li", expected_version=1, now=NOW)
    after = reclassify(registry, rulebook, case_no, "smoke", expected_version=2)
    assert (after.stage, after.category) == ("established", "burning.straw")
    file(registry, rulebook, findings(rulebook, "smoke"), patrol_on(1))
    assert registry.case(case_no).category == "burning.straw"


@pytest.mark.parametrize(
    ("class_name", "more", "error"),
    [
        ("building", {}, DrawingError),
        ("smoke", {"score": 0.05}, NoCaseError),
        ("smoke", {"expected_version": 2}, StaleCaseError),
        ("smoke", {"by": Draughtsman("Li", Role.COMMAND, NOW)}, NotPermittedError),
    ],
)
def test_what_is_not_allowed_changes_nothing(registry, rulebook, case_no, class_name, more, error):
    before = registry.case(case_no)
    with pytest.raises(error):
        reclassify(registry, rulebook, case_no, class_name, **more)
    assert registry.case(case_no) == before


def test_what_was_sent_out_stays_of_its_class(registry, rulebook, case_no):
    told = {"actor": "Li", "now": NOW}
    registry.decide(case_no, "confirm", expected_version=1, **told)
    registry.decide(case_no, "assign", role=Role.COMMAND, expected_version=2, **told)
    with pytest.raises(TransitionError):
        reclassify(registry, rulebook, case_no, "smoke", expected_version=3)


def claim_next(registry: Registry, who: str) -> str | None:
    claim = registry.claim_next(who, until=NOW + timedelta(minutes=9), now=NOW)
    return claim and claim.case_no


def test_what_somebody_is_not_sure_of_is_given_to_others(registry, case_no):
    assert claim_next(registry, "Chen") == case_no
    left = registry.pass_on(case_no, note="roof or tarpaulin?", expected_version=1, by=CHEN)
    assert (left.stage, left.version) == (Stage.REPORTED, 2)
    assert registry.history(case_no)[-1].details["reason"] == "roof or tarpaulin?"
    assert claim_next(registry, "Chen") is None
    assert claim_next(registry, "Wang") == case_no
    assert registry.verify_chain().is_intact


def test_what_others_hold_or_have_changed_is_not_left(registry, case_no):
    registry.claim(case_no, "Wang", until=NOW + timedelta(minutes=9), now=NOW)
    with pytest.raises(CaseClaimedError):
        registry.pass_on(case_no, note="", expected_version=1, by=CHEN)
    registry.release(case_no, "Wang")
    with pytest.raises(StaleCaseError):
        registry.pass_on(case_no, note="", expected_version=2, by=CHEN)
    assert registry.case(case_no).version == 1


def test_only_what_waits_is_left_and_by_who_decides(registry, case_no):
    case = registry.case(case_no)
    refuse_passing(case, Role.INSPECTOR)
    with pytest.raises(NotPermittedError):
        refuse_passing(case, Role.OFFICER)
    decided = registry.decide(case_no, "confirm", actor="Li", expected_version=1, now=NOW)
    with pytest.raises(TransitionError):
        refuse_passing(decided, Role.INSPECTOR)
