"""Lists tell who works on a case, who left it to others, and why it has to be done anew."""

from datetime import datetime, timedelta

from cases.lifecycle import Role
from review.sources import ReviewData

from .conftest import NOW
from .test_views import case_of, decide


def listed(client, no: str) -> dict:
    return next(item for item in client.get("/api/cases").json()["items"] if item["no"] == no)


def test_a_list_tells_who_has_a_case_and_until_when(client, data: ReviewData):
    no = case_of(client, "building")["no"]
    assert (listed(client, no)["claim"], listed(client, no)["unsure"]) == (None, [])
    until = NOW + timedelta(minutes=5)
    data.registry.claim(no, "Li", until=until, now=NOW)
    claim = listed(client, no)["claim"]
    assert (claim["no"], claim["who"]) == (no, "Li")
    assert datetime.fromisoformat(claim["until"]) == until
    assert claim == client.get(f"/api/cases/{no}").json()["claim"]
    data.registry.claim(no, "Li", until=NOW + timedelta(microseconds=1), now=NOW)
    data.registry.release(no, "Li")
    data.registry.claim(no, "Li", until=NOW, now=NOW - timedelta(seconds=1))
    assert listed(client, no)["claim"] is None  # it has run out


def test_a_list_tells_who_was_not_sure_while_the_case_waits(client):
    no = case_of(client, "building")["no"]
    for version, who in enumerate(("Li", "Chen", "Li"), 1):
        body = {"version": version, "actor": who}
        assert client.post(f"/api/cases/{no}/unsure", json=body).status_code == 200
    assert listed(client, no)["unsure"] == ["Li", "Chen"]
    assert client.get(f"/api/cases/{no}").json()["unsure"] == ["Li", "Chen"]
    version = listed(client, no)["version"]
    confirm = {"decision": "confirm", "version": version, "actor": "Wang"}
    assert client.post(f"/api/cases/{no}/decision", json=confirm).status_code == 200
    assert listed(client, no)["unsure"] == []


def test_why_a_case_was_sent_back_is_told_until_it_is_done(client, data: ReviewData):
    no = case_of(client, "building")["no"]
    assert decide(client, no, "confirm").status_code == 200

    def act(role: Role, action: str, reason: str = "") -> str:
        version = data.registry.case(no).version
        data.registry.decide(
            no, action, actor="Li", role=role, reason=reason, expected_version=version, now=NOW
        )
        told = listed(client, no)["sent_back"]
        assert client.get(f"/api/cases/{no}").json()["sent_back"] == told
        return told

    for role, action in ((Role.COMMAND, "assign"), (Role.OFFICER, "start")):
        assert act(role, action) == ""
    for reason in ("the fence still stands", "the gate, too"):
        assert act(Role.OFFICER, "feed_back") == ""
        assert act(Role.INSPECTOR, "rework", reason) == reason
    assert act(Role.COMMAND, "suspend", "court") == ""
    assert act(Role.COMMAND, "resume") == "the gate, too"
    assert act(Role.OFFICER, "return", "not ours") == ""
    assert act(Role.COMMAND, "assign") == ""
    assert act(Role.OFFICER, "start") == ""
