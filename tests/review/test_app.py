"""How the application refuses: problems, foreign requests, paths that lead outside."""

import re

import pytest
from fastapi.testclient import TestClient

from cases.errors import RegistryError
from cases.registry import Registry
from geo.errors import AerogridError
from review.app import STATUSES, create_app
from review.guard import LOOPBACK_HOSTS

BODY = {"decision": "confirm", "version": 1, "actor": "Chen Jing"}
DECISION = "/api/cases/20260610-0001/decision"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/cases/20990101-0001", 404),
        ("/api/cases/20990101-0001/history", 404),
        ("/api/cases/20990101-0001/crop.jpg", 404),
        ("/api/cases?stage=lost", 422),
        ("/api/cases?limit=0", 422),
        ("/api/cases?after=nothing", 404),
        ("/api/photos/flight/z.jpg", 404),
        ("/api/photos/flight/a.jpg?patrol=other", 404),
        ("/api/photos/flight/a.jpg?max=1", 422),
        ("/api/layers/roads.geojson", 404),
        ("/api/nothing", 404),
    ],
)
def test_wrong_request_is_explained_as_problem_json(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "photo",
    [
        "../cases.sqlite",
        "..%2Fcases.sqlite",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "flight%2F..%2F..%2Fcases.sqlite",
        "%2Fetc%2Fpasswd",
        "flight%5C..%5Ca",
        "flight/a%00",
        "flight/a.jpg%2F..",
    ],
)
def test_no_path_leads_out_of_the_photos(client, photo):
    assert client.get(f"/api/photos/{photo}.jpg").status_code == 404
    assert client.get(f"/static/{photo}").status_code == 404


def test_decision_needs_json(client):
    form = client.post(DECISION, data=BODY)
    plain = client.post(DECISION, content="{}", headers={"content-type": "text/plain"})
    assert (form.status_code, plain.status_code) == (415, 415)


def test_a_body_is_refused_by_its_length_before_it_is_read(client):
    json = {"content-type": "application/json"}
    padded = b" " * 65_536 + b"{}"
    assert client.post(DECISION, content=padded, headers=json).status_code == 413
    lying = json | {"content-length": "9" * 5000}
    assert client.post(DECISION, content=b"{}", headers=lying).status_code == 413
    assert client.post(DECISION, content=iter([b"{}"]), headers=json).status_code == 411
    assert (
        client.post(DECISION, content=b"", headers=json | {"content-length": "x"}).status_code
        == 411
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_decision_from_another_site_is_refused(client, headers):
    assert client.post(DECISION, json=BODY, headers=headers).status_code == 403


def test_decision_from_the_page_itself_is_taken(client):
    headers = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert client.post(DECISION, json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/command", "/alerts"])
def test_the_head_of_a_page_is_that_of_the_page(client, path):
    page, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control", "vary"):
        assert head.headers.get(name) == page.headers.get(name), name


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_not_used(client, method):
    answer = client.request(method, "/api/cases/20260610-0001")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1"])
def test_foreign_host_name_is_refused(client, host):
    assert client.get("/api/cases", headers={"host": host}).status_code == 400


def test_page_forbids_everything_from_elsewhere(client):
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy


def test_page_has_no_inline_script_and_no_foreign_address(client):
    page = client.get("/").text
    assert "<script>" not in page
    assert re.search(r"\son\w+\s*=", page) is None
    assert "://" not in page


def test_built_page_is_small_enough(client):
    sent = 0
    for path in ("/", "/static/app.js", "/static/maps.js", "/static/app.css", "/static/icon.svg"):
        with client.stream("GET", path) as response:
            sent += sum(len(chunk) for chunk in response.iter_raw())
    assert 50_000 < sent < 300 * 1024


def test_licences_of_what_is_built_in_are_shipped(client):
    notices = client.get("/static/THIRD_PARTY.txt").text
    assert "\nol " in notices
    assert "\npreact " in notices
    assert "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS" in notices


def test_every_error_class_of_the_table_is_ours():
    assert all(issubclass(kind, AerogridError) for kind in STATUSES)


def test_registry_that_fails_is_service_unavailable(client, data, monkeypatch):
    def fail(_):
        raise RegistryError("the registry is locked")

    monkeypatch.setattr(Registry, "counts", fail)
    answer = client.get("/api/summary")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the registry is locked")


def test_further_host_names_must_be_named(data):
    app = create_app(data, hosts=LOOPBACK_HOSTS | {"grid.example"})
    with TestClient(app, base_url="http://grid.example") as client:
        assert client.get("/api/health").status_code == 200
