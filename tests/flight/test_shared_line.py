"""Two vehicles on one radio line fly at the same time, told apart by their system ids."""

import threading
from concurrent.futures import ThreadPoolExecutor

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.fly import fly_sortie
from flight.transports import SharedLine
from simulations.autopilot import Autopilot, Scene
from simulations.commands import receive
from tests.flight.fleets import sortie_at

STEPS_A_READ = 10


class Radio:
    """The bytes of two built-in vehicles, systems 1 and 2, on one line; time passes by reading."""

    def __init__(self, homes):
        self.vehicles = {n: Autopilot(Scene(home)) for n, home in enumerate(homes, 1)}
        self.encoders = {n: mavlink.MAVLink(None, n, 1) for n in self.vehicles}
        self.reader = mavlink.MAVLink(None)
        self.reader.robust_parsing = True
        self.lock = threading.Lock()
        self.waiting = bytearray()
        for vehicle in self.vehicles.values():
            vehicle.parameters.set("FS_GCS_TIMEOUT", 120)  # heartbeats come by the wall's clock

    def read(self, timeout_s):
        with self.lock:
            for number, vehicle in self.vehicles.items():
                for _ in range(STEPS_A_READ):
                    self._say(number, vehicle.step())
            data, self.waiting = bytes(self.waiting), bytearray()
            return data

    def write(self, data):
        with self.lock:
            for message in self.reader.parse_buffer(data) or []:
                for number, vehicle in self.vehicles.items():
                    target = getattr(message, "target_system", 0)
                    if target in (0, number):
                        if target:
                            message.target_system = 1  # as the vehicle knows itself
                        self._say(number, receive(vehicle, message))

    def close(self):
        pass

    def _say(self, number, messages):
        encoder = self.encoders[number]
        for message in messages:
            self.waiting += message.pack(encoder)
            encoder.seq = (encoder.seq + 1) % 256


def test_two_vehicles_on_one_line_fly_their_sorties_at_once(tmp_path):
    sorties = {1: sortie_at("F1", 0), 2: sortie_at("F2", 500)}
    radio = Radio([sortie.home for sortie in sorties.values()])
    line = SharedLine(radio)
    ends = {number: line.join() for number in sorties}

    def fly(number):
        return fly_sortie(
            sorties[number],
            ends[number],
            log_path=tmp_path / f"{number}.tlog",
            arm_real=True,
            system=number,
        )

    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(sorties, pool.map(fly, sorties), strict=True))
    for number, result in results.items():
        assert result.completed, result.problem
        assert len(result.track.camera_events) == 10
        first = result.track.points[0].position
        assert abs(first.lon_deg - sorties[number].home.lon_deg) < 1e-4
        stored = radio.vehicles[number].stores.mission
        assert len(stored) == len(sorties[number].items) + 1
