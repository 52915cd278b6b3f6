"""A vehicle that answers as PX4 does, made of the built-in one by translating its messages.

What differs between the two, by PX4's source (mavlink_mission.cpp, px4_custom_mode.h,
mavlink_parameters.cpp): MAV_AUTOPILOT 12, modes in two bytes, no home item, requests by
MISSION_REQUEST_INT, whole numbers byte by byte in PARAM_VALUE, its own parameter names, and a
mission's return flown in the mode RTL, CAMERA_IMAGE_CAPTURED for CAMERA_FEEDBACK.
"""

from dataclasses import replace

from pymavlink.dialects.v20 import ardupilotmega as mavlink
from scipy.spatial.transform import Rotation

from flight.modes import PX4_COPTER, px4_mode
from flight.protocol import item_from_message, message_from_item
from tests.flight.links import SimulatedLink

INT32, REAL32 = 6, 9
TO_COPTER = {(4, 3): 4, (4, 4): 3, (4, 5): 6, (4, 6): 9}
FROM_COPTER = {4: px4_mode(4, 3), 3: px4_mode(4, 4), 6: px4_mode(4, 5), 9: px4_mode(4, 6)}


class Px4Link(SimulatedLink):
    """A link to such a vehicle."""

    def __init__(self, loss=0.0, seed=0):
        super().__init__(loss, seed)
        self.returning = False
        self.values = {
            "RTL_RETURN_ALT": (30.0, REAL32),
            "NAV_DLL_ACT": (0, INT32),
            "GF_ACTION": (2, INT32),
            "GF_MAX_VER_DIST": (0.0, REAL32),
            "GF_MAX_HOR_DIST": (0.0, REAL32),
        }

    def wait_for_vehicle(self):
        heartbeat = self._translated(super().wait_for_vehicle())
        return self.reader.decode(bytearray(heartbeat.pack(self.theirs)))

    def send(self, message):
        kind = message.get_type()
        if kind in ("PARAM_REQUEST_READ", "PARAM_SET"):
            self._parameter(message)
        elif kind == "COMMAND_LONG" and message.command == 176:
            mode = TO_COPTER.get((int(message.param2), int(message.param3)), 99)
            super().send(mavlink.MAVLink_command_long_message(1, 1, 176, 0, 1, mode, *[0] * 5))
        elif kind == "MISSION_COUNT" and message.mission_type == 0:
            count = message.count + 1 if message.count else 0
            super().send(mavlink.MAVLink_mission_count_message(1, 1, count, 0))
        elif kind == "MISSION_ITEM_INT" and message.mission_type == 0:
            super().send(message_from_item(item_from_message(message), message.seq + 1, to=self.to))
        elif kind == "MISSION_REQUEST_INT" and message.mission_type == 0:
            super().send(mavlink.MAVLink_mission_request_int_message(1, 1, message.seq + 1, 0))
        else:
            super().send(message)

    def _parameter(self, message):
        name = message.param_id
        name = (name.decode() if isinstance(name, bytes) else name).rstrip("\0")
        if name not in self.values:
            return
        value, kind = self.values[name]
        if message.get_type() == "PARAM_SET":
            assert message.param_type == kind, "PX4 refuses another type"
            value = PX4_COPTER.parameter_value(message.param_value, kind)
            self.values[name] = value, kind
        coded = PX4_COPTER.parameter_code(value, kind)
        self._carry([mavlink.MAVLink_param_value_message(name.encode(), coded, kind, 9, 0)])

    def _carry(self, messages):
        super()._carry([m for told in messages for m in self._as_px4(told)])

    def _as_px4(self, message):
        kind = message.get_type()
        if kind == "MISSION_REQUEST" and message.mission_type == 0 and message.seq == 0:
            home = message_from_item(self._home(), 0, to=self.to)
            super().send(home)  # the home item is the built-in vehicle's own affair
            return []
        return [self._translated(message)]

    def _home(self):
        return replace(self.autopilot.stores.home)

    def _translated(self, message):
        kind = message.get_type()
        if kind == "HEARTBEAT":
            mode = message.custom_mode
            mission = self.autopilot.mission
            last = len(self.autopilot.stores.mission) - 1
            self.returning |= self.autopilot.is_flying and (mission.complete or mission.seq == last)
            if mode == 3 and self.returning:
                mode = 6
            return mavlink.MAVLink_heartbeat_message(
                2, 12, message.base_mode, FROM_COPTER.get(mode, px4_mode(3)), 4, 3
            )
        if kind == "MISSION_REQUEST" and message.mission_type == 0:
            return mavlink.MAVLink_mission_request_int_message(255, 190, message.seq - 1, 0)
        if kind == "MISSION_REQUEST":
            return mavlink.MAVLink_mission_request_int_message(
                255, 190, message.seq, message.mission_type
            )
        if kind == "MISSION_COUNT" and message.mission_type == 0:
            return mavlink.MAVLink_mission_count_message(255, 190, max(0, message.count - 1), 0)
        if kind == "MISSION_ITEM_INT" and message.mission_type == 0:
            item = item_from_message(message)
            frame = 6 if item.frame == 3 else 2
            return message_from_item(replace(item, frame=frame), message.seq - 1, to=self.to)
        if kind == "CAMERA_FEEDBACK":
            turned = Rotation.from_euler("ZYX", [message.yaw, message.pitch, message.roll], True)
            return mavlink.MAVLink_camera_image_captured_message(
                self.autopilot.tick * 20, message.time_usec, 0, message.lat, message.lng,
                round(message.alt_msl * 1000), round(message.alt_rel * 1000),
                turned.as_quat(scalar_first=True).tolist(), message.img_idx - 1, 1, b"",
            )  # fmt: skip
        if kind in ("MISSION_CURRENT", "MISSION_ITEM_REACHED"):
            message.seq = max(0, message.seq - 1)
        return message
