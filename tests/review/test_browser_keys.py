"""Keys for what is neither right nor wrong: not sure, and something else than the model said."""

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM
from .test_browser import give_name, open_case, wait_for_another

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def test_unsure_leaves_the_case_to_others_and_shows_the_next(page, data: ReviewData):
    number = open_case(page)
    page.keyboard.press("q")
    give_name(page)
    page.get_by_text(f"{number} left to somebody else.").wait_for()
    wait_for_another(page, number)
    case = data.registry.case(number)
    assert (case.stage, case.version) == ("reported", 2)
    assert data.registry.history(number)[-1].action == "unsure"


def test_a_number_says_what_the_case_shows_instead(address, open_page, data: ReviewData):
    number = next(case.case_no for case in data.registry.cases() if len(case.evidence) == 2)
    page = open_page(address, f"#/case/{number}", expected="422")  # what no rule makes a case of
    page.get_by_role("main").get_by_text(number).wait_for()
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.keyboard.press("1")
    page.get_by_text("It is building already.").wait_for()
    page.keyboard.press("5")
    give_name(page)
    page.get_by_text("No rule makes a case of it:").wait_for()
    page.keyboard.press("3")
    page.get_by_text(f"{number} is smoke now.").wait_for()
    assert data.registry.case(number).class_name == "smoke"
    page.keyboard.press("c")
    page.get_by_text(f"{number} confirmed.").wait_for()


def test_the_list_of_keys_tells_them_and_nothing_happens_while_one_types(page, data: ReviewData):
    page.keyboard.press("?")
    listed = page.locator(".key-list")
    for told in ("Unsure: leave it to somebody else", "Another class: the number of the list"):
        listed.get_by_text(told).wait_for()
    page.keyboard.press("q")
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("x")  # the reasons have numbers of their own
    page.get_by_label("Note (optional)").fill("q 3")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert {case.version for case in data.registry.cases()} == {1}
