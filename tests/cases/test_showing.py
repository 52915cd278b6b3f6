"""Few photos stand for many: the best two of each patrol, and one from the side."""

from dataclasses import replace

from shapely import box

from cases.model import Case, Evidence
from cases.showing import chosen_photos
from geo.pose import Attitude, GeoPoint, Pose
from tests.cases.test_standing import fresh

OUTLINE = box(10, 10, 30, 30)


def evidence(photo: str, off_nadir_deg: float | None = 0.0, *, patrol: int = 1) -> Evidence:
    """An outline in a photo taken so far off straight down; None for an unknown pose."""
    pose = (
        None
        if off_nadir_deg is None
        else Pose(GeoPoint(120.0, 32.0, 100.0), Attitude(0.0, off_nadir_deg - 90))
    )
    return Evidence(f"patrol {patrol}", photo, photo * 64, "building", OUTLINE, pose, patrol)


def shown(*entries: Evidence) -> str:
    case: Case = replace(fresh(1), evidence=entries)
    return "".join(entry.photo_id for entry in chosen_photos(case))


def test_the_two_best_are_shown_in_their_order():
    assert shown(evidence("b"), evidence("a"), evidence("c"), evidence("d")) == "ba"


def test_the_first_photo_from_the_side_is_added():
    entries = (evidence("a"), evidence("b", 19), evidence("c", 5), evidence("d", 45))
    assert shown(*entries, evidence("e", 60)) == "abd"


def test_no_other_is_added_where_one_of_the_best_is_from_the_side():
    assert shown(evidence("a"), evidence("b", 30), evidence("c", 45)) == "ab"


def test_photos_without_a_pose_count_as_from_above():
    assert shown(evidence("a", None), evidence("b", None), evidence("c", None)) == "ab"


def test_a_photo_with_several_outlines_is_told_once():
    assert shown(evidence("a"), evidence("a"), evidence("b"), evidence("a")) == "ab"


def test_the_newest_patrol_comes_first():
    earlier = (evidence("a"), evidence("b"), evidence("c"))
    later = (evidence("d", patrol=2), evidence("e", 40, patrol=2))
    assert shown(*earlier, *later) == "deab"


def test_a_case_without_evidence_shows_nothing():
    assert shown() == ""
