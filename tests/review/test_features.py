"""Cells, cases and patrols as OGC API - Features: windows, spans, pages."""

import pytest
from fastapi.testclient import TestClient
from shapely.geometry import shape

from review.errors import FeatureQueryError
from review.features import parse_bounds, parse_limit, parse_span
from review.views import MOST

from .conftest import PATROL


def items(client: TestClient, name: str, **asked: object):
    answer = client.get(f"/collections/{name}/items", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def test_a_client_finds_its_way_from_the_landing_page_to_a_feature(client):
    links = {link["rel"]: link["href"] for link in client.get("/ogc").json()["links"]}
    assert client.get(links["conformance"]).json()["conformsTo"][0].endswith("conf/core")
    listed = client.get(links["data"]).json()["collections"]
    assert [entry["id"] for entry in listed] == ["cells", "cases", "patrols"]
    for entry in listed:
        by_rel = {link["rel"]: link["href"] for link in entry["links"]}
        assert client.get(by_rel["self"]).json() == entry
        page = client.get(by_rel["items"]).json()
        assert page["numberReturned"] == len(page["features"]) > 0
        for feature in page["features"]:
            assert shape(feature["geometry"]).is_valid
            assert client.get(f"{by_rel['items']}/{feature['id']}").json() == feature


@pytest.mark.parametrize("name", ["cells", "cases"])
def test_pages_cover_every_feature_once(client, name: str):
    whole = [feature["id"] for feature in items(client, name)["features"]]
    found, url = [], f"/collections/{name}/items?limit=1"
    while url:
        page = client.get(url).json()
        found += [feature["id"] for feature in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert found == whole
    assert len(set(found)) == len(found) > 1


def test_a_window_holds_what_lies_in_it(client):
    assert items(client, "cases")["numberMatched"] == 4
    [first] = items(client, "cases", bbox="119.9999,31.9,120.0005,32.1")["features"]
    assert first["id"] == "20260610-0001"
    assert first["properties"]["category"] == "building.unpermitted"
    [west] = items(client, "cells", bbox="119.991,31.995,119.992,31.996")["features"]
    assert west["id"] == "320624001001001"
    [patrol] = items(client, "patrols", bbox="119,31,121,33")["features"]
    assert (patrol["id"], patrol["properties"]["new"]) == (PATROL, 4)
    assert items(client, "patrols", bbox="10,10,11,11")["features"] == []


@pytest.mark.parametrize(
    ("span", "number"),
    [
        ("2026-06-10T02:00:00Z", 4),
        ("2026-06-10T02:00:01Z/..", 0),
        ("../2026-06-10T01:59:59Z", 0),
        ("2026-06-09T00:00:00+08:00/2026-06-11T00:00:00+08:00", 4),
    ],
)
def test_a_span_holds_what_was_seen_in_it(client, span: str, number: int):
    assert len(items(client, "cases", datetime=span)["features"]) == number
    assert len(items(client, "patrols", datetime=span)["features"]) == (number > 0)


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "2,0,1,1", "0,2,1,1", ""])
def test_a_window_that_cannot_be_read_is_refused(client, text: str):
    with pytest.raises(FeatureQueryError, match="west,south,east,north"):
        parse_bounds(text)
    assert client.get("/collections/cases/items", params={"bbox": text}).status_code == 400


def test_a_box_with_heights_is_read_without_them():
    assert parse_bounds("1,2,-5,3,4,99") == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-06-10", "2026-06-11T00:00:00Z/2026-06-10T00:00:00Z"]
)
def test_a_span_that_cannot_be_read_is_refused(text: str):
    with pytest.raises(FeatureQueryError, match="datetime"):
        parse_span(text)


def test_what_is_not_there_is_404(client):
    paths = ("x", "x/items", "cells/items/x", "cases/items/x", "cells/items?after=x")
    for path in paths:
        assert client.get(f"/collections/{path}").status_code == 404


def test_a_limit_above_the_most_takes_the_most(client):
    assert parse_limit("1000000") == MOST
    whole = items(client, "cases")
    wide = items(client, "cases", limit=1_000_000)
    assert wide["features"] == whole["features"]


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", ""])
def test_a_limit_that_is_no_number_of_features_is_400(client, text: str):
    answer = client.get("/collections/cases/items", params={"limit": text})
    assert answer.status_code == 400
    assert "limit" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["ogc", "conformance", "collections", "collections/cases", "collections/cases/items",
     "collections/cases/items/20260610-0001"],
)  # fmt: skip
def test_a_parameter_that_nobody_knows_is_400(client, path: str):
    assert client.get(f"/{path}").status_code == 200
    answer = client.get(f"/{path}", params={"colour": "red"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["detail"]
