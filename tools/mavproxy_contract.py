"""Ask whether MAVProxy accepts the built-in vehicle: python tools/mavproxy_contract.py.

MAVProxy is GPL-3.0 and no dependency of aerogrid: it is installed by name into a virtual
environment of its own (build/mavproxy) and driven as a person does, by lines on its standard input.
Prints a line for each step; ends with 1 where one failed.
"""

import argparse
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from shapely import Polygon  # noqa: E402

from flight.protocol import FENCE, MISSION, RALLY, differences, home_item  # noqa: E402
from geo.frames import LocalFrame  # noqa: E402
from geo.pose import GeoPoint  # noqa: E402
from missions.mavlink_files import fence_items, rally_items  # noqa: E402
from missions.model import MissionItem  # noqa: E402
from missions.waypoints import read_rows, rows_text  # noqa: E402
from simulations.parameters import DEFAULTS  # noqa: E402
from simulations.sitl import running_vehicle  # noqa: E402

PACKAGE = "MAVProxy"
MODULES = "param,wp,fence,rally,mode,arm,cmdlong,misc,link"
SPEED_UP = 30.0
PATIENCE_S = 60.0
FETCHES = 50
SAVED_DEG = 1.1e-6  # the files that it saves have six decimals
HOME = GeoPoint(120.1276, 32.5098, 3.0)
HEIGHT_M = 20.0


class StepError(Exception):
    """A step whose answer did not come, or was another."""


@dataclass
class Station:
    """A running MAVProxy: what it is told and what it prints.

    Attributes:
        heard: lines that were looked at.
    """

    process: subprocess.Popen[str]
    lines: queue.Queue[str]
    heard: list[str] = field(default_factory=list)

    def tell(self, command: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def expect(self, pattern: str) -> re.Match[str]:
        """Wait for a line; what comes before it is passed over."""
        end_s = time.monotonic() + PATIENCE_S
        last = ""
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                last = self.lines.get(timeout=left_s)
            except queue.Empty:
                break
            self.heard.append(last)
            found = re.search(pattern, last)
            if found:
                return found
        raise StepError(f"no line with {pattern!r} within {PATIENCE_S:g} s; the last was {last!r}")


def point(x_m: float, y_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place by its metres east and north of home."""
    ((lon, lat),) = LocalFrame(HOME.lon_deg, HOME.lat_deg).lonlat_from_xy([[x_m, y_m]])
    return float(lon), float(lat)


def waypoint(x_m: float, y_m: float) -> MissionItem:
    """A place of the mission."""
    lon, lat = point(x_m, y_m)
    return MissionItem(16, 3, lon_deg=lon, lat_deg=lat, altitude_m=HEIGHT_M)


def lists() -> dict[str, tuple[int, tuple[MissionItem, ...]]]:
    """Mission type and items of what is uploaded, by MAVProxy's name of the command."""
    corners = [point(-80, -80), point(150, -80), point(150, 150), point(-80, 150)]
    mission = (
        home_item(HOME),
        MissionItem(22, 3, altitude_m=HEIGHT_M),
        MissionItem(178, 2, (1, 8, -1, 0)),
        waypoint(0, 80),
        MissionItem(206, 2, (20, 0, 1, 0)),
        waypoint(30, 80),
        MissionItem(206, 2),
        waypoint(30, 20),
        MissionItem(20, 2),
    )
    return {
        "wp": (MISSION, mission),
        "fence": (FENCE, fence_items(Polygon(corners))),
        "rally": (RALLY, rally_items([(*point(10, 10), 15.0), (*point(-10, 10), 25.0)])),
    }


def environment(folder: Path) -> Path:
    """MAVProxy's program, installed into an environment of its own where it is not there yet."""
    program = folder / "bin" / "mavproxy.py"
    if not program.exists():
        print(f"installing {PACKAGE} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", PACKAGE]
        subprocess.run(pip, check=True)
    version = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "show", PACKAGE],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    print(*version.stdout.splitlines()[:2], sep="\n", flush=True)
    return program


@contextmanager
def station(program: Path, connection: str, folder: Path) -> Iterator[Station]:
    """Start MAVProxy on a connection and end it by its process id."""
    process = subprocess.Popen(
        [
            *(str(program.parent / "python"), str(program), "--master", connection, "--mav20"),
            *("--default-modules", MODULES, "--state-basedir", str(folder), "--aircraft", "mav"),
        ],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line.rstrip()) for line in process.stdout])
    reader.start()
    try:
        yield Station(process, lines)
    finally:
        process.kill()
        process.wait()
        reader.join()


def connect(mavproxy: Station, folder: Path) -> None:
    """Find the vehicle and get all its parameters."""
    mavproxy.expect(r"online system 1")
    count = int(mavproxy.expect(r"Received (\d+) parameters")[1])
    if count != len(DEFAULTS):
        raise StepError(f"{count} parameters instead of {len(DEFAULTS)}")


def set_parameter(mavproxy: Station, folder: Path) -> None:
    """Set a parameter and fetch it until it is in force; MAVProxy sends the order when idle."""
    mavproxy.tell("param set WPNAV_SPEED 850")
    for _ in range(FETCHES):
        mavproxy.tell("param fetch WPNAV_SPEED")
        if float(mavproxy.expect(r"WPNAV_SPEED = ([\d.]+)")[1]) == 850:
            return
    raise StepError(f"WPNAV_SPEED is not 850 after {FETCHES} readings")


def transfer(name: str) -> Callable[[Station, Path], None]:
    """Load a list into the vehicle, list it, and compare what MAVProxy got back with it."""
    mission_type, items = lists()[name]

    def step(mavproxy: Station, folder: Path) -> None:
        (folder / f"{name}.txt").write_text(rows_text(items))
        mavproxy.tell(f"{name} load {name}.txt")
        mavproxy.expect(r"Got MISSION_ACK: TYPE_\w+: ACCEPTED")
        mavproxy.tell(f"{name} list")
        saved = mavproxy.expect(rf"Saved {len(items)} .* to (.+)$")[1]
        found = differences(items, read_rows(folder / saved), mission_type)
        wrong = [f for f in found if abs(f.sent - f.stored) > SAVED_DEG]
        if wrong:
            raise StepError("; ".join(f"{f.seq} {f.name} {f.sent!r} {f.stored!r}" for f in wrong))

    return step


def arm(mavproxy: Station, folder: Path) -> None:
    """Arm in GUIDED."""
    mavproxy.tell("mode GUIDED")
    mavproxy.expect(r"Mode GUIDED")
    mavproxy.tell("arm throttle")
    mavproxy.expect(r"^ARMED|> ARMED")


def take_off(mavproxy: Station, folder: Path) -> None:
    """Climb in GUIDED."""
    mavproxy.tell(f"takeoff {HEIGHT_M:g}")
    mavproxy.expect(r"NAV_TAKEOFF: ACCEPTED")
    mavproxy.expect(r"height 15")


def fly(mavproxy: Station, folder: Path) -> None:
    """Fly AUTO with a pause in LOITER, to the rotors' stop."""
    mavproxy.tell("mode AUTO")
    mavproxy.expect(r"waypoint 3")
    mavproxy.tell("mode LOITER")
    mavproxy.expect(r"Mode LOITER")
    mavproxy.tell("mode AUTO")
    mavproxy.expect(r"Mode AUTO")
    mavproxy.expect(r"DISARMED")
    told = "\n".join(mavproxy.heard)
    for words in ("Reached command #3", "Reached command #5", "Reached command #7", "8 RTL"):
        if words not in told:
            raise StepError(f"landed without {words!r}")


STEPS: dict[str, Callable[[Station, Path], None]] = {
    "connect and fetch all parameters": connect,
    "set a parameter": set_parameter,
    "mission up and down": transfer("wp"),
    "fence up and down": transfer("fence"),
    "rally points up and down": transfer("rally"),
    "arm": arm,
    "take off": take_off,
    "AUTO with a pause to its end": fly,
}


def main() -> int:
    """Run the steps in order; the first that fails ends it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--venv", type=Path, default=ROOT / "build" / "mavproxy")
    program = environment(parser.parse_args().venv)
    with (
        tempfile.TemporaryDirectory() as name,
        running_vehicle(HOME, speed_up=SPEED_UP) as vehicle,
        station(program, vehicle.connection, Path(name)) as mavproxy,
    ):
        for title, step in STEPS.items():
            try:
                step(mavproxy, Path(name))
            except StepError as error:
                print(f"FAIL  {title}: {error}")
                return 1
            print(f"pass  {title}", flush=True)
    print("MAVProxy accepts the built-in vehicle.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
