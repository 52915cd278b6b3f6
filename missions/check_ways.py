"""Does every leg stay inside the fence, out of no-fly zones, and clear of obstacles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.frames import Array, LocalFrame
from geo.terrain import Terrain
from missions.airspace import NoFlyZone, Obstacle
from missions.check_limits import Subject
from missions.findings import Code, Finding
from missions.ground import ground_under, heights_agl_m, highest, lowest

_ROUNDING_M = 0.05
_ROUND = 16
_ARC = 1.002  # a circle drawn with 16 corners a quarter is up to 0.12 % too small


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Parts of legs that lie within a shape: index of the leg, start and end (K, 3) in metres."""

    legs: NDArray[np.intp]
    starts_m: Array
    ends_m: Array


def pieces_within(shape: BaseGeometry, starts_m: Array, ends_m: Array) -> Pieces:
    """Cut out of straight legs (N, 3) what lies above or below a shape in metres."""
    lines = lines_of(starts_m, ends_m)
    shapely.prepare(shape)
    hit = np.flatnonzero(shapely.intersects(shape, lines))
    legs: list[int] = []
    ends: list[tuple[float, float]] = []
    for leg in hit.tolist():
        point = lines[leg].geom_type == "Point"
        shares = [(0.0, 1.0)] if point else _shares(lines[leg], shape)
        legs += [leg] * len(shares)
        ends += shares
    index = np.array(legs, dtype=np.intp)
    share = np.array(ends).reshape(-1, 2)
    way = ends_m[index] - starts_m[index]
    return Pieces(index, starts_m[index] + share[:, :1] * way, starts_m[index] + share[:, 1:] * way)


def lines_of(starts_m: Array, ends_m: Array) -> NDArray[np.object_]:
    """Lines on the map of legs (N, 2+); points of those that go straight up or down."""
    places = np.stack([starts_m[:, :2], ends_m[:, :2]], axis=1)
    made: NDArray[np.object_] = np.asarray(shapely.linestrings(places), dtype=object)
    tall = np.all(places[:, 0] == places[:, 1], axis=1)
    made[tall] = shapely.points(places[tall, 0])
    return made


def _shares(line: BaseGeometry, shape: BaseGeometry) -> list[tuple[float, float]]:
    """From and to which share of a line it lies within a shape."""
    a, b = shapely.get_coordinates(line)
    way = b - a
    found = []
    for part in shapely.get_parts(shapely.intersection(line, shape)).tolist():
        along = np.clip((shapely.get_coordinates(part) - a) @ way / (way @ way), 0.0, 1.0)
        found.append((float(along.min()), float(along.max())))
    return found


def check_fence(subject: Subject) -> Iterator[Finding]:
    """Find legs that leave the fence or come close to it."""
    if subject.fence is None:
        yield Finding(Code.FENCE_MISSING)
        return
    fence = subject.flown.frame.to_local(subject.fence)
    starts, ends = subject.flown.starts_m(), subject.flown.ends_m()
    lines = lines_of(starts, ends)
    grown = fence.buffer(_ROUNDING_M)
    shapely.prepare(grown)
    outside = ~shapely.covers(grown, lines)
    for leg in np.flatnonzero(outside).tolist():
        place, away = _furthest(lines[leg].difference(fence), fence)
        yield subject.finding(Code.FENCE, leg, place, away, 0.0)
    if not outside.any():
        yield from _close_to(subject, fence, lines)


def _furthest(line: BaseGeometry, fence: BaseGeometry) -> tuple[Array, float]:
    """Place on a line that is furthest from the fence, to a metre or so, and how far."""
    points = shapely.get_coordinates(shapely.segmentize(line, max(1.0, line.length / 200)))
    if not len(points):
        return shapely.get_coordinates(fence.representative_point())[0], 0.0
    away = np.asarray(shapely.distance(fence, shapely.points(points)))
    worst = int(away.argmax())
    place: Array = points[worst]
    return place, float(away[worst])


def _close_to(
    subject: Subject, fence: BaseGeometry, lines: NDArray[np.object_]
) -> Iterator[Finding]:
    border = fence.boundary
    away = shapely.distance(border, lines)
    worst = int(away.argmin())
    if away[worst] < subject.limits.fence_margin_m:
        place = shapely.get_coordinates(shapely.shortest_line(lines[worst], border))[0]
        limit = subject.limits.fence_margin_m
        yield subject.finding(Code.FENCE_MARGIN, worst, place, away[worst], limit)


def check_zones(subject: Subject) -> Iterator[Finding]:
    """Find legs that come too close to no-fly zones."""
    starts, ends = subject.flown.starts_m(), subject.flown.ends_m()
    for zone in subject.airspace.no_fly:
        area = subject.flown.frame.to_local(zone.area)
        pieces = pieces_within(_grown(area, zone.margin_m), starts, ends)
        met = _in_band(subject, zone, pieces)
        for leg in np.unique(pieces.legs[met]).tolist():
            own = np.flatnonzero(met & (pieces.legs == leg))
            place, away = _nearest(area, pieces, own)
            if away < zone.margin_m - _ROUNDING_M or away == 0:
                yield subject.finding(Code.NO_FLY_ZONE, leg, place, away, zone.margin_m, zone.name)


def _grown(shape: BaseGeometry, margin_m: float) -> BaseGeometry:
    return shape.buffer(margin_m * _ARC, quad_segs=_ROUND) if margin_m else shape


def _nearest(area: BaseGeometry, pieces: Pieces, own: NDArray[np.intp]) -> tuple[Array, float]:
    """Place on some pieces that is nearest to a shape, and how far it is."""
    lines = lines_of(pieces.starts_m[own], pieces.ends_m[own])
    away = shapely.distance(area, lines)
    nearest = int(away.argmin())
    if away[nearest] > 0:
        return shapely.get_coordinates(shapely.shortest_line(lines[nearest], area))[0], float(
            away[nearest]
        )
    inside = shapely.get_coordinates(shapely.intersection(lines[nearest], area))
    return inside.mean(axis=0), 0.0


def _in_band(subject: Subject, zone: NoFlyZone, pieces: Pieces) -> NDArray[np.bool_]:
    """Which pieces are at heights that a zone reaches."""
    count = len(pieces.legs)
    if not count:
        return np.zeros(0, dtype=bool)
    low, high = _height_ranges(subject, pieces, zone.band.above == "ground")
    unknown = np.isnan(low) | np.isnan(high)
    met = [zone.meets(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    return np.array(met, dtype=bool) | unknown


def _height_ranges(subject: Subject, pieces: Pieces, above_ground: bool) -> tuple[Array, Array]:
    """Lowest and highest height of pieces, above ground or above sea."""
    starts, ends = pieces.starts_m, pieces.ends_m
    if not above_ground:
        return np.minimum(starts[:, 2], ends[:, 2]), np.maximum(starts[:, 2], ends[:, 2])
    ground = ground_under(subject.terrain, subject.flown.frame, starts, ends)
    heights = heights_agl_m(ground, starts[:, 2], ends[:, 2])
    count = len(pieces.legs)
    return lowest(ground, heights, count).values, highest(ground, heights, count).values


@dataclass(frozen=True, slots=True)
class Standing:
    """An obstacle, or one span of a wire, in local metres with its top above sea."""

    obstacle: Obstacle
    shape: BaseGeometry
    top_amsl_m: float

    @property
    def lowest_pass_m(self) -> float:
        """Altitude above sea that a flight over it needs."""
        return self.top_amsl_m + self.obstacle.clearance_m


def standing(
    obstacles: tuple[Obstacle, ...], frame: LocalFrame, terrain: Terrain, fallback_m: float
) -> Iterator[Standing]:
    """Place obstacles on the ground.

    Args:
        obstacles: in lon/lat degrees.
        frame: metres.
        terrain: the ground they stand on.
        fallback_m: ground above sea where the terrain does not know it.
    """
    for obstacle in obstacles:
        for part in _spans(frame.to_local(obstacle.shape)):
            points = shapely.get_coordinates(shapely.segmentize(part, 10.0))
            if part.geom_type == "LineString":
                points = points[[0, -1]]
            ground = terrain.altitudes_amsl_m(frame.lonlat_from_xy(points))
            known = ground[np.isfinite(ground)]
            foot = float(known.max()) if len(known) else fallback_m
            yield Standing(obstacle, part, foot + obstacle.height_agl_m)


def _spans(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """Parts of a shape; lines span by span."""
    for part in shapely.get_parts(shape).tolist():
        if part.geom_type in ("LineString", "LinearRing"):
            points = shapely.get_coordinates(part)
            yield from lines_of(points[:-1], points[1:]).tolist()
        else:
            yield part


def check_obstacles(subject: Subject, obstacles: tuple[Standing, ...]) -> Iterator[Finding]:
    """Find legs that pass too close to an obstacle below its top and clearance."""
    starts, ends = subject.flown.starts_m(), subject.flown.ends_m()
    for one in obstacles:
        reach = one.obstacle.reach_m
        pieces = pieces_within(_grown(one.shape, max(reach, 0.01)), starts, ends)
        low = np.minimum(pieces.starts_m[:, 2], pieces.ends_m[:, 2])
        hit = low < one.lowest_pass_m - _ROUNDING_M
        for leg in np.unique(pieces.legs[hit]).tolist():
            own = np.flatnonzero(hit & (pieces.legs == leg))
            place, away = _nearest(one.shape, pieces, own)
            if away >= reach - _ROUNDING_M and reach > 0:
                continue
            above = float(low[own].min()) - one.top_amsl_m
            clearance, name = one.obstacle.clearance_m, one.obstacle.name
            yield subject.finding(Code.OBSTACLE, leg, place, above, clearance, name)
