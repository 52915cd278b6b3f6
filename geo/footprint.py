"""How much ground a photo shows: GSD, picture size on the ground, outline, photo spacing."""

import numpy as np
from shapely import Polygon, make_valid
from shapely.geometry.base import BaseGeometry

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Pose
from geo.projection import ground_from_pixels
from geo.terrain import Terrain


def gsd_m(camera: Camera, height_agl_m: float) -> float:
    """Metres on the ground per pixel straight below, at a height above ground.

    >>> gsd_m(Camera.centred(1280, 960, 1000.0), 100.0)
    0.1
    """
    if not height_agl_m > 0:
        raise ValueError(f"height_agl_m must be above 0; got {height_agl_m}")
    return height_agl_m / camera.focal_px


def height_for_gsd_m(camera: Camera, wanted_gsd_m: float) -> float:
    """Height above ground at which a nadir photo has a GSD."""
    if not wanted_gsd_m > 0:
        raise ValueError(f"wanted_gsd_m must be above 0; got {wanted_gsd_m}")
    return wanted_gsd_m * camera.focal_px


def size_on_ground_m(camera: Camera, height_agl_m: float) -> tuple[float, float]:
    """Width (across the top edge) and height of a nadir picture on level ground."""
    gsd = gsd_m(camera, height_agl_m)
    return camera.width_px * gsd, camera.height_px * gsd


def spacing_m(extent_m: float, overlap_share: float) -> float:
    """Distance between neighbouring photos, or rows, that overlap by a share of their extent.

    >>> spacing_m(100.0, 0.7)
    30.0
    """
    if not 0 <= overlap_share < 1:
        raise ValueError(f"overlap_share must be in [0, 1); got {overlap_share}")
    return round(extent_m * (1 - overlap_share), 9)


def footprint(camera: Camera, pose: Pose, terrain: Terrain, frame: LocalFrame) -> Polygon | None:
    """Outline in lon/lat degrees of the ground in a photo.

    None where any part of the picture's edge shows sky or ground that the terrain does not know:
    such a photo has no outline that could be trusted.
    """
    border = ground_from_pixels(camera.border_pixels(), camera, pose, terrain, frame)
    if not np.isfinite(border).all():
        return None
    return _largest_polygon(Polygon(frame.lonlat_from_xy(border[:, :2])))


def _largest_polygon(outline: Polygon) -> Polygon | None:
    """Mend an outline that relief has folded over itself."""
    if outline.is_valid:
        return outline
    mended: BaseGeometry = make_valid(outline)
    parts = [part for part in getattr(mended, "geoms", [mended]) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area, default=None)
