"""The ground station of this project: flight.link and flight.session."""

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.link import open_link
from flight.modes import COPTER_MODES
from flight.session import Session
from tests.contract.client import PATIENCE_S, RATE_HZ, Seen

GUIDED, ACCEPTED = 4, 0


class OurClient:
    place_error_deg = 0.0

    def __init__(self, connection):
        self.seen, self.values = Seen(), {}
        self.link = open_link(connection)
        self.heartbeat = self.link.wait_for_vehicle(PATIENCE_S)
        self.session = Session(self.link, on_message=self._note)
        for kind in (33, 42):
            self.session.set_interval(kind, RATE_HZ)

    def _note(self, message):
        monitor, kind = self.session.monitor, message.get_type()
        self.seen.armed, self.seen.mode = monitor.armed, COPTER_MODES.get(monitor.mode, "")
        if kind == "GLOBAL_POSITION_INT":
            self.seen.at(message.lon / 1e7, message.lat / 1e7, message.relative_alt / 1000)
        elif kind == "MISSION_CURRENT":
            self.seen.seq = message.seq
        elif kind == "PARAM_VALUE":
            self.values[message.param_id] = message.param_value

    def kind(self):
        return self.heartbeat.autopilot, self.heartbeat.type

    def parameters(self):
        self.values.clear()
        self.link.send(mavlink.MAVLink_param_request_list_message(1, 1))
        count = self.session.wait(lambda m: m.get_type() == "PARAM_VALUE", PATIENCE_S).param_count
        assert self.until(lambda: len(self.values) == count)
        return self.values

    def set_parameter(self, name, value):
        self.session.set_parameter(name, value)

    def read_parameter(self, name):
        return self.session.read_parameter(name)

    def store(self, items, mission_type):
        self.session.store(items, mission_type)

    def load(self, mission_type):
        return self.session.load(mission_type)

    def _order(self, command, *parameters):
        assert self.session.command(command, *parameters) == ACCEPTED

    def arm_in_guided(self):
        self._order(mavlink.MAV_CMD_DO_SET_MODE, 1, GUIDED)
        self._order(mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1)

    def take_off(self, height_m):
        self._order(mavlink.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, height_m)

    def start_mission(self):
        self._order(mavlink.MAV_CMD_MISSION_START)

    def pause(self):
        self._order(mavlink.MAV_CMD_DO_PAUSE_CONTINUE, 0)

    def go_on(self):
        self._order(mavlink.MAV_CMD_DO_PAUSE_CONTINUE, 1)

    def return_home(self):
        self._order(mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH)

    def until(self, true):
        return self.session.wait_until(true, PATIENCE_S)

    def close(self):
        self.link.close()
