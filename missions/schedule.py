"""When does which aircraft fly which flight on which battery."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from missions.fleet import APART_S, Crew, Depot
from missions.routing import Routing
from missions.visits import Place, Visit, inserted, road_m
from missions.windows import Day, first_fit


@dataclass(frozen=True, slots=True)
class Slot:
    """One flight with its time, aircraft and battery.

    Attributes:
        drive_m: by road from the place before.
    """

    sortie_code: str
    cell_code: str
    crew_code: str
    drone: str
    battery: str
    day: date
    takeoff: datetime
    landing: datetime
    place_m: Place
    drive_m: float


@dataclass(frozen=True, slots=True)
class Charge:
    """One battery on one charger."""

    battery: str
    charger: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A flight that is not made, and why."""

    sortie_code: str
    cell_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """All flights in order of take-off, all charges, and what is not flown."""

    slots: tuple[Slot, ...] = ()
    charges: tuple[Charge, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()

    def __add__(self, other: "Schedule") -> "Schedule":
        """Put the schedules of two depots together."""
        return Schedule(
            tuple(sorted(self.slots + other.slots, key=lambda s: (s.takeoff, s.sortie_code))),
            self.charges + other.charges,
            self.unassigned + other.unassigned,
        )


Left = tuple[Visit, str]


def schedule_depot(
    depot: Depot,
    depot_m: Place,
    crews: Sequence[Crew],
    days: Sequence[Day],
    routing: Routing,
    *,
    road_factor: float = 1.3,
) -> Schedule:
    """Give every flight of a depot its time, aircraft and battery.

    What does not fit into its day is tried on later days, then with the depot's other crews; the
    rest is listed with the reason.
    """
    weeks = {
        crew.code: _Week(
            crew, depot, depot_m, tuple(days), road_factor, _tours(crew, days, routing)
        )
        for crew in crews
    }
    flown = {code: week.fly() for code, week in weeks.items()}
    left = [(visit, _closed(days)) for visit in routing.unserved]
    left += [pair for code in flown for pair in flown[code].left]
    for code, outcome in flown.items():
        weeks[code] = weeks[code].only(outcome)
        flown[code] = weeks[code].fly()
    still_left = _rescued(weeks, flown, left)
    slots = [slot for outcome in flown.values() for slot in outcome.slots]
    return Schedule(
        tuple(sorted(slots, key=lambda slot: (slot.takeoff, slot.sortie_code))),
        tuple(charge for outcome in flown.values() for charge in outcome.charges),
        tuple(Unassigned(visit.code, visit.cell_code, why) for visit, why in still_left),
    )


def _tours(crew: Crew, days: Sequence[Day], routing: Routing) -> tuple[tuple[Visit, ...], ...]:
    return tuple(routing.routes.get((crew.code, n), ()) for n in range(len(days)))


def _closed(days: Sequence[Day]) -> str:
    if any(day.open for day in days):
        return "no crew has time for it within the days asked for"
    return f"no day can be flown: {'; '.join(sorted({day.why_closed for day in days}))}"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one crew's days."""

    slots: tuple[Slot, ...]
    charges: tuple[Charge, ...]
    left: tuple[Left, ...]
    tours: tuple[tuple[Visit, ...], ...]


@dataclass(frozen=True, slots=True)
class _Week:
    """One crew and the tours it is asked to make."""

    crew: Crew
    depot: Depot
    depot_m: Place
    days: tuple[Day, ...]
    road_factor: float
    tours: tuple[tuple[Visit, ...], ...]

    def fly(self) -> _Outcome:
        """Go through the days; what does not fit into one is tried on the next."""
        stock = _Stock(self.crew, self.days[0].work[0], at_depot=self._charges_at_depot())
        slots: list[Slot] = []
        tours: list[tuple[Visit, ...]] = []
        left: list[Left] = []
        for day, tour in zip(self.days, self.tours, strict=True):
            asked = list(tour)
            for visit, _ in left:
                asked = inserted(self.depot_m, asked, visit)
            run = _DayRun(self, day, stock)
            left = [(visit, why) for visit in asked if (why := run.fly(visit))]
            stock.home(run.back())
            slots += run.slots
            unflown = {visit.code for visit, _ in left}
            tours.append(tuple(visit for visit in asked if visit.code not in unflown))
        return _Outcome(tuple(slots), tuple(stock.charges), tuple(left), tuple(tours))

    def only(self, outcome: _Outcome) -> "_Week":
        """Ask for what was flown."""
        return replace(self, tours=outcome.tours)

    def plus(self, visit: Visit, day: int) -> "_Week":
        """Ask for one more visit on a day."""
        tours = list(self.tours)
        tours[day] = tuple(inserted(self.depot_m, tours[day], visit))
        return replace(self, tours=tuple(tours))

    def _charges_at_depot(self) -> bool:
        return self.crew.charging == "depot" and self.depot.launch == "cell"


class _Stock:
    """Batteries and chargers of one crew over all days."""

    def __init__(self, crew: Crew, start: datetime, *, at_depot: bool) -> None:
        self.ready = dict.fromkeys(crew.battery_names(), start)
        self.charges: list[Charge] = []
        self._crew, self._at_depot = crew, at_depot
        self._free = {f"{crew.code}-charger-{n + 1}": start for n in range(crew.chargers)}
        self._waiting: list[tuple[str, float]] = []
        self._left_behind: dict[str, datetime] = {}

    def set_out(self, moment: datetime) -> None:
        """Leave behind what is still on a charger at the depot."""
        if self._at_depot:
            self._left_behind = {b: t for b, t in self.ready.items() if t > moment}
            self.ready = {b: t for b, t in self.ready.items() if t <= moment}

    def use(self, battery: str, landing: datetime, share: float) -> None:
        """Take a battery out of an aircraft; it is ready again when it is charged."""
        if self._at_depot:
            del self.ready[battery]
            self._waiting.append((battery, share))
        else:
            self._charge(battery, landing, share)

    def home(self, moment: datetime) -> None:
        """Bring used batteries to the chargers at the depot."""
        self.ready |= self._left_behind
        self._left_behind = {}
        for battery, share in self._waiting:
            self._charge(battery, moment, share)
        self._waiting = []

    def _charge(self, battery: str, from_: datetime, share: float) -> None:
        charger = min(self._free, key=lambda name: (max(self._free[name], from_), name))
        start = max(self._free[charger], from_)
        end = start + timedelta(seconds=self._crew.charge_s * share)
        self._free[charger] = self.ready[battery] = end
        self.charges.append(Charge(battery, charger, start, end))


class _DayRun:
    """One day of one crew, flight after flight."""

    def __init__(self, week: _Week, day: Day, stock: _Stock) -> None:
        self.slots: list[Slot] = []
        self._week, self._day, self._stock = week, day, stock
        self._place = week.depot_m
        self._lanes = dict.fromkeys(week.crew.drone_names(), day.work[0])
        self._landed = day.work[0]
        stock.set_out(day.work[0])

    def fly(self, visit: Visit) -> str:
        """Make a flight at the earliest moment; otherwise say why it cannot be made."""
        crew = self._week.crew
        drive_m, arrived = self._arrival(visit)
        ready = self._apart(arrived)
        best: tuple[datetime, str, str] | None = None
        for battery, charged in self._stock.ready.items():
            for drone, free in ready.items():
                takeoff = self._takeoff(visit, max(free, charged))
                if takeoff is not None and (best is None or takeoff < best[0]):
                    best = (takeoff, drone, battery)
        if best is None:
            return self._why(visit, min(ready.values()))
        takeoff, drone, battery = best
        landing = takeoff + timedelta(seconds=visit.flight_s)
        codes = (visit.code, visit.cell_code, crew.code, drone, battery)
        self.slots.append(
            Slot(*codes, self._day.date, takeoff, landing, visit.place_m, round(drive_m, 1))
        )
        self._stock.use(battery, landing, visit.used_share)
        self._lanes = {**ready, drone: landing + timedelta(seconds=crew.swap_s)}
        self._place, self._landed = visit.place_m, max(self._landed, landing)
        return ""

    def back(self) -> datetime:
        """When the crew is at its depot again."""
        return self._landed + self._drive(self._place, self._week.depot_m)[1]

    def _arrival(self, visit: Visit) -> tuple[float, dict[str, datetime]]:
        """Metres to drive and when each aircraft is ready there; nobody leaves one in the air."""
        if self.slots and visit.place_m == self._place:
            return 0.0, self._lanes
        metres, drive = self._drive(self._place, visit.place_m)
        there = self._landed + drive + timedelta(seconds=self._week.crew.setup_s)
        return metres, dict.fromkeys(self._lanes, there)

    def _apart(self, ready: dict[str, datetime]) -> dict[str, datetime]:
        """When each aircraft may take off after the landing of another."""
        if not self.slots:
            return ready
        earliest = self._landed + timedelta(seconds=APART_S)
        last = self.slots[-1].drone
        return {d: t if d == last else max(t, earliest) for d, t in ready.items()}

    def _drive(self, start_m: Place, end_m: Place) -> tuple[float, timedelta]:
        metres = road_m(start_m, end_m, self._week.road_factor)
        return metres, timedelta(seconds=metres / self._week.crew.drive_speed_m_s)

    def _takeoff(self, visit: Visit, ready: datetime) -> datetime | None:
        takeoff = first_fit(self._day.open, ready, visit.flight_s)
        if takeoff is None:
            return None
        home = self._drive(visit.place_m, self._week.depot_m)[1]
        late = takeoff + timedelta(seconds=visit.flight_s) + home > self._day.work[1]
        return None if late else takeoff

    def _why(self, visit: Visit, ready: datetime) -> str:
        minutes = visit.flight_s / 60
        if not self._day.open:
            return f"{self._day.date}: cannot be flown ({self._day.why_closed})"
        longest = max((end - start).total_seconds() for start, end in self._day.open) / 60
        if longest < minutes:
            return (
                f"{self._day.date}: the flight takes {minutes:.0f} min and the longest flying "
                f"window {longest:.0f} min"
            )
        if self._takeoff(visit, ready) is not None:
            return f"{self._day.date}: no charged battery in time; add batteries or chargers"
        return f"{self._day.date}: no time left in working hours, daylight and weather"


def _rescued(
    weeks: dict[str, _Week], flown: dict[str, _Outcome], left: Iterable[Left]
) -> list[Left]:
    """Try what is left with every crew on every day, most points first; returns what stays."""
    still: list[Left] = []
    for visit, why in sorted(left, key=lambda pair: (-pair[0].points, pair[0].code)):
        found = _taken(weeks, flown, visit)
        if found is None:
            still.append((visit, why))
        else:
            code, weeks[code], flown[code] = found
    return still


def _taken(
    weeks: Mapping[str, _Week], flown: Mapping[str, _Outcome], visit: Visit
) -> tuple[str, _Week, _Outcome] | None:
    """First day on which a crew can make one more visit without losing another."""
    count = max(len(week.days) for week in weeks.values())
    for day in range(count):
        for code, week in weeks.items():
            if not _slack(week, flown[code], day) >= visit.flight_s:
                continue
            trial = week.plus(visit, day)
            outcome = trial.fly()
            if not outcome.left and outcome.tours[day] == trial.tours[day]:
                return code, trial, outcome
    return None


def _slack(week: _Week, outcome: _Outcome, number: int) -> float:
    """Seconds in the air that a crew could still make on a day, at most."""
    day = week.days[number]
    flown = sum(
        (slot.landing - slot.takeoff).total_seconds()
        for slot in outcome.slots
        if slot.day == day.date
    )
    return day.open_s - flown
