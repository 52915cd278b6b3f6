"""Many cases decided together through the API."""

from fastapi.testclient import TestClient

from review.together import MOST_TOGETHER


def waiting(client: TestClient) -> list[dict]:
    return client.get("/api/cases?stage=reported").json()["items"]


def send(client: TestClient, cases: list[dict], **more):
    body = {"decision": "reject", "actor": "Chen Jing", "reason": "harmless", **more}
    seen = [{"no": case["no"], "version": case["version"]} for case in cases]
    return client.post("/api/decisions", json={**body, "cases": seen})


def test_several_are_rejected_for_one_reason_and_undone(client: TestClient):
    chosen = waiting(client)[:3]
    done = send(client, chosen).json()
    assert [case["no"] for case in done["decided"]] == [case["no"] for case in chosen]
    assert {case["stage"] for case in done["decided"]} == {"rejected"}
    assert len(waiting(client)) == 1
    undone = send(client, done["decided"], decision="undo", reason="").json()
    assert (len(undone["decided"]), undone["refused"]) == (3, [])
    assert len(waiting(client)) == 4


def test_each_that_is_left_says_why(client: TestClient):
    held, changed, gone, free = waiting(client)
    client.post(f"/api/cases/{held['no']}/claim", json={"actor": "Li"})
    decision = {"decision": "confirm", "version": 1, "actor": "Li"}
    client.post(f"/api/cases/{changed['no']}/decision", json=decision)
    stale = [held, changed, {**gone, "no": "20990101-0001"}, free]
    done = send(client, stale).json()
    assert [case["no"] for case in done["decided"]] == [free["no"]]
    assert {entry["no"]: entry["why"] for entry in done["refused"]} == {
        held["no"]: "held",
        changed["no"]: "changed",
        "20990101-0001": "unknown",
    }
    again = send(client, done["decided"], decision="confirm", reason="").json()
    assert [entry["why"] for entry in again["refused"]] == ["not_allowed"]


def test_a_request_that_cannot_be_meant_changes_nothing(client: TestClient):
    cases = waiting(client)
    for more in ({"reason": "dull"}, {"decision": "evaluate"}, {"actor": None}):
        assert send(client, cases, **more).status_code == 422
    assert send(client, []).status_code == 422
    assert send(client, cases[:1] * (MOST_TOGETHER + 1)).status_code == 422
    assert {case["version"] for case in waiting(client)} == {1}
