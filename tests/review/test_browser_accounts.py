"""The page of accounts, in headless Chromium; skipped where browser or playwright is absent."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area, Deed, Scope
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM
from .test_browser_axe import grave

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

DAY = timedelta(days=1)
AREA = Area("沙岸镇", "东塘村")


@pytest.fixture
def signed_in(data: ReviewData, address, open_page, monkeypatch):
    """Open the page of accounts as somebody."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, role, area in (
        ("keeper", Role.ADMINISTRATOR, DISTRICT),
        ("officer", Role.OFFICER, AREA),
    ):
        someone = Account(name=name, display_name=f"The {name}", roles=(role,), area=area)
        data.accounts.add(someone, PASSWORD)

    def opened(name: str, expected: str = "status of 4", **options):
        page = open_page(address, expected=expected, **options)
        page.locator("input[name=username]").fill(name)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".pane.queue .case, .pane.queue .empty").first.wait_for(state="attached")
        page.goto(f"{address}command#/accounts")
        page.locator(".accounts-view").wait_for()
        return page

    return opened


def secret_of(page) -> str:
    told = page.locator("dialog .secret")
    told.wait_for()
    text = told.inner_text()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert text not in page.content()
    return text


def in_dialog(page, name: str):
    return page.locator("dialog").get_by_role("button", name=name, exact=True)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_an_account_is_made_changed_locked_and_given_a_password(signed_in, data, size):
    page = signed_in("keeper", viewport={"width": size[0], "height": size[1]})
    page.get_by_role("button", name="Add an account").click()
    page.get_by_label("Sign-in name").fill("chen.jing")
    page.locator("dialog input[name=display_name]").fill("陈静")
    in_dialog(page, "Save").click()
    page.get_by_text("Choose at least one role.").wait_for()
    page.get_by_label("Inspector").check()
    page.locator("dialog input[name=town]").fill("沙岸镇")
    in_dialog(page, "Save").click()
    password = secret_of(page)
    row = page.locator("tr", has_text="陈静")
    row.get_by_text("Inspector").wait_for()
    assert data.accounts.sign_in("chen.jing", password, address="", now=datetime.now(UTC))

    row.get_by_role("button", name="Change").click()
    assert page.get_by_label("Inspector").is_checked()
    page.get_by_role("checkbox", name="Command centre").check()
    in_dialog(page, "Save").click()
    row.get_by_text("Inspector, Command centre").wait_for()

    row.get_by_role("button", name="New password").click()
    in_dialog(page, "Yes").click()
    assert secret_of(page) != password

    row.get_by_role("button", name="Lock", exact=False).click()
    in_dialog(page, "Cancel").click()
    assert data.accounts.account("chen.jing").is_active
    row.get_by_role("button", name="Lock", exact=False).click()
    in_dialog(page, "Yes").click()
    row.get_by_text("locked").wait_for()
    assert not data.accounts.account("chen.jing").is_active
    row.get_by_role("button", name="Unlock", exact=False).click()
    row.get_by_text("active", exact=True).wait_for()
    page.get_by_text("locked: chen.jing", exact=True).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_the_server_refuses_is_told_in_the_form(signed_in):
    page = signed_in("keeper")
    page.get_by_role("button", name="Add an account").click()
    page.get_by_label("Sign-in name").fill("officer")
    page.locator("dialog input[name=display_name]").fill("Another")
    page.get_by_label("Inspector").check()
    with page.expect_response("**/api/accounts") as answered:
        in_dialog(page, "Save").click()
    assert answered.value.status == 422
    page.locator("dialog").get_by_text("officer is there already").wait_for()


def test_nobody_locks_themselves_out(signed_in):
    page = signed_in("keeper")
    own = page.locator("tr", has_text="The keeper")
    own.get_by_text("you", exact=True).wait_for()
    assert own.get_by_role("button").count() == 0


def test_an_officer_keeps_tokens_and_sees_no_accounts(signed_in, data):
    page = signed_in("officer", locale="zh-CN", viewport={"width": 390, "height": 844})
    page.get_by_role("heading", name="API 令牌").first.wait_for()
    assert page.get_by_text("The keeper").count() == 0
    page.get_by_role("button", name="新建令牌").click()
    page.get_by_label("用途").fill("手机")
    in_dialog(page, "保存").click()
    token = secret_of(page)
    account, scopes = data.accounts.of_token(token, datetime.now(UTC))
    assert (account.name, scopes) == ("officer", ("read",))
    page.locator("tr", has_text="手机").get_by_role("button").click()
    in_dialog(page, "确定").click()
    page.get_by_text("没有程序持有令牌").wait_for()
    assert data.accounts.tokens() == []


def test_what_cannot_be_read_takes_nothing_away(signed_in):
    page = signed_in("keeper", expected="Failed to load resource")
    page.route("**/api/layers/cells.geojson", lambda route: route.abort())
    page.reload()
    page.get_by_role("button", name="Add an account").click()
    assert page.get_by_role("alert").all_inner_texts() == [""]  # only towns are not suggested
    page.get_by_label("Sign-in name").fill("chen.jing")
    page.locator("dialog input[name=display_name]").fill("陈静")
    page.get_by_label("Inspector").check()
    page.route("**/api/account-log?*", lambda route: route.abort())
    in_dialog(page, "Save").click()
    told = page.get_by_role("alert").filter(has_text="The server does not answer.")
    told.wait_for(state="attached")
    assert len(secret_of(page)) == 19
    page.locator("tr", has_text="The keeper").wait_for()
    page.unroute("**/api/account-log?*")
    page.get_by_role("button", name="Try again").click()
    page.locator("tr", has_text="陈静").wait_for()
    told.wait_for(state="detached")


def test_whose_session_has_ended_is_told_to_sign_in(signed_in, data):
    page = signed_in("keeper")
    data.accounts.set_password("keeper", "another boat lantern")
    page.locator("tr", has_text="The officer").get_by_role("button", name="Lock").click()
    in_dialog(page, "Yes").click()
    page.locator("dialog").get_by_text("sign in").wait_for()
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/district'")
    page.locator(".accounts-view").wait_for(state="detached")
    page.evaluate("location.hash = '#/accounts'")
    page.get_by_role("alert").filter(has_text="Sign in on the review page").wait_for()
    assert data.accounts.account("officer").is_active


def test_a_secret_is_not_lost_by_a_click_beside_it(signed_in):
    page = signed_in("officer")
    page.get_by_role("button", name="Make a token").click()
    page.mouse.click(5, 5)
    page.locator("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("For what").fill("QGIS")
    in_dialog(page, "Save").click()
    secret = page.locator("dialog .secret")
    secret.wait_for()
    page.mouse.click(5, 5)
    page.locator("dialog").get_by_text("Put it where the program finds it").wait_for()
    assert secret_of(page).startswith("aerogrid_")


def test_the_log_tells_changes_in_ones_language_and_names_as_they_are(signed_in, data):
    by = Deed("keeper", "192.0.2.7", datetime.now(UTC))
    both = (Role.INSPECTOR, Role.OFFICER)
    data.accounts.change("officer", roles=both, area=DISTRICT, deed=by)
    data.accounts.set_password("officer", PASSWORD, by)
    data.accounts.add_token(
        "officer", "read, then decide", (Scope.READ,), life=DAY, now=by.now, deed=by
    )
    [token] = data.accounts.tokens()
    data.accounts.revoke_token(token.token_id, by)
    page = signed_in("keeper", locale="zh-CN")
    for told in (
        "更改账号：officer、审核员 网格员、全区",
        "重设密码：officer",
        f"新建令牌：{token.token_id}、officer、读取、read, then decide",
        f"收回令牌：{token.token_id}、officer、read, then decide",
    ):
        page.get_by_text(told, exact=True).wait_for()


@pytest.mark.parametrize(
    ("scheme", "locale", "size"),
    [
        ("dark", "en-GB", (1440, 900)),
        ("light", "zh-CN", (390, 844)),
        ("light", "en-GB", (1440, 900)),
        ("dark", "zh-CN", (390, 844)),
    ],
)
def test_nothing_grave_on_the_page_of_accounts(signed_in, scheme, locale, size):
    viewport = {"width": size[0], "height": size[1]}
    page = signed_in("keeper", color_scheme=scheme, locale=locale, viewport=viewport)
    assert grave(page) == []
    for button in page.locator(".board-head button").all():
        button.click()
        page.locator("dialog[open]").wait_for()
        assert grave(page) == []
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
    page.locator(".account-steps button").nth(1).click()
    in_dialog(page, "Yes" if locale == "en-GB" else "确定").click()
    page.locator("dialog .secret").wait_for()
    assert grave(page) == []


def test_the_command_page_says_who_is_there_and_lets_them_out(signed_in, data):
    page = signed_in("officer")
    head = page.locator(".command-head")
    head.get_by_text("The officer").wait_for()
    head.get_by_role("button", name="Sign out").click()
    page.get_by_role("alert").filter(has_text="You have signed out.").wait_for()
    assert head.get_by_text("The officer").count() == 0
    page.reload()
    page.get_by_role("alert").filter(has_text="Sign in on the review page").wait_for()


def test_whose_account_is_locked_is_told_so(signed_in, data):
    page = signed_in("officer")
    data.accounts.deactivate("officer")
    page.reload()
    page.get_by_role("alert").filter(has_text="Your account is locked").wait_for()
    page.get_by_role("alert").get_by_role("link").click()
    page.get_by_label("Sign-in name").fill("officer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="Your account is locked").wait_for()
