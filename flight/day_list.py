"""EDGE: the day's flight lists, and the vehicles that fly them, read from files."""

import csv
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flight.errors import FlightError
from flight.plan_file import PlanFile, read_plan
from missions.model import Sortie

SUFFIX = ".mission.json"
SIMULATED = "simulated"  # a link to a built-in vehicle that is started for each flight
KEYS = {"name": str, "link": str, "system": int, "crew": str, "signing_key": str}


class DayListError(FlightError):
    """A flight list or a file of vehicles that cannot be flown by."""


@dataclass(frozen=True, slots=True)
class FleetVehicle:
    """A vehicle and how it is reached.

    Attributes:
        name: as in the column `drone` of a list, or any.
        link: see `flight.transports.open_transport`; several may share one, by `system`.
        crew: whose list it flies; None for a vehicle that is known by its name.
    """

    name: str
    link: str
    system: int | None = None
    crew: str | None = None
    signing_key: Path | None = None


@dataclass(frozen=True, slots=True)
class ListedFlight:
    """One line of a day's flight list, with its mission file and vehicle.

    Attributes:
        plan: the mission file as it was read, once.
    """

    plan: PlanFile
    vehicle: str
    take_off: datetime | None

    @property
    def sortie(self) -> Sortie:
        """What is to be flown."""
        return self.plan.sortie


def read_vehicles(path: Path) -> tuple[FleetVehicle, ...]:
    """Read `[[vehicle]]` tables of a TOML file.

    Raises:
        DayListError: it cannot be read, has none, or one that is not complete.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DayListError(f"{path}: cannot be read ({error}).") from error
    tables = said.get("vehicle")
    if set(said) != {"vehicle"} or not isinstance(tables, list) or not tables:
        raise DayListError(f"{path}: must hold [[vehicle]] tables and nothing else.")
    vehicles = tuple(_vehicle(path, number, table) for number, table in enumerate(tables, 1))
    _check_vehicles(path, vehicles)
    return vehicles


def _vehicle(path: Path, number: int, table: dict[str, Any]) -> FleetVehicle:
    where = f"{path}: [[vehicle]] {number}"
    for key, value in table.items():
        if key not in KEYS:
            raise DayListError(f"{where}: '{key}' is not known; allowed are {', '.join(KEYS)}.")
        if not isinstance(value, KEYS[key]) or isinstance(value, bool) or not value:
            raise DayListError(f"{where}: {key} = {value!r} is no {KEYS[key].__name__}.")
    if "name" not in table or "link" not in table:
        raise DayListError(f"{where}: needs a name and a link.")
    key_file = table.get("signing_key")
    return FleetVehicle(
        table["name"], table["link"], table.get("system"), table.get("crew"),
        None if key_file is None else path.parent / key_file,
    )  # fmt: skip


def _check_vehicles(path: Path, vehicles: Sequence[FleetVehicle]) -> None:
    """Refuse two of one name, and two on one line that nothing tells apart."""
    names = [vehicle.name for vehicle in vehicles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DayListError(f"{path}: two vehicles are named {twice}.")
    places = [(v.link, v.system) for v in vehicles if v.link != SIMULATED]
    for link, system in places:
        alike = [other for other in places if other[0] == link]
        if len(alike) > 1 and (system is None or alike.count((link, system)) > 1):
            raise DayListError(f"{path}: vehicles on {link} need a `system` each, all different.")


def read_day(
    lists: Path, missions: Path, vehicles: Sequence[FleetVehicle]
) -> tuple[ListedFlight, ...]:
    """Read the lists of a day and give each flight to its vehicle, in the order of the lists.

    Args:
        lists: a CSV file that `district` wrote for a crew, or the folder of a day.
        missions: folder that holds the mission files, in any depth.
        vehicles: that are there.

    Raises:
        DayListError: a list is damaged, a mission file or a vehicle is missing.
    """
    files = sorted(lists.glob("*.csv")) if lists.is_dir() else [lists]
    if not files:
        raise DayListError(f"{lists}: holds no flight list (*.csv).")
    found = {path.name.removesuffix(SUFFIX): path for path in missions.rglob(f"*{SUFFIX}")}
    flights: list[ListedFlight] = []
    minutes: dict[str, float] = {}
    for path in files:
        for number, row in enumerate(_rows(path), 1):
            where = f"{path}: line {number + 1}"
            flight = _flight(where, row, path.stem, found, vehicles, minutes)
            minutes[flight.vehicle] = minutes.get(flight.vehicle, 0.0) + flight.sortie.duration_s
            flights.append(flight)
    codes = [flight.sortie.code for flight in flights]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice is not None:
        raise DayListError(f"{lists}: flight {twice} is listed twice.")
    return tuple(flights)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DayListError(f"{path}: cannot be read ({error}).") from error


def _flight(
    where: str,
    row: dict[str, str],
    crew: str,
    found: dict[str, Path],
    vehicles: Sequence[FleetVehicle],
    minutes: dict[str, float],
) -> ListedFlight:
    code = (row.get("flight") or "").strip()
    if not code:
        raise DayListError(f"{where}: has no column `flight`; is it a list that `district` wrote?")
    if code not in found:
        raise DayListError(f"{where}: there is no {code}{SUFFIX} among the missions.")
    drone = (row.get("drone") or "").strip()
    own = [v for v in vehicles if v.name == drone] or [v for v in vehicles if v.crew == crew]
    if not own:
        raise DayListError(
            f"{where}: no vehicle is named {drone!r} or has crew {crew!r}; name one so in the file "
            "of vehicles."
        )
    vehicle = min(own, key=lambda v: minutes.get(v.name, 0.0))
    return ListedFlight(read_plan(found[code]), vehicle.name, _take_off(where, row))


def _take_off(where: str, row: dict[str, str]) -> datetime | None:
    text = (row.get("take_off") or "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DayListError(f"{where}: take_off {text!r} is no time ({error}).") from error
    if moment.tzinfo is None:
        raise DayListError(f"{where}: take_off {text!r} has no time zone.")
    return moment
