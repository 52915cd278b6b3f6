"""How things are made to go wrong in a flight, at the moment that a scenario names; pure.

By the parameters that ArduPilot's simulator has for it, whoever sets them: the pilot of the gate
over MAVLink, or a test on the vehicle itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flight.trouble import Kind
from missions.model import Drone
from simulations.personas import ARDUPILOT, PX4, Persona
from simulations.phases import Moment
from simulations.scenarios import Fault, Phase, Scenario
from simulations.wire import Muffled

CLIMBED_M = 10.0  # when a climb counts as under way
WIND_OVER_M_S = 3.0  # above the limit, when the wind is made too strong
VOLTS_BELOW = 0.3  # BATT_LOW_VOLT, when the battery is made low
FENCE_BELOW_M = 5.0  # the vehicle, when its fence is made too low
MOTOR_SHARE = 0.6  # thrust of the weak motor
KINDS = {  # as what a fault is recognised
    Fault.BATTERY: Kind.BATTERY,
    Fault.GPS: Kind.GNSS,
    Fault.LINK: Kind.LINK,
    Fault.RADIO: Kind.RADIO,
    Fault.FENCE: Kind.FENCE,
    Fault.WIND: Kind.WIND,
    Fault.MOTOR: Kind.MOTOR,
}


@dataclass(slots=True)
class Failing:
    """One fault of one flight.

    Attributes:
        line: that is cut where the link shall be lost.
        read, put: a parameter of the vehicle.
        pace: seconds of the vehicle in one of the line's clock.
        begun_s: by the vehicle's time that is told; None before.
    """

    scenario: Scenario
    moment: Moment
    drone: Drone
    line: Muffled
    read: Callable[[str], float | None]
    put: Callable[[str, float], None]
    persona: Persona = ARDUPILOT
    pace: float = 1.0
    begun_s: float | None = None
    _number: int = 0
    _number_since_s: float = 0.0
    _ended: bool = False
    _gps_switch: tuple[str, float] = ("SIM_GPS_DISABLE", 1.0)

    def prepare(self) -> None:
        """See on the ground by which parameter this version's receiver is switched off."""
        if self.persona is PX4:
            self._gps_switch = ("SIM_GPS_USED", 0.0)
        elif self.scenario.fault is Fault.GPS and self.read("SIM_GPS_DISABLE") is None:
            self._gps_switch = ("SIM_GPS1_ENABLE", 0.0)

    def turn(self, number: int, height_m: float, now_s: float) -> bool:
        """Begin or end the fault where it is due; True when it begins.

        Args:
            number: of the item that is flown to, where home is 0.
            height_m: of the vehicle above home.
            now_s: any clock that runs as the vehicle's does.
        """
        if number != self._number:
            self._number, self._number_since_s = number, now_s
        fault = self.scenario.fault
        if fault is None:
            return False
        if self.begun_s is not None:
            self._end(fault, now_s)
        elif self._is_due(height_m, now_s):
            self.begun_s = now_s
            self._begin(fault, height_m)
            return True
        return False

    def _is_due(self, height_m: float, now_s: float) -> bool:
        if self._number < self.moment.number:
            return False
        if self.scenario.at is Phase.CLIMB:
            return height_m > CLIMBED_M
        late = now_s - self._number_since_s >= self.moment.after_s
        return self._number > self.moment.number or late

    def _begin(self, fault: Fault, height_m: float) -> None:
        if fault is Fault.LINK:
            self.line.cut(self.scenario.for_s / self.pace)
        elif fault is Fault.BATTERY:
            self.put("SIM_BATT_VOLTAGE", (self.read("BATT_LOW_VOLT") or 0.0) - VOLTS_BELOW)
        elif fault is Fault.FENCE:
            lid = "GF_MAX_VER_DIST" if self.persona is PX4 else "FENCE_ALT_MAX"
            self.put(lid, max(1.0, height_m - FENCE_BELOW_M))
        elif fault is Fault.WIND:
            self.put("SIM_WIND_SPD", self.drone.wind_limit_m_s + WIND_OVER_M_S)
        elif fault is Fault.MOTOR:
            self.put("SIM_ENGINE_MUL", MOTOR_SHARE)
            self.put("SIM_ENGINE_FAIL", 1)
        elif fault is Fault.GPS:
            self.put(*self._gps_switch)
        else:
            self.put("SIM_RC_FAIL", 1)

    def _end(self, fault: Fault, now_s: float) -> None:
        """Let the radio come back; the link does so by itself, and nothing else does."""
        over = self.scenario.for_s > 0 and now_s - (self.begun_s or 0.0) >= self.scenario.for_s
        if over and fault is Fault.RADIO and not self._ended:
            self._ended = True
            self.put("SIM_RC_FAIL", 0)
