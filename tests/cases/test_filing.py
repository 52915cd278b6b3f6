import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from shapely import box

from cases.errors import FilingError
from cases.filing import propose
from cases.model import Findings
from cases.rules import Rulebook
from cases.zones import NO_ZONES, Zones
from tests.cases.conftest import DAY
from tests.cases.world import cell, on_ground, seen, square, zones
from vision.model import Observation


def findings(rulebook: Rulebook, *observations: Observation, at: Zones | None = None) -> Findings:
    return propose(observations, rulebook, at or zones(), on=DAY, cells=[cell()])


# what is seen, the category it is filed as or "" for no case, and a part of the reason
TABLE = [
    (seen("far from permits", "building", 60, 60, 12), "building.unpermitted", "0% in permitted"),
    (seen("permitted", "building", 101, 99, 20), "", "100% in permitted"),
    (seen("beside permit", "building", 116, 100, 10), "building.unpermitted", "20% in permitted"),
    (seen("ill placed", "building", 112, 100, 10), "", "60% in permitted"),
    (seen("shed", "building", 60, 60, 4), "", "area 16.0 m² is below 20.0"),
    (seen("doubtful", "building", 60, 60, 12, score=0.3), "", "score 0.30 is below 0.40"),
    (seen("outside", "building", 60, 60, 12, cell=None), "", "outside every grid cell"),
    (seen("walls", "construction", 60, 60, 12), "construction.unpermitted", "0% in permitted"),
    (seen("field fire", "flame", -60, 0, 2), "burning.straw", "100% in farmland"),
    (seen("village fire", "flame", 60, 0, 2), "", "0% in farmland"),
    (seen("field smoke", "smoke", -60, 0, 30), "burning.straw", "clear of an industrial zone"),
    (seen("chimney smoke", "smoke", 250, -50, 30), "", "in an industrial zone"),
    (seen("drifting smoke", "smoke", 185, -50, 25), "", "within 15 m"),
    (seen("scar", "burn_scar", -60, 0, 8), "burning.scar", "100% in farmland"),
    (seen("village scar", "burn_scar", 60, 0, 8), "", "0% in farmland"),
    (seen("boat", "boat", 0, 350, 5), "fishing.boat", "100% in closed water"),
    (seen("open boat", "boat", 0, 450, 5), "", "0% in closed water"),
    (seen("cages", "fishing_gear", 0, 350, 3), "fishing.gear", "100% in closed water"),
    (seen("cow", "cow", 0, 0, 3), "", "no rule speaks of cow"),
]


@pytest.mark.parametrize(
    ("item", "category", "reason"), TABLE, ids=[item.observation_id for item, _, _ in TABLE]
)
def test_rules_file_or_reject_with_the_reason(
    rulebook: Rulebook, item: Observation, category: str, reason: str
):
    made = findings(rulebook, item)
    filed = [proposal.category.code for proposal in made.proposals]
    assert filed == ([category] if category else [])
    why = made.proposals[0].why if category else made.rejected[0].why
    assert any(reason in words.en for words in why), why


@pytest.mark.parametrize(("day", "filed"), [((2, 28), 0), ((3, 1), 1), ((6, 30), 1), ((7, 1), 0)])
def test_fishing_is_closed_from_march_to_june(rulebook: Rulebook, day: tuple[int, int], filed: int):
    at = datetime(2026, *day, 4, 0, tzinfo=UTC)
    assert len(findings(rulebook, seen("b", "boat", 0, 350, 5, at=at)).proposals) == filed


def test_an_observation_without_time_is_judged_by_the_given_day(rulebook: Rulebook):
    boat = seen("b", "boat", 0, 350, 5, at=None)
    winter = propose([boat], rulebook, zones(), on=date(2026, 12, 1))
    assert not winter.proposals
    assert "2026-12-01" in winter.rejected[0].why[0].en


def test_smoke_flame_and_scar_at_one_place_are_one_fire(rulebook: Rulebook):
    made = findings(
        rulebook,
        seen("smoke", "smoke", -55, 15, 30, score=0.95, photos=("p3", "p4")),
        seen("flame", "flame", -60, 0, 2, score=0.5, photos=("p1", "p2")),
        seen("scar", "burn_scar", -60, -4, 6),
    )
    [fire] = made.proposals
    assert fire.class_name == "flame"
    assert fire.category.code == "burning.straw"
    assert set(fire.observation_ids) == {"smoke", "flame", "scar"}
    assert [outline.photo_id for outline in fire.outlines] == ["p1", "p2", "p3", "p4", "p1"]


def test_a_fire_says_how_much_ground_is_burnt_overlaps_once(rulebook: Rulebook):
    made = findings(
        rulebook,
        seen("flame", "flame", -60, 0, 2),
        seen("scar", "burn_scar", -60, -4, 6),
        seen("scar2", "burn_scar", -57, -4, 6),  # half of it lies on the other
    )
    [fire] = made.proposals
    assert fire.area_m2 == pytest.approx(4, rel=0.01)
    assert "burn scar seen at the same place (2): 54 m² burnt" in [words.en for words in fire.why]


def test_a_plume_over_two_fires_does_not_make_them_one(rulebook: Rulebook):
    plume = on_ground(box(-150, 0, -50, 20))
    made = findings(
        rulebook,
        seen("one", "flame", -150, 0, 2),
        seen("two", "flame", -60, 0, 2),
        seen("plume", "smoke", 0, 0, polygon=plume),
    )
    assert [len(fire.observation_ids) for fire in made.proposals] == [2, 1]


def test_the_flame_says_where_it_burns_when_smoke_drifts_over_the_works(rulebook: Rulebook):
    drift = on_ground(box(-20, -60, 280, -40))
    made = findings(
        rulebook, seen("flame", "flame", -10, -50, 2), seen("plume", "smoke", 0, 0, polygon=drift)
    )
    assert [proposal.class_name for proposal in made.proposals] == ["flame"]


def test_smoke_of_a_flare_in_the_works_is_rejected_with_its_flame(rulebook: Rulebook):
    drift = on_ground(box(-280, -60, 215, -40))
    made = findings(
        rulebook, seen("flare", "flame", 210, -50, 2), seen("plume", "smoke", 0, 0, polygon=drift)
    )
    assert not made.proposals
    assert {entry.observation_id for entry in made.rejected} == {"flare", "plume"}


def test_one_building_seen_as_building_and_as_site_is_one_case(rulebook: Rulebook):
    made = findings(
        rulebook,
        seen("site", "construction", 60, 60, 12, score=0.6),
        seen("house", "building", 62, 60, 12, score=0.8),
        seen("neighbour", "building", 76, 60, 12, score=0.7),
    )
    assert [proposal.observation_ids for proposal in made.proposals] == [
        ("house", "site"),
        ("neighbour",),
    ]


def test_without_zones_cases_are_filed_to_check(rulebook: Rulebook):
    made = findings(rulebook, seen("s", "smoke", 0, 0, 20), at=NO_ZONES)
    assert made.proposals[0].to_check
    assert any("no zones were given" in words.en for words in made.proposals[0].why)
    elsewhere = findings(rulebook, seen("s", "smoke", 0, 0, 20), at=Zones({"closed_water": ()}))
    assert any("no layer for farmland" in words.en for words in elsewhere.proposals[0].why)


def test_permits_of_another_place_make_no_house_unpermitted(rulebook: Rulebook):
    permits = [square(100_000, 0, 20)]
    everywhere = [*zones().layers["farmland"], square(200_000, 0, 20)]  # its box spans the permits
    here = Zones({**zones().layers, "farmland": everywhere, "permitted": permits})
    (proposal,) = findings(rulebook, seen("h", "building", 60, 60, 12), at=here).proposals
    assert proposal.category.code == "building.unpermitted"
    assert proposal.to_check


def test_off_the_ground_of_the_zones_cases_are_filed_to_check(rulebook: Rulebook):
    far = [seen("b1", "building", 100_000, 0, photos=("p1", "p2"))]
    made = propose(far, rulebook, zones(), on=DAY)
    assert made.proposals[0].to_check
    assert "off the ground that the zone file covers" in " ".join(
        w.en for w in made.proposals[0].why
    )


def test_without_zones_nothing_is_filed_when_unknown_is_skipped(rulebook: Rulebook):
    strict = rulebook.model_copy(update={"unknown_zone": "skip"})
    made = findings(strict, seen("s", "smoke", 0, 0, 20), at=NO_ZONES)
    assert not made.proposals
    assert made.rejected[0].kind == "burning"


def test_known_zones_still_reject_where_another_layer_is_unknown(rulebook: Rulebook):
    only_works = Zones({"industrial": zones().layers["industrial"]})
    made = findings(rulebook, seen("s", "smoke", 250, -50, 20), at=only_works)
    assert not made.proposals


def test_proposals_carry_the_names_of_their_cell(rulebook: Rulebook):
    [made] = findings(rulebook, seen("b", "building", 60, 60, 12)).proposals
    assert (made.place.town, made.place.officer) == ("West Town", "Li Wei")
    assert made.rule_version == rulebook.version_label


def test_the_order_of_observations_does_not_matter(rulebook: Rulebook):
    items = [item for item, _, _ in TABLE]
    spread = [
        replace(item, observation_id=f"{item.observation_id} again", score=0.7) for item in items
    ]
    both = items + spread
    expected = findings(rulebook, *both)
    for seed in range(5):
        shuffled = random.Random(seed).sample(both, len(both))
        assert findings(rulebook, *shuffled) == expected


def test_every_observation_ends_in_one_proposal_or_rejection(rulebook: Rulebook):
    items = [item for item, _, _ in TABLE]
    made = findings(rulebook, *items)
    named = [name for proposal in made.proposals for name in proposal.observation_ids]
    named += [entry.observation_id for entry in made.rejected]
    assert sorted(named) == sorted(item.observation_id for item in items)


def test_repeated_observation_names_are_refused(rulebook: Rulebook):
    item = seen("twice", "boat", 0, 350, 5)
    with pytest.raises(FilingError, match="twice"):
        findings(rulebook, item, item)


def test_where_nobody_knows_the_day_a_person_has_to_check_the_season(rulebook: Rulebook):
    boat = seen("boat", "boat", 0, 350, 5, at=None)
    made = propose([boat], rulebook, zones(), on=None)
    [filed] = made.proposals
    assert filed.to_check
    assert any("day unknown" in words.en and "日期未知" in words.zh for words in filed.why)


def test_a_rule_without_season_does_not_ask_for_the_day(rulebook: Rulebook):
    house = seen("house", "building", 60, 60, 12, at=None)
    [filed] = propose([house], rulebook, zones(), on=None).proposals
    assert not filed.to_check


def test_the_day_of_the_patrol_stands_in_for_the_observation(rulebook: Rulebook):
    boat = seen("boat", "boat", 0, 350, 5, at=None)
    assert propose([boat], rulebook, zones(), on=date(2026, 7, 1)).proposals == ()
    [filed] = propose([boat], rulebook, zones(), on=DAY).proposals
    assert not filed.to_check
