"""How the built-in vehicle works through its mission in AUTO, in ArduCopter's order, pure.

Items that move nothing (camera, speed, heading) lie between two navigation items. The first is
started before the second navigation item, the others one after the other while that is flown, and
CONDITION_YAW holds up those behind it until the nose has turned; what is not reached before the
next navigation item is dropped (ArduPilot, AP_Mission::advance_current_do_cmd).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from missions.model import Command, MissionItem
from simulations.behaviours import Behaviour, GoTo, Hold, Land, Return, TakeOff, with_speed
from simulations.motion import SpeedLimits, Vector
from simulations.parameters import Parameters
from simulations.stores import (
    DO_DIGICAM_CONTROL,
    IMAGE_START_CAPTURE,
    NAV_LOITER_TIME,
    NAV_LOITER_UNLIM,
)
from simulations.vehicle import Multirotor

HEADING_REACHED_DEG = 2.0  # ModeAuto::verify_yaw
NAV_COMMANDS = frozenset({16, NAV_LOITER_UNLIM, NAV_LOITER_TIME, 20, 21, 22})
TEXTS = {
    16: "WP",
    NAV_LOITER_UNLIM: "LoitUnlim",
    NAV_LOITER_TIME: "LoitTime",
    20: "RTL",
    21: "Land",
    22: "Takeoff",
    115: "CondYaw",
    178: "ChangeSpeed",
    DO_DIGICAM_CONTROL: "DigiCamCtrl",
    205: "MountControl",
    206: "SetCamTrigDst",
    IMAGE_START_CAPTURE: "ImageStartCapture",
}


@dataclass(slots=True)
class Shutter:
    """When the camera is released: by distance flown, or at once.

    Attributes:
        pitch_deg: of the gimbal, -90 straight down.
    """

    distance_m: float = 0.0
    pending: bool = False
    pitch_deg: float = -90.0
    count: int = 0
    _last: Vector | None = None

    def set_distance(self, distance_m: float, *, at_once: bool) -> None:
        """Release every so many metres from here on; 0 stops it."""
        self.distance_m, self._last = distance_m, None
        self.pending = self.pending or (at_once and distance_m > 0)

    def releases_at(self, position: Vector) -> bool:
        """Whether a picture is due; straight distance from the last one, as AP_Camera does."""
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
    _waiting: list[int] = field(default_factory=list)
    _turning_to_deg: float | None = None
    texts: list[str] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)

    @property
    def is_landing(self) -> bool:
        """Whether the vehicle is on its last way down."""
        behaviour = self.behaviour
        return isinstance(behaviour, Land) or (isinstance(behaviour, Return) and behaviour.landing)

    def begin(self, items: Sequence[MissionItem], now_s: float) -> None:
        """Start at the first item."""
        self.items, self.seq, self.complete, self.behaviour = items, 0, False, None
        self._go_on(now_s)

    def resume(self, now_s: float) -> None:
        """Fly the current item again, after another mode."""
        if 0 < self.seq < len(self.items):
            self.behaviour = self._behaviour(self.seq, now_s, under_way=False)
        else:
            self.begin(self.items, now_s)

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
        self._run_waiting()
        self._look_ahead()
        if not self.behaviour.step(now_s):
            return
        self._tell_reached()
        self._go_on(now_s, turning=self._was_turned())

    def _was_turned(self) -> bool:
        return isinstance(self.behaviour, GoTo) and self.behaviour.stay_s == 0

    def _tell_reached(self) -> None:
        command = self.items[self.seq].command
        if command == Command.NAV_TAKEOFF:
            # the notice waits in one slot, and the item that is run at once overwrites it
            first_after = self.seq + 1
            overwritten = first_after < self._next_nav(self.seq)
            self.reached.append(first_after if overwritten else self.seq)
            return
        self.reached.append(self.seq)
        if command == Command.NAV_WAYPOINT:
            self.texts.append(f"Reached command #{self.seq}")

    def _go_on(self, now_s: float, *, turning: bool = False) -> None:
        """Start the first item before the next navigation item, and that; the others wait."""
        following = self._next_nav(self.seq)
        self._waiting, self._turning_to_deg = list(range(self.seq + 1, following)), None
        if self._waiting:
            self._do(self._waiting.pop(0))
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
        self.texts.append(f"Mission: {seq} {TEXTS[self.items[seq].command]}")

    def _next_nav(self, seq: int) -> int:
        """Sequence number of the next item that moves the vehicle; the count if there is none."""
        later = range(seq + 1, len(self.items))
        return next((s for s in later if self.items[s].command in NAV_COMMANDS), len(self.items))

    def _look_ahead(self) -> None:
        """Tell the craft where to go on, where the corner may be rounded."""
        behaviour = self.behaviour
        if not isinstance(behaviour, GoTo) or not behaviour.under_way or behaviour.stay_s > 0:
            return
        following = self._next_nav(self.seq)
        if self.craft.has_next or following >= len(self.items):
            return
        item = self.items[following]
        if item.command == Command.NAV_WAYPOINT:
            limits = self._limits_before(following)
            self.craft.then_fly_to(self.place(item), limits)

    def _limits_before(self, seq: int) -> SpeedLimits:
        """Limits after the speed changes between here and an item."""
        limits = self.craft.limits
        for item in self.items[self.seq + 1 : seq]:
            if item.command == Command.DO_CHANGE_SPEED:
                limits = _changed_speed(limits, item)
        return limits

    def _behaviour(self, seq: int, now_s: float, *, under_way: bool) -> Behaviour:
        item = self.items[seq]
        if item.command == Command.NAV_TAKEOFF:
            # in the air it climbs or stays, as ModeAuto::takeoff_start has it
            height_m = max(self.place(item)[2], self.craft.position[2])
            return TakeOff(self.craft, height_m, now_s)
        if item.command == Command.NAV_RETURN_TO_LAUNCH:
            return Return(self.craft, self.parameters)
        if item.command == Command.NAV_LAND:
            return Land(self.craft, self.parameters)
        stay_s = item.parameters[0]
        if item.command == NAV_LOITER_UNLIM:
            stay_s = float("inf")
        return GoTo(self.craft, self.place(item), stay_s, under_way=under_way)

    def _run_waiting(self) -> None:
        """Run the next item that moves nothing; a turn of the nose must be finished before it."""
        if self._turning_to_deg is not None:
            self.craft.commanded_heading_deg = self._turning_to_deg
            error = (self.craft.heading_deg - self._turning_to_deg + 180) % 360 - 180
            if abs(error) > HEADING_REACHED_DEG:
                return
            self._turning_to_deg = None
        if self._waiting:
            self._do(self._waiting.pop(0))

    def _do(self, seq: int) -> None:
        """Carry out an item that moves nothing."""
        item = self.items[seq]
        self._tell(seq)
        p1, _, p3, p4 = item.parameters
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
        elif item.command in (DO_DIGICAM_CONTROL, IMAGE_START_CAPTURE):
            self.shutter.pending = True


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
