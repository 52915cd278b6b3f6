"""pymavlink as scripts use it: mavutil's connection, mavwp's item lists, MISSION_ITEM in floats."""

import time

from pymavlink import mavutil, mavwp
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import item_from_message
from tests.contract.client import PATIENCE_S, RATE_HZ, Seen

LISTS = {
    0: mavwp.MAVWPLoader,
    1: mavwp.MissionItemProtocol_Fence,
    2: mavwp.MissionItemProtocol_Rally,
}


class PymavlinkClient:
    place_error_deg = 8e-6  # half the step of a float32 between 64 and 128 degrees, and above

    def __init__(self, connection):
        self.seen = Seen()
        self.master = mavutil.mavlink_connection(
            connection, source_system=255, source_component=190
        )
        self.master.mav.heartbeat_send(mavlink.MAV_TYPE_GCS, mavlink.MAV_AUTOPILOT_INVALID, 0, 0, 0)
        self.beat_s = time.monotonic()
        self.heartbeat = self._wait("HEARTBEAT")
        self.master.mav.request_data_stream_send(1, 1, 0, RATE_HZ, 1)

    def _receive(self):
        """Take one message; pymavlink itself sends no heartbeat and answers no TIMESYNC."""
        if time.monotonic() - self.beat_s > 1:
            self.beat_s = time.monotonic()
            self.master.mav.heartbeat_send(
                mavlink.MAV_TYPE_GCS, mavlink.MAV_AUTOPILOT_INVALID, 0, 0, 0
            )
        message = self.master.recv_match(blocking=True, timeout=0.1)
        kind = message.get_type() if message is not None else ""
        if kind == "HEARTBEAT":
            self.seen.armed = bool(message.base_mode & mavlink.MAV_MODE_FLAG_SAFETY_ARMED)
            self.seen.mode = mavutil.mode_string_v10(message)
        elif kind == "GLOBAL_POSITION_INT":
            self.seen.at(message.lon / 1e7, message.lat / 1e7, message.relative_alt / 1000)
        elif kind == "MISSION_CURRENT":
            self.seen.seq = message.seq
        elif kind == "TIMESYNC" and message.tc1 == 0:
            self.master.mav.timesync_send(time.monotonic_ns(), message.ts1)
        return message

    def _wait(self, *kinds, when=lambda message: True):
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            message = self._receive()
            if message is not None and message.get_type() in kinds and when(message):
                return message
        raise AssertionError(f"none of {kinds} came")

    def kind(self):
        return self.heartbeat.autopilot, self.heartbeat.type

    def parameters(self):
        self.master.param_fetch_all()
        values, count = {}, 1
        while len(values) < count:
            message = self._wait("PARAM_VALUE")
            values[message.param_id], count = message.param_value, message.param_count
        return values

    def set_parameter(self, name, value):
        self.master.param_set_send(name, value)
        self._wait("PARAM_VALUE", when=lambda m: m.param_id == name)

    def read_parameter(self, name):
        self.master.param_fetch_one(name)
        return self._wait("PARAM_VALUE", when=lambda m: m.param_id == name).param_value

    def store(self, items, mission_type):
        loader = LISTS[mission_type](1, 1)
        for seq, item in enumerate(items):
            loader.add(_message(item, seq, mission_type))
        self.master.mav.mission_count_send(1, 1, loader.count(), mission_type)
        while True:
            message = self._wait(
                "MISSION_REQUEST", "MISSION_ACK", when=lambda m: m.mission_type == mission_type
            )
            if message.get_type() == "MISSION_ACK":
                assert message.type == mavlink.MAV_MISSION_ACCEPTED
                return
            self.master.mav.send(loader.wp(message.seq))

    def load(self, mission_type):
        self.master.mav.mission_request_list_send(1, 1, mission_type)
        count = self._wait("MISSION_COUNT", when=lambda m: m.mission_type == mission_type).count
        loader = LISTS[mission_type](1, 1)
        while loader.count() < count:
            self.master.mav.mission_request_send(1, 1, loader.count(), mission_type)
            loader.add(self._wait("MISSION_ITEM"))
        self.master.mav.mission_ack_send(1, 1, 0, mission_type)
        return tuple(item_from_message(loader.wp(seq)) for seq in range(count))

    def _set_mode(self, name):
        self.master.set_mode(name)
        assert self.until(lambda: self.seen.mode == name)

    def arm_in_guided(self):
        self._set_mode("GUIDED")
        self._order(mavlink.MAV_CMD_COMPONENT_ARM_DISARM, 1, 0, 0, 0, 0, 0, 0)

    def take_off(self, height_m):
        self._order(mavlink.MAV_CMD_NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, height_m)

    def _order(self, command, *parameters):
        self.master.mav.command_long_send(1, 1, command, 0, *parameters)
        assert self._wait("COMMAND_ACK", when=lambda m: m.command == command).result == 0

    def start_mission(self):
        self._order(mavlink.MAV_CMD_MISSION_START, 0, 0, 0, 0, 0, 0, 0)

    def pause(self):
        self._set_mode("BRAKE")

    def go_on(self):
        self._set_mode("AUTO")

    def return_home(self):
        self._set_mode("RTL")

    def until(self, true):
        end_s = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end_s:
                return False
            self._receive()
        return True

    def close(self):
        self.master.close()


def _message(item, seq, mission_type):
    return mavlink.MAVLink_mission_item_message(
        1,
        1,
        seq,
        item.frame,
        item.command,
        0,
        1,
        *item.parameters,
        item.lat_deg,
        item.lon_deg,
        item.altitude_m,
        mission_type,
    )
