"""All pictures of a place over the page's API, as STAC searches for items."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import box, mapping

from benchmarks.photo_index import SOUTH_DEG, START, STEP_DEG, WEST_DEG, item
from pipeline.photo_index import PhotoIndex
from review.app import create_app
from review.sources import ReviewData
from tests.review.conftest import URL

pystac = pytest.importorskip("pystac", reason="pystac is not installed (extra dev)")

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


def test_all_pictures_of_a_roof_come_page_by_page_in_order(client: TestClient):
    found = everything(client, f"/api/stac/search?intersects={json.dumps(mapping(ROOF))}&limit=3")
    expected = [
        told["id"]
        for week in range(2)
        for told in (item(0, place, week) for place in range(COUNT))
        if shapely.intersects(shapely.geometry.shape(told["geometry"]), ROOF)
    ]
    assert [told["id"] for told in found] == expected
    assert len(expected) > 6
    collection = pystac.ItemCollection.from_dict({"type": "FeatureCollection", "features": found})
    for told in collection:
        told.validate()
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
        answer = client.get("/api/stac/search")
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
        answer = client.get("/api/stac/search")
        assert answer.status_code == 503, answer.text
        assert "photos add" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text
        assert "kept here" not in answer.text
    assert (lost.read_bytes() if lost.parent.exists() else None) == left
