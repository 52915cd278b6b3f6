"""EDGE: the photos that a simulated flight brings home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from geo.camera import Camera
from geo.pose import Pose
from geo.track import CameraEvent
from simulations.camera import render
from simulations.exposures import TrueExposure
from simulations.ground import build_area
from simulations.layout import District
from simulations.light import Light
from simulations.planting import Planted
from simulations.recording import write_photo

MARGIN_M = 130.0
"""Around the places of the photos: as far as a picture reaches, and the shadows into it."""


@dataclass(frozen=True, slots=True)
class Roll:
    """The exposures of one sortie, not yet rendered.

    Attributes:
        exposures: where the camera really was.
        events: where the vehicle believed it to be, one for each exposure; this is what the
            photos' tags say, but for their time, which is the camera's own.
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

    The ground is built once for all of them; the same arguments give the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    poses = [item.pose for item in roll.exposures]
    if not poses:
        return 0
    area = build_area(district, planted, _bounds_m(district, poses))
    start = roll.exposures[0].time
    for exposure, event in zip(roll.exposures, roll.events, strict=True):
        rgb = render(
            area,
            camera,
            exposure.pose,
            district.frame,
            light,
            np.random.default_rng([district.seed, exposure.index]),
            elapsed_s=(exposure.time - start).total_seconds(),
        )
        measured = Pose(event.position, event.attitude, source="simulated vehicle")
        path = folder / f"{roll.sortie_code}_{event.index:04d}.jpg"
        tagged = event.time + timedelta(seconds=exposure.clock_error_s)
        write_photo(path, rgb, measured, camera, tagged, height_home_m=event.height_home_m)
    return len(poses)


def _bounds_m(district: District, poses: Sequence[Pose]) -> tuple[float, float, float, float]:
    """Area that the photos can show, local metres."""
    lonlat = np.array([(p.position.lon_deg, p.position.lat_deg) for p in poses])
    xy = district.frame.xy_from_lonlat(lonlat)
    west, south = xy.min(axis=0) - MARGIN_M
    east, north = xy.max(axis=0) + MARGIN_M
    return float(west), float(south), float(east), float(north)
