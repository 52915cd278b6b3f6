"""How much faster is each program for a model, and how far do its masks stay the same?

    PYTHONPATH=. python benchmarks/backends.py DATA --pictures 7

DATA is laid out as docs/training.md says; so many validation pictures of each source become tiles
of 512 x 512. One thread, CPU time, the best of all tiles; each program runs a tile right after
ONNX Runtime does, so that both meet the same machine. Masks are those at the thresholds of the
manifest. Prints JSON: by program ms, how many times faster, IoU of the masks, all and by class.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.backends import OpenVinoDetector, open_backend
from vision.data_folders import data_folder
from vision.detector import OnnxDetector
from vision.loading import load_source
from vision.model import Backend
from vision.package import SHIPPED_MODEL

PROGRAMS: tuple[Backend, ...] = ("openvino", "openvino-bf16", "openvino-int8")
SIDE_PX = 512


def tiles_of(data: Path, count: int) -> list[NDArray[np.uint8]]:
    """Tiles of some validation pictures of each source, drawn by a fixed seed."""
    folder, rng = data_folder(data), np.random.default_rng(4)
    tiles = []
    for source in folder.sources:
        pictures = load_source(source, folder.root, folder.split).pictures
        for number in rng.permutation(len(pictures))[:count]:
            tile = cv2.resize(pictures[number].rgb, (SIDE_PX, SIDE_PX))
            tiles.append(np.asarray(tile, np.uint8))
    return tiles


def timed(detector: Any, tile: NDArray[np.uint8]) -> tuple[float, NDArray[np.bool_]]:
    """CPU seconds that one tile takes, and its masks (classes, rows, columns)."""
    least = np.array(list(detector.package.thresholds.values()))[:, None, None]
    start = time.process_time()
    maps = detector.run_tile(tile)
    return time.process_time() - start, maps >= least


def compared(program: Backend, tiles: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Speed and masks of one program against ONNX Runtime's."""
    ours = open_backend(SHIPPED_MODEL, program)
    reference = open_backend(SHIPPED_MODEL, "onnxruntime")
    assert isinstance(ours, OpenVinoDetector)
    assert isinstance(reference, OnnxDetector)
    names = ours.package.classes
    both, either = np.zeros(len(names)), np.zeros(len(names))
    seconds: list[tuple[float, float]] = []
    for tile in tiles:
        reference_s, expected = timed(reference, tile)
        ours_s, found = timed(ours, tile)
        seconds.append((ours_s, reference_s))
        both += (found & expected).sum((1, 2))
        either += (found | expected).sum((1, 2))
    ours_s, reference_s = (min(column) for column in zip(*seconds, strict=True))
    ratios = [theirs / mine for mine, theirs in seconds]
    return {
        "ms": round(1e3 * ours_s, 1),
        "onnxruntime_ms": round(1e3 * reference_s, 1),
        "times_faster": round(reference_s / ours_s, 2),
        "times_faster_median_tile": round(float(np.median(ratios)), 2),
        "iou": round(float(both.sum() / either.sum()), 3),
        "iou_by_class": dict(
            zip(names, (both / np.maximum(either, 1)).round(3).tolist(), strict=True)
        ),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=7, help="of each source")
    options = parser.parse_args()
    tiles = tiles_of(options.data, options.pictures)
    found = {program: compared(program, tiles) for program in PROGRAMS}
    print(json.dumps({"tiles": len(tiles), **found}, indent=1))


if __name__ == "__main__":
    main()
