"""Crops stay in the picture and show the object; nothing outside the folder is read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from review.errors import UnknownPhotoError
from review.holdings import Holdings
from review.photos import PhotoShelf, crop_window
from tests.vision.photos import save_photo
from vision.frames import read_frames
from vision.model import Frame

from .conftest import HEIGHT, PATROL, WIDTH, keep_patrol, make_photo


def shelf_of(folder: Path, frames: Sequence[Frame], *patrols: str) -> PhotoShelf:
    """The photos of a folder, as those of each patrol."""
    return PhotoShelf(Holdings(keep_patrol(folder, frames, name) for name in patrols or (PATROL,)))


@given(st.floats(0, WIDTH - 2), st.floats(0, HEIGHT - 2), st.floats(1, WIDTH), st.floats(1, HEIGHT))
def test_crop_lies_in_the_picture_and_holds_what_fits(frame, left, top, width, height):
    outline = box(left, top, min(left + width, WIDTH - 1), min(top + height, HEIGHT - 1))
    x, y, side = crop_window(frame, (outline,))
    assert 0 <= x <= WIDTH - side + 1e-9
    assert 0 <= y <= HEIGHT - side + 1e-9
    if max(outline.bounds[2] - left, outline.bounds[3] - top) <= side:
        assert box(x, y, x + side, y + side).buffer(1e-6).covers(outline)


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    return make_photo(tmp_path_factory.mktemp("photos"), "a", 0)


def test_frame_that_points_out_of_its_folder_is_not_there(tmp_path: Path):
    inside = make_photo(tmp_path / "photos", "a", 0)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    shelf = shelf_of(tmp_path / "photos", [replace(inside, path="../secret.jpg")])
    assert shelf.path(PATROL, "a") is None
    with pytest.raises(UnknownPhotoError, match="not in the photo folder"):
        shelf.jpeg(PATROL, "a", 100)


def test_link_that_leads_out_of_the_folder_is_not_there(tmp_path: Path):
    inside = make_photo(tmp_path / "photos", "a", 0)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "photos" / "a.jpg").unlink()
    (tmp_path / "photos" / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    assert shelf_of(tmp_path / "photos", [inside]).path(PATROL, "a") is None


def test_picture_of_a_changed_file_is_made_anew(tmp_path: Path):
    frame = make_photo(tmp_path, "a", 0)
    shelf = shelf_of(tmp_path, [frame])
    first = shelf.jpeg(PATROL, "a", 100)
    assert shelf.jpeg(PATROL, "a", 100) is first
    make_photo(tmp_path, "a", 1)
    assert shelf.jpeg(PATROL, "a", 100) != first


def test_photo_id_of_two_patrols_has_to_be_told_apart(tmp_path: Path):
    frame = make_photo(tmp_path, "a", 0)
    shelf = shelf_of(tmp_path, [frame], "morning", "evening")
    with pytest.raises(UnknownPhotoError, match="morning, evening"):
        shelf.patrol_of("a", lambda _: True)
    assert shelf.patrol_of("a", lambda patrol_id: patrol_id == "evening") == "evening"
    with pytest.raises(UnknownPhotoError, match="no patrol of this page"):
        shelf.patrol_of("a", lambda _: False)


def test_hash_is_that_of_the_file_as_it_is_now(tmp_path: Path):
    frame = make_photo(tmp_path, "a", 0)
    shelf = shelf_of(tmp_path, [frame])
    assert shelf.sha256(PATROL, "a") == frame.sha256
    other = make_photo(tmp_path, "a", 1)
    assert shelf.sha256(PATROL, "a") == other.sha256 != frame.sha256
    (tmp_path / "a.jpg").unlink()
    assert shelf.sha256(PATROL, "a") is None


def test_file_that_did_not_change_is_hashed_once(tmp_path: Path, monkeypatch):
    shelf = shelf_of(tmp_path, [make_photo(tmp_path, "a", 0)])
    hashed = []
    monkeypatch.setattr("review.photos.sha256_of", lambda path: hashed.append(path) or "h")
    assert [shelf.sha256(PATROL, "a") for _ in range(3)] == ["h"] * 3
    assert len(hashed) == 1


def test_photo_that_cannot_be_read_is_not_on_the_shelf(tmp_path: Path):
    (tmp_path / "torn.jpg").write_bytes(b"no picture")
    save_photo(tmp_path / "whole.jpg")
    frames = {frame.photo_id: frame for frame in read_frames(tmp_path)}
    shelf = shelf_of(tmp_path, list(frames.values()))
    assert shelf.frame(PATROL, "whole") is not None
    assert shelf.frame(PATROL, "torn") is None
    with pytest.raises(UnknownPhotoError, match="torn"):
        shelf.jpeg(PATROL, "torn", 100)
