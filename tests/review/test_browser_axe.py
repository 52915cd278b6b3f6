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
    for key in ("?", "x", "g", "s", "y"):
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        assert grave(page) == []
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("e")
    page.get_by_text("Drag corners").wait_for()
    assert grave(page) == []


@pytest.mark.parametrize(("scheme", "size"), [("dark", (1440, 900)), ("light", (390, 844))])
def test_nothing_grave_on_the_pages_of_command(open_page, address, scheme, size):
    width, height = size
    page = open_page(
        address, "command", color_scheme=scheme, viewport={"width": width, "height": height}
    )
    page.locator(".groups tbody tr").first.wait_for()
    assert grave(page) == []
    for view, shown in (("figures", ".boards"), ("patrols", "h2"), ("quality", ".boards")):
        page.goto(f"{address}command#/{view}")
        page.locator(shown).first.wait_for()
        assert grave(page) == []
    page.goto(f"{address}alerts")
    page.locator("h1").wait_for()
    assert grave(page) == []


def test_nothing_grave_in_light(open_page, address):
    page = open_page(address, color_scheme="light")
    page.wait_for_selector(".actions .confirm:not([disabled])")
    assert page.evaluate("getComputedStyle(document.body.parentElement).colorScheme") == "light"
    assert grave(page) == []
    for key in ("?", "x", "g", "s", "y"):
        page.keyboard.press(key)
        page.locator("dialog[open]").wait_for()
        assert grave(page) == []
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")


def test_axe_does_find_what_is_wrong(page):
    page.evaluate("document.querySelector('.decide.confirm').replaceChildren()")
    assert any(line.startswith("button-name") for line in grave(page))


def test_nothing_grave_on_a_phone(open_page, address):
    page = open_page(address, locale="zh-CN", viewport={"width": 390, "height": 844})
    page.wait_for_selector(".actions .confirm:not([disabled])")
    for number in range(4):
        page.locator(".tabs button").nth(number).click()
        assert grave(page) == []
