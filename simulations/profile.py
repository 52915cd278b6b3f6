"""How a multirotor's target moves along a straight line: jerk-limited speed profiles, pure.

ArduCopter's SCurve does the same with a raised-cosine jerk; constant jerk gives the row times of
the recording within 0.1 s (a row of 199.2 m from turn to turn: 22.2 s flown, 22.3 s here).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

State = tuple[float, float, float]  # position m, speed m/s, acceleration m/s2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a movement along a line may not exceed."""

    speed_m_s: float
    acceleration_m_s2: float
    jerk_m_s3: float

    def __post_init__(self) -> None:
        """Refuse limits under which nothing moves."""
        if not min(self.speed_m_s, self.acceleration_m_s2, self.jerk_m_s3) > 0:
            raise ValueError(f"every limit must be above 0; got {self}")


@dataclass(frozen=True, slots=True)
class Profile:
    """Position along a line over time, in phases of constant jerk.

    Attributes:
        starts_s: when each phase begins.
        states: position, speed and acceleration at each beginning.
        jerks_m_s3: of each phase.
        speeding_up_s: when the first acceleration ends.
        slowing_down_s: when the last deceleration begins.
    """

    starts_s: tuple[float, ...]
    states: tuple[State, ...]
    jerks_m_s3: tuple[float, ...]
    duration_s: float
    speeding_up_s: float
    slowing_down_s: float

    def at(self, time_s: float) -> State:
        """Position, speed and acceleration at a time; at rest at the end from then on."""
        t = min(max(time_s, 0.0), self.duration_s)
        phase = bisect_right(self.starts_s, t) - 1
        t -= self.starts_s[phase]
        position, speed, acceleration = self.states[phase]
        jerk = self.jerks_m_s3[phase]
        return (
            position + t * (speed + t * (acceleration / 2 + t * jerk / 6)),
            speed + t * (acceleration + t * jerk / 2),
            acceleration + t * jerk,
        )

    @property
    def peak_m_s(self) -> float:
        """Highest speed on the way."""
        return self.at(self.speeding_up_s)[1]

    @property
    def length_m(self) -> float:
        """Distance from beginning to end."""
        return self.at(self.duration_s)[0]


def rest_to_rest(length_m: float, limits: Limits) -> Profile:
    """The fastest movement over a distance from standstill to standstill."""
    peak_m_s = _peak_speed(length_m, limits)
    ramp = _ramp(peak_m_s, limits)
    cruise_s = max(0.0, (length_m - _ramp_length(peak_m_s, limits) * 2) / peak_m_s)
    phases = [*ramp, (cruise_s, 0.0), *((time_s, -jerk) for time_s, jerk in ramp)]
    return _profile(phases, 0.0)


def stop_from(speed_m_s: float, limits: Limits) -> Profile:
    """Slow down from a speed to standstill."""
    phases = [(time_s, -jerk) for time_s, jerk in _ramp(max(speed_m_s, 1e-6), limits)]
    return _profile(phases, speed_m_s)


def _ramp(speed_m_s: float, limits: Limits) -> list[tuple[float, float]]:
    """Phases (duration, jerk) of a change of speed: jerk up, hold, jerk down."""
    acceleration, jerk = limits.acceleration_m_s2, limits.jerk_m_s3
    if speed_m_s < acceleration**2 / jerk:
        rise_s = math.sqrt(speed_m_s / jerk)
        return [(rise_s, jerk), (0.0, 0.0), (rise_s, -jerk)]
    rise_s = acceleration / jerk
    return [(rise_s, jerk), (speed_m_s / acceleration - rise_s, 0.0), (rise_s, -jerk)]


def _ramp_length(speed_m_s: float, limits: Limits) -> float:
    """Distance of a change of speed; half the top speed on average, by symmetry."""
    return speed_m_s / 2 * sum(time_s for time_s, _ in _ramp(speed_m_s, limits))


def _peak_speed(length_m: float, limits: Limits) -> float:
    """Highest speed that a distance leaves room for; found by bisection."""
    low, high = 1e-6, limits.speed_m_s
    if 2 * _ramp_length(high, limits) <= length_m:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if 2 * _ramp_length(middle, limits) <= length_m else (low, middle)
        )
    return low


def _profile(phases: Sequence[tuple[float, float]], speed_m_s: float) -> Profile:
    starts, states, jerks = [], [], []
    clock_s, position, speed, acceleration = 0.0, 0.0, speed_m_s, 0.0
    for t, jerk in phases:
        starts.append(clock_s)
        states.append((position, speed, acceleration))
        jerks.append(jerk)
        position += t * (speed + t * (acceleration / 2 + t * jerk / 6))
        speed += t * (acceleration + t * jerk / 2)
        acceleration += t * jerk
        clock_s += t
    ramp_s = sum(t for t, _ in phases[:3])
    return Profile(tuple(starts), tuple(states), tuple(jerks), clock_s, ramp_s, clock_s - ramp_s)
