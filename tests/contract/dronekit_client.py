"""dronekit (distribution dronekit2): its attributes, commands, modes and messages."""

from queue import Queue

from dronekit import Command, CommandInt, VehicleMode, connect

from flight.protocol import Address, item_from_message, message_from_item
from tests.contract.client import PATIENCE_S, RATE_HZ, Watch

MISSION = 0


class DronekitClient:
    place_error_deg = 8e-6  # it downloads MISSION_ITEM, of float32 degrees

    def __init__(self, connection):
        self.watch = Watch()
        self.answers = Queue()
        self.vehicle = connect(
            connection.removeprefix("udp:"),
            wait_ready=True,
            rate=RATE_HZ,
            timeout=PATIENCE_S,
            heartbeat_timeout=PATIENCE_S,
        )
        self.vehicle.add_message_listener("*", self._note)

    @property
    def seen(self):
        return self.watch.seen

    def _note(self, vehicle, name, message):
        self.watch.note(lambda: self._see(name, message))
        if name in ("MISSION_REQUEST", "MISSION_ACK", "MISSION_COUNT", "MISSION_ITEM_INT"):
            self.answers.put(message)

    def _see(self, name, message):
        seen, vehicle = self.watch.seen, self.vehicle
        mode = vehicle.mode
        seen.armed, seen.mode = vehicle.armed, mode.name if mode else ""
        if name == "GLOBAL_POSITION_INT":
            place = vehicle.location.global_relative_frame
            seen.at(place.lon, place.lat, place.alt)
        elif name == "MISSION_CURRENT":
            seen.seq = vehicle.commands.next

    def kind(self):
        return self.vehicle._autopilot_type, self.vehicle._vehicle_type

    def parameters(self):
        return dict(self.vehicle.parameters)

    def set_parameter(self, name, value):
        self.vehicle.parameters.set(name, value, wait_ready=True)

    def read_parameter(self, name):
        return self.vehicle.parameters[name]

    def store(self, items, mission_type):
        if mission_type != MISSION:
            self._send_items(items, mission_type)
            return
        commands = self.vehicle.commands
        commands.clear()
        if self.vehicle._wploader.count() == 0:
            commands.add(_command(items[0]))
        for item in items[1:]:
            commands.add(CommandInt.from_command(_command(item)))
        commands.upload(timeout=PATIENCE_S)

    def load(self, mission_type):
        if mission_type != MISSION:
            return self._fetch_items(mission_type)
        commands = self.vehicle.commands
        commands.download()
        commands.wait_ready(timeout=PATIENCE_S)
        home = self.vehicle._wploader.wp(0)
        return tuple(map(item_from_message, [home, *commands]))

    def _send_items(self, items, mission_type):
        """Send a fence or rally points, for which dronekit has no more than messages."""
        encode = self.vehicle.message_factory
        self.vehicle.send_mavlink(encode.mission_count_encode(1, 1, len(items), mission_type))
        while True:
            message = self._answer(mission_type)
            if message.get_type() == "MISSION_ACK":
                assert message.type == 0
                return
            item = items[message.seq]
            self.vehicle.send_mavlink(
                message_from_item(item, message.seq, to=Address(), mission_type=mission_type)
            )

    def _fetch_items(self, mission_type):
        encode = self.vehicle.message_factory
        self.vehicle.send_mavlink(encode.mission_request_list_encode(1, 1, mission_type))
        count, found = self._answer(mission_type).count, []
        while len(found) < count:
            request = encode.mission_request_int_encode(1, 1, len(found), mission_type)
            self.vehicle.send_mavlink(request)
            found.append(item_from_message(self._answer(mission_type)))
        return tuple(found)

    def _answer(self, mission_type):
        while True:
            message = self.answers.get(timeout=PATIENCE_S)
            if message.mission_type == mission_type:
                return message

    def _set_mode(self, name):
        self.vehicle.mode = VehicleMode(name)
        assert self.until(lambda: self.seen.mode == name)

    def arm_in_guided(self):
        self._set_mode("GUIDED")
        self.vehicle.armed = True
        assert self.until(lambda: self.seen.armed)

    def take_off(self, height_m):
        self.vehicle.simple_takeoff(height_m)

    def start_mission(self):
        self._set_mode("AUTO")

    def pause(self):
        self._set_mode("LOITER")

    def go_on(self):
        self._set_mode("AUTO")

    def return_home(self):
        self._set_mode("RTL")

    def until(self, true):
        return self.watch.until(true)

    def close(self):
        self.vehicle.close()


def _command(item):
    return Command(
        0,
        0,
        0,
        item.frame,
        item.command,
        0,
        1,
        *item.parameters,
        item.lat_deg,
        item.lon_deg,
        item.altitude_m,
    )
