import json

import cv2
import numpy as np
import pytest
import rasterio
from pycocotools import mask as coco_mask

from vision.brushes import brush_pixels
from vision.classes import class_index
from vision.crops import draw_batch
from vision.datasets import Run, Source, TrainingError
from vision.label_files import LabelError, read_coco_labels, read_label_studio
from vision.label_marks import IGNORE
from vision.loading import load_source

BOAT, SMOKE, BUILDING = (class_index(name) for name in ("boat", "smoke", "building"))
ROWS, COLUMNS = 60, 80


def picture(root, name="a.png", *, folder="images"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(len(name)).integers(0, 255, (ROWS, COLUMNS, 3), np.uint8)
    cv2.imwrite(str(root / folder / name), rgb)


def source(kind, labels, **changes):
    return Source("s", "images", format=kind, labels=labels, **{"known": (), **changes})


def coco(root, annotations, **changes):
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": COLUMNS, "height": ROWS}],
        "categories": [{"id": 7, "name": "Boat"}, {"id": 8, "name": "haze"}],
        "annotations": [{"image_id": 1, "category_id": 7, "iscrowd": 0, **a} for a in annotations],
        **changes,
    }
    (root / "labels.json").write_text(json.dumps(document), encoding="utf-8")
    picture(root)


def load(root, kind="coco", labels="labels.json", **changes):
    return load_source(source(kind, labels, **changes), root, "all")


def test_coco_outlines_and_run_lengths_of_the_same_thing_are_the_same_pixels(tmp_path):
    ring = [10.0, 20.0, 30.0, 20.0, 30.0, 40.0, 10.0, 40.0]
    rle = coco_mask.frPyObjects([ring], ROWS, COLUMNS)[0]
    packed = {"size": rle["size"], "counts": rle["counts"].decode()}
    pixels = coco_mask.decode(rle).astype(bool)
    flat = pixels.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    plain = {
        "size": [ROWS, COLUMNS],
        "counts": np.diff(np.concatenate([[0], edges, [flat.size]])).tolist(),
    }
    for shape in ([ring], packed, plain):
        coco(tmp_path, [{"id": 1, "segmentation": shape}])
        data = load(tmp_path)
        truth = data.truth_at(data.pictures[0], "boat")
        assert (truth ^ pixels).sum() <= 4  # corners
        assert data.known_at(data.pictures[0], "boat").all()


def test_coco_knows_its_categories_and_nothing_else(tmp_path):
    coco(tmp_path, [{"id": 1, "segmentation": [[10, 20, 30, 20, 30, 40]]}])
    data = load(tmp_path, names={"haze": "smoke"})
    assert data.source.known == ("boat", "smoke")
    (item,) = data.pictures
    assert data.known_at(item, "smoke").all()
    assert not data.known_at(item, "building").any()


def test_a_hole_by_even_odd_is_background(tmp_path):
    outer, inner = [10, 10, 50, 10, 50, 50, 10, 50], [20, 20, 40, 20, 40, 40, 20, 40]
    coco(tmp_path, [{"id": 1, "segmentation": [outer, inner]}])
    data = load(tmp_path)
    truth = data.truth_at(data.pictures[0], "boat")
    assert not truth[30, 30]
    assert truth[15, 15]


def test_boxes_are_weak_inside_unknown_at_corners_and_background_outside(tmp_path):
    coco(tmp_path, [{"id": 1, "bbox": [10, 10, 40, 40]}])
    data = load(tmp_path, box_weight=0.25)
    (item,) = data.pictures
    weight = data.source.weight_table()[item.mask][..., BOAT]
    assert weight[30, 30] == 0.25
    assert item.mask[11, 11] == IGNORE
    assert weight[55, 70] == 1
    assert data.truth_at(item, "boat")[30, 30]
    assert not data.truth_at(item, "boat")[55, 70]


def test_a_crowd_is_unknown(tmp_path):
    coco(tmp_path, [{"id": 1, "bbox": [10, 10, 20, 20], "iscrowd": 1}])
    data = load(tmp_path)
    assert data.pictures[0].mask[20, 20] == IGNORE


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"segmentation": [[1, 2, 3, 4]]}, "three points"),
        ({"segmentation": [[500, 500, 600, 500, 600, 600]]}, "outside of the picture"),
        ({"segmentation": [[1, 2, "x", 4, 5, 6]]}, "ValueError"),
        ({"segmentation": {"size": [3, 3], "counts": [9]}}, "run lengths of"),
        ({"segmentation": {"size": [ROWS, COLUMNS], "counts": [9]}}, "add up to 9"),
        ({"bbox": [10, 10, -5, 5]}, "has no area"),
        ({"bbox": [10, 10, None, 5]}, "TypeError"),
        ({}, "KeyError"),
        ({"bbox": [1, 1, 5, 5], "image_id": 44}, "image_id of no image"),
        ({"bbox": [1, 1, 5, 5], "category_id": 44}, "category_id 44"),
    ],
)
def test_one_bad_annotation_is_listed_and_the_next_is_read(tmp_path, bad, said):
    good = {"id": 2, "segmentation": [[10, 20, 30, 20, 30, 40]]}
    coco(tmp_path, [{"id": 1, **bad}, good])
    data = load(tmp_path)
    assert data.truth_at(data.pictures[0], "boat").sum() > 100
    told = [str(p) for p in data.problems if "annotations 1" in p.entry]
    assert len(told) == 1
    assert said in told[0]
    assert "labels.json" in told[0]


def test_pictures_and_classes_that_are_not_there_are_listed_once(tmp_path):
    coco(tmp_path, [{"id": i, "category_id": 8, "bbox": [1, 1, 5, 5]} for i in (1, 2)],
         images=[
             {"id": 1, "file_name": "a.png", "width": COLUMNS, "height": ROWS},
             {"id": 2, "file_name": "gone.png", "width": 5, "height": 5},
         ])  # fmt: skip
    data = load(tmp_path)
    assert sorted(p.entry for p in data.problems) == ["category 8", "gone.png"]
    assert len(data.pictures) == 1


def test_pictures_of_partial_labels_teach_no_background(tmp_path):
    coco(
        tmp_path,
        [{"id": 1, "segmentation": [[10, 20, 30, 20, 30, 40]]}],
        images=[
            {"id": 1, "file_name": "a.png", "width": COLUMNS, "height": ROWS,
             "neg_category_ids": [8], "not_exhaustive_category_ids": [7]},
        ],
    )  # fmt: skip
    data = load(tmp_path, names={"haze": "smoke"})
    (item,) = data.pictures
    known, truth = data.known_at(item, "boat"), data.truth_at(item, "boat")
    assert (known == truth).all()
    assert data.known_at(item, "smoke").all()
    run = Run("r", "1", (data.source,), steps=1, crop_px=32, batch=4)
    for step in range(6):
        batch = draw_batch([data], run, step)
        crops = np.arange(len(batch.mask))[:, None, None]
        taught = (batch.weight[crops, batch.mask, BOAT] > 0) & (batch.known >> BOAT & 1 > 0)
        assert (batch.target[crops, batch.mask, BOAT][taught] == 1).all()


def test_decisions_teach_what_was_decided_and_nothing_else(tmp_path):
    coco(
        tmp_path,
        [{"id": 1, "segmentation": [[10, 20, 30, 20, 30, 40]]}],
        rejected_annotations=[
            {"id": 1, "image_id": 1, "category_id": 7, "segmentation": [[50, 5, 70, 5, 70, 20]]}
        ],
    )
    data = load(tmp_path)
    (item,) = data.pictures
    known, truth = data.known_at(item, "boat"), data.truth_at(item, "boat")
    assert known[8, 65]
    assert not truth[8, 65]
    assert known[22, 25]
    assert truth[22, 25]
    assert not known[55, 5]


def test_no_coco_is_refused_with_the_reason(tmp_path):
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(LabelError, match="no COCO object"):
        read_coco_labels(tmp_path / "x.json", {})
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(LabelError, match="cannot be read as JSON"):
        read_coco_labels(tmp_path / "x.json", {})
    with pytest.raises(TrainingError, match=r"labels .*absent\.json do not exist"):
        picture(tmp_path)
        load(tmp_path, labels="absent.json")


def test_yolo_boxes_and_outlines_lie_where_they_say(tmp_path):
    for name in ("a.png", "bb.png", "ccc.png"):
        picture(tmp_path, name)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text(
        "0 0.5 0.5 0.5 0.5\n1 0.0 0.0 0.25 0.0 0.25 0.25 0.0 0.25\n9 0.1 0.1 0.1 0.1\n0 0.5 0.5\n"
        "0 3 0.5 0.1 0.1\nx 1 1 1 1\n"
    )
    (tmp_path / "labels" / "bb.txt").write_text("")
    (tmp_path / "data.yaml").write_text("nc: 2\nnames:\n  0: boat\n  1: smoke\ntrain: images\n")
    data = load(tmp_path, "yolo", "labels")
    first, empty = data.pictures
    assert data.source.known == ("boat", "smoke")
    assert data.truth_at(first, "boat")[30, 40]
    assert data.truth_at(first, "smoke")[5, 5]
    assert not data.truth_at(first, "boat")[5, 70]
    assert data.known_at(empty, "boat").all()
    assert not data.truth_at(empty, "boat").any()
    told = sorted(f"{p.entry}: {p.value}" for p in data.problems)
    assert [t.split(":")[0] for t in told] == [
        "a.txt line 3", "a.txt line 4", "a.txt line 5", "a.txt line 6", "ccc.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["names: [boat, 'smoke']\n", "names:\n- boat\n- smoke\n", "names:\n  0: boat\n  1: smoke\n"],
)
def test_yolo_names_are_read_in_each_way_they_are_written(tmp_path, text):
    picture(tmp_path)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "data.yaml").write_text(text)
    data = load(tmp_path, "yolo", "labels")
    assert data.truth_at(data.pictures[0], "smoke")[30, 40]


def bits(value, width):
    return [value >> (width - 1 - i) & 1 for i in range(width)]


def brush(pixels):
    """Encode as Label Studio does, each pixel's four values as runs of one kind or the other."""
    values = np.repeat(pixels.ravel().astype(np.uint8) * 255, 4)
    stream = (
        bits(values.size, 32) + bits(7, 5) + bits(2, 4) + bits(7, 4) + bits(11, 4) + bits(15, 4)
    )
    at = 0
    while at < values.size:
        run = 1
        while at + run < values.size and values[at + run] == values[at] and run < 4096:
            run += 1
        if run > 8:
            stream += [1, *bits(2, 2), *bits(run - 1, 12), *bits(int(values[at]), 8)]
        else:
            stream += [0, *bits(0, 2), *bits(run - 1, 3)]
            for value in values[at : at + run].tolist():
                stream += bits(value, 8)
        at += run
    return np.packbits(stream).tolist()


def test_brushes_are_read_back_pixel_by_pixel():
    pixels = np.random.default_rng(1).random((13, 17)) > 0.5
    assert (brush_pixels(brush(pixels), 13, 17) == pixels).all()
    with pytest.raises(ValueError, match="cut short"):
        brush_pixels(brush(pixels)[:20], 13, 17)
    with pytest.raises(ValueError, match="13 x 18 pixels"):
        brush_pixels(brush(pixels), 13, 18)


def studio(root, *results, picture="/data/upload/3/0123abcd-a.png"):
    size = {"original_width": COLUMNS, "original_height": ROWS}
    task = {
        "id": 5,
        "data": {"image": picture},
        "annotations": [{"result": [{"id": "r", **size, **result} for result in results]}],
    }
    blank = {"id": 6, "data": {"image": "/data/upload/3/0123abcd-b.png"}, "annotations": []}
    (root / "labels.json").write_text(json.dumps([task, blank, 3]), encoding="utf-8")


def test_label_studio_shapes_lie_where_they_say(tmp_path):
    picture(tmp_path)
    painted = np.zeros((ROWS, COLUMNS), bool)
    painted[50:55, 3:9] = True
    box = {"x": 50, "y": 50, "width": 25, "height": 25, "rectanglelabels": ["boat"]}
    ring = {"points": [[0, 0], [25, 0], [25, 50], [0, 50]], "polygonlabels": ["building"]}
    mark = {"format": "rle", "rle": brush(painted), "brushlabels": ["smoke"]}
    studio(
        tmp_path,
        {"type": "rectanglelabels", "value": box},
        {"type": "polygonlabels", "value": ring},
        {"type": "brushlabels", "value": mark},
        {"type": "choices", "value": {"choices": ["x"]}},
        {"type": "polygonlabels", "value": {"points": [[0, 0]], "polygonlabels": ["boat"]}},
    )
    data = load(tmp_path, "label_studio")
    (item,) = data.pictures
    assert set(data.source.known) == {"boat", "building", "smoke"}
    assert (data.truth_at(item, "smoke") == painted).all()
    assert data.truth_at(item, "boat")[37, 50]
    expected = np.zeros((ROWS, COLUMNS), bool)
    expected[:30, :20] = True
    assert (data.truth_at(item, "building") ^ expected).mean() < 0.02
    told = " ".join(str(p) for p in data.problems)
    assert all(w in told for w in ("type choices", "three points", "not looked at", "task 2"))


def test_label_studio_export_that_is_none_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(LabelError, match="no list of tasks"):
        read_label_studio(tmp_path / "x.json", {})


def orthophoto(path, *, side=1500, gsd_deg=1e-6):
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(0).integers(30, 200, (3, side, side), np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8",
        crs="EPSG:4326", transform=rasterio.Affine(gsd_deg, 0, 119.3, 0, -gsd_deg, 33.2),
    ) as file:  # fmt: skip
        file.write(rgb)


def feature(name, left, top, right, bottom, gsd_deg=1e-6):
    x, y = 119.3 + np.array([left, right]) * gsd_deg, 33.2 - np.array([top, bottom]) * gsd_deg
    ring = [[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]], [x[0], y[0]]]
    shape = {"type": "Polygon", "coordinates": [[[float(a), float(b)] for a, b in ring]]}
    return {"type": "Feature", "properties": {"class": name}, "geometry": shape}


def test_outlines_on_an_orthophoto_become_windows_with_unknown_ground_around(tmp_path):
    orthophoto(tmp_path / "images" / "o.tif")
    features = [
        feature("labelled_area", 0, 0, 1200, 1000),
        feature("house", 1000, 100, 1100, 200),
        feature("dog", 1, 1, 2, 2),
        {"type": "Feature", "properties": {"class": "house"},
         "geometry": {"type": "Point", "coordinates": [119.3, 33.2]}},
    ]  # fmt: skip
    (tmp_path / "marks.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    data = load(tmp_path, "geojson", "marks.geojson", names={"house": "building"})
    by_name = {p.name: p for p in data.pictures}
    assert sorted(by_name) == ["o_0_0.tif", "o_1024_0.tif"]
    left, right = by_name["o_0_0.tif"], by_name["o_1024_0.tif"]
    assert data.truth_at(left, "building").sum() == 24 * 100
    assert data.truth_at(right, "building").sum() == 76 * 100
    assert (right.mask[:990, 180:] == IGNORE).all()
    assert left.gsd_m == pytest.approx(0.1017, rel=0.01)  # a millionth of a degree at 33 N
    assert {p.entry for p in data.problems} == {"feature 3", "feature 4"}


def test_a_label_format_without_labels_is_refused():
    with pytest.raises(ValueError, match="labels go with"):
        source("coco", None)
    with pytest.raises(ValueError, match="is none of"):
        source("voc", "x")
