"""EDGE: poses that another program has found: tables, OpenDroneMap, COLMAP, DJI event marks."""

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pyproj import Transformer

from geo.frames import Array
from geo.pose import Attitude, GeoPoint, PoseSigma, attitude_from_R
from vision.bundle import rotations
from vision.errors import VisionError

_MARK = re.compile(
    r"^\s*(\d+)\s.*?([-\d.]+),Lat\s+([-\d.]+),Lon\s+([-\d.]+),Ellh\s+"
    r"([\d.]+),\s*([\d.]+),\s*([\d.]+)\s+(\d+),Q"
)
_NUMBER_IN_NAME = re.compile(r"_(\d{4})(?:_[A-Z]+)?$")
SFM_SIGMA = PoseSigma(1.5, 3.0, 0.1, 0.1)
"""Of poses of a bundle adjustment: sure between photos, as unsure as GNSS on the whole."""


@dataclass(frozen=True, slots=True)
class FoundPose:
    """What another program says of one photo.

    Attributes:
        attitude: None where only the position is known (event marks); its altitude is above the
            ellipsoid then, otherwise in the height system of the program's input.
    """

    position: GeoPoint
    attitude: Attitude | None
    sigma: PoseSigma | None
    source: str


@dataclass(frozen=True, eq=False, slots=True)
class ModelPose:
    """A pose in the free coordinates of a model without place, size and north.

    Attributes:
        centre: (3,).
        R: (3, 3) model from camera.
    """

    centre: Array
    R: Array


@dataclass(frozen=True, slots=True)
class PoseFile:
    """Poses by file name; those of a model need the photos' own places to be put on the ground."""

    found: Mapping[str, FoundPose]
    model: Mapping[str, ModelPose]


def read_pose_file(path: Path) -> PoseFile:
    """Read `reconstruction.json`, COLMAP's `images.txt`, `.MRK` or a table in `.csv`.

    A table has a header with `name, lon, lat, altitude` and `yaw, pitch, roll` (gimbal convention)
    or `omega, phi, kappa` (degrees, axes east, north, up).

    Raises:
        VisionError: not one of these, or a line that is wrong; it is named.
    """
    readers: dict[str, Callable[[Path, str], PoseFile]] = {
        ".json": _open_sfm,
        ".txt": _colmap,
        ".mrk": _marks,
        ".csv": _table,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise VisionError(f"{path}: poses come as {', '.join(readers)}; got {path.suffix!r}")
    try:
        poses = reader(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise VisionError(f"{path}: cannot be read as text ({error})") from error
    if not poses.found and not poses.model:
        raise VisionError(f"{path}: holds no poses")
    return poses


def _table(path: Path, text: str) -> PoseFile:
    rows = csv.DictReader(text.splitlines())
    found = {}
    for row in rows:
        try:
            lon, lat, altitude = (float(row[key]) for key in ("lon", "lat", "altitude"))
            place, attitude = GeoPoint(lon, lat, altitude), _table_attitude(row)
            found[row["name"]] = FoundPose(place, attitude, None, f"table {path.name}")
        except (KeyError, TypeError, ValueError) as error:
            raise VisionError(
                f"{path}: line {rows.line_num}: needs name, lon, lat, altitude and yaw, pitch, "
                f"roll or omega, phi, kappa ({error})"
            ) from error
    return PoseFile(found, {})


def _table_attitude(row: Mapping[str, str]) -> Attitude:
    if "yaw" in row:
        return Attitude(float(row["yaw"]), float(row["pitch"]), float(row["roll"]))
    return attitude_from_omega_phi_kappa(*(float(row[key]) for key in ("omega", "phi", "kappa")))


def attitude_from_omega_phi_kappa(omega_deg: float, phi_deg: float, kappa_deg: float) -> Attitude:
    """Gimbal angles of photogrammetric ones (Kraus 2007, section 2.1.1: R = R_x R_y R_z).

    These turn image axes (right, up, back) to east, north, up.

    >>> attitude_from_omega_phi_kappa(0.0, 0.0, 0.0).pitch_deg
    -90.0
    """
    x, y, z = (
        rotations(np.radians([axis]))[0]
        for axis in ([omega_deg, 0.0, 0.0], [0.0, phi_deg, 0.0], [0.0, 0.0, kappa_deg])
    )
    return attitude_from_R(x @ y @ z @ np.diag([1.0, -1.0, -1.0]))


def _marks(path: Path, text: str) -> PoseFile:
    """DJI's `Timestamp.MRK`: one line per release of the shutter, by its running number."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _MARK.match(line)
        if match is None:
            raise VisionError(f"{path}: line {number} is no event mark of DJI: {line[:60]!r}")
        lat, lon, height, north, east, up = (float(match[k]) for k in range(2, 8))
        sigma = PoseSigma(max(north, east, 0.03), max(up, 0.05))
        source = f"event mark {match[1]}, quality {match[8]}"
        place = GeoPoint(lon, lat, height)
        found[f"{int(match[1]):04d}"] = FoundPose(place, None, sigma, source)
    return PoseFile(found, {})


def _open_sfm(path: Path, text: str) -> PoseFile:
    """OpenSfM's reconstruction, also of OpenDroneMap (`opensfm/`): east, north, up."""
    try:
        parts = json.loads(text)
        found: dict[str, FoundPose] = {}
        for part in parts:
            found |= _shots(part)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise VisionError(
            f"{path}: no reconstruction of OpenSfM with reference_lla and shots ({error})"
        ) from error
    return PoseFile(found, {})


def _shots(part: Mapping[str, Any]) -> dict[str, FoundPose]:
    origin = part["reference_lla"]
    to_geographic = Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 "
        f"+lon_0={origin['longitude']} +lat_0={origin['latitude']} +h_0={origin['altitude']} "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    found = {}
    for name, shot in part["shots"].items():
        R_enu_camera = rotations(np.array([shot["rotation"]], dtype=np.float64))[0].T
        centre = -R_enu_camera @ np.array(shot["translation"], dtype=np.float64)
        lon, lat, height = to_geographic.transform(*centre)
        place, attitude = GeoPoint(lon, lat, height), attitude_from_R(R_enu_camera)
        source = "OpenSfM reconstruction"
        found[PurePosixPath(name).name] = FoundPose(place, attitude, SFM_SIGMA, source)
    return found


def _colmap(path: Path, text: str) -> PoseFile:
    """COLMAP's `images.txt`: two lines per image, of which the first has the pose."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line[:1] != "#"]
    model = {}
    for number, line in lines[::2]:
        words = line.split(maxsplit=9)
        if not words:
            continue
        try:
            w, x, y, z = (float(word) for word in words[1:5])
            translation = np.array([float(word) for word in words[5:8]])
            name = PurePosixPath(words[9]).name
        except (ValueError, IndexError) as error:
            raise VisionError(
                f"{path}: line {number} must be 'id qw qx qy qz tx ty tz camera name'"
            ) from error
        R = _from_quaternion(np.array([w, x, y, z])).T
        model[name] = ModelPose(-R @ translation, R)
    return PoseFile({}, model)


def _from_quaternion(wxyz: Array) -> Array:
    """Rotation matrix of a quaternion of any length but zero."""
    w, x, y, z = wxyz / np.linalg.norm(wxyz)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def pose_of(poses: Mapping[str, FoundPose], path: str) -> FoundPose | None:
    """Pose of a photo by its path, its file name, or the running number in it (event marks)."""
    name = PurePosixPath(path)
    number = _NUMBER_IN_NAME.search(name.stem)
    by_name = poses.get(path) or poses.get(name.name)
    return by_name or (poses.get(number[1]) if number else None)
