"""Cut the map of a case out of one photo, with relief taken out."""

from pathlib import Path

from shapely import Polygon

from geo.frames import LocalFrame
from geo.orthophoto import orthophoto
from geo.raster import write_orthophoto
from geo.terrain import Terrain
from vision.images import Picture
from vision.model import Frame

_MARGIN_M = 10.0
_MOST_SIDE_PX = 2000


def write_case_map(
    path: Path, frame: Frame, picture: Picture, place: Polygon, terrain: Terrain, local: LocalFrame
) -> bool:
    """Write a GeoTIFF of a place (lon/lat degrees) as one photo shows it.

    Returns:
        Whether there is one: a photo without pose has none.
    """
    if frame.camera is None or frame.pose is None or frame.gsd_m is None:
        return False
    west, south, east, north = local.to_local(place).bounds
    side_m = max(east - west, north - south) + 2 * _MARGIN_M
    made = orthophoto(
        picture,
        frame.camera,
        frame.pose,
        terrain,
        local,
        (west - _MARGIN_M, south - _MARGIN_M, east + _MARGIN_M, north + _MARGIN_M),
        max(frame.gsd_m, side_m / _MOST_SIDE_PX),
    )
    write_orthophoto(path, made, local)
    return True
