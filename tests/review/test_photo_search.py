"""All pictures of a place over the page's API, as STAC searches for items."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import box, mapping

from benchmarks.photo_index import SOUTH_DEG, START, STEP_DEG, WEST_DEG, item
from pipeline.photo_index import PhotoIndex
from review.admission import Entrance
from review.app import create_app
from review.sources import ReviewData
from tests.review.conftest import URL

pystac = pytest.importorskip("pystac", reason="pystac is not installed (extra dev)")
validate_dict = pytest.importorskip("pystac.validation").validate_dict

COUNT = 40


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty photos a week over one place, for two weeks."""
    path = tmp_path_factory.mktemp("index") / "photos.sqlite"
    with PhotoIndex.opened(path, is_new=True) as opened:
        for week in range(2):
            opened.put(f"w{week}", "0" * 64, [item(0, place, week) for place in range(COUNT)])
    return path


@pytest.fixture
def client(data: ReviewData, index: Path) -> Iterator[TestClient]:
    with TestClient(create_app(data, photo_index=index), base_url=URL) as opened:
        yield opened


def everything(client: TestClient, url: str) -> list[dict]:
    """All pages of a search, by their links."""
    found: list[dict] = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/geo+json")
        page = answer.json()
        assert page["numberReturned"] == len(page["features"])
        found += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    return found


ROOF = box(WEST_DEG + 4 * STEP_DEG, SOUTH_DEG, WEST_DEG + 4.1 * STEP_DEG, SOUTH_DEG + 1e-5)


class Through(pystac.StacIO):
    """Lets pystac read from the page."""

    def __init__(self, client: TestClient) -> None:
        super().__init__()
        self._client = client

    def read_text(self, source: str, *_: object, **__: object) -> str:
        answer = self._client.get(str(source))
        assert answer.status_code == 200, answer.text
        return answer.text

    def write_text(self, dest: str, txt: str, *_: object, **__: object) -> None:
        raise AssertionError(f"{dest}: nothing is written")


def named(told: dict) -> str:
    """Name of an item among those of all patrols."""
    return f"{told['properties']['aerogrid:patrol']}~1{told['id']}"


def posted(client: TestClient, body: dict) -> list[dict]:
    """All pages of a search by POST, by their links, as clients of STAC follow them."""
    answer = client.post("/api/stac/search", json=body)
    found = list(answer.json()["features"])
    while after := [link for link in answer.json()["links"] if link["rel"] == "next"]:
        assert (after[0]["method"], after[0]["merge"]) == ("POST", False)
        answer = client.post(after[0]["href"], json=after[0]["body"])
        found += answer.json()["features"]
    assert answer.status_code == 200, answer.text
    return found


def test_a_stac_client_finds_its_way_from_the_landing_page(client: TestClient):
    landing = client.get("/api/stac").json()
    validate_dict(landing)
    links = {link["rel"]: link for link in landing["links"]}
    assert {link["href"][: len(URL)] for link in landing["links"]} == {URL}
    assert client.get(links["conformance"]["href"]).json()["conformsTo"] == landing["conformsTo"]
    assert "https://api.stacspec.org/v1.0.0/item-search" in landing["conformsTo"]
    assert client.get(links["service-desc"]["href"]).json()["openapi"]
    told = client.get(links["data"]["href"]).json()
    [collection] = told["collections"]
    assert client.get(links["child"]["href"]).json() == collection
    assert client.get("/api/stac/collections/cases").status_code == 404
    validate_dict(collection)
    catalog = pystac.Catalog.from_file(f"{URL}/api/stac", stac_io=Through(client))
    [read] = catalog.get_children()
    assert (read.id, read.get_root()) == ("photos", catalog)
    every = everything(client, f"{links['search']['href']}?collections=photos&limit=30")
    grounds = shapely.union_all([shapely.geometry.shape(told["geometry"]) for told in every])
    [bounds] = read.extent.spatial.bboxes
    assert bounds == pytest.approx(grounds.bounds, abs=2e-5)
    assert box(*bounds).covers(grounds)
    times = sorted(datetime.fromisoformat(told["properties"]["datetime"]) for told in every)
    assert read.extent.temporal.intervals == [[times[0], times[-1]]]
    for told in every:
        assert told["collection"] == read.id
        assert {link["href"] for link in told["links"] if link["rel"] == "collection"} == {
            link["href"] for link in collection["links"] if link["rel"] == "self"
        }
    assert len({told["id"] for told in every}) == len(every) == 2 * COUNT


def test_a_search_by_post_is_that_by_get(client: TestClient):
    span = f"{START:%Y-%m-%dT%H:%M:%SZ}/.."
    bounds = list(ROOF.bounds)
    for body, query in (
        ({"bbox": bounds, "limit": 2}, f"bbox={','.join(map(str, bounds))}"),
        ({"intersects": mapping(ROOF), "limit": 3}, f"intersects={json.dumps(mapping(ROOF))}"),
        ({"datetime": span, "collections": ["photos"], "limit": 30}, f"datetime={span}"),
        ({"collections": ["others"]}, "collections=others"),
    ):
        found = posted(client, body)
        assert found == everything(client, f"/api/stac/search?{query}")
        assert bool(found) == (body.get("collections") != ["others"])
    for wrong in ({"bbox": [1, 2, 3, 4, 5]}, {"limit": 0}, {"intersects": {}}, {"token": "x"}):
        assert client.post("/api/stac/search", json=wrong).status_code == 400
    assert client.post("/api/stac/search", json={"sortby": []}).status_code == 422


def test_photos_are_found_by_their_names(client: TestClient):
    every = everything(client, "/api/stac/search")
    asked = [every[k]["id"] for k in (70, 3, 11)]
    found = posted(client, {"ids": [*asked, "none", "patrol-9~1area-0"], "limit": 2})
    assert [told["id"] for told in found] == [every[k]["id"] for k in (3, 11, 70)]
    assert everything(client, f"/api/stac/search?ids={','.join(asked)}") == found
    assert posted(client, {"ids": asked, "datetime": every[3]["properties"]["datetime"]}) == [
        every[3]
    ]


def test_links_lead_back_to_where_the_page_is_reached(data: ReviewData, index: Path):
    entrance = Entrance(data.accounts, is_secure=True)
    app = create_app(data, photo_index=index, entrance=entrance, hosts={"drones.example"})
    with TestClient(app, base_url="http://drones.example:8080") as client:
        for path in ("", "/collections", "/search?limit=1"):
            links = client.get(f"/api/stac{path}").json()["links"]
            assert all(
                link["href"].startswith("https://drones.example:8080/api/") for link in links
            )


def test_a_collection_without_photos_is_one(data: ReviewData, tmp_path: Path):
    path = tmp_path / "empty.sqlite"
    with PhotoIndex.opened(path, is_new=True):
        pass
    with TestClient(create_app(data, photo_index=path), base_url=URL) as client:
        told = client.get("/api/stac/collections/photos").json()
        validate_dict(told)
        assert told["extent"]["temporal"]["interval"] == [[None, None]]
        assert client.get("/api/stac/search").json()["features"] == []


def test_all_pictures_of_a_roof_come_page_by_page_in_order(client: TestClient):
    found = everything(client, f"/api/stac/search?intersects={json.dumps(mapping(ROOF))}&limit=3")
    expected = [
        named(told)
        for week in range(2)
        for told in (item(0, place, week) for place in range(COUNT))
        if shapely.intersects(shapely.geometry.shape(told["geometry"]), ROOF)
    ]
    assert [told["id"] for told in found] == expected
    assert len(expected) > 6
    for told in found:
        validate_dict(told)
    bounds = ",".join(map(str, ROOF.bounds))
    assert everything(client, f"/api/stac/search?bbox={bounds}") == found


def test_both_ends_of_a_span_count(client: TestClient):
    first, last = START + timedelta(seconds=3), START + timedelta(seconds=9)
    span = f"{first:%Y-%m-%dT%H:%M:%SZ}/{last:%Y-%m-%dT%H:%M:%SZ}"
    assert len(everything(client, f"/api/stac/search?datetime={span}")) == 3
    assert len(everything(client, f"/api/stac/search?datetime={span[:20]}")) == 1
    open_end = "../9999-12-31T23:59:59.999999Z"
    assert len(everything(client, f"/api/stac/search?datetime={open_end}")) == 2 * COUNT


@pytest.mark.parametrize(
    "asked",
    [
        "intersects={}", "intersects=1", "intersects=%5B1%5D", 'intersects={"type":"Point"}',
        'intersects={"type":"Point","coordinates":[NaN,1]}', "token=1", "token=a_b",
        "token=1_99999999999999999999", "bbox=1,2", "bbox=0,0,1,1&intersects={}", "limit=0",
        'intersects={"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}',
        "datetime=yesterday", 'intersects={"type":"FeatureCollection","features":[]}',
        'intersects={"type":"Circle","coordinates":[1,1]}',
        pytest.param(f"intersects={'[' * 9000}{']' * 9000}", id="brackets"),
        pytest.param(f'intersects={{"type":"Point","coordinates":[{"9" * 400},1]}}', id="digits"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_400(client: TestClient, asked: str):
    answer = client.get(f"/api/stac/search?{asked}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


def test_a_page_without_an_index_says_how_to_make_one(data: ReviewData):
    with TestClient(create_app(data), base_url=URL) as client:
        for path in ("", "/conformance", "/collections", "/collections/photos", "/search"):
            answer = client.get(f"/api/stac{path}")
            assert answer.status_code == 404
            assert "photos add" in answer.json()["detail"]


@pytest.mark.parametrize("left", [None, b"", b"no database" * 1000])
def test_an_index_that_is_lost_while_serving_is_503_and_not_made_anew(
    data: ReviewData, index: Path, tmp_path: Path, left: bytes | None
):
    lost = tmp_path / "kept here" / "photos.sqlite"
    lost.parent.mkdir()
    shutil.copy(index, lost)
    with TestClient(create_app(data, photo_index=lost), base_url=URL) as client:
        assert client.get("/api/stac/search").status_code == 200
        shutil.rmtree(lost.parent)
        if left is not None:
            lost.parent.mkdir()
            lost.write_bytes(left)
        assert client.get("/api/stac/collections/photos").status_code == 503
        answer = client.get("/api/stac/search")
        assert answer.status_code == 503, answer.text
        assert "photos add" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text
        assert "kept here" not in answer.text
    assert (lost.read_bytes() if lost.parent.exists() else None) == left
