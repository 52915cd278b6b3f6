"""Where a simulated vehicle was at every instant of a flight, pure.

Of the built-in vehicle this is the truth, which it does not know itself; of another simulator it is
what the vehicle reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geo.frames import Array, LocalFrame
from geo.pose import Pose
from geo.track import Track
from simulations.autopilot import Autopilot
from simulations.vehicle import STEP_S

EVERY_STEPS = 5  # 0.1 s
COLUMNS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One flight from leaving the ground to the rotors' stop; every array (N, ...).

    Attributes:
        time_s: since leaving the ground.
        places_m: east and north of home, height above home, (N, 3).
        speed_m_s: along the ground.
        battery_share: left of what the battery holds; NaN where unknown.
        exposures: poses of the pictures.
    """

    time_s: Array
    places_m: Array
    speed_m_s: Array
    battery_share: Array
    exposures: tuple[Pose, ...]

    @property
    def flown(self) -> bool:
        """Whether there was a flight."""
        return len(self.time_s) > 1


@dataclass(slots=True)
class Tracer:
    """Notes where a built-in vehicle truly is, ten times a second."""

    autopilot: Autopilot
    _rows: list[tuple[float, ...]] = field(default_factory=list)

    def note(self) -> None:
        """Take one step of the vehicle's clock."""
        pilot = self.autopilot
        if pilot.is_flying and pilot.tick % EVERY_STEPS == 0:
            craft = pilot.craft
            speed = float(np.hypot(craft.velocity[0], craft.velocity[1]))
            now_s = pilot.tick * STEP_S
            self._rows.append((now_s, *pilot.true_place, speed, craft.battery.remaining_share))

    def trace(self) -> Trace:
        """Everything noted so far."""
        exposures = tuple(exposure.pose for exposure in self.autopilot.exposures)
        return trace_of(self._rows, exposures)


def trace_of(rows: Sequence[tuple[float, ...]], exposures: tuple[Pose, ...]) -> Trace:
    """Make a trace of rows of time, place, speed and battery."""
    table = np.array(rows, dtype=np.float64).reshape(-1, COLUMNS)
    time_s = table[:, 0] - table[0, 0] if len(table) else table[:, 0]
    return Trace(time_s, table[:, 1:4], table[:, 4], table[:, 5], exposures)


def reported_trace(track: Track, frame: LocalFrame, battery_share: float | None) -> Trace:
    """Make a trace of what a vehicle reported; of its battery only the end is known."""
    points = track.points
    lonlat = np.array([(p.position.lon_deg, p.position.lat_deg) for p in points]).reshape(-1, 2)
    xy = frame.xy_from_lonlat(lonlat) if len(points) else lonlat
    left = np.nan if battery_share is None else battery_share
    rows = [
        (p.time.timestamp(), float(x), float(y), p.height_home_m, p.ground_speed_m_s, left)
        for p, (x, y) in zip(points, xy, strict=True)
    ]
    exposures = tuple(Pose(e.position, e.attitude, source="reported") for e in track.camera_events)
    return trace_of(rows, exposures)
