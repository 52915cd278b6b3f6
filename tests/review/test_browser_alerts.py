"""The list of alerts and the page behind a link speak the language of their reader."""

from collections.abc import Iterator

import pytest

from dispatch.expanding import Rules
from review.app import create_app
from review.sources import ReviewData

from .conftest import CHROMIUM, NOW
from .serving import served
from .test_alerting import digest_of, rules, told  # noqa: F401  fixtures

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture
def address(told: ReviewData) -> Iterator[str]:  # noqa: F811
    with served(create_app(told, clock=lambda: NOW)) as address:
        yield address


@pytest.mark.parametrize(
    ("locale", "here", "other", "button"),
    [
        ("en-GB", "Straw|found", "秸秆|发现", "中文"),
        ("zh-CN", "秸秆|发现", "straw|found", "English"),
    ],
)
def test_one_language_as_the_browser_asks_and_the_other_by_a_button(
    address: str, open_page, locale, here, other, button
):
    page = open_page(address, "alerts", locale=locale)
    page.locator("tbody tr").first.wait_for()
    shown, hidden = (words.lower().split("|") for words in (here, other))
    text = page.locator("main").inner_text().lower()
    assert all(word in text for word in shown)
    assert not any(word in text for word in hidden)
    page.get_by_role("button", name=button).click()
    page.reload()  # the choice is kept
    page.locator("tbody tr").first.wait_for()
    text = page.locator("main").inner_text().lower()
    assert all(word in text for word in hidden)
    assert not any(word in text for word in shown)


def test_the_page_behind_a_link_is_answered_in_either_language(address: str, open_page, client):
    token = next(
        t for t in map("token-{}".format, range(9)) if client.get(f"/api/alerts/{t}").is_success
    )
    page = open_page(address, f"alerts/{token}", locale="zh-CN")
    page.get_by_role("button", name="确认收到").wait_for()
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="I have seen it").click()
    page.get_by_text("Acknowledged by").wait_for()
    page.get_by_role("button", name="中文").click()
    page.get_by_text("已确认收到").wait_for()


def test_the_page_behind_the_link_of_a_digest_lists_its_cases(
    data: ReviewData,
    rules: Rules,  # noqa: F811
    open_page,
):
    digest = digest_of(data, rules)
    with served(create_app(data, clock=lambda: NOW)) as address:
        page = open_page(address, f"alerts/{digest.word}", locale="en-GB")
        page.get_by_role("heading", name=f"{len(digest.body['cases'])} cases").wait_for()
        page.get_by_text(", ".join(digest.body["cases"])).wait_for()
        page.get_by_role("button", name="I have seen it").click()
        page.get_by_text("Acknowledged by").wait_for()
