"""How fast is a straight leg flown from stop to stop, and how much does rounding corners save.

ArduCopter plans each leg with limited jerk from rest to rest and lets the next one begin before the
last has ended (ArduPilot, AP_Math/SCurve.cpp, advance_target_along_track). Its raised-cosine jerk
is taken as constant here.
"""

import math
from dataclasses import dataclass

import numpy as np

from geo.frames import Array

_DONE_SHARE = 0.1  # of the climb rate
_HALVINGS = 40
_SAMPLES = 80  # of the time by which two legs may overlap


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Movements from rest to rest along straight legs, every array (N,).

    Attributes:
        peak_m_s: fastest speed on the way.
        ramp_s: time to reach it, and to stop again.
        duration_s: of the whole leg.
    """

    peak_m_s: Array
    acceleration_m_s2: Array
    jerk_m_s3: Array
    ramp_s: Array
    duration_s: Array

    @classmethod
    def of(
        cls, length_m: Array, speed_m_s: Array, acceleration_m_s2: Array, jerk_m_s3: Array
    ) -> "Profiles":
        """Plan the fastest movement over each length under its limits; all arrays (N,) above 0.

        >>> float(Profiles.of(*np.array([[200.0], [10.0], [2.5], [1.0]])).duration_s[0])
        26.5
        """
        rise_s = acceleration_m_s2 / jerk_m_s3
        full = acceleration_m_s2 / 2 * (np.sqrt(rise_s**2 + 4 * length_m / acceleration_m_s2))
        full -= acceleration_m_s2 / 2 * rise_s
        brief = (length_m * np.sqrt(jerk_m_s3) / 2) ** (2 / 3)
        peak = np.minimum(speed_m_s, np.where(full >= acceleration_m_s2 * rise_s, full, brief))
        steep = np.minimum(acceleration_m_s2, np.sqrt(peak * jerk_m_s3))
        ramp_s = peak / steep + steep / jerk_m_s3
        return cls(peak, steep, jerk_m_s3, ramp_s, ramp_s + length_m / peak)

    def after(self, time_s: Array) -> tuple[Array, Array, Array]:
        """Distance, speed and acceleration (N, K) at times (N, K) in the first half of each leg.

        Before the end of a leg they are the same, mirrored.
        """
        peak, steep, jerk, ramp_s = (
            part[:, None]
            for part in (self.peak_m_s, self.acceleration_m_s2, self.jerk_m_s3, self.ramp_s)
        )
        rise_s = steep / jerk
        early, left_s = np.minimum(time_s, rise_s), np.maximum(ramp_s - time_s, 0.0)
        held_s = np.clip(time_s - rise_s, 0.0, ramp_s - 2 * rise_s)
        late = time_s > ramp_s - rise_s
        speed = jerk * early**2 / 2 + steep * held_s
        distance = jerk * early**3 / 6 + held_s * (steep * rise_s + steep * held_s) / 2
        beyond = peak * ramp_s / 2 + peak * (time_s - ramp_s)
        return (
            np.where(late, beyond + jerk * left_s**3 / 6, distance),
            np.where(late, peak - jerk * left_s**2 / 2, speed),
            np.where(late, jerk * left_s, np.minimum(jerk * early, steep)),
        )


@dataclass(frozen=True, slots=True)
class Climb:
    """A take-off straight up, whose end is approached as half of the acceleration could stop.

    Attributes:
        peak_m_s: fastest climb on the way.
        ramps_s: time that is spent speeding up and slowing down.
        duration_s: until the climb counts as done, at a tenth of the climb rate.
    """

    peak_m_s: float
    ramps_s: float
    duration_s: float

    @classmethod
    def of(
        cls, height_m: float, speed_m_s: float, acceleration_m_s2: float, jerk_m_s3: float
    ) -> "Climb":
        """Climb a height above 0 under limits above 0.

        Source: ArduPilot, shape_pos_vel_accel and sqrt_controller; auto_takeoff_run.

        >>> round(Climb.of(60.0, 2.5, 1.0, 5.0).duration_s, 1)  # 27.0 s in the recordings
        27.1
        """
        done_m = (_DONE_SHARE * speed_m_s) ** 2 / (2 * acceleration_m_s2)

        def ramps(peak: float) -> tuple[float, float, float]:
            """Height of both ramps, and the time of each."""
            up_s = peak / acceleration_m_s2 + acceleration_m_s2 / jerk_m_s3
            down_m, down_s = _approach(peak, done_m, acceleration_m_s2, jerk_m_s3)
            return peak / 2 * up_s + down_m, up_s, down_s

        low, peak = 0.0, speed_m_s
        if ramps(peak)[0] > height_m:
            for _ in range(_HALVINGS):
                middle = (low + peak) / 2
                low, peak = (middle, peak) if ramps(middle)[0] < height_m else (low, middle)
        ramps_m, up_s, down_s = ramps(peak)
        cruise_s = max(0.0, height_m - ramps_m) / peak
        return cls(peak, up_s + down_s, up_s + cruise_s + down_s)


def _approach(
    peak_m_s: float, done_m: float, acceleration_m_s2: float, jerk_m_s3: float
) -> tuple[float, float]:
    """Height and time of slowing down from a peak to the height that counts as done.

    The speed asked for falls with the root of the height left, the speed made is behind it by the
    time that the acceleration takes to build up.
    """
    brake, p = acceleration_m_s2 / 2, jerk_m_s3 / acceleration_m_s2 / 2
    behind = brake * acceleration_m_s2 / jerk_m_s3
    half_linear_m = brake / p**2 / 2
    down_m = peak_m_s**2 / (2 * brake) + half_linear_m
    last = min(peak_m_s, p * done_m, math.sqrt(2 * brake * max(done_m - half_linear_m, 0.0)) or 1e9)
    slowing = peak_m_s - last - behind * math.log((peak_m_s + behind) / (last + behind))
    return down_m, slowing / brake


def overlaps_s(
    directions: Array, profiles: Profiles, radius_m: float, acceleration_m_s2: float
) -> Array:
    """Seconds by which each leg begins before the one before has ended, (N - 1,).

    Half way through the overlap the sum of both movements must lie within a radius of the corner,
    be no faster than the slower leg and accelerate no more than allowed.

    Args:
        directions: unit vectors (N, 3).
        profiles: of the N legs.
        radius_m: of the corner.
        acceleration_m_s2: allowed in the corner.
    """
    most = np.minimum(profiles.duration_s[:-1] / 2, profiles.duration_s[1:] / 2)
    most = np.minimum(most, profiles.ramp_s[:-1] + profiles.ramp_s[1:])
    shares = np.arange(_SAMPLES, 0, -1) / _SAMPLES
    half_s = most[:, None] / 2 * shares
    into, out_of = _part(profiles, slice(None, -1)), _part(profiles, slice(1, None))
    (left_m, in_m_s, in_m_s2), (gone_m, out_m_s, out_m_s2) = (
        into.after(half_s),
        out_of.after(half_s),
    )
    before, after = directions[:-1, None], directions[1:, None]
    miss = gone_m[..., None] * after - left_m[..., None] * before
    speed = (out_m_s[..., None] * after + in_m_s[..., None] * before)[..., :2]
    change = (out_m_s2[..., None] * after - in_m_s2[..., None] * before)[..., :2]
    slower = np.minimum(into.peak_m_s, out_of.peak_m_s)[:, None]
    allowed = np.linalg.norm(miss, axis=-1) < radius_m
    allowed &= np.linalg.norm(speed, axis=-1) < slower
    allowed &= np.linalg.norm(change, axis=-1) < acceleration_m_s2
    first = allowed.argmax(axis=1)
    between = shares[first] + np.where(first > 0, 0.5 / _SAMPLES, 0.0)
    overlaps: Array = np.where(allowed.any(axis=1), most * between, 0.0)
    return overlaps


def _part(profiles: Profiles, some: slice) -> Profiles:
    return Profiles(
        profiles.peak_m_s[some],
        profiles.acceleration_m_s2[some],
        profiles.jerk_m_s3[some],
        profiles.ramp_s[some],
        profiles.duration_s[some],
    )
