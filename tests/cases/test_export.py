import csv
from dataclasses import replace
from pathlib import Path

import geopandas
import pytest

from cases.drawing import DRAWN
from cases.errors import CaseError
from cases.export import FIELDS, write_cases
from cases.filing import propose
from cases.model import Case
from cases.rules import Rulebook
from cases.updating import open_case
from tests.cases.conftest import DAY, patrol_on
from tests.cases.world import cell, seen, zones


@pytest.fixture
def cases(rulebook: Rulebook) -> list[Case]:
    items = [
        seen("boat", "boat", 0, 350, 5, photos=("p2", "p3")),
        seen("house", "building", 60, 60, 12),
    ]
    made = propose(items, rulebook, zones(), on=DAY, cells=[cell()]).proposals
    first, second = (open_case(entry, f"n-{n}", patrol_on(0)) for n, entry in enumerate(made))
    return [first, replace(second, gone_at=patrol_on(1).flown_at)]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_layers_are_read_back_by_other_programs(
    cases: list[Case], rulebook: Rulebook, tmp_path: Path, suffix: str
):
    path = tmp_path / f"cases{suffix}"
    write_cases(path, cases, rulebook.categories)
    table = geopandas.read_file(path)
    assert list(table.case_no) == ["n-0", "n-1"]
    assert table.crs.to_epsg() == 4326
    assert table.name_zh[1] == "禁渔水域船只"
    assert table.geometry[1].equals_exact(cases[1].polygon, 1e-8)
    assert table.photos[1] == "p2 p3"


def test_csv_is_read_back_with_all_columns(cases: list[Case], rulebook: Rulebook, tmp_path: Path):
    path = tmp_path / "cases.csv"
    write_cases(path, cases, rulebook.categories)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == FIELDS
    assert [row["gone_at"] for row in rows] == ["", "2026-06-11T02:30:00+00:00"]
    assert rows[0]["department_zh"] == "城市管理"


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_what_a_person_drew_has_no_score(
    cases: list[Case], rulebook: Rulebook, tmp_path: Path, suffix: str
):
    path = tmp_path / f"cases{suffix}"
    write_cases(path, [replace(cases[0], model_sha256=DRAWN), *cases[1:]], rulebook.categories)
    assert geopandas.read_file(path).score.isna().tolist() == [True, False]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".csv"])
def test_the_same_cases_in_any_order_make_the_same_bytes(
    cases: list[Case], rulebook: Rulebook, tmp_path: Path, suffix: str
):
    one, two = tmp_path / f"one{suffix}", tmp_path / "two" / f"one{suffix}"
    write_cases(one, cases, rulebook.categories)
    write_cases(two, cases[::-1], rulebook.categories)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".csv"])
def test_no_cases_make_an_empty_table(rulebook: Rulebook, tmp_path: Path, suffix: str):
    path = tmp_path / f"cases{suffix}"
    write_cases(path, [], rulebook.categories)
    assert path.stat().st_size > 0


def test_an_unknown_suffix_is_refused(cases: list[Case], rulebook: Rulebook, tmp_path: Path):
    with pytest.raises(CaseError, match=r"\.gpkg, \.geojson, \.csv"):
        write_cases(tmp_path / "cases.doc", cases, rulebook.categories)


def test_a_case_of_a_category_that_was_deleted_is_named(
    cases: list[Case], rulebook: Rulebook, tmp_path: Path
):
    orphan = replace(cases[0], category="gone.category")
    with pytest.raises(CaseError, match=r"gone\.category"):
        write_cases(tmp_path / "cases.csv", [orphan], rulebook.categories)
