import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from tests.vision.scene import frame_of
from tests.vision.test_polygons import PACKAGE, blob
from vision.coco import check_photos, model_hash, read_coco, rle, search_scale, write_coco
from vision.errors import VisionError
from vision.model import Detection
from vision.polygons import polygon_from_mask

# pycocotools 2.0.11 decodes with a call that numpy 2 warns of; our code only encodes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

RING = shapely.Point(200, 150).buffer(60).difference(shapely.Point(200, 150).buffer(20))
FRAMES = (frame_of("a", None), frame_of("b", None), frame_of("空", None))
DETECTIONS = [
    Detection("空", "smoke", 0.75, shapely.transform(RING, lambda p: p.round(2)), cut=True),
    Detection("a", "building", 0.5, shapely.box(-0.5, -0.5, 20.5, 30.5)),
]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), dx=st.integers(-30, 60), dy=st.integers(-30, 40))
def test_run_lengths_are_those_of_the_drawn_mask(seed, dx, dy):
    mask = blob(seed)
    whole = np.zeros((100, 120), dtype=np.uint8)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + dy, columns + dx
    inside = (rows >= 0) & (rows < 100) & (columns >= 0) & (columns < 120)
    whole[rows[inside], columns[inside]] = 1
    polygon = shapely.transform(polygon_from_mask(mask, 0.0), lambda p: p + np.array([dx, dy]))
    drawn = coco_mask.decode(rle(polygon, 120, 100))
    assert (drawn != whole).sum() <= 0.03 * max(whole.sum(), 100)
    assert coco_mask.area(rle(polygon, 120, 100)) == drawn.sum()


def test_an_outline_over_the_whole_picture_is_one_run():
    assert coco_mask.decode(rle(shapely.box(-9, -9, 99, 99), 20, 10)).all()


def test_detections_come_back_as_they_were(tmp_path):
    write_coco(tmp_path / "d.json", FRAMES, DETECTIONS, PACKAGE, searched_by={})
    assert read_coco(tmp_path / "d.json") == DETECTIONS
    assert model_hash(tmp_path / "d.json") == PACKAGE.digest
    assert search_scale(tmp_path / "d.json") == PACKAGE.scale


def test_a_file_without_facts_about_its_model_says_none(tmp_path):
    (tmp_path / "d.json").write_text('{"info": []}')
    assert model_hash(tmp_path / "d.json") == ""


def test_detections_that_do_not_say_their_models_scale_are_refused(tmp_path):
    (tmp_path / "d.json").write_text('{"info": {"model_gsd_m": 0.1}}')
    with pytest.raises(VisionError, match=r"gsd_range_m.*aerogrid detect"):
        search_scale(tmp_path / "d.json")


def test_pycocotools_reads_the_file(tmp_path, capsys):
    write_coco(tmp_path / "d.json", FRAMES, DETECTIONS, PACKAGE, searched_by={})
    coco = COCO(str(tmp_path / "d.json"))
    capsys.readouterr()
    assert [c["name_zh"] for c in coco.loadCats(coco.getCatIds())] == ["建筑物", "烟雾"]
    ring = coco.annToMask(coco.anns[1])
    assert ring.shape == (960, 1280)
    assert ring[150, 200] == 0
    assert ring[150, 240] == 1
    assert ring.sum() == pytest.approx(RING.area, rel=0.03)
    assert len(coco.imgs) == 3


def test_the_same_detections_give_the_same_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        write_coco(tmp_path / name, FRAMES, DETECTIONS, PACKAGE, searched_by={})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"images": [], "categories": []}', "{"])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(VisionError, match=r"d\.json"):
        read_coco(tmp_path / "d.json")


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(VisionError, match="aerogrid detect"):
        read_coco(tmp_path / "d.json")


def test_no_detections_give_a_valid_file(tmp_path):
    write_coco(tmp_path / "d.json", [], [], PACKAGE, searched_by={})
    assert read_coco(tmp_path / "d.json") == []
    assert json.loads((tmp_path / "d.json").read_text())["images"] == []


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ((replace(FRAMES[0], sha256="other"), *FRAMES[1:]), "a has other bytes"),
        (FRAMES[1:], "a is gone"),
        ((*FRAMES, frame_of("c", None)), "c is new"),
    ],
)
def test_detections_of_other_photos_are_refused(tmp_path, frames, words):
    write_coco(tmp_path / "d.json", FRAMES, DETECTIONS, PACKAGE, searched_by={})
    check_photos(tmp_path / "d.json", FRAMES)
    with pytest.raises(VisionError, match=f"photos changed since detect.*{words}.*aerogrid detect"):
        check_photos(tmp_path / "d.json", frames)


def test_a_detection_file_without_hashes_is_refused(tmp_path):
    (tmp_path / "d.json").write_text('{"images": [{"photo_id": "a"}]}')
    with pytest.raises(VisionError, match="aerogrid detect"):
        check_photos(tmp_path / "d.json", FRAMES)


def test_a_new_folder_is_made(tmp_path):
    write_coco(tmp_path / "new" / "d.json", FRAMES, DETECTIONS, PACKAGE, searched_by={})
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["d.json"]
