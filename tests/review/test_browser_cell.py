"""The queue of one cell, chosen by its code, the end of it, or its name; and the queue by age."""

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def test_the_queue_shows_one_cell_by_code_or_its_end(page):
    field = page.get_by_label("Cell (code or name), or case number")
    field.fill("002")
    page.keyboard.press("Enter")
    page.locator(".pane-head", has_text="0 of 0").wait_for()
    field.fill("第1")
    page.keyboard.press("Enter")
    page.locator(".pane-head", has_text="4 of 4").wait_for()
    assert field.input_value() == "320624001001001"
    field.fill("32062400100100")
    page.keyboard.press("Enter")
    page.get_by_text("No one cell is 32062400100100").wait_for()
    field.fill("")
    page.keyboard.press("Enter")
    page.locator(".pane-head", has_text="4 of 4").wait_for()


def test_the_queue_is_ordered_by_age_and_given_in_that_order(page, data: ReviewData):
    oldest, *_, newest = [case.case_no for case in data.registry.cases(order="oldest")]
    order = page.get_by_label("Order")
    for label, first in (("Newest first", newest), ("Oldest first", oldest)):
        order.select_option(label)
        page.locator(".case img").first.and_(page.locator(f"[src*='{first}']")).wait_for()
    page.get_by_role("button", name="Your name").click()
    page.get_by_role("textbox", name="Name").fill("Chen Jing")
    page.keyboard.press("Enter")
    order.select_option("Newest first")
    page.locator(".case").first.click()
    page.locator(".photo .number", has_text=newest).wait_for()
    page.get_by_text("Yours for").wait_for()
    page.keyboard.press("c")
    page.get_by_text(f"{newest} confirmed.").wait_for()
    following = data.registry.cases(stage="reported", order="newest")[0].case_no
    page.locator(".photo .number", has_text=following).wait_for()


def test_a_case_is_opened_by_its_number_and_the_queue_stays(page, data: ReviewData):
    *_, last = data.registry.cases()
    field = page.get_by_label("Cell (code or name), or case number")
    field.fill(last.case_no)
    page.get_by_label("Order").select_option("Oldest first")  # drawn anew, and the text stays
    field.press("Enter")
    page.locator(".photo .number", has_text=last.case_no).wait_for()
    assert (field.input_value(), page.locator(".case").count()) == ("", 4)
