"""EDGE: run the built-in vehicle as a MAVLink server in a process of its own, and fly with it.

The vehicle flies as fast as its client keeps up: once a second of its clock it sends TIMESYNC, and
it never runs more than `WINDOW_S` ahead of the last one that was answered. A client that does not
answer gets a fixed speed-up. On the ground the clock runs with the wall's.

A ground station's silence (FS_GCS_ENABLE) is measured by the wall's clock while it is connected,
because its heartbeats come by that clock; from when it has gone, by the vehicle's.
"""

import multiprocessing
import os
import secrets
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.fly import FlightResult, ProgressListener, fly_sortie
from flight.protocol import Message
from geo.errors import AerogridError
from geo.pose import GeoPoint
from missions.model import Sortie
from simulations.autopilot import STEPS_PER_S, Autopilot
from simulations.commands import receive
from simulations.drift import DriftSigma
from simulations.exposures import TrueExposure
from simulations.scene import Scene
from simulations.vehicle import STILL, USUAL_WIND, Wind

WINDOW_S = 10.0
UNANSWERED_SPEED_UP = 50.0
CLIENT_STALLS_S = 10.0  # a client that reads nothing for so long is dropped
LOCKSTEP_FORGOTTEN_S = 3.0
STALLED_S = 30.0  # a lockstepped client that is connected may pause so long on a busy machine
BATCH_STEPS = 200  # larger batches cost fewer system calls, which take most of the time
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
) -> Iterator[RunningVehicle]:
    """Start a vehicle that stands at home and listens on a free port of this machine.

    Args:
        home: where it stands, on the ground.
        seed: of gusts and drift.
        speed_up: simulated per wall seconds in flight; None for as fast as the client keeps up.
        wind: none by default.
        drift: of position, heading and gimbal; the usual ones by default.
        boot_s: its clock at the start; it has no position estimate before 42 s.
    """
    uid = secrets.randbits(62) + 1
    scene = Scene(
        home=home,
        seed=seed,
        wind=wind or STILL,
        drift=drift or DriftSigma(),
        boot_s=boot_s,
        uid=uid,
    )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(scene, speed_up, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        vehicle = RunningVehicle(f"tcp:127.0.0.1:{_port(ours, process)}", uid, process)
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
) -> tuple[FlightResult, tuple[TrueExposure, ...]]:
    """Fly a sortie in the built-in vehicle: what it reported, and where the camera really was.

    There is a breeze (`USUAL_WIND`) unless another wind is given; `STILL` is none.
    """
    with running_vehicle(sortie.home, seed, wind=wind or USUAL_WIND, drift=drift) as vehicle:
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


def serve(scene: Scene, speed_up: float | None, pipe: Connection) -> None:
    """Run a vehicle until its starter says stop or is gone; the body of the child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client, which orders a return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(Autopilot(scene), listener, speed_up)
        pipe.send(listener.getsockname()[1])
        parent = os.getppid()
        while os.getppid() == parent:
            if pipe.poll():
                break
            server.turn()
        server.close()
        try:
            pipe.recv()
            pipe.send(tuple(server.autopilot.exposures))
        except (EOFError, OSError):
            return


@dataclass(slots=True)
class Server:
    """One vehicle, one listening port, one client at a time."""

    autopilot: Autopilot
    listener: socket.socket
    speed_up: float | None = None
    _client: socket.socket | None = None
    _mav: Message = None
    _answered_tick: int = 0
    _answered_s: float = -1e9
    _heard_s: float = -1e9
    _steps_with: bool = False
    _clock_s: float = field(default_factory=time.monotonic)
    _owed_steps: float = 0.0

    def turn(self) -> None:
        """Read what came, let some time pass, send what there is."""
        sockets = [self.listener, *([self._client] if self._client else [])]
        ready, _, _ = select.select(sockets, [], [], self._idle_s())
        if self.listener in ready:
            self._accept()
        elif ready:
            self._read()
        self._advance(self._allowed_steps())

    def close(self) -> None:
        """Let the client go."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _idle_s(self) -> float:
        """How long to wait for a message: not at all while there is flying to do."""
        if not self.autopilot.is_flying:
            return 0.01
        return 0.0 if self._headroom() > 0 else 0.005

    def _is_lockstepped(self) -> bool:
        return time.monotonic() - self._answered_s < LOCKSTEP_FORGOTTEN_S

    def _headroom(self) -> int:
        """Steps until the client has to answer."""
        ahead = self.autopilot.tick - self._answered_tick
        return max(0, round(WINDOW_S * STEPS_PER_S) - ahead)

    def _allowed_steps(self) -> int:
        """Steps to take now, by the wall's clock and by the client's answers."""
        now_s = time.monotonic()
        passed_s, self._clock_s = now_s - self._clock_s, now_s
        flying, lockstep = self.autopilot.is_flying, self._is_lockstepped()
        if flying and lockstep and self.speed_up is None:
            self._owed_steps = 0.0
            return min(BATCH_STEPS, self._headroom())
        rate = (self.speed_up or UNANSWERED_SPEED_UP) if flying else 1.0
        self._owed_steps = min(self._owed_steps + passed_s * rate * STEPS_PER_S, BATCH_STEPS)
        steps = int(self._owed_steps)
        self._owed_steps -= steps
        return min(steps, self._headroom()) if flying and lockstep else steps

    def _advance(self, steps: int) -> None:
        """Let steps pass; a beginning or ended flight ends the batch."""
        messages: list[Message] = []
        flying = self.autopilot.is_flying
        self._keep_alive()
        for _ in range(steps):
            messages += self.autopilot.step()
            if self.autopilot.is_flying != flying:
                break
        self._send(messages)

    def _keep_alive(self) -> None:
        """Let a ground station count as heard while it is connected and not silent for long."""
        watch = self.autopilot.watches.ground_station
        patience_s = STALLED_S if self._steps_with else self.autopilot.parameters["FS_GCS_TIMEOUT"]
        present = self._client is not None and time.monotonic() - self._heard_s < patience_s
        if present and watch.heard_s is not None:
            watch.heard_s = self.autopilot.now_s

    def _accept(self) -> None:
        """Take a client; a second one is sent away, as ArduPilot does on a TCP port."""
        client, _ = self.listener.accept()
        if self._client is not None:
            client.close()
            return
        client.settimeout(CLIENT_STALLS_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client, self._mav = client, mavlink.MAVLink(None, 1, 1)
        self._mav.robust_parsing = True
        self._answered_s, self._steps_with = -1e9, False
        self._send([self.autopilot.heartbeat(), *self.autopilot.telemetry([49, 242])])

    def _read(self) -> None:
        data = b""
        with suppress(OSError):
            data = self._client.recv(65536) if self._client else b""
        if not data:
            self.close()
            return
        for message in self._mav.parse_buffer(data) or []:
            if message.get_type() == "BAD_DATA":
                continue
            self._note_answer(message)
            before = self.autopilot.is_flying
            self._send(receive(self.autopilot, message))
            if self.autopilot.is_flying and not before and self._is_lockstepped():
                self._answered_tick = self.autopilot.tick  # the clock was set to the flight's start

    def _note_answer(self, message: Message) -> None:
        if message.get_type() in ("HEARTBEAT", "TIMESYNC"):
            self._heard_s = time.monotonic()
        if message.get_type() == "TIMESYNC" and message.tc1 != 0:
            self._answered_tick = max(self._answered_tick, message.ts1 // 20_000_000)
            self._answered_s, self._steps_with = time.monotonic(), True

    def _send(self, messages: list[Message]) -> None:
        if self._client is None or not messages:
            return
        frames = []
        for message in messages:
            frames.append(bytes(message.pack(self._mav)))
            self._mav.seq = (self._mav.seq + 1) % 256
        try:
            self._client.sendall(b"".join(frames))
        except OSError:
            self.close()
