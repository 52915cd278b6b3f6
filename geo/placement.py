"""Where the pixels of a picture with map coordinates lie: orthophotos need no pose."""

from dataclasses import dataclass

import numpy as np
from pyproj import CRS
from shapely import Polygon

from geo.frames import Array, crs_from_wgs84


@dataclass(frozen=True, slots=True)
class Placement:
    """The geotransform of a raster.

    Attributes:
        transform: a, b, c, d, e, f of x = a column + b row + c, y = d column + e row + f, with
            column and row counted from the outer corner of the first pixel (GDAL's order differs).
        crs: reference system, as WKT or authority code.
    """

    transform: tuple[float, float, float, float, float, float]
    crs: str

    def __post_init__(self) -> None:
        """Refuse a transform that maps everything on a line."""
        a, b, _, d, e, _ = self.transform
        if not abs(a * e - b * d) > 0:
            raise ValueError(f"transform must span a plane; got {self.transform}")

    def lonlat_from_pixels(self, pixels_px: Array) -> Array:
        """Lon, lat (N, 2) of pixels (N, 2) as (x, y) from the centre of the first pixel."""
        a, b, c, d, e, f = self.transform
        x, y = np.asarray(pixels_px, dtype=np.float64).reshape(-1, 2).T + 0.5
        to_crs = crs_from_wgs84(CRS.from_user_input(self.crs))
        return np.column_stack(
            to_crs.transform(a * x + b * y + c, d * x + e * y + f, direction="INVERSE")
        )

    def outline(self, width_px: int, height_px: int) -> Polygon:
        """Outline in lon/lat degrees of a picture of this size."""
        right, bottom = width_px - 0.5, height_px - 0.5
        corners = [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]]
        return Polygon(self.lonlat_from_pixels(np.array(corners)))

    def gsd_m(self, width_px: int, height_px: int) -> float:
        """Metres per pixel in the middle of a picture of this size."""
        middle = np.array([width_px / 2, height_px / 2])
        lonlat = self.lonlat_from_pixels(middle + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        east_m = (lonlat[1:, 0] - lonlat[0, 0]) * 111_320.0 * np.cos(np.radians(lonlat[0, 1]))
        north_m = (lonlat[1:, 1] - lonlat[0, 1]) * 110_574.0
        return float(np.sqrt(np.abs(east_m[0] * north_m[1] - east_m[1] * north_m[0])))
