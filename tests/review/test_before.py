"""The ground as an earlier patrol saw it, laid over the photo of a case."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from geo.pose import Attitude, GeoPoint, Pose
from review.app import create_app
from review.sources import ReviewSources, open_sources
from vision.model import Frame

from .conftest import FLOWN, HEIGHT, NOW, PATROL, URL, WIDTH, keep_patrol, make_photo

EARLIER = "2026-06-01-am"
CASE = "20260610-0001"
LATER_ASK = {"patrol": PATROL, "photo": "flight/a"}


def earlier_photo(folder: Path, name: str, *, east_m: float = 0.0, yaw_deg: float = 0.0) -> Frame:
    """Photo `make_photo` makes, nine days before, from further east and turned."""
    frame = make_photo(folder, name, seed=9)
    lon_deg = 120.0 + east_m / 94_450.0  # metres of a degree at 32 degrees north
    pose = Pose(GeoPoint(lon_deg, 32.0, 112.0), Attitude(yaw_deg, -90.0), source="test")
    return replace(frame, pose=pose, taken_at=FLOWN - timedelta(days=9))


@pytest.fixture
def with_earlier(sources: ReviewSources, tmp_path: Path):
    """Serve the district with photos of an earlier patrol."""
    opened = []

    def serve(*frames: Frame) -> TestClient:
        patrols = (*sources.patrols, keep_patrol(tmp_path / "before", frames, EARLIER))
        data = open_sources(replace(sources, patrols=patrols))
        client = TestClient(create_app(data.__enter__(), clock=lambda: NOW), base_url=URL)
        opened.append(data)
        return client

    yield serve
    for data in opened:
        data.__exit__(None, None, None)


def middle_of_red(content: bytes) -> tuple[float, float]:
    """Middle of the red object of `make_photo`, pixels."""
    pixels = np.asarray(Image.open(io.BytesIO(content))).astype(int)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    rows, columns = np.nonzero((pixels[..., 0] > 170) & (pixels[..., 1] < 90))
    return float(columns.mean()), float(rows.mean())


def test_the_earlier_photo_lies_over_the_later_one_ground_upon_ground(with_earlier, tmp_path):
    client = with_earlier(earlier_photo(tmp_path / "before", "old/a", east_m=20, yaw_deg=90))
    told = client.get(f"/api/cases/{CASE}/before", params=LATER_ASK).json()
    assert (told["patrol_id"], told["photo_id"]) == (EARLIER, "old/a")
    answer = client.get(f"/api/cases/{CASE}/before.jpg", params=LATER_ASK)
    x_px, y_px = middle_of_red(answer.content)
    # in the old photo the object is (560 - 599.5) * 0.1 m left and (449.5 - 440) * 0.1 m up of its
    # middle; up is east there, and the middle is 20 m east of the later photo's
    assert x_px == pytest.approx(599.5 + (20 + 0.95) / 0.1, abs=2)
    assert y_px == pytest.approx(449.5 - 3.95 / 0.1, abs=2)


def test_the_photo_nearest_above_the_case_is_taken(with_earlier, tmp_path):
    folder = tmp_path / "before"
    frames = [earlier_photo(folder, f"old/{n}", east_m=20.0 * n) for n in (2, 0, 1)]
    client = with_earlier(*frames)
    assert client.get(f"/api/cases/{CASE}/before", params=LATER_ASK).json()["photo_id"] == "old/0"


def test_there_is_none_that_is_later_elsewhere_or_without_pose(with_earlier, tmp_path):
    folder = tmp_path / "before"
    frames = (
        earlier_photo(folder, "old/far", east_m=300),
        replace(earlier_photo(folder, "old/lost"), pose=None),
        replace(earlier_photo(folder, "old/late"), taken_at=FLOWN + timedelta(days=1)),
        replace(earlier_photo(folder, "old/when"), taken_at=None),
    )
    client = with_earlier(*frames)
    assert client.get(f"/api/cases/{CASE}/before", params=LATER_ASK).status_code == 204
    answer = client.get(f"/api/cases/{CASE}/before.jpg", params=LATER_ASK)
    assert (answer.status_code, "no earlier photo" in answer.json()["detail"]) == (404, True)


def test_only_photos_of_the_case_are_asked_about(with_earlier, tmp_path):
    client = with_earlier(earlier_photo(tmp_path / "before", "old/a"))
    for photo in ("flight/c", "old/a", "../cases"):
        ask = {**LATER_ASK, "photo": photo}
        assert client.get(f"/api/cases/{CASE}/before.jpg", params=ask).status_code == 404


def test_a_file_that_is_another_is_not_shown(with_earlier, tmp_path):
    frame = earlier_photo(tmp_path / "before", "old/a")
    client = with_earlier(frame)
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "before" / frame.path)
    assert client.get(f"/api/cases/{CASE}/before.jpg", params=LATER_ASK).status_code == 409
