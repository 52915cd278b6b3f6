import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from cases.filing import propose
from cases.lifecycle import Stage
from cases.matching import Matching, match
from cases.model import Case, Findings, PatrolRecord
from cases.rule_files import load_rulebook
from cases.updating import open_case
from tests.cases.conftest import DAY, patrol_on
from tests.cases.world import FRAME, SEEN, on_ground, seen, square, zones
from vision.model import Observation

BOOK = load_rulebook()
EVERYWHERE = [square(0, 0, 3000)]


def found(day: int, *observations: Observation) -> Findings:
    later = [
        replace(item, seen_at=SEEN + timedelta(days=day), observation_id=f"{item.observation_id}")
        for item in observations
    ]
    return propose(later, BOOK, zones(), on=DAY)


def known(day: int, *observations: Observation) -> list[Case]:
    """Cases that a patrol made of what it saw, numbered in the order of proposals."""
    proposals = found(day, *observations).proposals
    return [open_case(entry, f"case-{n}", patrol_on(day)) for n, entry in enumerate(proposals, 1)]


def matched(
    findings: Findings,
    cases: list[Case],
    patrol: PatrolRecord,
    footprints: list[Polygon] | None = None,
    remembered: Sequence[Case] = (),
) -> Matching:
    return match(
        findings,
        cases,
        BOOK.categories,
        patrol=patrol,
        footprints=EVERYWHERE if footprints is None else footprints,
        remembered=remembered,
    )


def pairs(matching: Matching) -> dict[str, str]:
    return {entry.observation_ids[0]: case.case_no for entry, case in matching.same}


def house(name: str, x_m: float, y_m: float = 60, side_m: float = 12) -> Observation:
    return seen(name, "building", x_m, y_m, side_m)


def test_a_building_seen_again_is_the_same_case():
    made = matched(found(5, house("b", 61.5, 61)), known(0, house("a", 60)), patrol_on(5))
    assert pairs(made) == {"b": "case-1"}
    assert not made.new
    assert not made.missed


def test_a_site_that_became_a_building_is_the_same_case():
    site = seen("a", "construction", 60, 60, 12)
    assert pairs(matched(found(90, house("b", 60)), known(0, site), patrol_on(90)))


def test_a_building_beside_a_known_one_is_new():
    made = matched(found(5, house("b", 75)), known(0, house("a", 60)), patrol_on(5))
    assert [entry.observation_ids for entry in made.new] == [("b",)]
    assert not made.same


def test_a_shifted_row_of_sheds_keeps_its_identities():
    cases = known(0, *(house(f"a{n}", 20 + 8 * n, side_m=5) for n in range(8)))
    shifted = found(5, *(house(f"b{n}", 22 + 8 * n, side_m=5) for n in range(8)))
    assert pairs(matched(shifted, cases, patrol_on(5))) == {
        f"b{n}": f"case-{n + 1}" for n in range(8)
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_village_that_lies_aside_as_a_whole_keeps_its_identities(seed: int):
    rng = random.Random(seed)
    places = [(x + rng.uniform(-1, 1), y + rng.uniform(-1, 1)) for x in range(0, 54, 9)
              for y in range(120, 174, 9)]  # fmt: skip
    gone = rng.randrange(len(places))
    before = [seen(f"a{n}", "building", *at, 6, sigma_m=2.5) for n, at in enumerate(places)]
    again = [
        seen(f"b{n}", "building", x + 5, y - 4, 6, sigma_m=2.5)
        for n, (x, y) in enumerate(places)
        if n != gone
    ]
    cases = known(0, *before)
    made = matched(found(5, *again), cases, patrol_on(5))
    stood = {case.case_no: FRAME.to_local(case.polygon).centroid for case in cases}
    for finding, case_no in pairs(made).items():
        assert stood[case_no].distance(Point(places[int(finding[1:])])) < 0.1
    assert len(made.same) == len(places) - 1
    assert [stood[case.case_no].distance(Point(places[gone])) < 0.1 for case in made.missed] == [
        True
    ]


def test_two_flights_that_lie_aside_differently_keep_their_identities():
    west = [(9.0 * x, 120 + 9.0 * y) for x in range(6) for y in range(6)]
    east = [(600 + 9.0 * x, 120 + 9.0 * y) for x in range(6) for y in range(5)]
    cases = known(0, *(house(f"a{n}", *at, side_m=6) for n, at in enumerate([*west, *east])))
    again = [
        seen(f"b{n}", "building", x + 3, y - 2, 6, sigma_m=2.5, photos=("west/p1",))
        for n, (x, y) in enumerate(west)
    ]
    again += [
        seen(f"b{n}", "building", x - 3, y + 2, 6, sigma_m=2.5, photos=("east/p1",))
        for n, (x, y) in enumerate(east, start=len(west))
    ]
    made = matched(found(5, *again), cases, patrol_on(5))
    stood = {case.case_no: FRAME.to_local(case.polygon).centroid for case in cases}
    places = [*west, *east]
    assert len(made.same) == len(places)
    for finding, case_no in pairs(made).items():
        assert stood[case_no].distance(Point(places[int(finding[1:])])) < 0.1


def test_a_house_taken_in_by_its_neighbour_is_not_gone_in_a_flight_that_lies_aside():
    rng = random.Random(1)
    others = [(200 + rng.uniform(0, 200), 120 + rng.uniform(0, 200)) for _ in range(15)]
    cases = known(
        0,
        house("a", 60, 200, 8),
        house("b", 71, 200, 8),
        *(house(f"o{n}", *at, side_m=8) for n, at in enumerate(others)),
    )
    both = seen("c", "building", 70, 200, polygon=on_ground(box(60, 196, 81, 204)))
    rest = [house(f"p{n}", x + 5, y, 8) for n, (x, y) in enumerate(others)]
    assert not matched(found(5, both, *rest), cases, patrol_on(5)).missed


def test_an_open_case_is_gone_only_where_the_photos_covered_it():
    cases = known(0, house("a", 60), house("c", 160))
    west = [square(60, 60, 50)]
    made = matched(found(5), cases, patrol_on(5), west)
    assert [case.case_no for case in made.missed] == ["case-1"]


def test_nothing_is_gone_when_the_edge_of_the_photos_cuts_it():
    cut = [square(60 + 24.5, 60, 50)]  # covers the building, but not the doubt about its place
    cases = known(0, seen("a", "building", 66, 60, 12, sigma_m=2))
    assert not matched(found(5), cases, patrol_on(5), cut).missed


def test_a_known_neighbour_does_not_stand_for_a_house_that_is_gone():
    cases = known(0, house("a", 60, side_m=8), house("b", 71, side_m=8))
    made = matched(found(5, house("c", 60.5, side_m=8)), cases, patrol_on(5))
    assert pairs(made) == {"c": "case-1"}
    assert [case.case_no for case in made.missed] == ["case-2"]


def test_a_house_that_its_neighbour_took_in_is_not_gone():
    cases = known(0, house("a", 60, side_m=8), house("b", 71, side_m=8))
    both = seen("c", "building", 65, 60, polygon=on_ground(box(55, 55, 76, 65)))
    made = matched(found(5, both), cases, patrol_on(5))
    assert len(made.same) == 1
    assert not made.missed


def test_a_doubtful_sight_that_no_rule_wanted_keeps_a_case_standing():
    doubtful = seen("b", "building", 60, 60, 12, score=0.2)
    made = matched(found(5, doubtful), known(0, house("a", 60)), patrol_on(5))
    assert not made.new
    assert not made.missed


def test_a_doubtful_sight_of_another_kind_does_not():
    boat = seen("b", "boat", 60, 60, 12, score=0.2)
    assert matched(found(5, boat), known(0, house("a", 60)), patrol_on(5)).missed


@pytest.mark.parametrize("stage", [Stage.REJECTED, Stage.CLOSED, Stage.WITHDRAWN])
def test_a_case_that_asks_for_nothing_is_never_gone(stage: Stage):
    cases = [replace(case, stage=stage) for case in known(0, house("a", 60))]
    assert not matched(found(5), cases, patrol_on(5)).missed


def test_a_finding_at_a_rejected_case_is_that_case_again():
    cases = [replace(case, stage=Stage.REJECTED) for case in known(0, house("a", 60))]
    assert pairs(matched(found(5, house("b", 60)), cases, patrol_on(5))) == {"b": "case-1"}


def test_a_finding_at_a_closed_case_is_new():
    cases = [replace(case, stage=Stage.CLOSED) for case in known(0, house("a", 60))]
    assert matched(found(5, house("b", 60)), cases, patrol_on(5)).new


@pytest.mark.parametrize(("days", "is_new"), [(0, False), (1, False), (3, True)])
def test_a_fire_after_days_of_quiet_is_a_new_fire(days: int, is_new: bool):
    fire = seen("a", "flame", -60, 0, 2)
    made = matched(found(days, replace(fire, observation_id="b")), known(0, fire), patrol_on(days))
    assert bool(made.new) is is_new


BOAT_STANDS = [(Stage.HANDLING, False), (Stage.FED_BACK, False), (Stage.REJECTED, True)]


@pytest.mark.parametrize(("stage", "is_new"), BOAT_STANDS)
def test_a_boat_that_lies_there_a_week_later_is_the_open_case(stage: Stage, is_new: bool):
    """Nobody has verified that it left; a boat at a rejected place may be any other."""
    boat = seen("a", "boat", 60, 350, 12)
    [case] = known(0, boat)
    again = found(7, replace(boat, observation_id="b"))
    made = matched(again, [replace(case, stage=stage)], patrol_on(7))
    assert bool(made.new) is is_new


def test_a_fire_a_week_later_is_a_new_one_though_the_case_is_open():
    """It has to be told at once, whatever became of the other."""
    fire = seen("a", "flame", -60, 0, 2)
    [case] = known(0, fire)
    again = found(7, replace(fire, observation_id="b"))
    made = matched(again, [replace(case, stage=Stage.HANDLING)], patrol_on(7))
    assert len(made.new) == 1


def test_a_scar_where_a_fire_was_reported_belongs_to_the_fire():
    made = matched(
        found(10, seen("scar", "burn_scar", -58, 0, 8)),
        known(0, seen("fire", "flame", -60, 0, 2)),
        patrol_on(10),
    )
    assert pairs(made) == {"scar": "case-1"}


def test_a_finding_takes_the_number_of_a_remembered_case_before_a_new_one():
    [once] = known(0, house("a", 60))
    made = matched(found(0, house("b", 61)), [], patrol_on(0), remembered=[once])
    assert pairs(made) == {"b": "case-1"}


def test_a_known_case_comes_before_a_remembered_one():
    [standing] = known(0, house("a", 60))
    once = replace(known(1, house("a", 62))[0], case_no="case-2")
    made = matched(found(1, house("b", 62)), [standing], patrol_on(1), remembered=[once])
    assert pairs(made) == {"b": "case-1"}


def test_a_remembered_case_is_never_missed():
    assert not matched(found(5), [], patrol_on(5), remembered=known(0, house("a", 60))).missed


places = st.lists(
    st.tuples(st.floats(10, 90), st.floats(-90, 80), st.sampled_from(["building", "construction"])),
    max_size=12,
)


def crowd(prefix: str, at: list[tuple[float, float, str]]) -> list[Observation]:
    return [
        seen(f"{prefix}{n:02}", name, x, y, 6, score=0.5 + n / 100)
        for n, (x, y, name) in enumerate(at)
    ]


@settings(deadline=None, max_examples=50)
@given(places, places, st.randoms(use_true_random=False))
def test_the_order_of_findings_and_cases_does_not_matter(before, after, rng: random.Random):
    cases, findings = known(0, *crowd("a", before)), found(5, *crowd("b", after))
    expected = matched(findings, cases, patrol_on(5))
    shuffled = Findings(
        tuple(rng.sample(findings.proposals, len(findings.proposals))), findings.rejected
    )
    again = matched(shuffled, rng.sample(cases, len(cases)), patrol_on(5))
    assert pairs(again) == pairs(expected)
    assert {case.case_no for case in again.missed} == {case.case_no for case in expected.missed}


@settings(deadline=None, max_examples=50)
@given(places, places)
def test_each_finding_and_each_case_is_used_once(before, after):
    cases, findings = known(0, *crowd("a", before)), found(5, *crowd("b", after))
    made = matched(findings, cases, patrol_on(5))
    used = [case.case_no for _, case in made.same] + [case.case_no for case in made.missed]
    assert len(used) == len(set(used))
    filed = [*made.new, *(entry for entry, _ in made.same)]
    assert sorted(entry.proposal_id for entry in filed) == sorted(
        entry.proposal_id for entry in findings.proposals
    )


@settings(deadline=None, max_examples=50)
@given(places)
def test_a_patrol_that_sees_the_same_again_makes_nothing_new(before):
    cases = known(0, *crowd("a", before))
    made = matched(found(5, *crowd("a", before)), cases, patrol_on(5))
    assert not made.new
    assert not made.missed
    assert len(made.same) == len(cases)
