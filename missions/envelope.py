"""How high, how fast and how dense is a survey flown."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from geo.errors import TerrainError
from geo.footprint import gsd_m, height_for_gsd_m, size_on_ground_m, spacing_m
from geo.frames import Array, LocalFrame
from geo.terrain import Terrain
from missions.errors import MissionError
from missions.model import Drone
from missions.settings import DEFAULT_HEIGHT_AGL_M, SurveySettings

_MOST_SAMPLES = 20_000
_SAMPLE_M = 20.0
_ROUNDING_M = 0.01
_LEAST_SPEED_M_S = 2.0  # over ground against the wind


@dataclass(frozen=True, slots=True)
class Envelope:
    """Height, density and speed of one survey.

    Attributes:
        gsd_m: over the ground's median.
        speed_limited_by: what keeps the speed from being higher.
        speed_limits: everything that limits the speed and the speed that it allows, slowest first.
    """

    altitude_amsl_m: float
    lowest_agl_m: float
    highest_agl_m: float
    gsd_m: float
    row_spacing_m: float
    photo_spacing_m: float
    speed_m_s: float
    speed_limited_by: str
    speed_limits: tuple[tuple[str, float], ...]

    @property
    def speed_limit(self) -> str:
        """What the speed follows from and what the other limits would allow, in one line."""
        others = "; ".join(f"{name}: {speed:.1f}" for name, speed in self.speed_limits[1:])
        return f"{self.speed_m_s:g} m/s by {self.speed_limited_by} ({others} m/s)"


def choose_envelope(
    area: Polygon, frame: LocalFrame, terrain: Terrain, drone: Drone, settings: SurveySettings
) -> Envelope:
    """Choose one altitude for everything flown inside `area`, in local metres, and check it.

    The height is above the median of the ground; overlaps are kept over its highest point.

    Raises:
        TerrainError: the terrain does not know some ground in the area.
        MissionError: the flight would be above the ceiling, or too low, somewhere.
    """
    points, ground = _ground(area, frame, terrain)
    height = settings.height_agl_m
    if settings.gsd_m is not None:
        height = height_for_gsd_m(drone.camera, settings.gsd_m)
    height = DEFAULT_HEIGHT_AGL_M if height is None else height
    altitude = float(np.median(ground)) + height
    _check(altitude - ground, points, frame, settings)
    lowest = altitude - float(ground.max())
    across, along = size_on_ground_m(drone.camera, lowest)
    photo_spacing = spacing_m(along, settings.front_overlap_share)
    limits = _speed_limits(drone, settings, photo_spacing, gsd_m(drone.camera, lowest))
    return Envelope(
        altitude_amsl_m=altitude,
        lowest_agl_m=lowest,
        highest_agl_m=altitude - float(ground.min()),
        gsd_m=gsd_m(drone.camera, height),
        row_spacing_m=spacing_m(across, settings.side_overlap_share),
        photo_spacing_m=photo_spacing,
        speed_m_s=int(100 * limits[0][1]) / 100,
        speed_limited_by=limits[0][0],
        speed_limits=limits,
    )


def _ground(area: Polygon, frame: LocalFrame, terrain: Terrain) -> tuple[Array, Array]:
    """Places (N, 2) over all of an area and the ground's altitude there."""
    west, south, east, north = area.bounds
    step = max(_SAMPLE_M, float(np.sqrt((east - west) * (north - south) / _MOST_SAMPLES)))
    x, y = np.meshgrid(
        np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)
    )
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid = grid[shapely.contains_xy(area, grid)]
    border = shapely.get_coordinates(area.exterior.segmentize(step))
    points = np.concatenate([grid, border])
    ground = terrain.altitudes_amsl_m(frame.lonlat_from_xy(points))
    unknown = np.flatnonzero(~np.isfinite(ground))
    if len(unknown):
        lon, lat = frame.lonlat_from_xy(points[unknown[:1]])[0]
        raise TerrainError(
            f"the terrain model does not know the ground at {lon:.6f}, {lat:.6f} (lon, lat) and "
            f"at {len(unknown) - 1} more of {len(points)} places; use one that covers the cell "
            "and the way to it"
        )
    return points, ground


def _check(heights: Array, points: Array, frame: LocalFrame, settings: SurveySettings) -> None:
    """Refuse heights above ground outside of floor and ceiling."""
    for worst, bound, wrong, what, remedy in (
        (int(heights.argmax()), settings.ceiling_agl_m, 1, "above the ceiling", "Lower"),
        (int(heights.argmin()), settings.floor_agl_m, -1, "below the floor", "Raise"),
    ):
        if wrong * (heights[worst] - bound) > _ROUNDING_M:
            lon, lat = frame.lonlat_from_xy(points[worst : worst + 1])[0]
            raise MissionError(
                f"the flight would be {heights[worst]:.1f} m above ground at {lon:.6f}, {lat:.6f} "
                f"(lon, lat), {what} of {bound:g} m; the ground varies by "
                f"{float(np.ptp(heights)):.0f} m. {remedy} the flying height or split the cell"
            )


def _speed_limits(
    drone: Drone, settings: SurveySettings, photo_spacing_m: float, finest_gsd_m: float
) -> tuple[tuple[str, float], ...]:
    """What limits the speed over ground, and to how much, slowest first.

    The speed is one that the drone can hold against the wind in every direction, so that the time
    does not depend on the wind.
    """
    _check_wind(drone, settings)
    interval_s, blur_px = drone.photo_interval_s, settings.most_blur_px
    against_wind = drone.top_air_speed_m_s - settings.wind_m_s
    limits = (
        ("cruise speed of the drone", drone.cruise_speed_m_s),
        (f"photo interval of {interval_s:g} s", photo_spacing_m / interval_s),
        (f"motion blur of {blur_px:g} px", blur_px * finest_gsd_m / settings.exposure_s),
        (f"wind of {settings.wind_m_s:g} m/s", against_wind),
    )
    return tuple(sorted(limits, key=lambda limit: limit[1]))


def _check_wind(drone: Drone, settings: SurveySettings) -> None:
    most = min(drone.wind_limit_m_s, drone.top_air_speed_m_s - _LEAST_SPEED_M_S)
    if settings.wind_m_s > most:
        raise MissionError(
            f"a wind of {settings.wind_m_s:g} m/s is too strong for {drone.name}, which flies in "
            f"{most:g} m/s at most. Wait, or take another drone"
        )
