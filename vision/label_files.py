"""EDGE: labels made with other programs: COCO and Label Studio; each problem is listed.

Sources of the formats: cocodataset.org, "Data format"; LVIS, "Data format" (neg_category_ids,
not_exhaustive_category_ids); Label Studio, "Export annotations" and its converter's `brush.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from vision.brushes import brush_pixels
from vision.classes import CLASS_NAMES
from vision.errors import VisionError
from vision.label_marks import (
    Boxed,
    LabelProblem,
    Mark,
    Outlined,
    Painted,
    PictureLabels,
    ReadLabels,
    box_flaw,
    outline_flaw,
)


class LabelError(VisionError):
    """A label file of which nothing can be used."""


@dataclass(slots=True)
class Reading:
    """What has been found so far while labels are read.

    Attributes:
        names: what the labels call a thing, in lower case -> our class.
    """

    file: str
    names: Mapping[str, str]
    problems: list[LabelProblem] = field(default_factory=list)
    unused: set[str] = field(default_factory=set)

    def note(self, entry: str, value: object, advice: str) -> None:
        """List a problem."""
        self.problems.append(LabelProblem(self.file, entry, str(value)[:120], advice))

    def class_of(self, name: object, entry: str) -> str | None:
        """Our class of a label; a name that is not ours is listed once and passed over."""
        text = str(name).strip()
        found = self.names.get(text.lower())
        if found is None and text not in self.unused:
            self.unused.add(text)
            self.note(
                entry,
                f"class {text!r} is none of ours",
                f"its marks are not used; map it to one of {', '.join(CLASS_NAMES)} by `names`",
            )
        return found


def class_names(mapped: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case -> our class: our own names, and what a source maps to them."""
    own = {name: name for name in CLASS_NAMES} | {n.replace("_", " "): n for n in CLASS_NAMES}
    return own | {key.lower(): value for key, value in mapped.items()}


def read_json(path: Path) -> Any:
    """Read a JSON file of labels."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise LabelError(
            f"{path}: cannot be read as JSON ({error}); export the labels again"
        ) from error


def read_coco_labels(path: Path, names: Mapping[str, str]) -> ReadLabels:
    """Read COCO annotations: boxes, polygons, run lengths; also decisions that aerogrid exported.

    The file knows the classes of its categories. A picture with LVIS's `neg_category_ids` knows
    only these and what is marked in it. Decisions (`rejected_annotations`) know what was decided.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("images"), list):
        raise LabelError(f"{path}: holds no COCO object with images; export it as COCO JSON")
    reading = Reading(path.name, class_names(names))
    categories = {}
    for entry in document.get("categories") or []:
        name = reading.class_of(entry.get("name"), f"category {entry.get('id')}")
        if name:
            categories[entry.get("id")] = name
    marks = _coco_marks(document, "annotations", categories, reading)
    absent = _coco_marks(document, "rejected_annotations", categories, reading)
    decisions = "rejected_annotations" in document
    known = tuple(dict.fromkeys(categories.values()))
    pictures = [
        _coco_picture(image, marks, absent, categories, known if decisions else ())
        for image in _unique(document["images"], reading)
    ]
    return ReadLabels(tuple(pictures), known, tuple(reading.problems))


def _unique(images: list[Any], reading: Reading) -> Iterator[dict[str, Any]]:
    seen: set[Any] = set()
    for number, image in enumerate(images):
        if not isinstance(image, dict) or not image.get("file_name") or "id" not in image:
            reading.note(
                f"image {number}", image, "an image needs id and file_name; it is left out"
            )
        elif image["id"] in seen:
            reading.note(f"image {number}", f"id {image['id']} again", "ids are unique; left out")
        else:
            seen.add(image["id"])
            yield image


def _coco_picture(
    image: dict[str, Any],
    marks: Mapping[Any, list[tuple[Mark, bool]]],
    absent: Mapping[Any, list[tuple[Mark, bool]]],
    categories: Mapping[Any, str],
    silent: tuple[str, ...],
) -> PictureLabels:
    here = marks.get(image["id"], [])
    if "neg_category_ids" in image:
        judged = {categories.get(c) for c in image["neg_category_ids"]}
        judged |= {mark.class_name for mark, _ in here}
        judged -= {categories.get(c) for c in image.get("not_exhaustive_category_ids", [])}
        silent = tuple(n for n in dict.fromkeys(categories.values()) if n not in judged)
    return PictureLabels(
        str(image["file_name"]),
        tuple(mark for mark, crowd in here if not crowd),
        tuple(mark for mark, _ in absent.get(image["id"], [])),
        tuple(mark for mark, crowd in here if crowd),
        silent,
    )


def _coco_marks(
    document: dict[str, Any], key: str, categories: Mapping[Any, str], reading: Reading
) -> dict[Any, list[tuple[Mark, bool]]]:
    """Marks of each image id, and whether each is a crowd."""
    images = {i["id"]: i for i in document["images"] if isinstance(i, dict) and "id" in i}
    marks: dict[Any, list[tuple[Mark, bool]]] = {}
    listed = {entry.get("id") for entry in document.get("categories") or []}
    for number, entry in enumerate(document.get(key) or []):
        name = f"{key} {entry.get('id', number) if isinstance(entry, dict) else number}"
        if not isinstance(entry, dict) or entry.get("image_id") not in images:
            reading.note(name, "image_id of no image", "it is left out; mend image_id")
            continue
        if entry.get("category_id") not in listed:
            reading.note(name, f"category_id {entry.get('category_id')}", "no such category")
            continue
        if entry["category_id"] not in categories:
            continue  # its category was listed as one that is not used
        image = images[entry["image_id"]]
        mark = _coco_mark(entry, categories[entry["category_id"]], image, name, reading)
        if mark is not None:
            marks.setdefault(image["id"], []).append((mark, bool(entry.get("iscrowd"))))
    return marks


def _coco_mark(
    entry: dict[str, Any], class_name: str, image: dict[str, Any], name: str, reading: Reading
) -> Mark | None:
    try:
        width, height = int(image["width"]), int(image["height"])
        shape = entry.get("segmentation")
        if isinstance(shape, dict):
            return Painted(class_name, _run_lengths(shape, width, height))
        if shape:
            rings = [np.array(ring, float).reshape(-1, 2) for ring in shape]
            return outlined(class_name, rings, (width, height), name, reading)
        left, top, wide, high = (float(v) for v in entry["bbox"])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        reading.note(name, f"{type(error).__name__}: {error}", "not COCO; draw it again")
        return None
    return boxed(class_name, (left, top, left + wide, top + high), (width, height), name, reading)


def _run_lengths(shape: dict[str, Any], width: int, height: int) -> NDArray[np.bool_]:
    if [int(v) for v in shape["size"]] != [height, width]:
        raise ValueError(f"run lengths of {shape['size']} in a picture of {[height, width]}")
    counts = shape["counts"]
    if isinstance(counts, list):
        if min(counts, default=0) < 0 or sum(counts) != width * height:
            raise ValueError(f"run lengths add up to {sum(counts)}, not {width * height}")
        shape = coco_mask.frPyObjects(shape, height, width)
    elif isinstance(counts, str):
        shape = {**shape, "counts": counts.encode("ascii")}
    return np.asarray(coco_mask.decode(shape), bool)


def outlined(
    class_name: str,
    rings: list[NDArray[np.float64]],
    size: tuple[float, float],
    name: str,
    reading: Reading,
) -> Mark | None:
    """A thing by its outlines in pixels; those that are none are listed and left out."""
    good = []
    for ring in rings:
        flaw = outline_flaw(ring, *size)
        if flaw:
            reading.note(name, flaw, "this outline is left out; draw it again")
        else:
            good.append(ring)
    return Outlined(class_name, tuple(good)) if good else None


def boxed(
    class_name: str,
    bounds: tuple[float, float, float, float],
    size: tuple[float, float],
    name: str,
    reading: Reading,
) -> Mark | None:
    """A thing by its box in pixels; one that is none is listed and left out."""
    flaw = box_flaw(bounds, *size)
    if flaw:
        reading.note(name, f"box {[round(v, 2) for v in bounds]} {flaw}", "it is left out")
        return None
    return Boxed(class_name, bounds)


def read_label_studio(path: Path, names: Mapping[str, str]) -> ReadLabels:
    """Read a JSON export of Label Studio: rectangles, polygons, brushes.

    A task without an annotation was not looked at and is left out. The export does not name its
    classes, so it knows those that occur in it; name more with `known` of the source.
    """
    document = read_json(path)
    if not isinstance(document, list):
        raise LabelError(f"{path}: no list of tasks; export from Label Studio as JSON")
    reading = Reading(path.name, class_names(names))
    found = []
    for number, task in enumerate(document):
        entry = f"task {task.get('id', number) if isinstance(task, dict) else number}"
        labels = _task(task, entry, reading)
        if labels is not None:
            found.append(labels)
    known = tuple(dict.fromkeys(mark.class_name for item in found for mark in item.marks))
    return ReadLabels(tuple(found), known, tuple(reading.problems))


def _task(task: Any, entry: str, reading: Reading) -> PictureLabels | None:
    try:
        picture = str(next(iter(task["data"].values())))
        done = [a for a in task["annotations"] if not a.get("was_cancelled")]
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        reading.note(entry, f"{type(error).__name__}: {error}", "no task with data and annotations")
        return None
    if not done:
        reading.note(entry, "no annotation", "not looked at, so not used; annotate or submit it")
        return None
    marks: list[Mark] = []
    for result in done[-1].get("result", []):
        marks.extend(_result(result, f"{entry} result {result.get('id', '')}", reading))
    return PictureLabels(_picture_name(picture), tuple(marks))


def _picture_name(address: str) -> str:
    """File name in an address of Label Studio, which puts eight digits before an uploaded one."""
    name = address.replace("?d=", "/").rsplit("/", maxsplit=1)[-1]
    head, dash, rest = name.partition("-")
    uploaded = dash and len(head) == 8 and all(c in "0123456789abcdef" for c in head)
    return rest if uploaded and "/upload/" in address else name


_Shape = Callable[[dict[str, Any], int, int, str], Mark]


def _result(result: dict[str, Any], entry: str, reading: Reading) -> Iterator[Mark]:
    kind = result.get("type")
    if kind not in ("rectanglelabels", "polygonlabels", "brushlabels"):
        reading.note(entry, f"type {kind}", "rectangles, polygons and brushes are read")
        return
    try:
        width, height = int(result["original_width"]), int(result["original_height"])
        value = result["value"]
        for label in value[kind]:
            class_name = reading.class_of(label, entry)
            if class_name is not None:
                mark = _studio_mark(value, class_name, (width, height), entry, reading)
                if mark is not None:
                    yield mark
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reading.note(entry, f"{type(error).__name__}: {error}", "not as Label Studio exports it")


def _studio_mark(
    value: dict[str, Any], class_name: str, size: tuple[int, int], entry: str, reading: Reading
) -> Mark | None:
    width, height = size
    if "rle" in value:
        return Painted(class_name, brush_pixels(value["rle"], height, width))
    if "points" in value:
        ring = np.array(value["points"], float) * (width / 100, height / 100)
        return outlined(class_name, [ring], size, entry, reading)
    left, top = value["x"] * width / 100, value["y"] * height / 100
    wide, high = value["width"] * width / 100, value["height"] * height / 100
    turn_deg = float(value.get("rotation", 0))
    if turn_deg:
        turn = np.radians(turn_deg)
        along = np.array([np.cos(turn), np.sin(turn)]) * wide
        down = np.array([-np.sin(turn), np.cos(turn)]) * high
        corner = np.array([left, top])
        x, y = np.array([corner, corner + along, corner + along + down, corner + down]).T
        left, top, wide, high = x.min(), y.min(), np.ptp(x), np.ptp(y)
    return boxed(class_name, (left, top, left + wide, top + high), size, entry, reading)
