from collections import Counter
from itertools import combinations

import pytest

from simulations.planting import CLASS_NAMES, SAME_GROUP_M, Counts, Kind, hull, plant
from simulations.town import make_district


@pytest.fixture(scope="module")
def district():
    return make_district(4)


@pytest.fixture(scope="module")
def planted(district):
    return plant(district, district.patrol_codes, seed=4)


def of_kind(planted, *kinds):
    return [item for item in planted if item.kind in kinds]


def test_same_seed_plants_the_same(district, planted):
    assert plant(district, district.patrol_codes, seed=4) == planted


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_is_planted_as_often_as_asked(seed):
    district = make_district(seed)
    counts = Counter(item.kind for item in plant(district, district.patrol_codes, seed))
    assert counts == {kind: Counts().of(kind) for kind in Kind}


def test_codes_are_unique(planted):
    assert len({item.code for item in planted}) == len(planted)


def test_objects_lie_well_inside_their_cell(district, planted):
    for item in planted:
        assert district.cell(item.cell_code).boundary.buffer(-5).contains(item.polygon)


def test_violations_of_one_class_keep_their_distance(planted):
    violations = [item for item in planted if item.violation]
    for a, b in combinations(violations, 2):
        if a.class_name == b.class_name:
            assert a.polygon.distance(b.polygon) >= SAME_GROUP_M


def test_new_buildings_stand_off_permitted_ground(district, planted):
    for item in of_kind(planted, Kind.NEW_BUILDING, Kind.UNFINISHED):
        assert item.polygon.distance(district.zones["permitted"]) > 4


def test_permitted_buildings_stand_on_permitted_ground(district, planted):
    permitted = district.zones["permitted"].buffer(1e-6)
    assert all(permitted.contains(i.polygon) for i in of_kind(planted, Kind.PERMITTED_BUILDING))


def test_fires_and_scars_lie_on_farmland(district, planted):
    farmland = district.zones["farmland"].buffer(1e-6)
    assert all(farmland.contains(i.polygon) for i in of_kind(planted, Kind.BURNING, Kind.BURN_SCAR))


@pytest.mark.parametrize(
    ("kind", "zone"),
    [
        (Kind.BOAT, "closed_water"),
        (Kind.CAGES, "closed_water"),
        (Kind.OPEN_BOAT, "open_water"),
        (Kind.CHIMNEY, "industrial"),
        (Kind.STEAM, "industrial"),
        (Kind.GREENHOUSE, "farmland"),
        (Kind.BALES, "farmland"),
    ],
)
def test_each_kind_lies_in_its_zone(district, planted, kind, zone):
    items = of_kind(planted, kind)
    assert items
    assert all(district.zones[zone].buffer(1e-6).contains(item.polygon) for item in items)


def test_chimney_smoke_stays_above_the_works(district, planted):
    for item in of_kind(planted, Kind.CHIMNEY, Kind.STEAM):
        axis = item.plume.axis()
        assert axis.difference(district.zones["industrial"]).length < 1


def test_fires_smoke_and_scars_do_not(planted):
    assert all(item.plume is not None for item in of_kind(planted, Kind.BURNING))
    assert all(item.plume is None for item in of_kind(planted, Kind.BURN_SCAR))


def test_smoke_hides_no_other_object(planted):
    for fire in of_kind(planted, Kind.BURNING):
        outline = fire.plume.outline()
        assert not any(outline.intersects(i.polygon) for i in planted if i is not fire)


def test_only_the_six_violations_are_violations(planted):
    innocent = {item.kind for item in planted if not item.violation}
    assert innocent == set(list(Kind)[6:])
    assert {CLASS_NAMES[kind] for kind in list(Kind)[:6]} == {
        "building", "construction", "smoke", "burn_scar", "boat", "fishing_gear"
    }  # fmt: skip


def test_hull_points_its_bow_along_its_angle():
    boat = hull(10.0, 5.0, 8.0, 2.0, 90.0)
    assert boat.bounds == pytest.approx((9.0, 1.0, 11.0, 9.0))
    assert boat.intersection(boat.buffer(0)).area == pytest.approx(boat.area)


def test_no_cells_are_refused(district):
    with pytest.raises(ValueError, match="cell_codes"):
        plant(district, [], seed=1)
