"""Several cases at once, chosen by thumbnails or on the map, in headless Chromium."""

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM, NOW
from .test_browser import give_name, open_case

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def stages(data: ReviewData) -> list[str]:
    return sorted(case.stage.value for case in data.registry.cases())


def test_several_are_rejected_by_keyboard_and_undone_together(page, data: ReviewData):
    page.keyboard.press("g")
    page.get_by_role("heading", name="Choose several").wait_for()
    page.keyboard.press("a")
    page.get_by_text("4 of 4 chosen").wait_for()
    page.locator(".thumbnail").nth(1).click()
    page.get_by_text("3 of 4 chosen").wait_for()
    page.keyboard.press("x")
    page.keyboard.press("3")
    give_name(page)
    page.get_by_text("3: Rejected.").wait_for()
    page.locator(".case").nth(1).wait_for(state="detached")
    assert stages(data) == ["rejected"] * 3 + ["reported"]
    page.keyboard.press("u")
    page.get_by_text("3: Decision taken back.").wait_for()
    assert page.locator(".toast button").count() == 0  # nothing of it is left to undo
    page.locator(".case").nth(3).wait_for()
    assert stages(data) == ["reported"] * 4


def test_pictures_are_gone_through_by_arrows_and_chosen_by_space(page, data: ReviewData):
    page.keyboard.press("g")
    page.get_by_role("heading", name="Choose several").wait_for()
    page.keyboard.press("Space")
    page.get_by_text("1 of 4 chosen").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.get_by_text("2 of 4 chosen").wait_for()
    chosen = page.locator(".thumbnail").evaluate_all(
        "all => all.map(one => one.classList.contains('chosen'))"
    )
    assert chosen == [True, True, False, False]


def test_what_others_changed_meanwhile_is_told(page, data: ReviewData):
    opened = open_case(page)
    other = next(case for case in data.registry.cases() if case.case_no != opened)
    page.keyboard.press("g")
    page.keyboard.press("a")
    data.registry.decide(other.case_no, "confirm", actor="Li", expected_version=1, now=NOW)
    page.keyboard.press("c")
    give_name(page)
    page.get_by_text("3: Confirmed. 1 left as they were").wait_for()
    page.get_by_text(f"{other.case_no}: somebody else has changed it").wait_for()
    assert stages(data) == ["established"] * 4


def test_a_box_on_the_map_chooses_and_they_are_looked_at_one_by_one(page, data: ReviewData):
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Box").click()
    area = page.locator(".map .canvas").bounding_box()
    page.mouse.move(area["x"] + 4, area["y"] + 50)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] - 4, area["y"] + area["height"] - 30, steps=4)
    page.mouse.up()
    page.get_by_text("4 of 4 chosen").wait_for()
    for nth in (2, 3):
        page.locator(".thumbnail").nth(nth).click()
    page.get_by_role("button", name="Step through").click()
    page.get_by_role("button", name="2 chosen").wait_for()
    assert page.locator(".case").count() == 2
    page.get_by_role("button", name="2 chosen").click()
    page.locator(".case").nth(3).wait_for()
