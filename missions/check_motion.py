"""Are speed, camera, distance and wind within what drone and rules allow."""

from collections.abc import Iterator

import numpy as np

from missions.check_limits import Subject
from missions.findings import Code, Finding
from missions.flown import Kind

_ROUNDING = 1.01
_MOST_WIND_SHARE = 0.8  # of top air speed; the way home against more takes five times as long


def check_speeds(subject: Subject) -> Iterator[Finding]:
    """Find legs flown faster than the drone cruises, or than it can fly at all."""
    cruise, top = subject.drone.cruise_speed_m_s, subject.drone.top_air_speed_m_s
    told: set[float] = set()
    for leg, step in enumerate(subject.flown.steps):
        fast = step.kind is Kind.CRUISE and step.speed_m_s > cruise * _ROUNDING
        if fast and step.speed_m_s not in told:
            told.add(step.speed_m_s)
            impossible = step.speed_m_s > top * _ROUNDING
            code, limit = (Code.SPEED_TOP, top) if impossible else (Code.SPEED, cruise)
            yield subject.finding(code, leg, np.array(step.end_m), step.speed_m_s, limit)


def check_camera(subject: Subject) -> Iterator[Finding]:
    """Find legs on which photos follow each other faster than the camera can take them."""
    limit = subject.drone.photo_interval_s
    for leg, step in enumerate(subject.flown.steps):
        if step.kind is not Kind.CRUISE:
            continue
        intervals = [step.trigger_s] if step.trigger_s > 0 else []
        if step.trigger_m > 0:
            intervals.append(step.trigger_m / step.speed_m_s)
        if intervals and min(intervals) * _ROUNDING < limit:
            place = np.array(step.start_m)
            yield subject.finding(Code.CAMERA_INTERVAL, leg, place, min(intervals), limit)


def check_distance(subject: Subject) -> Iterator[Finding]:
    """Find the leg that leads too far from home."""
    limit = subject.limits.home_distance_m
    away = np.hypot(*(subject.flown.ends_m() - subject.flown.home_m)[:, :2].T)
    worst = int(away.argmax())
    if away[worst] > limit:
        place = np.array(subject.flown.steps[worst].end_m)
        yield subject.finding(Code.HOME_DISTANCE, worst, place, float(away[worst]), limit)


def check_wind(subject: Subject) -> Iterator[Finding]:
    """Find wind that is too strong to fly in."""
    wind = subject.limits.wind_m_s
    by_speed = _MOST_WIND_SHARE * subject.drone.top_air_speed_m_s
    limit = round(min(subject.wind_limit_m_s, by_speed), 2)
    if wind > limit:
        yield Finding(Code.WIND, value=wind, limit=limit)
