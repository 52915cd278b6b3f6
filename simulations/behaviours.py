"""What a vehicle does from one moment to the next: take off, go, return, land; pure.

Each behaviour commands a `Multirotor` and says in `step` whether it is done. Times are seconds
of the vehicle's own clock.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

from simulations.motion import SpeedLimits, Vector, approach_m_s
from simulations.parameters import Parameters
from simulations.vehicle import STEP_S, Multirotor

SPOOL_UP_S = 3.2  # from the order to leaving the ground, in the recording
LEAST_CLIMB_M = 1e-3
DONE_SHARE = 0.1  # of the climb rate, at which a take-off is over


class Behaviour(Protocol):
    """Something to do until it is done."""

    def step(self, now_s: float) -> bool:
        """Go on with it; True when done."""
        ...


@dataclass(slots=True)
class Hold:
    """Stay where it comes to rest; for ever, or for a time."""

    craft: Multirotor
    until_s: float | None = None
    _begun: bool = False

    def step(self, now_s: float) -> bool:
        """Brake at first, then wait."""
        if not self._begun:
            self.craft.hold()
            self._begun = True
        return self.until_s is not None and now_s >= self.until_s


@dataclass(slots=True)
class TakeOff:
    """Spool up and climb straight to a height above home.

    The last metres are climbed as slowly as half of the acceleration could stop, and the take-off
    counts as done at a tenth of the climb rate (ArduCopter: shape_pos_vel_accel, auto_takeoff_run).
    """

    craft: Multirotor
    height_m: float
    begun_s: float
    _speed_m_s: float = 0.0
    _acceleration_m_s2: float = 0.0

    def step(self, now_s: float) -> bool:
        """Climb once the rotors turn fast enough."""
        if now_s - self.begun_s < SPOOL_UP_S:
            return False
        limits, left_m = self.craft.limits, self.height_m - self.craft.goal[2]
        most, jerk = limits.vertical_acceleration_m_s2, limits.control_jerk_m_s3
        wanted = min(limits.up_m_s, approach_m_s(left_m, most / 2, jerk / most / 2))
        pull = max(-most, min(most, jerk / most * (wanted - self._speed_m_s)))
        change = pull - self._acceleration_m_s2
        self._acceleration_m_s2 += max(-jerk * STEP_S, min(jerk * STEP_S, change))
        self._speed_m_s += self._acceleration_m_s2 * STEP_S
        self.craft.climb(self._speed_m_s)
        slow_m_s = DONE_SHARE * limits.up_m_s
        return self._speed_m_s < slow_m_s and left_m <= slow_m_s**2 / (2 * most)


@dataclass(slots=True)
class GoTo:
    """Fly to a place and stay there for a time; without a stay the corner is rounded.

    Attributes:
        under_way: the craft was sent there already by the turn before.
        then: where it will go on to, if that is known from the beginning.
    """

    craft: Multirotor
    goal: Vector
    stay_s: float = 0.0
    under_way: bool = False
    then: Vector | None = None
    _arrived_s: float | None = None

    def step(self, now_s: float) -> bool:
        """Start once, then wait for arrival and for the end of the stay."""
        if not self.under_way:
            self.craft.fly_to(self.goal)
            if self.then is not None:
                self.craft.then_fly_to(self.then, self.craft.limits)
            self.under_way = True
            return False
        if self._arrived_s is None and self.craft.arrived:
            self._arrived_s = now_s
        return self._arrived_s is not None and now_s - self._arrived_s >= self.stay_s


@dataclass(slots=True)
class Land:
    """Sink at WPNAV_SPEED_DN, slowly for the last metres, and touch the ground.

    Attributes:
        pause_s: before it begins to sink; failsafes give a pilot time to take over.
    """

    craft: Multirotor
    parameters: Parameters
    pause_s: float = 0.0
    touched_down: bool = False
    _begun_s: float | None = None

    def step(self, now_s: float) -> bool:
        """Choose the sink rate by height; done on the ground."""
        if self.touched_down:
            return True
        if self._begun_s is None:
            self._begun_s = now_s
            self.craft.hold()
        if now_s - self._begun_s < self.pause_s:
            return False
        height_m = self.craft.position[2] - self.craft.ground_m
        self.craft.descend(self._sink_rate_m_s(height_m))
        if height_m <= 0.0:
            self.craft.rest()
            self.touched_down = True
        return self.touched_down

    def _sink_rate_m_s(self, height_m: float) -> float:
        """LAND_SPEED below LAND_ALT_LOW and as fast as can be braked above (ModeLand, land_run)."""
        fast_m_s = self.parameters.metres("LAND_SPEED_HIGH") or self.craft.limits.down_m_s
        slow_m_s = self.parameters.metres("LAND_SPEED")
        above_m = height_m - self.parameters.metres("LAND_ALT_LOW")
        braked_m_s = above_m if above_m < 1 else math.sqrt(2 * above_m - 1)  # at 1 m/s2 and 1/s
        return max(slow_m_s, min(fast_m_s, braked_m_s))


@dataclass(slots=True)
class Return:
    """Climb to RTL_ALT where lower, fly home or to a nearer rally point, wait, land.

    The way begins where the vehicle can stop, at the height that it has now: what it still climbs
    until then it comes down again (ModeRTL::build_path).

    Attributes:
        rally: local places of the rally points.
    """

    craft: Multirotor
    parameters: Parameters
    rally: tuple[Vector, ...] = ()
    _stages: list[Behaviour] = field(default_factory=list)
    _begun: bool = False

    @property
    def landing(self) -> bool:
        """Whether only the landing is left."""
        return self._begun and len(self._stages) == 1

    @property
    def landed(self) -> bool:
        """Whether it is over, on the ground."""
        return self._begun and not self._stages

    def step(self, now_s: float) -> bool:
        """Do one stage after the other."""
        if not self._begun:
            self._begun = True
            self._stages = self._plan()
        if self._stages and self._stages[0].step(now_s):
            self._stages.pop(0)
            self._set_stay(now_s)
        return not self._stages

    def _plan(self) -> list[Behaviour]:
        self.craft.limits = with_speed(
            self.craft.limits,
            self.parameters.metres("RTL_SPEED") or self.parameters.metres("WPNAV_SPEED"),
        )
        here_m = self.craft.position[2]
        self.craft.hold()
        x, y, z = self.craft.goal
        east, north, least_m = self._place()
        climbed_m = here_m + self.parameters.metres("RTL_CLIMB_MIN")
        height_m = max(climbed_m, least_m, self.parameters.metres("RTL_ALT"))
        home = east, north, height_m
        climb: list[Behaviour] = []
        if abs(height_m - z) > LEAST_CLIMB_M:
            climb = [GoTo(self.craft, (x, y, height_m), then=home)]
        return [
            *climb,
            GoTo(self.craft, home, under_way=bool(climb)),
            Hold(self.craft, until_s=0.0),
            Land(self.craft, self.parameters),
        ]

    def _place(self) -> Vector:
        """Home, or the nearest rally point (AP_Rally, calc_best_rally_or_home_location)."""
        here, home = self.craft.position[:2], (0.0, 0.0, 0.0)
        limit_m = 1000 * self.parameters["RALLY_LIMIT_KM"]
        in_reach = [
            place for place in self.rally if not limit_m or math.dist(place[:2], here) < limit_m
        ]
        if not in_reach or self.parameters["RALLY_INCL_HOME"]:
            in_reach.append(home)
        return min(in_reach, key=lambda place: math.dist(place[:2], here))

    def _set_stay(self, now_s: float) -> None:
        """The wait over home begins on arrival there."""
        if self._stages and isinstance(self._stages[0], Hold):
            self._stages[0].until_s = now_s + self.parameters["RTL_LOIT_TIME"] / 1000


def with_speed(limits: SpeedLimits, horizontal_m_s: float) -> SpeedLimits:
    """The same limits with another horizontal speed."""
    return replace(limits, horizontal_m_s=horizontal_m_s)


def limits_from(parameters: Parameters) -> SpeedLimits:
    """Speed limits as the WPNAV parameters set them."""
    return SpeedLimits(
        horizontal_m_s=parameters.metres("WPNAV_SPEED"),
        up_m_s=parameters.metres("WPNAV_SPEED_UP"),
        down_m_s=parameters.metres("WPNAV_SPEED_DN"),
        acceleration_m_s2=parameters.metres("WPNAV_ACCEL"),
        vertical_acceleration_m_s2=parameters.metres("WPNAV_ACCEL_Z"),
        jerk_m_s3=parameters["WPNAV_JERK"],
    )
