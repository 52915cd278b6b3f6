"""Planned time and energy against those of the built-in vehicle: ten missions, three winds.

Run it with `python benchmarks/flight_time.py [--missions N] [--recording FILE.tlog]`. The recording
is one of a real ArduCopter; its own mission is timed against it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from flight.log import read_messages, read_tlog
from flight.protocol import item_from_message
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.course import course_of
from missions.drones import drone_named
from missions.model import Sortie
from missions.settings import SurveySettings
from missions.survey import plan_survey
from simulations.sitl import fly_simulated
from simulations.vehicle import Wind

FRAME = LocalFrame(119.95, 31.70)
WINDS_M_S = (0.0, 5.0, 10.0)
WITHIN = 0.05
SQUARE = Polygon([(0, 0), (300, 0), (300, 300), (0, 300)])
POND = SQUARE.difference(Point(150, 150).buffer(60, quad_segs=4))
L_SHAPE = Polygon([(0, 0), (350, 0), (350, 120), (130, 120), (130, 380), (0, 380)])
U_SHAPE = Polygon(
    [(0, 0), (300, 0), (300, 300), (210, 300), (210, 90), (90, 90), (90, 300), (0, 300)]
)
STRIP = Polygon([(0, 0), (700, 180), (700, 260), (0, 90)])
TRIANGLE = Polygon([(0, 0), (420, 60), (160, 390)])
STAR = Polygon(
    [
        (200 + r * np.cos(a), 200 + r * np.sin(a))
        for a, r in zip(np.arange(10) * np.pi / 5, [210, 110] * 5, strict=True)
    ]
)
MISSIONS: tuple[tuple[str, BaseGeometry, str, dict[str, float]], ...] = (
    ("square", SQUARE, "sim-quad", {}),
    ("pond", POND, "sim-quad", {"height_agl_m": 60.0}),
    ("L", L_SHAPE, "sim-quad", {"row_heading_deg": 20.0}),
    ("strip", STRIP, "dji-m3e", {"height_agl_m": 70.0}),
    ("square low", SQUARE, "dji-m3e", {"height_agl_m": 50.0}),
    ("triangle", TRIANGLE, "dji-m3e", {}),
    ("U", U_SHAPE, "ardupilot-hexa-a6100", {}),
    ("star", STAR, "ardupilot-hexa-a6100", {"height_agl_m": 110.0}),
    ("triangle high", TRIANGLE, "ardupilot-hexa-rx1r2", {"height_agl_m": 115.0}),
    ("L mini", L_SHAPE, "dji-mini4pro", {"height_agl_m": 90.0}),
)


@dataclass(frozen=True, slots=True)
class Flown:
    """One flight against its plan."""

    name: str
    sortie: Sortie
    wind_m_s: float
    flown_s: float
    used_wh: float | None

    @property
    def error_share(self) -> float:
        """Planned time over flown time, less one."""
        return self.sortie.duration_s / self.flown_s - 1


def flights(missions: int, winds_m_s: tuple[float, ...] = WINDS_M_S) -> Iterator[Flown]:
    """Plan missions for each wind and fly them in the built-in vehicle."""
    for number, (name, shape, key, wanted) in enumerate(MISSIONS[:missions]):
        for wind_m_s in winds_m_s:
            drone = drone_named(key)
            wind_m_s = min(wind_m_s, drone.wind_limit_m_s)
            settings = SurveySettings(wind_m_s=wind_m_s, **wanted)  # type: ignore[arg-type]
            area = FRAME.to_lonlat(shape)
            assert isinstance(area, Polygon)
            sortie = plan_survey(area, drone, settings, code=name)[0]
            yield _fly(name, sortie, Wind(wind_m_s, from_deg=(40.0 * number + 25.0) % 360))


def _fly(name: str, sortie: Sortie, wind: Wind) -> Flown:
    with tempfile.TemporaryDirectory() as folder:
        result, _ = fly_simulated(sortie, Path(folder) / "flight.tlog", seed=1, wind=wind)
    if not result.completed:
        raise SystemExit(f"{name} in {wind.speed_m_s:g} m/s of wind: {result.problem}")
    left = result.battery_share
    used_wh = None if left is None else (1 - left) * drone_named(sortie.drone_key).battery_wh
    return Flown(name, sortie, wind.speed_m_s, result.duration_s, used_wh)


def recorded(path: Path) -> tuple[float, float]:
    """Modelled and recorded seconds of the mission that was uploaded in a recording."""
    sent = {
        message.seq: item_from_message(message)
        for message in read_messages(path)
        if message.get_type() == "MISSION_ITEM_INT"
        and message.get_srcSystem() == 255
        and not message.mission_type
    }
    items = [sent[seq] for seq in sorted(sent)]
    home = GeoPoint(items[0].lon_deg, items[0].lat_deg, items[0].altitude_m)
    modelled = course_of(home, items[1:], drone_named("sim-quad")).total_s
    return modelled, read_tlog(path).duration_s


def main() -> None:
    """Print the table; exit code 1 where a time is off by more than allowed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--missions", type=int, default=len(MISSIONS))
    options.add_argument("--recording", type=Path)
    given = options.parse_args()
    errors = []
    print(
        "| mission | drone | wind m/s | speed m/s | planned s | flown s | error % | Wh | used Wh |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for flown in flights(given.missions):
        errors.append(flown.error_share)
        sortie = flown.sortie
        own = sortie.drone_key == "sim-quad" and flown.used_wh is not None
        used = f"{flown.used_wh:.1f}" if own else "-"  # the built-in vehicle has one airframe
        print(
            f"| {flown.name} | {sortie.drone_key} | {flown.wind_m_s:g} | {sortie.speed_m_s:g} "
            f"| {sortie.duration_s:.0f} | {flown.flown_s:.0f} | {100 * flown.error_share:+.1f} "
            f"| {sortie.energy_wh:.1f} | {used} |",
            flush=True,
        )
    if given.recording:
        modelled, real = recorded(given.recording)
        errors.append(modelled / real - 1)
        print(
            f"recording: {modelled:.1f} s modelled, {real:.1f} s flown, {100 * errors[-1]:+.1f} %"
        )
    worst = max(np.abs(errors))
    print(f"worst {100 * worst:.1f} %, median {100 * np.median(np.abs(errors)):.1f} %")
    sys.exit(int(worst > WITHIN))


if __name__ == "__main__":
    main()
