"""Large answers are compressed for who takes that; what is secret, exact or a stream is not."""

import gzip
import json

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.datastructures import Headers
from starlette.requests import Request

from review.compression import LEAST_BYTES, Compression, takes_gzip
from review.etags import Etags, tell_version

LARGE = {"cells": [{"code": f"32062400100{n:04}", "open": n % 7} for n in range(2000)]}


@pytest.fixture
def small_app() -> TestClient:
    """Answers of every kind, tagged and compressed as the page's are."""
    app = FastAPI()
    app.add_api_route("/large", lambda: LARGE)
    app.add_api_route("/small", lambda: {"small": True})
    app.add_api_route("/secret", lambda: LARGE, methods=["POST"])
    app.add_api_route("/wrong", lambda: JSONResponse(LARGE, 500))

    def case(request: Request) -> JSONResponse:
        tell_version(request, 3)
        return JSONResponse(LARGE)

    def stream() -> StreamingResponse:
        parts = (b"data: " + b"x" * LEAST_BYTES + b"\n\n" for _ in range(3))
        return StreamingResponse(parts, media_type="text/event-stream")

    app.add_api_route("/case", case, response_model=None)
    app.add_api_route("/events", stream, response_model=None)
    app.add_middleware(Etags)
    app.add_middleware(Compression)
    return TestClient(app)


def sent(client: TestClient, path: str, method: str = "GET", encoding: str = "gzip"):
    with client.stream(method, path, headers={"accept-encoding": encoding}) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def test_a_large_answer_is_the_same_and_smaller(small_app: TestClient):
    headers, content = sent(small_app, "/large")
    assert (headers["content-encoding"], headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(headers["content-length"]) == len(content)
    plain_headers, plain = sent(small_app, "/large", encoding="identity")
    assert gzip.decompress(content) == plain
    assert json.loads(plain) == LARGE
    assert len(content) < len(plain) / 5
    assert "content-encoding" not in plain_headers
    assert plain_headers["vary"] == "Accept-Encoding"
    assert headers["etag"] == plain_headers["etag"]


def test_who_has_it_is_sent_nothing(small_app: TestClient):
    for path in ("/large", "/small", "/case"):
        first = small_app.get(path).headers
        again = small_app.get(path, headers={"if-none-match": first["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        same = {name: first.get(name) for name in ("etag", "vary")}
        assert {name: again.headers.get(name) for name in same} == same
        assert same["vary"] == ("Accept-Encoding" if path != "/case" else None)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/small", "GET"),
        ("/secret", "POST"),
        ("/wrong", "GET"),
        ("/case", "GET"),
        ("/events", "GET"),
    ],
)
def test_all_else_is_sent_as_it_is(small_app: TestClient, path: str, method: str):
    headers, content = sent(small_app, path, method)
    assert "content-encoding" not in headers
    assert content[:1] in b"{d"


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzip, br", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accepted: str, is_taken: bool):
    assert takes_gzip(Headers({"accept-encoding": accepted})) is is_taken


def test_the_page_compresses_its_lists(client: TestClient, monkeypatch):
    monkeypatch.setattr("review.compression.LEAST_BYTES", 200)
    for path in ("/api/district", "/api/cases", "/api/layers/cells.geojson"):
        headers, content = sent(client, path)
        assert headers["content-encoding"] == "gzip"
        assert json.loads(gzip.decompress(content)).keys()
    case_no = client.get("/api/cases").json()["items"][0]["no"]
    assert "content-encoding" not in sent(client, f"/api/cases/{case_no}")[0]
