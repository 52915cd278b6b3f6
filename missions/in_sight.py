"""From where can all of an area be flown over, and the straight way home never cross a zone.

A failsafe sends the vehicle straight home from any place. What lies behind a zone, seen from home,
is flown from a home of its own on the other side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array, LocalFrame
from missions.model import Sortie
from missions.settings import SurveySettings
from missions.usable import is_worth_flying

_HOMES = 24  # that are tried on the border of what is hidden from the usual one
_AT_PLACE_M = 0.5
_FAR = 2.0  # how many times the area's size shadows are drawn long

Planner = Callable[[Polygon, SurveySettings], Sequence[Sortie]]


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What matters to ways home, in metres.

    Attributes:
        blockers: what none may cross, with margins.
        take_off: where one may take off.
    """

    frame: LocalFrame
    blockers: Sequence[BaseGeometry]
    take_off: BaseGeometry


def plan_in_sight(
    area: Polygon, plan: Planner, settings: SurveySettings, around: Around
) -> tuple[Sortie, ...]:
    """Plan an area; in several parts, each with its home, where zones hide some of it from one.

    Parts smaller than 400 m2 or narrower than 4 m are left out, as beside zones.

    Args:
        area: lon/lat degrees, without the zones.
        plan: of a part in lon/lat degrees with settings; flown from the home in these, if any.
        settings: with a home, nothing is moved.
        around: zones.
    """
    sorties = tuple(plan(area, settings))
    if not around.blockers or not sorties or settings.home_lonlat_deg is not None:
        return sorties
    frame, local = around.frame, around.frame.to_local(area)
    usual = frame.xy_from_lonlat(np.array([(s.home.lon_deg, s.home.lat_deg) for s in sorties]))
    if not any(in_sight(local, home, around.blockers)[1] for home in np.unique(usual, axis=0)):
        return sorties
    homes = [usual[0], *_other_homes(local, around.take_off)]
    views = [in_sight(local, home, around.blockers) for home in homes]
    best = min(range(len(homes)), key=lambda i: sum(part.area for part in views[i][1]))
    seen, hidden = views[best]
    if not seen:
        return sorties
    lon, lat = frame.lonlat_from_xy(homes[best][None])[0].tolist()
    fixed = replace(settings, home_lonlat_deg=(lon, lat))
    planned = [s for part in seen for s in plan(_degrees(part, frame), fixed)]
    for part in hidden:
        planned += plan_in_sight(_degrees(part, frame), plan, settings, around)
    return tuple(planned)


def _other_homes(area: Polygon, take_off: BaseGeometry) -> list[Array]:
    """Places on the border of an area from which one may take off."""
    ring = area.exterior
    places = shapely.line_interpolate_point(ring, np.linspace(0, ring.length, _HOMES, False))
    free = places[shapely.dwithin(take_off, places, _AT_PLACE_M)]
    return list(shapely.get_coordinates(free))


def _degrees(part: Polygon, frame: LocalFrame) -> Polygon:
    area = frame.to_lonlat(part)
    assert isinstance(area, Polygon)  # as `part` is
    return area


def in_sight(
    area: Polygon, home_m: Array, blockers: Sequence[BaseGeometry]
) -> tuple[list[Polygon], list[Polygon]]:
    """Parts of an area with and without a straight way home that no blocker crosses, in metres."""
    reach = _FAR * float(shapely.hausdorff_distance(area, shapely.Point(home_m)))
    cast = [_shadow(blocker, home_m, reach) for blocker in blockers]
    shadow = shapely.union_all([*cast, *blockers])
    return _parts(area.difference(shadow)), _parts(area.intersection(shadow))


def _shadow(blocker: BaseGeometry, home_m: Array, reach_m: float) -> BaseGeometry:
    """What lies behind a shape, seen from home: behind any of its edges."""
    edges = [
        np.stack([ring[:-1], ring[1:]], axis=1)
        for part in shapely.get_parts(blocker).tolist()
        for ring in [shapely.get_coordinates(part.exterior)]
    ]
    near = np.concatenate(edges)
    ways = _unit(near - home_m)
    middle = _unit(ways.sum(axis=1, keepdims=True))  # else a long edge close by has a short shadow
    far = home_m + reach_m * np.concatenate([ways, middle], axis=1)
    corners = np.concatenate([near, far], axis=1)
    behind = np.asarray(shapely.convex_hull(shapely.multipoints(corners)), dtype=object)
    return shapely.union_all(behind[shapely.area(behind) > 0])


def _unit(vectors: Array) -> Array:
    lengths = np.hypot(vectors[..., 0], vectors[..., 1])[..., None]
    unit: Array = vectors / np.maximum(lengths, 1e-9)
    return unit


def _parts(shape: BaseGeometry) -> list[Polygon]:
    parts = shapely.get_parts(shape).tolist()
    found = [p for p in parts if isinstance(p, Polygon) and is_worth_flying(p)]
    return sorted(found, key=lambda part: -part.area)
