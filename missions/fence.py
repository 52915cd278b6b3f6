"""Which geofence lets a flight over a cell happen and nothing beyond."""

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array
from missions.errors import MissionError

MOST_POINTS = 70  # about what fits in the storage of a common ArduPilot board


def fence_around(area: Polygon, home_m: Array, gate_m: Array, margin_m: float) -> Polygon:
    """Polygon, in local metres, at least `margin_m` outside of the area and the way to home.

    Outlines are widened and simplified, holes and bays that are narrow against that are closed,
    until the fence fits in a vehicle's storage; it never lies more than ten margins outside.

    Raises:
        MissionError: no such fence has one outline and few enough corners.
    """
    way = LineString([home_m, gate_m]) if np.any(home_m != gate_m) else Point(home_m)
    for slack in (margin_m / 4, margin_m / 2, margin_m, 2 * margin_m, 4 * margin_m):
        wide = shapely.union(area.buffer(margin_m + slack), way.buffer(margin_m + slack))
        fence = wide.simplify(slack)
        if _fits(fence) and fence.covers(area) and fence.covers(way):
            assert isinstance(fence, Polygon)
            return fence
    raise MissionError("no geofence of one outline fits around the cell; split the cell")


def _fits(fence: BaseGeometry) -> bool:
    """Whether a vehicle can store it."""
    points = len(shapely.get_coordinates(fence))
    return isinstance(fence, Polygon) and fence.is_valid and points <= MOST_POINTS
