"""The circumstances of one simulated flight, pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from geo.pose import GeoPoint
from simulations.airframe import Airframe
from simulations.drift import DriftSigma
from simulations.parameters import Parameters
from simulations.personas import ARDUPILOT, Persona
from simulations.vehicle import Wind

READY_S = 42.0  # a position estimate after boot, in the recordings
EPOCH = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
Ground = Callable[[float, float], float]  # height above home of the ground east, north of it


def level_ground(east_m: float, north_m: float) -> float:
    """Ground that is nowhere higher than at home."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """The circumstances of one simulated flight.

    Attributes:
        home: where the vehicle truly stands, on the ground.
        uid: drawn by whoever starts the vehicle, so that it can be told from any other.
        epoch: UTC at which the vehicle's clock is 0.
        boot_s: its clock at the beginning; below `READY_S` it has no position yet.
        ground: how high the ground is.
        parameters: set before the boot.
        system: MAVLink system id.
    """

    home: GeoPoint
    seed: int = 0
    airframe: Airframe = field(default_factory=Airframe)
    wind: Wind = field(default_factory=Wind)
    drift: DriftSigma = field(default_factory=DriftSigma)
    epoch: datetime = EPOCH
    boot_s: float = 45.0
    uid: int = 0
    ground: Ground = level_ground
    persona: Persona = ARDUPILOT
    parameters: Mapping[str, float] = field(default_factory=dict)
    system: int = 1

    def first_parameters(self) -> Parameters:
        """The parameters at the boot."""
        parameters = Parameters()
        parameters.set("SIM_WIND_SPD", self.wind.speed_m_s)
        parameters.set("SIM_WIND_DIR", self.wind.from_deg)
        parameters.set("SIM_WIND_TURB", self.wind.gust_m_s)
        parameters.set("SYSID_THISMAV", self.system)
        if self.persona.key == "px4":
            parameters.set("AUTO_OPTIONS", 3)  # arms in a mission and takes off by itself
            parameters.set("FENCE_RADIUS", 0)  # GF_MAX_HOR_DIST as it comes
        for name, value in self.parameters.items():
            parameters.set(name, value)
        return parameters

    def has_camera(self, parameters: Parameters) -> bool:
        """Whether a shutter is set up at the boot: its type, and the servo that moves it."""
        if self.persona.key == "px4":
            return True
        return parameters["CAM1_TYPE"] == 1 and parameters["SERVO9_FUNCTION"] == 10
