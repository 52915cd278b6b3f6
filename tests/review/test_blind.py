"""Second looks and controls through the API: who judges once more sees no decision of before."""

import pytest
from fastapi.testclient import TestClient

from cases.lifecycle import Role
from cases.people import DISTRICT, Account
from dispatch.expanding import Rules
from dispatch.policies import parse_alerts
from review.admission import Entrance
from review.app import create_app
from review.blind import LookShares
from review.controls import read_controls
from review.errors import ControlFileError
from review.sources import ReviewData
from tests.cases.test_accounts import PASSWORD, QUICK
from tests.dispatch.alerting import TIMETABLE
from tests.dispatch.routes import table

from .conftest import NOW, URL
from .test_alerting import POLICY

PEOPLE = (
    ("Chen", Role.INSPECTOR),
    ("Wang", Role.INSPECTOR),
    ("Zhao", Role.INSPECTOR),
    ("Li", Role.COMMAND),
)


@pytest.fixture
def data(data: ReviewData, monkeypatch: pytest.MonkeyPatch) -> ReviewData:
    """No fire waits, which would come first; and four people."""
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    for name, role in PEOPLE:
        data.accounts.add(
            Account(name=name.lower(), display_name=name, roles=(role,), area=DISTRICT), PASSWORD
        )
    [fire] = data.registry.cases(category="burning.straw")
    data.registry.decide(
        fire.case_no, "reject", actor="Li", reason="harmless", expected_version=1, now=NOW
    )
    return data


@pytest.fixture
def doors(data: ReviewData) -> dict[str, TestClient]:
    app = create_app(
        data,
        entrance=Entrance(data.accounts),
        look_shares=LookShares(second=1.0, control=0.0),
        clock=lambda: NOW,
    )
    return {name: signed_in(app, name) for name, _ in PEOPLE}


def signed_in(app, name: str) -> TestClient:
    client = TestClient(app, base_url=URL)
    body = {"name": name.lower(), "password": PASSWORD}
    assert client.post("/api/session", json=body).status_code == 200
    return client


def decide(client: TestClient, no: str, decision: str, **more):
    version = client.get(f"/api/cases/{no}").json()["version"]
    body = {"decision": decision, "version": version, **more}
    return client.post(f"/api/cases/{no}/decision", json=body)


def next_of(client: TestClient, **more) -> str:
    return client.post("/api/claims/next", json=more).json()["no"]


def confirmed(doors) -> str:
    no = next_of(doors["Chen"])
    assert decide(doors["Chen"], no, "confirm").json()["stage"] == "established"
    return no


def test_the_other_inspector_gets_it_as_if_nobody_had_decided(doors, data: ReviewData):
    no = confirmed(doors)
    wang = doors["Wang"]
    assert next_of(wang) == no
    shown = wang.get(f"/api/cases/{no}").json()
    assert (shown["stage"], shown["allowed"]) == ("reported", ["confirm", "reject", "snooze"])
    assert shown["claim"]["who"] == "Wang"
    told = wang.get(f"/api/cases/{no}/history").json()["items"]
    assert [event["action"] for event in told] == ["file"]
    queue = wang.get("/api/cases?stage=reported").json()["items"]
    assert no in [case["no"] for case in queue]
    answer = decide(wang, no, "reject", reason="permitted").json()
    assert (answer["stage"], answer["allowed"]) == ("rejected", ["reopen", "undo"])
    assert data.registry.case(no).stage == "established"


def test_while_a_look_is_wanted_no_inspector_sees_the_decision(doors):
    no = confirmed(doors)
    for name in ("Wang", "Zhao"):
        client = doors[name]
        assert client.get(f"/api/cases/{no}").json()["stage"] == "reported"
        assert client.get("/api/cases?stage=established").json()["total"] == 0
        assert "Chen" not in client.get(f"/api/cases/{no}/history").text
    for name in ("Chen", "Li"):
        assert doors[name].get(f"/api/cases/{no}").json()["stage"] == "established"


def test_the_list_of_alerts_does_not_tell_that_it_was_rejected(doors, data: ReviewData):
    """An alert of a case that was found ends with its rejection, and is cancelled if it waits."""
    policies = parse_alerts(POLICY.replace("burning.*", "*"), "alerts.toml")
    words = (f"token-{number}" for number in range(100))
    rules = Rules(policies, table(), lambda: next(words), TIMETABLE)
    while data.outbox.refresh(rules, NOW):
        pass
    no = next_of(doors["Chen"])
    assert decide(doors["Chen"], no, "reject", reason="permitted").json()["stage"] == "rejected"
    while data.outbox.refresh(rules, NOW):
        pass

    def told(name):
        [notice] = [n for n in doors[name].get("/api/alerts").json() if n["cases"] == [no]]
        return notice["ended_at"], "cancelled" in notice["states"]

    assert told("Wang") == (None, False)
    assert told("Li") != (None, False)


def test_who_is_judging_it_is_told_to_others(doors):
    no = confirmed(doors)
    assert next_of(doors["Wang"]) == no
    zhao = doors["Zhao"]
    assert zhao.get(f"/api/cases/{no}").json()["claim"]["who"] == "Wang"
    for answer in (zhao.post(f"/api/cases/{no}/claim", json={}), decide(zhao, no, "confirm")):
        assert (answer.status_code, answer.json()["who"]) == (423, "Wang")


def test_what_is_drawn_or_arranged_counts_for_the_case(doors, data: ReviewData):
    no = confirmed(doors)
    wang, photo = doors["Wang"], data.registry.case(no).evidence[0]
    where = {"patrol_id": photo.patrol_id, "photo_id": photo.photo_id, "index": 0}
    body = {**where, "version": 1, "corners": [[10, 10], [90, 10], [90, 90]]}
    drawn = wang.post(f"/api/cases/{no}/outline", json=body).json()
    assert (drawn["stage"], drawn["version"]) == ("reported", 2)
    case = data.registry.case(no)
    assert (case.stage, case.version, round(case.area_m2)) == ("established", 3, 32)


def test_what_was_sent_out_is_not_redrawn_and_says_no_more_than_that_it_changed(
    doors, data: ReviewData
):
    no = confirmed(doors)
    data.registry.decide(no, "assign", actor="Li", role=Role.COMMAND, expected_version=2, now=NOW)
    wang, photo = doors["Wang"], data.registry.case(no).evidence[0]
    outline = {"patrol_id": photo.patrol_id, "photo_id": photo.photo_id, "index": 0}
    near = {"version": 1, "other": "20260610-0001", "other_version": 1}
    for step, body in (("split", {"version": 1, "outlines": [outline]}), ("merge", near)):
        refused = wang.post(f"/api/cases/{no}/{step}", json=body)
        assert (refused.status_code, refused.json()["expected_version"]) == (409, 1)
        assert "assigned" not in refused.text


def test_a_disagreement_is_shown_to_command_and_counted(doors):
    no = confirmed(doors)
    next_of(doors["Wang"])
    decide(doors["Wang"], no, "reject", reason="permitted", note="in the plan")
    told = doors["Li"].get("/api/precision").json()
    [entry] = told["disagreements"]
    assert (entry["no"], entry["first_by"], entry["second_by"]) == (no, "Chen", "Wang")
    assert (entry["first"], entry["second"], entry["reason"]) == (
        "confirm", "reject", "permitted: in the plan",
    )  # fmt: skip
    chen = next(row for row in told["inspectors"] if row["who"] == "Chen")
    assert (chen["looked_again"], chen["agreed"]) == (1, 0)
    assert doors["Chen"].get("/api/precision").json()["disagreements"] == []


def test_the_answer_is_undone_as_any_decision(doors):
    no = confirmed(doors)
    wang = doors["Wang"]
    next_of(wang)
    decide(wang, no, "reject", reason="permitted")
    back = decide(wang, no, "undo").json()
    assert (back["stage"], back["allowed"]) == ("reported", ["confirm", "reject", "snooze"])
    assert decide(wang, no, "confirm").json()["stage"] == "established"
    assert doors["Li"].get("/api/precision").json()["disagreements"] == []


def test_together_with_others_it_is_judged_as_well(doors, data: ReviewData):
    no = confirmed(doors)
    wang = doors["Wang"]
    next_of(wang)
    queue = wang.get("/api/cases?stage=reported").json()["items"]
    seen = [{"no": case["no"], "version": case["version"]} for case in queue]
    body = {"decision": "reject", "reason": "harmless", "cases": seen}
    done = wang.post("/api/decisions", json=body).json()
    assert {case["stage"] for case in done["decided"]} == {"rejected"}
    assert (len(done["decided"]), done["refused"]) == (3, [])
    assert data.registry.case(no).stage == "established"


def test_the_next_is_found_after_it_and_who_gives_it_back_is_not_asked_again(doors):
    no = confirmed(doors)
    wang = doors["Wang"]
    assert next_of(wang) == no
    after = next_of(wang, after=no)
    assert after != no
    assert wang.post(f"/api/cases/{no}/claim", json={}).json()["who"] == "Wang"
    assert wang.post(f"/api/cases/{no}/renew", json={}).json()["no"] == no
    assert wang.post(f"/api/cases/{no}/release", json={}).status_code == 204
    assert next_of(wang) == after
    assert next_of(doors["Zhao"]) == no


def test_what_is_urgent_comes_first(doors, data: ReviewData):
    confirmed(doors)
    [fire] = data.registry.cases(category="burning.straw")
    data.registry.decide(
        fire.case_no, "reopen", actor="Li", reason="seen again", expected_version=2, now=NOW
    )
    assert next_of(doors["Wang"]) == fire.case_no


def test_a_control_leaves_no_trace_outside_the_review(data: ReviewData):
    [no] = [case.case_no for case in data.registry.cases(category="fishing.gear")]
    data.registry.decide(no, "confirm", actor="Chen", expected_version=1, now=NOW)
    data.looks.add_controls({no: "confirm"})
    case, figures = data.registry.case(no), data.registry.counts()
    place = data.news.place()
    app = create_app(
        data,
        entrance=Entrance(data.accounts),
        look_shares=LookShares(second=1.0, control=1.0),
        clock=lambda: NOW,
    )
    wang = signed_in(app, "Wang")
    assert next_of(wang) == no
    assert decide(wang, no, "reject", reason="permitted").json()["stage"] == "rejected"
    assert (data.registry.case(no), data.registry.counts()) == (case, figures)
    batch = data.news.after(place, 10)
    assert (batch.changes, batch.notices) == ((), ())
    li = signed_in(app, "Li").get("/api/precision").json()
    row = next(row for row in li["inspectors"] if row["who"] == "Wang")
    assert (row["controls"], row["right"], row["confirmed"]) == (1, 0, 0)
    assert next_of(wang) != no
    assert data.registry.verify_chain().is_intact


def test_controls_are_read_from_a_file(tmp_path):
    path = tmp_path / "controls.csv"
    path.write_text("case,answer\n20260610-0001,confirm\n20260610-0002, reject\n", "utf-8")
    assert read_controls(path) == {"20260610-0001": "confirm", "20260610-0002": "reject"}


@pytest.mark.parametrize(
    "text",
    ["", "case,answer\n", "case,answer\n1,maybe\n", "no,answer\n1,confirm\n",
     "case,answer\n1,confirm\n1,reject\n"],
)  # fmt: skip
def test_a_file_that_is_no_list_of_answers_says_which_line(tmp_path, text):
    path = tmp_path / "controls.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ControlFileError, match=r"controls\.csv"):
        read_controls(path)
