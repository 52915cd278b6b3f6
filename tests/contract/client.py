"""What every ground station must be able to do with a vehicle, and what it sees meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Condition
from typing import Protocol

from missions.model import MissionItem

PATIENCE_S = 60.0  # a condition that holds is seen at once; this only ends a hanging test
RATE_HZ = 4


@dataclass
class Seen:
    """The vehicle as the ground station sees it.

    Attributes:
        seq: of the mission item that is under way; MAVSDK counts the reached ones.
        places: lon, lat and height above home, one for each report of the position.
    """

    armed: bool = False
    mode: str = ""
    seq: int = 0
    places: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def height_m(self) -> float:
        return self.places[-1][2] if self.places else 0.0

    def at(self, lon_deg: float, lat_deg: float, height_m: float) -> None:
        self.places.append((lon_deg, lat_deg, height_m))


@dataclass
class Watch:
    """For stations that receive on a thread of their own: wait until something was seen."""

    seen: Seen = field(default_factory=Seen)
    changed: Condition = field(default_factory=Condition)

    def note(self, change: Callable[[], None]) -> None:
        with self.changed:
            change()
            self.changed.notify_all()

    def until(self, true: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(true, PATIENCE_S)


class Client(Protocol):
    """One ground station, connected.

    Attributes:
        place_error_deg: by which it moves a place on the way to the vehicle and back.
    """

    place_error_deg: float
    seen: Seen

    def kind(self) -> tuple[int, int]:
        """MAV_AUTOPILOT and MAV_TYPE of the vehicle."""

    def parameters(self) -> Mapping[str, float]:
        """All of them."""

    def set_parameter(self, name: str, value: float) -> None: ...

    def read_parameter(self, name: str) -> float: ...

    def store(self, items: tuple[MissionItem, ...], mission_type: int) -> None: ...

    def load(self, mission_type: int) -> tuple[MissionItem, ...]: ...

    def arm_in_guided(self) -> None: ...

    def take_off(self, height_m: float) -> None: ...

    def start_mission(self) -> None: ...

    def pause(self) -> None: ...

    def go_on(self) -> None: ...

    def return_home(self) -> None: ...

    def until(self, true: Callable[[], bool]) -> bool:
        """Receive until something holds; False if it does not within `PATIENCE_S`."""

    def close(self) -> None: ...
