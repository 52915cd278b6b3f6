"""What the sides of houses and tree crowns look like, and in which light they stand."""

import cv2
import numpy as np
from numpy.typing import NDArray

from simulations.buildings import FACADES
from simulations.ground import GroundArea
from simulations.light import Light
from simulations.raycast import Hits, Rays
from simulations.sheet import GSD_M, Floats
from simulations.textures import TILE_PX, noise_tile

WINDOWED = (1, 2, 5, 6)
STOREY_M, SILL_M, LINTEL_M, PLINTH_M = 3.1, 1.4, 2.7, 0.4
BAY_M, PANE_M = 3.3, 1.4
GLASS = np.array([52, 60, 68], np.float32)
BELOW_TOP_M = 0.35
LEAF_LIGHT = 0.5


def paint_walls(
    colour: Floats, shade: Floats, area: GroundArea, rays: Rays, hits: Hits, light: Light
) -> None:
    """Paint what is seen from the side: a ray that meets something below its top.

    Changes colour (rows, columns, 3) and shade (rows, columns) in place.
    """
    side = np.nonzero(_is_side(area, hits))
    if len(side[0]) == 0:
        return
    facade = _nearest(area.sheet.facade, hits)[side]
    built = facade > 0
    shade[side] = np.where(built, _wall_light(rays.gx[side], rays.gy[side], light), LEAF_LIGHT)
    walls = _walls(facade, rays, hits, side)
    leaves = colour[side] * _foliage(hits, side)[:, None]
    colour[side] = np.where(built[:, None], walls, leaves)


Pixels = tuple[NDArray[np.intp], ...]


def _nearest(raster: NDArray[np.integer], hits: Hits) -> NDArray[np.integer]:
    found = cv2.remap(
        raster, hits.column, hits.row, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(found)


def _is_side(area: GroundArea, hits: Hits) -> NDArray[np.bool_]:
    top_m = _nearest(area.sheet.raised_cm, hits).astype(np.float32) / 100
    return np.asarray((top_m - hits.height_m > BELOW_TOP_M) & (hits.height_m > 0))


def _wall_light(gx: Floats, gy: Floats, light: Light) -> Floats:
    """Share of the sun on a wall that faces the camera."""
    east, north, _ = light.toward_sun
    facing = -(gx * east + gy * north) / (np.hypot(gx, gy) + 1e-6)
    return np.asarray(np.clip(0.25 + facing, 0.05, 1.1), np.float32)


def _walls(facade: NDArray[np.integer], rays: Rays, hits: Hits, side: Pixels) -> Floats:
    """Plaster or brick, with rows of windows on dwellings."""
    level = (hits.height_m[side] + PLINTH_M) % STOREY_M
    faces_north_south = np.abs(rays.gy[side]) > np.abs(rays.gx[side])
    along = np.where(faces_north_south, hits.column[side], hits.row[side]) * GSD_M
    window = np.isin(facade, WINDOWED) & (level > SILL_M) & (level < LINTEL_M)
    window &= along % BAY_M < PANE_M
    return np.where(window[:, None], GLASS, FACADES[facade])


def _foliage(hits: Hits, side: Pixels) -> Floats:
    """Brightness of leaves down the side of a crown, so that no tree shows vertical streaks."""
    tile = noise_tile("clod")
    height_px = hits.height_m[side] / GSD_M
    rows = (hits.row[side] + 0.7 * height_px).astype(np.int32) % TILE_PX
    columns = (hits.column[side] + 1.3 * height_px).astype(np.int32) % TILE_PX
    return np.asarray(np.clip(0.85 + 0.3 * tile[rows, columns], 0.4, 1.3), np.float32)
