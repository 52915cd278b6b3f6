"""Where is a point: conversion between geographic and local metric coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import ProjError
from shapely import transform
from shapely.geometry.base import BaseGeometry

from geo.errors import CrsError

Array = NDArray[np.float64]
Shape = TypeVar("Shape", bound=BaseGeometry)
WGS84 = CRS.from_epsg(4326)
_SEMI_MAJOR_M, _INVERSE_FLATTENING = 6378137.0, 298.2572


@dataclass(frozen=True)
class LocalFrame:
    """Metric frame around one area: x east, y north in metres, scale 1 at the centre.

    A transverse Mercator projection centred on the area, so 10 km away the scale is wrong by
    about one part in a million (Snyder 1987, eq. 8-7) and grid north by `convergence_deg`.
    """

    centre_lon_deg: float
    centre_lat_deg: float

    def __post_init__(self) -> None:
        """Refuse a centre that is no place on earth."""
        if not (-180 <= self.centre_lon_deg <= 180 and -90 <= self.centre_lat_deg <= 90):
            raise ValueError(
                f"centre must be lon in [-180, 180], lat in [-90, 90]; got "
                f"({self.centre_lon_deg}, {self.centre_lat_deg})"
            )

    @classmethod
    def around(cls, geometry: BaseGeometry) -> "LocalFrame":
        """Make the frame centred on the bounds of a geometry in lon/lat degrees."""
        west, south, east, north = geometry.bounds
        return cls((west + east) / 2, (south + north) / 2)

    @cached_property
    def crs(self) -> CRS:
        """The projection as a CRS that other programs can use."""
        return CRS.from_proj4(
            f"+proj=tmerc +lat_0={self.centre_lat_deg:.12f} +lon_0={self.centre_lon_deg:.12f} +k=1 "
            "+x_0=0 +y_0=0 +ellps=WGS84 +towgs84=0,0,0 +units=m +no_defs"
        )

    @cached_property
    def _to_local(self) -> Transformer:
        return Transformer.from_crs(WGS84, self.crs, always_xy=True)

    @cached_property
    def _projection(self) -> Proj:
        return Proj(self.crs)

    def xy_from_lonlat(self, lonlat_deg: Array) -> Array:
        """Project (N, 2) lon, lat degrees to (N, 2) x, y metres."""
        points = np.asarray(lonlat_deg, dtype=np.float64)
        return np.column_stack(self._to_local.transform(points[:, 0], points[:, 1]))

    def lonlat_from_xy(self, xy_m: Array) -> Array:
        """Unproject (N, 2) x, y metres to (N, 2) lon, lat degrees."""
        points = np.asarray(xy_m, dtype=np.float64)
        lon_lat = self._to_local.transform(points[:, 0], points[:, 1], direction="INVERSE")
        return np.column_stack(lon_lat)

    def to_local(self, geometry: Shape) -> Shape:
        """Project a geometry from lon/lat degrees to local metres."""
        return transform(geometry, self.xy_from_lonlat)

    def all_to_local(self, geometries: Sequence[BaseGeometry]) -> NDArray[np.object_]:
        """Project many geometries at once, (N,): a tenth of the time of one by one."""
        shapes = np.fromiter(geometries, dtype=np.object_, count=len(geometries))
        projected: NDArray[np.object_] = transform(shapes, self.xy_from_lonlat)
        return projected

    def to_lonlat(self, geometry: Shape) -> Shape:
        """Unproject a geometry from local metres to lon/lat degrees."""
        return transform(geometry, self.lonlat_from_xy)

    def convergence_deg(self, lon_deg: float, lat_deg: float) -> float:
        """Angle from true north to grid north at a place, clockwise positive."""
        return float(self.convergences_deg(np.array([[lon_deg, lat_deg]]))[0])

    def convergences_deg(self, lonlat_deg: Array) -> Array:
        """The same at places (N, 2); (N,)."""
        points = np.asarray(lonlat_deg, dtype=np.float64)
        factors = self._projection.get_factors(points[:, 0], points[:, 1])
        return np.asarray(factors.meridian_convergence, dtype=np.float64)


def crs_from_wgs84(crs: CRS) -> Transformer:
    """Transformer from lon/lat degrees on WGS 84 to the x, y of a reference system.

    Where PROJ knows no shift between the datums it would return coordinates unchanged. That is
    right to a metre or two for every datum at the earth's centre (CGCS2000, ETRS89: their
    ellipsoid is that of WGS 84 to 0.1 mm) and wrong by 100 m for the older ones (Xian 80).

    Raises:
        CrsError: the shift of an older datum is not known.
    """
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
    try:
        return Transformer.from_crs(WGS84, horizontal, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        if not _is_geocentric(horizontal):
            raise CrsError(
                f"no shift from {crs.name} to WGS 84 is known, and without one places would be off "
                "by up to hundreds of metres. Convert the file to CGCS2000 (EPSG:4490 or 4549) "
                "with your surveyors' parameters, or name its system together with them: "
                '"+proj=... +ellps=... +towgs84=dx,dy,dz,rx,ry,rz,ds"'
            ) from error
        return Transformer.from_crs(WGS84, horizontal, always_xy=True)


def _is_geocentric(crs: CRS) -> bool:
    """Whether a datum has the ellipsoid that only those at the earth's centre have."""
    ellipsoid = crs.ellipsoid
    return (
        ellipsoid is not None
        and abs(ellipsoid.semi_major_metre - _SEMI_MAJOR_M) < 1e-3
        and abs(ellipsoid.inverse_flattening - _INVERSE_FLATTENING) < 1e-3
    )
