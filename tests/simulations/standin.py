"""A program with the command line of a real autopilot, in which the built-in vehicle flies.

Started by the tests in the place of `arducopter` or `px4`; what the real ones need before they are
of use (a camera that is set up before the boot, 42 s until there is a position) it needs too.
"""

import argparse
import os
import socket
import sys
from pathlib import Path

from geo.pose import GeoPoint
from simulations.autopilot import Autopilot
from simulations.lines import TcpLine, UdpLine
from simulations.parameters import DEFAULTS
from simulations.personas import ARDUPILOT, PX4
from simulations.scene import Scene
from simulations.server import Server

BARE = {"CAM1_TYPE": 0, "SERVO9_FUNCTION": 0, "AUTO_OPTIONS": 0, "FS_GCS_ENABLE": 0}
LASTS_S = 60.0  # by the vehicle's own end, should a test not stop it


def arducopter(arguments):
    """Run as ArduCopter's SITL does."""
    parser = argparse.ArgumentParser()
    for name in ("--model", "--home", "--defaults"):
        parser.add_argument(name, required=True)
    parser.add_argument("--speedup", type=float, required=True)
    parser.add_argument("-I", type=int, default=0)
    given = parser.parse_args(arguments)
    lat, lon, alt, _ = map(float, given.home.split(","))
    lines = Path(given.defaults).read_text().splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    asked = {name: float(value) for name, value in pairs}
    known = BARE | {name: value for name, value in asked.items() if name in DEFAULTS}
    scene = Scene(GeoPoint(lon, lat, alt), boot_s=0.0, parameters={**known, **BATTERY})
    port = 5760 + 10 * given.I
    print(f"Waiting for connection on port {port}", flush=True)
    with socket.create_server(("127.0.0.1", port)) as listener:
        run(scene, TcpLine(listener), given.speedup, ARDUPILOT)


# A steady battery, as in the recordings; and three times the patience, as test machines are busy.
BATTERY = {"SIM_BATT_VOLTAGE": 12.6, "FS_GCS_TIMEOUT": 15.0}


def px4(arguments):
    """Run as PX4 does, which is told by its environment."""
    number = int(arguments[arguments.index("-i") + 1])
    lon, lat, alt = (float(os.environ[f"PX4_HOME_{axis}"]) for axis in ("LON", "LAT", "ALT"))
    mark = {"BATT_SERIAL_NUM": float(os.environ["PX4_PARAM_COM_FLIGHT_UUID"])}
    scene = Scene(GeoPoint(lon, lat, alt), boot_s=0.0, persona=PX4, parameters=mark)
    rate = float(os.environ["PX4_SIM_SPEED_FACTOR"])
    run(scene, UdpLine("127.0.0.1", 14540 + number), rate, PX4)


class ByItsClock(Server):
    """A server that waits for nobody, as ArduPilot does."""

    def _is_lockstepped(self):
        return False

    def _is_waited_for(self):
        return False


def run(scene, line, rate, persona):
    """Serve at a rate, on the ground as in the air, without waiting for anybody."""
    autopilot = Autopilot(scene)
    kind = ByItsClock if os.environ.get("STRICT") else Server
    server = kind(autopilot, line, speed_up=rate, ground_speed_up=rate)
    while autopilot.now_s < 60 * LASTS_S:
        server.turn()


if __name__ == "__main__":
    {"arducopter": arducopter, "px4": px4}[sys.argv[1]](sys.argv[2:])
