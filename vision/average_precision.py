"""How well called objects are ordered by their score: average precision as COCO defines it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from vision.metrics import label_objects

_MOST_PER_PICTURE = 1000
Rle = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PictureObjects:
    """Objects of one class in one picture.

    Attributes:
        truth: run lengths of those that are there.
        unknown: run lengths of where nothing is known; what is called there counts neither way.
        called: run lengths and scores of those that were called.
    """

    truth: tuple[Rle, ...]
    unknown: tuple[Rle, ...]
    called: tuple[tuple[Rle, float], ...]


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Mean precision over all recalls; NaN where no object is there."""

    at_50: float
    at_50_95: float


def average_precision(pictures: Sequence[PictureObjects]) -> AveragePrecision:
    """Judge the objects of one class in all pictures with pycocotools."""
    if not any(item.truth for item in pictures):
        return AveragePrecision(float("nan"), float("nan"))
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = _truth(pictures)
        called = _called(pictures, truth)
        if called is None:
            return AveragePrecision(0.0, 0.0)
        judge = COCOeval(truth, called, "segm")
        judge.params.maxDets = [1, 100, _MOST_PER_PICTURE]
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, 0, 0, -1]  # IoU thresholds x recalls
    return AveragePrecision(float(precision[0].mean()), float(precision.mean()))


def _truth(pictures: Sequence[PictureObjects]) -> COCO:
    annotations: list[dict[str, Any]] = []
    for number, item in enumerate(pictures, start=1):
        for crowd, shapes in ((0, item.truth), (1, item.unknown)):
            annotations.extend(
                {
                    "image_id": number, "category_id": 1, "iscrowd": crowd, "segmentation": shape,
                    "area": float(coco_mask.area(shape)), "bbox": coco_mask.toBbox(shape).tolist(),
                }
                for shape in shapes
            )  # fmt: skip
    for number, entry in enumerate(annotations, start=1):
        entry["id"] = number
    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [_image(number, item) for number, item in enumerate(pictures, start=1)],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def _image(number: int, item: PictureObjects) -> dict[str, Any]:
    shapes = (*item.truth, *item.unknown, *(shape for shape, _ in item.called))
    height, width = shapes[0]["size"] if shapes else (1, 1)
    return {"id": number, "height": height, "width": width}


def _called(pictures: Sequence[PictureObjects], truth: COCO) -> COCO | None:
    entries = [
        {"image_id": number, "category_id": 1, "segmentation": shape, "score": score}
        for number, item in enumerate(pictures, start=1)
        for shape, score in item.called
    ]
    return truth.loadRes(entries) if entries else None


def run_lengths(mask: NDArray[np.bool_]) -> Rle:
    """Run lengths of a mask (H, W) as pycocotools codes them."""
    return dict(coco_mask.encode(np.asfortranarray(mask, np.uint8)))


def objects_of(mask: NDArray[np.bool_], *, join_px: float, least_px: float) -> tuple[Rle, ...]:
    """Run lengths of each object of a mask (H, W) with at least `least_px` pixels."""
    labels, count = label_objects(mask, join_px)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    return tuple(run_lengths(labels == n) for n in range(1, count + 1) if areas[n] >= least_px)


def matched(
    called: Sequence[Rle], truth: Sequence[Rle], unknown: Sequence[Rle], *, least_iou: float
) -> tuple[list[int | None], set[int]]:
    """Match called objects, the surest first, one to one with what is there.

    Returns:
        For each called object the index of its match, -1 where it lies mostly where nothing is
        known, None where it is false; and the indices that were found.
    """
    found: set[int] = set()
    verdicts: list[int | None] = []
    iou = np.asarray(coco_mask.iou(list(called), list(truth), [0] * len(truth)))
    veiled = np.asarray(coco_mask.iou(list(called), list(unknown), [1] * len(unknown)))
    for number in range(len(called)):
        free = [j for j in range(len(truth)) if j not in found and iou[number, j] >= least_iou]
        best = max(free, key=lambda j: float(iou[number, j]), default=None)
        if best is not None:
            found.add(best)
            verdicts.append(best)
        elif len(unknown) and float(veiled[number].max()) > 0.5:
            verdicts.append(-1)
        else:
            verdicts.append(None)
    return verdicts, found
