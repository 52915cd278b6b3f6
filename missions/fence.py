"""Which geofence lets a flight over a cell happen and nothing beyond, and what others drew."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array, LocalFrame
from missions.errors import MissionError

_QUAD_SEGS = 16
_WIDE_DEG = 1.0
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


def joined(
    stay_in: Sequence[Polygon], keep_out: Sequence[Polygon], home: Point | None = None
) -> Polygon:
    """One fence, lon/lat degrees, of all shapes that a file has: in every one, out of the others.

    Args:
        stay_in: where to stay; with none, a wide area around everything else.
        keep_out: where not to fly.
        home: lon, lat; of a fence that keep-outs cut apart, a vehicle can only be flown in the
            piece that it starts in.

    Raises:
        ValueError: a shape crosses itself, or they leave no single area to stay in.
    """
    for shape in (*stay_in, *keep_out):
        sound(shape)
    inside = list(stay_in) or [_all_around(keep_out, home)]
    if len(inside) == 1 and all(inside[0].contains_properly(hole) for hole in keep_out):
        simple = Polygon(inside[0].exterior, [hole.exterior for hole in keep_out])
        if simple.is_valid:
            return simple
    left = shapely.intersection_all(inside).difference(shapely.union_all(keep_out))
    pieces = [part for part in shapely.get_parts(left).tolist() if isinstance(part, Polygon)]
    if len(pieces) > 1 and home is not None:
        pieces = [piece for piece in pieces if piece.covers(home)]
    if len(pieces) != 1 or pieces[0].is_empty:
        raise ValueError("its shapes leave no single area to stay in")
    piece: Polygon = pieces[0]
    return piece


def _all_around(keep_out: Sequence[Polygon], home: Point | None) -> Polygon:
    """An area far wider than any mission, for a fence that says only where not to fly."""
    if not keep_out:
        raise ValueError("it has no shape")
    known = [*keep_out, *([] if home is None else [home])]
    wide = shapely.box(*shapely.total_bounds(known)).buffer(_WIDE_DEG, join_style="mitre")
    around = wide.intersection(shapely.box(-180, -90, 180, 90))
    assert isinstance(around, Polygon)  # two boxes
    return around


def sound(fence: Polygon) -> Polygon:
    """The same fence; ValueError for one that crosses itself, which has no clear inside."""
    if not fence.is_valid:
        raise ValueError(
            f"the fence has no clear inside: {shapely.is_valid_reason(fence)} (lon, lat). Draw its "
            "outline without crossings"
        )
    return fence


def circle(lon_deg: float, lat_deg: float, radius_m: float, *, around: bool = False) -> Polygon:
    """A circle as a polygon, lon/lat degrees: within the circle, or around all of it.

    Raises:
        ValueError: the radius is no length, or the middle is not on earth.
    """
    if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):
        raise ValueError(f"a circle around longitude {lon_deg:g}, latitude {lat_deg:g}")
    if not 0 < radius_m < np.inf:
        raise ValueError(f"a circle has a radius of {radius_m:g} m")
    wide = radius_m / np.cos(np.pi / (4 * _QUAD_SEGS)) if around else radius_m
    shape = LocalFrame(lon_deg, lat_deg).to_lonlat(Point(0, 0).buffer(wide, quad_segs=_QUAD_SEGS))
    assert isinstance(shape, Polygon)  # a buffer of a point
    return shape
