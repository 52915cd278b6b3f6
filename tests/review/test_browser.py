"""An inspector at the page, in headless Chromium; skipped where browser or playwright is absent."""

import shutil
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from review.app import create_app
from review.server import listen
from review.sources import ReviewData

from .conftest import NOW

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(data: ReviewData) -> Iterator[str]:
    """Serve the district from a thread."""
    with listen(0) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(data), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def page(browser, address):
    """Open the page in English; anything loaded from elsewhere and any script error fails."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)  # a loaded machine is slow, not wrong
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else complaints.append(f"loads {request.url}")
        ),
    )
    page.goto(address)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.complaints = complaints
    yield page
    context.close()
    assert [line for line in complaints if "409" not in line] == []


def open_case(page) -> str:
    return page.locator(".photo .number").inner_text()


def wait_for_another(page, no: str) -> None:
    """Wait until the page shows another case than `no`; its photo may still be on its way."""
    page.locator(".photo:not(.waiting) .number").filter(has_not_text=no).wait_for()


def give_name(page) -> None:
    page.get_by_role("textbox", name="Name").fill("Chen Jing")
    page.keyboard.press("Enter")


def test_queue_is_reviewed_by_keyboard_only(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("c")
    give_name(page)
    page.get_by_text(f"{first} confirmed.").wait_for()
    wait_for_another(page, first)
    second = open_case(page)
    page.keyboard.press("x")
    page.keyboard.press("3")
    page.get_by_text(f"{second} rejected.").wait_for()
    wait_for_another(page, second)
    assert data.registry.case(first).stage == "established"
    assert data.registry.history(second)[-1].details["reason"] == "harmless"
    assert page.locator(".case").count() == 2
    assert open_case(page) not in (first, second)


def test_undo_brings_the_case_back(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("c")
    give_name(page)
    page.get_by_text(f"{first} confirmed.").wait_for()
    page.keyboard.press("u")
    page.get_by_text(f"Decision on {first} taken back.").wait_for()
    page.locator(".photo .number", has_text=first).wait_for()
    assert data.registry.case(first).stage == "reported"


def test_letters_typed_into_a_note_decide_nothing(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("x")
    page.get_by_label("Note").fill("")
    page.keyboard.type("cux 1 ?")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert data.registry.case(first).version == 1


def test_stale_decision_is_told_and_read_again(page, data: ReviewData):
    first = open_case(page)
    data.registry.decide(first, "confirm", actor="Li", expected_version=1, now=NOW)
    page.keyboard.press("x")
    page.keyboard.press("1")
    give_name(page)
    page.get_by_text("Somebody else has just changed").wait_for()
    page.locator(".timeline").get_by_text("Li").wait_for()
    assert data.registry.case(first).stage == "established"


def test_language_is_switched_and_kept(page):
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="队列").wait_for()
    page.reload()
    page.get_by_role("heading", name="队列").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_outline_and_photos_follow_their_keys(page):
    outline = page.get_by_role("button", name="Outline M")
    page.keyboard.press("m")
    assert outline.get_attribute("aria-pressed") == "false"
    page.locator(".case", has_text="Unpermitted building").first.click()
    page.get_by_role("group", name="Photos of this object").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator('.strip button[aria-label="Photo 2 of 2"][aria-current]').wait_for()


def test_a_long_queue_scrolls_inside_the_window(page):
    page.set_viewport_size({"width": 1440, "height": 420})
    page.evaluate(
        """() => {
          const list = document.querySelector(".cases");
          for (let n = 0; n < 30; n++) list.append(list.lastElementChild.cloneNode(true));
        }"""
    )
    assert page.evaluate("document.querySelector('.cases').scrollHeight > innerHeight")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_phone_shows_one_pane_at_a_time(browser, address):
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    assert not page.locator(".cases").is_visible()
    page.locator(".tabs").get_by_text("队列").click()
    assert page.locator(".cases").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
