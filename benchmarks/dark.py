"""How dark may a photo be before the model no longer sees the boats in it?

    python -m benchmarks.dark PHOTOS MASKS [--each 12]

Photos that `QualityLimits.least_light` would call dark by themselves, and every so-many-th of the
others, are dimmed until their middle is at a few grey levels, given noise and saved as JPEG again.
A boat is seen where the model says so, clearly, within its mask.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.detector import OnnxDetector, open_detector
from vision.images import Picture, list_photos, read_rgb
from vision.package import SHIPPED_MODEL
from vision.quality import QualityLimits, look_at

MIDDLES = (12.0, 8.0, 6.0, 4.0)
NOISES = (0.7, 2.0)
CLEARLY = 0.25  # of the way from the threshold to certainty


def sees_boat(model: OnnxDetector, picture: Picture, mask: NDArray[np.uint8]) -> bool:
    """Whether the model is clear about some pixel of a boat."""
    kind = model.package.classes.index("boat")
    threshold = model.package.thresholds["boat"]
    said = model.probabilities(picture)[kind]
    boats = cv2.resize(mask, said.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return bool((said[boats] >= threshold + CLEARLY * (1 - threshold)).any())


def dimmed(picture: Picture, middle: float, noise: float) -> Picture:
    """The picture with its middle at a grey level, with noise of so many levels, as a JPEG."""
    now = look_at(picture).middle
    rng = np.random.default_rng(0)
    grain = rng.normal(0, noise, picture.shape[:2])[:, :, None]
    values = np.clip(picture * min(1.0, middle / max(now, 1.0)) + grain, 0, 255)
    out = io.BytesIO()
    Image.fromarray(values.round().astype(np.uint8)).save(out, "JPEG", quality=90)
    return np.array(Image.open(out))


def share(model: OnnxDetector, pairs: Sequence[tuple[Picture, NDArray[np.uint8]]]) -> str:
    """How many pictures show their boat."""
    return f"{sum(sees_boat(model, *pair) for pair in pairs)} of {len(pairs)}"


def main() -> None:
    """Print a table for the dark photos and one for the others."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--each", type=int, default=12)
    asked = parser.parse_args()
    model = open_detector(SHIPPED_MODEL)
    dark, light = [], []
    for path in list_photos(asked.photos):
        picture, mask = read_rgb(path), np.array(Image.open(asked.masks / f"{path.stem}.png"))
        if mask.any():
            is_dark = look_at(picture).light < QualityLimits().least_light
            (dark if is_dark else light).append((picture, mask))
    for name, pairs in (("dark", dark), ("others", light[:: asked.each])):
        print(f"{name}: as they are {share(model, pairs)}")
        for middle in MIDDLES:
            for noise in NOISES:
                dim = [(dimmed(picture, middle, noise), mask) for picture, mask in pairs]
                print(
                    f"{name}: middle {middle:g}, noise {noise:g}: {share(model, dim)}", flush=True
                )


if __name__ == "__main__":
    main()
