"""Accounts kept on the page by administrators of the whole district, tokens by their owners."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from fastapi.testclient import TestClient

from cases.account_tokens import MOST_TOKENS
from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Scope
from review import accounting
from review.accounting import made_password
from review.app import create_app
from review.sources import ReviewData, ReviewSources, open_sources
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, URL
from .test_walls import AREA, Doors, account, data, doors, filed  # noqa: F401

NEW = {"name": "li.qiang", "display_name": "李强", "roles": ["officer"], "town": "沙岸镇",
       "village": "东塘村"}  # fmt: skip
OFFICER = account(Role.OFFICER, AREA).name
KEEPER = account(Role.ADMINISTRATOR, DISTRICT).name


@pytest.fixture(autouse=True)
def _quick(data: ReviewData, monkeypatch):  # noqa: F811
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)


@pytest.fixture
def keeper(doors: Doors) -> TestClient:  # noqa: F811
    return doors.signed_in(Role.ADMINISTRATOR, DISTRICT)


def sign_in(client: TestClient, name: str, password: str) -> int:
    return client.post("/api/session", json={"name": name, "password": password}).status_code


def outcomes(data: ReviewData) -> list[tuple[str, str]]:  # noqa: F811
    return [(entry.name, entry.outcome) for entry in data.accounts.sign_ins(50)]


def test_a_new_account_is_let_in_by_the_password_told_once(keeper, doors, data):  # noqa: F811
    made = keeper.post("/api/accounts", json=NEW)
    assert made.status_code == 201
    password = made.json()["password"]
    there = {entry["name"]: entry for entry in keeper.get("/api/accounts").json()}
    assert there["li.qiang"] == made.json()["account"] == {**NEW, "is_active": True}
    assert password not in keeper.get("/api/accounts").text + keeper.get("/api/account-log").text
    client = doors.browser()
    assert sign_in(client, "li.qiang", password) == 200
    assert client.get("/api/session").json()["person"]["village"] == "东塘村"
    assert (KEEPER, "account made: li.qiang, officer, 沙岸镇 / 东塘村") in outcomes(data)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": OFFICER},
        {"name": "Not A Name"},
        {"display_name": f"the {OFFICER.upper()}"},  # reads as another's
        {"display_name": "李\u202e强"},
        {"display_name": ""},
        {"roles": []},
        {"roles": ["king"]},
        {"town": "", "village": "东塘村"},
        {"town": "无此镇"},
        {"password": "chosen by who made it"},
    ],
)
def test_what_no_account_may_be_is_refused(keeper, data, wrong):  # noqa: F811
    before = data.accounts.all()
    answer = keeper.post("/api/accounts", json={**NEW, **wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert data.accounts.all() == before


def test_other_roles_and_area_count_from_the_next_request(keeper, doors, data):  # noqa: F811
    officer = doors.signed_in(Role.OFFICER)
    assert officer.get("/api/summary").json()["total"] == 1
    body = {"roles": ["command", "inspector"], "town": "沙岸镇"}
    changed = keeper.post(f"/api/accounts/{OFFICER}/change", json=body)
    assert (changed.status_code, changed.json()["roles"]) == (200, ["inspector", "command"])
    assert officer.get("/api/summary").json()["total"] == 2
    assert officer.get("/api/session").json()["person"]["roles"] == ["inspector", "command"]
    told = f"account changed: {OFFICER}, inspector command, 沙岸镇"
    assert (KEEPER, told) in outcomes(data)


def test_who_is_locked_is_out_at_once_and_back_when_unlocked(keeper, doors, data):  # noqa: F811
    officer = doors.signed_in(Role.OFFICER)
    token = officer.post("/api/tokens", json={"label": "phone", "scopes": ["read"]}).json()["token"]
    program, bearer = doors.browser(), {"Authorization": f"Bearer {token}"}
    assert program.get("/api/summary", headers=bearer).status_code == 200
    assert not keeper.post(f"/api/accounts/{OFFICER}/lock", json={}).json()["is_active"]
    assert officer.get("/api/summary").status_code == 401
    assert program.get("/api/summary", headers=bearer).status_code == 401
    assert sign_in(officer, OFFICER, PASSWORD) == 401
    assert keeper.post(f"/api/accounts/{OFFICER}/unlock", json={}).json()["is_active"]
    assert sign_in(officer, OFFICER, PASSWORD) == 200
    assert {(KEEPER, f"locked: {OFFICER}"), (KEEPER, f"unlocked: {OFFICER}")} <= set(outcomes(data))


def test_a_reset_password_replaces_the_old_one(keeper, doors, data):  # noqa: F811
    officer = doors.signed_in(Role.OFFICER)
    reset = keeper.post(f"/api/accounts/{OFFICER}/password", json={})
    assert reset.status_code == 200
    assert officer.get("/api/summary").status_code == 401
    assert sign_in(officer, OFFICER, PASSWORD) == 401
    assert sign_in(officer, OFFICER, reset.json()["password"]) == 200
    assert (KEEPER, f"password reset: {OFFICER}") in outcomes(data)


def test_passwords_that_are_told_once_are_long_and_never_the_same():
    made = {made_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(set(password)) > 3 and len(password) == 19 for password in made)


@pytest.mark.parametrize("step", ["change", "password", "lock", "unlock"])
def test_one_who_keeps_the_accounts_is_always_left(keeper, data, step):  # noqa: F811
    body = {"roles": ["officer"]} if step == "change" else {}
    before = data.accounts.account(KEEPER)
    assert keeper.post(f"/api/accounts/{KEEPER}/{step}", json=body).status_code == 409
    assert keeper.post(f"/api/accounts/nobody/{step}", json=body).status_code == 404
    assert data.accounts.account(KEEPER) == before
    assert keeper.get("/api/accounts").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_no_other_role_of_the_district_keeps_accounts(doors, data, role):  # noqa: F811
    client, before = doors.signed_in(role, DISTRICT), data.accounts.all()
    for path in ("/api/accounts", "/api/account-log"):
        assert client.get(path).status_code == 403
    asked = {"": NEW, "/password": {}, "/lock": {}, "/unlock": {},
             "/change": {"roles": ["administrator"]}}  # fmt: skip
    for step, body in asked.items():
        path = f"/api/accounts/{OFFICER}{step}" if step else "/api/accounts"
        assert client.post(path, json=body).status_code == 403, path
    assert data.accounts.all() == before


def test_tokens_are_ones_own_and_told_once(doors, keeper, data):  # noqa: F811
    officer, other = doors.signed_in(Role.OFFICER), doors.signed_in(Role.INSPECTOR)
    body = {"label": "QGIS", "scopes": ["read", "decide"], "days": 30}
    made = officer.post("/api/tokens", json=body)
    assert made.status_code == 201
    [own] = officer.get("/api/tokens").json()
    assert (own["label"], own["scopes"], own["account"]) == ("QGIS", ["read", "decide"], OFFICER)
    assert own["ends_at"] == (NOW + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    assert made.json()["token"] not in officer.get("/api/tokens").text
    assert other.get("/api/tokens").json() == []
    path = f"/api/tokens/{own['token_id']}/revoke"
    assert other.post(path, json={}).status_code == 404
    assert [entry["account"] for entry in keeper.get("/api/tokens").json()] == [OFFICER]
    assert keeper.post(path, json={}).status_code == 204
    assert officer.get("/api/tokens").json() == []
    assert officer.post(path, json={}).status_code == 404
    made_and_gone = {
        (OFFICER, f"token made: {own['token_id']}, {OFFICER}, read decide, QGIS"),
        (KEEPER, f"token revoked: {own['token_id']}, {OFFICER}, QGIS"),
    }
    assert made_and_gone <= set(outcomes(data))


def test_too_many_tokens_are_refused_and_end_with_a_reset(doors, keeper, data):  # noqa: F811
    officer, body = doors.signed_in(Role.OFFICER), {"label": "map", "scopes": ["read"]}
    made = [officer.post("/api/tokens", json=body) for _ in range(MOST_TOKENS + 1)]
    assert [answer.status_code for answer in made] == [201] * MOST_TOKENS + [422]
    assert "revoke one" in made[-1].json()["detail"]
    program = doors.browser()
    bearer = {"Authorization": f"Bearer {made[0].json()['token']}"}
    own = {"old": PASSWORD, "new": "another boat lantern"}
    assert officer.post("/api/session/password", json=own).status_code == 200
    assert program.get("/api/summary", headers=bearer).status_code == 200
    assert keeper.post(f"/api/accounts/{OFFICER}/password", json={}).status_code == 200
    assert program.get("/api/summary", headers=bearer).status_code == 401
    assert keeper.get("/api/tokens").json() == []
    told = [(KEEPER, f"password reset: {OFFICER}"), (OFFICER, f"password changed: {OFFICER}")]
    assert [entry for entry in outcomes(data) if entry[1].startswith("password")] == told


def test_two_who_lock_each_other_at_once_leave_one(keeper, doors, data, monkeypatch):  # noqa: F811
    other = Account(name="other", display_name="其他", roles=(Role.ADMINISTRATOR,), area=DISTRICT)
    data.accounts.add(other, PASSWORD)
    for known in data.accounts.all():  # the doors' own administrators
        if known.is_keeper and known.name not in (KEEPER, "other"):
            data.accounts.deactivate(known.name)
    second = doors.browser()
    assert sign_in(second, "other", PASSWORD) == 200
    both_in, found = Barrier(2), accounting._require_other

    def wait_for_both(*asked):
        known = found(*asked)
        both_in.wait(timeout=20)
        return known

    monkeypatch.setattr(accounting, "_require_other", wait_for_both)
    with ThreadPoolExecutor(2) as pool:
        steps = [
            pool.submit(client.post, f"/api/accounts/{name}/lock", json={})
            for client, name in ((keeper, "other"), (second, KEEPER))
        ]
    assert sorted(step.result().status_code for step in steps) == [200, 409]
    assert [account.is_keeper for account in data.accounts.all()].count(True) == 1


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 367}, {"scopes": []}, {"label": ""}])
def test_tokens_that_may_not_be_are_refused(doors, wrong):  # noqa: F811
    client = doors.signed_in(Role.OFFICER)
    body = {"label": "map", "scopes": ["read"], **wrong}
    assert client.post("/api/tokens", json=body).status_code == 422


def test_no_program_keeps_accounts_or_tokens(doors, data):  # noqa: F811
    token = data.accounts.add_token(KEEPER, "all", tuple(Scope), life=timedelta(days=1), now=NOW)
    client, bearer = doors.browser(), {"Authorization": f"Bearer {token}"}
    before = data.accounts.all()
    for path in ("/api/accounts", "/api/account-log", "/api/tokens"):
        assert client.get(path, headers=bearer).status_code == 403
    for path, body in (
        ("/api/accounts", NEW),
        (f"/api/accounts/{OFFICER}/password", {}),
        (f"/api/accounts/{OFFICER}/lock", {}),
        ("/api/tokens", {"label": "more", "scopes": ["read"]}),
    ):
        assert client.post(path, json=body, headers=bearer).status_code == 403
    assert data.accounts.all() == before


def test_other_sites_change_no_account(keeper, data):  # noqa: F811
    foreign = {"Origin": "https://elsewhere.example"}
    path = f"/api/accounts/{OFFICER}/lock"
    assert keeper.post(path, json={}, headers=foreign).status_code == 403
    assert (
        keeper.post(path, content="{}", headers={"content-type": "text/plain"}).status_code == 415
    )
    assert data.accounts.account(OFFICER).is_active


def test_where_nobody_signs_in_there_is_nothing_to_keep(tmp_path):
    with open_sources(ReviewSources(tmp_path / "empty.sqlite", ())) as opened:
        client = TestClient(create_app(opened), base_url=URL)
        assert client.get("/api/accounts").status_code == 403
        assert client.post("/api/accounts", json=NEW).status_code == 403
        assert opened.accounts.all() == []
