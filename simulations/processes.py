"""EDGE: start and stop the program of a real autopilot in simulation: ArduCopter or PX4 (SIH).

The program runs in a temporary folder with parameters of its own, on a port of this machine that
is free, and is stopped by its own process id. ArduCopter's command line is the one of its SITL;
PX4's is taken from its documentation and was never run against a real PX4.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from flight.transports import TcpTransport, Transport, UdpTransport
from geo.errors import AerogridError
from geo.pose import GeoPoint
from simulations.vehicle import Wind

ARDUPILOT_PORT, PORTS_APART, INSTANCES = 5760, 10, 40
PX4_PORT = 14540
HOVER_A = 34.0  # what the simulated frame draws: 284 mAh in 30 s of a recording
START_S = 30.0  # until it listens
STOP_S = 5.0
RETRY_S = 0.05
LAST_LINES = 4
OUTPUT_FILE, DEFAULTS_FILE = "output.txt", "aerogrid.parm"


class AutopilotError(AerogridError):
    """The program of an autopilot is missing, or does not run as it should."""


@dataclass(frozen=True, slots=True)
class AutopilotProgram:
    """An autopilot's program.

    Attributes:
        kind: "ardupilot" or "px4".
    """

    kind: str
    path: Path


VARIABLES = {"ardupilot": "AEROGRID_ARDUCOPTER", "px4": "AEROGRID_PX4"}
OPTIONS = {"ardupilot": "--arducopter", "px4": "--px4"}
USUAL_NAMES = {"ardupilot": "arducopter", "px4": "px4"}


def find_program(
    kind: str, given: Path | None, environment: Mapping[str, str] = os.environ
) -> AutopilotProgram:
    """Find the program of an autopilot: as given, by its variable, or on the path.

    Raises:
        AutopilotError: it is not there or cannot be run.
    """
    named = given or environment.get(VARIABLES[kind]) or shutil.which(USUAL_NAMES[kind])
    if named is None:
        raise AutopilotError(
            f"No {USUAL_NAMES[kind]} was found. Give its path with {OPTIONS[kind]} or in "
            f"{VARIABLES[kind]}; no package registry ships one, it is built from the autopilot's "
            "source. `--backend builtin` needs none."
        )
    path = Path(named).absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise AutopilotError(
            f"{path}: is no program that can be run; check {OPTIONS[kind]} or {VARIABLES[kind]}."
        )
    return AutopilotProgram(kind, path)


class _Starter(Protocol):
    """How a kind of autopilot is started and reached."""

    def __call__(
        self, program: Path, folder: Path, instance: int, home: GeoPoint, wind: Wind, rate: float
    ) -> tuple[list[str], dict[str, str], Callable[[], Transport]]: ...


@contextmanager
def running_autopilot(
    program: AutopilotProgram, home: GeoPoint, wind: Wind, speed_up: float, lasts_s: float
) -> Iterator[Transport]:
    """Start an autopilot and connect to it.

    Args:
        program: what to start.
        home: where the vehicle stands.
        wind: that blows; PX4 has no gusts.
        speed_up: simulated over wall seconds.
        lasts_s: how long ArduCopter's battery is to hover, by its own reckoning.

    Raises:
        AutopilotError: it cannot be started, ends by itself, or does not listen in time.
    """
    starter, port = _KINDS[program.kind]
    with tempfile.TemporaryDirectory(prefix="aerogrid-") as name:
        folder = Path(name)
        instance = _free_instance(*port)
        if program.kind == "ardupilot":
            _write_defaults(folder / DEFAULTS_FILE, wind, lasts_s)
        arguments, environment, connect = starter(
            program.path, folder, instance, home, wind, speed_up
        )
        process = _start(arguments, environment, folder)
        try:
            transport = _connected(process, connect, program, folder)
            try:
                yield transport
            finally:
                transport.close()
        finally:
            _stop(process)


def _write_defaults(path: Path, wind: Wind, lasts_s: float) -> None:
    """The parameters of the boot: the shipped ones, the wind, and how much the battery holds."""
    shipped = (files("simulations") / "arducopter.parm").read_text(encoding="utf-8")
    own = {
        "SIM_WIND_SPD": wind.speed_m_s,
        "SIM_WIND_DIR": wind.from_deg,
        "SIM_WIND_TURB": wind.gust_m_s,
        "BATT_CAPACITY": round(HOVER_A * lasts_s / 3.6),
    }
    lines = [shipped.rstrip(), *(f"{key} {value:g}" for key, value in own.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ardupilot(
    program: Path, folder: Path, instance: int, home: GeoPoint, wind: Wind, rate: float
) -> tuple[list[str], dict[str, str], Callable[[], Transport]]:
    place = f"{home.lat_deg:.7f},{home.lon_deg:.7f},{home.altitude_amsl_m:.2f},0"
    arguments = [str(program), "--model", "+", "--home", place, "--speedup", f"{rate:g}"]
    arguments += ["--defaults", str(folder / DEFAULTS_FILE), "-I", str(instance)]
    port = ARDUPILOT_PORT + PORTS_APART * instance
    return arguments, {}, lambda: TcpTransport("127.0.0.1", port)


def _px4(
    program: Path, folder: Path, instance: int, home: GeoPoint, wind: Wind, rate: float
) -> tuple[list[str], dict[str, str], Callable[[], Transport]]:
    arguments = [str(program), "-d", "-i", str(instance), "-w", str(folder)]
    arguments.append(str(program.parent.parent / "etc"))
    environment = {
        "PX4_SIM_MODEL": "sihsim_quadx",
        "PX4_SIM_SPEED_FACTOR": f"{rate:g}",
        "PX4_HOME_LAT": f"{home.lat_deg:.7f}",
        "PX4_HOME_LON": f"{home.lon_deg:.7f}",
        "PX4_HOME_ALT": f"{home.altitude_amsl_m:.2f}",
        "PX4_PARAM_SIH_WIND_N": f"{wind.velocity[1]:.3f}",
        "PX4_PARAM_SIH_WIND_E": f"{wind.velocity[0]:.3f}",
    }
    udp = UdpTransport("127.0.0.1", PX4_PORT + instance, listen=True)
    return arguments, environment, lambda: udp


_KINDS: dict[str, tuple[_Starter, tuple[int, int, int]]] = {
    "ardupilot": (_ardupilot, (ARDUPILOT_PORT, PORTS_APART, socket.SOCK_STREAM)),
    "px4": (_px4, (PX4_PORT, 1, socket.SOCK_DGRAM)),
}


def _free_instance(first_port: int, apart: int, kind: int) -> int:
    """The first instance whose port nobody uses."""
    for instance in range(INSTANCES):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", first_port + apart * instance))
            except OSError:
                continue
            return instance
    raise AutopilotError(
        f"All of {INSTANCES} ports from {first_port} on are in use; stop other simulators."
    )


def _start(
    arguments: list[str], environment: dict[str, str], folder: Path
) -> "subprocess.Popen[bytes]":
    with (folder / OUTPUT_FILE).open("wb") as output:
        try:
            return subprocess.Popen(
                arguments,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the client
            )
        except OSError as error:
            raise AutopilotError(
                f"{arguments[0]}: cannot be started ({error.strerror}); is it built for this "
                "machine?"
            ) from error


def _connected(
    process: "subprocess.Popen[bytes]",
    connect: Callable[[], Transport],
    program: AutopilotProgram,
    folder: Path,
) -> Transport:
    """Wait until the program takes a connection."""
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        if process.poll() is not None:
            raise AutopilotError(
                f"{program.path}: ended while starting (exit code {process.returncode})"
                f"{_last_words(folder)}"
            )
        try:
            return connect()
        except OSError:
            time.sleep(RETRY_S)
    raise AutopilotError(
        f"{program.path}: did not listen within {START_S:g} s{_last_words(folder)}"
    )


def _last_words(folder: Path) -> str:
    text = (folder / OUTPUT_FILE).read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]
    return f"; it said: {' | '.join(lines)}" if lines else "; it said nothing"


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """See that the program is gone, by its own id."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)
