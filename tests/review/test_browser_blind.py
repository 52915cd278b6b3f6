"""A second look at the page: a case to review like any other, and nothing gives it away."""

from collections.abc import Iterator

import pytest

from review.app import create_app
from review.blind import LookShares
from review.sources import ReviewData

from .conftest import CHROMIUM, NOW
from .serving import served
from .test_browser import enter, people  # noqa: F401  a fixture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture
def address(people: ReviewData) -> Iterator[str]:  # noqa: F811
    """No fire waits, which would come first; every decision is judged once more."""
    [fire] = people.registry.cases(category="burning.straw")
    people.registry.decide(
        fire.case_no, "reject", actor="Li", reason="harmless", expected_version=1, now=NOW
    )
    with served(create_app(people, look_shares=LookShares(second=1.0))) as address:
        yield address


def test_the_other_inspector_judges_it_like_any_case_and_may_undo(chromium, address, people):  # noqa: F811
    chen = enter(chromium, address, "chen")
    number = chen.locator(".photo .number").inner_text()
    chen.keyboard.press("c")
    chen.get_by_text(f"{number} confirmed.").wait_for()
    wang = enter(chromium, address, "wang")
    wang.locator(".photo .number", has_text=number).wait_for()
    assert wang.locator(".photo .chip").first.inner_text() == "To review"
    assert wang.locator(".case[aria-current=true]").count() == 1
    assert wang.locator(".timeline li").count() == 1
    wang.locator(".claim", has_text="Yours for").wait_for()
    for step in range(2):
        wang.keyboard.press("x")
        wang.keyboard.press("1")
        wang.get_by_text(f"{number} rejected.").wait_for()
        if step == 0:
            wang.keyboard.press("u")
            wang.get_by_text(f"Decision on {number} taken back.").wait_for()
            wang.wait_for_selector(".actions .confirm:not([disabled])")
    assert people.registry.case(number).stage == "established"
    [told] = people.looks.figures().disagreements
    assert (told.case_no, told.first_by, told.second_by) == (number, "Chen Jing", "王芳")
    for page in (chen, wang):
        page.context.close()
