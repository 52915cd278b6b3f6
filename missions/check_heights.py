"""Is every leg below the ceiling, clear of the ground, and no steeper than the drone can fly."""

from collections.abc import Iterator

import numpy as np

from geo.frames import Array
from missions.check_limits import Subject
from missions.check_ways import pieces_within
from missions.findings import Code, Finding
from missions.flown import Kind
from missions.ground import Extremes, Ground, ground_under, heights_agl_m, highest, lowest

ROUNDING_M = 0.05
_RATE_ROUNDING = 1.01
_SAME_PLACE_M = 1.0


def check_heights(subject: Subject) -> Iterator[Finding]:
    """Find legs too high or too low above the ground, and ground that is not known."""
    starts, ends = subject.flown.starts_m(), subject.flown.ends_m()
    count = len(starts)
    ground = ground_under(subject.terrain, subject.flown.frame, starts, ends)
    heights = heights_agl_m(ground, starts[:, 2], ends[:, 2])
    low, high = lowest(ground, heights, count), highest(ground, heights, count)
    yield from _gaps(subject, ground, starts, ends)
    cruising, limits = subject.flown.cruising(), subject.limits
    with np.errstate(invalid="ignore"):
        too_low = cruising & (low.values < limits.floor_agl_m - ROUNDING_M)
        too_high = high.values > limits.ceiling_agl_m + ROUNDING_M
    places = (starts, ends)
    for leg in np.flatnonzero(too_low).tolist():
        limit = limits.floor_agl_m
        yield _at(subject, Code.TERRAIN, leg, low, places, limit)
    since = f" (as of {limits.ceiling_as_of.isoformat()})"
    for leg in np.flatnonzero(too_high).tolist():
        yield _at(subject, Code.CEILING, leg, high, places, limits.ceiling_agl_m, since)
    yield from _lower_ceilings(subject, starts, ends)
    yield from _jumps(subject, ground, heights)


def _at(
    subject: Subject,
    code: Code,
    leg: int,
    worst: Extremes,
    places: tuple[Array, Array],
    limit: float,
    detail: str = "",
) -> Finding:
    starts, ends = places
    place = starts[leg] + worst.shares[leg] * (ends[leg] - starts[leg])
    return subject.finding(code, leg, place, worst.values[leg], limit, detail)


def _gaps(subject: Subject, ground: Ground, starts: Array, ends: Array) -> Iterator[Finding]:
    unknown = np.isnan(ground.altitudes_amsl_m)
    for leg in np.unique(ground.legs[unknown.any(axis=1)]).tolist():
        pieces = np.flatnonzero((ground.legs == leg) & unknown.any(axis=1))
        place = ground.places_m[pieces[0], int(unknown[pieces[0]].argmax())]
        yield subject.finding(Code.TERRAIN_UNKNOWN, leg, place, np.nan, 0.0)


def _lower_ceilings(subject: Subject, starts: Array, ends: Array) -> Iterator[Finding]:
    """Find what is too high over zones with a ceiling of their own."""
    for zone in subject.airspace.ceilings:
        if zone.ceiling_agl_m >= subject.limits.ceiling_agl_m:
            continue
        area = subject.flown.frame.to_local(zone.area)
        pieces = pieces_within(area, starts, ends)
        if not len(pieces.legs):
            continue
        a, b = pieces.starts_m, pieces.ends_m
        ground = ground_under(subject.terrain, subject.flown.frame, a, b)
        heights = heights_agl_m(ground, a[:, 2], b[:, 2])
        high = highest(ground, heights, len(a))
        with np.errstate(invalid="ignore"):
            wrong = np.flatnonzero(high.values > zone.ceiling_agl_m + ROUNDING_M)
        for leg in np.unique(pieces.legs[wrong]).tolist():
            own = wrong[pieces.legs[wrong] == leg]
            worst = int(own[high.values[own].argmax()])
            place = a[worst] + high.shares[worst] * (b[worst] - a[worst])
            limit, value = zone.ceiling_agl_m, high.values[worst]
            yield subject.finding(Code.CEILING, leg, place, value, limit, f" ({zone.name})")


def _jumps(subject: Subject, ground: Ground, heights: Array) -> Iterator[Finding]:
    """Find legs whose ends are at very different heights above the ground."""
    _, first = np.unique(ground.legs, return_index=True)
    last = np.append(first[1:], len(heights)) - 1
    change = np.abs(heights[last, 2] - heights[first, 0])
    with np.errstate(invalid="ignore"):
        jumps = subject.flown.cruising() & (change > subject.limits.altitude_jump_m)
    limit = subject.limits.altitude_jump_m
    for leg in np.flatnonzero(jumps).tolist():
        place = np.array(subject.flown.steps[leg].end_m)
        yield subject.finding(Code.ALTITUDE_JUMP, leg, place, change[leg], limit)


def check_rates(subject: Subject) -> Iterator[Finding]:
    """Find legs that climb or descend faster than the drone can at the speed they are flown."""
    drone = subject.drone
    starts, ends = subject.flown.starts_m(), subject.flown.ends_m()
    level = np.hypot(*(ends - starts)[:, :2].T)
    for leg, step in enumerate(subject.flown.steps):
        if step.kind is not Kind.CRUISE or level[leg] < _SAME_PLACE_M:
            continue
        rate = (step.end_m[2] - step.start_m[2]) / (level[leg] / step.speed_m_s)
        rising = rate > 0
        code = Code.CLIMB_RATE if rising else Code.DESCENT_RATE
        limit = drone.climb_speed_m_s if rising else drone.descent_speed_m_s
        if abs(rate) > limit * _RATE_ROUNDING:
            middle = (starts[leg] + ends[leg]) / 2
            yield subject.finding(code, leg, middle, abs(rate), limit)
