"""Links to the built-in vehicle without a wire or a process."""

from collections import deque
from random import Random

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Address
from simulations.autopilot import Autopilot, Scene
from simulations.commands import receive
from tests.flight.sorties import HOME


class SimulatedLink:
    """A link to an autopilot in the same process, on simulated time, that loses messages."""

    to = Address()

    def __init__(self, loss=0.0, seed=0):
        self.autopilot = Autopilot(Scene(HOME))
        self.random, self.loss = Random(seed), loss
        self.ours, self.theirs = mavlink.MAVLink(None, 255, 190), mavlink.MAVLink(None, 1, 1)
        self.reader = mavlink.MAVLink(None)
        self.waiting = deque()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def wait_for_vehicle(self):
        return self.reader.decode(bytearray(self.autopilot.heartbeat().pack(self.theirs)))

    def end_recording(self):
        return None

    def now_s(self):
        return self.autopilot.now_s

    def send(self, message):
        if self.random.random() >= self.loss:
            arrived = self.reader.decode(bytearray(message.pack(self.ours)))
            self._carry(receive(self.autopilot, arrived))

    def receive(self, timeout_s):
        for _ in range(max(1, round(timeout_s * 50))):
            if self.waiting:
                return self.waiting.popleft()
            self._carry(self.autopilot.step())
        return None

    def _carry(self, messages):
        for message in messages:
            if self.random.random() >= self.loss:
                self.waiting.append(self.reader.decode(bytearray(message.pack(self.theirs))))


class RoughLink:
    """A link to the vehicle's lists that loses, doubles and reorders messages by a seed.

    Each copy of a message is under way for up to `late_s`, so a later one may overtake it.
    Time passes only while the client waits.
    """

    STEP_S, LIMIT_S = 0.05, 3600.0
    to = Address()

    def __init__(self, stores, seed=0, *, loss=0.2, doubled=0.2, late_s=0.6):
        self.stores, self.random = stores, Random(seed)
        self.loss, self.doubled, self.late_s = loss, doubled, late_s
        self.ours, self.theirs = mavlink.MAVLink(None, 255, 190), mavlink.MAVLink(None, 1, 1)
        self.reader = mavlink.MAVLink(None)
        self.now = 0.0
        self.under_way = []

    def now_s(self):
        return self.now

    def send(self, message):
        self._launch(message, self.ours, to_vehicle=True)

    def receive(self, timeout_s):
        end = self.now + timeout_s
        assert self.now < self.LIMIT_S, "the transfer hangs"
        while self.now < end - 1e-9:
            arrived = self._next_for_client()
            if arrived is not None:
                return arrived
            self.now += self.STEP_S
            self._serve()
        return self._next_for_client()

    def _launch(self, message, sender, *, to_vehicle):
        frame = bytearray(message.pack(sender))
        for _ in range(1 + (self.random.random() < self.doubled)):
            if self.random.random() >= self.loss:
                due = self.now + self.random.random() * self.late_s
                self.under_way.append((due, self.random.random(), to_vehicle, frame))

    def _serve(self):
        answers = self.stores.tick(self.now)
        for frame in self._take(to_vehicle=True):
            answers += self.stores.receive(self.reader.decode(frame), self.now)
        for answer in answers:
            self._launch(answer, self.theirs, to_vehicle=False)

    def _next_for_client(self):
        frames = self._take(to_vehicle=False, most=1)
        return self.reader.decode(frames[0]) if frames else None

    def _take(self, *, to_vehicle, most=None):
        due = sorted(m for m in self.under_way if m[2] == to_vehicle and m[0] <= self.now)[:most]
        for message in due:
            self.under_way.remove(message)
        return [message[3] for message in due]
