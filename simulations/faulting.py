"""Fly a sortie by `flight.fly`, the client of real flights, while something fails; in this process.

The gate flies any mission file by the same watch; this is the whole way of `aerogrid fly`, with its
checks, its upload and its words for the operator.
"""

from dataclasses import dataclass, field
from pathlib import Path

from flight.fly import FlightResult, fly_sortie
from flight.orders import Order
from flight.progress import FlightProgress
from flight.trouble import Kind
from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.model import Sortie
from simulations.airframe import airframe_of
from simulations.autopilot import Autopilot
from simulations.failing import KINDS, Failing
from simulations.phases import moments_of
from simulations.scenarios import USUAL_WIND_M_S, Scenario
from simulations.scene import Scene
from simulations.vehicle import Wind
from simulations.wire import Muffled, Wire

PERSONS_ANSWER = {Kind.WIND: Order.RETURN, Kind.MOTOR: Order.LAND}  # docs/flying.md: `r` and `l`


@dataclass(slots=True)
class FaultedFlight:
    """What came of it, and what the operator was told when.

    Attributes:
        recognised_s: from the fault to its first showing at the terminal; None where it never was.
    """

    result: FlightResult
    begun_s: float | None
    recognised_s: float | None


@dataclass(slots=True)
class _Operator:
    """Looks at the terminal, and makes the fault happen."""

    wire: Wire
    failing: Failing
    kind: Kind | None
    seen_s: float | None = None
    _shown: FlightProgress | None = None
    _ordered: bool = field(default=False)

    def look(self, progress: FlightProgress) -> None:
        """Read what is shown."""
        self._shown = progress
        kinds = [trouble.kind for trouble in progress.troubles]
        if self.failing.begun_s is not None and self.seen_s is None and self.kind in kinds:
            self.seen_s = self.wire.now_s()

    def order(self) -> Order | None:
        """Answer, once, what no vehicle answers by itself."""
        shown = self._shown
        if shown is not None:
            self.failing.turn(shown.item, shown.height_home_m, self.wire.now_s())
        if self.seen_s is None or self._ordered or self.kind is None:
            return None
        self._ordered = True
        return PERSONS_ANSWER.get(self.kind)


def fly_with_fault(sortie: Sortie, scenario: Scenario, seed: int, log_path: Path) -> FaultedFlight:
    """Fly a sortie from the ground to the ground with a fault on the way.

    Raises:
        FlightError: it could not be flown, or not be followed to its end.
    """
    drone = drone_named(sortie.drone_key)
    speed_m_s = USUAL_WIND_M_S if scenario.wind_m_s is None else scenario.wind_m_s
    wind = Wind(speed_m_s, scenario.wind_from_deg, speed_m_s * scenario.gust_share)
    airframe = airframe_of(drone, scenario.battery_share)
    autopilot = Autopilot(Scene(home=sortie.home, seed=seed, airframe=airframe, wind=wind))
    wire = Wire(autopilot)
    line = Muffled(wire, wire.now_s)
    frame = LocalFrame(sortie.home.lon_deg, sortie.home.lat_deg)
    failing = Failing(
        scenario,
        moments_of(sortie.items, frame)[scenario.at],
        drone,
        line,
        lambda name: autopilot.parameters.values.get(name),
        lambda name, value: _put(autopilot, name, value),
    )
    kind = None if scenario.fault is None else KINDS[scenario.fault]
    operator = _Operator(wire, failing, kind)
    result = fly_sortie(
        sortie,
        line,
        log_path=log_path,
        on_progress=operator.look,
        next_order=operator.order,
        arm_real=True,  # with all that a real vehicle gets: the link is tried again, too
        clock=wire.now_s,
    )
    begun_s, seen_s = failing.begun_s, operator.seen_s
    after_s = None if begun_s is None or seen_s is None else seen_s - begun_s
    return FaultedFlight(result, begun_s, after_s)


def _put(autopilot: Autopilot, name: str, value: float) -> None:
    autopilot.set_parameter(name, value)
