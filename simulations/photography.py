"""EDGE: the photos that a simulated flight brings home."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from geo.camera import Camera
from geo.pose import Pose
from geo.projection import R_local_from_camera
from geo.track import CameraEvent
from simulations.camera import render
from simulations.exposures import TrueExposure
from simulations.ground import build_area
from simulations.layout import District
from simulations.light import Light
from simulations.planting import Planted
from simulations.raycast import LOWEST_RAY
from simulations.recording import write_photo

MARGIN_M = 130.0
"""Around the places of the photos: as far as a picture from above reaches, and the shadows into it.
"""

SHADOWS_M = 20.0
"""Around what a slanting picture shows."""

LARGEST_M2 = 800.0**2
"""Of ground that is built at once; it takes some 10 bytes for each 0.1 m."""

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Roll:
    """The exposures of one sortie, not yet rendered.

    Attributes:
        exposures: where the camera really was.
        events: where the vehicle believed it to be, one for each exposure; this is what the
            photos' tags say, but for their time and pitch, which are the camera's own.
    """

    sortie_code: str
    exposures: tuple[TrueExposure, ...]
    events: tuple[CameraEvent, ...]

    def __post_init__(self) -> None:
        """Refuse a roll whose photos cannot be told apart."""
        if [item.index for item in self.exposures] != [event.index for event in self.events]:
            raise ValueError(
                f"sortie {self.sortie_code}: {len(self.exposures)} exposures and "
                f"{len(self.events)} camera events do not belong together"
            )


def take_photos(
    district: District,
    planted: Sequence[Planted],
    roll: Roll,
    camera: Camera,
    folder: Path,
    light: Light,
) -> int:
    """Render and write every photo of a roll; returns how many.

    The ground is built once for photos that are taken near each other; the same arguments give the
    same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not roll.exposures:
        return 0
    start = roll.exposures[0].time
    taken = list(zip(roll.exposures, roll.events, strict=True))
    for bounds_m, count in _grounds([_bounds_m(district, camera, e.pose) for e, _ in taken]):
        area = build_area(district, planted, bounds_m)
        for exposure, event in taken[:count]:
            rgb = render(
                area,
                camera,
                exposure.pose,
                district.frame,
                light,
                np.random.default_rng([district.seed, exposure.index]),
                elapsed_s=(exposure.time - start).total_seconds(),
            )
            told = replace(event.attitude, pitch_deg=exposure.told_pitch_deg)
            measured = Pose(event.position, told, source="simulated vehicle")
            path = folder / f"{roll.sortie_code}_{event.index:04d}.jpg"
            tagged = event.time + timedelta(seconds=exposure.clock_error_s)
            write_photo(path, rgb, measured, camera, tagged, height_home_m=event.height_home_m)
        del taken[:count]
    return len(roll.exposures)


def _grounds(shown: Sequence[Bounds]) -> Iterator[tuple[Bounds, int]]:
    """Bounds around as many photos as are built at once, and how many they are, in order."""
    around, count = shown[0], 1
    for bounds in shown[1:]:
        both = _joined(around, bounds)
        if (both[2] - both[0]) * (both[3] - both[1]) > LARGEST_M2:
            yield around, count
            around, count = bounds, 0
        else:
            around = both
        count += 1
    yield around, count


def _joined(one: Bounds, other: Bounds) -> Bounds:
    west, south = min(one[0], other[0]), min(one[1], other[1])
    return west, south, max(one[2], other[2]), max(one[3], other[3])


def _bounds_m(district: District, camera: Camera, pose: Pose) -> Bounds:
    """Area that a photo can show, local metres."""
    place = pose.position
    x, y = district.frame.xy_from_lonlat(np.array([[place.lon_deg, place.lat_deg]]))[0].tolist()
    rays = camera.rays_from_pixels(camera.border_pixels())
    rays = rays @ R_local_from_camera(pose, district.frame).T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    drop_m = place.altitude_amsl_m - float(district.relief.heights_amsl_m.min())
    reach = rays[:, :2] / np.maximum(-rays[:, 2:], LOWEST_RAY) * drop_m
    (left, low), (right, high) = reach.min(axis=0).tolist(), reach.max(axis=0).tolist()
    return _joined(
        (x - MARGIN_M, y - MARGIN_M, x + MARGIN_M, y + MARGIN_M),
        (x + left - SHADOWS_M, y + low - SHADOWS_M, x + right + SHADOWS_M, y + high + SHADOWS_M),
    )
