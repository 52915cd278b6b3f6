"""Where a map in GCJ-02 draws a place: only for the edge to such a base map, nothing is stored so.

The offset is the published approximation (for example `coordtransform`, 2015): sines of longitude
and latitude around (105, 35) on the Krassovsky ellipsoid. Outside China both systems are the same.
"""

import numpy as np

from geo.frames import Array

_A_M = 6_378_245.0  # Krassovsky 1940
_E2 = 0.00669342162296594323
_MOST_ROUNDS = 30
_CLOSE_DEG = 1e-13
_CHINA = ((72.004, 137.8347), (0.8293, 55.8271))


def gcj02_from_wgs84(lonlat_deg: Array) -> Array:
    """Places (N, 2) as a base map in GCJ-02 has them."""
    places = np.asarray(lonlat_deg, dtype=np.float64).reshape(-1, 2)
    (west, east), (south, north) = _CHINA
    lon, lat = places.T
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    out: Array = places + np.where(inside[:, None], _offsets_deg(lon, lat), 0.0)
    return out


def wgs84_from_gcj02(lonlat_deg: Array) -> Array:
    """Places (N, 2) in WGS 84 of a base map in GCJ-02, by iteration to below a micrometre."""
    shown = np.asarray(lonlat_deg, dtype=np.float64).reshape(-1, 2)
    places = shown.copy()
    for _ in range(_MOST_ROUNDS):
        rest = shown - gcj02_from_wgs84(places)
        places += rest
        if np.abs(rest).max(initial=0.0) < _CLOSE_DEG:
            break
    return places


def _offsets_deg(lon: Array, lat: Array) -> Array:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    pi = np.pi
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    both = (20 * np.sin(6 * x * pi) + 20 * np.sin(2 * x * pi)) * 2 / 3
    east += both + (20 * np.sin(x * pi) + 40 * np.sin(x / 3 * pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * pi) + 300 * np.sin(x / 30 * pi)) * 2 / 3
    north += both + (20 * np.sin(y * pi) + 40 * np.sin(y / 3 * pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * pi) + 320 * np.sin(y * pi / 30)) * 2 / 3
    lat_rad = np.radians(lat)
    w2 = 1 - _E2 * np.sin(lat_rad) ** 2
    metres_per_rad_north = _A_M * (1 - _E2) / w2**1.5
    metres_per_rad_east = _A_M / np.sqrt(w2) * np.cos(lat_rad)
    return np.column_stack(
        [np.degrees(east / metres_per_rad_east), np.degrees(north / metres_per_rad_north)]
    )
