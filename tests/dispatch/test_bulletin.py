from dataclasses import replace

from cases.categories import Words
from cases.lifecycle import Stage
from cases.model import Case, FilingResult
from cases.rule_files import load_rulebook
from dispatch.bulletin import Figures, UnfiledFigures, make_figures
from tests.dispatch.world import case

CATEGORIES = load_rulebook().categories
WEAK, SMALL = Words("score < 0.5", "置信度 < 0.5"), Words("area < 8 m²", "面积 < 8 m²")
REJECTED = [("boat", WEAK), ("building", SMALL), ("boat", WEAK)]
UNFILED = (UnfiledFigures("boat", WEAK, 2), UnfiledFigures("building", SMALL, 1))


def figures(cases: list[Case], result: FilingResult | None = None) -> Figures:
    touched = result or FilingResult(new=tuple(entry.case_no for entry in cases))
    return make_figures(
        cases, CATEGORIES, patrol_id="p", result=touched, photos=12, rejected=REJECTED
    )


def test_a_patrol_without_cases_makes_an_honest_bulletin():
    made = figures([])
    assert (made.total, made.by_category, made.by_cell, made.by_stage) == (0, (), (), ())
    assert (made.photos, made.unfiled) == (12, UNFILED)


def test_only_cases_that_the_patrol_touched_are_counted():
    cases = [case(1), case(2), case(3), case(4)]
    result = FilingResult(new=("20260610-0001",), same=("20260610-0002",), gone=("20260610-0003",))
    made = figures(cases, result)
    assert (made.total, made.new, made.same, made.gone) == (3, 1, 1, 1)


def test_withdrawn_cases_are_left_out():
    assert figures([case(1), replace(case(2), stage=Stage.WITHDRAWN)]).total == 1


def test_categories_keep_the_order_of_their_table():
    cases = [case(1, "fishing.boat"), case(2), case(3, "burning.straw"), case(4)]
    made = [(entry.category.code, entry.total) for entry in figures(cases).by_category]
    assert made == [("building.unpermitted", 2), ("burning.straw", 1), ("fishing.boat", 1)]


def test_every_table_adds_up_to_the_total():
    stages = [Stage.REPORTED, Stage.REJECTED, Stage.ESTABLISHED]
    cases = [replace(case(n, cell=f"c{n % 3}"), stage=stages[n % 3]) for n in range(1, 11)]
    made = figures(cases)
    assert sum(entry.total for entry in made.by_category) == 10
    assert sum(entry.total for entry in made.by_cell) == 10
    assert sum(count for _, count in made.by_stage) == 10
    assert all(
        sum(count for _, count in entry.by_stage) == entry.total for entry in made.by_category
    )


def test_cells_with_most_cases_come_first_and_count_what_is_open():
    cases = [case(1, cell="b"), case(2, cell="a"), case(3, cell="a")]
    cases[1] = replace(cases[1], stage=Stage.REJECTED)
    made = figures(cases).by_cell
    assert [(entry.place.cell_code, entry.total, entry.open) for entry in made] == [
        ("a", 2, 1),
        ("b", 1, 1),
    ]


def test_cases_to_check_are_counted():
    assert figures([replace(case(1), to_check=True), case(2)]).to_check == 1
