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
