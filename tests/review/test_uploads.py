"""Photos from the place: kept as they were sent, or refused with what is wrong."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from cases.attaching import MOST_PHOTOS
from cases.lifecycle import Role
from review.app import create_app
from review.guard import MOST_PHOTO_BYTES
from review.sources import ReviewData, ReviewSources, open_sources

from .conftest import NOW, URL

CASE, OTHER = "20260610-0001", "20260610-0002"
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def assigned(data: ReviewData) -> ReviewData:
    for version, (step, role) in enumerate((("confirm", "inspector"), ("assign", "command")), 1):
        data.registry.decide(
            CASE, step, actor="Li", role=Role(role), expected_version=version, now=NOW
        )
    return data


def jpeg(colour: int = 90, size: tuple[int, int] = (640, 480)) -> bytes:
    """A photo of a phone, with time and place in its tags."""
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x9003] = "2026:06:10 16:20:11"
    tags.get_ifd(0x8825).update({1: "N", 2: (32.0, 1.0, 30.0), 3: "E", 4: (120.0, 0.0, 36.0)})
    content = io.BytesIO()
    Image.new("RGB", size, (colour, 90, 60)).save(content, format="JPEG", exif=tags)
    return content.getvalue()


def send(client: TestClient, content: bytes, no: str = CASE, **headers):
    ask = {"actor": "Zhang", "role": "officer"}
    return client.post(
        f"/api/cases/{no}/photos", params=ask, content=content, headers={**JPEG, **headers}
    )


def kept(data: ReviewData) -> list[Path]:
    assert data.feedback is not None
    return sorted(data.feedback.iterdir()) if data.feedback.exists() else []


def test_a_photo_is_kept_as_it_was_sent_and_noted(client: TestClient, assigned: ReviewData):
    content = jpeg()
    answer = send(client, content)
    assert answer.status_code == 200, answer.text
    digest = hashlib.sha256(content).hexdigest()
    [path] = kept(assigned)
    assert (path.name, path.read_bytes()) == (f"{digest}.jpg", content)
    event = assigned.registry.history(CASE)[-1]
    assert (event.action, event.actor) == ("photo", "Zhang")
    assert event.details["taken_at"] == "2026:06:10 16:20:11"
    assert event.details["lonlat"] == pytest.approx([120.01, 32.025])
    assert client.get(f"/api/cases/{CASE}/photos/{digest}.jpg").content == content
    told = client.get(f"/api/cases/{CASE}/history").json()["items"][-1]
    assert told["photo_sha256"] == digest
    assert client.get(f"/api/cases/{OTHER}/photos/{digest}.jpg").status_code == 404
    again = send(client, content)
    assert (again.status_code, again.json()["version"]) == (200, answer.json()["version"])
    assert len(kept(assigned)) == 1
    assert assigned.registry.verify_chain().is_intact


def bomb(width_px: int, height_px: int) -> bytes:
    """A small file that says it is large."""
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big")
    return bytes(content)


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("photo.jpg", bytes(2_000_000))
    return content.getvalue()


def png() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (200, 200)).save(content, format="PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no whole JPEG"),
        (b"<script>alert(1)</script>", "no whole JPEG"),
        (zipped(), "no whole JPEG"),
        (png(), "no whole JPEG"),
        (jpeg()[:-400], "no whole JPEG"),
        (bomb(8000, 8000), "at most 50,000,000"),
        (bomb(10_500, 9000), "50,000,000"),
        (bomb(65_000, 65_000), "50,000,000"),
        (jpeg(size=(640, 40)), "at least 64"),
    ],
)
def test_what_is_no_photo_leaves_nothing_behind(
    client: TestClient, assigned: ReviewData, content: bytes, said: str
):
    answer = send(client, content)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert kept(assigned) == []
    assert assigned.registry.case(CASE).version == 3


def test_what_is_too_long_or_of_another_kind_is_not_read(client: TestClient, assigned: ReviewData):
    too_long = send(client, b"", **{"Content-Length": str(MOST_PHOTO_BYTES + 1)})
    assert too_long.status_code == 413
    assert send(client, jpeg(), **{"Content-Type": "application/json"}).status_code == 415
    assert send(client, jpeg(), **{"Content-Type": "multipart/form-data"}).status_code == 415
    assert send(client, jpeg(), Origin="https://elsewhere.example").status_code == 403
    decision = client.post(f"/api/cases/{CASE}/decision", content=jpeg(), headers=JPEG)
    assert decision.status_code == 415
    assert kept(assigned) == []


def test_only_while_somebody_is_at_the_place(client: TestClient, assigned: ReviewData):
    assert send(client, jpeg(), OTHER).status_code == 409
    assert send(client, jpeg(), "20990101-0001").status_code == 404
    assert kept(assigned) == []
    for number in range(MOST_PHOTOS):
        assert send(client, jpeg(10 * number)).status_code == 200
    more = send(client, jpeg(250))
    assert (more.status_code, "the most" in more.json()["detail"]) == (409, True)
    assert len(kept(assigned)) == MOST_PHOTOS


def test_a_page_without_a_folder_keeps_none(sources: ReviewSources, assigned: ReviewData):
    with open_sources(replace(sources, feedback=None)) as data:
        answer = send(TestClient(create_app(data), base_url=URL), jpeg())
    assert (answer.status_code, "keeps no photos" in answer.json()["detail"]) == (422, True)
