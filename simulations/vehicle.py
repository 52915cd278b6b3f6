"""How a multirotor moves: a point mass along planned legs, with lean, wind and battery, pure.

Point mass with attitude derived from it, not six degrees of freedom: what matters here is where
the camera is and when, which ArduCopter's planner and position controller decide; both are
modelled. Rotors and rate loops are faster than anything a photo shows. Local axes: east, north, up
of home.
"""

import math
from dataclasses import dataclass, field
from random import Random

from simulations.airframe import GRAVITY_M_S2, MOST_LEAN_DEG, Airframe, Battery
from simulations.drift import Wander
from simulations.motion import (
    ZERO,
    Leg,
    SpeedLimits,
    Vector,
    approach_m_s,
    begins_turn,
    leg_between,
    stopping_leg,
    stopping_m,
)

STEP_S = 0.02
POSITION_P, VELOCITY_P, VELOCITY_I = 1.0, 2.0, 1.0  # PSC_POSXY_P, PSC_VELXY_P, PSC_VELXY_I
LEAN_LAG_S = 0.3  # gives the recording's overshoot of 0.6 m after a right angle
GUST_TIME_S = 4.0  # how long a gust lasts
SAG_P = 1.0  # how fast a height that was lost for want of thrust is won back, 1/s


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
class Multirotor:
    """Where a vehicle is and how it moves on from there.

    Attributes:
        limits: for legs that are planned from now on.
        target: position, velocity and acceleration that the legs ask for at this moment.
        heading_deg: clockwise from true north.
        lean_deg: it never leans further (ANGLE_MAX).
        motor_share: thrust that the weakest motor still has; the one across gives no more, or the
            body would tip over.
        positioned: whether it knows where it is; where not, it stays level and the wind takes it.
        ground_m: height of the ground below.
        lost_m: height lost for want of thrust.
        saturated: whether it would lean further if it could.
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
    lean_deg: float = MOST_LEAN_DEG
    motor_share: float = 1.0
    positioned: bool = True
    ground_m: float = 0.0
    lost_m: float = 0.0
    saturated: bool = False
    touched_m_s: float | None = None
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
    _loss_m_s: float = 0.0
    _pace: float = 1.0
    _gusts: tuple[Wander, Wander] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the battery and set the air moving."""
        self.battery = Battery(self.airframe)
        self.blow(self.wind)
        self._thrust = self._integral = self._drag()

    def blow(self, wind: Wind) -> None:
        """Let another wind begin."""
        random = Random(f"gusts {self.seed}")
        gust = (wind.gust_m_s, GUST_TIME_S, random)
        self.wind, self._gusts = wind, (Wander(*gust), Wander(*gust))

    @property
    def air_velocity(self) -> tuple[float, float]:
        """Where the air moves to with its gusts, east and north."""
        east, north = self.wind.velocity
        return east + self._gusts[0].value, north + self._gusts[1].value

    @property
    def throttle_share(self) -> float:
        """Mean throttle of the motors, of what they can give."""
        return min(1.0, self._lift_m_s2() / self._most_lift_m_s2())

    @property
    def goal(self) -> Vector:
        """Where the leg being flown ends."""
        return self._goal

    @property
    def has_next(self) -> bool:
        """Whether the leg after this one is known, so that the corner need not be a stop."""
        return self._next is not None

    def fly_to(self, goal: Vector) -> None:
        """Leave whatever is being done for a place; the leg begins where the craft can stop.

        It brakes towards that place by the error of its position, and the leg waits until it goes
        the right way (AC_WPNav::wp_and_spline_init).
        """
        self.hold()
        flat = math.hypot(self.velocity[0], self.velocity[1])
        if flat > 0:
            reach_s = stopping_m(flat, self.limits.acceleration_m_s2, POSITION_P) / flat
            x, y = (p + v * reach_s for p, v in zip(self.position, self.velocity[:2], strict=False))
            climb = stopping_leg((0.0, 0.0, self.velocity[2]), self.limits)
            self._tails, self._start = [climb] if climb else [], (x, y, self._start[2])
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
        self._goal, self._leg, self._next, self._pace = self._start, None, None, 1.0
        self._descent_m_s, self._sink_rate_m_s = None, 0.0

    def descend(self, speed_m_s: float) -> None:
        """Sink at a speed until told otherwise."""
        if self._descent_m_s is None:
            self.hold()
        self._descent_m_s = speed_m_s

    def climb(self, speed_m_s: float) -> None:
        """Climb straight at a speed until told otherwise."""
        self.descend(-speed_m_s)

    def rest(self) -> None:
        """Stand on the ground; `touched_m_s` keeps how fast it sank."""
        self.touched_m_s = max(0.0, -self.velocity[2])
        self.position = (self.position[0], self.position[1], self.ground_m)
        self.velocity = self.acceleration = ZERO
        self.lost_m = self._loss_m_s = 0.0
        self._thrust = self._integral = self._drag()
        self.hold()

    def stand(self) -> None:
        """Be carried by the ground for this step; `touched_m_s` as for `rest`."""
        self.touched_m_s = max(0.0, -self.velocity[2])
        self.position = (self.position[0], self.position[1], self.ground_m)
        self.velocity = self.acceleration = ZERO
        self.lost_m, self._loss_m_s = max(0.0, self.target[0][2] - self.ground_m), 0.0
        self._thrust = self._integral = self._drag()

    def fall(self) -> bool:
        """Let `STEP_S` pass without thrust; True where it has hit the ground."""
        x, y, z = self.position
        vx, vy, vz = self.velocity
        vz -= GRAVITY_M_S2 * STEP_S
        self.position = (x + vx * STEP_S, y + vy * STEP_S, z + vz * STEP_S)
        self.velocity = (vx, vy, vz)
        if self.position[2] > self.ground_m:
            return False
        self.rest()
        return True

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
        step_s = STEP_S * self._pace
        for tail in self._tails:
            tail.elapsed_s += step_s
        self._tails = [tail for tail in self._tails if not tail.finished]
        if self._leg is None:
            self.arrived = self._goal == self._start and not self._tails
            return
        self._leg.elapsed_s += step_s
        if self._next is None:
            self.arrived = self._leg.finished
            return
        self._advance_turn(self._leg, *self._next)

    def _advance_turn(self, leg: Leg, following: Leg, goal: Vector) -> None:
        corner_m_s2 = 2 * self.limits.acceleration_m_s2  # WPNAV_ACCEL_C = 0 means twice
        if following.elapsed_s > 0 or begins_turn(
            leg, following, self.corner_radius_m, corner_m_s2
        ):
            following.elapsed_s += STEP_S * self._pace
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
        wanted = self._wanted()
        most = GRAVITY_M_S2 * math.tan(math.radians(self.lean_deg))
        asked = math.hypot(*wanted)
        self.saturated = asked > most
        if self.saturated:
            wanted = [part * most / asked for part in wanted]
        moved: list[tuple[float, float, float]] = []
        thrust = list(self._thrust)
        for axis in (0, 1):
            thrust[axis] += (wanted[axis] - thrust[axis]) * STEP_S / LEAN_LAG_S
            acceleration = thrust[axis] - drag[axis]
            velocity = self.velocity[axis] + acceleration * STEP_S
            moved.append((self.position[axis] + velocity * STEP_S, velocity, acceleration))
        self._thrust = (thrust[0], thrust[1])
        self._keep_pace()
        (x, vx, ax), (y, vy, ay) = moved
        place, speed, change = self.target
        self._lose_height()
        self.position = (x, y, place[2] - self.lost_m)
        self.velocity = (vx, vy, speed[2] - self._loss_m_s)
        self.acceleration = (ax, ay, change[2])

    def _wanted(self) -> list[float]:
        """Acceleration along the ground that the controller asks for, east and north."""
        if not self.positioned:
            self._integral = (0.0, 0.0)
            return [0.0, 0.0]
        place, speed, change = self.target
        wanted, integral = [0.0, 0.0], list(self._integral)
        offset = place[0] - self.position[0], place[1] - self.position[1]
        off_m, pull = math.hypot(*offset), POSITION_P
        if off_m > self.limits.acceleration_m_s2 / POSITION_P**2:  # what can be braked from
            pull = approach_m_s(off_m, self.limits.acceleration_m_s2, POSITION_P) / off_m
        for axis in (0, 1):
            error_m_s = speed[axis] - self.velocity[axis] + pull * offset[axis]
            if not self.saturated:
                integral[axis] += VELOCITY_I * error_m_s * STEP_S
            wanted[axis] = change[axis] + VELOCITY_P * error_m_s + integral[axis]
        self._integral = (integral[0], integral[1])
        return wanted

    def _keep_pace(self) -> None:
        """Let the target wait for a vehicle that does not follow it (AC_WPNav, track_scaler_dt)."""
        (x, y, z), (ux, uy, uz), _ = self.target
        squared = ux * ux + uy * uy + uz * uz  # of the speed, so everything is in units of it
        kept = 1.0
        if squared > 1e-6:
            (px, py, pz), (vx, vy, vz) = self.position, self.velocity
            made = ux * vx + uy * vy + uz * vz
            behind = ux * (x - px) + uy * (y - py) + uz * (z - pz)
            kept = max(0.0, min(1.0, 0.05 + (made - POSITION_P * behind) / squared))
        lag_s = self.limits.acceleration_m_s2 / self.limits.jerk_m_s3
        self._pace += (kept - self._pace) * STEP_S / max(lag_s, STEP_S)

    def _lift_m_s2(self) -> float:
        """Thrust over mass that the lean and the climb ask for."""
        x, y = self._thrust
        z = self.target[2][2] + GRAVITY_M_S2
        return math.sqrt(x * x + y * y + z * z)

    def _most_lift_m_s2(self) -> float:
        """Thrust over mass at full throttle, with a pair of motors as weak as the weakest."""
        return self.airframe.thrust_to_weight * GRAVITY_M_S2 * (1 + self.motor_share) / 2

    def _lose_height(self) -> None:
        """Sink below the target where the motors do not carry, and win it back when they do."""
        missing = self._lift_m_s2() - self._most_lift_m_s2()
        if missing > 0:
            self._loss_m_s += missing * STEP_S
        elif self.lost_m > 0 or self._loss_m_s > 0:
            change = -SAG_P * self.lost_m - 2 * self._loss_m_s
            self._loss_m_s += max(change, missing) * STEP_S
        self.lost_m = max(0.0, self.lost_m + self._loss_m_s * STEP_S)
        if self.lost_m == 0.0:
            self._loss_m_s = 0.0

    def _drag(self) -> tuple[float, float]:
        """Deceleration by the air, east and north."""
        wind = self.air_velocity
        air_x, air_y = self.velocity[0] - wind[0], self.velocity[1] - wind[1]
        frame = self.airframe
        drag = frame.drag_1_m * math.hypot(air_x, air_y) + frame.rotor_drag_1_s
        return drag * air_x, drag * air_y

    def _power_w(self) -> float:
        """Induced power, the power that drag takes, and climb."""
        frame = self.airframe
        x, y = self._thrust
        z = self.acceleration[2] + GRAVITY_M_S2
        push_m_s2, speed_m_s = math.hypot(x, y), math.hypot(self.velocity[0], self.velocity[1])
        induced_w = frame.induced_w(push_m_s2, z)
        drag_w = frame.drag_power_share * frame.drag_w(push_m_s2, speed_m_s)
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
