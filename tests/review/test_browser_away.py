"""The server goes away and comes back, or a case is not known; headless Chromium."""

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM, wait_in_page
from .test_browser_address import row, wait_for_case

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

AWAY = "The server does not answer. The page asks on"
WHOLE = "no => document.querySelector(`.queue img[src*='${no}']`)?.naturalWidth > 0"
BROKEN = """no => {
  const picture = document.querySelector(`.queue img[src*='${no}']`);
  return picture?.complete && !picture.naturalWidth;
}"""


def test_what_was_missing_is_read_by_itself_when_the_server_is_back(
    address, open_page, data: ReviewData
):
    first, *_, last = (case.case_no for case in data.registry.cases())
    page = open_page(address, expected="Failed to load resource")
    wait_for_case(page, first)
    gone = []

    def answer(route):
        if gone:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/**", answer)
    gone.append(True)
    page.reload()
    page.get_by_text(AWAY).wait_for()
    page.wait_for_timeout(7_000)  # longer than any other message stays
    assert page.get_by_text(AWAY).is_visible()
    gone.clear()
    page.get_by_text(AWAY).wait_for(state="detached")
    wait_for_case(page, first)
    wait_in_page(page, WHOLE, first)
    gone.append(True)
    row(page, last).click()
    page.locator(".photo .unread", has_text=f"Case {last} could not be read.").wait_for()
    gone.clear()
    wait_for_case(page, last)
    assert page.locator(".unread").count() == 0


def test_pictures_that_did_not_come_are_asked_for_again(address, open_page, data: ReviewData):
    first = data.registry.cases()[0].case_no
    page = open_page(address, "alerts", expected="Failed to load resource")
    page.route("**/api/events*", lambda route: route.abort())  # the page doubts the server
    page.route("**/crop.jpg", lambda route: route.abort())
    page.route("**/api/health", lambda route: route.abort())
    page.goto(address)
    page.get_by_text(AWAY).wait_for()
    wait_for_case(page, first)
    wait_in_page(page, BROKEN, first)
    page.unroute("**/crop.jpg")
    page.unroute("**/api/health")
    wait_in_page(page, WHOLE, first)
    page.get_by_text(AWAY).wait_for(state="detached")


def test_a_case_that_is_not_known_is_told_in_its_place(address, open_page, data: ReviewData):
    first = data.registry.cases()[0].case_no
    page = open_page(address, expected="404")
    wait_for_case(page, first)
    page.evaluate("location.hash = '#/case/20990101-0001'")
    page.locator(".photo .unread", has_text="There is no case 20990101-0001 here").wait_for()
    assert page.locator(".photo .number").count() == 0
    page.go_back()
    wait_for_case(page, first)
    assert page.locator(".unread").count() == 0
