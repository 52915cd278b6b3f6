"""What a choice of cases gives is what looking at every case gives, on both databases."""

from itertools import product

import pytest

from cases import listing
from cases.filing import propose
from cases.lifecycle import Stage
from cases.model import Case
from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import DAY, patrol_on
from tests.cases.test_registry import decide, file, sights
from tests.cases.world import seen, square, zones


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
@pytest.mark.parametrize("order", ["urgency", "newest", "number"])
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
