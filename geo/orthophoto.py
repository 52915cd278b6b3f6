"""A photo as a map: its pixels drawn where they lie on the ground."""

from dataclasses import dataclass

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import LocalFrame
from geo.pose import Pose
from geo.projection import pixels_from_ground
from geo.terrain import Terrain

MOST_PIXELS = 50_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Orthophoto:
    """A map picture.

    Attributes:
        picture: (rows, columns, 4) red, green, blue and 255 where the photo shows the ground.
        transform: local metres from (column, row), origin at the corner of the first pixel.
    """

    picture: NDArray[np.uint8]
    transform: Affine


def orthophoto(
    picture: NDArray[np.uint8],
    camera: Camera,
    pose: Pose,
    terrain: Terrain,
    frame: LocalFrame,
    bounds_m: tuple[float, float, float, float],
    gsd_m: float,
) -> Orthophoto:
    """Draw the part of one photo that shows a place, with relief taken out.

    What stands on the ground leans away where the terrain does not know it, and nothing is hidden
    by anything else.

    Args:
        picture: (rows, columns, 3) of the camera's size.
        camera: of the photo.
        pose: of the photo.
        terrain: ground heights; where they are unknown the map is transparent.
        frame: local frame.
        bounds_m: west, south, east, north in the local frame.
        gsd_m: metres per pixel of the map.
    """
    west, south, east, north = bounds_m
    columns, rows = round((east - west) / gsd_m), round((north - south) / gsd_m)
    if columns < 1 or rows < 1 or columns * rows > MOST_PIXELS:
        raise ValueError(
            f"bounds_m and gsd_m must make 1 to {MOST_PIXELS} pixels; got {columns} x {rows}"
        )
    transform = Affine(gsd_m, 0.0, west, 0.0, -gsd_m, north)
    x, y = np.meshgrid(
        west + (np.arange(columns) + 0.5) * gsd_m, north - (np.arange(rows) + 0.5) * gsd_m
    )
    xy = np.column_stack([x.ravel(), y.ravel()])
    heights = terrain.altitudes_amsl_m(frame.lonlat_from_xy(xy))
    seen = pixels_from_ground(np.column_stack([xy, heights]), camera, pose, frame)
    last = np.array([camera.width_px - 1, camera.height_px - 1])
    with np.errstate(invalid="ignore"):
        inside = np.asarray(((seen >= 0) & (seen <= last)).all(axis=1), dtype=bool)
    at = np.where(inside[:, None], seen, 0.0).astype(np.float32).reshape(rows, columns, 2)
    colours = cv2.remap(picture, at[:, :, 0], at[:, :, 1], cv2.INTER_LINEAR)
    alpha = np.where(inside, 255, 0).astype(np.uint8).reshape(rows, columns)
    colours = np.where(alpha[:, :, None] > 0, colours, 0)
    return Orthophoto(np.dstack([colours, alpha]).astype(np.uint8), transform)
