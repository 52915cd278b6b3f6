"""How the built-in vehicle behaves over MAVLink: an autopilot of messages in, messages out; pure.

The clock is a count of steps of `STEP_S` and is moved by whoever runs the autopilot. When a flight
begins it is set to `FLIGHT_START_S`, so nothing in the air depends on how long the vehicle stood on
the ground: the same mission and seed give the same flight to the last bit.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import FENCE, MISSION, RALLY, Message, home_item
from missions.flown import ABOVE_GROUND
from missions.model import MissionItem
from simulations.arming import Readiness
from simulations.behaviours import Behaviour, Hold, Land, Return, TakeOff, limits_from
from simulations.boot import texts_at
from simulations.contact import Contact
from simulations.drift import Drift
from simulations.exposures import TrueExposure, reports_of, true_pose
from simulations.failsafes import Order
from simulations.mission_run import TEXTS, MissionRun, Shutter, takes_off_first
from simulations.motion import Vector
from simulations.personas import ALT_HOLD, ARDUPILOT, AUTO, GUIDED, LAND, LOITER, RTL
from simulations.scene import READY_S, Scene
from simulations.sensors import SensorNoise
from simulations.site import Site
from simulations.status import heartbeat_of, status_of
from simulations.stores import Stores
from simulations.telemetry import BUILDERS
from simulations.vehicle import STEP_S, Multirotor, Wind
from simulations.watches import Watches

STEPS_PER_S = round(1 / STEP_S)
FLIGHT_START_S = 120.0
LAND_PAUSE_S = 4.0  # before a failsafe's landing sinks (ModeLand, LAND_WITH_DELAY_MS)
FLIGHT_MODES = frozenset({0, ALT_HOLD, AUTO, GUIDED, LOITER, RTL, LAND, 16, 17})


class Autopilot:
    """A flying ArduCopter, or one with the manners of PX4: its parts, its mode, its words."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tick = round(scene.boot_s * STEPS_PER_S)
        self.drift = Drift(scene.drift, scene.seed)
        known_m = scene.home.altitude_amsl_m + self.drift.altitude_bias_m
        self.home = replace(scene.home, altitude_amsl_m=known_m)  # as far as the vehicle knows
        self.site, self.true_site = Site(self.home), Site(scene.home)
        self.parameters = scene.first_parameters()
        self.craft = Multirotor(
            limits_from(self.parameters), scene.airframe, scene.wind, scene.seed
        )
        self.apply_parameters()
        self.has_camera = scene.has_camera(self.parameters)
        self.shutter = Shutter()
        self.stores = Stores(
            home_item(self.home), self._on_list_changed, self._on_item_changed, scene.persona
        )
        self.mission = MissionRun(self.craft, self.shutter, self.parameters, self.local_place)
        self.watches = Watches(self.parameters)
        self.sensors = SensorNoise(scene.seed)
        self.mode = LOITER if scene.persona.key == "px4" else 0
        self.armed = self.airborne = False
        self.behaviour: Behaviour | None = None
        self.streams = {
            kind: round(STEPS_PER_S / rate) for kind, rate in scene.persona.streams_hz.items()
        }
        self.exposures: list[TrueExposure] = []
        self.outbox: list[Message] = []
        self.estimate: Vector = self.craft.position  # stands still where the aiding has stopped
        self.last_fix = (self.now_s, self.craft.position)
        self.mission_begun = False
        self.contact = Contact(self.craft)
        self._armed_s = 0.0

    @property
    def now_s(self) -> float:
        """Seconds of the vehicle's clock."""
        return self.tick / STEPS_PER_S

    @property
    def time(self) -> datetime:
        """UTC of the vehicle's clock."""
        return self.scene.epoch + timedelta(microseconds=self.tick * round(STEP_S * 1e6))

    @property
    def unix_us(self) -> int:
        """The same as microseconds since 1970."""
        return round(self.scene.epoch.timestamp()) * 1_000_000 + self.tick * round(STEP_S * 1e6)

    @property
    def is_flying(self) -> bool:
        """Whether a flight is under way, from the order to take off to the rotors' stop."""
        return self.armed and self.airborne

    @property
    def true_place(self) -> Vector:
        """Where the vehicle really is, around its true home."""
        x, y, z = self.craft.position
        east, north, up = self.drift.position_m
        return x + east, y + north, z + up

    def step(self) -> list[Message]:
        """Let `STEP_S` pass and hand over what the vehicle says."""
        self.tick += 1
        if self.is_flying:
            self._fly()
        elif self.contact.falling:
            self._say_all(self.contact.fall())
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
        if self.shutter.releases_at(self.craft.position) and self.has_camera:
            self._expose()
        self._meet_ground()

    def _meet_ground(self) -> None:
        """Stop the rotors after a landing, or at once where it was none."""
        texts, stops = self.contact.step(self.now_s, landing=self.is_landing)
        self._say_all(texts)
        if stops:
            self.disarm()

    @property
    def is_landing(self) -> bool:
        """Whether it is on its last way down, or down."""
        if self.mode == AUTO:
            return self.mission.is_landing or self.mission.complete
        behaviour = self.behaviour
        return isinstance(behaviour, Land) or (
            isinstance(behaviour, Return) and (behaviour.landing or behaviour.landed)
        )

    def _watch(self) -> None:
        """Look at fence, battery, links, position and motors, ten times a second."""
        self.outbox += self.stores.tick(self.now_s)
        self._tell_stores()
        if self.tick % round(SensorNoise.STEP_S * STEPS_PER_S) == 0:
            self.sensors.step()
        if self.is_flying and self.contact.above_m > 0:  # what stands on it does not slide
            self.craft.ground_m = self.scene.ground(*self.true_place[:2])
        for order in self.watches.check(self.craft, self.now_s, flying=self.is_flying):
            self._obey(order)
        self._follow_position()

    def _follow_position(self) -> None:
        """Keep what the receiver and the estimate last knew."""
        watch = self.watches.position
        if watch.has_fix:
            self.last_fix = (self.now_s, self.craft.position)
        if watch.aiding:
            self.estimate = self.craft.position
        self.craft.positioned = not watch.active

    def _obey(self, order: Order) -> None:
        if order.mode is not None and self.mode not in (order.mode, LAND):
            self.set_mode(order.mode)
            if isinstance(self.behaviour, Land):
                self.behaviour.pause_s = LAND_PAUSE_S
        self._say_all(order.texts)

    def set_parameter(self, name: str, value: float) -> bool:
        """Take a parameter; False for one that does not exist."""
        taken = self.parameters.set(name, value)
        if taken:
            self.apply_parameters()
        return taken

    def apply_parameters(self) -> None:
        """Let air, motors and limits be what the parameters say."""
        get, craft = self.parameters, self.craft
        wind = Wind(get["SIM_WIND_SPD"], get["SIM_WIND_DIR"], get["SIM_WIND_TURB"])
        if wind != craft.wind:
            craft.blow(wind)
        craft.motor_share = get["SIM_ENGINE_MUL"] if get["SIM_ENGINE_FAIL"] else 1.0
        craft.lean_deg = get.metres("ANGLE_MAX")

    def readiness(self) -> Readiness:
        """What stands in the way of arming."""
        return Readiness(
            has_position=self.now_s >= READY_S,
            has_fix=self.watches.position.has_fix,
            parameters=self.parameters,
            voltage_v=self.parameters["SIM_BATT_VOLTAGE"] or self.craft.battery.voltage_v,
            fence_broken=self.watches.fence.breaks_polygon(self.craft.position),
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
        begins = takes_off_first(self.stores.mission, self.scene.persona)
        if self.mode == AUTO and int(self.parameters["AUTO_OPTIONS"]) & 2 and begins:
            self._begin_mission(announced=True)
        return True

    def disarm(self, *, forced: bool = False) -> bool:
        """Stop the motors; refused in the air unless forced."""
        in_air = self.is_flying and self.contact.above_m > 0.3
        if in_air and not forced:
            return False
        if self.armed:
            self.say(6, "Disarming motors")
        self.armed = self.airborne = self.mission_begun = False
        self.contact.falling = in_air
        self.behaviour = None
        self.shutter.set_distance(0.0, at_once=False)
        return True

    def set_mode(self, mode: int) -> bool:
        """Change the flight mode; False for one that does not exist or cannot be entered."""
        if mode not in FLIGHT_MODES:
            return False
        if mode == AUTO and self.armed and not self._may_begin():
            return False
        before, self.mode = self.mode, mode
        if before == mode:
            return True
        self.outbox.append(self.heartbeat())  # at once, as in the recordings
        if not self.armed and mode == AUTO and len(self.stores.mission) > 1:
            self.say(6, f"Mission: 1 {TEXTS.get(self.stores.mission[1].command, 'Unknown')}")
        if not self.is_flying:
            return True
        if mode != AUTO:
            self.behaviour = self._behaviour_of(mode)
        elif self.mission_begun:
            self.mission.resume(self.now_s)
        else:
            self._run_mission()
        return True

    def _behaviour_of(self, mode: int) -> Behaviour:
        if mode == RTL:
            return Return(self.craft, self.parameters, self._rally_places())
        if mode == LAND:
            return Land(self.craft, self.parameters)
        return Hold(self.craft)

    def _rally_places(self) -> tuple[Vector, ...]:
        return tuple(self.local_place(item) for item in self.stores.lists[RALLY])

    def start_mission(self) -> bool:
        """Enter AUTO and begin; refused without a mission, or on the ground without a take-off."""
        if len(self.stores.mission) < 2 or not self.set_mode(AUTO):
            return False
        if self.armed and not self.airborne:
            self._begin_mission()
        return True

    def _may_begin(self) -> bool:
        """Whether there is a mission that can be begun from where the vehicle is."""
        ready = self.airborne or takes_off_first(self.stores.mission, self.scene.persona)
        if len(self.stores.mission) > 1 and not ready:
            self.say(2, "Auto: Missing Takeoff Cmd")
        return len(self.stores.mission) > 1 and ready

    def _begin_mission(self, *, announced: bool = False) -> None:
        self._leave_ground()
        self._run_mission(announced=announced)

    def _run_mission(self, *, announced: bool = False) -> None:
        """Start the mission at its first item, on the ground or after a take-off in GUIDED."""
        self.craft.limits = limits_from(self.parameters)
        self.mission.begin(tuple(self.stores.mission), self.now_s, self._rally_places())
        self.mission_begun = True
        if announced:  # the first item was told when AUTO was entered on the ground
            self.mission.texts = self.mission.texts[1:]
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
        self.contact.begin(self.now_s)
        self.sensors = SensorNoise(self.scene.seed)
        if self.watches.ground_station.heard_s is not None:
            self.watches.ground_station.heard_s = self.now_s

    def local_place(self, item: MissionItem) -> Vector:
        """Local place of an item; without degrees, above where the craft goes."""
        east, north, height_m = self.site.place_of(item, self.craft.goal)
        if item.frame in ABOVE_GROUND:
            height_m += self.scene.ground(east, north)
        return east, north, height_m

    def _on_list_changed(self, mission_type: int) -> None:
        names = {MISSION: "MIS_TOTAL", FENCE: "FENCE_TOTAL", RALLY: "RALLY_TOTAL"}
        items = self.stores.lists[mission_type]
        self.parameters.set(names[mission_type], len(items))
        if mission_type == FENCE:
            self.watches.fence.load(items, [self.local_place(item) for item in items])
        elif mission_type == MISSION:
            self._on_item_changed()

    def _on_item_changed(self) -> None:
        """Begin the item anew that is being flown, as ArduCopter does at every change."""
        if not (self.is_flying and self.mode == AUTO and self.mission_begun):
            return
        self.mission.replace_items(tuple(self.stores.mission), self.now_s)
        self._tell_mission()
        self.say(2, "Auto mission changed, restarted command")

    def _expose(self) -> None:
        """Take a picture: tell what is known of it, keep what is true."""
        self.shutter.count += 1
        index = self.shutter.count
        times = self.unix_us, round(1000 * self.now_s)
        self.outbox += reports_of(index, *times, self.craft, self.site, self.scene.persona)
        pose = true_pose(self.craft, self.drift, self.shutter.pitch_deg, self.true_site)
        clock_error_s, pitch_deg = self.drift.camera_clock_s, self.shutter.pitch_deg
        self.exposures.append(TrueExposure(index, self.time, pose, clock_error_s, pitch_deg))

    def say(self, severity: int, words: str) -> None:
        """Send a status text."""
        self.outbox.append(mavlink.MAVLink_statustext_message(severity, words.encode()[:50]))

    def _tell_mission(self) -> None:
        for words in self.mission.texts:
            self.say(6, words)
        first = self.scene.persona.first_item
        for seq in self.mission.reached:
            self.outbox.append(mavlink.MAVLink_mission_item_reached_message(seq - first))
        self.mission.texts, self.mission.reached = [], []

    def _say_all(self, texts: Iterable[tuple[int, str]]) -> None:
        for severity, words in texts:
            self.say(severity, words)

    def _tell_stores(self) -> None:
        self._say_all(self.stores.texts)
        self.stores.texts = []

    def _report(self) -> None:
        """Send the heartbeat and every stream that is due on this step of the clock."""
        if self.tick % STEPS_PER_S == 0:
            self.outbox.append(self.heartbeat())
            self.outbox.append(mavlink.MAVLink_timesync_message(0, self.tick * 20_000_000))
        due = [kind for kind, every in self.streams.items() if self.tick % every == 0]
        self.outbox += self.telemetry(due)
        if self.now_s <= READY_S and self.scene.persona is ARDUPILOT:
            self._say_all(texts_at(self.tick, STEPS_PER_S))
        if not self.armed and self.tick % (30 * STEPS_PER_S) == 0:
            for reason in self.readiness().faults(None):
                self.say(2, f"PreArm: {reason}")

    def telemetry(self, kinds: Iterable[int]) -> list[Message]:
        """Messages of some kinds as of now."""
        kinds = [kind for kind in kinds if kind in BUILDERS]
        if not kinds:
            return []
        status = status_of(self)
        return [BUILDERS[kind](status) for kind in kinds]

    def heartbeat(self) -> Message:
        """Mode, arming and state."""
        return heartbeat_of(self)
