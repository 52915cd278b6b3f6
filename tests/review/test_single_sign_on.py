"""Sign-in by an OpenID provider, against one that stands in for it on this machine."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from cases.lifecycle import Role
from cases.people import Account
from review.app import create_app
from review.errors import OpenIdError
from review.openid import Client, OpenId
from review.problems import MEDIA_TYPE
from review.single_sign_on import COOKIE, SingleSignOn
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, URL
from .serving import served

SECRET = "a secret: with colon & more"
REDIRECT = f"{URL}/api/openid/return"
KEY = RSAKey.generate_key(2048, {"kid": "first"})


class Provider:
    """Keeps to the protocol, unless a test tells it not to."""

    def __init__(self) -> None:
        self.key = KEY
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {"preferred_username": "chen"}
        self.issuer_told: str | None = None
        self.status = 200
        self.codes: dict[str, dict[str, str]] = {}
        self.asked_keys = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(provider.document(self.path))

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._send(provider.token(parse_qs(form), self.headers["Authorization"]))

            def _send(self, document: dict[str, Any] | None) -> None:
                body = json.dumps(document or {}).encode()
                self.send_response(provider.status if document else 400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            self.asked_keys += 1
            return {"keys": [self.key.as_dict(private=False)]}
        names = {"authorization": "authorize", "token": "token"}
        return {
            "issuer": self.issuer_told or self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            **{f"{name}_endpoint": f"{self.issuer}/{at}" for name, at in names.items()},
        }

    def authorize(self, address: str) -> dict[str, str]:
        """What the browser brings back after somebody has signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, list[str]], credentials: str) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"][0], None)
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        pair = base64.b64decode(credentials.removeprefix("Basic ")).decode()
        is_client = pair == "aerogrid:a+secret%3A+with+colon+%26+more"
        if asked is None or challenge != asked["code_challenge"] or not is_client:
            return None
        if form["redirect_uri"][0] != asked["redirect_uri"]:
            return None
        now = int(time.time())
        usual = {
            "iss": self.issuer, "sub": "1", "aud": "aerogrid", "exp": now + 300, "iat": now,
            "nonce": asked["nonce"],
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": self.key.as_dict().get("kid", "first")}
        claims = {k: v for k, v in {**usual, **self.claims}.items() if v is not None}
        return {"id_token": jwt.encode(header, claims, self.key, algorithms=[self.algorithm])}


@pytest.fixture
def provider() -> Iterator[Provider]:
    standing = Provider()
    thread = threading.Thread(target=standing.server.serve_forever)
    thread.start()
    yield standing
    standing.server.shutdown()
    standing.server.server_close()
    thread.join(10)


@pytest.fixture
def client(data: ReviewData, provider: Provider, monkeypatch) -> Iterator[TestClient]:
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name in ("chen", "gone"):
        account = Account(name=name, display_name=name.title(), roles=(Role.INSPECTOR,))
        data.accounts.add(account, PASSWORD)
    data.accounts.deactivate("gone")
    single = SingleSignOn(OpenId(Client(provider.issuer, "aerogrid", SECRET)))
    app = create_app(data, single_sign_on=single, clock=lambda: NOW)
    with TestClient(app, base_url=URL, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def people_served(data: ReviewData, provider: Provider, monkeypatch) -> Iterator[str]:
    """The page of people who sign in by a provider that fails, on a port of its own."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    data.accounts.add(Account(name="chen", display_name="Chen", roles=(Role.INSPECTOR,)), PASSWORD)
    provider.status = 503
    single = SingleSignOn(OpenId(Client(provider.issuer, "aerogrid", SECRET)))
    with served(create_app(data, single_sign_on=single, clock=lambda: NOW)) as address:
        yield address


def start(client: TestClient) -> str:
    answer = client.get("/api/openid/start")
    assert answer.status_code == 303
    return answer.headers["location"]


def come_back(client: TestClient, brought: dict[str, str]) -> str:
    answer = client.get("/api/openid/return", params=brought)
    assert answer.status_code == 303
    return answer.headers["location"]


def who(client: TestClient) -> str | None:
    person = client.get("/api/session").json()["person"]
    return person and person["name"]


REFUSED = "/?sign-in=refused"
AWAY = "/?sign-in=away"


def test_who_is_known_there_and_here_is_signed_in(client, provider, data: ReviewData):
    assert client.get("/api/session").json()["single_sign_on"]
    address = start(client)
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{provider.issuer}/authorize?")
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == ([REDIRECT], ["S256"])
    assert who(client) is None
    assert come_back(client, provider.authorize(address)) == "/"
    assert who(client) == "chen"
    assert client.get("/api/cases").status_code == 200
    assert [entry.outcome for entry in data.accounts.sign_ins(1)] == ["signed in"]


def test_an_answer_is_good_once_and_only_in_its_browser(client, provider):
    brought = provider.authorize(start(client))
    with TestClient(client.app, base_url=URL, follow_redirects=False) as elsewhere:
        assert come_back(elsewhere, brought) == REFUSED
        start(elsewhere)  # of its own, into which the other's answer is put
        assert come_back(elsewhere, brought) == REFUSED
        assert who(elsewhere) is None
    assert come_back(client, brought) == "/"
    client.post("/api/session/end", json={})
    assert come_back(client, brought) == REFUSED
    assert who(client) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another program"},
        {"aud": None},
        {"azp": "another program"},
        {"iss": "https://id.example"},
        {"exp": 1_000_000},
        {"exp": None},
        {"sub": None},
        {"preferred_username": None},
        {"preferred_username": "nobody"},
        {"preferred_username": "gone"},
        {"preferred_username": ["chen"]},
        {"preferred_username": "chen'; --"},
    ],
)
def test_a_token_that_is_not_for_this_page_person_or_time_lets_nobody_in(client, provider, claims):
    provider.claims |= claims
    assert come_back(client, provider.authorize(start(client))) == REFUSED
    assert who(client) is None


def test_a_token_signed_by_others_lets_nobody_in(client, provider):
    known = provider.document("/keys")
    for key, algorithm in (
        (RSAKey.generate_key(2048, {"kid": "first"}), "RS256"),
        (OctKey.import_key(SECRET), "HS256"),
    ):
        provider.key, provider.algorithm = key, algorithm
        provider.document = lambda path, told=Provider.document: (
            known if path == "/keys" else told(provider, path)
        )
        assert come_back(client, provider.authorize(start(client))) == REFUSED
        assert who(client) is None


def test_new_keys_are_fetched_when_a_token_needs_them(client, provider):
    assert come_back(client, provider.authorize(start(client))) == "/"
    provider.key = RSAKey.generate_key(2048, {"kid": "second"})
    assert come_back(client, provider.authorize(start(client))) == "/"
    assert provider.asked_keys == 2


def test_a_wrong_secret_a_refusal_or_a_broken_provider_lets_nobody_in(client, provider):
    brought = provider.authorize(start(client))
    assert come_back(client, {"error": "access_denied", "state": brought["state"]}) == REFUSED
    brought = provider.authorize(start(client))
    assert come_back(client, {**brought, "code": "another"}) == REFUSED
    brought = provider.authorize(start(client))
    provider.status = 400
    assert come_back(client, brought) == REFUSED
    brought = provider.authorize(start(client))
    provider.status = 500
    assert come_back(client, brought) == AWAY
    assert who(client) is None


def test_a_provider_that_calls_itself_otherwise_is_not_asked(client, provider):
    provider.issuer_told = "https://id.example"
    assert start(client) == REFUSED


@pytest.fixture(params=["fails", "is silent"])
def lost_provider(provider: Provider, request) -> None:
    if request.param == "fails":
        provider.status = 503
    else:
        provider.server.shutdown()
        provider.server.server_close()


def test_a_provider_that_does_not_answer_is_told_as_a_problem(client, lost_provider):
    answer = client.get("/api/openid/start")
    assert (answer.status_code, answer.headers["content-type"]) == (503, MEDIA_TYPE)
    told = answer.json()
    assert told["type"] == "urn:aerogrid:problem:provider-away"
    assert "the provider" in told["detail"]
    assert COOKIE not in client.cookies


def test_a_browser_is_sent_to_the_page_that_says_so(client, lost_provider):
    answer = client.get("/api/openid/start", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["location"]) == (303, AWAY)


@pytest.mark.parametrize(
    ("locale", "link", "words"),
    [
        ("en-GB", "Sign in with the organisation", "sign-in does not answer now. Try again later"),
        ("zh-CN", "使用单位统一账号登录", "单位统一账号系统暂时没有响应"),
    ],
)
def test_the_page_says_that_the_provider_does_not_answer(
    people_served: str, open_page, locale, link, words
):
    page = open_page(people_served, locale=locale)
    page.get_by_role("link", name=link).click()
    page.get_by_role("alert").filter(has_text=words).wait_for()
    assert "sign-in=" not in page.url


def test_the_cookie_of_the_way_back_is_of_that_way_only(client):
    cookie = client.get("/api/openid/start").headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Path=/api/openid", "SameSite=lax"} <= set(cookie.split("; "))


def test_without_a_provider_there_is_no_way(data: ReviewData):
    with TestClient(create_app(data), base_url=URL) as client:
        assert client.get("/api/openid/start").status_code == 404


@pytest.mark.parametrize("issuer", ["http://id.example", "id.example", "file:///etc", "https://"])
def test_secrets_do_not_travel_in_the_clear(issuer):
    with pytest.raises(OpenIdError, match="https"):
        Client(issuer, "aerogrid", SECRET)
