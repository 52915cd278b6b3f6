"""What a vehicle does not know about itself: errors of position, heading and gimbal, pure.

These separate the vehicle's own reports (telemetry, CAMERA_FEEDBACK) from where it truly is; a
simulated photo's tags say what the vehicle reported.
"""

import math
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True)
class DriftSigma:
    """One standard deviation of each error, and how fast it wanders.

    The defaults are those of a single-frequency GNSS receiver, a barometer, a compass that was
    calibrated, and a three-axis gimbal.

    Attributes:
        horizontal_m: in each axis.
        vertical_m: of the barometric height, which is set to 0 at take-off.
        altitude_bias_m: of heights above sea level, one for each flight, by GNSS at take-off.
        position_lag_s: by which reported positions are late, one for each flight.
        camera_clock_s: by which the camera's clock is wrong, one for each flight.
    """

    horizontal_m: float = 1.2
    vertical_m: float = 0.5
    altitude_bias_m: float = 2.0
    position_lag_s: float = 0.03
    camera_clock_s: float = 0.3
    position_time_s: float = 150.0
    heading_deg: float = 0.8
    heading_time_s: float = 60.0
    gimbal_deg: float = 0.12
    gimbal_time_s: float = 0.4


NO_DRIFT = DriftSigma(
    horizontal_m=0.0,
    vertical_m=0.0,
    altitude_bias_m=0.0,
    position_lag_s=0.0,
    camera_clock_s=0.0,
    heading_deg=0.0,
    gimbal_deg=0.0,
)


@dataclass(slots=True)
class Wander:
    """A first-order Gauss-Markov process: an error that forgets itself over a time."""

    sigma: float
    time_s: float
    random: Random
    value: float = field(init=False)

    def __post_init__(self) -> None:
        """Start anywhere in the stationary distribution."""
        self.value = self.random.gauss(0.0, self.sigma) if self.sigma > 0 else 0.0

    def step(self, dt_s: float) -> None:
        """Let time pass."""
        if self.sigma <= 0:
            return
        keep = math.exp(-dt_s / self.time_s)
        spread = self.sigma * math.sqrt(1 - keep**2)
        self.value = keep * self.value + self.random.gauss(0.0, spread)


class Drift:
    """The errors of one flight at one moment; true value = known value + error.

    Attributes:
        altitude_bias_m: reported heights above sea level minus true ones, at take-off.
        position_lag_s: age of a reported position; below 0 it is ahead.
        camera_clock_s: the camera's clock minus UTC.
    """

    STEP_S = 0.1

    def __init__(self, sigma: DriftSigma, seed: int) -> None:
        random = Random(f"drift {seed}")
        horizontal = (sigma.horizontal_m, sigma.position_time_s, random)
        self._east, self._north = Wander(*horizontal), Wander(*horizontal)
        self._up = Wander(sigma.vertical_m, sigma.position_time_s, random)
        self._heading = Wander(sigma.heading_deg, sigma.heading_time_s, random)
        gimbal = (sigma.gimbal_deg, sigma.gimbal_time_s, random)
        self._gimbal = (Wander(*gimbal), Wander(*gimbal))
        self._up_at_start_m = self._up.value
        fixed = Random(f"fixed errors {seed}")
        self.altitude_bias_m = fixed.gauss(0.0, sigma.altitude_bias_m)
        self.position_lag_s = fixed.gauss(0.0, sigma.position_lag_s)
        self.camera_clock_s = fixed.gauss(0.0, sigma.camera_clock_s)

    def step(self) -> None:
        """Let `STEP_S` pass."""
        for wander in (self._east, self._north, self._up, self._heading, *self._gimbal):
            wander.step(self.STEP_S)

    @property
    def position_m(self) -> tuple[float, float, float]:
        """East, north and up; the height error is 0 at take-off, where the barometer is set."""
        return self._east.value, self._north.value, self._up.value - self._up_at_start_m

    @property
    def heading_deg(self) -> float:
        """Of the compass."""
        return self._heading.value

    @property
    def gimbal_deg(self) -> tuple[float, float]:
        """Pitch and roll by which the gimbal misses what it was told."""
        return self._gimbal[0].value, self._gimbal[1].value
