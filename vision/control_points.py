"""EDGE: ground control points as OpenDroneMap's `gcp_list.txt` has them."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo.errors import CrsError
from geo.frames import WGS84
from vision.errors import VisionError


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One mark of a surveyed point in one photo.

    Attributes:
        name: marks of one point share it.
        altitude_m: in the height system of the terrain.
        photo: file name of the photo.
        x_px, y_px: from the centre of the top-left pixel.
        sigma_m: of the point's place, in each direction.
    """

    name: str
    lon_deg: float
    lat_deg: float
    altitude_m: float
    photo: str
    x_px: float
    y_px: float
    sigma_m: float = 0.03


def read_control_points(path: Path) -> tuple[ControlPoint, ...]:
    """Read a list: first line the reference system, then `x y z pixel_x pixel_y photo [name]`.

    Pixels are counted from the outer corner of the first pixel, as OpenDroneMap does.

    Raises:
        VisionError: the file cannot be read, or a line is not of this form; the line is named.
        CrsError: the first line names no reference system.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VisionError(f"{path}: cannot be read as text ({error})") from error
    rows = [(n, line.split()) for n, line in enumerate(lines, start=1) if _has_words(line)]
    if not rows:
        raise VisionError(f"{path}: is empty; give a gcp_list.txt of OpenDroneMap")
    to_wgs84 = Transformer.from_crs(_crs(path, lines[rows[0][0] - 1]), WGS84, always_xy=True)
    points = [_point(path, number, words, to_wgs84) for number, words in rows[1:]]
    if not points:
        raise VisionError(f"{path}: holds no control point after its first line")
    return tuple(points)


def _has_words(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _crs(path: Path, text: str) -> CRS:
    words = text.upper().split()
    try:
        if len(words) >= 3 and words[:2] == ["WGS84", "UTM"]:
            zone, south = int(words[2].rstrip("NS")), words[2].endswith("S")
            return CRS.from_epsg((32700 if south else 32600) + zone)
        return CRS.from_user_input(text.strip())
    except (CRSError, ValueError) as error:
        raise CrsError(
            f"{path}: the first line must name the reference system, for example EPSG:32650 or "
            f"'WGS84 UTM 50N'; got {text.strip()!r}"
        ) from error


def _point(path: Path, number: int, words: list[str], to_wgs84: Transformer) -> ControlPoint:
    try:
        x, y, z, x_px, y_px = (float(word) for word in words[:5])
        photo = PurePosixPath(words[5]).name
    except (ValueError, IndexError) as error:
        raise VisionError(
            f"{path}: line {number} must be 'x y z pixel_x pixel_y photo [name]'; got "
            f"{' '.join(words)!r}"
        ) from error
    lon, lat = to_wgs84.transform(x, y)
    if not np.isfinite([lon, lat, z, x_px, y_px]).all():
        raise VisionError(f"{path}: line {number} lies outside its reference system")
    name = words[6] if len(words) > 6 else f"{x:.3f},{y:.3f},{z:.3f}"
    return ControlPoint(name, float(lon), float(lat), z, photo, x_px - 0.5, y_px - 0.5)
