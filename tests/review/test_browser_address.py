"""Address and Back follow what is shown, and a reload forgets no choice; headless Chromium."""

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def wait_for_case(page, no: str) -> None:
    page.locator(".photo:not(.waiting) .number", has_text=no).wait_for(state="attached")
    assert page.url.endswith(f"#/case/{no}")


def row(page, no: str):
    return page.locator(".queue .case").filter(has=page.locator(f"img[src*='{no}']"))


def test_back_and_forward_go_through_the_cases_that_were_opened(page, data: ReviewData):
    first, second, third, fourth = (case.case_no for case in data.registry.cases())
    wait_for_case(page, first)
    for no in (second, third):
        row(page, no).click()
        wait_for_case(page, no)
    page.go_back()
    wait_for_case(page, second)
    page.go_back()
    wait_for_case(page, first)
    page.go_forward()
    wait_for_case(page, second)
    page.evaluate(f"location.hash = '#/case/{fourth}'")
    wait_for_case(page, fourth)
    page.go_back()
    wait_for_case(page, second)


def test_what_follows_by_itself_leaves_no_entry(page, data: ReviewData):
    second, third, fourth = [case.case_no for case in data.registry.cases()][1:]
    before = page.evaluate("history.length")
    page.keyboard.press("c")
    page.get_by_role("textbox", name="Name").fill("Chen Jing")
    page.keyboard.press("Enter")
    wait_for_case(page, second)
    page.keyboard.press("j")
    wait_for_case(page, third)
    assert page.evaluate("history.length") == before
    row(page, fourth).click()
    wait_for_case(page, fourth)
    page.go_back()
    wait_for_case(page, third)


def test_back_leaves_no_outline_and_closes_a_dialog_first(page, data: ReviewData):
    first, second, *_ = (case.case_no for case in data.registry.cases())
    row(page, second).click()
    wait_for_case(page, second)
    page.keyboard.press("n")
    page.locator(".hand-hint").wait_for()
    page.go_back()
    page.get_by_text("An outline is being drawn").wait_for()
    page.wait_for_url(f"**/#/case/{second}")
    assert page.locator(".hand-hint").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.locator("dialog").wait_for()
    page.go_back()
    page.locator("dialog").wait_for(state="detached")
    page.wait_for_url(f"**/#/case/{second}")
    wait_for_case(page, second)
    page.go_back()
    wait_for_case(page, first)


def test_on_a_phone_back_leads_from_pane_to_pane_to_the_queue(address, open_page, data: ReviewData):
    second = data.registry.cases()[1].case_no
    page = open_page(address, viewport={"width": 390, "height": 844})
    page.wait_for_selector(".actions .confirm:not([disabled])")
    tabs = page.locator(".tabs")
    tabs.get_by_text("Queue").click()
    row(page, second).click()
    wait_for_case(page, second)
    tabs.get_by_text("Map").click()
    for pane in ("map", "photo", "queue"):
        page.locator(f".page[data-pane={pane}]").wait_for()
        page.go_back()
    page.locator(".page[data-pane=photo]").wait_for()  # where it began
    page.go_forward()
    page.locator(".page[data-pane=queue]").wait_for()
    page.reload()
    page.wait_for_selector(".cases .case")
    assert page.locator(".page[data-pane=queue]").count() == 1


def test_a_reload_keeps_the_choice_of_the_queue(page):
    page.get_by_label("Stage").select_option("")
    page.get_by_label("Order").select_option("oldest")
    page.get_by_label("Category").select_option("building.unpermitted")
    page.locator(".pane-head", has_text="2 of 2").wait_for()
    page.reload()
    page.locator(".pane-head", has_text="2 of 2").wait_for()
    chosen = [page.get_by_label(name).input_value() for name in ("Stage", "Order", "Category")]
    assert chosen == ["", "oldest", "building.unpermitted"]
