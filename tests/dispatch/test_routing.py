import itertools
from pathlib import Path

import geopandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyogrio import write_dataframe
from shapely import box

from cases.model import Place
from cases.rule_files import load_rulebook
from dispatch.errors import RoutingError
from dispatch.route_files import load_routing
from dispatch.routing import Level, Rule
from dispatch.routing_check import Gap, gaps_of, refuse_unknown_categories, strays_of
from geo.grid import Cell, Grid
from tests.dispatch.routes import HERE, TEXT, table

CATEGORIES = load_rulebook().categories
FAR = Place("cell-9", "Cell nine", "East Town", "Hill Village", "Nobody Known")


def cell(number: int, town: str = "West Town", officer: str = "Li Wei") -> Cell:
    west = 119.8 + number * 0.01
    return Cell(f"cell-{number}", "", town, "Reed Village", officer, box(west, 32, west + 0.01, 33))


def keys(place: Place, category: str, text: str = TEXT) -> list[str]:
    return [owner.key for owner in table(text).route(place, category).queue]


def added(routes: str) -> str:
    return TEXT + routes


def test_a_route_names_who_handles_who_assists_and_who_is_asked_at_last():
    route = table().route(HERE, "burning.straw")
    assert route.officer is not None
    assert route.officer.id == "li"
    assert [owner.key for owner in route.assisting] == ["department:agriculture"]
    assert [owner.key for owner in route.queue] == [
        "department:ecology",
        "department:agriculture",
        "town:West Town",
        "district",
    ]


def test_the_narrowest_category_wins():
    assert keys(HERE, "burning.scar")[0] == "department:agriculture"


@pytest.mark.parametrize(
    ("routes", "owner"),
    [
        ('[[routes]]\ncategory="*"\nresponsible="urban"\ntown="West Town"', "urban"),
        ('[[routes]]\ncategory="*"\nresponsible="urban"\ncells=["cell-*"]', "urban"),
        ('[[routes]]\ncategory="*"\nresponsible="urban"\ncells=["cell-1"]', "urban"),
        ('[[routes]]\ncategory="*"\nresponsible="urban"', "ecology"),
        ('[[routes]]\ncategory="*"\nresponsible="urban"\ncells=["other-*"]', "ecology"),
        ('[[routes]]\ncategory="burn.*"\nresponsible="urban"\ncells=["cell-1"]', "ecology"),
    ],
)
def test_a_narrower_place_wins_over_a_narrower_category(routes: str, owner: str):
    assert keys(HERE, "burning.straw", added(routes))[0] == f"department:{owner}"


def test_a_longer_beginning_of_codes_is_narrower():
    text = added(
        '[[routes]]\ncategory="*"\nresponsible="urban"\ncells=["c*"]\n'
        '[[routes]]\ncategory="*"\nresponsible="agriculture"\ncells=["cell*"]\n'
    )
    assert keys(HERE, "burning.straw", text)[0] == "department:agriculture"


def test_unclear_responsibility_falls_to_the_territory():
    assert keys(FAR, "building.unpermitted") == ["district"]
    assert keys(HERE, "fishing.boat") == ["town:West Town", "district"]
    owner = table().route(HERE, "fishing.boat").owner()
    assert owner is not None
    assert owner.is_territory


def test_two_routes_that_contradict_each_other_leave_it_to_the_territory():
    text = added('[[routes]]\ncategory="burning.*"\nresponsible="urban"')
    assert keys(HERE, "burning.straw", text) == ["town:West Town", "district"]


def test_a_returned_case_goes_to_the_next_and_stays_with_the_last():
    route = table().route(HERE, "burning.straw")
    returned: list[str] = []
    for _ in range(6):
        owner = route.owner(returned)
        assert owner is not None
        returned.append(owner.key)
    assert returned[:4] == [owner.key for owner in route.queue]
    assert returned[4:] == ["district", "district"]


def test_of_two_officers_of_one_name_the_cell_tells_which():
    twin = '[[people]]\nid = "li-2"\nname = "Li Wei"\n'
    text = TEXT.replace("[[departments]]", f"{twin}[[departments]]", 1)
    assert table(text).officer(HERE) is None
    known = table(text.replace('id = "li-2"', 'id = "li-2"\ncells = ["cell-1"]')).officer(HERE)
    assert known is not None
    assert known.id == "li-2"


def test_the_levels_of_a_place_are_found():
    found = [table().post(level, HERE) for level in Level]
    assert [owner and owner.key for owner in found] == [
        "village:West Town:Reed Village",
        "town:West Town",
        "district",
    ]


def test_every_gap_is_listed_with_who_answers_all_the_same():
    gaps = gaps_of(table(), [cell(1), cell(2, "East Town", "")], CATEGORIES)
    told = {(gap.gap, gap.cell.code, gap.category): gap.falls_to for gap in gaps}
    assert told == {
        (Gap.NO_DEPARTMENT, "cell-1", "construction.unpermitted"): "town:West Town",
        (Gap.NO_DEPARTMENT, "cell-1", "fishing.boat"): "town:West Town",
        (Gap.NO_DEPARTMENT, "cell-1", "fishing.gear"): "town:West Town",
        (Gap.NO_OFFICER, "cell-2", ""): "",
        (Gap.NO_DEPARTMENT, "cell-2", "building.unpermitted"): "district",
        (Gap.NO_DEPARTMENT, "cell-2", "construction.unpermitted"): "district",
        (Gap.NO_DEPARTMENT, "cell-2", "fishing.boat"): "district",
        (Gap.NO_DEPARTMENT, "cell-2", "fishing.gear"): "district",
    }


def test_contradictions_owners_without_people_and_nobody_are_gaps():
    text = TEXT.replace('people = ["wang-eco"]', "").replace("[[posts]]", "[[ignored]]", 3)
    text = text[: text.index("[[ignored]]")] + text[text.index("[[routes]]") :]
    text += '[[routes]]\ncategory="burning.scar"\nresponsible="urban"'
    gaps = {(gap.category, gap.gap) for gap in gaps_of(table(text), [cell(1)], CATEGORIES)}
    assert ("burning.straw", Gap.UNREACHABLE) in gaps
    assert ("burning.scar", Gap.NOBODY) in gaps
    with_posts = TEXT + '[[routes]]\ncategory="burning.scar"\nresponsible="urban"'
    gaps = {(gap.category, gap.gap) for gap in gaps_of(table(with_posts), [cell(1)], CATEGORIES)}
    assert ("burning.scar", Gap.CONTRADICTION) in gaps


def test_a_contradiction_names_both_rows_and_a_csv_its_file(tmp_path: Path):
    (tmp_path / "routing.toml").write_text(TEXT.replace("version", 'table = "r.csv"\nversion', 1))
    (tmp_path / "r.csv").write_text("category,responsible\n*,urban\nburning.scar,urban\n")
    laid_out = load_routing(tmp_path / "routing.toml")
    gaps = gaps_of(laid_out, [cell(1)], CATEGORIES)
    assert {(gap.gap, gap.category, gap.rows) for gap in gaps} == {
        (Gap.CONTRADICTION, "burning.scar", ("[[routes]] 2", "r.csv route 2"))
    }


def test_rows_about_places_that_there_are_none_of_are_listed():
    text = TEXT.replace('town = "West Town"\nresponsible', 'town = "West Twon"\nresponsible')
    text = text.replace('village = "Reed Village"', 'village = "Reet Village"')
    text = text.replace('id = "li"', 'id = "li"\ncells = ["cell-1", "cell-9"]')
    text += (
        '[[routes]]\ncategory="*"\nresponsible="urban"\ncells=["cell-1","cell-8","x-*","cell-*"]'
    )
    assert {(stray.row, stray.named) for stray in strays_of(table(text), [cell(1), cell(2)])} == {
        ("[[routes]] 3", "town West Twon (did you mean West Town?)"),
        ("[[routes]] 4", "cell cell-8"),
        ("[[routes]] 4", "cell x-*"),
        ("[[posts]] 1", "village Reet Village of West Town (did you mean Reed Village?)"),
        ("[[people]] li", "cell cell-9"),
    }
    assert strays_of(table(), [cell(1), cell(2)]) == []


@pytest.mark.parametrize("typo", ["burning.strwa", "burnin.*", "BURNING.straw"])
def test_a_route_of_a_category_that_there_is_none_of_is_refused(tmp_path: Path, typo: str):
    (tmp_path / "routing.toml").write_text(HEAD.replace("version", 'table = "r.csv"\nversion', 1))
    (tmp_path / "r.csv").write_text(f"category,responsible\nburning.*,urban\n{typo},urban\n")
    laid_out = load_routing(tmp_path / "routing.toml")
    with pytest.raises(
        RoutingError, match=r"f.toml: r.csv route 2: no category is .*burning\.straw"
    ):
        refuse_unknown_categories(laid_out, CATEGORIES, "f.toml")


def test_a_table_without_gaps_has_none():
    text = added('[[routes]]\ncategory="*"\nresponsible="urban"')
    assert gaps_of(table(text), [cell(1), cell(2)], CATEGORIES) == []


places = st.builds(
    Place,
    st.sampled_from(["a1", "a2", "b1", ""]),
    st.just(""),
    st.sampled_from(["T", "U", ""]),
    st.sampled_from(["V", "W"]),
)
names = st.sampled_from(["ecology", "agriculture", "urban"])
categories = st.sampled_from(["burning.straw", "burning.*", "fishing.boat", "*", "burn.*"])
rules = st.one_of(
    st.builds(
        Rule,
        category=categories,
        responsible=names,
        cells=st.lists(st.sampled_from(["a1", "a2", "a*", "b*", "*"]), min_size=1).map(tuple),
    ),
    st.builds(
        Rule,
        category=categories,
        responsible=names,
        town=st.sampled_from(["T", "U"]),
        village=st.sampled_from(["V", "W", ""]),
    ),
    st.builds(Rule, category=categories, responsible=names),
)


@given(more=st.lists(rules, max_size=12), place=places, category=st.sampled_from(["burning.straw"]))
def test_the_index_finds_what_a_walk_through_all_routes_finds(
    more: list[Rule], place: Place, category: str
):
    lines = "".join(map(_toml, more))
    laid_out = table(TEXT[: TEXT.index("[[routes]]")] + lines)
    narrow = [(rule.narrowness(place, category), rule) for rule in more]
    best = max((value for value, _ in narrow if value is not None), default=None)
    wanted = [rule for value, rule in narrow if best is not None and value == best]
    found = list(laid_out.rules_for(place, category))
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def _toml(rule: Rule) -> str:
    cells = ", ".join(f'"{code}"' for code in rule.cells)
    return (
        f'[[routes]]\ncategory = "{rule.category}"\nresponsible = "{rule.responsible}"\n'
        f'cells = [{cells}]\ntown = "{rule.town}"\nvillage = "{rule.village}"\n'
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('people = ["wang-eco"]', 'people = ["wang"]', "nobody among people has the id 'wang'"),
        ('id = "duty"', 'id = "li"', "people occur more than once: li"),
        ('code = "urban"', 'code = "ecology"', "departments occur more than once: ecology"),
        ('level = "town"\ntown = "West Town"', 'level = "district"', "posts occur more than once"),
        ('level = "town"\n', 'level = "town"\nvillage = "V"\n', "a town post its town"),
        ('"+8613800000001"', '"138 0000 0001"', "people.0.phone.*138 0000 0001"),
        ('responsible = "urban"', 'responsible = "urbane"', "names the department 'urbane'"),
        ('town = "West Town"\nresponsible', 'village = "V"\nresponsible', "named with its town"),
        ('category = "burning.*"', 'category = "burning*"', "routes.0.category.*pattern"),
        ('version = "test"', 'version = "test"\nroute = 1', "route: Extra inputs"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(before: str, after: str, said: str):
    assert before in TEXT
    with pytest.raises(RoutingError, match=rf"(?s){said}"):
        table(TEXT.replace(before, after, 1))


HEAD = TEXT[: TEXT.index("[[routes]]")]
ROWS = (
    "cells,town,village,category,responsible,assisting",
    ",West Town,Reed Village,burning.*,ecology,agriculture; urban",
    "cell-2; cell-3*,,,*,urban,",
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_routes_are_read_from_a_csv_as_spreadsheets_write_it(tmp_path: Path, encoding: str):
    chinese = "\n".join(ROWS).replace("West Town", "河口镇").replace("Reed Village", "双龙村")
    (tmp_path / "routing.toml").write_text(HEAD.replace("version", 'table = "r.csv"\nversion', 1))
    (tmp_path / "r.csv").write_bytes(chinese.encode(encoding))
    routes = load_routing(tmp_path / "routing.toml").routes
    assert [(rule.town, rule.cells, rule.assisting) for rule in routes] == [
        ("河口镇", (), ("agriculture", "urban")),
        ("", ("cell-2", "cell-3*"), ()),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("cells,category\ncell-1,*", "lacks the column 'responsible'"),
        ("category,responsible\n*,\n", r"route 1: responsible: String should have at least 1"),
        ("category,responsible\n*,urbane\n", "names the department 'urbane'"),
    ],
)
def test_a_csv_that_is_no_table_is_refused(tmp_path: Path, rows: str, said: str):
    (tmp_path / "routing.toml").write_text(HEAD.replace("version", 'table = "r.csv"\nversion', 1))
    (tmp_path / "r.csv").write_text(rows)
    with pytest.raises(RoutingError, match=said):
        load_routing(tmp_path / "routing.toml")


def areas(path: Path, west: float) -> None:
    frame = geopandas.GeoDataFrame(
        {"category": ["*"], "responsible": ["urban"], "assisting": [None]},
        geometry=[box(west, 32, west + 0.02, 33)],
        crs="EPSG:4326",
    )
    write_dataframe(frame, path)


def test_areas_of_a_geopackage_stand_for_the_cells_whose_middle_they_hold(tmp_path: Path):
    (tmp_path / "routing.toml").write_text(HEAD.replace("version", 'table = "r.gpkg"\nversion', 1))
    areas(tmp_path / "r.gpkg", 119.816)
    grid = Grid([cell(number) for number in range(4)])
    routes = load_routing(tmp_path / "routing.toml", grid).routes
    assert [rule.cells for rule in routes] == [("cell-2", "cell-3")]
    with pytest.raises(RoutingError, match="give --grids"):
        load_routing(tmp_path / "routing.toml")
    areas(tmp_path / "r.gpkg", 130.0)
    with pytest.raises(RoutingError, match="holds the middle of no cell"):
        load_routing(tmp_path / "routing.toml", grid)


def test_a_district_of_a_thousand_cells_is_checked_at_once():
    """Each cell with a row of its own for each category; the look-up is no walk through all."""
    cells = [cell(number) for number in range(1157)]
    lines = [
        f'[[routes]]\ncells = ["{c.code}"]\ncategory = "{category.code}"\nresponsible = "urban"\n'
        for c, category in itertools.product(cells, CATEGORIES)
    ]
    laid_out = table(HEAD + "".join(lines))
    assert gaps_of(laid_out, cells, CATEGORIES) == []
