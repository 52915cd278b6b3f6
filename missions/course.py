"""How does an aircraft move from take-off to the rotors' stop, and how long does each part take.

Wind does not change the time as long as the aircraft can hold the ground speed asked for, which is
what waypoint controllers do; beyond that it flies as fast as its top air speed leaves.
CONDITION_YAW and camera commands run beside the flight and take no time (ArduPilot, AP_Mission).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.model import AltitudeFrame, Autopilot, Command, Drone, MissionItem
from missions.profile import Climb, Profiles, overlaps_s
from missions.timing import Motion
from missions.wind import Wind

LEAST_LEG_M = 1e-3
_LOITER_TIME, _SPLINE, _DELAY = 19, 82, 93  # MAV_CMD_NAV_* of missions that others made
_JUMP = 177
MOST_STEPS = 20_000
_PLACES = (Command.NAV_WAYPOINT, _SPLINE, _LOITER_TIME)
_CLIMB_SPEED, _DESCENT_SPEED = 2, 3  # SPEED_TYPE in param1 of DO_CHANGE_SPEED


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The parts of a flight in order: straight movements and waits, every array (N, ...).

    Attributes:
        start_m, end_m: east, north and height above home, (N, 3).
        duration_s: what rounded corners save is taken off the legs on both sides.
        velocity_m_s: over ground at the fastest, east, north and up, (N, 3).
        ramp_share: of the duration that is spent speeding up and slowing down.
        camera_on: whether the shutter is released by distance.
    """

    start_m: Array
    end_m: Array
    duration_s: Array
    velocity_m_s: Array
    ramp_share: Array
    camera_on: NDArray[np.bool_]

    @property
    def total_s(self) -> float:
        """Time of the whole flight."""
        return float(self.duration_s.sum())

    @property
    def ground_m(self) -> float:
        """Distance over ground."""
        return float(np.hypot(*(self.end_m - self.start_m)[:, :2].T).sum())


def vertical_speeds_m_s(drone: Drone) -> tuple[float, float]:
    """Climb and descent that missions ask for; the descent is one that a landing can slow down."""
    return drone.climb_speed_m_s, min(drone.descent_speed_m_s, drone.autopilot.landing_speed_m_s)


def planning_motion(drone: Drone, speed_m_s: float) -> Motion:
    """A simple model for searching routes: a stop costs as much time as the autopilot takes."""
    rise_s = drone.acceleration_m_s2 / drone.autopilot.jerk_m_s3
    return Motion(speed_m_s, speed_m_s / (speed_m_s / drone.acceleration_m_s2 + rise_s))


def join(courses: Sequence[Course]) -> Course:
    """One after the other."""
    parts = (
        np.concatenate([getattr(course, name) for course in courses])
        for name in Course.__dataclass_fields__
    )
    return Course(*parts)


def still(place_m: Array, seconds: float) -> Course:
    """Stay at a place (3,)."""
    place, zero = place_m[None], np.zeros((1, 3))
    return Course(place, place, np.array([seconds]), zero, np.zeros(1), np.zeros(1, dtype=bool))


@dataclass(frozen=True, slots=True)
class Mover:
    """How an aircraft moves in a wind, at the speeds that are in force.

    Attributes:
        drone: its limits and its autopilot.
        speed_m_s, up_m_s, down_m_s: over ground, climbing and sinking.
    """

    drone: Drone
    speed_m_s: float
    up_m_s: float
    down_m_s: float
    wind: Wind

    @classmethod
    def at_start(cls, drone: Drone, wind: Wind) -> "Mover":
        """Before the mission has changed any speed."""
        pilot = drone.autopilot
        return cls(drone, pilot.speed_m_s, pilot.up_m_s, pilot.down_m_s, wind)

    @classmethod
    def as_planned(cls, drone: Drone, speed_m_s: float, wind: Wind) -> "Mover":
        """At the speeds that our missions tell the autopilot."""
        return cls(drone, speed_m_s, *vertical_speeds_m_s(drone), wind)

    @property
    def pilot(self) -> Autopilot:
        """What flies."""
        return self.drone.autopilot

    def along(self, points_m: Array, camera_on: NDArray[np.bool_] | None = None) -> Course:
        """Fly from stop to stop along a path (N, 3), rounding the corners between."""
        return self.along_at(points_m, np.full(len(points_m) - 1, self.speed_m_s), camera_on)

    def along_at(
        self, points_m: Array, speeds_m_s: Array, camera_on: NDArray[np.bool_] | None = None
    ) -> Course:
        """The same with a speed for each leg (N - 1,)."""
        steps = np.diff(points_m, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        far = lengths > LEAST_LEG_M
        if not far.any():
            return still(points_m[-1], 0.0)
        camera = np.zeros(len(steps), dtype=bool) if camera_on is None else camera_on
        directions = steps[far] / lengths[far, None]
        profiles = self._profiles(directions, lengths[far], speeds_m_s[far])
        pilot = self.pilot
        saved = overlaps_s(
            directions, profiles, pilot.corner_radius_m, pilot.corner_acceleration_m_s2
        )
        saved_s = (np.append(saved, 0.0) + np.insert(saved, 0, 0.0)) / 2
        saved_s[0] -= pilot.start_s
        return Course(
            points_m[:-1][far],
            points_m[1:][far],
            profiles.duration_s - saved_s,
            directions * profiles.peak_m_s[:, None],
            2 * profiles.ramp_s / profiles.duration_s,
            camera[far],
        )

    def _profiles(self, directions: Array, lengths_m: Array, speeds_m_s: Array) -> Profiles:
        """On a slanted line no component of speed and acceleration exceeds its own limit.

        The jerk counts along the line, whichever way it leads (ArduPilot, SCurve).
        """
        pilot = self.pilot
        across = np.maximum(np.hypot(directions[:, 0], directions[:, 1]), 1e-9)
        steep = np.maximum(np.abs(directions[:, 2]), 1e-9)
        vertical = np.where(directions[:, 2] > 0, self.up_m_s, self.down_m_s)
        level = directions[:, :2] / across[:, None]
        top = self.wind.ground_speeds_m_s(level, self.drone.top_air_speed_m_s)
        return Profiles.of(
            lengths_m,
            np.minimum(np.minimum(speeds_m_s, top) / across, vertical / steep),
            np.minimum(
                self.drone.acceleration_m_s2 / across, pilot.vertical_acceleration_m_s2 / steep
            ),
            np.full(len(lengths_m), pilot.jerk_m_s3),
        )

    def take_off(self, ground_m: Array, height_m: float) -> Course:
        """Spool up and climb straight from a place (3,)."""
        pilot, above = self.pilot, np.array([*ground_m[:2], height_m])
        waiting, rise_m = still(ground_m, pilot.spool_up_s), height_m - float(ground_m[2])
        if rise_m <= LEAST_LEG_M:
            return waiting
        climb = Climb.of(
            rise_m, self.up_m_s, pilot.vertical_acceleration_m_s2, pilot.vertical_jerk_m_s3
        )
        rising = Course(
            ground_m[None],
            above[None],
            np.array([climb.duration_s]),
            np.array([[0.0, 0.0, climb.peak_m_s]]),
            np.array([climb.ramps_s / climb.duration_s]),
            np.zeros(1, dtype=bool),
        )
        return join([waiting, rising])

    def land(self, above_m: Array) -> Course:
        """Sink straight down from a place (3,) to the height of home and stop the rotors."""
        pilot, height = self.pilot, max(float(above_m[2]), 0.0)
        slow_m = min(height, pilot.slow_below_m)
        braking_m, braking_s = self._braking()
        high_m = min(height, pilot.slow_below_m + braking_m)
        ground, low, high = (np.array([*above_m[:2], z]) for z in (0.0, slow_m, high_m))
        starting_s = self.down_m_s / pilot.vertical_acceleration_m_s2 / 2
        fast_s = (height - high_m) / self.down_m_s + (starting_s if height > high_m else 0.0)
        braked = (high_m - slow_m) / braking_m if braking_m > 0 else 0.0
        return join(
            [
                _sinking(above_m, high, fast_s),
                _sinking(high, low, braked * braking_s),
                _sinking(low, ground, slow_m / min(pilot.land_speed_m_s, self.down_m_s)),
                still(ground, pilot.stop_s),
            ]
        )

    def _braking(self) -> tuple[float, float]:
        """Height and time in which a landing comes down to its slow speed, at `slow_below_m`.

        ArduCopter sinks as fast as it could stop at LAND_ALT_LOW, at 1 m/s2, and in the last metre
        no faster than 1 m/s for each metre (ModeLand and AC_PosControl, sqrt_controller).
        """
        slow, fast = self.pilot.land_speed_m_s, self.down_m_s
        if fast <= slow:
            return 0.0, 0.0
        last = min(fast, 1.0)
        seconds = max(fast - 1.0, 0.0) + float(np.log(last / slow)) if slow < last else fast - slow
        return (fast**2 + 1) / 2 - slow if fast > 1 else fast - slow, seconds

    def go_home(self, here_m: Array) -> Course:
        """Return to launch: climb if too low, fly over home, wait there and land."""
        pilot, height = self.pilot, max(float(here_m[2]), self.pilot.return_height_m)
        risen, above = np.array([*here_m[:2], height]), np.array([0.0, 0.0, height])
        back = replace(self, speed_m_s=pilot.return_speed_m_s)
        return join(
            [
                back.along(np.stack([here_m, risen, above])),
                still(above, pilot.return_hover_s),
                back.land(above),
            ]
        )

    def changed(self, item: MissionItem) -> "Mover":
        """Obey DO_CHANGE_SPEED."""
        kind, speed = int(item.parameters[0]), item.parameters[1]
        if not speed > 0:
            return self
        if kind == _CLIMB_SPEED:
            return replace(self, up_m_s=speed)
        if kind == _DESCENT_SPEED:
            return replace(self, down_m_s=speed)
        return replace(self, speed_m_s=speed)


def _sinking(start_m: Array, end_m: Array, seconds: float) -> Course:
    velocity = (end_m - start_m) / max(seconds, 1e-9)
    course = still(start_m, seconds)
    return replace(course, end_m=end_m[None], velocity_m_s=velocity[None])


def course_of(
    home: GeoPoint, items: Sequence[MissionItem], drone: Drone, wind: Wind | None = None
) -> Course:
    """Follow a mission, without MAVLink's home item, from the ground to the rotors' stop.

    A mission that ends in the air ends there; jumps (DO_JUMP) are followed.

    Raises:
        MissionError: the mission moves nowhere, or its jumps never end.
    """
    flight = _Flight(home, Mover.at_start(drone, wind or Wind()))
    for item in in_order(items):
        flight.obey(item)
    flight.stop()
    if not flight.done:
        raise MissionError("the mission has no item that moves the aircraft; add a take-off")
    return join(flight.done)


def in_order(items: Sequence[MissionItem]) -> Iterator[MissionItem]:
    """The items of a mission as they are flown, each DO_JUMP as often as it says.

    Items are counted from 1; a jump that is used up is passed over, and stays so (ArduPilot,
    AP_Mission::get_next_cmd), and one to nowhere ends the mission.

    Raises:
        MissionError: after `MOST_STEPS` items there is no end.
    """
    taken: Counter[int] = Counter()
    at = 1
    for _ in range(MOST_STEPS):
        if not 1 <= at <= len(items):
            return
        item = items[at - 1]
        if item.command != _JUMP:
            yield item
            at += 1
            continue
        target, times = int(item.parameters[0]), int(item.parameters[1])
        jumps = times < 0 or taken[at] < times
        taken[at] += 1
        at = target if jumps else at + 1
    raise MissionError(
        f"the mission's jumps (DO_JUMP) do not end within {MOST_STEPS} items; give them a number "
        "of times that a battery allows"
    )


class _Flight:
    """A mission under way: what was flown up to the last stop, and the path since."""

    def __init__(self, home: GeoPoint, mover: Mover) -> None:
        self.done: list[Course] = []
        self._home, self._frame = home, LocalFrame(home.lon_deg, home.lat_deg)
        self._mover = mover
        self._path = [np.zeros(3)]
        self._speeds: list[float] = []
        self._cameras: list[bool] = []
        self._camera_on = False

    def obey(self, item: MissionItem) -> None:
        """Take the next item."""
        command, seconds = item.command, item.parameters[0]
        if command == Command.DO_CHANGE_SPEED:
            self._change(item)
        elif command == Command.DO_SET_CAM_TRIGG_DIST:
            self._camera_on = seconds > 0
        elif command in _PLACES:
            self._go_to(self._place(item), seconds)
        elif command == _DELAY:
            self.stop()
            self._stay(max(seconds, 0.0))
        elif command == Command.NAV_TAKEOFF:
            self.stop()
            self._end(self._mover.take_off(self._path[-1], float(self._place(item)[2])))
        elif command == Command.NAV_RETURN_TO_LAUNCH:
            self.stop()
            self._end(self._mover.go_home(self._path[-1]))
        elif command == Command.NAV_LAND:
            self._go_to(np.array([*self._place(item)[:2], self._path[-1][2]]), 0.0)
            self.stop()
            self._end(self._mover.land(self._path[-1]))

    def stop(self) -> None:
        """Fly what is waiting to be flown to a standstill."""
        if self._speeds:
            cameras = np.array(self._cameras)
            path = np.array(self._path)
            self._end(self._mover.along_at(path, np.array(self._speeds), cameras))

    def _end(self, course: Course) -> None:
        self.done.append(course)
        last = course.end_m[-1] if len(course.end_m) else self._path[-1]
        self._path, self._speeds, self._cameras = [last], [], []

    def _change(self, item: MissionItem) -> None:
        changed = self._mover.changed(item)
        if (changed.up_m_s, changed.down_m_s) != (self._mover.up_m_s, self._mover.down_m_s):
            self.stop()  # so that what was flown before keeps its limits; a stop that costs little
        self._mover = changed

    def _go_to(self, place_m: Array, hold_s: float) -> None:
        self._path.append(place_m)
        self._speeds.append(self._mover.speed_m_s)
        self._cameras.append(self._camera_on)
        if hold_s > 0:
            self.stop()
            self._stay(hold_s)

    def _stay(self, seconds: float) -> None:
        self.done.append(still(self._path[-1], seconds))

    def _place(self, item: MissionItem) -> Array:
        """Local place of an item; without degrees, above the last one."""
        height = item.altitude_m
        if item.frame == AltitudeFrame.AMSL:
            height -= self._home.altitude_amsl_m
        if item.lon_deg == item.lat_deg == 0:
            return np.array([*self._path[-1][:2], height])
        x, y = self._frame.xy_from_lonlat(np.array([[item.lon_deg, item.lat_deg]]))[0]
        return np.array([x, y, height])
