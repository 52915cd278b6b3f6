"""The queue of one cell, chosen by its code, the end of it, or its name."""

import pytest

from .conftest import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def test_the_queue_shows_one_cell_by_code_or_its_end(page):
    field = page.get_by_label("Cell: code, its end, or name")
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
