"""How a multirotor moves: a point mass along planned legs, with lean, wind and battery, pure.

Point mass with attitude derived from it, not six degrees of freedom: what matters here is where
the camera is and when, which ArduCopter's planner and position controller decide; both are
modelled. Rotors and rate loops are faster than anything a photo shows. Local axes: east, north, up
of home.
"""

import math
from dataclasses import dataclass, field
from random import Random

from simulations.drift import Wander
from simulations.motion import (
    ZERO,
    Leg,
    SpeedLimits,
    Vector,
    begins_turn,
    leg_between,
    stopping_leg,
)

GRAVITY_M_S2 = 9.80665
STEP_S = 0.02
POSITION_P, VELOCITY_P, VELOCITY_I = 1.0, 2.0, 1.0  # PSC_POSXY_P, PSC_VELXY_P, PSC_VELXY_I
LEAN_LAG_S = 0.3  # gives the recording's overshoot of 0.6 m after a right angle
INDUCED_POWER_EXPONENT = 1.5  # induced power grows with thrust^1.5 (momentum theory)


@dataclass(frozen=True, slots=True)
class Airframe:
    """Mass, drag and battery; the defaults are near a DJI Mavic 3 Enterprise.

    Attributes:
        drag_1_m: deceleration by air drag over airspeed squared.
    """

    mass_kg: float = 1.05
    drag_1_m: float = 0.0155
    hover_power_w: float = 120.0
    efficiency_share: float = 0.7
    battery_wh: float = 77.0
    full_v: float = 17.0
    empty_v: float = 14.0
    resistance_ohm: float = 0.04
    yaw_rate_deg_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Wind:
    """Mean wind and the standard deviation of its gusts in each direction."""

    speed_m_s: float = 0.0
    from_deg: float = 0.0
    gust_m_s: float = 0.0

    @property
    def velocity(self) -> tuple[float, float]:
        """Where the air moves to, east and north."""
        angle = math.radians(self.from_deg)
        return -self.speed_m_s * math.sin(angle), -self.speed_m_s * math.cos(angle)


STILL = Wind()
USUAL_WIND = Wind(3.0, 225.0, 1.0)


@dataclass(slots=True)
class Battery:
    """Energy drawn so far, and what the pins show."""

    airframe: Airframe
    used_wh: float = 0.0
    used_mah: float = 0.0
    power_w: float = 0.0

    def draw(self, power_w: float, dt_s: float) -> None:
        """Take power over a time."""
        self.power_w = power_w
        self.used_wh += power_w * dt_s / 3600
        self.used_mah += self.current_a * dt_s / 3.6

    @property
    def remaining_share(self) -> float:
        """Energy left, 0 to 1."""
        return max(0.0, 1 - self.used_wh / self.airframe.battery_wh)

    @property
    def current_a(self) -> float:
        """Drawn now."""
        return self.power_w / self.airframe.empty_v

    @property
    def voltage_v(self) -> float:
        """Under load: falls linearly with charge, as lithium cells do between 95 and 10 %."""
        frame = self.airframe
        open_v = frame.empty_v + (frame.full_v - frame.empty_v) * self.remaining_share
        return open_v - frame.resistance_ohm * self.current_a


@dataclass(slots=True)
class Multirotor:
    """Where a vehicle is and how it moves on from there.

    Attributes:
        limits: for legs that are planned from now on.
        target: position, velocity and acceleration that the legs ask for at this moment.
        heading_deg: clockwise from true north.
    """

    limits: SpeedLimits
    airframe: Airframe = field(default_factory=Airframe)
    wind: Wind = field(default_factory=Wind)
    seed: int = 0
    corner_radius_m: float = 2.0
    position: Vector = ZERO
    velocity: Vector = ZERO
    acceleration: Vector = ZERO
    heading_deg: float = 0.0
    commanded_heading_deg: float | None = None
    arrived: bool = False
    battery: Battery = field(init=False)
    target: tuple[Vector, Vector, Vector] = (ZERO, ZERO, ZERO)
    _thrust: tuple[float, float] = (0.0, 0.0)
    _integral: tuple[float, float] = (0.0, 0.0)
    _start: Vector = ZERO
    _goal: Vector = ZERO
    _leg: Leg | None = None
    _next: tuple[Leg, Vector] | None = None
    _tails: list[Leg] = field(default_factory=list)
    _descent_m_s: float | None = None
    _sink_rate_m_s: float = 0.0
    _gusts: tuple[Wander, Wander] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the battery and still the air."""
        self.battery = Battery(self.airframe)
        random = Random(f"gusts {self.seed}")
        gust = (self.wind.gust_m_s, 4.0, random)
        self._gusts = (Wander(*gust), Wander(*gust))
        self._thrust = self._integral = self._drag()

    @property
    def goal(self) -> Vector:
        """Where the leg being flown ends."""
        return self._goal

    @property
    def has_next(self) -> bool:
        """Whether the leg after this one is known, so that the corner need not be a stop."""
        return self._next is not None

    def fly_to(self, goal: Vector) -> None:
        """Leave whatever is being done, smoothly, for a place."""
        self.hold()
        self._goal, self.arrived = goal, False
        self._leg = leg_between(self._start, goal, self.limits)
        if self._leg is None:
            self._start = goal

    def then_fly_to(self, goal: Vector, limits: SpeedLimits) -> None:
        """Go on to another place after this one without stopping, rounding the corner."""
        leg = leg_between(self._goal, goal, limits)
        self._next = (leg, goal) if leg is not None else None

    def hold(self) -> None:
        """Come to standstill as soon as possible and stay."""
        stop = stopping_leg(self.velocity, self.limits)
        self._tails = [stop] if stop else []
        reach = stop.length_m if stop else 0.0
        direction = stop.direction if stop else ZERO
        x, y, z = self.position
        self._start = (x + direction[0] * reach, y + direction[1] * reach, z + direction[2] * reach)
        self._goal, self._leg, self._next = self._start, None, None
        self._descent_m_s, self._sink_rate_m_s = None, 0.0

    def descend(self, speed_m_s: float) -> None:
        """Sink at a speed until told otherwise."""
        if self._descent_m_s is None:
            self.hold()
        self._descent_m_s = speed_m_s

    def rest(self) -> None:
        """Stand on the ground."""
        self.position = (self.position[0], self.position[1], 0.0)
        self.velocity = self.acceleration = ZERO
        self._thrust = self._integral = self._drag()
        self.hold()

    def step(self) -> None:
        """Let `STEP_S` pass."""
        self.arrived = False
        self._advance_legs()
        if self._descent_m_s is not None:
            self._sink(self._descent_m_s)
        self.target = self._sum_of_legs()
        for gust in self._gusts:
            gust.step(STEP_S)
        self._follow()
        self._turn()
        self.battery.draw(self._power_w(), STEP_S)

    def _advance_legs(self) -> None:
        for tail in self._tails:
            tail.elapsed_s += STEP_S
        self._tails = [tail for tail in self._tails if not tail.finished]
        if self._leg is None:
            self.arrived = self._goal == self._start and not self._tails
            return
        self._leg.elapsed_s += STEP_S
        if self._next is None:
            self.arrived = self._leg.finished
            return
        self._advance_turn(self._leg, *self._next)

    def _advance_turn(self, leg: Leg, following: Leg, goal: Vector) -> None:
        corner_m_s2 = 2 * self.limits.acceleration_m_s2  # WPNAV_ACCEL_C = 0 means twice
        if following.elapsed_s > 0 or begins_turn(
            leg, following, self.corner_radius_m, corner_m_s2
        ):
            following.elapsed_s += STEP_S
        if following.elapsed_s >= leg.remaining_s or leg.finished:
            self._tails.append(leg)
            self._start, self._goal = self._goal, goal
            self._leg, self._next, self.arrived = following, None, True

    def _sink(self, speed_m_s: float) -> None:
        """Approach a sink rate within the vertical acceleration, by moving the place held."""
        most = self.limits.vertical_acceleration_m_s2 * STEP_S
        change = speed_m_s - self._sink_rate_m_s
        self._sink_rate_m_s += max(-most, min(most, change))
        x, y, z = self._start
        self._start = self._goal = (x, y, z - self._sink_rate_m_s * STEP_S)
        self.arrived = False

    def _sum_of_legs(self) -> tuple[Vector, Vector, Vector]:
        x, y, z = self._start
        vx = vy = ax = ay = az = 0.0
        vz = -self._sink_rate_m_s
        moving = [(tail, tail.length_m) for tail in self._tails]
        if self._leg is not None:
            moving.append((self._leg, 0.0))
        if self._next is not None and self._next[0].elapsed_s > 0:
            moving.append((self._next[0], 0.0))
        for leg, beyond in moving:
            s, v, a = leg.profile.at(leg.elapsed_s)
            ux, uy, uz = leg.direction
            s -= beyond
            x, y, z = x + ux * s, y + uy * s, z + uz * s
            vx, vy, vz = vx + ux * v, vy + uy * v, vz + uz * v
            ax, ay, az = ax + ux * a, ay + uy * a, az + uz * a
        return (x, y, z), (vx, vy, vz), (ax, ay, az)

    def _turn(self) -> None:
        """Look where the flight goes (WP_YAW_BEHAVIOR 1), or where a command said."""
        target = self.commanded_heading_deg
        if target is None:
            if math.hypot(self.velocity[0], self.velocity[1]) < 0.5:
                return
            target = math.degrees(math.atan2(self.velocity[0], self.velocity[1]))
        error = (target - self.heading_deg + 180) % 360 - 180
        most = self.airframe.yaw_rate_deg_s * STEP_S
        self.heading_deg = (self.heading_deg + max(-most, min(most, error))) % 360

    def _follow(self) -> None:
        """Track the target along the ground as ArduCopter's cascade does; heights are exact.

        Position error times P gives a speed, its error a PI-controlled acceleration on top of the
        planned one (AC_PosControl); the body leans into it with a lag. Drag is not known to the
        controller, so wind and gusts push the vehicle off until it leans against them.
        """
        drag = self._drag()
        place, speed, change = self.target
        moved: list[tuple[float, float, float]] = []
        thrust, integral = list(self._thrust), list(self._integral)
        for axis in (0, 1):
            error_m_s = speed[axis] - self.velocity[axis]
            error_m_s += POSITION_P * (place[axis] - self.position[axis])
            integral[axis] += VELOCITY_I * error_m_s * STEP_S
            wanted = change[axis] + VELOCITY_P * error_m_s + integral[axis]
            thrust[axis] += (wanted - thrust[axis]) * STEP_S / LEAN_LAG_S
            acceleration = thrust[axis] - drag[axis]
            velocity = self.velocity[axis] + acceleration * STEP_S
            moved.append((self.position[axis] + velocity * STEP_S, velocity, acceleration))
        self._thrust, self._integral = (thrust[0], thrust[1]), (integral[0], integral[1])
        (x, vx, ax), (y, vy, ay) = moved
        self.position = (x, y, place[2])
        self.velocity = (vx, vy, speed[2])
        self.acceleration = (ax, ay, change[2])

    def _drag(self) -> tuple[float, float]:
        """Deceleration by the air, east and north."""
        wind = self.wind.velocity
        air_x = self.velocity[0] - wind[0] - self._gusts[0].value
        air_y = self.velocity[1] - wind[1] - self._gusts[1].value
        drag = self.airframe.drag_1_m * math.hypot(air_x, air_y)
        return drag * air_x, drag * air_y

    def _power_w(self) -> float:
        """Induced power, the power that drag takes, and climb."""
        frame = self.airframe
        x, y = self._thrust
        z = self.acceleration[2] + GRAVITY_M_S2
        load = math.sqrt(x * x + y * y + z * z) / GRAVITY_M_S2
        induced_w = frame.hover_power_w * load**INDUCED_POWER_EXPONENT
        speed_m_s = math.hypot(self.velocity[0], self.velocity[1])
        drag_w = frame.mass_kg * math.hypot(x, y) * speed_m_s / frame.efficiency_share
        climb_w = frame.mass_kg * GRAVITY_M_S2 * self.velocity[2] / frame.efficiency_share
        return max(0.5 * frame.hover_power_w, float(induced_w + drag_w + climb_w))

    @property
    def tilt_deg(self) -> tuple[float, float]:
        """Roll and pitch of the body, aerospace signs: nose down is negative pitch."""
        east, north = self._thrust
        up = self.acceleration[2] + GRAVITY_M_S2
        yaw = math.radians(self.heading_deg)
        forward = east * math.sin(yaw) + north * math.cos(yaw)
        right = east * math.cos(yaw) - north * math.sin(yaw)
        pitch = -math.degrees(math.atan2(forward, up))
        roll = math.degrees(math.atan2(right, math.hypot(forward, up)))
        return roll, pitch
