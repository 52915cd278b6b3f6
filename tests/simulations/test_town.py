import numpy as np
import pytest
from shapely import Point, unary_union

from simulations.town import make_district


@pytest.fixture(scope="module")
def district():
    return make_district(7)


def test_same_seed_gives_the_same_district(district):
    again = make_district(7)
    assert again.cells == district.cells
    assert again.buildings == district.buildings
    assert np.array_equal(again.relief.heights_amsl_m, district.relief.heights_amsl_m)


def test_other_seed_gives_another_district(district):
    assert make_district(8).buildings != district.buildings


def test_cells_have_unique_codes_of_fifteen_digits(district):
    codes = [cell.code for cell in district.cells]
    assert len(set(codes)) == len(codes) == 36
    assert all(len(code) == 15 and code.isdigit() for code in codes)


def test_district_has_two_towns_and_four_villages(district):
    assert len({cell.town for cell in district.cells}) == 2
    assert len({cell.village for cell in district.cells}) == 4


def test_cells_cover_their_union_once_without_gaps(district):
    whole = unary_union([cell.boundary for cell in district.cells])
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert sum(cell.boundary.area for cell in district.cells) == pytest.approx(whole.area)


def test_neighbours_share_exactly_equal_corners(district):
    corners = [{tuple(point) for point in cell.boundary.exterior.coords} for cell in district.cells]
    assert len(corners[0] & corners[1]) == 6
    assert len(corners[0] & corners[6]) == 6


def test_grid_cells_are_in_degrees_near_the_centre(district):
    west, south, east, north = unary_union([c.boundary for c in district.grid_cells]).bounds
    assert 120.11 < west < east < 120.15
    assert 32.49 < south < north < 32.53


def test_relief_lies_between_three_and_twelve_metres(district):
    heights = district.relief.heights_amsl_m
    assert 3.0 <= heights.min() < heights.max() <= 12.0


def test_relief_between_grid_points_is_interpolated(district):
    relief = district.relief
    x = relief.west_m + relief.step_m * np.array([10.0, 10.5, 11.0])
    y = np.full(3, relief.south_m + relief.step_m * 20)
    left, middle, right = relief.height_at(x, y)
    assert left == pytest.approx(relief.heights_amsl_m[20, 10])
    assert middle == pytest.approx((left + right) / 2)


def test_every_house_stands_on_its_permitted_ground(district):
    permitted = district.zones["permitted"].buffer(1e-6)
    assert all(permitted.contains(building.footprint) for building in district.buildings)


def test_zones_that_exclude_each_other_do_not_overlap(district):
    zones = district.zones
    assert zones["closed_water"].intersection(zones["open_water"]).area == pytest.approx(0, abs=1)
    assert zones["farmland"].intersection(zones["industrial"]).area == pytest.approx(0, abs=1)


def test_patrol_cells_have_farmland_water_and_houses(district):
    for code in district.patrol_codes:
        boundary = district.cell(code).boundary
        assert district.zones["farmland"].intersection(boundary).area > 10_000
    patrolled = unary_union([district.cell(code).boundary for code in district.patrol_codes])
    for zone in ("closed_water", "open_water", "permitted", "industrial"):
        assert district.zones[zone].intersection(patrolled).area > 2_000


def test_works_stand_in_a_patrol_cell(district):
    patrolled = unary_union([district.cell(code).boundary for code in district.patrol_codes])
    assert patrolled.contains(Point(district.works[0].chimneys_m[0]))


def test_unknown_cell_is_refused_by_name(district):
    with pytest.raises(ValueError, match="no cell has code '1'"):
        district.cell("1")
