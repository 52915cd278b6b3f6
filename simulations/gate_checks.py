"""What a simulated flight must have kept to, check by check, pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from flight.adherence import measure_adherence
from geo.footprint import footprint
from geo.frames import Array
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain, Terrain
from geo.track import CameraEvent, Track, TrackPoint
from missions.model import MissionItem
from simulations.failing import KINDS
from simulations.ground_shape import GroundShape
from simulations.personas import AUTO, BRAKE, LAND, LOITER, RTL
from simulations.piloting import BY_GATE, Outcome
from simulations.scenarios import Expectation, Fault, Phase, Scenario
from simulations.scene import EPOCH
from simulations.task import Task
from simulations.trace import Trace

HOME_WITHIN_M = 5.0
HEIGHT_TOLERANCE_M = 2.0  # a barometer that drifts by as much is in order
FENCE_TOLERANCE_M = 3.0  # likewise a receiver
CLEARANCE_M = 10.0  # least height above ground between take-off and landing
HOME_CYLINDER_M = 30.0  # around home, where low flying is meant
SECOND_STEPS, SINKING_M_S = 10, 0.25  # samples of a trace; half of the slowest landing
TIME_TOLERANCE_SHARE = 0.10
COVERAGE_SHARE = 0.95  # of the ground that the planned photos show; a receiver is 2 m off
RECOGNISED_WITHIN_S = 20.0
LAND_COMMAND = 21  # MAV_CMD_NAV_LAND
HARD_M_S = 3.0  # a touch-down as fast is a crash
STEEPEST_PITCH_DEG = -45.0  # photos that look flatter have no footprint worth comparing
# What a mission that is broken off cannot keep to.
CONSEQUENCES = frozenset({"landed at home", "photos", "coverage", "time"})
ANSWER_MODES = {
    Fault.BATTERY: RTL,
    Fault.GPS: LAND,
    Fault.LINK: RTL,
    Fault.RADIO: RTL,
    Fault.FENCE: RTL,
    Fault.WIND: RTL,
    Fault.MOTOR: LAND,
}
MODE_NAMES = {AUTO: "AUTO", RTL: "RTL", LAND: "LAND", LOITER: "LOITER", BRAKE: "BRAKE"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed whatever the mission says.

    Attributes:
        ceiling_agl_m: above the ground below.
        clearance_m: likewise, least.
    """

    ceiling_agl_m: float = 120.0
    clearance_m: float = CLEARANCE_M


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        passed: None where it could not be looked at, or does not apply.
        value, limit: in `unit`; None where words say it better.
    """

    name: str
    passed: bool | None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    detail: str = ""

    @property
    def message(self) -> str:
        """The figure in words."""
        figures = ""
        if self.value is not None:
            figures = f"{_figure(self.value, self.limit)} {self.unit}".strip()
            figures += "" if self.limit is None else f" (limit {self.limit:g})"
        return "; ".join(part for part in (figures, self.detail) if part)


def _figure(value: float, limit: float | None) -> str:
    """A figure to a tenth, or as fine as shows it apart from its limit.

    >>> _figure(0.6211, 10.0), _figure(94.96, 95.0), _figure(95.0, 95.0)
    ('0.6', '94.96', '95')
    """
    apart = (d for d in (1, 2, 3) if limit is None or value == limit or round(value, d) != limit)
    return f"{round(value, next(apart, 3)):g}"


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One flight as it is judged."""

    task: Task
    scenario: Scenario
    ground: GroundShape
    outcome: Outcome
    trace: Trace
    limits: Limits


def judge(flight: Flight) -> tuple[Check, ...]:
    """Look at everything that the scenario asks for."""
    if not flight.trace.flown:
        problem = flight.outcome.problem or "the vehicle never left the ground"
        return (Check("completed", False, detail=problem),)
    checks = [check(flight) for check in _ALWAYS]
    if flight.scenario.fault is not None:
        checks += [_recognised(flight), _answered(flight)]
    if flight.scenario.expects is Expectation.COMPLETED:
        checks += [check(flight) for check in _WHEN_COMPLETED]
        if not flight.outcome.completed:
            checks = [_as_consequence(check) for check in checks]
    return tuple(checks)


def _as_consequence(check: Check) -> Check:
    """Not a failure of its own where the mission was not flown to its end: that has failed."""
    if check.passed is not False or check.name not in CONSEQUENCES:
        return check
    detail = f"in consequence of `completed`: {check.message}"
    return Check(check.name, None, detail=detail)


def _completed(flight: Flight) -> Check:
    """The mission, or what the scenario expects instead of it."""
    outcome, expects = flight.outcome, flight.scenario.expects
    modes = " > ".join(MODE_NAMES.get(mode, str(mode)) for mode in outcome.modes)
    told = "; ".join(part for part in (outcome.problem, outcome.reason, modes) if part)
    if expects is Expectation.COMPLETED:
        return Check("completed", outcome.completed, detail=told)
    return Check("landed", outcome.landed and outcome.problem is None, detail=told)


def _no_crash(flight: Flight) -> Check:
    hits = [t.split() for t in flight.outcome.texts if t.startswith("SIM Hit ground at")]
    fastest = max((float(words[4]) for words in hits), default=0.0)
    crashed = any(text.startswith("Crash") for text in flight.outcome.texts)
    gentle = fastest < HARD_M_S and not crashed
    return Check("no crash", gentle, fastest, HARD_M_S, "m/s", "crashed" if crashed else "")


def _inside_fence(flight: Flight) -> Check:
    fence = flight.task.fence
    if fence is None:
        return Check("fence", None, detail="the file has none")
    if flight.scenario.fault is Fault.GPS and flight.scenario.expects is Expectation.LANDED:
        return Check("fence", None, detail="without a position none can be kept")
    zone = flight.task.frame.to_local(fence)
    shapely.prepare(zone)
    x, y = flight.trace.places_m[:, 0], flight.trace.places_m[:, 1]
    outside = ~shapely.contains_xy(zone, x, y)
    points = shapely.points(x[outside], y[outside])
    worst = float(shapely.distance(zone, points).max()) if outside.any() else 0.0
    return Check("fence", worst <= FENCE_TOLERANCE_M, worst, FENCE_TOLERANCE_M, "m outside")


def _below_ceiling(flight: Flight) -> Check:
    """Above ground everywhere, and above home where the plan says a ceiling."""
    heights = flight.trace.places_m[:, 2]
    above = heights - flight.ground.heights_m(flight.trace.places_m[:, :2])
    if not np.isfinite(above).all():
        return Check("ceiling", False, detail=_unknown_ground(above))
    highest, limit = float(above.max()), flight.limits.ceiling_agl_m
    home_limit = flight.task.ceiling_home_m
    within = highest <= limit + HEIGHT_TOLERANCE_M
    if home_limit is not None:
        within = within and float(heights.max()) <= home_limit + HEIGHT_TOLERANCE_M
    return Check("ceiling", within, highest, limit, "m above ground")


def _clear_of_ground(flight: Flight) -> Check:
    """Height above ground away from home, until the last descent begins."""
    places = flight.trace.places_m
    above = places[:, 2] - flight.ground.heights_m(places[:, :2])
    away = np.hypot(places[:, 0], places[:, 1]) > HOME_CYLINDER_M
    away[_last_descent(places[:, 2]) :] = False
    if not away.any():
        return Check("clearance", None, detail="nowhere away from take-off and landing")
    if not np.isfinite(above[away]).all():
        return Check("clearance", False, detail=_unknown_ground(above[away]))
    lowest = float(above[away].min())
    limit = flight.limits.clearance_m
    return Check("clearance", lowest >= limit, lowest, limit, "m above ground")


def _unknown_ground(above_m: Array) -> str:
    share = float(np.mean(~np.isfinite(above_m)))
    return f"the DEM does not know the ground under {share:.0%} of the flight; give a larger one"


def _last_descent(heights_m: Array) -> int:
    """Number of the sample from which the vehicle only sank, until it stood."""
    sunk_m = heights_m[:-SECOND_STEPS] - heights_m[SECOND_STEPS:]
    level = (sunk_m < SINKING_M_S) & (heights_m[:-SECOND_STEPS] > heights_m[-1] + 1.0)
    found = np.flatnonzero(level)
    return int(found[-1]) if len(found) else 0


def _reserve(flight: Flight) -> Check:
    """The drone's reserve; where the mission need not be completed, anything but an empty one."""
    left = float(flight.trace.battery_share[-1])
    completes = flight.scenario.expects is Expectation.COMPLETED
    limit = flight.task.drone.reserve_share if completes else 0.0
    if not math.isfinite(left):
        return Check("reserve", False, detail="the vehicle does not tell its battery")
    return Check("reserve", left >= limit if completes else left > 0, 100 * left, 100 * limit, "%")


def _at_home(flight: Flight) -> Check:
    """Landed where it started; where the mission or a failure ends elsewhere that is in order."""
    if flight.scenario.expects is Expectation.LANDED:
        return Check("landed at home", None, detail="not expected")
    last = flight.trace.places_m[-1]
    away = float(np.hypot(last[0], last[1]))
    if flight.task.items[-1].command == LAND_COMMAND:
        return Check("landed at home", None, detail="the mission lands elsewhere")
    return Check("landed at home", away <= HOME_WITHIN_M, away, HOME_WITHIN_M, "m")


def _recognised(flight: Flight) -> Check:
    fault, begun = flight.scenario.fault, flight.outcome.injected_s
    assert fault is not None
    if begun is None:
        return Check("recognised", False, detail=f"{fault} was never made to fail")
    found = flight.outcome.recognised_s.get(KINDS[fault])
    if found is None:
        return Check("recognised", False, detail=f"{fault} was not recognised")
    after = found - begun
    limit = RECOGNISED_WITHIN_S
    return Check("recognised", 0 <= after <= limit, after, limit, "s", str(fault))


def _answered(flight: Flight) -> Check:
    """The vehicle is in the mode that the failure asks for; on its way home it may stay so."""
    fault = flight.scenario.fault
    assert fault is not None
    wanted = ANSWER_MODES[fault]
    modes = flight.outcome.modes
    told = " > ".join(MODE_NAMES.get(mode, str(mode)) for mode in modes)
    comes_home = flight.scenario.at is Phase.RETURN and wanted == RTL
    done = wanted in modes or (comes_home and modes[-1:] == (AUTO,))
    done = done or (LAND in modes and wanted == RTL)
    by_gate = f"; {BY_GATE}" if flight.outcome.by_gate else ""
    return Check("answered", done, detail=f"{told}, expected {MODE_NAMES[wanted]}{by_gate}")


def _in_time(flight: Flight) -> Check:
    planned, flown = flight.task.planned_s, flight.outcome.duration_s
    off = flown / planned - 1 if planned > 0 else math.inf
    within = abs(off) <= TIME_TOLERANCE_SHARE
    detail = f"{flown:.0f} s flown, {planned:.0f} s planned"
    return Check("time", within, 100 * off, 100 * TIME_TOLERANCE_SHARE, "%", detail)


def _photos(flight: Flight) -> Check:
    task, taken = flight.task, len(flight.trace.exposures)
    if not task.releases_shutter:
        return Check("photos", None, detail="the mission takes none")
    if task.sortie is None:
        expected = expected_photos(task)
        return Check("photos", taken >= expected, taken, expected, "taken")
    missed = measure_adherence(task.sortie, _track(flight)).photos_missed
    detail = f"{taken} taken, {len(task.sortie.photos)} planned"
    return Check("photos", not missed, float(len(missed)), 0.0, "missed", detail)


def expected_photos(task: Task) -> int:
    """Pictures that a foreign mission takes at least: whole spacings along its legs."""
    count, spacing, here = 0, 0.0, (0.0, 0.0)
    for item in task.items:
        if item.command == 206:
            spacing = max(item.parameters[0], 0.0)
        elif _shoots(item):
            count += 1
        elif item.command in (16, 82) and item.lon_deg:
            lonlat = np.array([[item.lon_deg, item.lat_deg]])
            x, y = task.frame.xy_from_lonlat(lonlat)[0].tolist()
            if spacing > 0:
                count += int(math.hypot(x - here[0], y - here[1]) * 0.95 / spacing)
            here = (x, y)
    return count


def _shoots(item: MissionItem) -> bool:
    """Whether an item takes one picture: x of 203 says so, the number in 2000."""
    return (item.command, item.lat_deg) == (203, 1) or (
        item.command == 2000 and item.parameters[2] == 1
    )


def _track(flight: Flight) -> Track:
    """The exposures as a track, for `flight.adherence`."""
    home_m = flight.task.home.altitude_amsl_m
    events = tuple(
        CameraEvent(i, EPOCH, p.position, p.position.altitude_amsl_m - home_m, p.attitude)
        for i, p in enumerate(flight.trace.exposures, 1)
    )
    point = TrackPoint(EPOCH, flight.task.home, 0.0, 0.0, 0.0)
    return Track((point,), events)


def _coverage(flight: Flight) -> Check:
    """Ground in the planned photos that the photos taken show too."""
    planned = _planned_poses(flight)
    if not planned:
        return Check("coverage", None, detail="the file says no photos looking down")
    terrain = flight.ground.terrain or _level(flight)
    ours, theirs = (_shown(flight, poses, terrain) for poses in (planned, flight.trace.exposures))
    if any(outline is None for outline in ours):
        dark = sum(outline is None for outline in ours)
        detail = f"the DEM does not know the ground in {dark} of {len(ours)} planned photos"
        return Check("coverage", False, detail=detail)
    wanted, seen = _together(ours), _together(theirs)
    share = float(wanted.intersection(seen).area / wanted.area)
    return Check("coverage", share >= COVERAGE_SHARE, 100 * share, 100 * COVERAGE_SHARE, "%")


def _planned_poses(flight: Flight) -> list[Pose]:
    """Of planned photos that show nothing but ground, were it level."""
    base = flight.task.home.altitude_amsl_m
    poses = [
        Pose(
            GeoPoint(p.lon_deg, p.lat_deg, base + p.height_home_m),
            Attitude(p.heading_deg, p.pitch_deg),
        )
        for p in flight.task.photos or ()
        if p.pitch_deg <= STEEPEST_PITCH_DEG
    ]
    shown = _shown(flight, poses, _level(flight))
    return [pose for pose, outline in zip(poses, shown, strict=True) if outline is not None]


def _level(flight: Flight) -> Terrain:
    return FlatTerrain(flight.task.home.altitude_amsl_m)


def _shown(
    flight: Flight, poses: Sequence[Pose], terrain: Terrain
) -> tuple[BaseGeometry | None, ...]:
    """Ground in each of some photos, local metres; None where it is not known."""
    camera, frame = flight.task.drone.camera, flight.task.frame
    outlines = (footprint(camera, pose, terrain, frame) for pose in poses)
    return tuple(None if o is None else frame.to_local(o) for o in outlines)


def _together(outlines: Sequence[BaseGeometry | None]) -> BaseGeometry:
    known = [outline for outline in outlines if outline is not None]
    return shapely.union_all(shapely.make_valid(np.array(known, dtype=object)))


_ALWAYS: tuple[Callable[[Flight], Check], ...] = (
    _completed,
    _no_crash,
    _inside_fence,
    _below_ceiling,
    _clear_of_ground,
    _reserve,
    _at_home,
)
_WHEN_COMPLETED: tuple[Callable[[Flight], Check], ...] = (_photos, _coverage, _in_time)
