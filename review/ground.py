"""Where on the map: the outline of a photo on the ground and how far a position may be off."""

import math

import numpy as np
from pyproj import Geod
from shapely import Polygon

from geo.footprint import footprint
from geo.frames import LocalFrame
from geo.pose import R_enu_from_camera
from geo.terrain import FlatTerrain, Terrain
from vision.model import Frame

# A circle around a 2-D normal distribution that holds 95 % of it: sqrt of the chi-square quantile
# of two degrees of freedom, sqrt(-2 ln 0.05).
SIGMAS_95 = math.sqrt(-2 * math.log(0.05))
_AROUND_DEG = np.linspace(0.0, 360.0, 64, endpoint=False)
_GEOD = Geod(ellps="WGS84")


def photo_outline(frame: Frame, terrain: Terrain | None, local: LocalFrame) -> Polygon | None:
    """Outline in lon/lat of the ground in a photo, None where it cannot be told."""
    if frame.camera is None or frame.pose is None:
        return None
    ground = terrain or ground_below(frame)
    return footprint(frame.camera, frame.pose, ground, local) if ground else None


def doubt_circle(lon_deg: float, lat_deg: float, sigma_m: float) -> Polygon:
    """Circle in lon/lat that holds a position with 95 % certainty."""
    radii_m = np.full_like(_AROUND_DEG, max(sigma_m, 0.01) * SIGMAS_95)
    lon, lat, _ = _GEOD.fwd(
        np.full_like(radii_m, lon_deg), np.full_like(radii_m, lat_deg), _AROUND_DEG, radii_m
    )
    return Polygon(np.column_stack([lon, lat]))


def ground_below(frame: Frame) -> FlatTerrain | None:
    """Level ground at the height that the photo's GSD speaks of."""
    if frame.camera is None or frame.pose is None or frame.gsd_m is None:
        return None
    axis_up = float((R_enu_from_camera(frame.pose.attitude) @ np.array([0.0, 0.0, 1.0]))[2])
    distance_m = frame.gsd_m * frame.camera.focal_px
    return FlatTerrain(frame.pose.position.altitude_amsl_m + distance_m * axis_up)
