"""Which strip of ground does a tilted camera see for sure, how finely, and how far ahead."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import Array
from missions.errors import MissionError
from missions.model import Drone
from missions.settings import SurveySettings

LEAST_DEPRESSION_DEG = 5.0  # a picture's top edge nearer to the horizon shows no ground to map
_TRIED_ANGLES = 4001


@dataclass(frozen=True, slots=True)
class Sight:
    """Ground ahead of a camera that is in its picture whatever the ground's height there.

    A trapezoid, symmetric about the direction of view. Distances are level, from the point below
    the camera along the direction of view; behind it they are negative.

    Attributes:
        near_width_m: across the direction of view at `near_m`.
        gsd_m: the coarsest within the trapezoid, along the direction of view.
        finest_gsd_m: at the near edge of the picture.
    """

    near_m: float
    far_m: float
    near_width_m: float
    far_width_m: float
    gsd_m: float
    finest_gsd_m: float

    @property
    def middle_m(self) -> float:
        """How far ahead of the camera the middle lies: the offset that the tilt needs."""
        return (self.near_m + self.far_m) / 2

    @property
    def length_m(self) -> float:
        """Extent along the direction of view."""
        return self.far_m - self.near_m

    def outlines(self, places_m: Array, angle_deg: float) -> NDArray[np.object_]:
        """Trapezoids (N,) on the ground of cameras above places (N, 2).

        Args:
            places_m: local metres.
            angle_deg: of the direction of view, counter-clockwise from the frame's east.
        """
        ahead = unit(angle_deg)
        left = np.array([-ahead[1], ahead[0]])
        corners = [
            distance * ahead + side * width / 2 * left
            for distance, width, side in (
                (self.near_m, self.near_width_m, 1),
                (self.near_m, self.near_width_m, -1),
                (self.far_m, self.far_width_m, -1),
                (self.far_m, self.far_width_m, 1),
            )
        ]
        rings = places_m[:, None] + np.array(corners)
        return np.asarray(shapely.polygons(rings), dtype=np.object_)


def unit(angle_deg: float) -> Array:
    """Unit vector (2,) at an angle counter-clockwise from the frame's east."""
    angle = np.radians(angle_deg)
    return np.array([np.cos(angle), np.sin(angle)])


def sure_sight(
    camera: Camera,
    pitch_deg: float,
    lowest_agl_m: float,
    highest_agl_m: float,
    *,
    worst_gsd_m: float | None = None,
) -> Sight:
    """Find the ground that is seen from any height above it between two bounds.

    Lens distortion is left out, as in the drones' data.

    Args:
        camera: upright, its picture's top ahead.
        pitch_deg: of the gimbal, -90 straight down.
        lowest_agl_m: of the camera over the highest ground in view.
        highest_agl_m: of the camera over the lowest ground in view.
        worst_gsd_m: ground that is seen more coarsely does not count.

    Raises:
        MissionError: nothing is seen for sure.
    """
    near, far = _depressions_rad(camera, pitch_deg)
    if worst_gsd_m is not None:
        far = _fine_depression_rad(camera, pitch_deg, (near, far), highest_agl_m, worst_gsd_m)
    if np.degrees(far) < LEAST_DEPRESSION_DEG:
        raise MissionError(
            f"at a pitch of {pitch_deg:g} degrees the picture's top looks {np.degrees(far):.0f} "
            f"degrees below the horizon; {LEAST_DEPRESSION_DEG:g} at least. Tilt it further down "
            "or state the coarsest GSD that is wanted"
        )
    heights = np.array([lowest_agl_m, highest_agl_m])
    start, end = float((heights / np.tan(near)).max()), float((heights / np.tan(far)).min())
    if end - start <= 0:
        raise MissionError(
            f"from {lowest_agl_m:.0f} to {highest_agl_m:.0f} m above ground at a pitch of "
            f"{pitch_deg:g} degrees no ground is in view for sure. Fly higher, look further "
            "down, or split the area where its height changes"
        )
    widths = _widths_m(camera, pitch_deg, lowest_agl_m, np.array([start, end]))
    coarse = _gsd_m(camera, pitch_deg, np.array([far, near]), highest_agl_m)
    finest = _gsd_m(camera, pitch_deg, np.array([near]), lowest_agl_m)
    return Sight(start, end, *widths, float(coarse.max()), float(finest.min()))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to fly, and what limits it in words."""

    speed_m_s: float
    limit: str


def pace(drone: Drone, settings: SurveySettings, photo_spacing_m: float, sight: Sight) -> Pace:
    """Fastest speed that the drone, its camera's interval, motion blur and wind allow."""
    limits = {
        "cruise speed of the drone": drone.cruise_speed_m_s,
        f"photo interval of {drone.photo_interval_s:g} s": photo_spacing_m / drone.photo_interval_s,
        f"motion blur of {settings.most_blur_px:g} px": settings.most_blur_px
        * sight.finest_gsd_m
        / settings.exposure_s,
        f"wind of {settings.wind_m_s:g} m/s": drone.top_air_speed_m_s - settings.wind_m_s,
    }
    first, *others = sorted(limits, key=lambda name: limits[name])
    speed = int(100 * limits[first]) / 100
    rest = "; ".join(f"{name}: {limits[name]:.1f}" for name in others)
    return Pace(speed, f"{speed:g} m/s by {first} ({rest} m/s)")


def _depressions_rad(camera: Camera, pitch_deg: float) -> tuple[float, float]:
    """Angles below the horizon of the picture's bottom and top edge."""
    if not -90 <= pitch_deg < 0:
        raise MissionError(f"the pitch must be -90 to below 0 degrees; got {pitch_deg:g}")
    up = np.arctan((camera.centre_y_px + 0.5) / camera.focal_px)
    down = np.arctan((camera.height_px - 0.5 - camera.centre_y_px) / camera.focal_px)
    axis = np.radians(-pitch_deg)
    return float(axis + down), float(axis - up)


def _gsd_m(camera: Camera, pitch_deg: float, depressions_rad: Array, height_agl_m: float) -> Array:
    """Metres of level ground per pixel along the direction of view, (N,)."""
    off_axis = np.radians(-pitch_deg) - depressions_rad
    gsd: Array = height_agl_m * np.cos(off_axis) ** 2 / np.sin(depressions_rad) ** 2
    return gsd / camera.focal_px


def _fine_depression_rad(
    camera: Camera,
    pitch_deg: float,
    edges_rad: tuple[float, float],
    height_agl_m: float,
    worst_gsd_m: float,
) -> float:
    """Least angle below the horizon at which the ground is seen finely enough."""
    near, far = edges_rad
    angles = np.linspace(near, max(far, np.radians(LEAST_DEPRESSION_DEG / 2)), _TRIED_ANGLES)
    fine = _gsd_m(camera, pitch_deg, angles, height_agl_m) <= worst_gsd_m * (1 + 1e-9)
    if not fine[0]:
        best = float(_gsd_m(camera, pitch_deg, angles[:1], height_agl_m)[0])
        raise MissionError(
            f"from {height_agl_m:.0f} m above ground at a pitch of {pitch_deg:g} degrees a pixel "
            f"is {best:.3f} m at best; {worst_gsd_m:g} m is wanted. Fly lower or look further down"
        )
    return float(angles[fine.argmin() - 1] if not fine.all() else angles[-1])


def _widths_m(
    camera: Camera, pitch_deg: float, height_agl_m: float, ahead_m: Array
) -> tuple[float, float]:
    """Widths of the picture on the ground at two distances ahead."""
    axis = np.radians(-pitch_deg)
    depth = height_agl_m * np.sin(axis) + ahead_m * np.cos(axis)
    side_px = min(camera.centre_x_px + 0.5, camera.width_px - 0.5 - camera.centre_x_px)
    near, far = (2 * depth * side_px / camera.focal_px).tolist()
    return near, far
