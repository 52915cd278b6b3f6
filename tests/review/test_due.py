"""Until when a case has to be handled, as an inspector is told."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from dispatch.due import due_cases
from review.app import create_app
from review.due import deadline
from review.sources import ReviewData

from .conftest import NOW, URL
from .test_views import case_of, decide


def test_a_case_tells_until_when_it_has_to_be_handled(client, data: ReviewData):
    no = case_of(client, "building")["no"]
    told = client.get(f"/api/cases/{no}").json()
    assert (told["due_at"], told["is_overdue"]) == (None, False)  # no limit runs before
    told = decide(client, no, "confirm").json()
    [expected] = due_cases(data.registry, data.rulebook.categories, data.timetable, now=NOW)
    due_at = expected.deadline.due_at
    assert (datetime.fromisoformat(told["due_at"]), told["is_overdue"]) == (due_at, False)
    later = create_app(data, clock=lambda: due_at + timedelta(seconds=1))
    with TestClient(later, base_url=URL) as opened:
        assert opened.get(f"/api/cases/{no}").json()["is_overdue"]


def test_a_case_of_a_category_that_is_gone_is_opened_and_decided_all_the_same(
    data: ReviewData, caplog: pytest.LogCaptureFixture
):
    kept = tuple(c for c in data.rulebook.categories if c.code != "building.unpermitted")
    fewer = replace(data, rulebook=data.rulebook.model_copy(update={"categories": kept}))
    with TestClient(create_app(fewer, clock=lambda: NOW), base_url=URL) as client:
        no = case_of(client, "building")["no"]
        decided = decide(client, no, "confirm")
        opened = client.get(f"/api/cases/{no}")
    for told in (decided, opened):
        assert told.status_code == 200
        assert (told.json()["due_at"], told.json()["is_overdue"]) == (None, False)
        assert told.json()["stage"] == "established"
    assert f"{no}: no category has the code 'building.unpermitted'" in caplog.text


def test_a_case_beyond_all_calendars_has_no_limit_and_the_log_says_so(
    client, data: ReviewData, caplog: pytest.LogCaptureFixture
):
    no = case_of(client, "building")["no"]
    decide(client, no, "confirm")
    case, events = data.registry.case(no), data.registry.history(no)
    late = [*events[:-1], replace(events[-1], at=datetime(9999, 12, 30, tzinfo=UTC))]
    with caplog.at_level(logging.WARNING, "review.due"):
        assert deadline(data, case, NOW, late) == (None, False)
    assert no in caplog.text


def test_lists_tell_the_same_limits_as_the_cases(client, data: ReviewData):
    no = case_of(client, "building")["no"]
    decide(client, no, "confirm")
    items = client.get("/api/cases").json()["items"]
    assert len(items) > 1
    for item in items:
        told = client.get(f"/api/cases/{item['no']}").json()
        assert (item["due_at"], item["is_overdue"]) == (told["due_at"], told["is_overdue"])
    assert [item["no"] for item in items if item["due_at"]] == [no]
    due_at = datetime.fromisoformat(next(item["due_at"] for item in items if item["no"] == no))
    later = create_app(data, clock=lambda: due_at + timedelta(seconds=1))
    with TestClient(later, base_url=URL) as opened:
        items = opened.get("/api/cases").json()["items"]
    assert [item["no"] for item in items if item["is_overdue"]] == [no]
