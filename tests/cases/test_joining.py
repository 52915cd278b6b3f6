"""Two cases that are one thing, and one that is two: what was seen counts where people put it."""

from datetime import timedelta

import pytest

from cases.drawing import Draughtsman, Ground
from cases.errors import ArrangementError, NotPermittedError, StaleCaseError, TransitionError
from cases.filing import propose
from cases.joining import Parting
from cases.lifecycle import Role, Stage
from cases.model import Findings
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_drawing import redraw
from tests.cases.test_registry import file
from tests.cases.world import FRAME, seen, square

NOW = FLOWN + timedelta(hours=2)
CHEN = Draughtsman("Chen", Role.INSPECTOR, NOW)


def findings(rulebook: Rulebook, *places_m: float, photos: tuple[str, ...] = ("p1",)) -> Findings:
    items = [seen(f"house {at}", "building", at, -60, 12, photos=photos) for at in places_m]
    return propose(items, rulebook, NO_ZONES, on=DAY)


@pytest.fixture
def pair(registry: Registry, rulebook: Rulebook) -> tuple[str, ...]:
    """Halves of one hall, at 60 and 75 m, and a later patrol that saw only the first."""
    pair = file(registry, rulebook, findings(rulebook, 60, 75), patrol_on(0)).new
    file(registry, rulebook, findings(rulebook, 60, photos=("p2", "p3")), patrol_on(1))
    return pair


def merge(registry: Registry, rulebook: Rulebook, kept: str, other: str, **more):
    numbers = (registry.case(kept).version, registry.case(other).version)
    told = {"versions": numbers, "categories": rulebook.categories, "by": CHEN, **more}
    return registry.merge(kept, other, **told)


def photos_of(case) -> list[tuple[str, str]]:
    return [(entry.patrol_id, entry.photo_id) for entry in case.evidence]


def test_one_case_takes_over_what_was_seen_of_the_other(pair, registry, rulebook):
    kept, other = pair
    whole = merge(registry, rulebook, kept, other)
    assert sorted(photos_of(whole)) == [
        ("patrol-0", "p1"), ("patrol-0", "p1"), ("patrol-1", "p2"), ("patrol-1", "p3"),
    ]  # fmt: skip
    assert whole == registry.case(kept)
    gone = registry.case(other)
    assert gone.stage is Stage.REJECTED
    assert registry.history(other)[-1].details["reason"] == f"duplicate: {kept}"
    assert registry.verify_chain().is_intact


def test_of_one_patrol_both_outlines_are_one_ground(registry, rulebook):
    kept, other = file(registry, rulebook, findings(rulebook, 60, 70), patrol_on(0)).new
    whole = merge(registry, rulebook, kept, other)
    assert whole.area_m2 == pytest.approx(22 * 12, rel=0.01)  # 54 to 76 m, as the plane says
    assert FRAME.to_local(whole.polygon).bounds == pytest.approx((54, -66, 76, -54), abs=0.01)


def test_undo_sets_both_back(pair, registry, rulebook):
    kept, other = pair
    before = registry.case(kept), registry.case(other)
    merge(registry, rulebook, kept, other)
    version = registry.case(other).version
    registry.decide(other, "undo", actor="Chen", expected_version=version, now=NOW)
    after = registry.case(kept), registry.case(other)
    for was, now in zip(before, after, strict=True):
        assert photos_of(now) == photos_of(was)
        assert (now.polygon, now.stage, now.area_m2) == (was.polygon, was.stage, was.area_m2)
    assert registry.verify_chain().is_intact
    result = file(registry, rulebook, findings(rulebook, 60), patrol_on(0))  # filed again
    assert result.withdrawn == (other,)


def test_undo_is_refused_once_more_has_happened(pair, registry, rulebook):
    kept, other = pair
    whole = merge(registry, rulebook, kept, other)
    registry.decide(kept, "confirm", actor="Li", expected_version=whole.version, now=NOW)
    version = registry.case(other).version
    with pytest.raises(ArrangementError, match="more has happened since"):
        registry.decide(other, "undo", actor="Chen", expected_version=version, now=NOW)
    assert registry.case(other).stage is Stage.REJECTED


def test_filed_again_the_patrols_leave_what_was_arranged(pair, registry, rulebook):
    kept, other = pair
    whole = merge(registry, rulebook, kept, other)
    result = file(registry, rulebook, findings(rulebook, 61, 76), patrol_on(0))
    assert not result.new
    assert registry.case(kept) == whole


def test_only_two_near_cases_of_a_kind_are_one(pair, registry, rulebook):
    (far,) = file(registry, rulebook, findings(rulebook, 400), patrol_on(2)).new
    boat = propose([seen("b", "smoke", 90, -60, 12)], rulebook, NO_ZONES, on=DAY)
    (smoke,) = file(registry, rulebook, boat, patrol_on(3)).new
    assert [case.case_no for case in registry.near(pair[0], rulebook.categories)] == [pair[1]]
    for other in (far, smoke, pair[0]):
        with pytest.raises(ArrangementError, match="are not one thing"):
            merge(registry, rulebook, pair[0], other)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"versions": (9, 1)}, StaleCaseError),
        ({"versions": (2, 9)}, StaleCaseError),
        ({"by": Draughtsman("Li", Role.COMMAND, NOW)}, NotPermittedError),
    ],
)
def test_a_merge_that_is_not_allowed_changes_nothing(pair, registry, rulebook, more, error):
    before = [registry.case(number) for number in pair]
    with pytest.raises(error):
        merge(registry, rulebook, *pair, **more)
    assert [registry.case(number) for number in pair] == before


GROUND = Ground(square(90, -60, 8), 2.0, 64.0)


def split(registry: Registry, case_no: str, *outlines, **more):
    told = {"expected_version": registry.case(case_no).version, "by": CHEN, **more}
    return registry.split(case_no, Parting(frozenset(outlines), GROUND, None), **told)


def test_a_part_becomes_a_case_of_its_own(pair, registry):
    rest, other = split(registry, pair[0], ("patrol-1", "p2", 0))
    assert photos_of(rest) == [("patrol-0", "p1"), ("patrol-1", "p3")]
    assert photos_of(other) == [("patrol-1", "p2")]
    assert (other.stage, other.area_m2, other.case_no) == ("reported", 64.0, "20260610-0003")
    assert (registry.case(rest.case_no), registry.case(other.case_no)) == (rest, other)
    assert registry.history(other.case_no)[0].details["split_from"] == rest.case_no
    assert registry.verify_chain().is_intact


def test_a_patrol_of_which_nothing_is_left_does_not_see_the_rest(pair, registry):
    rest, _ = split(registry, pair[0], ("patrol-1", "p2", 0), ("patrol-1", "p3", 0))
    assert rest.last_patrol_id == "patrol-0"
    assert rest.last_seen < registry.case("20260610-0003").last_seen + timedelta(seconds=1)


def test_what_was_split_can_be_merged_again(pair, registry, rulebook):
    before = registry.case(pair[0])
    _, other = split(registry, pair[0], ("patrol-1", "p2", 0))
    whole = merge(registry, rulebook, pair[0], other.case_no)
    assert sorted(photos_of(whole)) == sorted(photos_of(before))
    assert registry.verify_chain().is_intact


def test_filed_again_the_patrol_leaves_both_parts(pair, registry, rulebook):
    rest, other = split(registry, pair[0], ("patrol-1", "p2", 0))
    file(registry, rulebook, findings(rulebook, 61, photos=("p2", "p3")), patrol_on(1))
    assert (registry.case(rest.case_no), registry.case(other.case_no)) == (rest, other)


@pytest.mark.parametrize(
    "outlines",
    [
        [],
        [("patrol-1", "p9", 0)],
        [("patrol-0", "p1", 0), ("patrol-1", "p2", 0), ("patrol-1", "p3", 0)],
    ],
)
def test_neither_part_may_be_empty(pair, registry, outlines):
    with pytest.raises(ArrangementError):
        split(registry, pair[0], *outlines)
    assert registry.verify_chain().is_intact


def test_a_case_that_was_sent_out_is_not_arranged_any_more(pair, registry, rulebook):
    registry.decide(pair[0], "confirm", actor="Li", expected_version=2, now=NOW)
    registry.decide(pair[0], "assign", actor="Li", role=Role.COMMAND, expected_version=3, now=NOW)
    with pytest.raises(TransitionError):
        split(registry, pair[0], ("patrol-1", "p2", 0))
    with pytest.raises(TransitionError):
        merge(registry, rulebook, *pair)


def test_an_outline_of_an_earlier_patrol_is_corrected_and_the_chain_stays_whole(pair, registry):
    redraw(registry, pair[0], version=2)
    assert registry.verify_chain().is_intact
