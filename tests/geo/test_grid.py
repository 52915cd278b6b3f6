import pytest
from shapely import MultiPolygon, Polygon, box

from geo.errors import GridError
from geo.grid import Cell, Grid, GridProblem, repeated_codes


def cell(code, *bounds):
    return Cell(code, f"cell {code}", "town", "village", "Li Lei", box(*bounds))


WEST = cell("001", 120.00, 31.00, 120.01, 31.01)
EAST = cell("002", 120.01, 31.00, 120.02, 31.01)
GRID = Grid([WEST, EAST])


def test_place_is_found_in_its_cell():
    assert GRID.cell_at(120.005, 31.005) is WEST
    assert GRID.cell_at(120.015, 31.005) is EAST


def test_place_outside_is_in_no_cell():
    assert GRID.cell_at(121, 31) is None


def test_swapped_coordinates_find_no_cell():
    assert GRID.cell_at(31.005, 120.005) is None


def test_place_on_a_shared_border_belongs_to_one_cell_always_the_same():
    assert GRID.cell_at(120.01, 31.005) is WEST
    assert Grid([EAST, WEST]).cell_at(120.01, 31.005) is WEST


def test_shares_are_of_ground_area_and_largest_first():
    shares = GRID.shares(box(120.0075, 31.002, 120.0175, 31.004))
    assert [c.code for c, _ in shares] == ["002", "001"]
    assert [share for _, share in shares] == pytest.approx([0.75, 0.25], abs=1e-6)


def test_shares_leave_out_cells_that_only_touch():
    assert [c.code for c, _ in GRID.shares(box(120.002, 31.002, 120.01, 31.004))] == ["001"]


def test_shares_of_an_empty_area_are_none():
    assert GRID.shares(Polygon()) == []


def test_cell_of_several_parts_is_found_in_each():
    parts = MultiPolygon([box(120, 31, 120.1, 31.1), box(120.2, 31, 120.3, 31.1)])
    grid = Grid([Cell("7", "", "", "", "", parts)])
    assert grid.cell_at(120.25, 31.05) is grid.cells[0]
    assert grid.cell_at(120.15, 31.05) is None


def test_duplicate_codes_are_refused_by_name():
    with pytest.raises(GridError, match="more than once: 001"):
        Grid([WEST, cell("001", 1, 1, 2, 2)])


def test_cell_is_found_by_code_and_an_unknown_code_is_explained():
    assert GRID.cell("002") is EAST
    with pytest.raises(GridError, match=r"'9'.*2 cells"):
        GRID.cell("9")


def test_cell_without_code_or_area_is_refused():
    with pytest.raises(ValueError, match="code"):
        cell("", 0, 0, 1, 1)
    with pytest.raises(ValueError, match="boundary"):
        Cell("1", "", "", "", "", Polygon())


def test_grid_has_a_frame_around_all_cells():
    frame = GRID.frame()
    assert (frame.centre_lon_deg, frame.centre_lat_deg) == pytest.approx((120.01, 31.005))


def test_problem_reads_as_one_line():
    problem = GridProblem(3, "007", "ring crosses itself", "repaired")
    assert str(problem) == "feature 3 (code 007): ring crosses itself; repaired"


def test_repeated_codes_are_sorted():
    assert repeated_codes(["b", "a", "b", "a", "c"]) == ["a", "b"]
