"""The API for programs: tags, versions, pages and figures."""

import re

import pytest
from fastapi.testclient import TestClient

from dispatch.expanding import Rules
from dispatch.policies import parse_alerts
from review.sources import ReviewData
from tests.dispatch.alerting import TIMETABLE
from tests.dispatch.routes import table

from .conftest import NOW

LISTS = [
    "/api/cases", "/api/alerts", "/api/summary", "/api/vocabulary", "/api/layers/cells.geojson",
    "/collections/cells/items", "/collections/cases/items", "/collections/patrols/items",
    "/api/district", "/api/figures",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_not_sent_again_to_who_has_it(client: TestClient, path: str):
    first = client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_a_tag_changes_with_the_content(client: TestClient, data: ReviewData):
    number = data.registry.cases()[0].case_no
    tags = {path: client.get(path).headers["etag"] for path in ("/api/cases", "/api/summary")}
    data.registry.decide(number, "confirm", actor="Li", expected_version=1, now=NOW)
    for path, tag in tags.items():
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def decision(client: TestClient, number: str, tag: str | None, **more):
    headers = {} if tag is None else {"If-Match": tag}
    body = {"decision": "confirm", "actor": "Chen Jing", **more}
    return client.post(f"/api/cases/{number}/decision", json=body, headers=headers)


def test_a_decision_stands_on_the_case_that_was_seen(client: TestClient, data: ReviewData):
    number = data.registry.cases()[0].case_no
    tag = client.get(f"/api/cases/{number}").headers["etag"]
    assert re.fullmatch(r'"1\.[0-9a-f]{32}"', tag)
    data.registry.claim(number, "Chen Jing", until=NOW.replace(hour=23), now=NOW)
    other = client.get(f"/api/cases/{number}", headers={"If-None-Match": tag})
    assert other.status_code == 200  # it is in hands now, though at the same version
    assert decision(client, number, tag).status_code == 200
    late = decision(client, number, tag)
    assert (late.status_code, late.json()["version"]) == (412, 2)
    assert late.headers["content-type"] == "application/problem+json"
    assert data.registry.case(number).version == 2


@pytest.mark.parametrize(
    ("tag", "version", "status"),
    [
        (None, None, 428),
        (None, 1, 200),
        ('"1.ab"', 1, 200),
        ('"1.ab"', 2, 422),
        ('"2.ab"', None, 412),
        (None, 2, 409),
        ("*", None, 422),
        ('W/"1.ab"', None, 422),
        ('"99999999999999999999.ab"', None, 422),
        ("1", None, 422),
    ],
)
def test_the_version_is_named_once_or_twice_alike(
    client: TestClient, data: ReviewData, tag: str | None, version: int | None, status: int
):
    number = data.registry.cases()[0].case_no
    more = {} if version is None else {"version": version}
    assert decision(client, number, tag, **more).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/api/cases", 405),
        ("POST", "/api/cases", 405),
        ("GET", "/api/cases?limit=0", 422),
        ("GET", "/api/cases?after=none", 404),
        ("GET", "/api/alerts?before=0", 422),
        ("GET", "/api/cases/none/history", 404),
        ("GET", "/collections/none/items", 404),
        ("GET", "/collections/cells/items?nothing=1", 400),
        ("GET", "/api/photos/none.jpg", 404),
    ],
)
def test_every_refusal_is_a_problem(client: TestClient, method: str, path: str, status: int):
    answer = client.request(method, path, json={} if method != "GET" else None)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]


def test_alerts_lead_to_older_ones(client: TestClient, data: ReviewData):
    policy = '[[policies]]\ncategory = "*"\nevents = ["file"]\nchannels = ["page"]\n'
    rules = Rules(
        parse_alerts(f'version = "test"\n{policy}', "a"), table(), iter_words(), TIMETABLE
    )
    while data.outbox.refresh(rules, NOW):
        pass
    every = client.get("/api/alerts").json()
    told, url = [], "/api/alerts?limit=1"
    while url:
        answer = client.get(url)
        told += answer.json()
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else ""
    assert told == every
    assert len(told) >= 2


def iter_words():
    words = iter(range(100))
    return lambda: f"word-{next(words)}"


def test_metrics_count_requests_by_route_and_cases_by_stage(client: TestClient):
    for number in ("20260610-0001", "20260610-0002", "none"):
        client.get(f"/api/cases/{number}")
    client.get("/secret/path")
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = told.text.splitlines()
    route = 'method="GET",route="/api/cases/{case_no}"'
    assert f'aerogrid_requests_total{{{route},status="200"}} 2.0' in lines
    assert f'aerogrid_requests_total{{{route},status="404"}} 1.0' in lines
    assert 'aerogrid_cases{category="burning.straw",stage="reported"} 1.0' in lines
    assert "secret" not in told.text
    assert "20260610" not in told.text
