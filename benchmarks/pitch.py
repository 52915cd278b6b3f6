"""How well does the model see planted things in slanting photos?

    python -m benchmarks.pitch [--seed 1005] [--each 4]

Revisits look at cases from the side, and a photo that shows a place without its thing counts as
"solved". So things planted in a drawn district are photographed from 90 m at several pitches, and
each photo is searched for a detection of their family that meets their outline. How large it looks
on the ground beside what it is says how far views from the side may be trusted for growth.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from shapely import Polygon

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels, pixels_from_ground
from geo.terrain import FlatTerrain
from simulations.camera import render
from simulations.ground import build_area
from simulations.layout import District
from simulations.light import Light
from simulations.planting import Counts, Kind, Planted, plant
from simulations.recording import write_photo
from simulations.town import make_district
from vision.detector import OnnxDetector, detect_frame, open_detector
from vision.frames import read_frames
from vision.package import SHIPPED_MODEL
from vision.polygons import PolygonRules

PITCHES_DEG = (-90, -75, -65, -50, -45, -40, -35, -30)
SLANT_M = 90.0
REACH_M = 420.0
"""So far around a thing the ground is drawn: the flattest view ends within it."""
CAMERA = Camera.centred(1280, 960, 1200.0)
TAKEN = datetime(2026, 6, 15, 2, tzinfo=UTC)
HOUSES = frozenset({"building", "construction"})
CLASSES = {
    Kind.NEW_BUILDING: HOUSES,
    Kind.UNFINISHED: HOUSES,
    Kind.BURN_SCAR: frozenset({"burn_scar"}),
    Kind.BOAT: frozenset({"boat"}),
    Kind.CAGES: frozenset({"fishing_gear"}),
}
PLANTED = Counts(
    new_building=14, unfinished_building=20, open_burning=0, burn_scar=18, boat_on_closed_water=24,
    cages_on_closed_water=20,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """A photo of a planted thing."""

    item: Planted
    pitch_deg: float
    path: Path


def chosen(planted: Sequence[Planted], each: int) -> Iterator[Planted]:
    """Take so many things of each kind, smoke left out."""
    for kind in CLASSES:
        yield from [item for item in planted if item.kind is kind][:each]


def take(
    district: District,
    planted: Sequence[Planted],
    item: Planted,
    folder: Path,
    rng: np.random.Generator,
) -> Iterator[Look]:
    """Photograph a thing from the south at every pitch."""
    x_m, y_m = item.x_m, item.y_m
    around = (x_m - REACH_M, y_m - REACH_M, x_m + REACH_M, y_m + REACH_M)
    area = build_area(district, planted, around)
    for pitch_deg in PITCHES_DEG:
        back, up = SLANT_M * np.cos(np.radians(pitch_deg)), -SLANT_M * np.sin(np.radians(pitch_deg))
        lon_deg, lat_deg = district.frame.lonlat_from_xy(np.array([[x_m, y_m - back]]))[0]
        place = GeoPoint(float(lon_deg), float(lat_deg), ground_m(district, item) + float(up))
        pose = Pose(place, Attitude(0.0, float(pitch_deg)))
        path = folder / f"{item.kind.value}_{x_m:.0f}_{y_m:.0f}_{-pitch_deg}.jpg"
        rgb = render(area, CAMERA, pose, district.frame, Light(), rng)
        write_photo(path, rgb, pose, CAMERA, TAKEN, height_home_m=float(up))
        yield Look(item, pitch_deg, path)


def ground_m(district: District, item: Planted) -> float:
    """Height of the ground below a thing."""
    return float(district.relief.height_at(np.array([item.x_m]), np.array([item.y_m]))[0])


def told_share(
    look: Look, district: District, detector: OnnxDetector, folder: Path
) -> float | None:
    """How large a detection of the thing's family at its outline is, as a share of its true area.

    On level ground below the thing; None where the photo has no such detection.
    """
    (frame,) = [frame for frame in read_frames(folder) if frame.path == look.path.name]
    assert frame.pose is not None, "we wrote its tags ourselves"
    assert frame.camera is not None, "we wrote its tags ourselves"
    corners = np.array(look.item.polygon.exterior.coords)[:, :2]
    points = np.column_stack([corners, np.full(len(corners), ground_m(district, look.item))])
    outline = Polygon(pixels_from_ground(points, frame.camera, frame.pose, district.frame))
    found = detect_frame(frame, folder, detector, PolygonRules())
    near = [
        entry
        for entry in found
        if entry.class_name in CLASSES[look.item.kind]
        and entry.polygon_px.intersects(outline.buffer(8))
    ]
    if not near:
        return None
    best = max(near, key=lambda entry: entry.polygon_px.intersection(outline).area)
    pixels = np.array(best.polygon_px.exterior.coords)[:, :2]
    level = FlatTerrain(ground_m(district, look.item))
    lying = ground_from_pixels(pixels, frame.camera, frame.pose, level, district.frame)
    return Polygon(lying[:, :2]).area / look.item.polygon.area


def main() -> None:
    """Print how many of each kind are seen at each pitch, and how large."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1005)
    parser.add_argument("--each", type=int, default=4)
    given = parser.parse_args()
    district = make_district(given.seed)
    planted = plant(district, district.patrol_codes[:6], given.seed, PLANTED)
    detector, rng = open_detector(SHIPPED_MODEL), np.random.default_rng(given.seed)
    told: defaultdict[tuple[str, float], list[float | None]] = defaultdict(list)
    for item in chosen(planted, given.each):
        with tempfile.TemporaryDirectory() as folder:
            for look in take(district, planted, item, Path(folder), rng):
                share = told_share(look, district, detector, Path(folder))
                told[item.kind.value, look.pitch_deg].append(share)
    for (kind, pitch_deg), shares in sorted(told.items()):
        print(f"{kind} at {pitch_deg:g} degrees: {_said(shares)}", flush=True)


def _said(shares: Sequence[float | None]) -> str:
    """Tell how many were seen, and how large at the median and the most."""
    seen = sorted(share for share in shares if share is not None)
    if not seen:
        return f"seen in 0 of {len(shares)}"
    middle, most = float(np.median(seen)), seen[-1]
    return f"seen in {len(seen)} of {len(shares)}, {middle:.2f} of its area, {most:.2f} at most"


if __name__ == "__main__":
    main()
