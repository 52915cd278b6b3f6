"""Places that wait, cases that are one, and one that is two, by keyboard in headless Chromium."""

import re

import pytest
from pyproj import Geod

from review.sources import ReviewData

from .conftest import CHROMIUM, NOW
from .test_browser import give_name, open_case, wait_for_another

GEOD = Geod(ellps="WGS84")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def stages(data: ReviewData) -> list[str]:
    return sorted(case.stage.value for case in data.registry.cases())


def open_building(page, data: ReviewData) -> str:
    number = next(case.case_no for case in data.registry.cases() if len(case.evidence) == 2)
    page.evaluate("number => { location.hash = `#/case/${number}`; location.reload(); }", number)
    page.get_by_role("main").get_by_text(number).wait_for()
    page.wait_for_selector(".actions .confirm:not([disabled])")
    return number


def test_a_place_is_snoozed_by_keyboard_and_taken_back(page, data: ReviewData):
    number = open_building(page, data)
    page.keyboard.press("s")
    page.get_by_role("heading", name="Leave this place alone?").wait_for()
    page.get_by_label("All of its rule within 500 m").check()
    page.keyboard.press("2")
    give_name(page)
    page.get_by_text("2 snoozed for 7 days.").wait_for()
    assert stages(data) == ["reported", "reported", "snoozed", "snoozed"]
    page.keyboard.press("u")
    page.get_by_text("2: Decision taken back.").wait_for()
    assert stages(data) == ["reported"] * 4
    assert data.registry.case(number).version == 3


def test_a_photo_is_split_off_merged_again_and_taken_back(page, data: ReviewData):
    number = open_building(page, data)
    page.keyboard.press("t")
    page.get_by_role("heading", name=f"What of {number} is something else?").wait_for()
    page.keyboard.press("2")
    page.get_by_text("1 of 2 chosen").wait_for()
    page.get_by_role("button", name="Split…").last.click()
    give_name(page)
    fresh = "20260610-0005"
    page.get_by_text(f"{fresh} split off {number}.").wait_for()
    page.get_by_role("main").get_by_text(fresh).wait_for()
    assert len(data.registry.case(number).evidence) == 1
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.keyboard.press("y")
    near = page.locator("dialog .near").filter(has_text=number)
    near.wait_for()
    one, other = (data.registry.case(no) for no in (number, fresh))
    ends = ((case.lon_deg, case.lat_deg) for case in (one, other))
    apart_m = GEOD.line_length(*zip(*ends, strict=True))
    told_m = float(re.search(r"(\d+) m ·", near.inner_text())[1])
    assert told_m == pytest.approx(apart_m, rel=0.01, abs=1)
    page.keyboard.press("1")
    page.get_by_text(f"{number} merged into {fresh}.").wait_for()
    assert len(data.registry.case(fresh).evidence) == 2
    page.keyboard.press("u")
    page.get_by_text(f"Decision on {number} taken back.").wait_for()
    assert len(data.registry.case(fresh).evidence) == 1
    assert data.registry.verify_chain().is_intact


def test_undo_after_a_split_takes_no_earlier_decision_back(page, data: ReviewData):
    boat = next(case.case_no for case in data.registry.cases() if len(case.evidence) == 1)
    page.evaluate("number => { location.hash = `#/case/${number}`; location.reload(); }", boat)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.keyboard.press("t")
    page.get_by_text("There is one outline only: nothing to split off.").wait_for()
    page.keyboard.press("c")
    give_name(page)
    page.get_by_text(f"{boat} confirmed.").wait_for()
    number = next(case.case_no for case in data.registry.cases() if len(case.evidence) == 2)
    wait_for_another(page, boat)
    while (shown := open_case(page)) != number:
        page.keyboard.press("j")
        wait_for_another(page, shown)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.keyboard.press("t")
    page.get_by_role("heading", name=f"What of {number} is something else?").wait_for()
    page.keyboard.press("2")
    page.get_by_role("button", name="Split…").last.click()
    page.get_by_text(f"split off {number}.").wait_for()
    page.keyboard.press("u")
    page.get_by_text("stays split; Y puts it together again").wait_for()
    assert data.registry.case(boat).stage.value == "established"


def test_what_somebody_else_has_changed_is_told_and_read_again(page, data: ReviewData):
    number = open_building(page, data)
    page.keyboard.press("s")
    page.get_by_role("heading", name="Leave this place alone?").wait_for()
    give_case_away(data, number)
    page.keyboard.press("1")
    give_name(page)
    page.get_by_text(f"Somebody else has just changed {number}.").wait_for()
    page.locator(".timeline").get_by_text("Li").wait_for()
    assert data.registry.case(number).stage == "established"


def test_a_refusal_is_not_hidden_by_the_news_that_comes_behind_it(page, data: ReviewData):
    number = open_building(page, data)
    page.evaluate(KEEP_WHAT_IS_TOLD)
    held = []
    page.route(f"**/api/cases/{number}/history", lambda route: held.append(route))
    page.keyboard.press("s")
    page.get_by_role("heading", name="Leave this place alone?").wait_for()
    with page.expect_request(reads_history):  # it has heard of it, and looks
        give_case_away(data, number)
    page.keyboard.press("1")
    with page.expect_request(reads_history):  # refused, it reads the case again
        give_name(page)
    page.get_by_text(f"Somebody else has just changed {number}.").wait_for()
    for route in held:
        with page.expect_response(reads_history):
            route.continue_()
    page.locator(".timeline").get_by_text("Li").wait_for()
    [told] = page.evaluate("told")
    assert told.startswith(f"Somebody else has just changed {number}.")


KEEP_WHAT_IS_TOLD = """() => {
  window.told = [];
  const keep = () => {
    const text = document.querySelector(".toast span")?.textContent;
    if (text && text !== told.at(-1)) told.push(text);
  };
  const all = {subtree: true, childList: true, characterData: true};
  new MutationObserver(keep).observe(document.body, all);
}"""


def reads_history(exchange) -> bool:
    return exchange.url.endswith("/history")


def give_case_away(data: ReviewData, number: str) -> None:
    data.registry.decide(number, "confirm", actor="Li", expected_version=1, now=NOW)


def test_touch_has_buttons_for_the_same(open_page, address):
    page = open_page(address, viewport={"width": 390, "height": 844}, has_touch=True)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.get_by_role("button", name="Case", exact=True).tap()
    page.get_by_role("button", name="Snooze…").tap()
    page.get_by_role("heading", name="Leave this place alone?").wait_for()
