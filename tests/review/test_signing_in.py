"""Signing in and out over HTTP: cookies, limits, and what an attacker would try."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from cases.accounts import IDLE, MOST_TRIES_OF_NAME
from cases.errors import SignInError
from cases.lifecycle import Role
from cases.people import Account, Scope
from review.admission import COOKIE, SECURE_COOKIE, Entrance
from review.app import create_app
from review.signing_in import address_of
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, URL

CHEN = {"name": "chen", "password": PASSWORD}


@pytest.fixture
def clock() -> list:
    """The time, which a test may turn."""
    return [NOW]


@pytest.fixture
def client(data: ReviewData, clock: list, monkeypatch) -> Iterator[TestClient]:
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    person = Account(name="chen", display_name="Chen Jing", roles=(Role.INSPECTOR,))
    data.accounts.add(person, PASSWORD)
    app = create_app(data, clock=lambda: clock[0])
    with TestClient(app, base_url=URL) as opened:
        yield opened


def status(client: TestClient, token: str) -> int:
    client.cookies.clear()
    return client.get("/api/cases", headers={"cookie": f"{COOKIE}={token}"}).status_code


def test_signing_in_and_out(client: TestClient):
    assert client.get("/api/session").json() == {
        "asks_who": True,
        "person": None,
        "single_sign_on": False,
    }
    answer = client.post("/api/session", json=CHEN)
    person = {
        "name": "chen", "display_name": "Chen Jing", "roles": ["inspector"], "town": "",
        "village": "",
    }  # fmt: skip
    assert (
        answer.json()
        == client.get("/api/session").json()
        == {"asks_who": True, "person": person, "single_sign_on": False}
    )
    token = client.cookies[COOKIE]
    assert client.post("/api/session/end", json={}).status_code == 204
    assert COOKIE not in client.cookies
    assert client.get("/api/cases").status_code == 401
    assert status(client, token) == 401  # it has ended here, too, not only in the browser


def test_the_cookie_is_for_this_page_alone(client: TestClient, data: ReviewData):
    kept = client.post("/api/session", json=CHEN).headers["set-cookie"]
    assert kept.startswith(f"{COOKIE}=")
    assert "HttpOnly" in kept
    assert "samesite=strict" in kept.lower()
    assert "domain" not in kept.lower()
    app = create_app(data, entrance=Entrance(data.accounts, is_local=False, is_secure=True))
    with TestClient(app, base_url="https://127.0.0.1") as secure:
        kept = secure.post("/api/session", json=CHEN).headers["set-cookie"]
        assert kept.startswith(f"{SECURE_COOKIE}=")
        assert "Secure" in kept
        assert "Path=/;" in kept
        assert secure.get("/api/cases").status_code == 200


def test_a_token_from_before_the_sign_in_is_worth_nothing(client: TestClient):
    planted = "planted-by-somebody-else"
    client.cookies.set(COOKIE, planted)
    client.post("/api/session", json=CHEN)
    assert status(client, planted) == 401


def test_signing_in_again_ends_the_session_before(client: TestClient):
    client.post("/api/session", json=CHEN)
    first = client.cookies[COOKIE]
    client.post("/api/session", json=CHEN)
    second = client.cookies[COOKIE]
    assert (status(client, first), status(client, second)) == (401, 200)


def test_a_session_goes_on_as_long_as_somebody_says_so(client: TestClient, clock: list):
    client.post("/api/session", json=CHEN)
    clock[0] = NOW + IDLE - timedelta(seconds=1)
    assert client.post("/api/session/renew", json={}).status_code == 204
    clock[0] = NOW + IDLE + timedelta(minutes=5)
    assert client.get("/api/cases").status_code == 200
    clock[0] += IDLE
    assert client.get("/api/cases").status_code == 401
    assert client.post("/api/session/renew", json={}).status_code == 401


def test_wrong_names_and_passwords_are_answered_alike(client: TestClient):
    wrong = [{"name": "chen", "password": "x" * 12}, {"name": "wang", "password": PASSWORD}]
    told = [client.post("/api/session", json=body) for body in wrong]
    assert [answer.status_code for answer in told] == [401, 401]
    assert told[0].json() == told[1].json()
    assert told[0].headers == told[1].headers
    assert "set-cookie" not in told[0].headers


def test_too_many_tries_have_to_wait(client: TestClient, clock: list):
    for _ in range(MOST_TRIES_OF_NAME):
        client.post("/api/session", json={"name": "chen", "password": "wrong password"})
    stopped = client.post("/api/session", json=CHEN)
    assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "900")
    clock[0] = NOW + timedelta(minutes=15)
    assert client.post("/api/session", json=CHEN).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "chen"}, {"name": "c" * 101, "password": "x"}, {**CHEN, "role": "administrator"},
     {"name": "chen", "password": "x" * 201}, {"name": ["chen"], "password": PASSWORD}],
)  # fmt: skip
def test_what_is_no_sign_in_is_refused_without_telling_the_password(client: TestClient, body):
    answer = client.post("/api/session", json=body)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", ["/api/session", "/api/session/end", "/api/session/renew"])
def test_no_other_site_signs_anybody_in_or_out(client: TestClient, path: str):
    client.post("/api/session", json=CHEN)
    other = {"origin": "http://evil.example"}
    assert client.post(path, json=CHEN, headers=other).status_code == 403
    assert client.post(path, data=CHEN).status_code == 415
    assert client.get("/api/cases").status_code == 200


@pytest.mark.parametrize("end", ["deactivate", "set_password"])
def test_a_session_ends_with_what_it_was_signed_in_by(client: TestClient, data: ReviewData, end):
    client.post("/api/session", json=CHEN)
    assert client.get("/api/cases").status_code == 200
    getattr(data.accounts, end)(*("chen", "another password")[: 2 if "pass" in end else 1])
    assert client.get("/api/cases").status_code == 401


def test_answers_are_not_kept_for_the_next_person(client: TestClient):
    client.post("/api/session", json=CHEN)
    assert client.get("/api/cases").headers["cache-control"] == "no-store"
    photo = client.get("/api/photos/flight/a.jpg?max=64")
    assert photo.headers["vary"] == "Cookie"
    assert "private" in photo.headers["cache-control"]


def test_without_accounts_everybody_at_this_machine_comes_in(data: ReviewData):
    with TestClient(create_app(data), base_url=URL) as client:
        assert client.get("/api/session").json() == {
            "asks_who": False,
            "person": None,
            "single_sign_on": False,
        }
        assert client.get("/api/cases").status_code == 200
        url = "/api/cases/20260610-0001/decision"
        unsigned = client.post(url, json={"decision": "confirm", "version": 1})
        assert (unsigned.status_code, unsigned.json()["detail"][:7]) == (422, "actor: ")


def test_without_accounts_nobody_comes_in_from_elsewhere(data: ReviewData):
    """As after the restoring of a backup from before there were any."""
    app = create_app(data, entrance=Entrance(data.accounts, is_local=False, is_secure=True))
    with TestClient(app, base_url=URL) as client:
        assert client.get("/api/cases").status_code == 401
        assert client.get("/api/session").json() == {
            "asks_who": True,
            "person": None,
            "single_sign_on": False,
        }


@pytest.mark.parametrize(
    ("host", "told"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("test", "test")],
)
def test_an_address_stands_for_one_household(host: str, told: str):
    from starlette.requests import Request

    request = Request({"type": "http", "client": (host, 1), "headers": []})
    assert address_of(request) == told


NEW = "lantern on the reed boat"


def change(client: TestClient, old: str, new: str):
    return client.post("/api/session/password", json={"old": old, "new": new})


def test_a_password_is_changed_by_who_knows_it_and_other_sessions_end(
    client: TestClient, data: ReviewData
):
    other = data.accounts.sign_in("chen", PASSWORD, address="", now=NOW)
    client.post("/api/session", json=CHEN)
    before = client.cookies[COOKIE]
    assert change(client, "not the password", NEW).status_code == 403
    assert change(client, PASSWORD, "short").status_code == 422
    assert client.get("/api/cases").status_code == 200  # still signed in
    assert change(client, PASSWORD, NEW).json()["person"]["name"] == "chen"
    assert client.get("/api/cases").status_code == 200
    for token in (other, before):
        with pytest.raises(SignInError):
            data.accounts.of_session(token, NOW)
    with pytest.raises(SignInError):
        data.accounts.sign_in("chen", PASSWORD, address="", now=NOW)
    assert data.accounts.sign_in("chen", NEW, address="", now=NOW)


def test_guessing_the_present_password_has_to_wait_like_any_other(client: TestClient):
    client.post("/api/session", json=CHEN)
    tries = [change(client, f"guess number {k}", NEW).status_code for k in range(11)]
    assert tries == [403] * MOST_TRIES_OF_NAME + [429]


def test_a_token_changes_no_password(client: TestClient, data: ReviewData):
    life = timedelta(days=1)
    token = data.accounts.add_token("chen", "x", tuple(Scope), life=life, now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    body = {"old": PASSWORD, "new": NEW}
    answer = client.post("/api/session/password", json=body, headers=headers)
    assert answer.status_code == 403
    client.cookies.clear()
    assert client.post("/api/session/password", json=body).status_code == 401


def test_tries_are_kept_up_to_a_number(data: ReviewData, monkeypatch):
    monkeypatch.setattr("cases.account_log.KEPT_TRIES", 5)
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for number in range(12):
        with pytest.raises(SignInError):
            data.accounts.sign_in(f"nobody{number}", PASSWORD, address="", now=NOW)
    kept = [entry.name for entry in data.accounts.sign_ins(100)]
    assert kept == [f"nobody{number}" for number in (11, 10, 9, 8, 7)]
