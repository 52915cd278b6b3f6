import cv2
import numpy as np
import pytest
import shapely
from PIL import Image

from vision.model import Detection
from vision.overlays import COLOURS, Mark, crop, mark_of, overlay, write_picture

GREY = np.full((480, 640, 3), 100, dtype=np.uint8)
BOX = mark_of(Detection("p", "boat", 0.9, shapely.box(200, 150, 300, 250)))


def names_in(drawn: np.ndarray, class_name: str) -> int:
    """How many separate name chips carry the colour bar of a class."""
    bar = (drawn == COLOURS[class_name]).all(axis=2)
    columns = np.lib.stride_tricks.sliding_window_view(bar, (20, 3)).all(axis=(2, 3))
    return cv2.connectedComponents(columns.astype(np.uint8))[0] - 1


def test_an_outline_is_drawn_in_the_colour_of_its_class():
    drawn = overlay(GREY, [BOX])
    assert tuple(drawn[250, 250]) == COLOURS["boat"]
    assert tuple(drawn[400, 600]) == (100, 100, 100)
    assert 100 != drawn[200, 250, 1] != COLOURS["boat"][1]
    assert (GREY == 100).all()


def test_an_outline_falls_on_its_place_in_a_smaller_picture():
    drawn = overlay(GREY[::2, ::2], [BOX], scale=0.5)
    changed = np.nonzero((drawn != 100).any(axis=2))
    assert changed[1].max() <= 152 + 60  # the name may reach further right than the box
    assert tuple(drawn[125, 125]) == COLOURS["boat"]


def test_names_never_lie_on_each_other():
    close = [
        Mark("smoke", shapely.box(300, 200, 310 + n, 210), "smoke 0.9", 0.9) for n in range(30)
    ]
    drawn = overlay(GREY, close)
    assert 1 < names_in(drawn, "smoke") < 30


def test_where_names_are_crowded_the_highest_rank_keeps_its_own():
    spot = shapely.box(320, 240, 325, 245)
    crowd = [Mark("smoke", spot, "smoke", 0.5)] * 30 + [Mark("flame", spot, "flame", 0.1)]
    assert names_in(overlay(GREY, crowd), "flame") == 0
    crowd[-1] = Mark("flame", spot, "flame", 0.6)
    assert names_in(overlay(GREY, crowd), "flame") == 1


def test_a_name_at_the_edge_stays_inside_the_picture():
    for x, y in ((0, 0), (630, 0), (630, 470), (0, 470)):
        mark = Mark("boat", shapely.box(x, y, x + 9, y + 9), "boat 0.90", 0.9)
        assert names_in(overlay(GREY, [mark]), "boat") == 1


def test_a_crop_shows_the_outline_with_its_surroundings_inside_the_picture():
    cut = crop(GREY, shapely.box(600, 440, 630, 470), least_px=200)
    assert cut.shape[0] < 200
    assert cut.shape[1] < 200
    assert crop(GREY, BOX.polygon_px, margin_share=0.5, least_px=10).shape == (200, 200, 3)


def test_pictures_are_written_whole_or_not_at_all(tmp_path):
    write_picture(tmp_path / "p.png", GREY)
    with Image.open(tmp_path / "p.png") as written:
        assert written.size == (640, 480)
    with pytest.raises(ValueError, match=r"\.jpg or \.png"):
        write_picture(tmp_path / "p.bmp", GREY)
    assert [p.name for p in tmp_path.iterdir()] == ["p.png"]
