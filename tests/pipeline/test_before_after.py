"""The ground of a case in two patrols' photos: the same square, drawn north up."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from geo.pose import Attitude
from geo.terrain import FlatTerrain
from pipeline.before_after import SIDE_PX, Shelf, patrols_beside, picture_of
from pipeline.workspace import Workspace, write_json
from tests.vision.scene import LOCAL, frame_of, outline_px, pose_at, square
from vision.frame_table import write_frames
from vision.model import Frame
from vision.overlays import write_picture

THING = square(4.0, 12.0, 8.0)
PLACE = LOCAL.to_lonlat(THING)


def photo(folder: Path, name: str, attitude: Attitude, x_m: float, colour: int) -> Frame:
    """A grey picture with the thing filled in one colour, kept as a file."""
    pose = pose_at(x_m, 0.0, attitude)
    frame = frame_of(name, pose)
    seen, _ = outline_px(THING, pose)
    picture = np.full((frame.height_px, frame.width_px, 3), 90, np.uint8)
    x, y = np.meshgrid(np.arange(frame.width_px), np.arange(frame.height_px))
    picture[shapely.contains_xy(seen, x, y)] = (colour, colour, colour)
    write_picture(folder / f"{name}.png", picture)
    digest = hashlib.sha256((folder / f"{name}.png").read_bytes()).hexdigest()
    return replace(frame, path=f"{name}.png", sha256=digest)


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture
def shelves(tmp_path: Path) -> list[Shelf]:
    """The same ground on two days, by cameras that look different ways."""
    frames = [
        photo(tmp_path, "before", Attitude(30.0, -80.0), -3.0, 250),
        photo(tmp_path, "after", Attitude(340.0, -78.0), 2.0, 10),
    ]
    return [Shelf(tmp_path, (frame,), FlatTerrain(0.0), LOCAL) for frame in frames]


def test_both_pictures_show_the_thing_at_the_same_place(shelves: list[Shelf]):
    before, after = (opened(picture_of(shelf, PLACE)) for shelf in shelves)
    assert before.shape == after.shape == (SIDE_PX, SIDE_PX, 3)
    side_m = 8.0 + 2 * 12.0
    inner = slice(int(SIDE_PX * 12.8 / side_m), int(SIDE_PX * 19.2 / side_m))
    assert before[inner, inner].mean() > 240
    assert after[inner, inner].mean() < 20
    outside = int(SIDE_PX * 10.0 / side_m)
    assert abs(before[:outside].mean() - 90) < 3
    assert abs(after[:outside].mean() - 90) < 3


def test_the_most_upright_photo_is_taken(tmp_path: Path):
    near = photo(tmp_path, "near", Attitude(0.0, -90.0), 4.0, 250)
    far = photo(tmp_path, "far", Attitude(0.0, -80.0), 12.0, 10)
    shelf = Shelf(tmp_path, (far, near), FlatTerrain(0.0), LOCAL)
    middle = opened(picture_of(shelf, PLACE))[SIDE_PX // 2, SIDE_PX // 2]
    assert middle.mean() > 240


def test_ground_beyond_the_photo_is_white_and_a_photo_of_all_of_it_goes_before(tmp_path: Path):
    """One photo ends a few metres behind the thing; its camera is nearer than the other's."""
    whole = photo(tmp_path, "whole", Attitude(0.0, -70.0), -25.0, 250)
    frames = [
        photo(tmp_path, f"at{x_m}", Attitude(0.0, -90.0), float(x_m), 10) for x_m in range(4, 60, 4)
    ]
    shelves = [Shelf(tmp_path, (frame,), FlatTerrain(0.0), LOCAL) for frame in frames]
    pictures = [picture_of(shelf, PLACE) for shelf in shelves]
    white = [bool(p) and bool((opened(p) > 250).all(axis=2).mean() > 0.02) for p in pictures]
    assert white[0] is False
    assert any(white)
    edge = frames[white.index(True)]
    both = Shelf(tmp_path, (edge, whole), FlatTerrain(0.0), LOCAL)
    assert opened(picture_of(both, PLACE))[SIDE_PX // 2, SIDE_PX // 2].mean() > 240


def test_a_photo_that_changed_is_not_shown(tmp_path: Path, shelves: list[Shelf]):
    (tmp_path / "before.png").write_bytes(b"another picture")
    assert picture_of(shelves[0], PLACE) == b""
    (tmp_path / "after.png").unlink()
    assert picture_of(shelves[1], PLACE) == b""


def test_a_place_that_no_photo_shows_whole_has_no_picture(shelves: list[Shelf]):
    assert picture_of(shelves[0], LOCAL.to_lonlat(square(300.0, 0.0))) == b""


def test_patrols_beside_are_known_by_the_names_they_were_filed_under(tmp_path: Path):
    for name in ("one", "two", "none"):
        (tmp_path / name).mkdir()
        write_frames(Workspace(tmp_path / name).frames, [frame_of("a", None)])
    for name in ("one", "two"):
        write_json(Workspace(tmp_path / name).filing, {"patrol_id": f"patrol-{name}"})
    write_json(Workspace(tmp_path / "none").filing, ["another program's"])
    found = patrols_beside(Workspace(tmp_path / "one"))
    assert {name: entry.root.name for name, entry in found.items()} == {
        "patrol-one": "one",
        "patrol-two": "two",
    }
