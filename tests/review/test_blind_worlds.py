"""A case that is judged once more, beside the same case that nobody has decided: all is alike.

Two districts are served. In one of them a case has been decided, and comes again as a second look
or as a known case; in the other it just waits. An inspector does the same in both, and whatever the
page answers must be the same, but for numbers that no two entries share.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cases.lifecycle import Role
from cases.listing import Order
from cases.people import DISTRICT, Account
from review.admission import COOKIE, Entrance
from review.app import create_app
from review.blind import LookShares
from review.sources import ReviewData, ReviewSources, open_sources
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, PATROL, URL
from .serving import served, stream

OWN = frozenset({"seq", "hash"})
"""Of each entry of the history alone."""


@dataclass(frozen=True)
class World:
    """A district as Wang meets it; `no` is the case that comes first."""

    data: ReviewData
    app: FastAPI
    wang: TestClient
    no: str


def enter(data: ReviewData, shares: LookShares, kind: str, monkeypatch: Any) -> World:
    """Let Wang in; before that Chen decides on the first case where a kind says how."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, role in (("chen", Role.INSPECTOR), ("wang", Role.INSPECTOR)):
        person = Account(name=name, display_name=name.title(), roles=(role,), area=DISTRICT)
        data.accounts.add(person, PASSWORD)
    told = {"reason": "harmless", "now": NOW}
    for category in ("burning.straw", "fishing.gear"):  # two buildings are left
        [case] = data.registry.cases(category=category)
        data.registry.decide(case.case_no, "reject", actor="Li", expected_version=1, **told)
    first = data.registry.cases(stage="reported")[0].case_no
    why, _, action = kind.partition("-")
    if action:
        share = 1.0 if why == "second" else 0.0
        data.registry.decide(
            first, action, actor="Chen", expected_version=1, look_share=share, **told
        )
    if why == "control":
        data.looks.add_controls({first: action})
    app = create_app(data, entrance=Entrance(data.accounts), look_shares=shares, clock=lambda: NOW)
    wang = TestClient(app, base_url=URL)
    wang.post("/api/session", json={"name": "wang", "password": PASSWORD})
    return World(data, app, wang, first)


@pytest.fixture
def worlds(
    sources: ReviewSources, tmp_path: Path, request, monkeypatch
) -> Iterator[tuple[World, World]]:
    """Where nobody has decided, and where somebody has."""
    kind = request.param
    other = replace(sources, registry=tmp_path / "other.sqlite")
    Path(str(other.registry)).write_bytes(Path(str(sources.registry)).read_bytes())
    control = LookShares(control=1.0 if kind.startswith("control") else 0.0)
    with ExitStack() as stack:
        plain = stack.enter_context(open_sources(sources))
        checked = stack.enter_context(open_sources(other))
        yield (
            enter(plain, LookShares(), "", monkeypatch),
            enter(checked, control, kind, monkeypatch),
        )


def alike(told: Any) -> Any:
    """An answer without the numbers that are of one entry alone."""
    if isinstance(told, dict):
        return {k: "own" if k in OWN else alike(v) for k, v in told.items()}
    return [alike(part) for part in told] if isinstance(told, list) else told


def answer_of(response) -> tuple:
    """Everything that a page can read of an answer."""
    headers = {k: v for k, v in response.headers.items() if k != "set-cookie"}
    if response.headers.get("content-type", "").startswith(("image/", "text/html")):
        return response.status_code, headers, response.content
    tag = headers.get("etag", "")
    headers["etag"] = re.sub("[0-9a-f]{32}", "digest", tag)  # of an answer with own numbers
    headers.pop("content-length", None)
    is_json = "json" in headers.get("content-type", "") and response.content
    return response.status_code, headers, alike(response.json()) if is_json else response.text


def paths(world: World) -> Iterator[str]:
    """Every address of the page that can be read, and lists by every stage and order."""
    case = world.data.registry.case(world.no)
    filled = {
        "case_no": world.no, "photo_id": case.evidence[0].photo_id, "layer": "cells",
        "cell": case.place.cell_code, "feature_id": world.no, "token": "none", "sha256": "none",
        "sortie": "none", "name": "cases",
    }  # fmt: skip
    for path, methods in world.app.openapi()["paths"].items():
        if "get" in methods and path != "/api/events":
            asks = f"?patrol={PATROL}&photo={filled['photo_id']}" if "before" in path else ""
            yield path.format(**filled) + asks
    for stage in ("reported", "established", "rejected", "snoozed"):
        for order in get_args(Order):
            yield f"/api/cases?stage={stage}&order={order}&limit=1"
            yield f"/api/cases?stage={stage}&order={order}&after={world.no}"
    yield "/api/cases?stage=established&stage=rejected"
    for more in ("limit=1", "limit=2", f"category={case.category}", f"cell={case.place.cell_code}"):
        yield f"/api/cases?{more}"
    yield "/api/figures?on=2026-06-10"
    yield "/collections/cases/items?datetime=../2026-06-11T00:00:00Z"


def same(worlds: tuple[World, World], method: str, path: str, **more: Any) -> dict[str, Any]:
    """Ask the same in both districts; what both answered."""
    one, other = (answer_of(world.wang.request(method, path, **more)) for world in worlds)
    assert one == other, path
    return one[2] if isinstance(one[2], dict) else {}


def walk(worlds: tuple[World, World]) -> None:
    read = list(paths(worlds[0]))
    assert len(read) > 50
    for path in read:
        same(worlds, "GET", path)


@pytest.mark.parametrize("worlds", ["second-confirm", "control-reject"], indirect=True)
def test_nothing_tells_a_check_from_a_case_that_waits(worlds: tuple[World, World]):
    no = worlds[0].no
    here = f"/api/cases/{no}"

    def act(decision: str, version: int | None, reason: str = "") -> dict[str, Any]:
        body = {"decision": decision, "version": version, "reason": reason}
        return same(worlds, "POST", f"{here}/decision", json=body)

    assert same(worlds, "POST", "/api/claims/next", json={})["no"] == no
    walk(worlds)
    assert act("confirm", 7)["expected_version"] == 7
    assert act("confirm", None)["status"] == 428
    assert act("reject", 1)["status"] == 422
    assert act("assign", 1)["status"] == 409
    assert act("reopen", 1, "why")["status"] == 409

    nap = {"version": 1, "days": 1, "radius_m": 500, "reason": "known kiln"}
    decided = same(worlds, "POST", f"{here}/snooze", json=nap)["decided"]
    assert len(decided) == 2
    walk(worlds)
    both = [{"no": case["no"], "version": case["version"]} for case in decided]
    undo = {"decision": "undo", "cases": both}
    assert len(same(worlds, "POST", "/api/decisions", json=undo)["decided"]) == 2

    same(worlds, "POST", f"{here}/renew", json={})
    assert same(worlds, "POST", f"{here}/claim", json={})["who"] == "Wang"
    same(worlds, "POST", f"{here}/renew", json={})
    tag = worlds[0].wang.get(here).headers["etag"], worlds[1].wang.get(here).headers["etag"]
    for world, seen in zip(worlds, tag, strict=True):
        body = {"decision": "reject", "reason": "permitted", "note": "in the plan"}
        done = world.wang.post(f"{here}/decision", json=body, headers={"If-Match": seen})
        assert (done.status_code, done.json()["version"]) == (200, 4)
    walk(worlds)
    for decision, version, reason in (
        ("reopen", 4, "looked wrong"), ("confirm", 5, ""), ("confirm", 6, ""),
        ("reject", 6, "harmless"), ("undo", 7, ""), ("undo", 7, ""),
    ):  # fmt: skip
        act(decision, version, reason)
    assert same(worlds, "GET", here)["stage"] == "established"
    walk(worlds)
    same(worlds, "POST", f"{here}/release", json={})
    walk(worlds)


@pytest.mark.parametrize("worlds", ["second-confirm", "control-reject"], indirect=True)
@pytest.mark.parametrize("order", ["oldest", "newest", "number"])
def test_who_chose_an_order_is_given_the_first_case_that_it_lists(
    worlds: tuple[World, World], order: Order
):
    for world in worlds:
        [listed] = world.wang.get(f"/api/cases?stage=reported&order={order}&limit=1").json()[
            "items"
        ]
        given = world.wang.post("/api/claims/next", json={"order": order}).json()
        assert given["no"] == listed["no"]


@pytest.mark.parametrize("worlds", ["second-confirm", "control-reject"], indirect=True)
@pytest.mark.parametrize("order", get_args(Order))
def test_what_follows_a_check_is_what_follows_a_case_that_waits(
    worlds: tuple[World, World], order: Order
):
    no = same(worlds, "POST", "/api/claims/next", json={})["no"]
    same(worlds, "POST", "/api/claims/next", json={"order": order, "after": no})
    same(worlds, "POST", "/api/claims/next", json={"category": "building.unpermitted", "after": no})


@pytest.mark.parametrize("worlds", ["control-confirm"], indirect=True)
def test_what_is_drawn_at_a_check_is_answered_alike(worlds: tuple[World, World]):
    here = f"/api/cases/{worlds[0].no}"
    [photo, *_] = (
        same(worlds, "POST", "/api/claims/next", json={}) and same(worlds, "GET", here)["photos"]
    )
    where = {"patrol_id": PATROL, "photo_id": photo["photo_id"], "index": 0}
    corners = {"corners": [[500, 400], [640, 400], [640, 480], [500, 480]]}
    drawn = same(worlds, "POST", f"{here}/outline", json={**where, **corners, "version": 1})
    assert drawn["version"] == 2
    part = same(worlds, "POST", f"{here}/split", json={"outlines": [where], "version": 2})
    assert part["stage"] == "reported"
    other = {"version": 3, "other": part["no"], "other_version": 1}
    assert same(worlds, "POST", f"{here}/merge", json=other)["case"]["version"] == 4
    smoke = same(worlds, "POST", f"{here}/class", json={"class_name": "smoke", "version": 4})
    assert smoke["category"] == "burning.straw"
    assert same(worlds, "POST", f"{here}/unsure", json={"version": 5})["claim"] is None
    walk(worlds)


@pytest.mark.parametrize("worlds", ["second-reject", "control-confirm"], indirect=True)
def test_the_news_tell_a_judgement_as_any_decision(worlds: tuple[World, World]):
    no, told = worlds[0].no, []
    for world in worlds:
        assert world.wang.post("/api/claims/next", json={}).json()["no"] == no
        for version, decision in enumerate(("confirm", "undo", "reject"), 1):
            reason = "harmless" if decision == "reject" else ""
            body = {"decision": decision, "version": version, "reason": reason}
            world.wang.post(f"/api/cases/{no}/decision", json=body)
        session = world.data.accounts.sign_in("wang", PASSWORD, address="", now=NOW)
        with (
            served(world.app) as address,
            stream(address, "/api/events?after=0.0", {"Cookie": f"{COOKIE}={session}"}) as events,
        ):
            next(events)
            until_end = takewhile(lambda event: event["data"]["action"] != "reject" or
                                  event["data"]["no"] != no, events)  # fmt: skip
            heard = [alike(event["data"]) for event in until_end]
        told.append([event for event in heard if event["no"] == no])
    for one, other in zip(*told, strict=True):
        one.pop("at"), other.pop("at")
    assert told[0] == told[1]
    assert [event["action"] for event in told[0]] == ["file", "confirm", "undo"]
