"""MAVSDK: its plugins action, mission_raw, param and telemetry, as QGroundControl's cousins fly."""

import json

from mavsdk.autopilot import Autopilot
from mavsdk.component_type import ComponentType
from mavsdk.logging import log_subscribe
from mavsdk.mavsdk import Configuration, Mavsdk
from mavsdk.plugins.action.action import Action
from mavsdk.plugins.mavlink_direct.mavlink_direct import MavlinkDirect, MavlinkMessage
from mavsdk.plugins.mission_raw.mission_raw import MissionItem as RawItem
from mavsdk.plugins.mission_raw.mission_raw import MissionRaw
from mavsdk.plugins.param.param import Param
from mavsdk.plugins.telemetry.telemetry import Telemetry
from mavsdk.vehicle import Vehicle

from missions.model import MissionItem
from simulations.parameters import DEFAULTS, REAL32
from tests.contract.client import PATIENCE_S, RATE_HZ, Watch

MAV_AUTOPILOT_ARDUPILOTMEGA, MAV_TYPE_QUADROTOR = 3, 2
URLS = {"tcp": "tcpout", "udpin": "udpin", "udpout": "udpout"}
MODES = {"RETURN_TO_LAUNCH": "RTL", "MISSION": "AUTO", "OFFBOARD": "GUIDED"}


class MavsdkClient:
    place_error_deg = 0.0

    def __init__(self, connection):
        log_subscribe(lambda level, words, file, line: True)  # it prints everything otherwise
        self.watch = Watch()
        scheme, host, port = connection.split(":")
        self.mavsdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
        self.mavsdk.add_any_connection(f"{URLS[scheme]}://{host}:{port}")
        self.system = self.mavsdk.first_autopilot(PATIENCE_S)
        assert self.system is not None, "MAVSDK finds no autopilot"
        self.action, self.param = Action(self.system), Param(self.system)
        self.raw, self.direct = MissionRaw(self.system), MavlinkDirect(self.system)
        self.telemetry = Telemetry(self.system)
        self.telemetry.set_rate_position(RATE_HZ)
        self._subscribe()

    @property
    def seen(self):
        return self.watch.seen

    def _subscribe(self):
        seen, note = self.watch.seen, self.watch.note
        telemetry = self.telemetry
        telemetry.subscribe_position(
            lambda p, _: note(
                lambda: seen.at(p.longitude_deg, p.latitude_deg, p.relative_altitude_m)
            )
        )
        telemetry.subscribe_armed(lambda armed, _: note(lambda: setattr(seen, "armed", armed)))
        telemetry.subscribe_flight_mode(
            lambda mode, _: note(lambda: setattr(seen, "mode", MODES.get(mode.name, mode.name)))
        )
        self.raw.subscribe_mission_progress(
            lambda progress, _: note(lambda: setattr(seen, "seq", progress.current))
        )

    def kind(self):
        assert self.system.autopilot_type() == Autopilot.ARDUPILOT
        assert self.system.vehicle_type() == Vehicle.MULTICOPTER
        return MAV_AUTOPILOT_ARDUPILOTMEGA, MAV_TYPE_QUADROTOR

    def parameters(self):
        found = self.param.get_all_params()
        return {p.name: p.value for p in (*found.int_params, *found.float_params)}

    def set_parameter(self, name, value):
        if DEFAULTS[name][1] == REAL32:
            self.param.set_param_float(name, value)
        else:
            self.param.set_param_int(name, int(value))

    def read_parameter(self, name):
        if DEFAULTS[name][1] == REAL32:
            return self.param.get_param_float(name)
        return self.param.get_param_int(name)

    def store(self, items, mission_type):
        upload = (
            self.raw.upload_mission,
            self.raw.upload_geofence,
            self.raw.upload_rally_points,
        )
        upload[mission_type]([_raw(item, n, mission_type) for n, item in enumerate(items)])

    def load(self, mission_type):
        download = (
            self.raw.download_mission,
            self.raw.download_geofence,
            self.raw.download_rallypoints,
        )
        return tuple(map(_item, download[mission_type]()))

    def arm_in_guided(self):
        """Arm; MAVSDK sets no mode by itself that ArduCopter could be armed in after a flight."""
        fields = {"target_system": 1, "target_component": 1, "command": 176, "confirmation": 0}
        fields |= {"param1": 1, "param2": 4} | {f"param{n}": 0 for n in range(3, 8)}
        self.direct.send_message(MavlinkMessage("COMMAND_LONG", 0, 0, 1, 1, json.dumps(fields)))
        assert self.until(lambda: self.seen.mode == "GUIDED")
        self.action.arm()

    def take_off(self, height_m):
        self.action.set_takeoff_altitude(height_m)
        self.action.takeoff()

    def start_mission(self):
        self.raw.start_mission()

    def pause(self):
        self.raw.pause_mission()

    def go_on(self):
        self.raw.start_mission()

    def return_home(self):
        self.action.return_to_launch()

    def until(self, true):
        return self.watch.until(true)

    def close(self):
        self.mavsdk.destroy()


def _raw(item, seq, mission_type):
    p1, p2, p3, p4 = item.parameters
    return RawItem(
        seq=seq,
        frame=int(item.frame),
        command=int(item.command),
        current=int(seq == 0),
        autocontinue=1,
        param1=p1,
        param2=p2,
        param3=p3,
        param4=p4,
        x=round(item.lat_deg * 1e7),
        y=round(item.lon_deg * 1e7),
        z=item.altitude_m,
        mission_type=mission_type,
    )


def _item(raw):
    return MissionItem(
        raw.command,
        raw.frame,
        (raw.param1, raw.param2, raw.param3, raw.param4),
        lon_deg=raw.y / 1e7,
        lat_deg=raw.x / 1e7,
        altitude_m=raw.z,
    )
