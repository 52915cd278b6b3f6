"""EDGE: start and stop the program of a real autopilot in simulation: ArduCopter or PX4 (SIH).

The program runs in a temporary folder with parameters of its own, on a port of this machine that
is free, and is stopped by its own process id. ArduCopter's command line is the one of its SITL;
PX4's is taken from its documentation and was never run against a real PX4.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from flight.transports import TcpTransport, Transport
from geo.pose import GeoPoint
from simulations.instances import (
    HOST,
    AutopilotError,
    FirstCaller,
    Instance,
    LiveLine,
    instance_taken,
)
from simulations.marks import Mark, new_mark
from simulations.vehicle import Wind

HOVER_A = 34.0  # what the simulated frame draws: 284 mAh in 30 s of a recording
START_S = 30.0  # until it listens
STOP_S = 5.0
RETRY_S = 0.05
LAST_LINES = 4
# Full wind from the height on at which wind is measured (WMO); as it comes, from 60 m on only, and
# a patrol at 30 m would be tried in 70 % of the wind asked for (SITL_State.cpp, SIM_WIND_T_ALT).
FULL_WIND_M = 10.0
OUTPUT_FILE, DEFAULTS_FILE = "output.txt", "aerogrid.parm"


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


@dataclass(frozen=True, slots=True)
class Started:
    """A program that takes a connection.

    Attributes:
        line: to whatever answered first.
        mark: by which the started vehicle is told from any other.
    """

    line: Transport
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Boot:
    """With what a vehicle is started."""

    program: Path
    folder: Path
    instance: Instance
    home: GeoPoint
    wind: Wind
    rate: float
    mark: Mark


class _Starter(Protocol):
    """How a kind of autopilot is started and reached."""

    def __call__(self, boot: _Boot) -> tuple[list[str], dict[str, str], Callable[[], Transport]]:
        """Arguments, environment, and how to connect."""
        ...


@contextmanager
def running_autopilot(
    program: AutopilotProgram, home: GeoPoint, wind: Wind, speed_up: float, lasts_s: float
) -> Iterator[Started]:
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
    mark = new_mark(program.kind)
    with (
        tempfile.TemporaryDirectory(prefix="aerogrid-") as name,
        instance_taken(program.kind) as instance,
    ):
        folder = Path(name)
        if program.kind == "ardupilot":
            _write_defaults(folder / DEFAULTS_FILE, wind, lasts_s, mark)
        arguments, environment, connect = _STARTERS[program.kind](
            _Boot(program.path, folder, instance, home, wind, speed_up, mark)
        )
        process = _start(arguments, environment, folder)
        try:
            line = _connected(process, connect, program, folder)
            try:
                yield Started(LiveLine(line, process, lambda: _last_words(folder)), mark)
            finally:
                line.close()
        finally:
            _stop(process)


def _write_defaults(path: Path, wind: Wind, lasts_s: float, mark: Mark) -> None:
    """The parameters of the boot: the shipped ones, the wind, and how much the battery holds."""
    shipped = (files("simulations") / "arducopter.parm").read_text(encoding="utf-8")
    own = {
        "SIM_WIND_SPD": wind.speed_m_s,
        "SIM_WIND_DIR": wind.from_deg,
        "SIM_WIND_TURB": wind.gust_m_s,
        "SIM_WIND_T_ALT": FULL_WIND_M,
        "BATT_CAPACITY": round(HOVER_A * lasts_s / 3.6),
        mark.name: mark.value,
    }
    lines = [shipped.rstrip(), *(f"{key} {value:.12g}" for key, value in own.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ardupilot(boot: _Boot) -> tuple[list[str], dict[str, str], Callable[[], Transport]]:
    home = boot.home
    place = f"{home.lat_deg:.7f},{home.lon_deg:.7f},{home.altitude_amsl_m:.2f},0"
    arguments = [str(boot.program), "--model", "+", "--home", place, "--speedup", f"{boot.rate:g}"]
    arguments += ["--defaults", str(boot.folder / DEFAULTS_FILE), "-I", str(boot.instance.number)]
    return arguments, {}, lambda: TcpTransport(HOST, boot.instance.port)


def _px4(boot: _Boot) -> tuple[list[str], dict[str, str], Callable[[], Transport]]:
    home, wind = boot.home, boot.wind
    arguments = [str(boot.program), "-d", "-i", str(boot.instance.number), "-w", str(boot.folder)]
    arguments.append(str(boot.program.parent.parent / "etc"))
    environment = {
        "PX4_SIM_MODEL": "sihsim_quadx",
        "PX4_SIM_SPEED_FACTOR": f"{boot.rate:g}",
        "PX4_HOME_LAT": f"{home.lat_deg:.7f}",
        "PX4_HOME_LON": f"{home.lon_deg:.7f}",
        "PX4_HOME_ALT": f"{home.altitude_amsl_m:.2f}",
        "PX4_PARAM_SIH_WIND_N": f"{wind.velocity[1]:.3f}",
        "PX4_PARAM_SIH_WIND_E": f"{wind.velocity[0]:.3f}",
        f"PX4_PARAM_{boot.mark.name}": str(boot.mark.value),
    }
    return arguments, environment, lambda: FirstCaller(boot.instance.held)


_STARTERS: dict[str, _Starter] = {"ardupilot": _ardupilot, "px4": _px4}


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
                start_new_session=True,  # Ctrl-C is for the client; it leads its own group
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
    """See that the program is gone by its own id, and with it what it started itself."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    _signal(process, signal.SIGKILL)  # a script that started the program may be gone before it
    process.wait(STOP_S)


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Signal the group of processes that a program leads; there may be none left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
