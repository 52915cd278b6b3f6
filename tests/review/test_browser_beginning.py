"""What the page asks for when it begins, in headless Chromium."""

from collections import Counter

import pytest

from cases.lifecycle import Role
from cases.people import DISTRICT, Account
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

LISTS = ("/api/session", "/api/vocabulary", "/api/summary", "/api/cases?")


def listen(page) -> tuple[Counter[str], list[str]]:
    """Count what is asked of the lists from now on, and note what the console says."""
    asked: Counter[str] = Counter()
    said: list[str] = []
    page.on(
        "request",
        lambda request: asked.update(part for part in LISTS if part in request.url),
    )
    page.on("console", lambda line: said.append(line.text))
    return asked, said


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.OFFICER, Role.COMMAND, Role.OPERATOR])
def test_each_list_is_asked_for_once(data, address, open_page, monkeypatch, role: Role):
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    someone = Account(name="someone", display_name="Some One", roles=(role,), area=DISTRICT)
    data.accounts.add(someone, PASSWORD)
    page = open_page(address, expected="401")
    page.get_by_label("Name").fill("someone")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".pane.queue .cases, .pane.queue .empty").wait_for()
    asked, said = listen(page)
    page.reload()
    page.locator(".map canvas").first.wait_for(state="attached")
    page.wait_for_timeout(4_000)  # so long Chromium waits before it complains of what is unused
    lists = 2 if role is Role.COMMAND else 1  # what to verify, then what to send out
    assert asked == {**dict.fromkeys(LISTS, 1), "/api/cases?": lists}
    assert not [line for line in said if "preload" in line]


def test_the_list_is_there_without_the_map(address, open_page):
    """Whoever cannot load the maps still has the queue; they come as soon as they can."""
    page = open_page(address, expected="net::ERR")
    state = {"away": True}
    page.route(
        "**/static/maps.js*",
        lambda route: route.abort() if state["away"] else route.continue_(),
    )
    page.reload()
    page.locator(".pane.queue .case").first.wait_for()
    assert page.locator(".map canvas").count() == 0
    state["away"] = False
    page.locator(".map canvas").first.wait_for(state="attached")
    page.locator(".viewer canvas").first.wait_for(state="attached")
