"""Small sorties for tests."""

from dataclasses import replace

import numpy as np
from shapely import Polygon, box

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.model import MissionItem, Photo, Sortie

HOME = GeoPoint(120.1276, 32.5098, 3.0)
HEIGHT_M = 30.0
SPEED_M_S = 8.0


def lonlat(x_m: float, y_m: float, home: GeoPoint = HOME) -> tuple[float, float]:
    frame = LocalFrame(home.lon_deg, home.lat_deg)
    ((lon, lat),) = frame.lonlat_from_xy(np.array([[x_m, y_m]]))
    return float(lon), float(lat)


def waypoint(x_m: float, y_m: float, height_m: float = HEIGHT_M, hold_s: float = 0) -> MissionItem:
    lon, lat = lonlat(x_m, y_m)
    return MissionItem(16, 3, (hold_s, 0, 0, 0), lon, lat, height_m)


def area(west: float, south: float, east: float, north: float) -> Polygon:
    return box(*lonlat(west, south), *lonlat(east, north))


def small_sortie(spacing_m: float = 20.0) -> Sortie:
    """Two rows of 100 m, 30 m apart, north-east of home.

    The last picture of a row would fall on the corner, which is rounded off: five a row.
    """
    corners = [(20, 20), (20, 120), (50, 120), (50, 20)]
    items = (
        MissionItem(22, 3, altitude_m=HEIGHT_M),
        MissionItem(178, 2, (1, SPEED_M_S, -1, 0)),
        waypoint(*corners[0]),
        MissionItem(206, 2, (spacing_m, 0, 1, 0)),
        waypoint(*corners[1]),
        MissionItem(206, 2),
        waypoint(*corners[2]),
        MissionItem(206, 2, (spacing_m, 0, 1, 0)),
        waypoint(*corners[3]),
        MissionItem(206, 2),
        MissionItem(20, 2),
    )
    photos = tuple(
        Photo(*lonlat(x, y), HEIGHT_M, heading)
        for x, heading, ys in ((20, 0, range(20, 120, 20)), (50, 180, range(120, 20, -20)))
        for y in ys
    )
    return Sortie(
        code="T-1",
        cell_codes=("A",),
        drone_key="sim-quad",
        home=HOME,
        items=items,
        fence=area(-60, -60, 150, 200),
        photos=photos,
        speed_m_s=SPEED_M_S,
        height_home_m=HEIGHT_M,
        gsd_m=0.01,
        distance_m=400.0,
        duration_s=110.0,
    )


def with_fence(sortie: Sortie, fence: Polygon) -> Sortie:
    return replace(sortie, fence=fence)
