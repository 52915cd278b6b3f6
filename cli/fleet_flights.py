"""The verb that flies a day's lists over several vehicles."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import console
from cli.commanding import orders_from_terminal
from cli.flights import DONE, IN_PART, Gates, keep, new_folder
from cli.flying import tell_troubles
from cli.live import live_view
from flight.day_list import (
    SIMULATED,
    DayListError,
    FleetVehicle,
    ListedFlight,
    read_day,
    read_vehicles,
)
from flight.errors import FlightError
from flight.fleet import Fleet, Outcome, waits_of_day
from flight.fly import FlightResult, ProgressListener, fly_sortie
from flight.journal import Journal, trouble_fields
from flight.orders import NextOrder, Order
from flight.signing import read_key
from flight.transports import SharedLine, Transport, open_transport
from missions.errors import MissionError

NOT_FOR_MANY = {
    Order.LEAVE: "a fleet is kept apart from here; end it with r or l, or fly vehicles one by one"
}
REHEARSAL_SPEED_UP = 40.0  # the same for all built-in vehicles, so that they share one time


@dataclass(frozen=True, slots=True)
class Day:
    """What is to be flown.

    Attributes:
        lists: a crew's list, or the folder of a day.
        missions: folder of their mission files.
        vehicles: file that says how vehicles are reached.
        now: begin without waiting for the times of the list.
        patience_s: for vehicles that are not ready yet.
    """

    lists: Path
    missions: Path
    vehicles: Path
    now: bool = False
    patience_s: float = 0.0


def run(day: Day, out: Path, *, arm: bool, gates: Gates, as_json: bool) -> int:
    """Fly a day's lists; 3 where a flight was not completed."""
    vehicles = read_vehicles(day.vehicles)
    flights = read_day(day.lists, day.missions, vehicles)
    if not arm and any(v.link != SIMULATED for v in vehicles):
        raise DayListError(
            f"{day.vehicles}: names real vehicles. To arm them, say so explicitly (--arm); to "
            f'rehearse the day, write link = "{SIMULATED}" for each.'
        )
    journal = Journal(out / f"fleet_{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl")
    real = {v.name for v in vehicles if v.link != SIMULATED}
    refused = [o for f in flights if f.vehicle in real and (o := _refusal(f, gates)) is not None]
    for outcome in refused:
        journal.write(outcome.flight.sortie.code, "refused", reason=outcome.reason)
    left_out = {outcome.flight.sortie.code for outcome in refused}
    flown = [flight for flight in flights if flight.sortie.code not in left_out]
    for near in waits_of_day(flown):
        console.warn(f"one waits for the other to land: {near}")
        journal.write(near.first, "will wait", text=str(near))
    outcomes = (*refused, *_fly(day, vehicles, flown, journal, out))
    if journal.fault is not None:
        console.warn(journal.fault)
    _tell(flights, outcomes, journal, as_json=as_json)
    return DONE if all(outcome.completed for outcome in outcomes) else IN_PART


def _refusal(flight: ListedFlight, gates: Gates) -> Outcome | None:
    """What forbids a flight of a real vehicle; None where nothing does."""
    try:
        gates.require(flight.plan)
    except (FlightError, MissionError) as error:
        return Outcome(flight, None, str(error))
    return None


def _fly(
    day: Day,
    vehicles: Sequence[FleetVehicle],
    flights: Sequence[ListedFlight],
    journal: Journal,
    out: Path,
) -> tuple[Outcome, ...]:
    with (
        closing(_Lines(vehicles)) as lines,
        live_view({flight.sortie.code: flight.vehicle for flight in flights}) as view,
        orders_from_terminal(NOT_FOR_MANY) as orders,
    ):
        fleet = Fleet(
            vehicles,
            _Pilot(out, lines).fly,
            journal,
            view.tell,
            patience_s=day.patience_s,
            waits_for_time=not day.now,
            next_order=orders,
        )
        return fleet.fly(flights)


@dataclass(slots=True)
class _Lines:
    """The lines of a fleet; one that several vehicles are on is opened once for all."""

    vehicles: Sequence[FleetVehicle]
    _open: dict[str, SharedLine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open what is shared before anything flies, so that a missing radio is told at once."""
        links = [v.link for v in self.vehicles if v.link != SIMULATED]
        for link in sorted({link for link in links if links.count(link) > 1}):
            self._open[link] = SharedLine(open_transport(link))

    def close(self) -> None:
        """Close what was opened for all."""
        for line in self._open.values():
            line.close()

    def of(self, vehicle: FleetVehicle) -> str | Transport:
        """What to open a link over."""
        line = self._open.get(vehicle.link)
        return vehicle.link if line is None else line.join()


@dataclass(frozen=True, slots=True)
class _Pilot:
    """Flies one listed flight and keeps what came of it."""

    out: Path
    lines: _Lines

    def fly(
        self,
        flight: ListedFlight,
        vehicle: FleetVehicle,
        listen: ProgressListener,
        next_order: NextOrder,
    ) -> FlightResult:
        """Fly in the vehicle, or in a built-in one."""
        folder = new_folder(self.out, flight.sortie)
        log_path = folder / f"{folder.name}.tlog"
        if vehicle.link == SIMULATED:
            result = self._rehearse(flight, log_path, listen, next_order)
        else:
            result = fly_sortie(
                flight.sortie,
                self.lines.of(vehicle),
                log_path=log_path,
                on_progress=listen,
                next_order=next_order,
                arm_real=True,
                system=vehicle.system,
                key=read_key(vehicle.signing_key),
            )
        keep(folder, flight.sortie, result)
        return result

    @staticmethod
    def _rehearse(
        flight: ListedFlight, log_path: Path, listen: ProgressListener, next_order: NextOrder
    ) -> FlightResult:
        from simulations.sitl import running_vehicle
        from simulations.vehicle import USUAL_WIND

        home = flight.sortie.home
        with running_vehicle(home, speed_up=REHEARSAL_SPEED_UP, wind=USUAL_WIND) as built_in:
            return fly_sortie(
                flight.sortie,
                built_in.connection,
                log_path=log_path,
                on_progress=listen,
                next_order=next_order,
                simulated_uid=built_in.uid,
            )


def _tell(
    flights: Sequence[ListedFlight], outcomes: Sequence[Outcome], journal: Journal, *, as_json: bool
) -> None:
    order = [flight.sortie.code for flight in flights]
    rows = sorted(map(_row, outcomes), key=lambda row: order.index(row["sortie"]))
    if as_json:
        document = {"format": "aerogrid fleet", "journal": str(journal.path), "flights": rows}
        console.out.print_json(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return
    columns = ["sortie", "vehicle", "completed", "min", "photos", "planned"]
    texts = (
        (r["sortie"], r["vehicle"], "yes" if r["completed"] else "no", _minutes(r["duration_s"]),
         "-" if r["photos"] is None else r["photos"], r["photos_planned"])
        for r in rows
    )  # fmt: skip
    console.show("Fleet", columns, texts)
    for row in rows:
        if row["reason"]:
            console.warn(f"{row['sortie']} ({row['vehicle']}): {row['reason']}")
    for outcome in outcomes:
        if outcome.result is not None:
            tell_troubles(outcome.result)
    console.out.print(f"journal: {console.where(journal.path)}", highlight=False)


def _row(outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "sortie": outcome.flight.sortie.code,
        "vehicle": outcome.flight.vehicle,
        "completed": outcome.completed,
        "reason": outcome.reason,
        "troubles": [] if result is None else [trouble_fields(t) for t in result.troubles],
        "duration_s": None if result is None else round(result.duration_s, 1),
        "photos": None if result is None else len(result.track.camera_events),
        "photos_planned": len(outcome.flight.sortie.photos),
    }


def _minutes(duration_s: float | None) -> str:
    return "-" if duration_s is None else f"{duration_s / 60:.1f}"
