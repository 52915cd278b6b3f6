"""The verb that flies one sortie: preflight report, gates, flight, log."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cli import console
from cli.checking import check_sortie as check_plan
from cli.commanding import orders_from_terminal
from cli.flying import tell_flown
from cli.live import live_view
from flight import preflight
from flight.checks import check_sortie
from flight.errors import LinkError, RefusedError
from flight.fly import FlightProgress, FlightResult, fly_sortie
from flight.journal import Journal, write_summary
from flight.link import open_link
from flight.log import write_track
from flight.plan_file import PlanFile, read_plan
from flight.preflight import Point, Status
from flight.session import Session
from flight.signing import SigningKey, read_key
from flight.verdict import VERDICT_FILE, Proof, require_passed, sha256_of
from missions.findings import Severity
from missions.mission_json import read_sortie
from missions.model import Sortie

DONE, IN_PART = 0, 3
JOURNAL_FILE = "journal.jsonl"
COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "bold red"}


@dataclass(frozen=True, slots=True)
class Gates:
    """What a file must have passed before a real vehicle is armed for it.

    Attributes:
        simulated: folder that `simulate` wrote.
        dem, airspace, obstacles, config: as for `check`.
    """

    simulated: Path
    dem: Path | None = None
    airspace: Path | None = None
    obstacles: Path | None = None
    config: Path | None = None

    def require(self, plan: PlanFile) -> None:
        """See that a file passes `check` now, and that its own simulated flights were good.

        Raises:
            RefusedError: it does not, or they were not.
        """
        check_sortie(plan.sortie)
        findings = check_plan(
            plan.sortie,
            dem=self.dem,
            airspace=self.airspace,
            obstacles=self.obstacles,
            config=self.config,
        )
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            raise RefusedError(
                f"{plan.path}: does not pass `aerogrid check` ({len(errors)} errors), and nothing "
                f"is armed for it. The first: {errors[0].message}"
            )
        require_passed(self._proof(plan), self.simulated / plan.sortie.code / VERDICT_FILE)

    def _proof(self, plan: PlanFile) -> Proof:
        """What the simulated flights of a file must have been."""
        from simulations.scenarios import USUAL_WIND_M_S, shipped_scenarios

        return Proof(
            plan.path,
            plan.sha256,
            {scenario.name: scenario.sha256 for scenario in shipped_scenarios()},
            plan.sortie.wind_m_s or USUAL_WIND_M_S,
            None if self.dem is None else sha256_of(self.dem),
        )


@dataclass(frozen=True, slots=True)
class Vehicle:
    """How a vehicle is reached."""

    link: str
    system: int | None = None
    key: SigningKey | None = None


def vehicle_at(link: str, system: int | None, key_file: Path | None) -> Vehicle:
    """Put a vehicle's address together; the key comes from its file or the environment."""
    return Vehicle(link, system, read_key(key_file))


def fly(
    mission: Path, vehicle: Vehicle, out: Path, *, arm: bool, gates: Gates, as_json: bool
) -> int:
    """Fly one sortie over a link; 3 where it was not completed."""
    plan = read_plan(mission)
    sortie = plan.sortie
    if arm:
        gates.require(plan)
        if gates.dem is None:
            console.warn("checked without a DEM: the ground was taken to be level (--dem)")
    folder = new_folder(out, sortie)
    with ExitStack() as at_end:
        at_end.push(lambda _, error, __: console.tell_notes(error))
        at_end.enter_context(_kept_if_connected(folder))
        result = _fly_watched(sortie, vehicle, folder, arm=arm)
    keep(folder, sortie, result)
    tell_flown([(sortie, result)], as_json=as_json)
    for note in result.notes:
        console.warn(note)
    return DONE if result.completed else IN_PART


@contextmanager
def _kept_if_connected(folder: Path) -> Iterator[None]:
    """Take a flight's folder away again where no line was opened: nothing is recorded in it."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except LinkError:
        if not any(folder.glob("*.tlog")):
            (folder / JOURNAL_FILE).unlink(missing_ok=True)
            for path in made:
                with suppress(OSError):  # somebody else has put something there meanwhile
                    path.rmdir()
        raise


def _fly_watched(sortie: Sortie, vehicle: Vehicle, folder: Path, *, arm: bool) -> FlightResult:
    """Fly with a journal, a live view and a person's orders."""
    journal = Journal(folder / JOURNAL_FILE)
    with live_view() as view, orders_from_terminal() as next_order:

        def listen(progress: FlightProgress) -> None:
            journal.progress(progress)
            view.tell(progress)

        with journal.kept(sortie.code):
            result = fly_sortie(
                sortie,
                vehicle.link,
                log_path=folder / f"{folder.name}.tlog",
                on_progress=listen,
                next_order=next_order,
                arm_real=arm,
                system=vehicle.system,
                key=vehicle.key,
            )
    notes = result.notes if journal.fault is None else (*result.notes, journal.fault)
    return replace(result, notes=notes)


def new_folder(out: Path, sortie: Sortie) -> Path:
    """Folder of a flight that begins now."""
    return out / sortie.code / f"flight_{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def keep(folder: Path, sortie: Sortie, result: FlightResult) -> None:
    """Write what was flown beside its recording."""
    write_track(folder, result.track)
    write_summary(folder, sortie, result)


def report(mission: Path, vehicle: Vehicle, *, as_json: bool) -> int:
    """Say whether a vehicle is fit for a sortie; 3 where something forbids the flight."""
    sortie = read_sortie(mission)
    with open_link(vehicle.link, system=vehicle.system, key=vehicle.key) as link:
        heartbeat = link.wait_for_vehicle()
        points = preflight.report(Session(link), heartbeat, sortie)
    if as_json:
        document = preflight.document(sortie, points)
        console.out.print_json(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        _tell_points(sortie, points)
    return DONE if preflight.passed(points) else IN_PART


def _tell_points(sortie: Sortie, points: tuple[Point, ...]) -> None:
    rows = ((p.name, p.status.value, p.found, p.needed, p.remedy) for p in points)
    grid = console.table(
        f"Preflight {sortie.code}", ["point", "", "found", "needed", "what to do"], rows
    )
    for column in grid.columns:
        column.justify = "left"
    for row, point in zip(grid.rows, points, strict=True):
        row.style = COLOURS[point.status]
    console.out.print(grid)
    verdict = "fit to fly" if preflight.passed(points) else "NOT fit to fly"
    console.out.print(f"{sortie.code}: {verdict}", highlight=False)
