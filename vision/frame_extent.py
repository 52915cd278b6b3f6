"""EDGE: what a frame table says of all its photos together, read without a frame for each."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import Array
from vision.frame_table import read_columns
from vision.model import Frame

_CAMERA = (
    "camera_width_px", "camera_height_px", "focal_px", "centre_x_px", "centre_y_px", "distortion",
)  # fmt: skip
_NUMBERS = ("lon_deg", "lat_deg", "altitude_amsl_m", "pitch_deg", "gsd_m", "focal_px")
_COLUMNS = (
    "photo_id",
    "reasons",
    "taken_at",
    *_NUMBERS,
    *(name for name in _CAMERA if name not in _NUMBERS),
)

_FLATTEST_DEG = 85.0
"""From straight down; what looks flatter is taken to show everything up to the horizon."""
_SLACK_SHARE, _SLACK_M = 0.05, 1.0
"""Of a reach, by which it is told larger: the earth falls away below flat rays."""
_M_DEG = 110_500.0
"""No degree of latitude, or of longitude at the equator, has fewer metres."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Between which limits the photos of a table lie that know time, camera and pose.

    Attributes:
        first_s, last_s: when they were taken, seconds since 1970.
        west_deg, south_deg, east_deg, north_deg: from where.
        highest_amsl_m: of the cameras.
        furthest_m: from a camera to the ground in the middle of its picture, by GSD; NaN where no
            photo knows.
        flattest_deg: of all directions that the pictures show, from straight down.
    """

    first_s: float
    last_s: float
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float
    highest_amsl_m: float
    furthest_m: float
    flattest_deg: float

    def may_show(self, lon_deg: float, lat_deg: float, ground_amsl_m: float | None) -> bool:
        """Whether a photo can show a place; False is certain.

        `ground_amsl_m` is None where only the photos tell how far below them the ground is.
        """
        if self.flattest_deg > _FLATTEST_DEG:
            return True
        below_m = self.furthest_m if ground_amsl_m is None else self.highest_amsl_m - ground_amsl_m
        if not below_m >= 0:  # nor where it is not known
            return False
        slope = math.tan(math.radians(self.flattest_deg))
        reach_deg = (below_m * slope * (1 + _SLACK_SHARE) + _SLACK_M) / _M_DEG
        if not self.south_deg - reach_deg <= lat_deg <= self.north_deg + reach_deg:
            return False
        across_deg = reach_deg / max(math.cos(math.radians(abs(lat_deg) + reach_deg)), 1e-3)
        return self.west_deg - across_deg <= lon_deg <= self.east_deg + across_deg


@dataclass(frozen=True, slots=True)
class FrameExtent:
    """Which photos a table has; those whose files hold no picture are left out.

    Attributes:
        photo_ids: in the order of the table.
        places_deg: (N, 2) float64, lon and lat from where those were taken that know it.
        outlook: None where no photo knows time, camera and pose.
    """

    photo_ids: tuple[str, ...]
    places_deg: Array
    outlook: Outlook | None


def read_extent(path: Path) -> FrameExtent:
    """Read the extent of what `write_frames` wrote.

    Raises:
        VisionError: the file is not there, or is no frame table.
    """
    table = read_columns(path, _COLUMNS)
    table = table.filter(pa.array(_is_whole(table)))
    lon, lat = (_floats(table, name) for name in ("lon_deg", "lat_deg"))
    is_placed = np.isfinite(lon)
    return FrameExtent(
        tuple(table["photo_id"].to_pylist()),
        np.column_stack([lon, lat])[is_placed],
        _outlook(table),
    )


def outlook_of(frame: Frame) -> Outlook | None:
    """The outlook of one photo; None where it does not know time, camera and pose."""
    if frame.taken_at is None or frame.camera is None or frame.pose is None:
        return None
    at_s, place = frame.taken_at.timestamp(), frame.pose.position
    return Outlook(
        at_s, at_s, place.lon_deg, place.lat_deg, place.lon_deg, place.lat_deg,
        highest_amsl_m=place.altitude_amsl_m,
        furthest_m=float("nan") if frame.gsd_m is None else frame.gsd_m * frame.camera.focal_px,
        flattest_deg=abs(90.0 + frame.pose.attitude.pitch_deg) + _half_angle_deg(frame.camera),
    )  # fmt: skip


def _is_whole(table: pa.Table) -> NDArray[np.bool_]:
    """Of which photos (N,) the file holds a picture, as `Frame.is_readable` has it."""
    reasons = table["reasons"].combine_chunks()
    rows = pc.list_parent_indices(reasons)
    is_meant = pc.starts_with(pc.list_flatten(reasons), "unreadable")
    whole = np.ones(len(table), dtype=np.bool_)
    whole[rows.filter(is_meant).to_numpy()] = False
    return whole


def _floats(table: pa.Table, name: str) -> Array:
    """A column (N,) float64, NaN where nothing is known."""
    column: Array = table[name].cast(pa.float64()).to_numpy()
    return column


def _outlook(table: pa.Table) -> Outlook | None:
    numbers = {name: _floats(table, name) for name in _NUMBERS}
    is_used = table["taken_at"].is_valid().to_numpy()
    for name in ("lon_deg", "focal_px"):
        is_used = is_used & np.isfinite(numbers[name])
    if not is_used.any():
        return None
    used = table.filter(pa.array(is_used))
    lon, lat, altitude, pitch, gsd, focal = (numbers[name][is_used] for name in _NUMBERS)
    taken_us = used["taken_at"].cast(pa.int64()).to_numpy()
    away_m = gsd * focal
    off_nadir_deg = np.abs(90.0 + pitch)
    return Outlook(
        first_s=float(taken_us.min()) / 1e6,
        last_s=float(taken_us.max()) / 1e6,
        west_deg=float(lon.min()),
        south_deg=float(lat.min()),
        east_deg=float(lon.max()),
        north_deg=float(lat.max()),
        highest_amsl_m=float(altitude.max()),
        furthest_m=float(np.nanmax(away_m)) if np.isfinite(away_m).any() else float("nan"),
        flattest_deg=float(off_nadir_deg.max()) + _widest_deg(used),
    )


def _widest_deg(table: pa.Table) -> float:
    """Largest angle between the optical axis and what the pictures show."""
    rows = zip(*(table[name].to_pylist() for name in _CAMERA), strict=True)
    cameras = {
        Camera(width, height, focal, x, y, (k1, k2, p1, p2, k3))
        for width, height, focal, x, y, (k1, k2, p1, p2, k3) in rows
    }
    return max(_half_angle_deg(camera) for camera in cameras)


@lru_cache(64)
def _half_angle_deg(camera: Camera) -> float:
    rays = camera.rays_from_pixels(camera.border_pixels())
    return float(np.degrees(np.arccos(rays[:, 2].min())))
