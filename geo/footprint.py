"""How much ground a photo shows: GSD, picture size on the ground, outline, photo spacing."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, make_valid
from shapely.geometry.base import BaseGeometry

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Pose
from geo.projection import R_local_from_camera, ground_from_pixels, position_m
from geo.terrain import Terrain

_PARTS = 32  # of a picture's sides, where only part of it is clear


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


def clear_ground(
    camera: Camera,
    pose: Pose,
    terrain: Terrain,
    frame: LocalFrame,
    gsd_range_m: tuple[float, float],
    *,
    flattest_deg: float = 0.0,
) -> Polygon | MultiPolygon | None:
    """Ground in lon/lat degrees that a photo shows neither too finely nor too coarsely.

    Across and along the view the GSD must lie in the range (finest, coarsest), both included. Sky
    and ground that the terrain does not know are left out, and so is what is seen less than
    `flattest_deg` below the horizon; None where nothing is left.
    """
    view = _View(camera, pose, terrain, frame, flattest_deg)
    border = camera.border_pixels()
    seen, clear = view.seen(np.vstack([border, _nodes(camera, 4).reshape(-1, 2)]), gsd_range_m)
    if clear.all():
        return _largest_polygon(Polygon(frame.lonlat_from_xy(seen[: len(border), :2])))
    nodes = _nodes(camera, _PARTS)
    seen, clear = view.seen(nodes.reshape(-1, 2), gsd_range_m)
    corners = _squares(np.where(clear[:, None], seen[:, :2], np.nan).reshape(nodes.shape))
    known = corners[np.isfinite(corners).all(axis=(2, 3))]
    parts = make_valid(shapely.polygons(known))
    return _polygons(shapely.transform(shapely.union_all(parts), frame.lonlat_from_xy))


def local_gsd_m(
    pixels_px: Array, ground_m: Array, camera: Camera, pose: Pose, frame: LocalFrame
) -> Array:
    """Finest and coarsest metres of ground per pixel, (N, 2), at pixels (N, 2) as (x, y).

    Of ground that is level near each point `ground_m` (N, 3) that a pixel shows; the two are those
    across and along the view. NaN where the pixel shows no ground.
    """
    offset = ground_m - position_m(pose, frame)
    R = R_local_from_camera(pose, frame)
    distance = np.linalg.norm(offset, axis=1, keepdims=True)
    moved = []
    for half in ([0.5, 0.0], [0.0, 0.5]):
        turned = camera.rays_from_pixels(pixels_px + half) - camera.rays_from_pixels(
            pixels_px - half
        )
        arm = turned @ R.T * distance
        moved.append(arm[:, :2] - offset[:, :2] / offset[:, 2:3] * arm[:, 2:3])
    (a, c), (b, d) = moved[0].T, moved[1].T
    # Singular values of [[a, b], [c, d]]: half the sum and half the difference of two lengths.
    both, apart = np.hypot(a + d, c - b), np.hypot(a - d, c + b)
    return np.column_stack([np.abs(both - apart), both + apart]) / 2


@dataclass(frozen=True, slots=True)
class _View:
    """One photo over a terrain."""

    camera: Camera
    pose: Pose
    terrain: Terrain
    frame: LocalFrame
    flattest_deg: float

    def seen(
        self, pixels_px: Array, gsd_range_m: tuple[float, float]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Ground points (N, 3) of pixels (N, 2), and whether they are clear there."""
        ground = ground_from_pixels(pixels_px, self.camera, self.pose, self.terrain, self.frame)
        finest, coarsest = local_gsd_m(pixels_px, ground, self.camera, self.pose, self.frame).T
        away = ground - position_m(self.pose, self.frame)
        steep = -away[:, 2] >= np.tan(np.radians(self.flattest_deg)) * np.hypot(*away[:, :2].T)
        return ground, (finest >= gsd_range_m[0]) & (coarsest <= gsd_range_m[1]) & steep


def _nodes(camera: Camera, parts: int) -> Array:
    """Pixels (parts + 1, parts + 1, 2) as (x, y) from edge to edge of the picture, row by row."""
    x = np.linspace(-0.5, camera.width_px - 0.5, parts + 1)
    y = np.linspace(-0.5, camera.height_px - 0.5, parts + 1)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _squares(nodes: Array) -> Array:
    """Points (rows, columns, 4, 2) at the corners of each square between nodes, in a ring."""
    return np.stack([nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, 1:], nodes[1:, :-1]], axis=2)


def _polygons(shape: BaseGeometry) -> Polygon | MultiPolygon | None:
    """What of a shape has an area."""
    valid = shape if shape.is_valid else make_valid(shape)
    parts = [p for p in shapely.get_parts(shapely.get_parts(valid)) if isinstance(p, Polygon)]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _largest_polygon(outline: Polygon) -> Polygon | None:
    """Mend an outline that relief has folded over itself."""
    if outline.is_valid:
        return outline
    mended: BaseGeometry = make_valid(outline)
    parts = [part for part in getattr(mended, "geoms", [mended]) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area, default=None)
