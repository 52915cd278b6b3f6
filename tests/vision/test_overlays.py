import numpy as np
import pytest
import shapely
from PIL import Image

from tests.vision.photos import save_photo
from vision.frames import read_frames
from vision.model import Detection
from vision.overlays import COLOURS, contact_sheet, crop, draw_photo, overlay, write_picture

GREY = np.full((480, 640, 3), 100, dtype=np.uint8)
BOX = Detection("p", "boat", 0.9, shapely.box(200, 150, 300, 250))


def test_an_outline_is_drawn_in_the_colour_of_its_class():
    drawn = overlay(GREY, [BOX])
    assert tuple(drawn[250, 250]) == COLOURS["boat"]
    assert tuple(drawn[400, 600]) == (100, 100, 100)
    assert 100 != drawn[200, 250, 1] != COLOURS["boat"][1]
    assert (GREY == 100).all()


def test_an_outline_falls_on_its_place_in_a_smaller_picture():
    drawn = overlay(GREY[::2, ::2], [BOX], scale=0.5)
    changed = np.nonzero((drawn != 100).any(axis=2))
    assert changed[1].max() <= 152 + 60  # the label may reach further right than the box
    assert tuple(drawn[125, 125]) == COLOURS["boat"]


def test_a_crop_shows_the_outline_with_its_surroundings_inside_the_picture():
    cut = crop(GREY, shapely.box(600, 440, 630, 470), least_px=200)
    assert cut.shape[0] < 200
    assert cut.shape[1] < 200
    assert crop(GREY, BOX.polygon_px, margin_share=0.5, least_px=10).shape == (200, 200, 3)


def test_a_contact_sheet_holds_every_readable_photo(tmp_path):
    for number in range(5):
        save_photo(tmp_path / f"p{number}.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"x")
    frames = read_frames(tmp_path)
    sheet = contact_sheet(tmp_path, frames, {"p0": [BOX]}, columns=3, tile_px=200)
    assert sheet.shape == (2 * 170, 3 * 200, 3)
    assert contact_sheet(tmp_path, [], {}, tile_px=100).shape == (95, 400, 3)
    assert draw_photo(tmp_path, frames[1], [], longest_px=320).shape == (240, 320, 3)


def test_a_contact_sheet_shows_no_photo_in_the_place_of_another(tmp_path):
    for name in ("a", "b"):
        save_photo(tmp_path / f"{name}.jpg")
    frames = read_frames(tmp_path)[:1]
    before = contact_sheet(tmp_path, frames, {}, columns=1, tile_px=200)
    Image.fromarray(np.full((480, 640, 3), 255, dtype=np.uint8)).save(tmp_path / "a.jpg")
    after = contact_sheet(tmp_path, frames, {}, columns=1, tile_px=200)
    assert before[20, 20].min() > 24
    assert (after[:40] == 24).all()  # blank but for the words in the middle


def test_pictures_are_written_whole_or_not_at_all(tmp_path):
    write_picture(tmp_path / "p.png", GREY)
    with Image.open(tmp_path / "p.png") as written:
        assert written.size == (640, 480)
    with pytest.raises(ValueError, match=r"\.jpg or \.png"):
        write_picture(tmp_path / "p.bmp", GREY)
    assert [p.name for p in tmp_path.iterdir()] == ["p.png"]
