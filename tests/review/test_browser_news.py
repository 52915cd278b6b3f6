"""News in the page, in headless Chromium: while it is open, and what came while it was closed."""

import hashlib
from collections.abc import Iterator

import pytest

from cases.model import Findings, PatrolRecord
from cases.rule_files import load_rulebook
from review.app import create_app
from review.sources import ReviewData

from .conftest import FLOWN, NOW, make_proposal, wait_in_page
from .serving import served


@pytest.fixture
def address(data: ReviewData) -> Iterator[str]:
    with served(create_app(data)) as address:
        yield address


def file_fire(data: ReviewData, patrol: str, number: int) -> str:
    """File a patrol that saw smoke far from the cases that there are."""
    record = PatrolRecord(
        patrol, FLOWN, "ab" * 32, {f"{patrol}/x": hashlib.sha256(patrol.encode()).hexdigest()}
    )
    proposal = make_proposal(number, "burning.straw", "smoke", [f"{patrol}/x"])
    result = data.registry.file(
        record, Findings((proposal,), ()), rulebook=load_rulebook(), now=NOW
    )
    [case_no] = result.new
    return case_no


def test_new_cases_come_by_themselves_and_none_is_lost_while_the_page_is_closed(
    address: str, open_page, data: ReviewData
):
    page = open_page(address, expected="404")  # no photo is there of what is filed
    page.wait_for_selector(".case")
    wait_in_page(page, "() => 'aerogrid.news.' in localStorage")  # it listens
    button = page.get_by_role("button", name="New")
    assert button.inner_text() == "New 0"
    first = file_fire(data, "later", 5)
    page.get_by_text(f"Urgent: new case {first}").wait_for()
    page.locator(".queue .case").nth(4).wait_for()  # in the queue, without a click
    page.goto(f"{address}alerts")  # another page: nobody listens
    second = file_fire(data, "latest", 7)
    page.goto(address)
    page.locator("button.news.some").wait_for()
    button.click()
    entries = page.locator(".news-list button")
    entries.first.wait_for()
    assert [entry.count(second) for entry in entries.all_inner_texts()] == [1]
    entries.first.click()
    page.locator(".photo .number", has_text=second).wait_for()
    assert button.inner_text() == "New 0"
