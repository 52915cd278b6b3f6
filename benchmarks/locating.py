"""How fast are pixels located, tags read and photos adjusted? CPU time on one core but the last."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from affine import Affine

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from geo.projection import ground_from_pixels
from geo.raster import read_terrain
from geo.terrain import RasterTerrain
from vision.adjustment import adjust_frames
from vision.frames import read_for_matching, read_frames
from vision.images import list_photos, read_tags
from vision.intrinsics import intrinsics_of
from vision.metadata import attitude_of, position_of, sigma_of, taken_at_of
from vision.model import Frame

_VERTICES = 400_000
_STEP_DEG = 0.01  # between copies of the block of photos


def cpu_s(task: Callable[[], object]) -> float:
    """Seconds of CPU time of the whole process."""
    start = time.process_time()
    task()
    return time.process_time() - start


def vertices_per_s() -> float:
    """Pixels of a slanted camera with distortion, put on hills."""
    local = LocalFrame(119.3, 33.2)
    along = np.arange(600) / 20
    hills = (np.add.outer(np.sin(along), np.cos(along)) * 8 + 50).astype(np.float32)
    terrain = RasterTerrain(hills, Affine(2, 0, -600, 0, -2, 600), local.crs)
    camera = Camera(4000, 3000, 3000, 1999.5, 1499.5, (0.01, -0.02, 0.001, 0.001, 0.002))
    pose = Pose(GeoPoint(119.3, 33.2, 150), Attitude(30, -60, 0))
    pixels = np.random.default_rng(0).uniform([0, 0], [4000, 3000], (_VERTICES, 2))
    return _VERTICES / cpu_s(lambda: ground_from_pixels(pixels, camera, pose, terrain, local))


def photos_per_s(folder: Path) -> float:
    """Read the tags of photos and make camera, place, attitude, doubt and time of them."""
    paths = list_photos(folder) * 10

    def read() -> None:
        for path in paths:
            tags = read_tags(path)
            for reader in (intrinsics_of, position_of, attitude_of, sigma_of, taken_at_of):
                reader(tags)

    return len(paths) / cpu_s(read)


def adjusting_s(brighton: Path, photos: int) -> tuple[int, float, float]:
    """Adjust copies of the block of 18 photos, a kilometre apart; CPU and wall time."""
    folder, terrain = brighton / "images", read_terrain(brighton / "dsm.tif")
    one = read_frames(folder, terrain=terrain, trust_edited=True)
    frames = [_moved(frame, k) for k in range(-(-photos // len(one))) for frame in one][:photos]
    wall = time.perf_counter()
    # Level ground: the terrain of the photos lies under one copy only.
    seconds = cpu_s(lambda: adjust_frames(frames, partial(read_for_matching, folder)))
    return len(frames), seconds, time.perf_counter() - wall


def _moved(frame: Frame, copy: int) -> Frame:
    if frame.pose is None:
        return frame
    place = replace(frame.pose.position, lat_deg=frame.pose.position.lat_deg - copy * _STEP_DEG)
    name = f"{copy:02d}/{frame.photo_id}"
    return replace(frame, photo_id=name, pose=replace(frame.pose, position=place))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brighton", type=Path, help="georef/brighton of the test data")
    parser.add_argument("--photos", type=int, default=200, help="photos to adjust")
    arguments = parser.parse_args()
    print(f"pixel to DEM: {vertices_per_s():,.0f} vertices a second of CPU")
    print(f"metadata: {photos_per_s(arguments.brighton / 'images'):,.0f} photos a second of CPU")
    count, cpu, wall = adjusting_s(arguments.brighton, arguments.photos)
    print(f"adjusting {count} photos: {cpu:.0f} s of CPU, {wall:.0f} s on the clock")


if __name__ == "__main__":
    main()
