"""EDGE: MAVLink fence and rally items as `QGC WPL 110` files, as MAVProxy and pymavlink load them.

Meaning of the commands: MAVLink common.xml, MAV_CMD_NAV_FENCE_* and MAV_CMD_NAV_RALLY_POINT. Such
files have no home row.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from shapely import Polygon
from shapely.errors import ShapelyError

from geo.files import replacing
from missions.errors import MissionError
from missions.fence import circle, joined
from missions.model import AltitudeFrame, MissionItem, Sortie
from missions.reading import reason
from missions.waypoints import read_rows, rows_text

RETURN_POINT, INSIDE, OUTSIDE, INSIDE_CIRCLE, OUTSIDE_CIRCLE = 5000, 5001, 5002, 5003, 5004
RALLY_POINT = 5100
_LEAST_CORNERS = 3


def write_fence(path: Path, fence: Polygon) -> None:
    """Write a fence, whole or not at all; its holes are areas to stay out of.

    Args:
        path: usually NAME.fence.
        fence: lon/lat degrees.
    """
    with replacing(path) as temporary:
        temporary.write_text(rows_text(fence_items(fence)), encoding="ascii", newline="\n")


def write_rally(path: Path, places: Sequence[tuple[float, float, float]]) -> None:
    """Write rally points as lon, lat, height above home, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(rows_text(rally_items(places)), encoding="ascii", newline="\n")


def fence_items(fence: Polygon) -> tuple[MissionItem, ...]:
    """One item a corner, each with the number of corners of its polygon."""
    rings = [(INSIDE, fence.exterior), *((OUTSIDE, ring) for ring in fence.interiors)]
    return tuple(
        MissionItem(
            command,
            AltitudeFrame.AMSL,
            (float(len(ring.coords) - 1), 0.0, 0.0, 0.0),
            lon_deg=lon,
            lat_deg=lat,
        )
        for command, ring in rings
        for lon, lat in list(ring.coords)[:-1]
    )


def rally_items(places: Sequence[tuple[float, float, float]]) -> tuple[MissionItem, ...]:
    """One item a place: lon, lat, height above home."""
    return tuple(
        MissionItem(
            RALLY_POINT, AltitudeFrame.ABOVE_HOME, lon_deg=lon, lat_deg=lat, altitude_m=height
        )
        for lon, lat, height in places
    )


def rally_place(sortie: Sortie) -> tuple[float, float, float]:
    """Home as the place to return to: lon, lat, return height above home."""
    height_m = sortie.height_home_m if sortie.return_height_m is None else sortie.return_height_m
    return sortie.home.lon_deg, sortie.home.lat_deg, height_m


def read_fence(path: Path) -> Polygon:
    """Read a fence as one area to stay in, with holes to stay out of.

    Raises:
        MissionError: the file is missing or damaged, or its fence is more than that.
    """
    rows = read_rows(path)
    try:
        return fence_of(rows)
    except MissionError as error:
        raise MissionError(f"{path}: {error}") from error


def fence_of(found: Sequence[MissionItem]) -> Polygon:
    """Make a fence of items; MissionError where that cannot be done."""
    corners = [item for item in found if item.command in (INSIDE, OUTSIDE)]
    circles = [item for item in found if item.command in (INSIDE_CIRCLE, OUTSIDE_CIRCLE)]
    try:
        shapes = [(command, Polygon(ring)) for command, ring in _rings(corners)]
        shapes += [(item.command, _circle(item)) for item in circles]
        return joined(
            [shape for command, shape in shapes if command in (INSIDE, INSIDE_CIRCLE)],
            [shape for command, shape in shapes if command in (OUTSIDE, OUTSIDE_CIRCLE)],
        )
    except (ValueError, ShapelyError) as error:
        raise MissionError(f"the fence is incomplete or damaged ({reason(error)})") from error


def _circle(item: MissionItem) -> Polygon:
    radius_m, outside = item.parameters[0], item.command == OUTSIDE_CIRCLE
    return circle(item.lon_deg, item.lat_deg, radius_m, around=outside)


def _rings(corners: Sequence[MissionItem]) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    first = 0
    while first < len(corners):
        count, command = corners[first].parameters[0], corners[first].command
        ring = corners[first : first + int(count)]
        if count < _LEAST_CORNERS or len(ring) < count or any(i.command != command for i in ring):
            raise ValueError(f"a polygon of {count:g} corners at row {first + 1} is cut short")
        yield command, [(item.lon_deg, item.lat_deg) for item in ring]
        first += len(ring)


def read_rally(path: Path) -> tuple[tuple[float, float, float], ...]:
    """Read rally points as lon, lat, altitude; MissionError where that cannot be done."""
    return tuple(
        (item.lon_deg, item.lat_deg, item.altitude_m)
        for item in read_rows(path)
        if item.command == RALLY_POINT
    )
