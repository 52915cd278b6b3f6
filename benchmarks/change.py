"""Are new buildings found between two epochs, and is nothing else, whatever registration leaves?

    python -m benchmarks.change DATA/vision/change_pairs

Each pair as it is (the earlier picture was shifted and toned when it was made); with 3 more pixels
of error; with 3 pixels that registration is not allowed to take out; with the epochs exchanged, so
that what was new is gone.
Prints JSON. A change is right where it shares 0.3 (IoU) with one that is there, one to one.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.average_precision import matched, objects_of
from vision.change import ChangeRules, Epoch, Kind, Shift, find_changes, find_shift, moved
from vision.coco import rle
from vision.detector import Detector, open_detector
from vision.images import read_rgb
from vision.tiles import resized

GSD_M = 0.07
OFF_PX = 3.0  # of the pictures as they are
LEAST_IOU = 0.3


def pairs(folder: Path, detector: Detector) -> Iterator[tuple[Epoch, Epoch, NDArray[np.bool_]]]:
    """Epochs at the model's scale, and where buildings are new."""
    for path in sorted((folder / "after").glob("*.jpg")):
        mask = cv2.imread(str(folder / "masks_new" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        epochs = [_epoch(folder / name / path.name, detector) for name in ("before", "after")]
        rows, columns = epochs[0].valid.shape
        small = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_NEAREST)
        yield epochs[0], epochs[1], small == 1


def _epoch(path: Path, detector: Detector) -> Epoch:
    rgb = read_rgb(path)
    scale = GSD_M / detector.package.model_gsd_m
    rgb = resized(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    maps = detector.probabilities(rgb)
    names = detector.package.classes
    built = maps[[names.index("building"), names.index("construction")]].max(axis=0)
    return Epoch(rgb, built, np.ones(built.shape, bool))


def judge(
    before: Epoch, after: Epoch, truth: NDArray[np.bool_], off_px: float, kind: Kind
) -> tuple[int, int, int]:
    """Changes of one kind found, false and missed; those of the other kind are false."""
    shift = find_shift(before.rgb, after.rgb)
    shift = replace(shift, right_px=shift.right_px + off_px) if off_px else shift
    changes = find_changes(moved(before, shift), after, ChangeRules())
    rows, columns = truth.shape
    there = objects_of(truth, join_px=0, least_px=ChangeRules().least_px // 4)
    mine = sorted((c for c in changes if c.kind is kind), key=lambda c: -c.score)
    called = [rle(c.polygon_px, columns, rows) for c in mine]
    _, found = matched(called, there, (), least_iou=LEAST_IOU)
    return len(found), len(changes) - len(found), len(there) - len(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    detector = open_detector(threads=2)
    read = list(pairs(options.folder, detector))
    off_px = OFF_PX * GSD_M / detector.package.model_gsd_m
    aside = Shift(off_px, 0.0, 1.0)
    result = {
        "as made": _figures([judge(b, a, t, 0.0, Kind.NEW) for b, a, t in read]),
        "3 px more": _figures([judge(moved(b, aside), a, t, 0.0, Kind.NEW) for b, a, t in read]),
        "3 px left": _figures([judge(b, a, t, off_px, Kind.NEW) for b, a, t in read]),
    }
    gone = [judge(a, b, _back(b, a, t), 0.0, Kind.VANISHED) for b, a, t in read]
    result["exchanged"] = _figures(gone)
    print(json.dumps(result, indent=1))


def _back(before: Epoch, after: Epoch, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Truth on the grid of the earlier picture."""
    shift = find_shift(after.rgb, before.rgb)
    plane = replace(after, built=truth.astype(np.float32))
    return moved(plane, shift).built > 0.5


def _figures(counts: list[tuple[int, int, int]]) -> dict[str, object]:
    found, false, missed = (sum(part) for part in zip(*counts, strict=True))
    return {
        "pairs": len(counts),
        "found": found,
        "false": false,
        "missed": missed,
        "f1": round(2 * found / (2 * found + false + missed), 3),
        "most_false_in_a_pair": max(entry[1] for entry in counts),
    }


if __name__ == "__main__":
    main()
