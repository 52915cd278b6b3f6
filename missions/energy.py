"""How much energy does each part of a flight take, and what is left of the battery.

Power = hover power + drag power, which grows with the cube of the air speed, + climb power. A
multirotor at moderate speed needs somewhat less than in hover (translational lift); that is left
out on the safe side. So energy is a convex function of the wind vector, and a wind that may come
from any direction never makes a flight cheaper.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from missions.course import LEAST_LEG_M, Course, Mover, course_of
from missions.model import Drone, MissionItem
from missions.wind import Wind

Place = tuple[float, float, float]  # lon, lat, height above home


def power_w(drone: Drone, air_speed_m_s: Array, climb_m_s: Array) -> Array:
    """Drawn from the battery at a level air speed and a climb rate, arrays of one shape.

    Sinking takes as much as hovering.

    >>> from missions.drones import drone_named
    >>> float(power_w(drone_named("sim-quad"), np.array(10.0), np.array(0.0)))
    145.0
    """
    drag = (drone.cruise_w - drone.hover_w) * (air_speed_m_s / drone.cruise_speed_m_s) ** 3
    lift = (drone.climb_w - drone.hover_w) * np.maximum(climb_m_s, 0) / drone.climb_speed_m_s
    power: Array = drone.hover_w + drag + lift
    return power


def energy_wh(course: Course, drone: Drone, wind: Wind) -> Array:
    """Energy of each part of a flight (N,), in the wind that is worst for the whole."""
    energies = energies_wh(course, drone, wind)
    worst: Array = energies[:, int(energies.sum(axis=0).argmax())]
    return worst


def energies_wh(course: Course, drone: Drone, wind: Wind) -> Array:
    """Energy of each part of a flight in each wind that counts, (N, K)."""
    air = wind.velocities_m_s()
    full, half, none = (_power_at(course, share, drone, air) for share in (1.0, 0.5, 0.0))
    ramp = (full + 4 * half + none) / 6  # Simpson's rule over a change of speed
    share = course.ramp_share[:, None]
    energies: Array = ((1 - share) * full + share * ramp) * course.duration_s[:, None] / 3600
    return energies


def _power_at(course: Course, share: float, drone: Drone, air_m_s: Array) -> Array:
    """Power at a share of each part's top speed in each wind, (N, K)."""
    ground = course.velocity_m_s * share
    through_air = ground[:, None, :2] - air_m_s[None]
    speed = np.hypot(through_air[..., 0], through_air[..., 1])
    return power_w(drone, speed, np.broadcast_to(ground[:, 2:], speed.shape))


@dataclass(frozen=True, slots=True)
class PartCost:
    """What one part of a flight takes: a straight movement, or a wait where both ends are one."""

    start: Place
    end: Place
    camera_on: bool
    duration_s: float
    energy_wh: float


@dataclass(frozen=True, slots=True)
class FlightCost:
    """What a whole flight takes.

    Attributes:
        battery_share: of a full battery set; above 1 it cannot be flown.
        reserve_kept: whether the drone's reserve is still there after landing.
    """

    parts: tuple[PartCost, ...]
    distance_m: float
    duration_s: float
    energy_wh: float
    battery_share: float
    reserve_kept: bool


def flight_cost(
    home: GeoPoint, items: Sequence[MissionItem], drone: Drone, wind: Wind | None = None
) -> FlightCost:
    """Add up time and energy of a mission, ours or another's, without MAVLink's home item."""
    wind = wind or Wind()
    course = course_of(home, items, drone, wind)
    energies = energy_wh(course, drone, wind)
    frame = LocalFrame(home.lon_deg, home.lat_deg)
    ends = (_places(course.start_m, frame), _places(course.end_m, frame))
    parts = zip(
        *ends,
        course.camera_on.tolist(),
        course.duration_s.tolist(),
        energies.tolist(),
        strict=True,
    )
    total = float(energies.sum())
    return FlightCost(
        parts=tuple(PartCost(*part) for part in parts),
        distance_m=course.ground_m,
        duration_s=course.total_s,
        energy_wh=total,
        battery_share=total / drone.battery_wh,
        reserve_kept=total <= usable_wh(drone),
    )


def used_share(drone: Drone, wind: Wind | None = None) -> Callable[[Array, Array], Array]:
    """Make the function that tells how much of a full battery is used along a path.

    It takes points (N, 3) in local metres and the ground speed wanted on each leg (N - 1,), and
    tells the share at each point (N,).
    """
    wind = wind or Wind()

    def shares(points_m: Array, speeds_m_s: Array) -> Array:
        mover = Mover.as_planned(drone, drone.cruise_speed_m_s, wind)
        used = np.zeros(len(points_m))
        legs = np.linalg.norm(np.diff(points_m, axis=0), axis=1) > LEAST_LEG_M
        if legs.any():
            course = mover.along_at(points_m, speeds_m_s)
            used[1:][legs] = energy_wh(course, drone, wind) / drone.battery_wh
        return np.cumsum(used)

    return shares


def way_home_share(
    drone: Drone,
    used: Callable[[Array, Array], Array],
    place_m: Array,
    home_m: Array,
    return_height_m: float,
) -> float:
    """Share of the battery for the straight way home from a place in the air, and the landing.

    Args:
        drone: what flies.
        used: as `used_share` makes it.
        place_m: x, y and height, (3,).
        home_m: the same on the ground.
        return_height_m: above home, to which a return climbs first.
    """
    level = max(float(place_m[2]), float(home_m[2]) + return_height_m)
    points = np.array([place_m, (*place_m[:2], level), (*home_m[:2], level), home_m])
    speeds = np.full(3, min(drone.cruise_speed_m_s, drone.autopilot.return_speed_m_s))
    return float(used(points, speeds)[-1]) + hover_share(drone, landing_s(drone))


def landing_s(drone: Drone) -> float:
    """Seconds over home and close to the ground that a straight descent does not take."""
    pilot = drone.autopilot
    return pilot.return_hover_s + pilot.slow_below_m / pilot.land_speed_m_s + pilot.stop_s


def hover_share(drone: Drone, seconds: float) -> float:
    """Share of the battery that hovering takes."""
    return seconds * drone.hover_w / 3600 / drone.battery_wh


def usable_wh(drone: Drone) -> float:
    """Energy of a full battery set without the reserve."""
    return drone.battery_wh * (1 - drone.reserve_share)


def _places(points_m: Array, frame: LocalFrame) -> list[Place]:
    lonlat = frame.lonlat_from_xy(points_m[:, :2])
    return [
        (float(lon), float(lat), float(height))
        for (lon, lat), height in zip(lonlat, points_m[:, 2], strict=True)
    ]
