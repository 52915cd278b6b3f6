"""What do maps of a mission show of the airspace: named shapes to keep out of."""

from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from missions.airspace import Airspace


def keep_outs(
    airspace: Airspace, drawn: BaseGeometry, frame: LocalFrame
) -> list[tuple[str, BaseGeometry]]:
    """No-fly zones, lower ceilings and the ground to keep away from around obstacles.

    Args:
        airspace: all that is known.
        drawn: what the map shows, lon/lat degrees; only what is near counts.
        frame: metres of the shapes.
    """
    near = airspace.near(*drawn.bounds)
    shapes: list[tuple[str, BaseGeometry]] = []
    shapes += [(zone.name, frame.to_local(zone.area)) for zone in near.no_fly]
    shapes += [(f"{z.name} {z.ceiling_agl_m:g} m", frame.to_local(z.area)) for z in near.ceilings]
    shapes += [
        (f"{o.name} {o.height_agl_m:g} m", frame.to_local(o.shape).buffer(o.reach_m))
        for o in near.obstacles
    ]
    return shapes
