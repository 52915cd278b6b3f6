"""What the server refuses is told in the reader's language, in headless Chromium."""

from datetime import UTC, datetime, timedelta

import pytest

from review.sources import ReviewData

from .conftest import CHROMIUM, NOW
from .test_browser import open_case
from .test_browser_accounts import in_dialog, signed_in  # noqa: F401  a fixture

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture
def chinese(address: str, open_page):
    """The page in Chinese, when its first case is there to decide on."""
    page = open_page(address, expected="Failed to load resource", locale="zh-CN")
    page.wait_for_selector(".actions .confirm:not([disabled])")
    return page


def confirm(page) -> None:
    page.keyboard.press("c")
    page.get_by_role("textbox", name="姓名").fill("陈静")
    page.keyboard.press("Enter")


def test_a_case_that_somebody_else_decided_first(chinese, data: ReviewData):
    first = open_case(chinese)
    data.registry.decide(first, "confirm", actor="Li", expected_version=1, now=NOW)
    confirm(chinese)
    chinese.get_by_text(f"{first} 刚刚被其他人修改，已重新读取，请再次判断。").wait_for()
    chinese.locator(".timeline").get_by_text("Li").wait_for()


def test_a_case_in_the_hands_of_somebody_else(chinese, data: ReviewData):
    first, now = open_case(chinese), datetime.now(UTC)
    data.registry.claim(first, "王芳", until=now + timedelta(minutes=5), now=now)
    confirm(chinese)
    told = chinese.locator(".toast.problem")
    told.get_by_text(f"{first} 由 王芳 审核至").wait_for()
    assert "UTC+8，未保存任何内容" in told.inner_text()
    assert data.registry.case(first).stage == "reported"


@pytest.mark.parametrize(
    ("name", "display_name", "town", "told"),
    [
        ("officer", "李强", "", "登录名 officer 已被使用，请换一个。"),
        ("li.qiang", "the Officer", "", "姓名“the Officer”与已有账号的“The officer”读起来一样"),
        ("li.qiang", "李强", "无此镇", "无此镇 没有网格和案件"),
    ],
)
def test_an_account_that_cannot_be_made(
    signed_in,  # noqa: F811
    name: str,
    display_name: str,
    town: str,
    told: str,
):
    page = signed_in("keeper", locale="zh-CN")
    page.get_by_role("button", name="新建账号").click()
    page.get_by_label("登录名").fill(name)
    page.locator("dialog input[name=display_name]").fill(display_name)
    page.locator("dialog input[name=town]").fill(town)
    page.get_by_label("审核员").check()
    in_dialog(page, "保存").click()
    page.locator("dialog").get_by_text(told).wait_for()


def test_a_page_for_other_roles_says_so_in_either_language(signed_in):  # noqa: F811
    page = signed_in("officer", expected="40", locale="zh-CN")
    page.evaluate("location.hash = '#/patrols'")
    told = page.get_by_role("alert")
    told.get_by_text("您的账号没有此项权限").wait_for()
    page.get_by_role("button", name="English").click()
    told.get_by_text("flights are shown to operators and command").wait_for()


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("zh-CN", "没有这条预警，请重新打开消息中的链接。"),
        ("en-GB", "no alert has this link; open the one of the message again"),
    ],
)
def test_a_link_that_no_alert_has(address: str, open_page, locale: str, told: str):
    page = open_page(address, "alerts/none", expected="status of 404", locale=locale)
    page.get_by_role("alert").get_by_text(told).wait_for()


def test_a_server_that_does_not_answer(chinese):
    chinese.route("**/decision", lambda route: route.abort())
    confirm(chinese)
    chinese.get_by_text("未保存任何内容，请在服务器恢复后重试。").wait_for()
