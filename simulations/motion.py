"""How straight legs are joined to a flight: ArduCopter's overlapping waypoint legs, pure.

Each leg is a rest-to-rest profile. Shortly before a leg ends the next one begins, and the vehicle
moves by the sum of both, so a corner is rounded without stopping as far as the radius and the
acceleration allow (ArduPilot, AP_Math/SCurve.cpp, advance_target_along_track).
"""

import math
from dataclasses import dataclass

from simulations.profile import Limits, Profile, rest_to_rest, stop_from

Vector = tuple[float, float, float]  # east, north, up
ZERO: Vector = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class Leg:
    """One straight movement and how far it has come."""

    direction: Vector
    length_m: float
    profile: Profile
    elapsed_s: float = 0.0

    @property
    def remaining_s(self) -> float:
        """Time until standstill."""
        return self.profile.duration_s - self.elapsed_s

    @property
    def finished(self) -> bool:
        """Whether it has come to standstill."""
        return self.elapsed_s >= self.profile.duration_s


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """How fast a multirotor may move in each direction.

    Attributes:
        jerk_m_s3: along legs from place to place (WPNAV_JERK).
        control_jerk_m_s3: of stops and of take-offs (PSC_JERK_XY, PSC_JERK_Z).
    """

    horizontal_m_s: float
    up_m_s: float
    down_m_s: float
    acceleration_m_s2: float
    vertical_acceleration_m_s2: float
    jerk_m_s3: float
    control_jerk_m_s3: float = 5.0


def leg_between(start: Vector, end: Vector, limits: SpeedLimits) -> Leg | None:
    """Plan the movement between two places; None where they are the same."""
    offset = tuple(b - a for a, b in zip(start, end, strict=True))
    length_m = math.sqrt(sum(component**2 for component in offset))
    if length_m < 1e-3:
        return None
    direction = (offset[0] / length_m, offset[1] / length_m, offset[2] / length_m)
    along = _along(direction, limits, limits.jerk_m_s3)
    return Leg(direction, length_m, rest_to_rest(length_m, along))


def stopping_leg(velocity: Vector, limits: SpeedLimits) -> Leg | None:
    """Plan the way to standstill from a velocity; None where there is hardly any."""
    speed_m_s = math.sqrt(sum(component**2 for component in velocity))
    if speed_m_s < 1e-2:
        return None
    direction = (velocity[0] / speed_m_s, velocity[1] / speed_m_s, velocity[2] / speed_m_s)
    profile = stop_from(speed_m_s, _along(direction, limits, limits.control_jerk_m_s3))
    return Leg(direction, profile.length_m, profile)


def _along(direction: Vector, limits: SpeedLimits, jerk_m_s3: float) -> Limits:
    """Limits along a slanted line: no part of speed and acceleration may exceed its own.

    The jerk counts along the line, whichever way it leads (SCurve::calculate_track).
    """
    across, up = math.hypot(direction[0], direction[1]), direction[2]
    vertical_m_s = limits.up_m_s if up > 0 else limits.down_m_s
    pairs = (
        (limits.horizontal_m_s, vertical_m_s),
        (limits.acceleration_m_s2, limits.vertical_acceleration_m_s2),
    )
    speed_m_s, acceleration_m_s2 = (
        min(flat / max(across, 1e-9), steep / max(abs(up), 1e-9)) for flat, steep in pairs
    )
    return Limits(speed_m_s, acceleration_m_s2, jerk_m_s3)


def begins_turn(leg: Leg, next_leg: Leg, radius_m: float, corner_acceleration_m_s2: float) -> bool:
    """Whether the next leg may begin so that the middle of the turn stays near the corner."""
    half_s = leg.remaining_s / 2
    if leg.elapsed_s < leg.profile.slowing_down_s - next_leg.profile.speeding_up_s:
        return False
    if leg.profile.at(leg.elapsed_s)[0] < leg.length_m / 2:
        return False
    if leg.remaining_s >= next_leg.profile.duration_s / 2:
        return False
    s_in, v_in, a_in = leg.profile.at(leg.elapsed_s + half_s)
    s_out, v_out, a_out = next_leg.profile.at(half_s)
    miss = _combine(leg.direction, s_in - leg.length_m, next_leg.direction, s_out)
    velocity = _combine(leg.direction, v_in, next_leg.direction, v_out)
    acceleration = _combine(leg.direction, a_in, next_leg.direction, a_out)
    slower_m_s = min(leg.profile.peak_m_s, next_leg.profile.peak_m_s)
    return (
        math.sqrt(sum(part**2 for part in miss)) < radius_m
        and math.hypot(velocity[0], velocity[1]) < slower_m_s
        and math.hypot(acceleration[0], acceleration[1]) < corner_acceleration_m_s2
    )


def _combine(u: Vector, a: float, v: Vector, b: float) -> Vector:
    return (u[0] * a + v[0] * b, u[1] * a + v[1] * b, u[2] * a + v[2] * b)


def approach_m_s(left_m: float, acceleration_m_s2: float, p_1_s: float) -> float:
    """Speed towards a place, from which it can still be stopped at (ArduPilot, sqrt_controller)."""
    linear_m = acceleration_m_s2 / p_1_s**2
    if left_m <= linear_m:
        return p_1_s * left_m
    return math.sqrt(2 * acceleration_m_s2 * (left_m - linear_m / 2))


def stopping_m(speed_m_s: float, acceleration_m_s2: float, p_1_s: float) -> float:
    """Distance from which `approach_m_s` asks for a speed (ArduPilot, stopping_distance)."""
    if speed_m_s < acceleration_m_s2 / p_1_s:
        return speed_m_s / p_1_s
    return acceleration_m_s2 / p_1_s**2 / 2 + speed_m_s**2 / (2 * acceleration_m_s2)
