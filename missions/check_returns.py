"""Can the vehicle come home on the straight way from everywhere along a mission.

A failsafe sends it home from any place: up to the return height where it is lower, then straight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.frames import Array
from missions.airspace import ANY_HEIGHT, NoFlyZone
from missions.check_limits import Subject
from missions.check_ways import Standing
from missions.findings import Code, Finding
from missions.ground import (
    Ground,
    ground_range_m,
    ground_under,
    heights_agl_m,
    highest,
    lowest,
)

_ROUNDING_M = 0.05
_APART_M = 30.0  # between places from which ways home are looked at
_MOST_WAYS = 600
_LEAST_RETURN_M = 20.0
"""No return height is planned below this: the least that DJI's apps accept (RTH altitude, 20 m)."""


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """Straight ways home: leg each starts on, start and end (K, 3) at the height flown."""

    legs: NDArray[np.intp]
    starts_m: Array
    ends_m: Array


def returns_from(subject: Subject) -> Returns:
    """Ways home from places all along the cruising legs, at both ends of each and between."""
    cruising = np.flatnonzero(subject.flown.cruising())
    starts, ends = subject.flown.starts_m()[cruising], subject.flown.ends_m()[cruising]
    lengths = np.hypot(*(ends - starts)[:, :2].T)
    apart = max(_APART_M, float(lengths.sum()) / _MOST_WAYS)
    counts = np.maximum(1, np.ceil(lengths / apart)).astype(int) + 1
    shares = [np.linspace(0.0, 1.0, count) for count in counts.tolist()]
    index = np.repeat(np.arange(len(cruising)), counts)
    share = np.concatenate(shares)[:, None] if shares else np.zeros((0, 1))
    places = starts[index] + share * (ends - starts)[index]
    places[:, 2] = np.maximum(places[:, 2], _return_altitude_m(subject))
    home = np.column_stack([np.tile(subject.flown.home_m[:2], (len(places), 1)), places[:, 2]])
    return Returns(cruising[index], places, home)


def _return_altitude_m(subject: Subject) -> float:
    return float(subject.flown.home_m[2]) + subject.return_height_m


def check_returns(subject: Subject, obstacles: Sequence[Standing]) -> Iterator[Finding]:
    """Find places from which the straight way home is too low, too high, or forbidden."""
    ways = returns_from(subject)
    if not len(ways.legs):
        return
    if not _clears_all_ground(subject, ways):
        yield from _ground(subject, ways)
    yield from _obstacles(subject, obstacles)
    yield from _zones(subject)
    yield from _fence(subject)


def _clears_all_ground(subject: Subject, ways: Returns) -> bool:
    """Whether no way can be too low or too high over any ground around."""
    places = np.concatenate([ways.starts_m, ways.ends_m])
    bounds = np.concatenate([places[:, :2].min(axis=0), places[:, :2].max(axis=0)])
    known = ground_range_m(subject.terrain, subject.flown.frame, bounds)
    if known is None:
        return False
    low, high = float(places[:, 2].min()), float(places[:, 2].max())
    limits = subject.limits
    return known[1] + limits.floor_agl_m <= low and high - known[0] <= limits.ceiling_agl_m


def _ground(subject: Subject, ways: Returns) -> Iterator[Finding]:
    ground, heights = _profile(subject, ways)
    count, limits = len(ways.legs), subject.limits
    low, high = lowest(ground, heights, count), highest(ground, heights, count)
    unknown = np.flatnonzero(np.isnan(low.values))
    if len(unknown):
        piece = np.flatnonzero(np.isnan(heights).any(axis=1))[0]
        place = ground.places_m[piece, int(np.isnan(heights[piece]).argmax())]
        leg = int(ways.legs[unknown[0]])
        yield subject.finding(Code.TERRAIN_UNKNOWN, leg, place, np.nan, 0.0)
        return
    worst = int(low.values.argmin())
    if low.values[worst] < limits.floor_agl_m - _ROUNDING_M:
        needed = f"{np.ceil(_height_over_ground_m(subject, ground, heights)):.0f}"
        place = _along(ways, worst, low.shares[worst])
        leg, value = int(ways.legs[worst]), low.values[worst]
        yield subject.finding(Code.RETURN_TERRAIN, leg, place, value, limits.floor_agl_m, needed)
    worst = int(high.values.argmax())
    if high.values[worst] > limits.ceiling_agl_m + _ROUNDING_M:
        place = _along(ways, worst, high.shares[worst])
        leg, value = int(ways.legs[worst]), high.values[worst]
        yield subject.finding(Code.RETURN_CEILING, leg, place, value, limits.ceiling_agl_m)


def _profile(subject: Subject, ways: Returns) -> tuple[Ground, Array]:
    """The ground under ways home and their height above it."""
    terrain, frame = subject.terrain, subject.flown.frame
    ground = ground_under(terrain, frame, ways.starts_m, ways.ends_m)
    return ground, heights_agl_m(ground, ways.starts_m[:, 2], ways.ends_m[:, 2])


def _along(ways: Returns, index: int, share: float) -> Array:
    place: Array = ways.starts_m[index] + share * (ways.ends_m[index] - ways.starts_m[index])
    return place


def _height_over_ground_m(subject: Subject, ground: Ground, heights: Array) -> float:
    """Lowest return height above home that clears the ground wherever it is too close."""
    close = heights < subject.limits.floor_agl_m - _ROUNDING_M
    if not close.any():
        return 0.0
    # A parabola rises above its three points by a quarter of its bend at most.
    bends = np.abs(ground.bends_m())[:, None] / 4
    tops = (ground.altitudes_amsl_m + bends)[close]
    return float(tops.max()) + subject.limits.floor_agl_m - float(subject.flown.home_m[2])


def _fans(subject: Subject) -> tuple[NDArray[np.intp], NDArray[np.object_], Array]:
    """Ground under all ways home from each cruising leg, and the lowest altitude of these."""
    legs = np.flatnonzero(subject.flown.cruising())
    starts, ends = subject.flown.starts_m()[legs], subject.flown.ends_m()[legs]
    home = np.tile(subject.flown.home_m[:2], (len(legs), 1))
    corners = np.stack([home, starts[:, :2], ends[:, :2]], axis=1)
    shapes = np.asarray(shapely.convex_hull(shapely.linestrings(corners)), dtype=object)
    altitudes = np.minimum(starts[:, 2], ends[:, 2])
    return legs, shapes, np.maximum(altitudes, _return_altitude_m(subject))


def _obstacles(subject: Subject, obstacles: Sequence[Standing]) -> Iterator[Finding]:
    legs, shapes, altitudes = _fans(subject)
    for one in obstacles:
        below = altitudes < one.lowest_pass_m - _ROUNDING_M
        close = shapely.dwithin(one.shape, shapes, max(one.obstacle.reach_m - _ROUNDING_M, 0.0))
        hit = np.flatnonzero(below & close)
        if not len(hit):
            continue
        worst = int(hit[altitudes[hit].argmin()])
        place = shapely.get_coordinates(shapely.shortest_line(shapes[worst], one.shape))[1]
        above = float(altitudes[worst]) - one.top_amsl_m
        clearance, name = one.obstacle.clearance_m, one.obstacle.name
        yield subject.finding(Code.RETURN_OBSTACLE, int(legs[worst]), place, above, clearance, name)


def _zones(subject: Subject) -> Iterator[Finding]:
    """Find no-fly zones that a way home crosses, at heights that they reach."""
    legs, shapes, _ = _fans(subject)
    for zone in subject.airspace.no_fly:
        area = subject.flown.frame.to_local(zone.area)
        crossed = np.flatnonzero(shapely.intersects(area, shapes)).tolist()
        for fan in crossed:
            within = shapes[fan] & area
            if _reaches(subject, zone, int(legs[fan]), within):
                place = shapely.get_coordinates(shapely.point_on_surface(within))[0]
                yield subject.finding(Code.RETURN_ZONE, int(legs[fan]), place, 0.0, 0.0, zone.name)
                break


def _reaches(subject: Subject, zone: NoFlyZone, leg: int, within: BaseGeometry) -> bool:
    """Whether ways home from a leg may meet a zone's heights where they cross it."""
    if zone.band == ANY_HEIGHT:
        return True
    ends = subject.flown.starts_m()[leg], subject.flown.ends_m()[leg]
    low, high = sorted(max(float(end[2]), _return_altitude_m(subject)) for end in ends)
    if zone.band.above == "sea":
        return zone.meets(low, high)
    known = ground_range_m(subject.terrain, subject.flown.frame, np.array(within.bounds))
    return known is None or zone.meets(low - known[1], high - known[0])


def _fence(subject: Subject) -> Iterator[Finding]:
    if subject.fence is None:
        return
    fence = subject.flown.frame.to_local(subject.fence).buffer(_ROUNDING_M)
    shapely.prepare(fence)
    legs, shapes, _ = _fans(subject)
    hit = np.flatnonzero(~shapely.covers(fence, shapes))
    if len(hit):
        outside = shapes[hit[0]].difference(fence)
        place = shapely.get_coordinates(shapely.point_on_surface(outside))[0]
        yield subject.finding(Code.RETURN_FENCE, int(legs[hit[0]]), place, 0.0, 0.0)


def lowest_return_height_m(subject: Subject, obstacles: Sequence[Standing]) -> float:
    """Return height above home from which every straight way home clears ground and obstacles.

    A failsafe may come where the vehicle has descended already or is still climbing, so the height
    clears them by itself wherever it can below the ceiling; else together with the height flown.
    """
    ways = returns_from(subject)
    if not len(ways.legs):
        return float(np.ceil(max(subject.return_height_m, _LEAST_RETURN_M)))
    _, _, altitudes = _fans(subject)
    needed = _needed_m(subject, obstacles, ways, altitudes)
    low = _return_altitude_m(subject)
    descended = replace(ways, starts_m=_at(ways.starts_m, low), ends_m=_at(ways.ends_m, low))
    by_itself = _needed_m(subject, obstacles, descended, np.full(len(altitudes), low))
    if by_itself <= subject.limits.ceiling_agl_m:
        needed = max(needed, by_itself)
    needed = max(needed, _over_fence_m(subject, obstacles), _LEAST_RETURN_M)
    return float(np.ceil(needed))


def _over_fence_m(subject: Subject, obstacles: Sequence[Standing]) -> float:
    """Height above home that clears the obstacles in the fence, but those above the ceiling."""
    if subject.fence is None:
        return 0.0
    fence, home_m = subject.flown.frame.to_local(subject.fence), float(subject.flown.home_m[2])
    near = [one for one in obstacles if one.shape.dwithin(fence, one.obstacle.reach_m)]
    passed = [one.lowest_pass_m - home_m for one in near]
    return max((m for m in passed if m <= subject.limits.ceiling_agl_m), default=0.0)


def _at(places_m: Array, altitude_m: float) -> Array:
    """The same places (N, 3) at one altitude."""
    return np.column_stack([places_m[:, :2], np.full(len(places_m), altitude_m)])


def _needed_m(
    subject: Subject, obstacles: Sequence[Standing], ways: Returns, altitudes: Array
) -> float:
    """Return height that clears what ways home, and fans of ways at altitudes (K,), do not."""
    needed = subject.return_height_m
    if not _clears_all_ground(subject, ways):
        ground, heights = _profile(subject, ways)
        needed = max(needed, _height_over_ground_m(subject, ground, heights))
    _, shapes, _ = _fans(subject)
    for one in obstacles:
        below = altitudes < one.lowest_pass_m - _ROUNDING_M
        close = shapely.dwithin(one.shape, shapes, one.obstacle.reach_m)
        if (below & close).any():
            needed = max(needed, one.lowest_pass_m - float(subject.flown.home_m[2]))
    return needed
