"""EDGE: the built-in vehicle as a MAVLink server.

The vehicle flies as fast as its client keeps up: once a second of its clock it sends TIMESYNC, and
it never runs more than `WINDOW_S` ahead of the last one that was answered. A client that does not
answer gets a fixed speed-up. On the ground the clock runs with the wall's.

A ground station's silence (FS_GCS_ENABLE) is measured by the vehicle's clock alone, as ArduPilot
does. So that neither a speed-up nor a busy machine makes a silence of what is none, a ground
station that is connected and whose silence would count is waited for before it would: the clock
stands until its next heartbeat, or until it has said nothing for some seconds of the wall's.
"""

import os
import signal
import socket
import time
from collections.abc import Callable
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
STALLED_S = 30.0  # a client that answered may pause so long on a busy machine, by the wall's clock
QUIET_S = 5.0  # one that never answered, whose heartbeats come once a second by the wall's clock
WAIT_SHARE = 0.6  # of FS_GCS_TIMEOUT, after which a heartbeat is waited for
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
        clock: of the wall, seconds.
    """

    autopilot: Autopilot
    line: VehicleLine
    speed_up: float | None = None
    ground_speed_up: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _mav: Message = field(init=False)
    _answered_tick: int = 0
    _answered_s: float = -1e9
    _heard_s: float = -1e9
    _steps_with: bool = False
    _clock_s: float = field(init=False)
    _owed_steps: float = 0.0

    def __post_init__(self) -> None:
        """Be ready to read."""
        self._clock_s = self.clock()
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
        return 0.0 if self._is_lockstepped() and self._headroom() > 0 else 0.005

    def _is_lockstepped(self) -> bool:
        return self.line.present and self.clock() - self._answered_s < STALLED_S

    def _is_waited_for(self) -> bool:
        """Whether silence of the ground station would count, and it is there as far as is known."""
        watch, get = self.autopilot.watches.ground_station, self.autopilot.parameters
        counts = get["FS_GCS_ENABLE"] and watch.heard_s is not None and not watch.active
        if not counts or not self.line.present:
            return False
        patience_s = STALLED_S if self._steps_with else QUIET_S
        return self.clock() - self._heard_s < patience_s

    def _headroom(self) -> int:
        """Steps until the client has to answer or to be heard."""
        autopilot = self.autopilot
        ends = [autopilot.tick + BATCH_STEPS]
        if self._is_lockstepped():
            ends.append(self._answered_tick + round(WINDOW_S * STEPS_PER_S))
        if self._is_waited_for():
            ahead_s = WAIT_SHARE * autopilot.parameters["FS_GCS_TIMEOUT"]
            heard_s = autopilot.watches.ground_station.heard_s or 0.0
            ends.append(round((heard_s + ahead_s) * STEPS_PER_S))
        return max(0, min(ends) - autopilot.tick)

    def _allowed_steps(self) -> int:
        """Steps to take now, by the wall's clock and by the client's answers."""
        now_s = self.clock()
        passed_s, self._clock_s = now_s - self._clock_s, now_s
        flying = self.autopilot.is_flying
        if flying and self.speed_up is None and self._is_lockstepped():
            self._owed_steps = 0.0
            return self._headroom()
        rate = (self.speed_up or UNANSWERED_SPEED_UP) if flying else self.ground_speed_up
        self._owed_steps = min(self._owed_steps + passed_s * rate * STEPS_PER_S, BATCH_STEPS)
        steps = int(self._owed_steps)
        self._owed_steps -= steps
        return min(steps, self._headroom()) if flying else steps

    def _advance(self, steps: int) -> None:
        """Let steps pass; a beginning or ended flight ends the batch."""
        messages: list[Message] = []
        flying = self.autopilot.is_flying
        for _ in range(steps):
            messages += self.autopilot.step()
            if self.autopilot.is_flying != flying:
                break
        self._send(messages)

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
        if message.get_type() == "HEARTBEAT":
            self._heard_s = self.clock()
        if message.get_type() == "TIMESYNC" and message.tc1 != 0:
            self._answered_tick = max(self._answered_tick, message.ts1 // 20_000_000)
            self._answered_s, self._steps_with = self.clock(), True

    def _send(self, messages: list[Message]) -> None:
        if not messages or not self.line.present:
            return
        frames = []
        for message in messages:
            frames.append(bytes(message.pack(self._mav)))
            self._mav.seq = (self._mav.seq + 1) % 256
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            self.line.send(b"".join(frames[first : first + FRAMES_AT_ONCE]))
