"""How the built-in vehicle meets the ground: landing, standing on it, in a crash, or falling; pure.

ArduCopter itself disarms for a crash only where the body leans 30 degrees away from what was asked
for, 2 s long, while hardly anything accelerates it (ArduCopter, crash_check.cpp). One that comes
down slowly and level in BRAKE or LOITER stands on the ground with its rotors turning. A point mass
cannot roll over: that a body does is taken from how fast and how inclined it touches the ground.
"""

import math
from dataclasses import dataclass

from simulations.vehicle import Multirotor

STOP_AFTER_S = 2.1  # from touching the ground to the rotors' stop, in the recordings
HIGH_ENOUGH_M = 0.5  # off the ground for good
# A touch beyond any of these is a crash where nobody was landing; estimates, not measured.
SINKS_M_S = 3.0  # legs break
SLIDES_M_S = 2.0  # along the ground: it trips over its legs
LEANS_DEG = 30.0  # CRASH_CHECK_ANGLE_DEVIATION_DEG
Texts = list[tuple[int, str]]  # severity, words


@dataclass(slots=True)
class Contact:
    """Whether a vehicle is off the ground, and since when it is back on it.

    Attributes:
        falling: its rotors were stopped in the air.
    """

    craft: Multirotor
    falling: bool = False
    _off_ground: bool = False
    _stands: bool = False
    _landed_s: float = 0.0

    @property
    def above_m(self) -> float:
        """Height above the ground below."""
        return self.craft.position[2] - self.craft.ground_m

    def begin(self, now_s: float) -> None:
        """Start a flight."""
        self._off_ground, self._stands, self._landed_s = False, False, now_s

    def step(self, now_s: float, *, landing: bool) -> tuple[Texts, bool]:
        """What is to be told, and whether the rotors stop now: after a landing, or a crash."""
        self._off_ground = self._off_ground or self.above_m > HIGH_ENOUGH_M
        self._stands = self._stands and self.above_m <= HIGH_ENOUGH_M
        if self.above_m > 0 or not landing:
            self._landed_s = now_s
        if self.above_m > 0:
            return [], False
        if landing:
            return self._touch(), now_s - self._landed_s >= STOP_AFTER_S
        if not self._off_ground:
            return [], False
        return self._crash() if self._touches_hard else (self._stand(), False)

    @property
    def _touches_hard(self) -> bool:
        east_m_s, north_m_s, up_m_s = self.craft.velocity
        roll, pitch = (math.radians(angle) for angle in self.craft.tilt_deg)
        lean_deg = math.degrees(math.acos(math.cos(roll) * math.cos(pitch)))
        slides = math.hypot(east_m_s, north_m_s) >= SLIDES_M_S
        return -up_m_s >= SINKS_M_S or slides or lean_deg >= LEANS_DEG

    def _crash(self) -> tuple[Texts, bool]:
        self.craft.rest()
        return [*self._touch(), (0, "Crash: Disarming: AngErr=90>30, Accel=0.0<3.0")], True

    def _stand(self) -> Texts:
        """Be carried by the ground with the rotors turning; tell of the first touch."""
        self.craft.stand()
        touched, before, self._stands = self._touch(), self._stands, True
        return [] if before else touched

    def fall(self) -> Texts:
        """Drop a little further; tell the end of it."""
        self.falling = not self.craft.fall()
        return [] if self.falling else self._touch()

    def _touch(self) -> Texts:
        touched_m_s, self.craft.touched_m_s = self.craft.touched_m_s, None
        return [] if touched_m_s is None else [(6, f"SIM Hit ground at {touched_m_s:.6f} m/s")]
