"""What does a district fly with: depots, crews, aircraft, batteries, chargers, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Literal

from missions.errors import MissionError

Launch = Literal["cell", "depot"]
Charging = Literal["vehicle", "depot"]

APART_S = 120.0
"""From a landing to the take-off of another aircraft at the same place: what `fly --fleet` asks for
(a minute), and a minute for lists that give whole ones."""


@dataclass(frozen=True, slots=True)
class Depot:
    """A place where crews start and end their day.

    Attributes:
        launch: whether flights start beside each cell or always here (a dock).
    """

    code: str
    lon_deg: float
    lat_deg: float
    launch: Launch = "cell"

    def __post_init__(self) -> None:
        """Refuse a depot that is nowhere."""
        if not self.code:
            raise MissionError("a depot needs a code; give each feature a 'code' or 'name'")
        if not (-180 <= self.lon_deg <= 180 and -90 <= self.lat_deg <= 90):
            raise MissionError(
                f"depot {self.code} lies at {self.lon_deg}, {self.lat_deg}, which is not "
                "longitude and latitude in degrees; correct the file"
            )
        if self.launch not in ("cell", "depot"):
            raise MissionError(
                f'depot {self.code}: launch is {self.launch!r}; allowed are "cell" and "depot"'
            )


@dataclass(frozen=True, slots=True)
class Crew:
    """People, a vehicle and what is in it.

    Attributes:
        drone: key of the aircraft in drones.toml.
        drones: aircraft carried; each needs a pilot. Flights from one place cross on their ways
            up and home, so a second aircraft takes off when the first has landed, while that gets
            its battery changed.
        batteries: sets, each enough for one flight, all charged on the first morning.
        charge_s: from empty to full on one charger.
        charging: in the vehicle at all times, or only while the crew is at its depot.
        setup_s: from arriving at a new launch place to take-off.
        swap_s: from landing to the next take-off of the same aircraft.
        drive_speed_m_s: average on roads.
    """

    code: str
    depot: str
    drone: str
    drones: int = 1
    pilots: int = 1
    batteries: int = 8
    chargers: int = 2
    charge_s: float = 4200.0
    charging: Charging = "vehicle"
    setup_s: float = 300.0
    swap_s: float = 180.0
    drive_speed_m_s: float = 8.0

    def __post_init__(self) -> None:
        """Refuse a crew that cannot fly."""
        if not self.code or not self.depot or not self.drone:
            raise MissionError(f"crew {self.code!r} needs a code, a depot and a drone")
        for name in ("drones", "pilots", "batteries", "chargers"):
            _at_least(self, name, 1)
        for name in ("charge_s", "drive_speed_m_s"):
            _at_least(self, name, 0.1)
        for name in ("setup_s", "swap_s"):
            _at_least(self, name, 0.0)
        if self.charging not in ("vehicle", "depot"):
            raise MissionError(
                f'crew {self.code}: charging is {self.charging!r}; allowed are "vehicle" and '
                '"depot"'
            )

    @property
    def lanes(self) -> int:
        """Aircraft that take turns."""
        return min(self.drones, self.pilots)

    @property
    def pause_s(self) -> float:
        """From a landing to the next take-off at the same place."""
        return self.swap_s if self.lanes == 1 else min(self.swap_s, APART_S)

    def drone_names(self) -> tuple[str, ...]:
        """Names of the aircraft that fly; more than there are pilots stay spare."""
        return tuple(f"{self.code}-drone-{n + 1}" for n in range(self.lanes))

    def battery_names(self) -> tuple[str, ...]:
        """Names of the battery sets."""
        return tuple(f"{self.code}-battery-{n + 1}" for n in range(self.batteries))


def _at_least(crew: Crew, name: str, least: float) -> None:
    value = getattr(crew, name)
    if not value >= least:
        raise MissionError(f"crew {crew.code}: {name} is {value}; it must be {least:g} or more")


@dataclass(frozen=True, slots=True)
class Hours:
    """When a district works and flies.

    Attributes:
        timezone: IANA name.
        work_from: local time at which crews leave their depot.
        work_to: local time at which they must be back.
        sun_margin_s: no flight earlier after sunrise or later before sunset.
        most_wind_m_s: windows of weather above this are not flown.
        most_rain_mm_h: windows of weather above this are not flown.
        road_factor: road distance per straight distance.
    """

    timezone: str = "Asia/Shanghai"
    work_from: time = time(8)
    work_to: time = time(18)
    sun_margin_s: float = 0.0
    most_wind_m_s: float = 10.0
    most_rain_mm_h: float = 0.0
    road_factor: float = 1.3

    def __post_init__(self) -> None:
        """Refuse a day without hours."""
        if not self.work_from < self.work_to:
            raise MissionError(
                f"work_from {self.work_from:%H:%M} must be before work_to {self.work_to:%H:%M}"
            )
        for name in ("sun_margin_s", "most_wind_m_s", "most_rain_mm_h"):
            if not getattr(self, name) >= 0:
                raise MissionError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not self.road_factor >= 1:
            raise MissionError(
                f"road_factor is {self.road_factor}; a road is no shorter than the straight line, "
                "so give 1 or more"
            )


@dataclass(frozen=True, slots=True)
class Fleet:
    """Depots and crews that fit together."""

    depots: tuple[Depot, ...]
    crews: tuple[Crew, ...]
    hours: Hours

    def __post_init__(self) -> None:
        """Refuse crews without a depot, names that occur twice and mixed aircraft."""
        _refuse_repeated("depot", [depot.code for depot in self.depots])
        _refuse_repeated("crew", [crew.code for crew in self.crews])
        known = {depot.code for depot in self.depots}
        for crew in self.crews:
            if crew.depot not in known:
                raise MissionError(
                    f"crew {crew.code} belongs to depot {crew.depot!r}, which does not exist; "
                    f"known are {', '.join(sorted(known)) or 'none'}"
                )
        for depot in self.depots:
            kinds = sorted({crew.drone for crew in self.crews_of(depot.code)})
            if len(kinds) > 1:
                raise MissionError(
                    f"the crews of depot {depot.code} fly {' and '.join(kinds)}; flights are "
                    "planned for one kind per depot, so make two depots of it"
                )
        if not self.crews:
            raise MissionError("the fleet has no crew; add a [[crew]] table to the fleet file")

    def crews_of(self, depot_code: str) -> tuple[Crew, ...]:
        """Crews of a depot in the order of the file."""
        return tuple(crew for crew in self.crews if crew.depot == depot_code)

    def manned(self) -> tuple[Depot, ...]:
        """Depots that have a crew."""
        return tuple(depot for depot in self.depots if self.crews_of(depot.code))

    def drone_of(self, depot_code: str) -> str:
        """Key of the aircraft that a manned depot flies."""
        return self.crews_of(depot_code)[0].drone

    def by_code(self) -> Mapping[str, Depot]:
        """Depots by their code."""
        return {depot.code: depot for depot in self.depots}


def _refuse_repeated(what: str, codes: Sequence[str]) -> None:
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise MissionError(f"{what} codes occur more than once: {', '.join(repeated)}")
