"""How fast does a GPU search photos, and what does bf16 change?

    PYTHONPATH=. python benchmarks/gpu.py PHOTOS --gsd 0.035 --repeat 40 --workers 16

Runs the backend `torch` where it sees a GPU. Prints JSON: photos a second of the whole way (decode
to polygons), of the bare forward pass on tiles that lie in the GPU's memory, their ratio, both in
one run; and the IoU of bf16's masks with f32's at the manifest's thresholds, all and by class.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vision.detector import detect_frames, looked_at
from vision.images import read_rgb
from vision.model import Frame
from vision.package import load_package
from vision.tiles import Maps, cut_tile, resized, scale_for, spans
from vision.torch_backend import TorchDetector


def frame_of(path: Path, gsd_m: float) -> Frame:
    """A photo as search needs it: without a place."""
    height, width = cv2.imread(str(path)).shape[:2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Frame(path.stem, path.name, digest, width, height, None, None, None, gsd_m)


def tiles_of(frame: Frame, folder: Path, detector: TorchDetector) -> list[NDArray[np.uint8]]:
    """All tiles of each look at a photo (tiles, rows, columns, 3), as the search cuts them."""
    package = detector.package
    scale = scale_for(frame.gsd_m, package.model_gsd_m, frame.width_px, frame.height_px)
    size = (round(frame.width_px * scale), round(frame.height_px * scale))
    looks: list[NDArray[np.uint8]] = []

    def keep(image: NDArray[np.uint8]) -> Maps:
        rows, columns = (spans(side, package.tile_px) for side in image.shape[:2])
        looks.append(np.stack([cut_tile(image, r, c) for r in rows for c in columns]))
        return detector.look(image)  # what it says decides on what is looked at again

    looked_at(resized(read_rgb(folder / frame.path, scale=scale), *size), package, keep)
    return looks


def bare_rate(detector: TorchDetector, looks: list[torch.Tensor], repeat: int) -> float:
    """How often a second the network alone does all looks, tiles and maps staying on the GPU."""
    network = detector.network
    with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16):
        for planes in looks:
            network(planes)
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(repeat):
            for planes in looks:
                network(planes)
        torch.cuda.synchronize()
    return repeat / (time.perf_counter() - start)


def mask_iou(detector: TorchDetector, looks: list[torch.Tensor]) -> dict[str, float]:
    """IoU of masks in bf16 with those in f32, pooled over all tiles."""
    package = detector.package
    least = torch.tensor([package.thresholds[name] for name in package.classes], device="cuda")
    both = torch.zeros(len(least), device="cuda")
    either = torch.zeros(len(least), device="cuda")
    for planes in looks:
        with torch.inference_mode():
            exact = torch.sigmoid(detector.network(planes)) >= least.view(1, -1, 1, 1)
            with torch.autocast("cuda", dtype=torch.bfloat16):
                logits = detector.network(planes)
        short = torch.sigmoid(logits.float()) >= least.view(1, -1, 1, 1)
        both += (exact & short).sum((0, 2, 3))
        either += (exact | short).sum((0, 2, 3))
    by_class = (both / either.clamp(min=1)).tolist()
    named = {
        name: round(share, 4)
        for name, share, pixels in zip(
            detector.package.classes, by_class, either.tolist(), strict=True
        )
        if pixels
    }
    return {"all": round(float(both.sum() / either.sum()), 4), **named}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--gsd", type=float, default=0.035, help="metres per pixel of the photos")
    parser.add_argument("--repeat", type=int, default=40, help="times to go through the photos")
    parser.add_argument("--workers", type=int, default=16)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("torch sees no GPU here; benchmarks/detect.py measures the CPU.")
    detector = TorchDetector(load_package())
    frames = [frame_of(path, options.gsd) for path in sorted(options.photos.glob("*.jpg"))]
    looks = [
        detector.planes_of(torch.from_numpy(tiles))
        for frame in frames
        for tiles in tiles_of(frame, options.photos, detector)
    ]
    bare = len(frames) * bare_rate(detector, looks, options.repeat)
    list(detect_frames(frames, options.photos, detector, workers=options.workers))  # warm
    start = time.perf_counter()
    found = sum(
        len(detections)
        for _, detections in detect_frames(
            frames * options.repeat, options.photos, detector, workers=options.workers
        )
    )
    whole = len(frames) * options.repeat / (time.perf_counter() - start)
    print(
        json.dumps(
            {
                "gpu": torch.cuda.get_device_name(),
                "photos": len(frames) * options.repeat,
                "megapixels": round(frames[0].width_px * frames[0].height_px / 1e6, 1),
                "tiles_a_photo": round(sum(map(len, looks)) / len(frames), 1),
                "photos_per_s": round(whole, 2),
                "bare_forward_photos_per_s": round(bare, 2),
                "share": round(whole / bare, 3),
                "detections": found,
                "bf16_mask_iou": mask_iou(detector, looks),
                "gpu_memory_mb": torch.cuda.max_memory_allocated() // 2**20,
            }
        )
    )


if __name__ == "__main__":
    main()
