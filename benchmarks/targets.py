"""EDGE: which readers `benchmarks.fuzz` tries, with valid files to spoil and what makes sense."""

import importlib.util
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import Point, Polygon

from benchmarks import edges
from benchmarks import mutations as m
from flight.log import FlightLog, read_tlog
from flight.protocol import home_item
from geo.formats import read_grid
from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.drones import drone_named
from missions.litchi import write_litchi
from missions.mavlink_files import read_fence, read_rally, write_fence, write_rally
from missions.mission_json import write_sortie
from missions.model import MissionFile, Sortie
from missions.open_file import read_mission
from missions.qgc_plan import write_plan
from missions.survey import plan_survey
from missions.waypoints import write_waypoints
from missions.wpml import write_wpml
from simulations.autopilot import Autopilot, Scene

DATA = Path(os.environ.get("AEROGRID_DATA", Path(__file__).parents[2] / "shared"))
BIN = DATA / "sitl" / "copter_survey_compact.BIN"
FORMAT, FORMAT_BYTES = 128, 89  # the record that describes the others
BIN_WHOLE = frozenset({"FMT", "MODE", "EV", "ARM", "MSG", "MISE", "CAM"})
BIN_THINNED = 15  # of the other records, one in so many
FRAME = LocalFrame(119.95, 31.70)
FIELD = Polygon([(0, 0), (150, 0), (150, 150), (0, 150)])
TOLD = (1, 2, 24, 30, 33, 42, 147, 162, 193, 242, 245)  # message numbers, as a recording has them
FLIGHT_S = 40


@dataclass(frozen=True, slots=True)
class Target:
    """A reader.

    Attributes:
        seeds: contents of valid files.
        complaint: what is wrong with the value that was read; empty where it makes sense.
    """

    suffix: str
    read: Callable[[Path], Any]
    seeds: Callable[[], Sequence[bytes]]
    complaint: Callable[[Any], str]
    mutators: tuple[m.Mutator, ...]


def _written(suffix: str, *writers: Callable[[Path, Sortie], Any]) -> Callable[[], list[bytes]]:
    """Contents of the files that writers make of two sorties."""

    def seeds() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"valid{suffix}"
            contents = []
            for write in writers:
                for sortie in _sorties():
                    write(path, sortie)
                    contents.append(path.read_bytes())
            return contents

    return seeds


def _sorties() -> list[Sortie]:
    drone = drone_named("dji-m3e")
    with_pond = FIELD.difference(Point(75, 75).buffer(30, quad_segs=2))
    shapes = (FIELD, with_pond)
    return [plan_survey(FRAME.to_lonlat(shape), drone, code="C-1")[0] for shape in shapes]


def _wpml(path: Path, sortie: Sortie) -> None:
    write_wpml(path, sortie, drone_named("dji-m3e"))


def _fence(path: Path, sortie: Sortie) -> None:
    write_fence(path, sortie.fence)


def _rally(path: Path, sortie: Sortie) -> None:
    home = sortie.home
    write_rally(path, [(home.lon_deg, home.lat_deg, 30.0), (home.lon_deg, home.lat_deg, 40.0)])


def _recordings() -> list[bytes]:
    """A short flight of the built-in vehicle as it would be recorded, and one cut at its ends."""
    autopilot, mav = Autopilot(Scene(GeoPoint(119.95, 31.70, 4.0))), mavlink.MAVLink(None, 1, 1)
    autopilot.streams |= dict.fromkeys(TOLD, 50)
    autopilot.stores.lists[0] = [home_item(autopilot.home), *_sorties()[0].items]
    autopilot.set_mode(4)
    autopilot.arm()
    autopilot.start_mission()
    messages = [autopilot.heartbeat()]
    for _ in range(FLIGHT_S * 50):
        messages += autopilot.step()
    frames = []
    for number, message in enumerate(messages):
        stamp = m.STAMP.pack(1_770_000_000_000_000 + 20_000 * number)
        frames.append(stamp + bytes(message.pack(mav, force_mavlink1=number % 10 == 0)))
    return [b"".join(frames), b"".join(frames[::3])]


def _bin_recording() -> list[bytes]:
    """The formats of the recorded log, its events, and some of its other records."""
    data, position, number = BIN.read_bytes(), 0, 0
    layouts, kept = {FORMAT: ("FMT", FORMAT_BYTES)}, []
    while position + 3 <= len(data):
        name, length = layouts[data[position + 2]]
        record = data[position : position + length]
        if name == "FMT":
            layouts[record[3]] = (record[5:9].rstrip(b"\0").decode(), record[4])
        if name in BIN_WHOLE or number % BIN_THINNED == 0:
            kept.append(record)
        position, number = position + length, number + 1
    return [b"".join(kept)]


def _of_mission(found: MissionFile) -> str:
    numbers = [v for i in found.items for v in (*i.parameters, i.lon_deg, i.lat_deg, i.altitude_m)]
    if not all(math.isfinite(value) for value in numbers):
        return "an item that is not finite"
    if any(abs(i.lat_deg) > 90 or abs(i.lon_deg) > 180 for i in found.items):
        return "an item that is not on earth"
    return _of_fence(found.fence) if found.fence is not None else ""


def _of_fence(fence: Polygon) -> str:
    if fence.is_empty:
        return "an empty fence"
    west, south, east, north = fence.bounds
    on_earth = west >= -180 and east <= 180 and south >= -90 and north <= 90
    return "" if on_earth else "a fence that is not on earth"


def _of_rally(places: Sequence[tuple[float, float, float]]) -> str:
    sound = all(abs(lon) <= 180 and abs(lat) <= 90 and math.isfinite(h) for lon, lat, h in places)
    return "" if sound else "a place that is not on earth"


def _of_log(log: FlightLog) -> str:
    points = log.track.points
    if not all(math.isfinite(p.height_home_m) and 0 <= p.heading_deg < 360 for p in points):
        return "a track with a height or heading that cannot be"
    if any(not math.isfinite(e.height_home_m) for e in log.track.camera_events):
        return "a camera event without a height"
    times = [p.time for p in points]
    if times != sorted(times):
        return "a track that runs backwards in time"
    return "" if log.duration_s >= 0 else f"a flight of {log.duration_s:g} s"


_TEXT = (m.damaged, m.renumbered, m.nested)
_JSON = (m.damaged, m.renumbered, m.nested, m.restructured, m.restructured)
_ZIP = m.repacked(
    {"damaged": m.damaged, "renumbered": m.renumbered, "nested": m.nested}
    | {"entangled": m.entangled}
)
_FRAMES = (m.damaged, m.reannounced, m.reframed, m.reframed)
_DATAFLASH = (m.damaged, m.reannounced, m.overwritten, m.overwritten)

TARGETS: dict[str, Target] = {
    "tlog": Target(".tlog", read_tlog, _recordings, _of_log, _FRAMES),
    "plan": Target(".plan", read_mission, _written(".plan", write_plan), _of_mission, _JSON),
    "waypoints": Target(
        ".waypoints", read_mission, _written(".waypoints", write_waypoints), _of_mission, _TEXT
    ),
    "kmz": Target(
        ".kmz",
        read_mission,
        _written(".kmz", _wpml),
        _of_mission,
        (_ZIP, _ZIP, m.damaged, m.reclaimed),
    ),
    "litchi": Target(".csv", read_mission, _written(".csv", write_litchi), _of_mission, _TEXT),
    "mission.json": Target(
        ".mission.json", read_mission, _written(".json", write_sortie), _of_mission, _JSON
    ),
    "fence": Target(".fence", read_fence, _written(".fence", _fence), _of_fence, _TEXT),
    "rally": Target(".rally", read_rally, _written(".rally", _rally), _of_rally, _TEXT),
    "geojson": Target(".geojson", read_grid, edges.geojson, edges.of_grid, _JSON),
    "kml": Target(".kml", edges.read_kml, edges.kml, edges.of_grid, (*_TEXT, m.entangled)),
    "photo": Target(".jpg", edges.read_photo, edges.photos, edges.of_photo, (m.damaged,)),
}
if importlib.util.find_spec("flight.bin_log") is not None and BIN.exists():
    read_bin = importlib.import_module("flight.bin_log").read_bin
    TARGETS["bin"] = Target(".BIN", read_bin, _bin_recording, _of_log, _DATAFLASH)
