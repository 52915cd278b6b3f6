"""How the built-in vehicle meets the ground: in a landing, in a crash, or falling; pure."""

from dataclasses import dataclass

from simulations.vehicle import Multirotor

STOP_AFTER_S = 2.1  # from touching the ground to the rotors' stop, in the recordings
HIGH_ENOUGH_M = 0.5  # off the ground for good
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
    _landed_s: float = 0.0

    @property
    def above_m(self) -> float:
        """Height above the ground below."""
        return self.craft.position[2] - self.craft.ground_m

    def begin(self, now_s: float) -> None:
        """Start a flight."""
        self._off_ground, self._landed_s = False, now_s

    def step(self, now_s: float, *, landing: bool) -> tuple[Texts, bool]:
        """What is to be told, and whether the rotors stop now: after a landing, or a crash."""
        self._off_ground = self._off_ground or self.above_m > HIGH_ENOUGH_M
        if self.above_m > 0 or not landing:
            self._landed_s = now_s
        if self.above_m > 0:
            return [], False
        if landing:
            return self._touch(), now_s - self._landed_s >= STOP_AFTER_S
        if not self._off_ground:
            return [], False
        self.craft.rest()
        return [*self._touch(), (0, "Crash: Disarming: AngErr=90>30, Accel=0.0<3.0")], True

    def fall(self) -> Texts:
        """Drop a little further; tell the end of it."""
        self.falling = not self.craft.fall()
        return [] if self.falling else self._touch()

    def _touch(self) -> Texts:
        touched_m_s, self.craft.touched_m_s = self.craft.touched_m_s, None
        return [] if touched_m_s is None else [(6, f"SIM Hit ground at {touched_m_s:.6f} m/s")]
