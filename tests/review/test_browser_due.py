"""What is due stands in the lists, and nothing drawn is lost by signing out; headless Chromium."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import CHROMIUM

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture
def signed_in(data: ReviewData, address, open_page, monkeypatch):
    """Open the page as somebody."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for role, area in ((Role.OFFICER, Area("沙岸镇", "东塘村")), (Role.INSPECTOR, DISTRICT)):
        name = role.value
        someone = Account(name=name, display_name=f"The {name}", roles=(role,), area=area)
        data.accounts.add(someone, PASSWORD)

    def opened(role: Role, **options):
        page = open_page(address, expected="401", **options)
        page.locator("input[name=username]").fill(role.value)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".pane.queue .case").first.wait_for(state="attached")
        return page

    return opened


def send_out(data: ReviewData, class_name: str, at: datetime) -> str:
    """Establish and assign the first case of a class."""
    case = next(case for case in data.registry.cases() if case.class_name == class_name)
    for version, (action, role) in enumerate(
        (("confirm", Role.INSPECTOR), ("assign", Role.COMMAND)), case.version
    ):
        data.registry.decide(
            case.case_no, action, actor="王芳", role=role, expected_version=version, now=at
        )
    return case.case_no


@pytest.mark.parametrize(("locale", "late"), [("en-GB", "overdue"), ("zh-CN", "已超期")])
def test_what_is_in_hand_goes_by_when_it_is_due(signed_in, data: ReviewData, locale, late):
    now = datetime.now(UTC)
    urgent = send_out(data, "smoke", now)
    old = send_out(data, "building", now - timedelta(days=90))
    page = signed_in(Role.OFFICER, locale=locale, viewport={"width": 390, "height": 844})
    rows = page.locator(".queue .case")
    assert rows.count() == 2
    first = page.locator(".queue-tools select option").first
    assert first.inner_text() in ("Due first", "先到期优先")
    assert rows.nth(0).locator(".chip.when").inner_text() == late
    due = rows.nth(1).locator("time").get_attribute("datetime")
    [told] = [
        item["due_at"]
        for item in page.request.get(page.url.partition("#")[0] + "api/cases").json()["items"]
        if item["no"] == urgent
    ]
    assert datetime.fromisoformat(due) == datetime.fromisoformat(told) > now
    rows.nth(0).click()
    head = page.locator(".case-head")
    head.get_by_text(old).wait_for()
    above, below = head.bounding_box(), page.locator(".info .steps").first.bounding_box()
    assert below["y"] - (above["y"] + above["height"]) >= 6


@pytest.mark.parametrize(
    ("locale", "told"), [("en-GB", "was due 2 mo ago"), ("zh-CN", "时限在2个月前")]
)
def test_what_was_handled_in_time_is_not_due_now(signed_in, data: ReviewData, locale, told):
    then = datetime.now(UTC) - timedelta(days=90)
    no = send_out(data, "building", then)
    for action in ("start", "feed_back"):
        data.registry.decide(
            no, action, actor="张伟", role=Role.OFFICER,
            expected_version=data.registry.case(no).version, now=then,
        )  # fmt: skip
    page = signed_in(Role.INSPECTOR, locale=locale)
    page.locator(".filters select").first.select_option("fed_back")
    row = page.locator(".queue .case", has_text=data.registry.case(no).place.village)
    page.locator(".photo .number", has_text=no).wait_for()
    assert row.locator("time").inner_text() == told
    assert row.locator(".chip.when").count() == 0


def test_a_list_of_what_is_to_be_reviewed_says_when_it_was_seen(page):
    shown = page.locator(".queue .case").first
    assert shown.locator(".when").count() == 0
    assert shown.locator("time").inner_text().startswith("seen")


def test_nobody_signs_out_over_what_is_drawn(signed_in, data: ReviewData):
    page = signed_in(Role.INSPECTOR)
    page.wait_for_selector(".actions .confirm:not([disabled])")
    page.keyboard.press("n")
    page.locator(".hand-hint").wait_for()
    page.get_by_role("button", name="The inspector").click()
    page.get_by_role("button", name="Sign out").click()
    page.locator(".toast.problem").wait_for()
    page.locator(".hand-hint").wait_for()
    page.keyboard.press("Escape")
    page.locator(".hand-hint").wait_for(state="detached")
    page.get_by_role("button", name="The inspector").click()
    page.get_by_role("button", name="Sign out").click()
    page.locator("input[name=username]").wait_for()
