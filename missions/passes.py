"""Which parallel rows show all of an area to a tilted camera that keeps one direction of view.

The camera looks ahead of the aircraft, so the rows lie as far behind the ground that they show as
the middle of the picture lies ahead: the area flown over is the area shifted against the view.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geo.footprint import spacing_m
from geo.frames import Array, LocalFrame
from missions.errors import MissionError
from missions.inside import Inside
from missions.releases import released_every_m
from missions.route import Route, connect, order_strips
from missions.runs import places_along, runs_of
from missions.sight import Sight, unit
from missions.sweep import sweep
from missions.timing import Motion

_LEAST_GAP_M2 = 1.0
_MOST_SPOTS = 400
_SPOT_M = 0.5  # long enough to have a direction


@dataclass(frozen=True, slots=True)
class View:
    """What the camera sees at each photo, and how far photos and rows are apart.

    Attributes:
        along: the camera looks along the rows; else across them.
    """

    sight: Sight
    row_spacing_m: float
    photo_spacing_m: float
    along: bool

    @classmethod
    def of(cls, sight: Sight, side_share: float, front_share: float, *, along: bool) -> "View":
        """Spacings that keep overlaps between rows (side) and along them (front)."""
        length, width = sight.length_m, sight.near_width_m
        across, ahead = (width, length) if along else (length, width)
        return cls(sight, spacing_m(across, side_share), spacing_m(ahead, front_share), along)

    def released(self, speed_m_s: float) -> "View":
        """The same with photos as far apart as an autopilot takes them that is told so."""
        told_m = round(self.photo_spacing_m, 2)
        return replace(self, photo_spacing_m=released_every_m(told_m, speed_m_s))


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Rows over an area with one direction of view, in local metres.

    Attributes:
        area: what is flown over.
        look_deg: direction of view, counter-clockwise from the frame's east.
    """

    view: View
    area: Polygon
    route: Route
    look_deg: float

    def places_m(self) -> Array:
        """Where photos are taken, (N, 2)."""
        runs = runs_of(self.route)
        return np.concatenate([places_along(run, self.view.photo_spacing_m)[0] for run in runs])

    def unseen(self, ground: Polygon) -> BaseGeometry:
        """Ground that no photo shows for sure."""
        seen = self.view.sight.outlines(self.places_m(), self.look_deg)
        return ground.difference(shapely.union_all(seen))


def plan_pass(
    shape: Polygon, view: View, motion: Motion, look_deg: float | None, *, margin_m: float = 0.0
) -> Pass:
    """Lay rows that show an area from one direction.

    Args:
        shape: the area, local metres.
        view: the camera's.
        motion: decides which direction of rows is fastest.
        look_deg: direction of view; the one with the fastest rows if None.
        margin_m: so far beyond the area rows are laid too.
    """
    grown = shape.buffer(margin_m, join_style="mitre") if margin_m else shape
    if not isinstance(grown, Polygon):
        raise MissionError("the area falls apart; plan its parts one by one")
    turned = 0.0 if view.along else 90.0
    angle = None if look_deg is None else (look_deg + turned) % 180
    angles = _angles_deg(grown) if angle is None else [angle]
    route = _fastest(grown, view.row_spacing_m, motion, angles)
    if look_deg is None:
        east, north = route.rows[0, 1] - route.rows[0, 0]
        look_deg = float(np.degrees(np.arctan2(north, east))) - turned
    back = -view.sight.middle_m * unit(look_deg)
    transfers = tuple(transfer + back for transfer in route.transfers)
    area = translate(grown, *back)
    return Pass(view, area, Route(route.rows + back, transfers), look_deg)


def _fastest(
    shape: Polygon, spacing_m: float, motion: Motion, angles_deg: Sequence[float]
) -> Route:
    """Whole rows over an area in the direction that is flown in the least time."""
    inside = Inside(shape)
    swept = [sweep(shape, spacing_m, angle) for angle in angles_deg]
    routes = [connect(order_strips(rows, inside, motion), inside) for rows in swept if rows]
    if not routes:
        raise MissionError(f"the area of {shape.area:.1f} m2 is too small for rows")
    return min(routes, key=lambda route: motion.path_seconds(route.points()))


def _angles_deg(shape: Polygon) -> list[float]:
    """Directions worth trying: along the sides of the hull, and every 15 degrees."""
    hull = shapely.get_coordinates(shape.convex_hull.simplify(0.02 * float(np.sqrt(shape.area))))
    sides = np.diff(hull, axis=0)
    along = np.degrees(np.arctan2(sides[:, 1], sides[:, 0]))
    angles = np.concatenate([along, np.arange(0, 180, 15)]) % 180
    return [float(angle) for angle in np.unique(angles.round(1))]


def with_spots(flown: Pass, ground: Polygon, wanted_share: float) -> Pass:
    """Add single photos until a share of the ground is seen, the largest gap first."""
    inside, seen_before = Inside(flown.area), -1.0
    for _ in range(_MOST_SPOTS):
        gaps = flown.unseen(ground)
        share = 1 - gaps.area / ground.area
        gap = max(shapely.get_parts(gaps).tolist(), key=lambda part: part.area, default=None)
        if gap is None or share >= wanted_share or gap.area < _LEAST_GAP_M2:
            break
        if share <= seen_before + 1e-9:
            break  # what is left cannot be seen from inside the area
        seen_before = share
        spot = _spot(flown, gap)
        rows = np.insert(flown.route.rows, _cheapest(flown.route.rows, spot), spot, axis=0)
        flown = Pass(flown.view, flown.area, connect(rows, inside), flown.look_deg)
    return flown


def _spot(flown: Pass, gap: Polygon) -> Array:
    """A very short row (2, 2), inside of what is flown, with one photo of a gap."""
    centre = gap.centroid if gap.covers(gap.centroid) else gap.representative_point()
    ideal = shapely.get_coordinates(centre)[0]
    ideal = ideal - flown.view.sight.middle_m * unit(flown.look_deg)
    line = shapely.shortest_line(flown.area, shapely.Point(ideal))
    spot = shapely.get_coordinates(line)[0]
    way = unit(flown.look_deg + (0.0 if flown.view.along else 90.0))
    return np.stack([spot, spot + _SPOT_M * way])


def _cheapest(rows: Array, spot: Array) -> int:
    """Place in the order of rows where a spot costs the least way."""
    to = np.hypot(*(rows[:, 1] - spot[0]).T)
    onward = np.hypot(*(rows[:, 0] - spot[0]).T)
    direct = np.hypot(*(rows[:-1, 1] - rows[1:, 0]).T)
    extra = np.concatenate([onward[:1], to[:-1] + onward[1:] - direct, to[-1:]])
    return int(extra.argmin())


def true_heading_deg(look_deg: float, frame: LocalFrame) -> float:
    """Heading, clockwise from true north, of a direction counter-clockwise from east."""
    meridian_deg = frame.convergence_deg(frame.centre_lon_deg, frame.centre_lat_deg)
    return (90.0 - look_deg + meridian_deg) % 360


def look_of_heading_deg(heading_deg: float) -> float:
    """Direction counter-clockwise from east of a heading at the frame's centre."""
    return (90.0 - heading_deg) % 360
