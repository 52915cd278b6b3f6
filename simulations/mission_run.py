"""How the built-in vehicle works through its mission in AUTO, in ArduCopter's order, pure.

Items that move nothing (camera, speed, heading) lie between two navigation items. The first is
started before the second navigation item, the others one after the other while that is flown, and
CONDITION_YAW holds up those behind it until the nose has turned; what is not reached before the
next navigation item is dropped (ArduPilot, AP_Mission::advance_current_do_cmd).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from missions.flown import TAKEOFFS
from missions.model import Command, MissionItem
from simulations.behaviours import Behaviour, GoTo, Hold, Land, Return, TakeOff, with_speed
from simulations.motion import SpeedLimits, Vector
from simulations.parameters import Parameters
from simulations.personas import Persona
from simulations.stores import (
    CONDITION_DELAY,
    DO_DIGICAM_CONTROL,
    DO_JUMP,
    IMAGE_START_CAPTURE,
    IMAGE_STOP_CAPTURE,
    NAV_DELAY,
    NAV_LOITER_TIME,
    NAV_LOITER_TURNS,
    NAV_LOITER_UNLIM,
    NAV_SPLINE,
    NAV_VTOL_TAKEOFF,
)
from simulations.vehicle import STEP_S, Multirotor

HEADING_REACHED_DEG = 2.0  # ModeAuto::verify_yaw
# A spline is flown as a straight leg and a loiter turn as a stop: neither is a part of our plans.
WAYPOINTS = frozenset({16, NAV_SPLINE})
NAV_COMMANDS = WAYPOINTS | {
    NAV_LOITER_UNLIM,
    NAV_LOITER_TURNS,
    NAV_LOITER_TIME,
    NAV_DELAY,
    20,
    21,
    22,
    NAV_VTOL_TAKEOFF,
}
MOST_JUMPS = 200  # through items that move nothing; a loop of jumps alone would never end
TEXTS = {
    16: "WP",
    NAV_LOITER_UNLIM: "LoitUnlim",
    NAV_LOITER_TURNS: "LoitTurns",
    NAV_LOITER_TIME: "LoitTime",
    20: "RTL",
    21: "Land",
    22: "Takeoff",
    NAV_SPLINE: "SplineWP",
    NAV_VTOL_TAKEOFF: "VTOLTakeoff",
    NAV_DELAY: "Delay",
    CONDITION_DELAY: "CondDelay",
    115: "CondYaw",
    DO_JUMP: "Jump",
    178: "ChangeSpeed",
    DO_DIGICAM_CONTROL: "DigiCamCtrl",
    205: "MountControl",
    206: "SetCamTrigDst",
    IMAGE_START_CAPTURE: "ImageStartCapture",
    IMAGE_STOP_CAPTURE: "ImageStopCapture",
}


@dataclass(slots=True)
class Shutter:
    """When the camera is released: by distance flown, or at once.

    Attributes:
        interval_s: between pictures that are released by time; 0 for none.
        pitch_deg: of the gimbal, -90 straight down.
    """

    distance_m: float = 0.0
    interval_s: float = 0.0
    pending: bool = False
    pitch_deg: float = -90.0
    count: int = 0
    _left: int = 0
    _wait_s: float = 0.0
    _last: Vector | None = None

    def set_distance(self, distance_m: float, *, at_once: bool) -> None:
        """Release every so many metres from here on; 0 stops it."""
        self.distance_m, self._last = distance_m, None
        self.pending = self.pending or (at_once and distance_m > 0)

    def set_interval(self, interval_s: float, pictures: int) -> None:
        """Release now and every so many seconds, for a number of pictures; 0 for ever."""
        self.pending = True
        self.interval_s, self._wait_s = max(0.0, interval_s), interval_s
        self._left = pictures - 1 if pictures > 0 else -1
        if self._left == 0:
            self.interval_s = 0.0

    def stop_interval(self) -> None:
        """Release no more by time."""
        self.interval_s = 0.0

    def releases_at(self, position: Vector) -> bool:
        """Whether a picture is due; straight distance from the last one, as AP_Camera does."""
        if self.interval_s > 0:
            self._tick()
        if self.pending:
            self.pending, self._last = False, position
            return True
        if self.distance_m <= 0:
            return False
        if self._last is None:
            self._last = position
            return False
        east, north = position[0] - self._last[0], position[1] - self._last[1]
        if east * east + north * north < self.distance_m**2:
            return False
        self._last = position
        return True

    def _tick(self) -> None:
        self._wait_s -= STEP_S
        if self._wait_s > 1e-9:
            return
        self._wait_s += self.interval_s
        self.pending = True
        self._left -= 1
        if self._left == 0:
            self.interval_s = 0.0


@dataclass(slots=True)
class MissionRun:
    """Which item is being flown, and the vehicle's words about it.

    Attributes:
        items: with the home item in front, as the vehicle stores them.
        place: local position of an item, metres.
        texts, reached: what happened since they were last taken away.
    """

    craft: Multirotor
    shutter: Shutter
    parameters: Parameters
    place: Callable[[MissionItem], Vector]
    items: Sequence[MissionItem] = ()
    seq: int = 0
    complete: bool = False
    behaviour: Behaviour | None = None
    rally: tuple[Vector, ...] = ()
    _waiting: list[int] = field(default_factory=list)
    _turning_to_deg: float | None = None
    _delayed_until_s: float = 0.0
    _jumps: dict[int, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)

    @property
    def is_landing(self) -> bool:
        """Whether the vehicle is on its last way down."""
        behaviour = self.behaviour
        return isinstance(behaviour, Land) or (isinstance(behaviour, Return) and behaviour.landing)

    def begin(
        self, items: Sequence[MissionItem], now_s: float, rally: tuple[Vector, ...] = ()
    ) -> None:
        """Start at the first item."""
        self.items, self.seq, self.complete, self.behaviour = items, 0, False, None
        self.rally, self._jumps = rally, {}
        self._go_on(now_s)

    def replace_items(self, items: Sequence[MissionItem], now_s: float) -> None:
        """Go on with the same number in another mission."""
        self.items = items
        self.resume(now_s)

    def resume(self, now_s: float) -> None:
        """Fly the current item again, after another mode."""
        if 0 < self.seq < len(self.items):
            self._tell(self.seq)
            self.behaviour = self._behaviour(self.seq, now_s, under_way=False)
        else:
            self.begin(self.items, now_s, self.rally)

    def rewind(self) -> None:
        """Begin at the first item when it is begun."""
        self.seq, self.complete, self._jumps = 0, False, {}

    def jump_to(self, seq: int, now_s: float) -> bool:
        """Make another item the current one; False where there is none."""
        if not 0 < seq < len(self.items):
            return False
        self.seq = seq - 1
        self._go_on(now_s)
        return True

    def step(self, now_s: float) -> None:
        """Go on with the current item and pass to the next when it is done."""
        if self.behaviour is None:
            return
        self._run_waiting(now_s)
        self._look_ahead()
        if not self.behaviour.step(now_s):
            return
        self._tell_reached()
        self._go_on(now_s, turning=self._was_turned())

    def _was_turned(self) -> bool:
        return isinstance(self.behaviour, GoTo) and self.behaviour.stay_s == 0

    def _tell_reached(self) -> None:
        command = self.items[self.seq].command
        if command in TAKEOFFS:
            # the notice waits in one slot, and the item that is run at once overwrites it
            first_after = self.seq + 1
            overwritten = first_after < self._ahead(self.seq)[1]
            self.reached.append(first_after if overwritten else self.seq)
            return
        self.reached.append(self.seq)
        if command in WAYPOINTS:
            self.texts.append(f"Reached command #{self.seq}")

    def _go_on(self, now_s: float, *, turning: bool = False) -> None:
        """Start the first item before the next navigation item, and that; the others wait."""
        self._waiting, following, self._jumps = self._ahead(self.seq)
        self._turning_to_deg, self._delayed_until_s = None, 0.0
        if self._waiting:
            self._do(self._waiting.pop(0), now_s)
        self.craft.commanded_heading_deg = None  # each way-point takes the heading back
        if following >= len(self.items):
            self.seq, self.complete = 0, True
            self.behaviour = Hold(self.craft)
            return
        self.seq = following
        self._tell(following)
        goal = self.place(self.items[following]) if turning else None
        under_way = goal is not None and goal == self.craft.goal
        self.behaviour = self._behaviour(following, now_s, under_way=under_way)

    def _tell(self, seq: int) -> None:
        self.texts.append(f"Mission: {seq} {TEXTS.get(self.items[seq].command, 'Unknown')}")

    def _ahead(self, seq: int) -> tuple[list[int], int, dict[int, int]]:
        """Items after one that move nothing, the next that does, and the jumps taken by then.

        The next one is the count of items where there is none.
        """
        passed: list[int] = []
        jumps, at = dict(self._jumps), seq + 1
        for _ in range(MOST_JUMPS):
            if at >= len(self.items) or self.items[at].command in NAV_COMMANDS:
                return passed, at, jumps
            if self.items[at].command == DO_JUMP:
                target, times = (int(p) for p in self.items[at].parameters[:2])
                taken = jumps.get(at, 0)
                jumps[at] = taken + 1
                at = target if times < 0 or taken < times else at + 1
            else:
                passed.append(at)
                at += 1
        return passed, len(self.items), jumps

    def _look_ahead(self) -> None:
        """Tell the craft where to go on, where the corner may be rounded."""
        behaviour = self.behaviour
        if not isinstance(behaviour, GoTo) or not behaviour.under_way or behaviour.stay_s > 0:
            return
        if self.craft.has_next:
            return
        between, following, _ = self._ahead(self.seq)
        if following < len(self.items) and self.items[following].command in WAYPOINTS:
            place = self.place(self.items[following])
            self.craft.then_fly_to(place, self._limits_after(between))

    def _limits_after(self, passed: Sequence[int]) -> SpeedLimits:
        """Limits after the speed changes among items."""
        limits = self.craft.limits
        for item in (self.items[seq] for seq in passed):
            if item.command == Command.DO_CHANGE_SPEED:
                limits = _changed_speed(limits, item)
        return limits

    def _behaviour(self, seq: int, now_s: float, *, under_way: bool) -> Behaviour:
        item = self.items[seq]
        if item.command in TAKEOFFS:
            # in the air it climbs or stays, as ModeAuto::takeoff_start has it
            height_m = max(self.place(item)[2], self.craft.position[2])
            return TakeOff(self.craft, height_m, now_s)
        if item.command == Command.NAV_RETURN_TO_LAUNCH:
            return Return(self.craft, self.parameters, self.rally)
        if item.command == Command.NAV_LAND:
            return Land(self.craft, self.parameters)
        if item.command == NAV_DELAY:
            return Hold(self.craft, until_s=now_s + item.parameters[0])
        stay_s = 0.0 if item.command == NAV_LOITER_TURNS else item.parameters[0]
        if item.command == NAV_LOITER_UNLIM:
            stay_s = float("inf")
        return GoTo(self.craft, self.place(item), stay_s, under_way=under_way)

    def _run_waiting(self, now_s: float) -> None:
        """Run the next item that moves nothing; turns and delays before it must be over."""
        if now_s < self._delayed_until_s:
            return
        if self._turning_to_deg is not None:
            self.craft.commanded_heading_deg = self._turning_to_deg
            error = (self.craft.heading_deg - self._turning_to_deg + 180) % 360 - 180
            if abs(error) > HEADING_REACHED_DEG:
                return
            self._turning_to_deg = None
        if self._waiting:
            self._do(self._waiting.pop(0), now_s)

    def _do(self, seq: int, now_s: float) -> None:
        """Carry out an item that moves nothing."""
        item = self.items[seq]
        self._tell(seq)
        p1, p2, p3, p4 = item.parameters
        if item.command == Command.DO_CHANGE_SPEED:
            self.craft.limits = _changed_speed(self.craft.limits, item)
        elif item.command == Command.DO_SET_CAM_TRIGG_DIST:
            self.shutter.set_distance(p1, at_once=p3 == 1)
        elif item.command == Command.DO_MOUNT_CONTROL:
            self.shutter.pitch_deg = p1
        elif item.command == Command.CONDITION_YAW:
            relative = self.craft.heading_deg if p4 else 0.0
            turn = -p1 if p4 and p3 < 0 else p1
            self._turning_to_deg = (relative + turn) % 360
        elif item.command == CONDITION_DELAY:
            self._delayed_until_s = now_s + p1
        elif item.command == DO_DIGICAM_CONTROL:
            self.shutter.pending |= item.lat_deg == 1  # x: shoot, as AP_Camera has it
        elif item.command == IMAGE_START_CAPTURE:
            self.shutter.set_interval(p2, int(p3))
        elif item.command == IMAGE_STOP_CAPTURE:
            self.shutter.stop_interval()


def takes_off_first(mission: Sequence[MissionItem], persona: Persona) -> bool:
    """Whether a mission (home in front) can be begun on the ground.

    ArduCopter asks that the first item that moves is a take-off, and passes over delays
    (AP_Mission::starts_with_takeoff_cmd); of PX4 any take-off will do here.
    """
    commands = [item.command for item in mission[1:]]
    if persona.whole_uploads:
        return any(command in TAKEOFFS for command in commands)
    moving = (c for c in commands if c in NAV_COMMANDS and c != NAV_DELAY)
    return next(moving, None) in TAKEOFFS


def _changed_speed(limits: SpeedLimits, item: MissionItem) -> SpeedLimits:
    """Apply DO_CHANGE_SPEED: type 0 and 1 along the ground, 2 climbing, 3 sinking."""
    kind, speed_m_s = int(item.parameters[0]), item.parameters[1]
    if speed_m_s <= 0:
        return limits
    if kind == 2:
        return replace(limits, up_m_s=speed_m_s)
    if kind == 3:
        return replace(limits, down_m_s=speed_m_s)
    return with_speed(limits, speed_m_s)
