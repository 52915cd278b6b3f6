from dataclasses import replace
from datetime import timedelta

import pytest
from shapely import from_wkt

from cases.errors import FilingError
from cases.filing import propose
from cases.lifecycle import Stage
from cases.model import PatrolRecord, Proposal
from cases.rules import Rulebook
from cases.updating import changes, filing_digest, open_case, with_evidence
from geo.pose import Attitude, GeoPoint, Pose
from tests.cases.conftest import DAY, FLOWN, PHOTOS, patrol_on
from tests.cases.world import SEEN, seen, square, zones

PLACE = GeoPoint(119.8, 32.4, 110.0)


def proposal(rulebook: Rulebook, day: int = 0, side_m: float = 12) -> Proposal:
    item = seen("b", "building", 60, 60, side_m, at=SEEN + timedelta(days=day))
    return propose([item], rulebook, zones(), on=DAY).proposals[0]


def test_a_case_shows_a_point_inside_its_outline(rulebook: Rulebook):
    case = open_case(proposal(rulebook), "n", patrol_on(0))
    assert case.polygon.buffer(1e-9).contains(case.polygon.point_on_surface())
    assert case.stage is Stage.REPORTED


def test_evidence_is_pinned_to_the_hash_of_its_photo(rulebook: Rulebook):
    [entry] = open_case(proposal(rulebook), "n", patrol_on(0)).evidence
    assert entry.photo_sha256 == PHOTOS["p1"]


def test_a_photo_without_hash_is_named(rulebook: Rulebook):
    with pytest.raises(FilingError, match="p1"):
        open_case(proposal(rulebook), "n", replace(patrol_on(0), photo_sha256={}))


def test_the_digest_covers_what_is_filed(rulebook: Rulebook):
    findings = propose([seen("b", "building", 60, 60, 12)], rulebook, zones(), on=DAY)
    moved = propose([seen("b", "building", 61, 60, 12)], rulebook, zones(), on=DAY)
    digests = {
        filing_digest(patrol_on(0), findings, []),
        filing_digest(patrol_on(1), findings, []),
        filing_digest(patrol_on(0), moved, []),
        filing_digest(patrol_on(0), findings, [square(0, 0)]),
        filing_digest(replace(patrol_on(0), model_sha256="b"), findings, []),
        filing_digest(replace(patrol_on(0), photo_sha256={"p1": "other"}), findings, []),
        filing_digest(
            replace(patrol_on(0), poses={"p1": Pose(PLACE, Attitude(0, -90))}), findings, []
        ),
        filing_digest(
            replace(patrol_on(0), poses={"p1": Pose(PLACE, Attitude(1, -90))}), findings, []
        ),
    }
    assert len(digests) == 8


def test_changes_name_the_old_and_the_new_value(rulebook: Rulebook):
    case = open_case(proposal(rulebook), "n", patrol_on(0))
    grown = open_case(proposal(rulebook, 0, 14), "n", patrol_on(0))
    told = changes(case, grown)
    assert set(told) == {"polygon", "area_m2"}
    assert from_wkt(told["polygon"][1]) == grown.polygon
    assert changes(case, case) == {}


def test_the_same_evidence_again_keeps_its_version(rulebook: Rulebook):
    case = open_case(proposal(rulebook), "n", patrol_on(0))
    kept = replace(case, evidence=tuple(replace(entry, version=1) for entry in case.evidence))
    assert with_evidence(kept, case.evidence, "patrol-0") == kept
    other = (replace(case.evidence[0], photo_sha256="f" * 64),)
    assert with_evidence(kept, other, "patrol-0").evidence == other


def test_a_patrol_needs_a_name_and_a_time_zone():
    with pytest.raises(ValueError, match="patrol_id"):
        PatrolRecord("", FLOWN, "a", {})
    with pytest.raises(ValueError, match="time zone"):
        PatrolRecord("p", FLOWN.replace(tzinfo=None), "a", {})
