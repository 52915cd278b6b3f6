"""Outlines that people correct and objects that they add, through the API."""

import pytest
from fastapi.testclient import TestClient
from shapely import Polygon, box
from shapely.geometry import shape

from geo.frames import LocalFrame
from review.sources import ReviewData

from .conftest import PATROL

BUILDING, SMOKE, GEAR, OTHER = (f"20260610-000{number}" for number in range(1, 5))
GSD_M = 0.1
"""Of the photos, which look straight down from 100 m with 1000 pixels of focal length."""


def corners(polygon: Polygon) -> list[list[float]]:
    return [list(point) for point in polygon.exterior.coords[:-1]]


def correct(client: TestClient, no: str, polygon: Polygon, photo: str = "flight/a", **more):
    case = client.get(f"/api/cases/{no}").json()
    body = {
        "patrol_id": PATROL, "photo_id": photo, "index": 0, "version": case["version"],
        "corners": corners(polygon), "actor": "Chen Jing", **more,
    }  # fmt: skip
    return client.post(f"/api/cases/{no}/outline", json=body)


def test_a_corrected_outline_moves_the_case_and_keeps_what_was_before(
    client: TestClient, data: ReviewData
):
    before = data.registry.case(BUILDING)
    outline = box(550, 400, 750, 500)
    answer = correct(client, BUILDING, outline)
    assert answer.status_code == 200, answer.text
    [ring] = next(p for p in answer.json()["photos"] if p["photo_id"] == "flight/a")["outlines"]
    assert Polygon(ring["rings"][0]).equals(outline)
    # straight down over the middle (600, 450) of the picture: 0.1 m a pixel, y to the south
    wanted = box((550 - 599.5) * GSD_M, (449.5 - 500) * GSD_M, 15.05, (449.5 - 400) * GSD_M)
    ground = LocalFrame(120.0, 32.0).to_local(shape(answer.json()["outline"]))
    assert ground.symmetric_difference(wanted).area < 0.01 * wanted.area
    assert answer.json()["area_m2"] == pytest.approx(200.0, rel=0.01)
    after = data.registry.case(BUILDING)
    assert (after.version, after.stage) == (2, "reported")
    assert {entry.version for entry in after.evidence} == {2}
    assert set(before.evidence) < set(data.registry.evidence(BUILDING))
    event = data.registry.history(BUILDING)[-1]
    assert (event.action, event.actor, event.details["role"]) == (
        "redraw", "Chen Jing", "inspector",
    )  # fmt: skip
    assert set(event.details["changes"]) >= {"polygon", "area_m2", "sigma_m"}
    assert data.registry.verify_chain().is_intact


def test_an_outline_back_again_is_the_case_as_it_was(client: TestClient, data: ReviewData):
    before = data.registry.case(BUILDING)
    correct(client, BUILDING, box(550, 400, 750, 500))
    correct(client, BUILDING, before.evidence[0].polygon_px)
    after = data.registry.case(BUILDING)
    assert after.evidence[0].polygon_px.equals(before.evidence[0].polygon_px)
    assert len(data.registry.evidence(BUILDING)) == 3 * len(before.evidence)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"corners": [[0, 0], [9, 9], [9, 0], [0, 9]]}, 422, "crosses itself"),
        ({"corners": [[1, 1], [2, 2], [3, 3]]}, 422, "no area"),
        ({"corners": [[1100, 10], [1300, 10], [1300, 90]]}, 422, "leaves photo"),
        ({"corners": [[1, 1], [50, 1]]}, 422, "at least 3"),
        ({"corners": [[1, 1]] * 301}, 422, "at most 300"),
        ({"corners": [["nan", 1], [50, 1], [50, 50]]}, 422, "corners.0.0"),
        ({"index": 1}, 422, "has 1 outlines"),
        ({"photo_id": "flight/c"}, 422, "has 0 outlines"),
        ({"photo_id": "../cases"}, 404, "cases"),
        ({"version": 7}, 409, "version 7"),
        ({"role": "officer"}, 403, "officer"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_changes_nothing(
    client: TestClient, data: ReviewData, change: dict, status: int, said: str
):
    answer = correct(client, BUILDING, box(550, 400, 750, 500), **change)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert data.registry.case(BUILDING).version == 1


def test_a_case_that_was_sent_out_is_not_drawn_anew(client: TestClient, data: ReviewData):
    for version, (action, role) in enumerate((("confirm", "inspector"), ("assign", "command")), 1):
        body = {"decision": action, "role": role, "version": version, "actor": "Li"}
        client.post(f"/api/cases/{BUILDING}/decision", json=body)
    assert correct(client, BUILDING, box(550, 400, 750, 500)).status_code == 409


def add(client: TestClient, polygon: Polygon, class_name: str = "building", **more):
    body = {
        "patrol_id": PATROL, "photo_id": "flight/c", "class_name": class_name,
        "corners": corners(polygon), "actor": "Chen Jing", **more,
    }  # fmt: skip
    return client.post("/api/drawings", json=body)


def test_a_missed_object_becomes_a_case_by_the_rules(client: TestClient, data: ReviewData):
    answer = add(client, box(900, 700, 1000, 800))
    assert answer.status_code == 200, answer.text
    case = data.registry.case(answer.json()["no"])
    assert case.category == "building.unpermitted"
    assert (case.stage, case.model_sha256, case.patrol_id) == ("reported", "drawn", PATROL)
    assert case.why[0].en == "building drawn in a photo by a person"
    listed = client.get("/api/cases").json()["items"]
    scores = {item["no"]: item["score"] for item in listed}
    assert (answer.json()["score"], scores[case.case_no], scores[BUILDING]) == (None, None, 0.9)
    x_m, y_m = LocalFrame(120.0, 32.0).xy_from_lonlat([[case.lon_deg, case.lat_deg]])[0]
    assert (x_m, y_m) == pytest.approx((35.05, -30.05), abs=0.1)
    assert case.area_m2 == pytest.approx(100.0, rel=0.01)
    [event] = data.registry.history(case.case_no)
    assert (event.action, event.actor, event.details["drawn"]) == ("file", "Chen Jing", True)
    assert [entry.photo_sha256 for entry in case.evidence] == [
        data.photos.sha256(PATROL, "flight/c")
    ]
    assert data.registry.verify_chain().is_intact
    again = add(client, box(905, 705, 1000, 800))
    assert (again.status_code, again.json()["known_case"]) == (409, case.case_no)


def test_what_no_rule_is_about_says_why_in_both_languages(client: TestClient, data: ReviewData):
    answer = add(client, box(900, 700, 910, 710))
    assert answer.status_code == 422
    [why] = answer.json()["why"]
    assert "area 1.0 m² is below 20.0 m²" in why["en"]
    assert "小于" in why["zh"]
    assert add(client, box(900, 700, 1000, 800), "castle").status_code == 422
    assert add(client, box(900, 700, 1000, 800), role="operator").status_code == 403
    assert len(data.registry.cases()) == 4


def reclassify(client: TestClient, no: str, class_name: str, **more):
    body = {"class_name": class_name, "version": 1, "actor": "Chen Jing", **more}
    return client.post(f"/api/cases/{no}/class", json=body)


def test_a_case_becomes_one_of_another_class_by_the_rules_of_that(client: TestClient):
    done = reclassify(client, BUILDING, "smoke").json()
    assert (done["class_name"], done["category"], done["version"]) == ("smoke", "burning.straw", 2)
    assert done["why"][0]["en"].startswith("class changed by Chen Jing from building to smoke")
    assert "改为" in done["why"][0]["zh"]
    assert (done["model_sha256"], done["score"]) == ("ab" * 32, 0.9)
    classes = {outline["class_name"] for photo in done["photos"] for outline in photo["outlines"]}
    assert classes == {"smoke"}
    [event] = client.get(f"/api/cases/{BUILDING}/history").json()["items"][1:]
    assert (event["action"], event["actor"]) == ("reclassify", "Chen Jing")
    assert (event["from_class"], event["to_class"]) == ("building", "smoke")


@pytest.mark.parametrize(
    ("class_name", "status", "said"),
    [
        ("dragon", 422, "is none of building"),
        ("building", 422, "is of class 'building' already"),
        ("burn_scar", 422, "no rule makes a case of this burn_scar"),
    ],
)
def test_a_class_that_makes_no_case_is_refused_with_why(
    client: TestClient, data: ReviewData, class_name, status, said
):
    answer = reclassify(client, BUILDING, class_name)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert data.registry.case(BUILDING).version == 1


def test_a_stale_version_is_not_reclassified(client: TestClient):
    assert reclassify(client, BUILDING, "smoke", version=3).status_code == 409
