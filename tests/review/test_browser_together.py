"""Several people at one case, each in a browser of their own; headless Chromium."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area
from review.app import create_app
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM, wait_in_page
from .serving import served

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

SOON_MS = 10_000
"""Well before the page would ask by itself."""
QUIET = "() => { window.EventSource = class extends EventTarget { close() {} }; }"
"""No news come."""
PEOPLE = {
    "wang": ("王芳", Role.COMMAND, DISTRICT),
    "chen": ("Chen Jing", Role.INSPECTOR, DISTRICT),
    "chen2": ("Li Na", Role.INSPECTOR, DISTRICT),
    "zhang": ("张伟", Role.OFFICER, Area("沙岸镇", "东塘村")),
}


@pytest.fixture
def address(data: ReviewData, monkeypatch) -> Iterator[str]:
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, (display_name, role, area) in PEOPLE.items():
        account = Account(name=name, display_name=display_name, roles=(role,), area=area)
        data.accounts.add(account, PASSWORD)
    with served(create_app(data)) as address:
        yield address


@pytest.fixture
def enter(address: str, open_page) -> Callable[..., Any]:
    """Sign somebody in, with the page at a case if one is named."""

    def entered(name: str, no: str = "", *, script: str = "", **options: Any) -> Any:
        page = open_page(address, f"#/case/{no}" if no else "", expected="status of 4", **options)
        if script:
            page.evaluate(script)
        page.locator("input[name=username]").fill(name)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".pane.queue").wait_for(state="attached")
        if no:
            page.locator(".photo:not(.waiting) .number", has_text=no).wait_for(state="attached")
        return page

    return entered


def act(data: ReviewData, no: str, *steps: tuple[str, str], reason: str = "") -> None:
    """Take steps at the registry: by whom of `PEOPLE`, and which."""
    for name, action in steps:
        display_name, role, _ = PEOPLE[name]
        data.registry.decide(
            no, action, actor=display_name, role=role, reason=reason,
            expected_version=data.registry.case(no).version, now=datetime.now(UTC),
        )  # fmt: skip


def handled(data: ReviewData) -> str:
    """A case in the officer's hands."""
    no = data.registry.cases()[0].case_no
    act(data, no, ("chen", "confirm"), ("wang", "assign"), ("zhang", "start"))
    return no


def test_each_sees_at_once_what_the_other_does_with_the_open_case(enter, data: ReviewData):
    no = handled(data)
    command, officer = enter("wang", no), enter("zhang", no)
    officer.get_by_role("button", name="Feed back: done").first.click()
    officer.get_by_role("dialog").get_by_role("button", name="Feed back: done").click()
    command.locator(".photo .pane-head", has_text="Fed back").wait_for(timeout=SOON_MS)
    command.get_by_text(f"{no} was changed by 张伟 just now: Fed back.").wait_for()
    command.get_by_role("button", name="Verified: close").first.wait_for()
    officer.evaluate("(no) => { location.hash = `#/case/${no}`; }", no)  # nothing else is in hand
    officer.locator(".photo .pane-head", has_text="Fed back").wait_for()
    command.get_by_role("button", name="Not done: send back").first.click()
    command.get_by_label("Reason").fill("the fence still stands")
    command.get_by_role("button", name="Save").click()
    officer.locator(".photo .pane-head", has_text="In handling").wait_for(timeout=SOON_MS)
    officer.locator(".timeline", has_text="the fence still stands").wait_for()
    officer.get_by_text(f"{no} was changed by 王芳 just now").wait_for()
    officer.get_by_role("button", name="Feed back: done").first.wait_for()
    officer.locator(".queue .chip.sent-back", has_text="the fence still stands").wait_for()


def test_what_is_typed_and_how_far_is_zoomed_stay_and_nothing_is_decided_unseen(
    enter, data: ReviewData
):
    no = data.registry.cases()[0].case_no
    page = enter("chen", no)
    page.locator(".claim", has_text="Yours for").wait_for()
    page.keyboard.press("+")
    page.get_by_text("zoom kept").wait_for()
    page.keyboard.press("x")
    page.get_by_label("Note").fill("a tarpaulin")
    data.registry.release(no, "Chen Jing")
    act(data, no, ("chen2", "confirm"))
    page.get_by_text(f"{no} was changed by Li Na just now: Confirmed.").wait_for(timeout=SOON_MS)
    assert page.get_by_label("Note").input_value() == "a tarpaulin"
    page.locator(
        "dialog button.reason, dialog button", has_text="Harmless"
    ).first.click()  # the reason, decided about what was there before
    page.get_by_text("Somebody else has just changed").wait_for()
    page.locator(".photo .pane-head", has_text="Confirmed").wait_for()
    page.get_by_text("zoom kept").wait_for()
    assert data.registry.case(no).stage == "established"


def test_what_is_being_drawn_stays_while_the_case_is_shown_anew(enter, data: ReviewData):
    no = data.registry.cases()[0].case_no
    page = enter("chen", no)
    page.locator(".claim", has_text="Yours for").wait_for()
    page.keyboard.press("n")
    canvas = page.locator(".viewer .canvas").bounding_box()
    corners = [(canvas["x"] + x, canvas["y"] + y) for x, y in ((200, 200), (320, 200), (320, 300))]
    for x, y in corners:
        page.mouse.click(x, y)
    data.registry.release(no, "Chen Jing")
    act(data, no, ("chen2", "confirm"))
    page.locator(".photo .pane-head", has_text="Confirmed").wait_for(timeout=SOON_MS)
    page.locator(".hand-hint").wait_for()
    page.mouse.click(*corners[-1])  # the last corner once more ends the outline
    page.get_by_text("What was missed?").wait_for()


def test_the_page_asks_by_itself_where_no_news_come(enter, data: ReviewData):
    no = handled(data)
    page = enter("wang", no, script=QUIET)
    page.locator(".photo .pane-head", has_text="In handling").wait_for()
    act(data, no, ("zhang", "feed_back"))
    page.locator(".photo .pane-head", has_text="Fed back").wait_for(timeout=40_000)


def row(page, no: str):
    return page.locator(".queue .case").filter(has=page.locator(f"img[src*='{no}']"))


def test_who_has_a_case_or_was_unsure_of_it_stands_in_the_list(enter, data: ReviewData):
    first, second, *_ = (case.case_no for case in data.registry.cases())
    chen = enter("chen")
    chen.locator(".photo .number", has_text=first).wait_for()
    chen.locator(".claim", has_text="Yours for").wait_for()
    chen.keyboard.press("q")
    chen.get_by_text(f"{first} left to somebody else.").wait_for()
    chen.locator(".photo:not(.waiting) .number", has_text=second).wait_for()
    chen.locator(".claim", has_text="Yours for").wait_for()
    other = enter("chen2")
    row(other, second).locator(".chip.held", has_text="Chen Jing has it").wait_for()
    row(other, first).locator(".chip.unsure", has_text="unsure: Chen Jing").wait_for()
    assert row(other, first).locator(".chip.held").count() == 0
    other.keyboard.press("g")
    grid = other.locator(".thumbnails li")
    grid.nth(1).locator(".chip.held", has_text="Chen Jing has it").wait_for()
    assert grid.locator(".chip.held").count() == 2  # and the one that follows for Chen


def test_a_choice_opens_the_next_free_case_and_not_one_in_other_hands(enter, data: ReviewData):
    held, free = (case.case_no for case in data.registry.cases(category="building.unpermitted"))
    until = datetime.now(UTC) + timedelta(minutes=10)
    data.registry.claim(held, "Li Na", until=until, now=datetime.now(UTC))
    page = enter("chen")
    page.locator(".claim", has_text="Yours for").wait_for()
    page.get_by_label("Category").select_option("building.unpermitted")
    page.locator(".photo:not(.waiting) .number", has_text=free).wait_for()
    page.locator(".claim", has_text="Yours for").wait_for()
    page.keyboard.press("k")
    page.locator(".photo:not(.waiting) .number", has_text=held).wait_for()
    page.locator(".claim", has_text="Li Na has it for").wait_for()


def test_officers_are_told_what_is_wanted_of_them_and_count_what_is_theirs(enter, data: ReviewData):
    urgent = data.registry.cases(category="burning.straw")[0].case_no
    page = enter("zhang")
    page.get_by_text("No case of this choice").wait_for()
    wait_in_page(page, "() => localStorage.getItem('aerogrid.news.zhang') !== null")
    button = page.locator("button.news")
    assert button.inner_text() == "New 0"
    figures = page.locator(".figures .figure")
    counts = [figures.nth(at).locator("dd") for at in (0, 1)]
    assert [count.inner_text() for count in counts] == ["0", "0"]  # an urgent one is not theirs yet
    act(data, urgent, ("chen", "confirm"), ("wang", "assign"))
    page.locator(".toast", has_text=f"Assigned · {urgent}").wait_for(timeout=SOON_MS)
    page.locator(".queue .case").wait_for()
    assert [count.inner_text() for count in counts] == ["1", "1"]
    act(data, urgent, ("zhang", "start"), ("zhang", "feed_back"))
    act(data, urgent, ("chen", "rework"), reason="it still burns")
    page.locator(".toast", has_text="it still burns").wait_for(timeout=SOON_MS)
    act(data, urgent, ("wang", "supervise"), reason="the town asks")
    page.locator(".toast", has_text="the town asks").wait_for(timeout=SOON_MS)
    button.click()
    told = page.locator(".news-list button").all_inner_texts()
    assert len(told) == 3  # nothing of what they did themselves, or others before
    for text, words in zip(told, ("the town asks", "it still burns", "Assigned"), strict=True):
        assert (words in text, urgent in text) == (True, True)
    page.locator(".news-list button").first.click()
    page.locator(".photo .pane-head", has_text="In handling").wait_for()
    page.locator(".info .sent-back", has_text="it still burns").wait_for(state="attached")
