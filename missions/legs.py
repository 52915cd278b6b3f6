"""Along which straight legs does a mission fly, and where is the camera on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from geo.pose import GeoPoint
from missions.model import AltitudeFrame, Command, MissionItem

_PLACES = (Command.NAV_WAYPOINT, Command.NAV_TAKEOFF, Command.NAV_LAND)


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight line between two places of a mission, each (lon, lat, height above home)."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    camera_on: bool


def legs(home: GeoPoint, items: Sequence[MissionItem]) -> Iterator[Leg]:
    """Legs of a mission in order, from the ground at home to the ground at home or a landing."""
    here = (home.lon_deg, home.lat_deg, 0.0)
    camera_on = False
    for item in items:
        if item.command == Command.DO_SET_CAM_TRIGG_DIST:
            camera_on = item.parameters[0] > 0
        elif item.command == Command.NAV_RETURN_TO_LAUNCH:
            above = (home.lon_deg, home.lat_deg, here[2])
            ground = (home.lon_deg, home.lat_deg, 0.0)
            yield Leg(here, above, camera_on)
            yield Leg(above, ground, False)
            here = ground
        elif item.command in _PLACES:
            there = _place(home, here, item)
            yield Leg(here, there, camera_on)
            here = there


def _place(
    home: GeoPoint, here: tuple[float, float, float], item: MissionItem
) -> tuple[float, float, float]:
    """Where an item leads; a take-off or landing without coordinates stays above the spot."""
    height = item.altitude_m
    if item.frame == AltitudeFrame.AMSL:
        height -= home.altitude_amsl_m
    if item.command != Command.NAV_WAYPOINT and item.lon_deg == item.lat_deg == 0:
        return here[0], here[1], height
    return item.lon_deg, item.lat_deg, height
