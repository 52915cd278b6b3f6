"""What a choice of cases gives is what looking at every case gives, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from sqlalchemy import create_engine

from cases import listing
from cases.atlas import SHOWN, Atlas
from cases.database import url_of
from cases.errors import UnknownCaseError
from cases.filing import propose
from cases.lifecycle import Stage
from cases.model import Case
from cases.people import DISTRICT, Area
from cases.registry import Registry
from cases.rules import Rulebook
from geo.grid import Cell, Grid
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_registry import decide, file, sights
from tests.cases.world import SEEN, seen, square, zones


@pytest.fixture
def worked(registry: Registry, rulebook: Rulebook) -> Registry:
    """Three cases of which one is confirmed and one withdrawn."""
    file(registry, rulebook, sights(rulebook), patrol_on(0))
    file(registry, rulebook, sights(rulebook, without="boat"), patrol_on(0))
    decide(registry, registry.cases(category="building.unpermitted")[0], "confirm")
    return registry


def inside(case: Case, bbox: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bbox
    return west <= case.lon_deg <= east and south <= case.lat_deg <= north


@pytest.mark.parametrize("few", [0, 1, 4000])
@pytest.mark.parametrize("order", get_args(listing.Order))
def test_a_window_holds_what_lies_in_it_whichever_index_leads(
    worked: Registry, few: int, order: listing.Order, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(listing, "FEW", few)
    whole = worked.cases(stage=list(Stage), order=order)
    assert len(whole) == 3
    for x_m, side_m in product((-60, 0, 60), (10, 60, 2000)):
        window = square(x_m, 0, side_m).bounds
        found = worked.cases(stage=list(Stage), bbox=window, order=order)
        assert found == [case for case in whole if inside(case, window)]


def test_a_window_follows_a_case_that_moves(registry: Registry, rulebook: Rulebook):
    file(registry, rulebook, sights(rulebook), patrol_on(0))
    before = registry.cases(category="building.unpermitted")[0]
    moved = propose([seen("house", "building", 61, 61, 12)], rulebook, zones(), on=DAY)
    file(registry, rulebook, moved, patrol_on(1))
    after = registry.case(before.case_no)
    assert (after.lon_deg, after.lat_deg) != (before.lon_deg, before.lat_deg)
    for case, found in ((before, []), (after, [after])):
        lon, lat = case.lon_deg, case.lat_deg
        assert registry.cases(bbox=(lon - 1e-7, lat - 1e-7, lon + 1e-7, lat + 1e-7)) == found
    assert registry.verify_chain().is_intact


def test_counts_are_those_of_the_lists(worked: Registry):
    stages = [None, *Stage]
    categories = [None, "building.unpermitted", "burning.straw", "fishing.boat"]
    for stage, category, cell in product(stages, categories, (None, "cell-1", "cell-2")):
        choice = {"stage": stage, "category": category, "cell": cell}
        assert worked.count(**choice) == len(worked.cases(**choice))
    assert sum(entry.count for entry in worked.counts()) == 3
    assert worked.verify_chain().is_intact


@pytest.fixture
def two_towns(registry: Registry, rulebook: Rulebook) -> Registry:
    """Cases of two villages of one town, of another town, and of none."""
    patrol = patrol_on(0)
    houses = propose(
        [
            seen(f"h{n}", "building", 40 * n, 0, 12, cell=code, photos=(f"p{n}",))
            for n, code in enumerate(("w1", "w2", "e1", "n1"))
        ],
        rulebook,
        zones(),
        on=DAY,
        cells=Grid(
            [
                cell("w1", "West", "Reed"),
                cell("w2", "West", "Mill"),
                cell("e1", "East", "Reed"),
                cell("n1", "", ""),
            ]
        ),
    )
    file(registry, rulebook, houses, patrol)
    return registry


@pytest.mark.parametrize("area", [DISTRICT, Area("West")])
def test_bare_cases_are_all_of_an_area_as_they_are_but_for_evidence(
    two_towns: Registry, area: Area
):
    first = two_towns.cases()[0]
    decide(two_towns, first, "reject", reason="harmless")
    limited = two_towns.within(area)
    whole = limited.cases(stage=tuple(Stage), order="number", limit=None)
    assert limited.bare_cases() == [replace(case, evidence=()) for case in whole]
    assert 0 < len(whole) <= 4


def cell(code: str, town: str, village: str) -> Cell:
    x_m = {"w1": 0, "w2": 40, "e1": 80, "n1": 120}[code]
    return Cell(code, code, town, village, "Li Wei", square(x_m, 0, 30))


AREAS = (
    DISTRICT, Area("West"), Area("West", "Reed"), Area("East"), Area("East", "Mill"), Area("North"),
)  # fmt: skip


@pytest.mark.parametrize("area", AREAS)
def test_an_area_has_its_cases_and_no_others(two_towns: Registry, area: Area):
    everyone = two_towns.cases()
    assert len(everyone) == 4
    limited = two_towns.within(area)
    own = [case for case in everyone if area.holds(case.place.town, case.place.village)]
    for order in get_args(listing.Order):
        assert {case.case_no for case in limited.cases(order=order)} == {c.case_no for c in own}
    assert limited.cases(stage=Stage.REPORTED, category="building.unpermitted") == own
    assert limited.cases(bbox=square(0, 0, 3000).bounds) == own
    assert limited.count() == sum(entry.count for entry in limited.counts()) == len(own)
    numbers = {number for entry in limited.filings() for number in entry.result.new}
    assert numbers == {case.case_no for case in own}
    for case in everyone:
        assert limited.shows("patrol-0", case.evidence[0].photo_id) == (case in own)
    later = FLOWN + timedelta(minutes=5)
    taken = [limited.claim_next(f"i{n}", until=later, now=FLOWN) for n in range(5)]
    assert [claim.case_no for claim in taken if claim] == [case.case_no for case in own]
    for case in set(everyone) - set(own):
        refuses_every_way(limited, case.case_no)
    assert two_towns.verify_chain().is_intact


def refuses_every_way(limited: Registry, case_no: str) -> None:
    """A foreign case is as unknown as one that is not there."""
    soon = {"until": FLOWN + timedelta(minutes=5), "now": FLOWN}
    decision = {"actor": "Chen", "expected_version": 1, "now": FLOWN}
    for ask in (
        lambda: limited.case(case_no),
        lambda: limited.evidence(case_no),
        lambda: limited.history(case_no),
        lambda: limited.cases(after=case_no),
        lambda: limited.claim(case_no, "Chen", **soon),
        lambda: limited.claim_next("Chen", after=case_no, **soon),
        lambda: limited.renew(case_no, "Chen", **soon),
        lambda: limited.release(case_no, "Chen"),
        lambda: limited.decide(case_no, "confirm", **decision),
    ):
        with pytest.raises(UnknownCaseError):
            ask()


@pytest.mark.parametrize("area", AREAS)
def test_the_last_sights_are_those_of_the_area_s_cases(
    two_towns: Registry, rulebook: Rulebook, where: str, area: Area
):
    again = propose(
        [seen("h1", "building", 40, 0, 12, cell="w2", photos=("p1",))], rulebook, zones(), on=DAY
    )
    file(two_towns, rulebook, again, patrol_on(1))
    engine = create_engine(url_of(where))
    with engine.begin() as connection:  # another place since: its count there is none
        connection.exec_driver_sql("UPDATE cases SET town = 'South' WHERE cell_code = 'e1'")
    engine.dispose()
    newest: dict[str, datetime] = {}
    for case in two_towns.within(area).cases(stage=tuple(Stage), order="oldest", limit=None):
        newest[case.place.cell_code] = case.last_seen
    with Atlas.open(where) as atlas:
        assert atlas.within(area).last_seen() == newest


def test_counts_follow_a_case_into_another_area(two_towns: Registry, where: str):
    moved = two_towns.within(Area("East")).cases()[0]
    engine = create_engine(url_of(where))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE cases SET town = 'West' WHERE case_no = '{moved.case_no}'"
        )
    engine.dispose()
    assert [two_towns.within(Area(town)).count() for town in ("West", "East")] == [3, 0]
    assert not any("count" in problem for problem in two_towns.verify_chain().problems)


SOME_STAGES = (
    (Stage.REPORTED, Stage.REJECTED),
    (Stage.ESTABLISHED, Stage.ESTABLISHED, Stage.CLOSED),
    (Stage.HANDLING,),
    tuple(Stage),
    (),
)


@pytest.fixture
def in_many_stages(registry: Registry, rulebook: Rulebook, where: str) -> Registry:
    """Ten houses of two towns, each of another score, by turns in one of four stages."""
    houses = propose(
        [
            seen(
                f"h{n}", "building", 40 * n, 0, 12, cell=f"c{n}", photos=(f"p{n}",),
                score=0.5 + 0.04 * (7 * n % 10), at=SEEN + timedelta(minutes=3 * n % 10),
            )
            for n in range(10)
        ],
        rulebook,
        zones(),
        on=DAY,
        cells=Grid(
            [
                Cell(f"c{n}", f"c{n}", town, "Reed", "", square(40 * n, 0, 30))
                for n, town in enumerate(["West"] * 6 + ["East"] * 4)
            ]
        ),
    )  # fmt: skip
    file(registry, rulebook, houses, patrol_on(0))
    stages = (Stage.REPORTED, Stage.REJECTED, Stage.ESTABLISHED, Stage.CLOSED)
    engine = create_engine(url_of(where))
    with engine.begin() as connection:
        for n, case in enumerate(registry.cases(order="number")):
            connection.exec_driver_sql(
                f"UPDATE cases SET stage = '{stages[n % 4]}' WHERE case_no = '{case.case_no}'"
            )
    engine.dispose()
    return registry


@pytest.mark.parametrize("order", get_args(listing.Order))
@pytest.mark.parametrize("area", [DISTRICT, Area("West")])
def test_pages_of_several_stages_are_those_of_all_cases(
    in_many_stages: Registry, order: listing.Order, area: Area
):
    limited = in_many_stages.within(area)
    whole = limited.cases(stage=tuple(Stage), order=order, limit=None)
    assert len(whole) == (10 if area.is_district else 6)
    for stages, size in product(SOME_STAGES, (1, 2, 3, 20)):
        wanted = [case for case in whole if case.stage in stages]
        listed: list[Case] = []
        while part := limited.cases(
            stage=stages, order=order, limit=size, after=listed[-1].case_no if listed else None
        ):
            assert len(part) == min(size, len(wanted) - len(listed))
            listed += part
        assert listed == wanted
        assert limited.count(stage=stages) == len(wanted)


@pytest.mark.parametrize("area", [DISTRICT, Area("West")])
def test_dots_are_the_first_of_all_that_are_shown(in_many_stages: Registry, where: str, area: Area):
    whole = in_many_stages.within(area).cases(stage=tuple(Stage), limit=None)
    hidden = [case for case in whole if case.stage not in SHOWN]
    elsewhere = [case for case in in_many_stages.cases(limit=None) if case not in whole]
    also = [whole[0].case_no, hidden[-1].case_no, *(case.case_no for case in elsewhere)]
    with Atlas.open(where) as atlas:
        for named, size in product(((), also), (1, 3, 20)):
            wanted = [c.case_no for c in whole if c.stage in SHOWN or c.case_no in named]
            points = atlas.within(area).points(size, also=named)
            assert [point.case_no for point in points] == wanted[:size]
