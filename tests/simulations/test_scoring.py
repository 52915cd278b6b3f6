from dataclasses import replace

import numpy as np
import pytest
from shapely import Point

from geo.frames import LocalFrame
from simulations.layout import rectangle
from simulations.planting import CLASS_NAMES, VIOLATIONS, Kind, Planted
from simulations.plume import Plume, PlumeKind
from simulations.scoring import FiledCase, score

FRAME = LocalFrame(120.13, 32.51)


def planted(kind, x, y, code=None, plume=None):
    return Planted(
        code or f"{kind.value}-{x}", kind, CLASS_NAMES[kind], kind in VIOLATIONS,
        rectangle(x, y, 8, 6, 0), "cell-1", x, y, 8, 6, 0.0, 1, plume,
    )  # fmt: skip


def filed(class_name, x, y, polygon=False, cell_code="cell-1"):
    lon, lat = FRAME.lonlat_from_xy(np.array([[x, y]]))[0]
    shape = FRAME.to_lonlat(Point(x, y).buffer(3)) if polygon else None
    return FiledCase(class_name, lon, lat, shape, cell_code)


def test_case_on_its_object_is_found_and_its_error_measured():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("boat", 3, 4)], FRAME)
    assert result.classes["boat"].found == 1
    assert result.median_error_m == pytest.approx(5.0, abs=1e-6)
    assert (result.recall, result.precision) == (1.0, 1.0)


@pytest.mark.parametrize(("sigma_m", "share"), [(2.0, 0.0), (2.1, 1.0)])
def test_a_circle_of_the_cases_own_doubt_holds_its_object_or_not(sigma_m, share):
    case = replace(filed("boat", 3, 4), sigma_m=sigma_m)  # 5 m off; 95 % lie within 2.448 sigmas
    assert score([planted(Kind.BOAT, 0, 0)], [case], FRAME).inside_95_share == share


def test_object_without_a_case_is_missed():
    result = score([planted(Kind.BOAT, 0, 0)], [], FRAME)
    assert result.classes["boat"].missed == 1
    assert result.missed_codes == ("boat_on_closed_water-0",)
    assert result.recall == 0.0
    assert np.isnan(result.median_error_m)
    assert np.isnan(result.inside_95_share)


def test_case_far_from_everything_is_false():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("boat", 40, 0)], FRAME)
    assert result.classes["boat"].false == 1
    assert result.false_cases == (0,)
    assert result.precision == 0.0


def test_case_of_another_family_does_not_count():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("fishing_gear", 0, 0)], FRAME)
    assert result.classes["boat"].missed == 1
    assert result.classes["fishing_gear"].false == 1


def test_unfinished_building_filed_as_building_is_found():
    result = score([planted(Kind.UNFINISHED, 0, 0)], [filed("building", 1, 1)], FRAME)
    assert result.classes["construction"].found == 1
    assert (result.recall, result.exact_recall) == (1.0, 0.0)


def test_case_in_the_gate_but_not_near_counts_as_found_only():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("boat", 8, 0)], FRAME)
    assert (result.recall, result.exact_recall, result.near_recall) == (1.0, 1.0, 0.0)


def test_second_case_on_one_object_is_a_duplicate_not_false():
    cases = [filed("boat", 0, 0), filed("boat", 1, 1)]
    result = score([planted(Kind.BOAT, 0, 0)], cases, FRAME)
    assert result.classes["boat"].duplicates == 1
    assert result.precision == 1.0
    assert result.one_case_share == 0.0


def test_case_on_a_twin_is_false_and_counted_for_the_twin():
    twin = planted(Kind.OPEN_BOAT, 100, 0)
    result = score([planted(Kind.BOAT, 0, 0), twin], [filed("boat", 100, 1)], FRAME)
    assert result.twins_filed == {"boat_on_open_water": 1}
    assert result.classes["boat"].false == 1
    assert result.twin_share == 1.0


def test_two_cases_on_one_twin_count_the_twin_once():
    twin = planted(Kind.GREENHOUSE, 0, 0)
    result = score([twin], [filed("building", 0, 0), filed("building", 1, 0)], FRAME)
    assert result.twins_filed == {"greenhouse": 1}
    assert result.classes["building"].false == 2


def test_smoke_far_downwind_still_belongs_to_its_fire():
    plume = Plume(PlumeKind.STRAW, 0, 0, 0.5, 0.0, 50, 20, 6, 0.3, 2.0, 1)
    fire = planted(Kind.BURNING, 0, 0, plume=plume)
    result = score([fire], [filed("smoke", 40, 3)], FRAME)
    assert result.classes["smoke"].found == 1
    assert result.position_errors_m[0] == pytest.approx(np.hypot(40, 3), abs=1e-3)


def test_burnt_ground_of_a_found_fire_is_a_duplicate():
    fire = planted(Kind.BURNING, 0, 0)
    result = score([fire], [filed("flame", 0, 0), filed("burn_scar", 1, 0)], FRAME)
    assert result.classes["burn_scar"].duplicates == 1
    assert result.classes["burn_scar"].false == 0


def test_assignment_is_best_as_a_whole_not_greedy():
    # The first case is nearest to the second object, but only the first object is in its reach
    # together with a use for the other case.
    objects = [planted(Kind.BOAT, 0, 0), planted(Kind.BOAT, 16, 0)]
    result = score(objects, [filed("boat", 9, 0), filed("boat", 22, 0)], FRAME)
    assert result.classes["boat"].found == 2
    assert result.classes["boat"].false == 0


def test_case_reaches_its_object_by_its_outline():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("boat", 16, 0, polygon=True)], FRAME)
    assert result.classes["boat"].found == 1


def test_case_in_the_wrong_cell_is_counted():
    result = score([planted(Kind.BOAT, 0, 0)], [filed("boat", 0, 0, cell_code="cell-2")], FRAME)
    assert result.classes["boat"].wrong_cell == 1


def test_empty_patrol_is_perfect():
    result = score([], [], FRAME)
    assert (result.recall, result.precision, result.twin_share) == (1.0, 1.0, 0.0)


def test_unknown_class_is_refused():
    with pytest.raises(ValueError, match="class_name"):
        FiledCase("cow", 120.0, 32.0)
