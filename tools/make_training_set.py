"""Make pictures with exact masks of simulated districts for training a network.

Example: python tools/make_training_set.py --out synth --train 420 --val 80 --seed 1000

Masks hold 0 background, 1 building, 2 construction, 3 smoke, 4 flame, 5 burn scar, 6 boat,
7 fishing gear and 255 where no class is sure (thin smoke, steam).
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from simulations.camera import Lens, Photo, photograph
from simulations.ground import GroundArea, build_area
from simulations.layout import District
from simulations.light import Light
from simulations.planting import Counts, Kind, Planted, plant
from simulations.sheet import Label
from simulations.town import make_district

DENSE = Counts(
    new_building=14, unfinished_building=20, open_burning=20, burn_scar=18,
    boat_on_closed_water=24, cages_on_closed_water=20, permitted_building=16, chimney_smoke=2,
    steam=2, dust=8, boat_on_open_water=6, greenhouse=12, straw_bales=12,
)  # fmt: skip
PICTURES_PER_DISTRICT = 28
TWIN_SHARE = 0.25
# How often a picture is about each kind: 15 shares.
TARGETS = (
    *[Kind.NEW_BUILDING, Kind.PERMITTED_BUILDING, Kind.CHIMNEY],
    *[Kind.UNFINISHED] * 3,
    *[Kind.BURNING] * 2,
    *[Kind.BURN_SCAR] * 2,
    *[Kind.BOAT] * 2,
    *[Kind.CAGES] * 3,
)
TWINS = (
    Kind.PERMITTED_BUILDING, Kind.STEAM, Kind.DUST, Kind.GREENHOUSE, Kind.BALES, None, None,
)  # fmt: skip
RELIEF_MARGIN_M = 22.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Where to take a picture, local metres, and how high above the ground."""

    x_m: float
    y_m: float
    height_agl_m: float
    size_px: int
    gsd_m: float


def pictures(seed: int, count: int) -> Iterator[Photo]:
    """Yield pictures of one district."""
    district = make_district(seed)
    rng = np.random.default_rng([29, seed])
    planted = plant(district, district.patrol_codes, seed, DENSE)
    for number in range(count):
        chosen = _choose(planted, number, rng)
        shot = _aim(district, chosen, rng)
        reach = 0.75 * shot.size_px * shot.gsd_m + RELIEF_MARGIN_M
        bounds = shot.x_m - reach, shot.y_m - reach, shot.x_m + reach, shot.y_m + reach
        yield _take(district, build_area(district, planted, bounds), shot, rng)


def _choose(planted: tuple[Planted, ...], number: int, rng: Generator) -> Planted | None:
    """Choose what a picture is about; None for a view of nothing in particular."""
    twin = rng.random() < TWIN_SHARE
    kinds = TWINS if twin else TARGETS
    kind = kinds[int(rng.integers(len(kinds)))]
    of_kind = [item for item in planted if item.kind is kind]
    return of_kind[int(rng.integers(len(of_kind)))] if of_kind else None


def _aim(district: District, chosen: Planted | None, rng: Generator) -> Shot:
    height = float(rng.uniform(60, 130))
    if chosen is not None:
        spread = 0.2 * height
        x, y = chosen.x_m + rng.uniform(-spread, spread), chosen.y_m + rng.uniform(-spread, spread)
    else:
        x, y = rng.uniform(-800, 800, 2)
    size = int(rng.integers(16, 21)) * 32
    return Shot(float(x), float(y), height, size, float(rng.uniform(0.07, 0.14)))


def _light(rng: Generator) -> Light:
    overcast = rng.random() < 0.25
    return Light(
        sun_azimuth_deg=float(rng.uniform(95, 265)),
        sun_elevation_deg=float(rng.uniform(28, 72)),
        sun_share=float(rng.uniform(0.1, 0.3) if overcast else rng.uniform(0.5, 0.72)),
        sky_share=float(rng.uniform(0.62, 0.8) if overcast else rng.uniform(0.34, 0.48)),
        haze_share=float(rng.uniform(0.0, 0.16)),
        warmth=float(rng.uniform(0, 1)),
    )


def _take(district: District, area: GroundArea, shot: Shot, rng: Generator) -> Photo:
    """Photograph a crop somewhere inside a full picture of 1280 x 960."""
    size, gsd = shot.size_px, shot.gsd_m
    focal = shot.height_agl_m / gsd
    away = rng.uniform(-0.33, 0.33, 2) * focal * np.array([1.2, 0.9])
    centre = (size - 1) / 2 + away
    camera = Camera(size, size, focal, float(centre[0]), float(centre[1]))
    yaw = float(rng.uniform(0, 360))
    turn = np.radians(yaw)
    # Move the camera so that the middle of the crop, not of the picture, shows the object.
    right, down = -away[0] * gsd, -away[1] * gsd
    x = shot.x_m - (right * np.cos(turn) - down * np.sin(turn))
    y = shot.y_m - (-right * np.sin(turn) - down * np.cos(turn))
    lon, lat = district.frame.lonlat_from_xy(np.array([[x, y]]))[0]
    ground = float(district.relief.height_at(np.array([shot.x_m]), np.array([shot.y_m]))[0])
    attitude = Attitude(yaw, -90 + float(rng.normal(0, 2.0)), float(rng.normal(0, 1.0)))
    pose = Pose(GeoPoint(lon, lat, ground + shot.height_agl_m), attitude)
    lens = Lens(
        blur_px=float(rng.uniform(0.45, 1.1)),
        motion_px=float(rng.uniform(0, 2.6)),
        noise=float(rng.uniform(1.0, 5.0)),
        vignette_share=float(rng.uniform(0.05, 0.3)),
        exposure=float(rng.uniform(0.92, 1.42)),
    )
    return photograph(
        area, camera, pose, district.frame, _light(rng), rng, elapsed_s=rng.uniform(0, 60),
        lens=lens,
    )  # fmt: skip


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    ok, data = cv2.imencode(path.suffix, image, options)
    if not ok:
        raise OSError(f"{path}: the picture cannot be encoded")
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data.tobytes())
    os.replace(part, path)


def make_split(out: Path, split: str, first_seed: int, count: int) -> Counter[str]:
    """Write the pictures and masks of one split; return in how many each class occurs."""
    images, masks = out / split / "images", out / split / "masks"
    images.mkdir(parents=True, exist_ok=True)
    masks.mkdir(parents=True, exist_ok=True)
    seen: Counter[str] = Counter()
    seed, done = first_seed, 0
    while done < count:
        for photo in pictures(seed, min(PICTURES_PER_DISTRICT, count - done)):
            name = f"synth_{seed:05d}_{done:05d}"
            quality = 78 + done * 7 % 18
            bgr, options = photo.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
            _write(images / f"{name}.jpg", bgr, options)
            _write(masks / f"{name}.png", photo.label, [])
            seen.update(Label(value).name for value in np.unique(photo.label))
            done += 1
        seed += 1
    return seen


def main() -> None:
    """Parse arguments and make both splits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=420)
    parser.add_argument("--val", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1000, help="1000 or more; demos use 1 to 20")
    arguments = parser.parse_args()
    if arguments.seed < 1000:
        parser.error("--seed must be 1000 or more: smaller seeds are kept for demos and tests")
    cv2.setNumThreads(1)
    for split, first, count in (
        ("train", arguments.seed, arguments.train), ("val", arguments.seed + 5000, arguments.val)
    ):  # fmt: skip
        seen = make_split(arguments.out, split, first, count)
        print(split, count, dict(sorted(seen.items())))


if __name__ == "__main__":
    main()
