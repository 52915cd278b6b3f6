"""How close does detection come to the bare inference session on the same tiles?

    PYTHONPATH=. python benchmarks/detect.py PHOTOS --gsd 0.035 --repeat 2

Prints JSON: megapixels, photos a second of the whole way (decode to polygons) and of the session
alone, their ratio, and the most memory used.
"""

import argparse
import json
import resource
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.detector import OnnxDetector, detect_frames, looked_at, open_detector
from vision.frames import read_frames
from vision.images import read_rgb
from vision.model import Frame
from vision.tiles import Maps, blended, resized, scale_for


def bare_rate(detector: OnnxDetector, frames: Iterable[Frame], folder: Path, workers: int) -> float:
    """Photos a second that the session alone does on ready tiles."""
    package = detector.package
    tiles: list[NDArray[np.uint8]] = []
    count = 0
    for frame in frames:
        scale = scale_for(frame.gsd_m, package.model_gsd_m, frame.width_px, frame.height_px)
        size = (round(frame.width_px * scale), round(frame.height_px * scale))
        image = resized(read_rgb(folder / frame.path, scale=scale), *size)

        def keep(tile: NDArray[np.uint8]) -> Maps:
            tiles.append(tile)
            return detector.run_tile(tile)  # what it says decides on what is looked at again

        looked_at(image, package, lambda shown: blended(shown, keep, tile_px=package.tile_px))
        count += 1
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(detector.run_tile, tiles))
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--gsd", type=float, default=0.035, help="metres per pixel of the photos")
    parser.add_argument("--repeat", type=int, default=1, help="times to go through the photos")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    detector = open_detector()
    frames = [
        replace(frame, gsd_m=options.gsd, reasons=())
        for frame in read_frames(options.photos)
        if frame.is_readable
    ]
    once = bare_rate(detector, frames, options.photos, options.workers)
    start = time.perf_counter()
    found = 0
    for _, detections in detect_frames(
        frames * options.repeat, options.photos, detector, workers=options.workers
    ):
        found += len(detections)
    whole = len(frames) * options.repeat / (time.perf_counter() - start)
    print(
        json.dumps(
            {
                "photos": len(frames) * options.repeat,
                "megapixels": round(frames[0].width_px * frames[0].height_px / 1e6, 1),
                "photos_per_s": round(whole, 3),
                "bare_session_photos_per_s": round(once, 3),
                "share": round(whole / once, 3),
                "detections": found,
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
