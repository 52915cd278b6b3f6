"""How the built-in vehicle behaves over MAVLink: an ArduCopter of messages in, messages out; pure.

The clock is a count of steps of `STEP_S` and is moved by whoever runs the autopilot. When a flight
begins it is set to `FLIGHT_START_S`, so nothing in the air depends on how long the vehicle stood on
the ground: the same mission and seed give the same flight to the last bit.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import FENCE, MISSION, RALLY, Message, home_item
from geo.pose import GeoPoint
from missions.model import MissionItem
from simulations.arming import AUTO, GUIDED, MODES, Readiness
from simulations.behaviours import Behaviour, Hold, Land, Return, TakeOff, limits_from
from simulations.drift import Drift, DriftSigma
from simulations.exposures import TrueExposure, report_of, true_pose
from simulations.failsafes import BatteryWatch, Fence, GroundStationWatch, Order
from simulations.mission_run import MissionRun, Shutter
from simulations.motion import Vector
from simulations.parameters import Parameters
from simulations.site import Site
from simulations.stores import Stores
from simulations.telemetry import BUILDERS, Status
from simulations.vehicle import STEP_S, Airframe, Multirotor, Wind

STEPS_PER_S = round(1 / STEP_S)
READY_S = 42.0  # a position estimate after boot, in the recordings
FLIGHT_START_S = 120.0
DISARM_AFTER_LANDING_S = 2.1
EPOCH = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
ON_GROUND, IN_AIR, TAKING_OFF, LANDING = 1, 2, 3, 4  # MAV_LANDED_STATE
NOT_STARTED, ACTIVE, COMPLETE = 2, 3, 5  # MISSION_STATE
STANDBY, FLYING, CRITICAL = 3, 4, 5  # MAV_STATE


@dataclass(frozen=True, slots=True)
class Scene:
    """The circumstances of one simulated flight.

    Attributes:
        home: where the vehicle truly stands, on the ground.
        uid: drawn by whoever starts the vehicle, so that it can be told from any other.
        epoch: UTC at which the vehicle's clock is 0.
        boot_s: its clock at the beginning; below `READY_S` it has no position yet.
    """

    home: GeoPoint
    seed: int = 0
    airframe: Airframe = field(default_factory=Airframe)
    wind: Wind = field(default_factory=Wind)
    drift: DriftSigma = field(default_factory=DriftSigma)
    epoch: datetime = EPOCH
    boot_s: float = 45.0
    uid: int = 0


class Autopilot:
    """A flying ArduCopter: its parts, its mode, and what it has to say."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tick = round(scene.boot_s * STEPS_PER_S)
        self.parameters = Parameters()
        self.parameters.set("SIM_WIND_SPD", scene.wind.speed_m_s)
        self.parameters.set("SIM_WIND_DIR", scene.wind.from_deg)
        self.drift = Drift(scene.drift, scene.seed)
        known_m = scene.home.altitude_amsl_m + self.drift.altitude_bias_m
        self.home = replace(scene.home, altitude_amsl_m=known_m)  # as far as the vehicle knows
        self.site, self._true_site = Site(self.home), Site(scene.home)
        self.craft = Multirotor(
            limits_from(self.parameters), scene.airframe, scene.wind, scene.seed
        )
        self.shutter = Shutter()
        self.stores = Stores(home_item(self.home), changed=self._on_list_changed)
        self.mission = MissionRun(self.craft, self.shutter, self.parameters, self.local_place)
        self.fence = Fence(self.parameters)
        self.battery_watch = BatteryWatch(self.parameters)
        self.ground_station = GroundStationWatch(self.parameters)
        self.mode = 0
        self.armed = False
        self.airborne = False
        self.critical = False
        self.behaviour: Behaviour | None = None
        self.streams: dict[int, int] = {}
        self.exposures: list[TrueExposure] = []
        self.outbox: list[Message] = []
        self._armed_s = self._landed_s = 0.0
        self._mission_begun = False

    # --- time -------------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """Seconds of the vehicle's clock."""
        return self.tick / STEPS_PER_S

    @property
    def time(self) -> datetime:
        """UTC of the vehicle's clock."""
        return self.scene.epoch + timedelta(microseconds=self.tick * round(STEP_S * 1e6))

    @property
    def is_flying(self) -> bool:
        """Whether a flight is under way, from the order to take off to the rotors' stop."""
        return self.armed and self.airborne

    def step(self) -> list[Message]:
        """Let `STEP_S` pass and hand over what the vehicle says."""
        self.tick += 1
        if self.is_flying:
            self._fly()
        elif self.armed and self.now_s - self._armed_s > self.parameters["DISARM_DELAY"]:
            self.disarm()
        if self.tick % (STEPS_PER_S // 10) == 0:
            self._watch()
        self._report()
        return self.take_outbox()

    def take_outbox(self) -> list[Message]:
        """Hand over what is waiting to be sent."""
        waiting, self.outbox = self.outbox, []
        return waiting

    def _fly(self) -> None:
        self.craft.step()
        if self.tick % round(Drift.STEP_S * STEPS_PER_S) == 0:
            self.drift.step()
        if self.mode == AUTO:
            self.mission.step(self.now_s)
            self._tell_mission()
        elif self.behaviour is not None:
            self.behaviour.step(self.now_s)
        if self.shutter.releases_at(self.craft.position):
            self._expose()
        self._disarm_after_landing()

    def _disarm_after_landing(self) -> None:
        on_ground = self.craft.position[2] <= 0 and self._is_landing()
        if not on_ground:
            self._landed_s = self.now_s
        elif self.now_s - self._landed_s >= DISARM_AFTER_LANDING_S:
            self.disarm()

    def _is_landing(self) -> bool:
        if self.mode == AUTO:
            return self.mission.is_landing or self.mission.complete
        behaviour = self.behaviour
        return isinstance(behaviour, Land) or (
            isinstance(behaviour, Return) and (behaviour.landing or behaviour.landed)
        )

    def _watch(self) -> None:
        """Look at fence, battery and link, ten times a second."""
        for message in self.stores.tick(self.now_s):
            self.outbox.append(message)
        self._tell_stores()
        if not self.is_flying:
            return
        battery = self.craft.battery
        voltage_v = self.parameters["SIM_BATT_VOLTAGE"] or battery.voltage_v
        self._obey(self.fence.check(self.craft.position, round(self.now_s * 1000)))
        self._obey(self.battery_watch.check(voltage_v, battery.used_mah, self.now_s))
        self._obey(self.ground_station.check(self.now_s))

    def _obey(self, order: Order | None) -> None:
        if order is None:
            return
        self.critical = self.critical or order.critical
        if order.mode is not None and self.mode not in (order.mode, 9):
            self.set_mode(order.mode)
        for severity, words in order.texts:
            self.say(severity, words)

    # --- orders -----------------------------------------------------------------------------

    def readiness(self) -> Readiness:
        """What stands in the way of arming."""
        return Readiness(
            has_position=self.now_s >= READY_S,
            parameters=self.parameters,
            voltage_v=self.parameters["SIM_BATT_VOLTAGE"] or self.craft.battery.voltage_v,
            fence_broken=self.fence.enabled and bool(self.fence.outside(self.craft.position) & 4),
            mission_items=len(self.stores.mission),
        )

    def arm(self, *, forced: bool = False) -> bool:
        """Start the motors; says why where it does not."""
        if self.armed:
            return True
        reasons = self.readiness().faults(self.mode)
        if reasons and not forced:
            for reason in reasons:
                self.say(2, f"Arm: {reason}")
            return False
        self.armed, self._armed_s = True, self.now_s
        self.say(6, "Arming motors")
        if self.mode == AUTO and int(self.parameters["AUTO_OPTIONS"]) & 2:
            self._begin_mission()
        return True

    def disarm(self, *, forced: bool = False) -> bool:
        """Stop the motors; refused in the air unless forced."""
        if self.is_flying and self.craft.position[2] > 0.3 and not forced:
            return False
        if self.armed:
            self.say(6, "Disarming motors")
        self.armed = self.airborne = self._mission_begun = self.critical = False
        self.behaviour = None
        self.shutter.set_distance(0.0, at_once=False)
        return True

    def set_mode(self, mode: int) -> bool:
        """Change the flight mode; False for one that does not exist or cannot be entered."""
        if mode not in MODES:
            return False
        if mode == AUTO and self.armed and len(self.stores.mission) < 2:
            return False
        before, self.mode = self.mode, mode
        if before == mode:
            return True
        self.outbox.append(self.heartbeat())  # at once, as in the recordings
        if not self.is_flying:
            return True
        if mode != AUTO:
            self.behaviour = self._behaviour_of(mode)
        elif self._mission_begun:
            self.mission.resume(self.now_s)
        else:
            self._run_mission()
        return True

    def _behaviour_of(self, mode: int) -> Behaviour:
        if MODES[mode] == "RTL":
            return Return(self.craft, self.parameters)
        if MODES[mode] == "LAND":
            return Land(self.craft, self.parameters)
        return Hold(self.craft)

    def start_mission(self) -> bool:
        """Enter AUTO and begin; refused without a mission, or on the ground without a take-off."""
        mission = self.stores.mission
        if len(mission) < 2 or (self.armed and not self.airborne and not self._takes_off()):
            return False
        if not self.set_mode(AUTO):
            return False
        if self.armed and not self.airborne:
            self._begin_mission()
        return True

    def _takes_off(self) -> bool:
        return any(item.command == 22 for item in self.stores.mission[1:])

    def _begin_mission(self) -> None:
        self._leave_ground()
        self._run_mission()

    def _run_mission(self) -> None:
        """Start the mission at its first item, on the ground or after a take-off in GUIDED."""
        self.craft.limits = limits_from(self.parameters)
        self.mission.begin(tuple(self.stores.mission), self.now_s)
        self._mission_begun = True
        self._tell_mission()

    def take_off(self, height_m: float) -> bool:
        """Climb to a height in GUIDED."""
        if self.mode != GUIDED or not self.armed or self.airborne:
            return False
        self._leave_ground()
        self.behaviour = TakeOff(self.craft, height_m, self.now_s)
        return True

    def _leave_ground(self) -> None:
        """Begin a flight; the time that was spent on the ground is cut out of the clock."""
        self.tick = max(self.tick, round(FLIGHT_START_S * STEPS_PER_S))
        self.airborne = True
        self._landed_s = self.now_s
        if self.ground_station.heard_s is not None:
            self.ground_station.heard_s = self.now_s

    # --- what it holds ----------------------------------------------------------------------

    def local_place(self, item: MissionItem) -> Vector:
        """Local place of an item; without degrees, above where the craft goes."""
        return self.site.place_of(item, self.craft.goal)

    def _on_list_changed(self, mission_type: int) -> None:
        names = {MISSION: "MIS_TOTAL", FENCE: "FENCE_TOTAL", RALLY: "RALLY_TOTAL"}
        items = self.stores.lists[mission_type]
        self.parameters.set(names[mission_type], len(items))
        if mission_type == FENCE:
            self.fence.load(items, [self.local_place(item) for item in items])

    def _expose(self) -> None:
        """Take a picture: tell what is known of it, keep what is true."""
        self.shutter.count += 1
        index = self.shutter.count
        self.outbox.append(report_of(index, self._unix_us(), self.craft, self.site))
        pose = true_pose(self.craft, self.drift, self.shutter.pitch_deg, self._true_site)
        self.exposures.append(TrueExposure(index, self.time, pose, self.drift.camera_clock_s))

    # --- words ------------------------------------------------------------------------------

    def say(self, severity: int, words: str) -> None:
        """Send a status text."""
        self.outbox.append(mavlink.MAVLink_statustext_message(severity, words.encode()[:50]))

    def _tell_mission(self) -> None:
        for words in self.mission.texts:
            self.say(6, words)
        for seq in self.mission.reached:
            self.outbox.append(mavlink.MAVLink_mission_item_reached_message(seq))
        self.mission.texts, self.mission.reached = [], []

    def _tell_stores(self) -> None:
        for severity, words in self.stores.texts:
            self.say(severity, words)
        self.stores.texts = []

    def _report(self) -> None:
        """Send the heartbeat and every stream that is due on this step of the clock."""
        if self.tick % STEPS_PER_S == 0:
            self.outbox.append(self.heartbeat())
            self.outbox.append(mavlink.MAVLink_timesync_message(0, self.tick * 20_000_000))
        due = [kind for kind, every in self.streams.items() if self.tick % every == 0]
        self.outbox += self.telemetry(due)
        if not self.armed and self.tick % (30 * STEPS_PER_S) == 0:
            for reason in self.readiness().faults(None):
                self.say(2, f"PreArm: {reason}")

    def telemetry(self, kinds: Iterable[int]) -> list[Message]:
        """Messages of some kinds as of now."""
        kinds = [kind for kind in kinds if kind in BUILDERS]
        if not kinds:
            return []
        status = self.status()
        return [BUILDERS[kind](status) for kind in kinds]

    def heartbeat(self) -> Message:
        """Mode, arming and state."""
        base_mode = 81 | (128 if self.armed else 0)
        state = CRITICAL if self.critical else FLYING if self.is_flying else STANDBY
        return mavlink.MAVLink_heartbeat_message(2, 3, base_mode, self.mode, state, 3)

    def _unix_us(self) -> int:
        return round(self.scene.epoch.timestamp()) * 1_000_000 + self.tick * round(STEP_S * 1e6)

    def _landed_state(self) -> int:
        if not self.is_flying:
            return ON_GROUND
        behaviour = self.mission.behaviour if self.mode == AUTO else self.behaviour
        if isinstance(behaviour, TakeOff):
            return TAKING_OFF
        return LANDING if self._is_landing() else IN_AIR

    def status(self) -> Status:
        """Everything telemetry is made from."""
        craft, battery = self.craft, self.craft.battery
        roll_deg, pitch_deg = craft.tilt_deg if self.is_flying else (0.0, 0.0)
        east, north = craft.goal[0] - craft.position[0], craft.goal[1] - craft.position[1]
        mission = self.mission
        state = COMPLETE if mission.complete else ACTIVE if self._in_auto() else NOT_STARTED
        return Status(
            boot_ms=self.tick * round(STEP_S * 1000),
            unix_us=self._unix_us(),
            home=self.home,
            position=self.site.geographic(craft.position),
            height_home_m=craft.position[2],
            velocity=craft.velocity,
            heading_deg=craft.heading_deg,
            roll_deg=roll_deg,
            pitch_deg=pitch_deg,
            throttle_share=min(1.0, battery.power_w / (3 * craft.airframe.hover_power_w)),
            voltage_v=self.parameters["SIM_BATT_VOLTAGE"] or battery.voltage_v,
            current_a=battery.current_a,
            used_mah=battery.used_mah,
            used_wh=battery.used_wh,
            battery_share=battery.remaining_share,
            armed=self.armed,
            has_position=self.now_s >= READY_S,
            may_arm=not self.readiness().faults(None),
            mission_seq=mission.seq,
            mission_total=max(0, len(self.stores.mission) - 1),
            mission_state=state,
            in_auto=self.mode == AUTO,
            goal_distance_m=math.hypot(east, north),
            goal_bearing_deg=math.degrees(math.atan2(east, north)) % 360,
            landed_state=self._landed_state(),
            fence_enabled=self.fence.enabled,
            fence_breached=self.fence.breached,
            fence_breaches=self.fence.breach_count,
            fence_breach_ms=self.fence.breach_time_ms,
            wind_from_deg=self.scene.wind.from_deg,
            wind_m_s=self.scene.wind.speed_m_s,
        )

    def _in_auto(self) -> bool:
        return self._mission_begun and self.mode == AUTO
