"""EDGE: the built-in vehicle as a MAVLink server.

The vehicle flies as fast as its client keeps up: once a second of its clock it sends TIMESYNC, and
it never runs more than `WINDOW_S` ahead of the last one that was answered. A client that does not
answer gets a fixed speed-up. On the ground the clock runs with the wall's.

A ground station's silence (FS_GCS_ENABLE) is measured by the wall's clock while it is connected,
because its heartbeats come by that clock; from when it has gone, by the vehicle's.
"""

import os
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from simulations.autopilot import STEPS_PER_S, Autopilot
from simulations.commands import receive
from simulations.lines import TcpLine, UdpLine, VehicleLine
from simulations.scene import Scene

WINDOW_S = 10.0
UNANSWERED_SPEED_UP = 50.0
LOCKSTEP_FORGOTTEN_S = 3.0
STALLED_S = 30.0  # a lockstepped client that is connected may pause so long on a busy machine
BATCH_STEPS = 200  # larger batches cost fewer system calls, which take most of the time
FRAMES_AT_ONCE = 100  # so that a packet stays well below the 64 KiB of UDP


def serve(
    scene: Scene, speed_up: float | None, pipe: Connection, udp_port: int | None = None
) -> None:
    """Run a vehicle until its starter says stop or is gone; the body of the child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client, which orders a return
    with ExitStack() as stack:
        line: VehicleLine
        if udp_port is None:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            line, port = TcpLine(listener), listener.getsockname()[1]
        else:
            line, port = UdpLine("127.0.0.1", udp_port), udp_port
        server = Server(Autopilot(scene), line, speed_up)
        pipe.send(port)
        parent = os.getppid()
        while os.getppid() == parent and not pipe.poll():
            server.turn()
        line.close()
        try:
            pipe.recv()
            pipe.send(tuple(server.autopilot.exposures))
        except (EOFError, OSError):
            return


@dataclass(slots=True)
class Server:
    """One vehicle at one end of a line.

    Attributes:
        speed_up: simulated per wall seconds in flight; None for as fast as the client keeps up.
        ground_speed_up: the same on the ground.
    """

    autopilot: Autopilot
    line: VehicleLine
    speed_up: float | None = None
    ground_speed_up: float = 1.0
    _mav: Message = field(init=False)
    _answered_tick: int = 0
    _answered_s: float = -1e9
    _heard_s: float = -1e9
    _steps_with: bool = False
    _clock_s: float = field(default_factory=time.monotonic)
    _owed_steps: float = 0.0

    def __post_init__(self) -> None:
        """Be ready to read."""
        self._begin_talk()

    def _begin_talk(self) -> None:
        system = self.autopilot.scene.system
        self._mav = mavlink.MAVLink(None, system, 1)
        self._mav.robust_parsing = True
        self._answered_s, self._steps_with = -1e9, False

    def turn(self) -> None:
        """Read what came, let some time pass, send what there is."""
        data, fresh = self.line.poll(self._idle_s())
        if fresh:
            self._begin_talk()
            self._send([self.autopilot.heartbeat(), *self.autopilot.telemetry([49, 242])])
        if data:
            self._take(data)
        self._advance(self._allowed_steps())

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
        rate = (self.speed_up or UNANSWERED_SPEED_UP) if flying else self.ground_speed_up
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
        present = self.line.present and time.monotonic() - self._heard_s < patience_s
        if present and watch.heard_s is not None:
            watch.heard_s = self.autopilot.now_s

    def _take(self, data: bytes) -> None:
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
        if not messages or not self.line.present:
            return
        frames = []
        for message in messages:
            frames.append(bytes(message.pack(self._mav)))
            self._mav.seq = (self._mav.seq + 1) % 256
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            self.line.send(b"".join(frames[first : first + FRAMES_AT_ONCE]))
