"""Every refusal says of which kind it is, and the page has words for each that it can meet."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cases.errors import CaseClaimedError, NameTakenError, StaleCaseError
from cases.registry import Registry
from geo.errors import AerogridError
from review.errors import MissingPhotoError
from review.problems import FOREIGN_HOST, FOREIGN_SITE, INVALID, STATUSES, TOO_LARGE, kind_of

ROOT = Path(__file__).parents[2]
TYPES = "urn:aerogrid:problem:"
KINDS = {kind_of(error) for error in STATUSES} | {INVALID, FOREIGN_HOST, FOREIGN_SITE, TOO_LARGE}
FIRST = "20260610-0001"

NEVER_MET = {
    "unknown-feature": "the page asks for no features",
    "feature-query": "the page asks for no features, and searches for no photos",
    "photo-search": "the page searches for no photos",
    "unversioned": "the page names the version that was seen with every decision",
    "changed-case": "the page names the version in the body, never as If-Match",
    "claim": "the page takes cases, and renews no claim that has run out",
    "full": "a browser tells a page nothing of why its stream of news was refused",
    "foreign-host": "there is no page under a foreign host name",
    "account": "the page proves roles, scopes and days before it sends them",
    "upload": "each refusal of a photo is one of its narrower kinds",
    "provider-away": "a browser is sent to the sign-in page, which says it",
    "unknown-alert": "only the page of alerts meets it, which has words of its own",
}
"""Kinds without Chinese words, and why nobody at the page is told of them."""


def worded(language: str) -> list[str]:
    """Kinds that the page has a sentence for in a language."""
    text = (ROOT / "review/frontend/src/strings/refusals.ts").read_text(encoding="utf-8")
    body = re.search(rf"^const {language}: Record.*?\n(.*?)^\}};", text, re.M | re.S)
    assert body is not None
    return re.findall(r'^  "?([a-z-]+)"?: ', body[1], re.M)


def test_every_kind_of_error_has_a_name_of_its_own():
    assert len(KINDS) == len(STATUSES) + 4
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", kind) for kind in KINDS)
    assert kind_of(StaleCaseError) == "stale-case"


def test_every_kind_that_the_page_can_meet_has_chinese_words():
    chinese = worded("zh")
    assert len(chinese) == len(set(chinese))
    assert set(chinese).isdisjoint(NEVER_MET)
    assert set(chinese) | set(NEVER_MET) == KINDS
    assert set(worded("en")) <= set(chinese)


def test_the_page_of_alerts_has_words_for_its_own_kind():
    script = (ROOT / "review/static/alerts.js").read_text(encoding="utf-8")
    body = re.search(r"^const REFUSALS = \{\n(.*?)^\};", script, re.M | re.S)
    assert body is not None
    kinds = set(re.findall(r'^  "([a-z-]+)": ', body[1], re.M))
    assert "unknown-alert" in kinds
    assert kinds <= KINDS


def test_the_documentation_lists_every_kind_with_its_status():
    text = (ROOT / "docs/review.md").read_text(encoding="utf-8")
    table = text[text.index("| status | when | kinds |") : text.index("## Changing the page")]
    rows = [row.split("|") for row in table.splitlines()[2:] if row]
    listed = {
        kind: statuses for _, statuses, _, kinds, _ in rows for kind in re.findall("`(.+?)`", kinds)
    }
    assert set(listed) == KINDS
    assert all(str(status) in listed[kind_of(error)] for error, status in STATUSES.items())


@pytest.mark.parametrize("error", [NameTakenError("chen"), MissingPhotoError("p", "a")])
def test_an_error_is_of_the_nearest_kind_of_the_table(client: TestClient, monkeypatch, error):
    def fail(_):
        raise error

    monkeypatch.setattr(Registry, "counts", fail)
    answer = client.get("/api/summary")
    kind = {"NameTakenError": "name-taken", "MissingPhotoError": "unknown-photo"}
    expected = kind[type(error).__name__]
    assert answer.json()["type"] == f"{TYPES}{expected}"
    assert answer.json()["title"] == expected.replace("-", " ").capitalize()
    assert answer.json()["detail"] == str(error)
    assert answer.json().get("name") == getattr(error, "name", None)


def test_facts_go_with_the_kind(client: TestClient, monkeypatch):
    until = datetime(2026, 6, 10, 9, 40, tzinfo=UTC)

    def fail(_):
        raise CaseClaimedError(FIRST, "王芳", until)

    monkeypatch.setattr(Registry, "counts", fail)
    problem = client.get("/api/summary").json()
    assert problem["type"] == f"{TYPES}case-claimed"
    assert (problem["case_no"], problem["who"]) == (FIRST, "王芳")
    assert datetime.fromisoformat(problem["until"]) == until


def test_an_error_outside_the_table_is_what_its_status_says(client: TestClient, monkeypatch):
    def fail(_):
        raise AerogridError("the grid file is gone")

    monkeypatch.setattr(Registry, "counts", fail)
    answer = client.get("/api/summary")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (500, "about:blank")
    assert (problem["title"], problem["detail"]) == (
        "Internal Server Error",
        "the grid file is gone",
    )


@pytest.mark.parametrize(
    ("headers", "path", "status", "type_"),
    [
        ({}, "/api/cases?limit=0", 422, f"{TYPES}invalid"),
        ({}, "/api/nothing", 404, "about:blank"),
        ({}, "/api/cases/none", 404, f"{TYPES}unknown-case"),
        ({"Host": "elsewhere.example"}, "/api/cases", 400, f"{TYPES}foreign-host"),
    ],
)
def test_every_refusal_names_its_kind(client: TestClient, headers, path, status, type_):
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, type_)


def test_what_another_site_sends_and_what_is_too_large_are_kinds_too(client: TestClient):
    path = f"/api/cases/{FIRST}/decision"
    foreign = client.post(path, json={}, headers={"Origin": "https://elsewhere.example"})
    large = client.post(path, json={"note": "x" * 70_000})
    assert foreign.json()["type"] == f"{TYPES}foreign-site"
    assert large.json()["type"] == f"{TYPES}too-large"
