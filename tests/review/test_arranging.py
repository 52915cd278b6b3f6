"""Cases of a place wait, become one, and are taken apart, through the API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from shapely import box

from cases.zones import Zones
from review.app import create_app
from review.sources import ReviewData
from tests.review.conftest import NOW, PATROL, URL

CHEN = {"actor": "Chen Jing"}


def waiting(client: TestClient) -> list[dict]:
    return client.get("/api/cases?stage=reported").json()["items"]


def numbers(items: list[dict]) -> list[str]:
    return [item["no"] for item in items]


class Clock:
    """Stands where it was put."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(data: ReviewData, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(data, clock=clock), base_url=URL) as opened:
        yield opened


def building(client: TestClient) -> dict:
    return next(item for item in waiting(client) if item["class_name"] == "building")


def test_a_place_is_left_alone_and_comes_back_by_itself(client, clock):
    item = building(client)
    body = {"version": 1, "days": 2, "radius_m": 500, "reason": "permit on its way", **CHEN}
    done = client.post(f"/api/cases/{item['no']}/snooze", json=body).json()
    assert len(done["decided"]) == 2  # the other building stands 300 m east
    assert {case["stage"] for case in done["decided"]} == {"snoozed"}
    assert len(waiting(client)) == 2
    clock.now = NOW + timedelta(days=2, minutes=1)
    client.post("/api/claims/next", json=CHEN)
    assert len(waiting(client)) == 4
    assert client.get(f"/api/cases/{item['no']}/history").json()["items"][-1]["action"] == "wake"


def test_a_snooze_is_undone_for_all_of_the_place(client):
    item = building(client)
    body = {"version": 1, "days": 2, "radius_m": 500, "reason": "permit on its way", **CHEN}
    done = client.post(f"/api/cases/{item['no']}/snooze", json=body).json()
    seen = [{"no": case["no"], "version": case["version"]} for case in done["decided"]]
    client.post("/api/decisions", json={"decision": "undo", "cases": seen, **CHEN})
    assert len(waiting(client)) == 4


def test_far_cases_are_not_offered_nor_merged(client):
    one, *_ = (item for item in waiting(client) if item["class_name"] == "building")
    assert client.get(f"/api/cases/{one['no']}/near").json() == {"items": []}


def split(client: TestClient, item: dict, photo: str = "flight/b"):
    outlines = [{"patrol_id": PATROL, "photo_id": photo, "index": 0}]
    body = {"version": item["version"], "outlines": outlines, **CHEN}
    return client.post(f"/api/cases/{item['no']}/split", json=body)


def two_photos(client: TestClient) -> dict:
    return next(item for item in waiting(client) if item["photo_count"] == 2)


def test_a_photo_of_something_else_becomes_a_case_at_its_own_place(client, data: ReviewData):
    item = two_photos(client)
    other = split(client, item).json()
    assert [photo["photo_id"] for photo in other["photos"]] == ["flight/b"]
    rest = client.get(f"/api/cases/{item['no']}").json()
    assert [photo["photo_id"] for photo in rest["photos"]] == ["flight/a"]
    # the camera looks straight down from 100 m at 120 E 32 N; the outline lies by its middle
    for part in (other, rest):
        assert abs(part["lon_deg"] - 120.0) * 94_400 < 12
        assert abs(part["lat_deg"] - 32.0) * 110_900 < 12
    assert data.registry.verify_chain().is_intact


def test_two_are_one_again_and_undo_sets_both_back(client, data: ReviewData):
    item = two_photos(client)
    other = split(client, item).json()
    [near] = client.get(f"/api/cases/{item['no']}/near").json()["items"]
    assert near["no"] == other["no"]
    body = {"version": item["version"] + 1, "other": near["no"], "other_version": 1, **CHEN}
    done = client.post(f"/api/cases/{item['no']}/merge", json=body).json()
    assert len(done["case"]["photos"]) == 2
    assert done["other"]["stage"] == "rejected"
    undo = {"decision": "undo", "version": done["other"]["version"], **CHEN}
    assert client.post(f"/api/cases/{near['no']}/decision", json=undo).status_code == 200
    assert len(client.get(f"/api/cases/{item['no']}").json()["photos"]) == 1
    assert data.registry.verify_chain().is_intact


def test_what_cannot_be_split_says_why(client):
    item = two_photos(client)
    refused = split(client, item, "flight/c")
    assert refused.status_code == 409
    assert "has no outline 0 in photo flight/c" in refused.json()["detail"]


def test_as_many_outlines_as_may_be_named_are_read(client):
    item = two_photos(client)
    names = [
        {"patrol_id": PATROL, "photo_id": f"a-long-name-of-a-flight/DJI_{n:06}_0001_V", "index": 0}
        for n in range(200)
    ]
    body = {"version": 1, "outlines": names, **CHEN}
    refused = client.post(f"/api/cases/{item['no']}/split", json=body)
    assert (refused.status_code, "has no outline" in refused.json()["detail"]) == (409, True)


def test_of_two_it_is_told_which_one_has_changed(client):
    item = two_photos(client)
    other = split(client, item).json()
    body = {"version": item["version"] + 1, "other": other["no"], "other_version": 7, **CHEN}
    refused = client.post(f"/api/cases/{item['no']}/merge", json=body)
    assert refused.status_code == 409
    told = refused.json()
    assert (told["case_no"], told["expected_version"]) == (other["no"], 7)


def test_each_part_tells_what_the_rule_says_of_it_alone(data: ReviewData, clock: Clock):
    around_a = box(119.9998, 31.9999, 120.0001, 32.0001)  # not around what is drawn in b
    permitted = replace(data, zones=Zones({"permitted": [around_a]}))
    client = TestClient(create_app(permitted, clock=clock), base_url=URL)
    item = two_photos(client)
    drawn = {
        "patrol_id": PATROL, "photo_id": "flight/b", "index": 0, "version": item["version"],
        "corners": [[900, 700], [1000, 700], [1000, 780], [900, 780]], **CHEN,
    }  # fmt: skip
    item = client.post(f"/api/cases/{item['no']}/outline", json=drawn).json()
    other = split(client, item).json()
    rest = client.get(f"/api/cases/{item['no']}").json()
    assert [part["why"][0]["en"][:13] for part in (other, rest)] == ["building seen"] * 2
    assert "0% in permitted" in other["why"][1]["en"]
    assert "100% in permitted" in rest["why"][1]["en"]


def test_who_is_not_sure_leaves_a_case_to_others(client):
    no = client.post("/api/claims/next", json=CHEN).json()["no"]
    body = {"version": 1, "note": "smoke or dust?", **CHEN}
    left = client.post(f"/api/cases/{no}/unsure", json=body).json()
    assert (left["stage"], left["version"], left["claim"]) == ("reported", 2, None)
    told = client.get(f"/api/cases/{no}/history").json()["items"][-1]
    assert (told["action"], told["reason"]) == ("unsure", "smoke or dust?")
    assert client.post("/api/claims/next", json=CHEN).json()["no"] != no
    assert client.post("/api/claims/next", json={"actor": "Wang Fang"}).json()["no"] == no


def test_nobody_is_unsure_of_what_was_decided(client):
    item = building(client)
    body = {"decision": "confirm", "version": 1, **CHEN}
    client.post(f"/api/cases/{item['no']}/decision", json=body)
    refused = client.post(f"/api/cases/{item['no']}/unsure", json={"version": 2, **CHEN})
    assert refused.status_code == 409
