"""Alerts on the page: the live list, and the link that acknowledges."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from dispatch.alerts import Message, Outcome, State
from dispatch.expanding import Rules
from dispatch.policies import parse_alerts
from review.sources import ReviewData
from tests.dispatch.alerting import CATEGORIES, TIMETABLE
from tests.dispatch.routes import TEXT, table
from tests.review.conftest import NOW

POLICY = """
version = "test"
[[policies]]
category = "burning.*"
events = ["file"]
to = ["department"]
channels = ["sms", "page"]
acknowledge_within_min = 5
escalate_to = ["district"]
[[gateways]]
channel = "sms"
template = "webhook"
"""
JSON = {"content-type": "application/json"}


@pytest.fixture
def rules() -> Rules:
    tokens = (f"token-{number}" for number in range(100))
    return Rules(parse_alerts(POLICY, "alerts.toml"), table(), lambda: next(tokens), TIMETABLE)


@pytest.fixture
def told(data: ReviewData, rules: Rules) -> ReviewData:
    """The four cases of the district are told of for the first time; one of them burns."""
    while data.outbox.refresh(rules, NOW):
        pass
    return data


def handed_over(data: ReviewData, rules: Rules) -> list[Message]:
    """Let a gateway take whatever waits."""
    lease = timedelta(minutes=10)
    messages = data.outbox.claim(rules, CATEGORIES, limit=100, lease=lease, now=NOW)
    taken = [Outcome(message.alert_id, State.DELIVERED) for message in messages]
    data.outbox.settle(rules, taken, NOW)
    return messages


def test_without_alerts_the_list_is_empty(client: TestClient):
    assert client.get("/api/alerts").json() == []


def test_the_list_says_what_was_told_and_who_has_seen_it(
    told: ReviewData, rules: Rules, client: TestClient
):
    (notice,) = client.get("/api/alerts").json()
    assert notice["category_label"] == {"en": "Open straw burning", "zh": "秸秆露天焚烧"}
    assert notice["event_label"] == {"en": "found", "zh": "发现"}
    assert len(notice["cases"]) == 1
    assert notice["states"] == {"delivered": 1, "waiting": 1}
    assert (notice["level"], notice["acknowledged_by"]) == (0, None)
    handed_over(told, rules)
    told.outbox.refresh(rules, NOW + timedelta(minutes=6))
    (notice,) = client.get("/api/alerts").json()
    assert (notice["level"], notice["states"]) == (1, {"delivered": 2, "waiting": 1})


def test_opening_a_link_acknowledges_nothing_and_its_button_does(
    told: ReviewData, client: TestClient
):
    alert = next(e for e in told.outbox.alerts() if e.channel == "sms")
    token = next(t for t in map("token-{}".format, range(9)) if _is_of(client, t, alert.case_no))
    assert client.get(f"/alerts/{token}").text.startswith("<!doctype html>")
    assert client.get(f"/api/alerts/{token}").json()["acknowledged_by"] is None
    answer = client.post(f"/api/alerts/{token}/acknowledge", content="{}", headers=JSON)
    assert answer.json()["case_no"] == alert.case_no
    assert client.get("/api/alerts").json()[0]["acknowledged_by"] == answer.json()["by"]
    again = client.post(f"/api/alerts/{token}/acknowledge", content="{}", headers=JSON)
    assert again.json() == answer.json()


def digest_of(data: ReviewData, rules: Rules) -> Message:
    """Tell the department of everything, one alert an hour: the rest comes in this digest."""
    policy = POLICY.replace("burning.*", "*").replace('"page"]', '"page"]\nmost_per_hour = 1')
    everything = TEXT + '[[routes]]\ncategory = "*"\nresponsible = "ecology"\n'
    rules = replace(rules, settings=parse_alerts(policy, "alerts.toml"), table=table(everything))
    data.outbox.refresh(rules, NOW)
    handed_over(data, rules)
    later = NOW + timedelta(days=1)
    data.outbox.refresh(rules, later)
    lease = timedelta(minutes=10)
    messages = data.outbox.claim(rules, CATEGORIES, limit=100, lease=lease, now=later)
    return next(message for message in messages if message.body["event"] == "digest")


def test_the_link_of_a_digest_acknowledges_all_its_cases(
    data: ReviewData, rules: Rules, client: TestClient
):
    digest = digest_of(data, rules)
    subject = client.get(f"/api/alerts/{digest.word}").json()
    assert len(subject["cases"]) > 1
    assert subject["cases"] == digest.body["cases"]
    assert (subject["event"], subject["acknowledged_by"]) == ("digest", None)
    path = f"/api/alerts/{digest.word}/acknowledge"
    answer = client.post(path, content="{}", headers=JSON).json()
    assert answer["cases"] == subject["cases"]
    told = {tuple(n["cases"]): n["acknowledged_by"] for n in client.get("/api/alerts").json()}
    assert {told[(case_no,)] for case_no in subject["cases"]} == {digest.person_id}


def _is_of(client: TestClient, token: str, case_no: str) -> bool:
    answer = client.get(f"/api/alerts/{token}")
    return answer.status_code == 200 and answer.json()["case_no"] == case_no


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_guessed_link_is_not_found(method: str, client: TestClient):
    path = "/api/alerts/guessed" + ("/acknowledge" if method == "POST" else "")
    answer = client.request(method, path, content="{}", headers=JSON)
    assert answer.status_code == 404
    assert "no alert has this link" in answer.json()["detail"]


def test_another_site_cannot_acknowledge(told: ReviewData, client: TestClient):
    headers = {**JSON, "origin": "http://elsewhere.example"}
    answer = client.post("/api/alerts/token-0/acknowledge", content="{}", headers=headers)
    assert answer.status_code == 403


def test_the_page_loads_only_its_own_files(client: TestClient):
    page = client.get("/alerts")
    assert page.status_code == 200
    for name in ("alerts.css", "alerts.js", "icon.svg"):
        assert f"/static/{name}" in page.text
        assert client.get(f"/static/{name}").status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
