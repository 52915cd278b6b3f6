import pytest
from shapely import Polygon, box

from geo.cells import choose_columns, code_text, grid_from_features
from geo.errors import GridError


def row(number, code, shape=None, **more):
    shape = box(120 + number / 100, 31, 120.01 + number / 100, 31.01) if shape is None else shape
    return number, {"code": code, **more}, shape


def grid(*rows, pattern=r"\d{15}", **fields):
    return grid_from_features(rows, source="cells.gpkg", fields=fields, code_pattern=pattern)


CODE = "320412001001001"


def test_attributes_arrive_under_our_names():
    cell = grid(row(1, CODE, 网格名称="东侧", 镇街="前黄镇", 村居="张家村", 网格员="李雷")).cells[0]
    assert (cell.code, cell.name, cell.town) == (CODE, "东侧", "前黄镇")
    assert (cell.village, cell.officer) == ("张家村", "李雷")


def test_cell_without_a_name_is_called_by_its_code():
    assert grid(row(1, CODE)).cells[0].name == CODE


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (3.2e14, "320000000000000"), (" 01 ", "01"), (None, ""), (float("nan"), "")],
)
def test_codes_are_text(value, text):
    assert code_text(value) == text


def test_columns_are_guessed_without_regard_to_case_and_strokes():
    chosen = choose_columns(["FID", "Grid_Code", "TOWN-NAME", "Wgmc"], {}, "f")
    assert chosen["code"] == "Grid_Code"
    assert (chosen["name"], chosen["town"], chosen["officer"]) == ("Wgmc", "TOWN-NAME", "")


def test_named_columns_beat_guesses():
    assert choose_columns(["code", "nr"], {"code": "nr"}, "f")["code"] == "nr"


def test_missing_code_column_lists_the_columns():
    with pytest.raises(GridError, match="columns are area, owner"):
        choose_columns(["area", "owner"], {}, "f")


def test_named_column_that_is_not_there_is_refused():
    with pytest.raises(GridError, match="no column nr; it has code"):
        choose_columns(["code"], {"code": "nr"}, "f")


def test_unknown_field_is_refused():
    with pytest.raises(GridError, match="colour: not one of code, name"):
        choose_columns(["code"], {"colour": "code"}, "f")


def test_one_bad_code_is_refused_and_the_rest_kept():
    found = grid(row(1, CODE), row(2, "12"), row(3, None))
    assert [cell.code for cell in found] == [CODE]
    assert [(p.feature, p.action) for p in found.problems] == [(2, "refused"), (3, "refused")]
    assert "code_pattern" in found.problems[0].what


def test_any_code_is_taken_without_a_pattern():
    assert grid(row(1, "A-1"), pattern=None).cells[0].code == "A-1"


def test_duplicate_codes_are_refused_with_their_places():
    with pytest.raises(GridError, match=f"{CODE} in features 1, 3"):
        grid(row(1, CODE), row(2, CODE[:-1] + "2"), row(3, CODE))


def test_file_without_features_is_refused():
    with pytest.raises(GridError, match=r"cells\.gpkg: the file has no features"):
        grid()


def test_file_without_a_usable_cell_says_why():
    with pytest.raises(GridError, match=r"none of 1 features.*is not 15 digits"):
        grid(row(1, "x"))


def test_many_unusable_cells_are_counted_with_what_to_do_about_their_codes():
    with pytest.raises(GridError, match=r"feature 3 .*; and 2 more\..* code_pattern = \"\""):
        grid(*(row(number, f"x{number}") for number in range(1, 6)))


def test_crossing_boundary_is_repaired_and_named():
    bow_tie = Polygon([(120, 31), (120.01, 31.01), (120.01, 31), (120, 31.01)])
    found = grid(row(1, CODE, bow_tie))
    assert found.cells[0].boundary.is_valid
    assert [(p.feature, p.action) for p in found.problems] == [(1, "repaired")]


def test_feature_without_geometry_is_refused_and_named():
    found = grid(row(1, CODE), (2, {"code": CODE[:-1] + "2"}, None))
    assert [p.what for p in found.problems] == ["no geometry that can be read"]


def test_sound_boundary_keeps_its_exact_coordinates():
    shape = box(120, 31, 120.01, 31.01)
    assert grid(row(1, CODE, shape)).cells[0].boundary == shape


def test_overlap_is_reported_and_both_cells_kept():
    shape = box(120, 31, 120.01, 31.01)
    found = grid(row(1, CODE, shape), row(2, CODE[:-1] + "2", shape))
    assert len(found) == 2
    assert [p.action for p in found.problems] == ["kept"]
