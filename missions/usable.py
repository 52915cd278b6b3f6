"""Which part of an area may be flown over."""

from collections.abc import Sequence

import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from missions.airspace import Airspace, CeilingZone, HeightBand, NoFlyZone, Obstacle
from missions.errors import MissionError

LEAST_PART_M2 = 400.0
_DRAWN_M = 1.5  # planners simplify outlines by up to this much
_SIMPLER_M, _SIMPLER_SHARE = 0.3, 0.036  # makes a circle of about twelve corners
_NARROWEST_M = 4.0
_ROUND = 16
_AT_PLACE_M = 0.5
_MOST_NAMED = 5
_BESIDE_M = 0.5  # home may lie on the edge of what is usable


def usable_area(
    area: Polygon | MultiPolygon,
    airspace: Airspace,
    frame: LocalFrame,
    *,
    heights_agl_m: tuple[float, float] | None = None,
) -> Polygon | MultiPolygon:
    """Leave out of an area what must not be flown over, with margins.

    Parts smaller than 400 m2 or narrower than 4 m are left out too, where something is taken away.

    Args:
        area: lon/lat degrees.
        airspace: zones, ceilings and obstacles; only those in force.
        frame: metres around the area.
        heights_agl_m: lowest and highest height above ground of the flight. Obstacles, ceilings and
            bands above ground that this passes are no hindrance. All are if None.

    Raises:
        MissionError: nothing is left.
    """
    local = frame.to_local(area)
    taken = _taken(airspace.near(*area.bounds), frame, heights_agl_m)
    near = [(name, shape) for name, shape in taken if shape.intersects(local)]
    if not near:
        return area
    left = local.difference(shapely.union_all([shape for _, shape in near]))
    parts = [part for part in shapely.get_parts(left).tolist() if is_worth_flying(part)]
    if not parts:
        names = _most_first(near, local)
        raise MissionError(
            f"nothing of the area of {local.area / 1e4:.1f} ha may be flown over: zones or "
            f"obstacles ({names}) take all of it. Get an approval, plan days on which "
            "they are not in force (--first, --days), or leave the cell out"
        )
    whole = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return frame.to_lonlat(whole)


def no_way_home(
    area: Polygon | MultiPolygon,
    airspace: Airspace,
    frame: LocalFrame,
    ceiling_agl_m: float,
    *,
    heights_agl_m: tuple[float, float] | None = None,
) -> list[BaseGeometry]:
    """What a straight way home from an area may not cross, in metres with margins.

    Zones that the flight meets, and obstacles that cannot be passed over below the ceiling.

    Args:
        area: lon/lat degrees.
        airspace: zones and obstacles; only those in force.
        frame: metres around the area.
        ceiling_agl_m: highest above any ground.
        heights_agl_m: as for `usable_area`.
    """
    near = airspace.near(*area.bounds)
    tall = (o for o in near.obstacles if o.height_agl_m + o.clearance_m > ceiling_agl_m)
    forbidden = Airspace(no_fly=near.no_fly, obstacles=tuple(tall))
    shapes = (shape.buffer(-_BESIDE_M) for _, shape in _taken(forbidden, frame, heights_agl_m))
    return [shape for shape in shapes if not shape.is_empty]


def take_off_area(
    area: Polygon | MultiPolygon, airspace: Airspace, frame: LocalFrame
) -> Polygon | MultiPolygon:
    """Part of an area in metres that one may take off from: nothing is near at any height.

    Raises:
        MissionError: there is none.
    """
    return frame.to_local(usable_area(area, airspace, frame))


def clear_home(
    area: Polygon | MultiPolygon,
    airspace: Airspace,
    frame: LocalFrame,
    wanted_lonlat_deg: tuple[float, float],
) -> tuple[float, float]:
    """Place of an area nearest to the one wanted that one may take off from.

    A flight may pass over a low zone or mast, but climbing beside it comes too close.

    Raises:
        MissionError: there is none.
    """
    free = take_off_area(area, airspace, frame)
    lon, lat = wanted_lonlat_deg
    wanted = frame.to_local(Point(lon, lat))
    if free.distance(wanted) < _AT_PLACE_M:
        return lon, lat
    nearest = frame.to_lonlat(Point(shapely.shortest_line(free, wanted).coords[0]))
    return nearest.x, nearest.y


def _taken(
    airspace: Airspace, frame: LocalFrame, heights: tuple[float, float] | None
) -> list[tuple[str, BaseGeometry]]:
    """Names and shapes in metres, with margins, of what may not be flown over."""
    taken = [
        (_named(zone), _grown(frame.to_local(zone.area), zone.margin_m))
        for zone in airspace.no_fly
        if _is_met(zone, heights)
    ]
    taken += [
        (_named(zone), _grown(frame.to_local(zone.area), 0.0))
        for zone in airspace.ceilings
        if heights is None or heights[1] > zone.ceiling_agl_m
    ]
    taken += [
        (obstacle.name, _grown(frame.to_local(obstacle.shape), obstacle.reach_m))
        for obstacle in airspace.obstacles
        if heights is None or not _is_passed_over(obstacle, heights[0])
    ]
    return taken


def _is_met(zone: NoFlyZone, heights: tuple[float, float] | None) -> bool:
    known: HeightBand = zone.band
    if heights is None or known.above == "sea":
        return True
    return zone.meets(*heights)


def _is_passed_over(obstacle: Obstacle, lowest_agl_m: float) -> bool:
    """Whether a point or small obstacle lies below; wires may hang over lower ground."""
    if obstacle.shape.geom_type not in ("Point", "MultiPoint"):
        return False
    return obstacle.height_agl_m + obstacle.clearance_m <= lowest_agl_m


def _grown(shape: BaseGeometry, margin_m: float) -> BaseGeometry:
    """A shape with its margin, and a little more for simplified outlines; few corners.

    Simplifying moves an outline by about its tolerance, which is added before; a ring whose first
    corner goes can move by a little more, and what is missing then is added after.
    """
    reach = (margin_m + _DRAWN_M) * 1.002  # arcs of 64 corners are flatter by up to 0.12 %
    tolerance = max(_SIMPLER_M, _SIMPLER_SHARE * reach)
    grown = shape.buffer(reach + tolerance, quad_segs=_ROUND).simplify(tolerance)
    missing = reach - grown.boundary.distance(shape)
    return grown if missing <= 0 else grown.buffer(missing, join_style="mitre")


def is_worth_flying(part: BaseGeometry) -> bool:
    """Whether a part in metres is large and wide enough for a flight of its own."""
    return part.area >= LEAST_PART_M2 and not part.buffer(-_NARROWEST_M / 2).is_empty


def _named(zone: NoFlyZone | CeilingZone) -> str:
    """Name of a zone, and when it is in force where that is not always."""
    begins, ends = zone.window.begins, zone.window.ends
    if begins is None and ends is None:
        return zone.name
    since = "" if begins is None else f" from {begins:%Y-%m-%d %H:%M %z}"
    until = "" if ends is None else f" to {ends:%Y-%m-%d %H:%M %z}"
    return f"{zone.name}, in force{since}{until}"


def _most_first(taken: Sequence[tuple[str, BaseGeometry]], local: BaseGeometry) -> str:
    """Names of what takes something of an area, by how much."""
    ordered = sorted(taken, key=lambda named: (-(named[1] & local).area, named[0]))
    return "; ".join(dict.fromkeys(name for name, _ in ordered[:_MOST_NAMED]))
