"""An inspector at the page, in headless Chromium; skipped where browser or playwright is absent."""

from datetime import UTC, datetime

import pytest

from cases.lifecycle import Role
from cases.people import Account, Area
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM, NOW, wait_in_page
from .test_uploads import jpeg

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


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


def test_half_of_a_low_screen_is_the_photo(address: str, open_page, data: ReviewData):
    two = next(case.case_no for case in data.registry.cases() if len(case.evidence) == 2)
    low = {"width": 720, "height": 450}  # a laptop at 200 %
    page = open_page(address, f"#/case/{two}", viewport=low)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.locator(".strip").wait_for()
    assert page.locator(".viewer").bounding_box()["height"] >= 225
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_letters_typed_into_a_note_decide_nothing(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("x")
    page.get_by_label("Note").fill("")
    page.keyboard.type("cux 1 ?")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert data.registry.case(first).version == 1


def test_enter_in_the_note_rejects_nothing_without_a_reason(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("x")
    page.get_by_label("Note").fill("a greenhouse")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is rejected yet: choose a reason, 1 to 8.").wait_for()
    assert data.registry.case(first).version == 1
    page.get_by_role("button", name="8 Other").click()
    give_name(page)
    page.get_by_text(f"{first} rejected.").wait_for()
    assert data.registry.history(first)[-1].details["reason"] == "other: a greenhouse"


def test_another_reason_asks_for_a_note_before_it_is_sent(page, data: ReviewData):
    first = open_case(page)
    page.keyboard.press("x")
    page.keyboard.press("8")
    page.get_by_label("What is it? Enter saves.").fill("a greenhouse")
    page.get_by_role("button", name="Save").click()
    give_name(page)
    page.get_by_text(f"{first} rejected.").wait_for()
    assert data.registry.history(first)[-1].details["reason"] == "other: a greenhouse"


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


def test_phone_shows_one_pane_at_a_time(chromium, address):
    context = chromium.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    assert not page.locator(".cases").is_visible()
    page.locator(".tabs").get_by_text("队列").click()
    assert page.locator(".cases").is_visible()
    page.keyboard.press("?")  # a keyboard may be at hand all the same
    page.locator(".key-list kbd").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


@pytest.fixture
def people(data: ReviewData, monkeypatch) -> ReviewData:
    """Two inspectors, one of whom is of the command centre, too."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, display_name, roles in (
        ("chen", "Chen Jing", (Role.INSPECTOR, Role.COMMAND)),
        ("wang", "王芳", (Role.INSPECTOR,)),
    ):
        data.accounts.add(Account(name=name, display_name=display_name, roles=roles), PASSWORD)
    return data


def open_signed_in(chromium, address: str, name: str, **context):
    """Open a browser of somebody's own and sign in."""
    page = chromium.new_context(locale="en-GB", **context).new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    page.get_by_label("Sign-in name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".person").wait_for()
    return page


def enter(chromium, address: str, name: str):
    """Sign in as an inspector and wait for the first case."""
    page = open_signed_in(chromium, address, name)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    return page


def test_nothing_is_shown_before_signing_in_and_after_signing_out(chromium, people, address):
    page = chromium.new_context(locale="zh-CN").new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    page.get_by_label("登录名").fill("chen")
    page.get_by_label("密码").fill("wrong password")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("登录名或密码错误").wait_for()
    assert page.locator(".case").count() == 0
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".case").first.wait_for()
    page.get_by_role("button", name="Chen Jing").click()
    page.get_by_label("指挥中心").click()
    page.get_by_role("button", name="Chen Jing · 指挥中心").wait_for()
    page.locator(".actions .confirm").wait_for(state="detached")  # command judges nothing
    page.get_by_role("button", name="Chen Jing").click()
    page.get_by_role("button", name="退出登录").click()
    page.get_by_label("登录名").wait_for()
    assert page.locator(".case, .number").count() == 0
    page.context.close()


def test_somebody_gives_themselves_another_password(chromium, people, address):
    page, elsewhere = (enter(chromium, address, "wang") for _ in range(2))
    page.get_by_role("button", name="王芳").click()
    page.locator("details.password summary").click()
    form = page.locator("details.password form")

    def change(old: str, new: str) -> None:
        form.locator("[name=old]").fill(old)
        form.locator("[name=new]").fill(new)
        form.get_by_role("button").click()

    change("not the present one", "lantern on the reed boat")
    form.get_by_text("the present password is another").wait_for()
    change(PASSWORD, "aaaaaaaaaaaa")
    form.get_by_text("the password repeats a few signs").wait_for()
    change(PASSWORD, "lantern on the reed boat")
    form.get_by_text("Changed. Other sessions have ended.").wait_for()
    assert form.locator("[name=old]").input_value() == ""
    elsewhere.keyboard.press("c")
    elsewhere.get_by_text("The session has ended. Please sign in again.").wait_for()
    page.get_by_role("button", name="Sign out").click()
    for password, is_in in ((PASSWORD, False), ("lantern on the reed boat", True)):
        page.get_by_label("Sign-in name").fill("wang")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.locator(".person" if is_in else "[role=alert]").wait_for()
    for opened in (page, elsewhere):
        opened.context.close()


def test_two_inspectors_never_get_one_case(chromium, people: ReviewData, address):
    chen, wang = (enter(chromium, address, name) for name in ("chen", "wang"))
    done: list[str] = []
    for page in (chen, wang, chen, wang):
        no = open_case(page)
        assert no not in done
        assert open_case(chen) != open_case(wang) or len(done) >= 3
        page.keyboard.press("c")
        page.get_by_text(f"{no} confirmed.").wait_for()
        done.append(no)
        if len(done) < 3:
            wait_for_another(page, no)
    assert len(set(done)) == 4
    for no in done:
        confirmed = [event for event in people.registry.history(no) if event.action == "confirm"]
        assert len(confirmed) == 1
    for page in (chen, wang):
        page.context.close()


def test_a_case_in_other_hands_says_whose_and_cannot_be_decided(chromium, people, address):
    chen = enter(chromium, address, "chen")
    mine = open_case(chen)
    chen.locator(".claim", has_text="Yours for").wait_for()
    wang = enter(chromium, address, "wang")
    wang.goto(f"{address}#/case/{mine}")
    wang.reload()
    wang.locator(".claim", has_text="Chen Jing has it for").wait_for()
    assert wang.locator(".actions .confirm").is_disabled()
    wang.keyboard.press("c")
    assert people.registry.case(mine).version == 1
    chen.goto("about:blank")  # leaves, and gives it back
    free = "no => fetch(`/api/cases/${no}`).then(a => a.json()).then(c => c.claim === null)"
    wait_in_page(wang, free, mine)
    wang.reload()
    wang.locator(".claim", has_text="Yours for").wait_for()
    for page in (chen, wang):
        page.context.close()


def test_a_session_that_ended_asks_again(chromium, people: ReviewData, address):
    page = enter(chromium, address, "chen")
    people.accounts.set_password("chen", "another password")
    page.keyboard.press("c")
    page.get_by_text("The session has ended").wait_for()
    assert page.locator(".case").count() == 0
    page.context.close()


def test_a_grid_officer_handles_the_cases_of_the_village_on_a_phone(chromium, people, address):
    first, second = (case.case_no for case in people.registry.cases()[:2])
    for version, (step, role) in enumerate((("confirm", "inspector"), ("assign", "command")), 1):
        people.registry.decide(
            first, step, actor="Li", role=Role(role), expected_version=version, now=NOW
        )
    for name, area in (("zhang", Area("沙岸镇", "东塘村")), ("zhao", Area("海口镇"))):
        officer = Account(name=name, display_name=name, roles=(Role.OFFICER,), area=area)
        people.accounts.add(officer, PASSWORD)
    page = open_signed_in(chromium, address, "zhang", viewport={"width": 390, "height": 844})
    page.locator(".photo .number", has_text=first).wait_for(state="attached")
    assert page.locator(".case").count() == 1  # the list comes first, and counts what is in hand
    page.locator(".tabs .count", has_text="1").wait_for()
    page.locator(".case", has_text="Assigned").click()
    page.locator(".case-head", has_text=first).wait_for()
    page.locator(".facts-list", has_text="overdue").wait_for()
    page.get_by_role("button", name="Start handling").first.click()
    page.get_by_text(f"{first}: Handling started.").wait_for()
    page.locator(".tabs").get_by_text("Queue").click()
    page.locator(".case", has_text="In handling").click()
    photo = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    page.locator(".add-photo input").set_input_files(photo)
    page.get_by_text(f"Photo added to {first}.").wait_for()
    page.locator('.timeline img[alt="Photo from the place"]').wait_for()
    page.locator("summary", has_text="Code").click()
    wait_in_page(page, "() => document.querySelector('.way-code').naturalWidth > 60")
    href = page.get_by_role("link", name="Navigate").get_attribute("href")
    case = people.registry.case(first)
    assert href.startswith(f"geo:{case.lat_deg:.6f},{case.lon_deg:.6f}")
    page.get_by_role("button", name="Feed back: done").first.click()
    asked = page.get_by_role("dialog")
    asked.get_by_text("1 photo was added.").wait_for()
    asked.get_by_role("button", name="Feed back: done").click()
    page.get_by_text(f"{first}: Fed back.").wait_for()
    assert people.registry.history(first)[-1].actor == "zhang"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    foreign = open_signed_in(chromium, address, "zhao")
    foreign.get_by_text("No case of this choice").wait_for()
    linked = foreign.context.new_page()
    with linked.expect_response(lambda answer: f"/api/cases/{second}" in answer.url) as asked:
        linked.goto(f"{address}#/case/{second}")
    assert asked.value.status == 404
    linked.get_by_text("holds no case").wait_for()
    assert linked.locator(".photo .number", has_text=second).count() == 0
    for opened in (page, foreign):
        opened.context.close()


def test_who_cannot_decide_takes_no_case_from_those_who_can(chromium, people, address):
    account = Account(name="zhao", display_name="Zhao", roles=(Role.COMMAND,))
    people.accounts.add(account, PASSWORD)
    first = people.registry.cases()[0]
    page = open_signed_in(chromium, address, "zhao")
    page.get_by_text("No case of this choice").wait_for()  # nothing waits to be sent out
    page.get_by_label("Stage").select_option("reported")
    page.locator(".photo .number", has_text=first.case_no).wait_for()
    page.get_by_text("No step of yours now.").wait_for()
    assert page.locator(".decide").count() == 0
    now = datetime.now(UTC)
    assert people.registry.possible(first, Role.INSPECTOR, now)[1] is None
    page.context.close()


def test_names_beside_the_bars_are_not_cut_off(chromium, address):
    def rename(route):
        answer = route.fetch()
        told = answer.text().replace("verified: unchanged", "Ecology and environment")
        route.fulfill(response=answer, body=told)

    page = chromium.new_context(locale="en-GB").new_page()
    page.route("**/api/figures*", rename)
    page.goto(f"{address}command#/figures")
    name = page.locator(".bar-label", has_text="Ecology and")
    assert name.evaluate("name => name.getBBox().x") >= 0
    page.context.close()
