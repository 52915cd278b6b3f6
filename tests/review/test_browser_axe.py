"""What axe finds against the page's screens: nothing serious, at a desk and on a phone."""

import pytest

from .conftest import CHROMIUM

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def grave(page) -> list[str]:
    """Rules that are broken seriously or critically, each with an example."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{entry['id']}: {entry['nodes'][0]['html']}"
        for entry in found
        if entry["impact"] in ("serious", "critical")
    ]


def test_nothing_grave_at_a_desk(page):
    assert grave(page) == []
    for key in ("?", "x", "g"):
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        assert grave(page) == []
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("e")
    page.get_by_text("Drag corners").wait_for()
    assert grave(page) == []


def test_axe_does_find_what_is_wrong(page):
    page.evaluate("document.querySelector('.decide.confirm').replaceChildren()")
    assert any(line.startswith("button-name") for line in grave(page))


def test_nothing_grave_on_a_phone(open_page, address):
    page = open_page(address, locale="zh-CN", viewport={"width": 390, "height": 844})
    page.wait_for_selector(".actions .confirm:not([disabled])")
    for number in range(4):
        page.locator(".tabs button").nth(number).click()
        assert grave(page) == []
