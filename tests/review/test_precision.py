"""Figures of inspectors and models through the API, as far as somebody may see them."""

from fastapi.testclient import TestClient

from cases.lifecycle import Role
from cases.people import DISTRICT, Account
from review.admission import Entrance
from review.app import create_app
from review.blind import LookShares
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, URL


def decide(data: ReviewData, no: str, action: str, actor: str, reason: str = "") -> None:
    data.registry.decide(no, action, actor=actor, reason=reason, expected_version=1, now=NOW)


def test_inspectors_see_their_own_figures_and_command_all(data: ReviewData, monkeypatch):
    decide(data, "20260610-0001", "confirm", "Chen")
    decide(data, "20260610-0002", "reject", "Wang", "harmless: a chimney")
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    app = create_app(data, entrance=Entrance(data.accounts), clock=lambda: NOW)
    seen = {}
    for name, role in (("Chen", Role.INSPECTOR), ("Li", Role.COMMAND), ("Zhao", Role.OFFICER)):
        account = Account(name=name.lower(), display_name=name, roles=(role,), area=DISTRICT)
        data.accounts.add(account, PASSWORD)
        client = TestClient(app, base_url=URL)
        client.post("/api/session", json={"name": name.lower(), "password": PASSWORD})
        seen[name] = client.get("/api/precision").json()
    who = {name: [row["who"] for row in answer["inspectors"]] for name, answer in seen.items()}
    assert who == {"Chen": ["Chen"], "Li": ["Chen", "Wang"], "Zhao": []}
    shares = {row["class_name"]: row["precision_share"] for row in seen["Chen"]["models"]}
    assert shares == {"building": 1.0, "smoke": 0.0}
    [_, wang] = seen["Li"]["inspectors"]
    unchecked = dict.fromkeys(("looked_again", "agreed", "controls", "right"), 0)
    decided = {"confirmed": 0, "rejected": {"harmless": 1}, "overturned": 0}
    assert wang == {"who": "Wang", **decided, **unchecked}


def test_without_accounts_nobody_is_asked(data: ReviewData):
    client = TestClient(
        create_app(data, look_shares=LookShares(1.0, 1.0), clock=lambda: NOW), base_url=URL
    )
    body = {"actor": "Chen"}
    no = client.post("/api/claims/next", json=body).json()["no"]
    decided = {"decision": "confirm", "version": 1, **body}
    assert client.post(f"/api/cases/{no}/decision", json=decided).status_code == 200
    assert client.post("/api/claims/next", json={"actor": "Wang"}).json()["no"] != no
