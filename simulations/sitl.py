"""EDGE: run the built-in vehicle in a process of its own, and fly with it."""

import multiprocessing
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from flight.fly import FlightResult, ProgressListener, fly_sortie
from geo.errors import AerogridError
from geo.pose import GeoPoint
from missions.drones import drone_named
from missions.model import Sortie
from simulations.airframe import Airframe, airframe_of
from simulations.drift import DriftSigma
from simulations.exposures import TrueExposure
from simulations.personas import ARDUPILOT, Persona
from simulations.scene import EPOCH, Scene
from simulations.server import serve
from simulations.vehicle import STILL, USUAL_WIND, Wind

START_S = 60.0
END_S = 10.0


class SimulationError(AerogridError):
    """The built-in vehicle could not be started, or ended by itself."""


@dataclass(slots=True)
class RunningVehicle:
    """A built-in vehicle in its own process.

    Attributes:
        connection: where a client reaches it.
        uid: what it answers in AUTOPILOT_VERSION, known to its starter alone.
        exposures: the true poses of its pictures; filled when it has ended.
    """

    connection: str
    uid: int
    process: BaseProcess
    exposures: tuple[TrueExposure, ...] = ()

    @property
    def pid(self) -> int:
        """Its process id."""
        if self.process.pid is None:
            raise SimulationError("The built-in vehicle has no process; start it again.")
        return self.process.pid


@contextmanager
def running_vehicle(
    home: GeoPoint,
    seed: int = 0,
    *,
    speed_up: float | None = None,
    wind: Wind | None = None,
    drift: DriftSigma | None = None,
    boot_s: float = 45.0,
    persona: Persona = ARDUPILOT,
    udp_port: int | None = None,
    system: int = 1,
    airframe: Airframe | None = None,
    epoch: datetime = EPOCH,
) -> Iterator[RunningVehicle]:
    """Start a vehicle that stands at home and listens on a free port of this machine.

    Args:
        home: where it stands, on the ground.
        seed: of gusts and drift.
        speed_up: simulated per wall seconds in flight; None for as fast as the client keeps up.
        wind: none by default.
        drift: of position, heading and gimbal; the usual ones by default.
        boot_s: its clock at the start; it has no position estimate before 42 s.
        persona: whose manners it has.
        udp_port: of this machine that it calls instead of listening, as `udpin:` waits for it.
        system: its MAVLink system id.
        airframe: what it weighs and resists; the usual one by default.
        epoch: UTC at which its clock is 0.
    """
    uid = secrets.randbits(62) + 1
    scene = Scene(
        home=home,
        seed=seed,
        airframe=airframe or Airframe(),
        epoch=epoch,
        wind=wind or STILL,
        drift=drift or DriftSigma(),
        boot_s=boot_s,
        uid=uid,
        persona=persona,
        system=system,
    )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(scene, speed_up, theirs, udp_port), daemon=True)
    process.start()
    theirs.close()
    try:
        port = _port(ours, process)
        connection = f"tcp:127.0.0.1:{port}" if udp_port is None else f"udpin:127.0.0.1:{port}"
        vehicle = RunningVehicle(connection, uid, process)
        yield vehicle
        vehicle.exposures = _stop(ours)
    finally:
        ours.close()
        _end(process)


def fly_simulated(
    sortie: Sortie,
    log_path: Path,
    seed: int = 0,
    on_progress: ProgressListener | None = None,
    *,
    wind: Wind | None = None,
    drift: DriftSigma | None = None,
    epoch: datetime = EPOCH,
) -> tuple[FlightResult, tuple[TrueExposure, ...]]:
    """Fly a sortie in the built-in vehicle: what it reported, and where the camera really was.

    The vehicle has the powers and the top speed of the drone that the sortie was planned for.
    There is a breeze (`USUAL_WIND`) unless another wind is given; `STILL` is none. Its clock is 0
    at `epoch`, UTC.
    """
    wind = wind or USUAL_WIND
    airframe = airframe_of(drone_named(sortie.drone_key))
    with running_vehicle(
        sortie.home, seed, wind=wind, drift=drift, airframe=airframe, epoch=epoch
    ) as vehicle:
        result = fly_sortie(
            sortie,
            vehicle.connection,
            log_path=log_path,
            on_progress=on_progress,
            simulated_uid=vehicle.uid,
        )
    return result, vehicle.exposures


def _port(pipe: Connection, process: BaseProcess) -> int:
    """Wait for the child to say where it listens."""
    try:
        if pipe.poll(START_S):
            return int(pipe.recv())
    except EOFError:
        process.join(END_S)
        raise SimulationError(
            f"The built-in vehicle ended while starting (exit code {process.exitcode})."
        ) from None
    raise SimulationError(f"The built-in vehicle did not start within {START_S:g} s.")


def _stop(pipe: Connection) -> tuple[TrueExposure, ...]:
    """Ask the child for the truth; nothing where it has died."""
    try:
        pipe.send("stop")
        if pipe.poll(END_S):
            truth: tuple[TrueExposure, ...] = pipe.recv()
            return truth
    except (EOFError, OSError):
        pass
    raise SimulationError("The built-in vehicle ended before it told its true exposures.")


def _end(process: BaseProcess) -> None:
    """See that the child is gone."""
    process.join(END_S / 10)
    if process.is_alive():
        process.terminate()
        process.join(END_S)
    if process.is_alive():
        process.kill()
        process.join(END_S)
    process.close()
