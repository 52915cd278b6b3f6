from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from tests.vision.photos import save_photo
from vision.contact_sheet import Tile, contact_sheet
from vision.frames import read_frames
from vision.overlays import COLOURS, Mark

HEADER_PX, CAPTION_PX, GAP_PX = 72, 44, 8


def tiles_of(folder: Path, focus_px=None, marks=()) -> list[Tile]:
    return [
        Tile(frame, tuple(marks), "title", "note", focus_px)
        for frame in read_frames(folder)
        if frame.is_readable
    ]


def flat(path: Path, size: tuple[int, int], grey: int = 255) -> None:
    Image.new("RGB", size, (grey, grey, grey)).save(path)


def test_every_photo_has_its_place(tmp_path):
    for number in range(5):
        save_photo(tmp_path / f"p{number}.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"x")
    sheet = contact_sheet(tmp_path, tiles_of(tmp_path), "sheet", columns=3, tile_px=200)
    row_px = 150 + CAPTION_PX + GAP_PX
    assert sheet.shape == (HEADER_PX + 2 * row_px, 3 * 208 + GAP_PX, 3)
    assert contact_sheet(tmp_path, [], "empty", tile_px=100).shape[0] == HEADER_PX


@pytest.mark.parametrize("size", [(800, 200), (300, 900)])
def test_the_caption_stands_right_below_a_wide_or_tall_photo(tmp_path, size):
    flat(tmp_path / "p.png", size)
    sheet = contact_sheet(tmp_path, tiles_of(tmp_path), "", columns=1, tile_px=200)
    scale = min(200 / size[0], 150 / size[1])
    bottom = HEADER_PX + round(size[1] * scale)
    assert (sheet[HEADER_PX:bottom, GAP_PX + 100] == 255).all()
    caption = sheet[bottom : bottom + CAPTION_PX // 2, GAP_PX : GAP_PX + 60]
    assert caption.max() > 200


def test_a_close_up_shows_the_object_large_and_where_it_is(tmp_path):
    flat(tmp_path / "p.png", (2000, 1500), 90)
    spot = shapely.box(1900, 1400, 1960, 1440)  # near the corner: the window is moved inside
    marks = [Mark("boat", spot, "boat", 1.0)]

    def drawn_px(focus_px) -> int:
        tiles = tiles_of(tmp_path, focus_px, marks)
        sheet = contact_sheet(tmp_path, tiles, "", columns=1, tile_px=400)
        return int((sheet[HEADER_PX:] == COLOURS["boat"]).all(axis=2).sum())

    assert drawn_px(spot.bounds) > 2 * drawn_px(None) > 0


def test_no_photo_stands_in_the_place_of_another(tmp_path):
    save_photo(tmp_path / "a.jpg")
    tiles = tiles_of(tmp_path)
    before = contact_sheet(tmp_path, tiles, "", columns=1, tile_px=200)
    Image.fromarray(np.full((480, 640, 3), 255, dtype=np.uint8)).save(tmp_path / "a.jpg")
    after = contact_sheet(tmp_path, tiles, "", columns=1, tile_px=200)
    (tmp_path / "a.jpg").unlink()
    gone = contact_sheet(tmp_path, tiles, "", columns=1, tile_px=200)
    inside = (slice(HEADER_PX, HEADER_PX + 40), slice(GAP_PX, GAP_PX + 200))
    assert before[inside].std() > 1
    assert (after[inside] == 24).all()  # blank but for the words in the middle
    assert (gone[inside] == 24).all()
