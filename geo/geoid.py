"""EDGE: how high is mean sea level above the ellipsoid: the EGM96 geoid.

The grid is NGA's, of a quarter degree, in the public domain; `tools/make_geoid.py` makes the file.
It comes with aerogrid because pyproj, with no grid installed, returns heights unchanged and says
nothing.
"""

from functools import cache
from importlib.resources import as_file, files

import numpy as np

from geo.errors import TerrainError
from geo.frames import Array
from geo.raster import read_terrain
from geo.terrain import RasterTerrain

_WEST_DEG = -180.0


def geoid_heights_m(lonlat_deg: Array) -> Array:
    """Heights of the EGM96 geoid above the WGS 84 ellipsoid (N,) at lon, lat (N, 2).

    A height above the ellipsoid less this is one above mean sea level.

    >>> geoid_heights_m(np.array([[116.4, 39.9]])).round(2).tolist()
    [-9.92]
    """
    points = np.array(lonlat_deg, dtype=np.float64).reshape(-1, 2)
    points[:, 0] = (points[:, 0] - _WEST_DEG) % 360 + _WEST_DEG
    return _grid().altitudes_amsl_m(points)


@cache
def _grid() -> RasterTerrain:
    """Grid from 180 W to 180 E, its first column repeated as its last."""
    source = files("geo").joinpath("egm96_15.tif")
    if not source.is_file():
        raise TerrainError(
            f"{source}: the EGM96 geoid is missing, so heights above the ellipsoid cannot be "
            "brought to mean sea level; install aerogrid again"
        )
    with as_file(source) as path:
        grid = read_terrain(path)
    closed = np.column_stack([grid.values, grid.values[:, 0]])
    return RasterTerrain(closed, grid.transform, grid.crs)
