"""How well does the model see planted things in slanting photos?

    python -m benchmarks.pitch [--seed 1005] [--each 4]

Revisits look at cases from the side, and a photo that shows a place without its thing counts as
"solved". So things planted in a drawn district are photographed from 90 m at several pitches, and
each photo is searched for a detection of their family that meets their outline.
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
from geo.projection import pixels_from_ground
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

PITCHES_DEG = (-90, -65, -50, -45)
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


def is_seen(look: Look, district: District, detector: OnnxDetector, folder: Path) -> bool:
    """Whether a detection of the thing's family meets its outline in the photo."""
    (frame,) = [frame for frame in read_frames(folder) if frame.path == look.path.name]
    assert frame.pose is not None, "we wrote its tags ourselves"
    assert frame.camera is not None, "we wrote its tags ourselves"
    corners = np.array(look.item.polygon.exterior.coords)[:, :2]
    points = np.column_stack([corners, np.full(len(corners), ground_m(district, look.item))])
    outline = Polygon(pixels_from_ground(points, frame.camera, frame.pose, district.frame))
    found = detect_frame(frame, folder, detector, PolygonRules())
    wanted = CLASSES[look.item.kind]
    return any(
        entry.class_name in wanted and entry.polygon_px.intersects(outline.buffer(8))
        for entry in found
    )


def main() -> None:
    """Print how many of each kind are seen at each pitch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1005)
    parser.add_argument("--each", type=int, default=4)
    given = parser.parse_args()
    district = make_district(given.seed)
    planted = plant(district, district.patrol_codes[:6], given.seed, PLANTED)
    detector, rng = open_detector(SHIPPED_MODEL), np.random.default_rng(given.seed)
    seen: defaultdict[tuple[str, float], list[bool]] = defaultdict(list)
    for item in chosen(planted, given.each):
        with tempfile.TemporaryDirectory() as folder:
            for look in take(district, planted, item, Path(folder), rng):
                is_there = is_seen(look, district, detector, Path(folder))
                seen[item.kind.value, look.pitch_deg].append(is_there)
    for (kind, pitch_deg), told in sorted(seen.items()):
        print(f"{kind} at {pitch_deg:g} degrees: seen in {sum(told)} of {len(told)}")


if __name__ == "__main__":
    main()
