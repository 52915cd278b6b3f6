"""What the API answers to an inspector."""

import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from shapely.geometry import shape

from geo.pose import Attitude, GeoPoint, Pose
from review.app import create_app
from review.presenters import case_detail
from review.sources import ReviewData, ReviewSources, open_sources
from vision.frame_table import read_frame_table

from .conftest import URL, keep_patrol

BUILDING = "20260610-0001"


def decide(client: TestClient, case_no: str, decision: str, **more):
    body = {"decision": decision, "version": 1, "actor": "Chen Jing", **more}
    return client.post(f"/api/cases/{case_no}/decision", json=body)


def case_of(client: TestClient, class_name: str):
    items = client.get("/api/cases").json()["items"]
    return next(item for item in items if item["class_name"] == class_name)


def test_queue_begins_with_the_fire(client):
    items = client.get("/api/cases").json()["items"]
    assert len(items) == 4
    assert items[0]["category"] == "burning.straw"
    assert [item["urgency"] for item in items] == sorted(item["urgency"] for item in items)


def test_queue_is_filtered_by_stage_and_category(client):
    page = client.get("/api/cases?stage=reported&category=building.unpermitted").json()
    assert {item["class_name"] for item in page["items"]} == {"building"}
    assert page["total"] == 2
    assert client.get("/api/cases?stage=closed").json() == {"items": [], "total": 0, "next": None}


def test_queue_of_several_stages_holds_those_of_each(client):
    no = case_of(client, "building")["no"]
    decide(client, no, "confirm")
    both = client.get("/api/cases?stage=reported&stage=established&stage=closed").json()
    assert (both["total"], len(both["items"])) == (4, 4)
    [established] = client.get("/api/cases?stage=established&stage=closed").json()["items"]
    assert established["no"] == no


def test_pages_of_the_queue_hold_every_case_once(client):
    whole = [item["no"] for item in client.get("/api/cases").json()["items"]]
    paged, after = [], ""
    while after is not None:
        page = client.get("/api/cases", params={"limit": 3, **({"after": after} if after else {})})
        paged += [item["no"] for item in page.json()["items"]]
        after = page.json()["next"]
    assert paged == whole


def test_case_shows_its_photos_with_outlines_and_ground(client):
    case = client.get(f"/api/cases/{case_of(client, 'building')['no']}").json()
    assert [photo["photo_id"] for photo in case["photos"]] == ["flight/a", "flight/b"]
    photo = case["photos"][0]
    assert photo["state"] == "ok"
    assert photo["outlines"][0]["class_name"] == "building"
    assert [500.0, 400.0] in photo["outlines"][0]["rings"][0]
    assert photo["footprint"]["type"] == "Polygon"
    assert set(case["allowed"]) == {"confirm", "reject", "snooze"}
    assert case["why"][1]["zh"] == "0% 位于许可用地范围"


def test_confirming_establishes_the_case_and_leaves_a_trace(client):
    no = case_of(client, "smoke")["no"]
    decided = decide(client, no, "confirm").json()
    assert decided["stage"] == "established"
    assert "undo" in decided["allowed"]
    last = client.get(f"/api/cases/{no}/history").json()["items"][-1]
    assert (last["action"], last["actor"]) == ("confirm", "Chen Jing")
    assert (last["from_stage"], last["to_stage"]) == ("reported", "established")
    assert last["at"] == "2026-06-10T09:30:00Z"


def test_rejecting_keeps_reason_and_note(client):
    no = case_of(client, "smoke")["no"]
    assert decide(client, no, "reject", reason="other", note="蒸汽").json()["stage"] == "rejected"
    last = client.get(f"/api/cases/{no}/history").json()["items"][-1]
    assert last["reason"] == "other: 蒸汽"


def test_undo_takes_the_last_decision_back(client):
    no = case_of(client, "smoke")["no"]
    version = decide(client, no, "confirm").json()["version"]
    undone = decide(client, no, "undo", version=version).json()
    assert undone["stage"] == "reported"
    assert "undo" not in undone["allowed"]


def test_rejected_case_can_be_reopened_with_a_reason(client):
    no = case_of(client, "smoke")["no"]
    version = decide(client, no, "reject", reason="unclear").json()["version"]
    assert decide(client, no, "reopen", version=version).status_code == 422
    reopened = decide(client, no, "reopen", version=version, reason="better photo").json()
    assert reopened["stage"] == "reported"


@pytest.mark.parametrize(
    "actor", ["aerogrid", " Filing ", "AEROGRID", "ａｅｒｏｇｒｉｄ", "fi\u200bling"]
)
def test_nobody_signs_as_the_program(client, actor):
    answer = decide(client, BUILDING, "confirm", actor=actor)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("actor: ")
    assert client.get(f"/api/cases/{BUILDING}").json()["stage"] == "reported"


@pytest.mark.parametrize("unseen", ["\x00", "\x1b[31m", "\n", "\u202e", "\u200d", "\x7f"])
@pytest.mark.parametrize("field", ["actor", "reason", "note"])
def test_what_nobody_sees_enters_no_history(client, field, unseen):
    answer = decide(client, BUILDING, "confirm", **{field: f"Chen{unseen}Jing"})
    assert answer.status_code == 422
    assert f"U+{ord(unseen[0]):04X}" in answer.json()["detail"]


def test_half_a_character_enters_no_history(client):
    body = '{"decision": "confirm", "version": 1, "actor": "Chen \\ud800"}'
    json = {"content-type": "application/json"}
    answer = client.post(f"/api/cases/{BUILDING}/decision", content=body, headers=json)
    assert answer.status_code == 422


def test_a_name_of_any_script_signs(client):
    for number, actor in enumerate(["陈静", "Ólafur Þór", "Filing Clerk"]):
        assert (
            decide(client, f"20260610-000{number + 1}", "confirm", actor=actor).status_code == 200
        )


def test_decision_on_a_stale_version_is_refused_and_changes_nothing(client):
    no = case_of(client, "smoke")["no"]
    decide(client, no, "confirm")
    refused = decide(client, no, "reject", reason="permitted")
    assert refused.status_code == 409
    assert refused.json()["expected_version"] == 1
    assert client.get(f"/api/cases/{no}").json()["stage"] == "established"


def test_of_many_decisions_at_once_exactly_one_stands(client):
    no = case_of(client, "smoke")["no"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: decide(client, no, "confirm").status_code, range(8)))
    assert sorted(answers) == [200] + [409] * 7


def test_step_that_the_stage_does_not_allow_names_what_is_possible(client):
    refused = decide(client, case_of(client, "smoke")["no"], "reopen", reason="again")
    assert refused.status_code == 409
    assert refused.json()["allowed"] == ["confirm", "reject", "snooze"]


@pytest.mark.parametrize(
    "more",
    [
        {"reason": ""},
        {"reason": "because"},
        {"reason": "other"},
        {"reason": "permitted", "actor": "  "},
        {"reason": "permitted", "version": 0},
        {"reason": "permitted", "colour": "red"},
    ],
)
def test_incomplete_rejection_is_refused(client, more):
    no = case_of(client, "smoke")["no"]
    assert decide(client, no, "reject", **more).status_code == 422
    assert client.get(f"/api/cases/{no}").json()["version"] == 1


def test_summary_counts_what_waits(client):
    before = client.get("/api/summary").json()
    assert (before["total"], before["to_review"], before["urgent"]) == (4, 4, 1)
    decide(client, case_of(client, "smoke")["no"], "confirm")
    after = client.get("/api/summary").json()
    assert (after["total"], after["to_review"], after["urgent"]) == (4, 3, 0)
    assert {"stage": "established", "category": "burning.straw", "count": 1} in after["counts"]


def test_vocabulary_names_every_category_and_class_in_both_languages(client):
    words = client.get("/api/vocabulary").json()
    assert words["utc_offset_hours"] == 8
    assert words["has_cells"]
    labels = [entry["label"] for entry in words["classes"]]
    labels += [entry["name"] for entry in words["categories"]]
    assert all(label["en"] and label["zh"] for label in labels)
    assert words["zones"] == ["farmland"]


def test_layers_are_geojson(client):
    cells = client.get("/api/layers/cells.geojson").json()
    assert [f["properties"]["code"] for f in cells["features"]] == [
        "320624001001001",
        "320624001001002",
    ]
    zones = client.get("/api/layers/zones.geojson").json()
    assert [f["properties"]["layer"] for f in zones["features"]] == ["farmland"]


def test_health_says_how_much_there_is(client):
    assert client.get("/api/health").json() == {"status": "ok", "cases": 4, "photos": 3}


def picture(response) -> Image.Image:
    assert response.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(response.content))


def test_photo_comes_no_larger_than_asked(client):
    assert picture(client.get("/api/photos/flight/a.jpg?max=400")).size == (400, 300)
    assert picture(client.get("/api/photos/flight/a.jpg?max=4000")).size == (1200, 900)


def test_photo_without_limit_is_the_file_itself(client, sources: ReviewSources):
    file = sources.patrols[0].folder / "flight" / "a.jpg"
    assert client.get("/api/photos/flight/a.jpg").content == file.read_bytes()


def test_crop_shows_the_object(client):
    crop = np.asarray(
        picture(client.get(f"/api/cases/{case_of(client, 'building')['no']}/crop.jpg"))
    )
    middle = crop[crop.shape[0] // 2, crop.shape[1] // 2]
    assert middle[0] > 150 > middle[1]
    assert crop[8, 8].max() < 150


def test_photo_that_was_replaced_is_marked(client, data: ReviewData, sources: ReviewSources):
    (sources.patrols[0].folder / "flight" / "a.jpg").unlink()
    photos = client.get(f"/api/cases/{case_of(client, 'building')['no']}").json()["photos"]
    assert [photo["state"] for photo in photos] == ["missing", "ok"]
    assert client.get("/api/photos/flight/a.jpg?max=400").status_code == 404


def test_crop_falls_back_to_a_photo_that_is_there(client, sources: ReviewSources):
    (sources.patrols[0].folder / "flight" / "a.jpg").unlink()
    assert client.get(f"/api/cases/{case_of(client, 'building')['no']}/crop.jpg").status_code == 200


def test_photo_whose_file_was_swapped_is_marked(client, sources: ReviewSources):
    no = case_of(client, "building")["no"]
    folder = sources.patrols[0].folder
    shutil.copyfile(folder / "flight/c.jpg", folder / "flight/a.jpg")
    (folder / "flight/b.jpg").unlink()
    photos = client.get(f"/api/cases/{no}").json()["photos"]
    assert {photo["photo_id"]: photo["state"] for photo in photos} == {
        "flight/a": "changed",
        "flight/b": "missing",
    }


def test_crop_is_never_cut_out_of_a_swapped_photo(client, sources: ReviewSources):
    no = case_of(client, "building")["no"]
    folder = sources.patrols[0].folder
    assert client.get(f"/api/cases/{no}/crop.jpg").status_code == 200
    shutil.copyfile(folder / "flight/c.jpg", folder / "flight/a.jpg")
    assert client.get(f"/api/cases/{no}/crop.jpg").status_code == 200  # the other photo shows it
    shutil.copyfile(folder / "flight/c.jpg", folder / "flight/b.jpg")
    answer = client.get(f"/api/cases/{no}/crop.jpg")
    assert answer.status_code == 409
    assert "is another file" in answer.json()["detail"]


def test_photo_that_cannot_be_read_is_not_found(sources: ReviewSources):
    whole, *_ = read_frame_table(sources.patrols[0].table)
    torn = replace(whole, width_px=0, height_px=0, reasons=("unreadable: cut short",))
    patrol = keep_patrol(sources.patrols[0].folder, [torn])
    with (
        open_sources(replace(sources, patrols=(patrol,))) as data,
        TestClient(create_app(data), base_url=URL) as client,
    ):
        for query in ("", "?max=100", f"?patrol={patrol.patrol_id}"):
            assert client.get(f"/api/photos/{torn.photo_id}.jpg{query}").status_code == 404


def test_photo_is_placed_by_the_pose_that_was_filed(data: ReviewData):
    case = data.registry.cases(category="fishing.gear")[0]
    filed = Pose(GeoPoint(120.5, 32.0, 112.0), Attitude(0.0, -90.0), source="as filed")
    judged = replace(case, evidence=tuple(replace(e, pose=filed) for e in case.evidence))
    shown = case_detail(judged, allowed=(), photos=data.photos, terrain=None).photos[0]
    assert shown.pose_source == "as filed"
    assert shape(shown.footprint).centroid.x == pytest.approx(120.5, abs=1e-3)


def test_each_step_of_the_loop_is_taken_by_its_own_role(client):
    no = case_of(client, "building")["no"]
    steps = [
        ("confirm", "inspector"),
        ("assign", "command"),
        ("start", "officer"),
        ("feed_back", "officer"),
        ("close", "inspector"),
        ("evaluate", "command"),
    ]
    for version, (decision, role) in enumerate(steps, 1):
        refused = decide(client, no, decision, version=version, role="operator")
        assert (refused.status_code, refused.json()["allowed"]) == (403, [])
        assert decide(client, no, decision, version=version, role=role).status_code == 200
    assert client.get(f"/api/cases/{no}").json()["stage"] == "evaluated"
    assert client.get(f"/api/cases/{no}?role=command").json()["allowed"] == ["reopen"]


def test_a_claimed_case_is_decided_by_nobody_else(client):
    first = client.post("/api/claims/next", json={"actor": "Chen Jing"}).json()
    assert first["no"] == case_of(client, "smoke")["no"]
    other = client.post("/api/claims/next", json={"actor": "Wang", "minutes": 5}).json()
    assert other["no"] != first["no"]
    assert client.get(f"/api/cases/{first['no']}").json()["claim"]["who"] == "Chen Jing"
    for verb in ("claim", "renew"):
        refused = client.post(f"/api/cases/{first['no']}/{verb}", json={"actor": "Wang"})
        assert (refused.status_code, refused.json()["who"]) == (423, "Chen Jing")
    assert decide(client, first["no"], "confirm", actor="Wang").status_code == 423
    assert decide(client, first["no"], "confirm").status_code == 200
    assert client.get(f"/api/cases/{first['no']}").json()["claim"] is None


def test_a_claim_is_given_back_and_nothing_free_is_no_content(client):
    taken = [client.post("/api/claims/next", json={"actor": f"i{n}"}) for n in range(5)]
    assert [answer.status_code for answer in taken] == [200] * 4 + [204]
    no = taken[0].json()["no"]
    assert client.post(f"/api/cases/{no}/renew", json={"actor": "i0"}).status_code == 200
    assert client.post(f"/api/cases/{no}/release", json={"actor": "i0"}).status_code == 204
    assert client.post(f"/api/cases/{no}/renew", json={"actor": "i0"}).status_code == 409
    assert client.post("/api/claims/next", json={"actor": "i9"}).json()["no"] == no


def test_a_list_counts_what_it_would_hold(client):
    """By what is kept for the summary; as many as are listed, before and after a decision."""
    for step in (None, "confirm"):
        if step:
            decide(client, case_of(client, "building")["no"], step)
        for stages in ([], ["reported"], ["established"], ["reported", "established"]):
            for category in (None, "building.unpermitted", "burning.straw"):
                asked = {"stage": stages, **({"category": category} if category else {})}
                told = client.get("/api/cases", params=asked).json()
                assert told["total"] == len(told["items"]), asked
                inside = {**asked, "cell": "320624001001001"}
                told = client.get("/api/cases", params=inside).json()
                assert told["total"] == len(told["items"]), inside
