"""The noise of the receiver and the barometer between two moments, pure.

It shows in raw sensor messages only (GPS_RAW_INT, SCALED_PRESSURE): what the estimate makes of it,
errors that wander over minutes, is in `simulations.drift`.
"""

from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from simulations.drift import Wander

SEA_LEVEL_HPA, LAPSE_HPA_M = 1013.25, 0.12  # pressure falls so much a metre near the ground


@dataclass(slots=True)
class SensorNoise:
    """Noise of one vehicle at one moment."""

    STEP_S: ClassVar[float] = 0.2  # a receiver measures five times a second

    seed: int
    _gnss: tuple[Wander, Wander, Wander] = field(init=False)
    _pressure: Wander = field(init=False)

    def __post_init__(self) -> None:
        """Draw the first errors."""
        random = Random(f"sensors {self.seed}")
        self._gnss = (
            Wander(0.25, 2.0, random),
            Wander(0.25, 2.0, random),
            Wander(0.5, 2.0, random),
        )
        self._pressure = Wander(0.015, 0.2, random)

    def step(self) -> None:
        """Let `STEP_S` pass."""
        for wander in (*self._gnss, self._pressure):
            wander.step(self.STEP_S)

    @property
    def gnss_m(self) -> tuple[float, float, float]:
        """East, north and up."""
        east, north, up = self._gnss
        return east.value, north.value, up.value

    def pressure_hpa(self, altitude_amsl_m: float) -> float:
        """What the barometer reads at an altitude."""
        return SEA_LEVEL_HPA - LAPSE_HPA_M * altitude_amsl_m + self._pressure.value
