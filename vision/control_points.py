"""EDGE: ground control points as OpenDroneMap's `gcp_list.txt` has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from geo.errors import CrsError
from geo.frames import WGS84
from vision.errors import VisionError
from vision.model import Frame
from vision.naming import PhotoNames

FARTHEST_M = 1000.0
"""How far from where a photo was taken a point may lie that the photo shows."""

_GEOD = Geod(ellps="WGS84")
_PLACE_TOLERANCE_M = 0.01  # marks of one point that say the same place


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One mark of a surveyed point in one photo.

    Attributes:
        name: marks of one point share it.
        altitude_m: in the height system of the terrain.
        photo: file name of the photo, or its path below the photo folder.
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
    _refuse_two_places(path, points)
    return tuple(points)


def _refuse_two_places(path: Path, points: Sequence[ControlPoint]) -> None:
    """Refuse a point that lies in one place by one mark and in another by the next."""
    first: dict[str, ControlPoint] = {}
    for mark in points:
        known = first.setdefault(mark.name, mark)
        apart_m = _apart_m((known.lon_deg, known.lat_deg), (mark.lon_deg, mark.lat_deg))
        apart_m = max(apart_m, abs(known.altitude_m - mark.altitude_m))
        if apart_m > _PLACE_TOLERANCE_M:
            raise VisionError(
                f"{path}: point {mark.name} has two places, {apart_m:.2f} m apart, in "
                f"{known.photo} and {mark.photo}. Give each point its own name."
            )


def _apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(_GEOD.inv(*one, *other)[2])


def check_control_points(
    path: Path, marks: Sequence[ControlPoint], frames: Sequence[Frame]
) -> list[str]:
    """Refuse marks that cannot be what they say they are; return what should be known of others.

    Raises:
        VisionError: no mark is of any of the photos, a name may be several photos, a mark lies off
            its picture, or its point farther from the photo than `FARTHEST_M`.
    """
    names = PhotoNames([frame.path for frame in frames])
    missing: list[str] = []
    for mark in marks:
        meant = [frames[number] for number in names.meant(mark.photo)]
        if not meant:
            missing.append(mark.photo)
        elif len(meant) > 1:
            raise VisionError(
                f"{path}: {mark.photo} may be {' or '.join(frame.path for frame in meant)}. Write "
                "the photo with its folder."
            )
        else:
            _refuse_wrong_mark(path, mark, meant[0])
    if len(missing) == len(marks):
        raise VisionError(
            f"{path}: none of its {len(marks)} marks is of one of the {len(frames)} photos; it "
            f"names {missing[0]}, the photos are such as {frames[0].path}"
        )
    if not missing:
        return []
    listed = ", ".join(sorted(set(missing))[:3])
    return [
        f"{path}: {len(missing)} of {len(marks)} marks are of photos that are not here ({listed})"
    ]


def _refuse_wrong_mark(path: Path, mark: ControlPoint, frame: Frame) -> None:
    across = -0.5 <= mark.x_px <= frame.width_px - 0.5
    if not (across and -0.5 <= mark.y_px <= frame.height_px - 0.5) and frame.is_readable:
        raise VisionError(
            f"{path}: point {mark.name} is marked at pixel ({mark.x_px + 0.5:g}, "
            f"{mark.y_px + 0.5:g}) of {mark.photo}, which has {frame.width_px} x "
            f"{frame.height_px} pixels"
        )
    if frame.pose is None:
        return
    place = frame.pose.position
    apart_m = _apart_m((mark.lon_deg, mark.lat_deg), (place.lon_deg, place.lat_deg))
    if apart_m > FARTHEST_M:
        raise VisionError(
            f"{path}: point {mark.name} at ({mark.lon_deg:.5f}, {mark.lat_deg:.5f}) lon/lat lies "
            f"{apart_m / 1000:.1f} km from where {mark.photo} was taken, at most "
            f"{FARTHEST_M / 1000:g} km is possible. Look whether x and y are swapped, and whether "
            "the first line names the right reference system."
        )


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
        photo = PurePosixPath(words[5].replace("\\", "/")).as_posix()
    except (ValueError, IndexError) as error:
        raise VisionError(
            f"{path}: line {number} must be 'x y z pixel_x pixel_y photo [name]'; got "
            f"{' '.join(words)!r}"
        ) from error
    lon, lat = to_wgs84.transform(x, y)
    if not (np.isfinite([lon, lat, z, x_px, y_px]).all() and abs(lon) <= 180 and abs(lat) <= 90):
        raise VisionError(
            f"{path}: line {number} lies outside its reference system: x is {words[0]}, y "
            f"{words[1]} (east or longitude comes first)"
        )
    name = words[6] if len(words) > 6 else f"{x:.3f},{y:.3f},{z:.3f}"
    return ControlPoint(name, float(lon), float(lat), z, photo, x_px - 0.5, y_px - 0.5)
