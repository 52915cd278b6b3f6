"""What makes the built-in vehicle break off: battery, lost link, lost position, weak motor; pure.

Texts, modes and delays are those of the recordings (CONFORMANCE 3.5); the text of a thrust loss is
ArduCopter's (crash_check.cpp), which no recording holds.
"""

from dataclasses import dataclass, field

from simulations.parameters import Parameters

ALT_HOLD, RTL, LAND, BRAKE = 2, 6, 9, 17
BATTERY_ACTIONS = {
    1: LAND,
    2: RTL,
    3: RTL,
    4: RTL,
    5: LAND,
}  # 3, 4: SmartRTL, which is not modelled
EKF_ACTIONS = {1: LAND, 2: ALT_HOLD, 3: LAND}
VARIANCE_S, AIDING_STOPS_S = 8.0, 15.0  # after the last fix, in the recordings
RADIO_S = 1.0  # likewise
THRUST_LOSS_S, FULL_THROTTLE_SHARE = 1.0, 0.9  # crash_check.cpp


@dataclass(frozen=True, slots=True)
class Order:
    """A change of mode that a failsafe asks for, and what the vehicle says: severity, words."""

    mode: int | None
    texts: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class BatteryWatch:
    """Low and critical voltage, each after BATT_LOW_TIMER."""

    parameters: Parameters
    _low_since_s: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    @property
    def active(self) -> bool:
        """Whether it has broken off a flight; that does not pass."""
        return bool(self._told)

    def check(self, voltage_v: float, used_mah: float, now_s: float) -> Order | None:
        """Answer a voltage that stayed low."""
        for kind, prefix in (("critical", "CRT"), ("low", "LOW")):
            if self._stays_below(kind, voltage_v, self.parameters[f"BATT_{prefix}_VOLT"], now_s):
                self._told |= {kind, "low"}
                action = int(self.parameters[f"BATT_FS_{prefix}_ACT"])
                words = f"Battery 1 is {kind} {voltage_v:.2f}V used {used_mah:.0f} mAh"
                texts = ((4, words), (4, "Battery Failsafe"))
                return Order(BATTERY_ACTIONS.get(action), texts)
        return None

    def _stays_below(self, kind: str, voltage_v: float, limit_v: float, now_s: float) -> bool:
        if kind in self._told or limit_v <= 0:
            return False
        if voltage_v >= limit_v:
            self._low_since_s.pop(kind, None)
            return False
        since_s = self._low_since_s.setdefault(kind, now_s)
        return now_s - since_s >= self.parameters["BATT_LOW_TIMER"]


@dataclass(slots=True)
class GroundStationWatch:
    """Silence of the ground station, once it was heard."""

    parameters: Parameters
    heard_s: float | None = None
    active: bool = False

    def check(self, now_s: float) -> Order | None:
        """Answer silence beyond FS_GCS_TIMEOUT, and tell its end."""
        if self.heard_s is None or not self.parameters["FS_GCS_ENABLE"]:
            return None
        silent = now_s - self.heard_s > self.parameters["FS_GCS_TIMEOUT"]
        if silent == self.active:
            return None
        self.active = silent
        if silent:
            return Order(RTL, ((4, "GCS Failsafe"),))
        return Order(None, ((4, "GCS Failsafe Cleared"),))


@dataclass(slots=True)
class RadioWatch:
    """Loss of the remote control (SIM_RC_FAIL)."""

    parameters: Parameters
    active: bool = False
    _lost_s: float | None = None

    def check(self, now_s: float) -> Order | None:
        """Answer a loss after a second, and tell its end."""
        if not self.parameters["SIM_RC_FAIL"]:
            self._lost_s = None
            was, self.active = self.active, False
            return Order(None, ((4, "Radio Failsafe Cleared"),)) if was else None
        if self._lost_s is None:
            self._lost_s = now_s
        late = now_s - self._lost_s >= RADIO_S
        if not late or self.active or not self.parameters["FS_THR_ENABLE"]:
            return None
        self.active = True
        return Order(RTL, ((4, "Radio Failsafe"),))


@dataclass(slots=True)
class PositionWatch:
    """Loss of GNSS (SIM_GPS_DISABLE): the estimate holds for a while, then it is given up.

    Attributes:
        active: the position is not to be trusted any more.
        aiding: the estimate still moves on without a fix.
    """

    parameters: Parameters
    active: bool = False
    aiding: bool = True
    _lost_s: float | None = None

    @property
    def has_fix(self) -> bool:
        """Whether the receiver sees enough satellites now."""
        return not self.parameters["SIM_GPS_DISABLE"]

    def check(self, now_s: float, *, flying: bool) -> Order | None:
        """Answer the loss: a warning on the ground, a landing in the air."""
        if self.has_fix:
            was_lost, self._lost_s = not self.aiding, None
            self.active, self.aiding = False, True
            return Order(None, _each_imu(6, "is using GPS")) if was_lost else None
        if self._lost_s is None:
            self._lost_s = now_s
        lost_for_s = now_s - self._lost_s
        if lost_for_s >= VARIANCE_S and not self.active:
            self.active = True
            return self._give_up(flying=flying)
        if lost_for_s >= AIDING_STOPS_S and self.aiding:
            self.aiding = False
            return Order(None, _each_imu(4, "stopped aiding"))
        return None

    def _give_up(self, *, flying: bool) -> Order:
        if not flying:
            return Order(None, ((2, "EKF variance"),))
        texts = ((2, "EKF3 lane switch 1"), (4, "EKF primary changed:1"), (2, "EKF variance"))
        mode = EKF_ACTIONS.get(int(self.parameters["FS_EKF_ACTION"]))
        if mode is None:
            return Order(None, texts)
        name = "LAND" if mode == LAND else "ALT_HOLD"
        return Order(mode, (*texts, (2, f"EKF Failsafe: changed to {name} Mode")))


def _each_imu(severity: int, words: str) -> tuple[tuple[int, str], ...]:
    return tuple((severity, f"EKF3 IMU{number} {words}") for number in (0, 1))


@dataclass(slots=True)
class ThrustWatch:
    """Motors at full throttle that do not carry the vehicle; this is told once, and that is all."""

    _since_s: float | None = None
    _told: bool = False

    def check(self, throttle_share: float, now_s: float, *, sinking: bool) -> Order | None:
        """Tell it after a second."""
        if self._told or throttle_share < FULL_THROTTLE_SHARE or not sinking:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < THRUST_LOSS_S:
            return None
        self._told = True
        return Order(None, ((0, "Potential Thrust Loss (1)"),))
