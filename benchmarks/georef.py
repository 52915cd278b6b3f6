"""How well do photos place a pixel on the ground? Adapter for a bench with truth.

Run it with the bench that lies beside the test data:

    PYTHONPATH=. python $AEROGRID_DATA/georef/bench/score.py benchmarks.georef \
        $AEROGRID_DATA/georef/brighton/scene12.json
"""

from functools import cache, partial
from pathlib import Path

import numpy as np
import shapely

from geo.frames import Array, LocalFrame
from geo.projection import ground_from_pixels
from geo.raster import read_terrain
from geo.terrain import RasterTerrain
from vision.adjustment import adjust_frames
from vision.errors import PhotoError
from vision.frames import read_for_matching, read_frames
from vision.model import Frame


def locate(
    image_path: str,
    pixels: Array,
    dem_path: str,
    *,
    trust_edited: bool = False,
    adjust: bool = False,
) -> Array:
    """Ground points (N, 3) lon, lat, altitude of pixels (N, 2); NaN where there is none.

    The bench counts pixels from the outer corner of the first pixel, aerogrid from its centre. With
    `adjust` all photos of the folder are matched first; score it with `adjust=true`.
    """
    folder = Path(image_path).parent
    frames = _adjusted(folder, dem_path) if adjust else _frames(folder, dem_path, trust_edited)
    frame = frames[Path(image_path).stem]
    if frame.camera is None or frame.pose is None:
        raise PhotoError(f"{image_path}: {'; '.join(frame.reasons)}")
    place = frame.pose.position
    local = LocalFrame.around(shapely.Point(place.lon_deg, place.lat_deg))
    pixels_px = np.asarray(pixels, dtype=np.float64) - 0.5
    ground = ground_from_pixels(pixels_px, frame.camera, frame.pose, _terrain(dem_path), local)
    return np.column_stack([local.lonlat_from_xy(ground[:, :2]), ground[:, 2]])


@cache
def _terrain(dem_path: str) -> RasterTerrain:
    return read_terrain(Path(dem_path))


@cache
def _frames(folder: Path, dem_path: str, trust_edited: bool) -> dict[str, Frame]:
    frames = read_frames(folder, terrain=_terrain(dem_path), trust_edited=trust_edited)
    return {Path(frame.path).stem: frame for frame in frames}


@cache
def _adjusted(folder: Path, dem_path: str) -> dict[str, Frame]:
    frames = tuple(_frames(folder, dem_path, trust_edited=True).values())
    done = adjust_frames(frames, partial(read_for_matching, folder), _terrain(dem_path))
    return {Path(frame.path).stem: frame for frame in done.frames}
