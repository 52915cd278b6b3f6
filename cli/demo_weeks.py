"""The demonstration over weeks: patrols, people and bulletins, compared with what became of it.

Each week begins on Monday morning with a revisit flight to what was fed back, whose photos verify
it, and a patrol. What that finds is established, sent out and handled; some of it is solved, some
only said to be, some grows. The week's bulletin says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from cases.lifecycle import Stage
from cases.outcomes import Outcome, of_sight
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cli import console
from cli.demo import SETTINGS, VERSION, patrol_codes
from cli.demo_flight import Outing, fly_and_photograph
from cli.demo_people import ROUTING, People
from cli.demo_revisit import plan_demo_revisit
from cli.demo_times import (
    AT_ONCE,
    FED_BACK,
    FED_BACK_AT_ONCE,
    FILED,
    REVISIT_FILED,
    REVISIT_VERIFIED,
    REVISITED,
    SENT_OUT,
    SUPERVISED,
    VERIFIED,
    WEEK,
)
from cli.demo_truth import due_truth
from dispatch.errors import DispatchError
from dispatch.period import EVERYTHING, Length, PeriodFigures, period_of
from dispatch.period_pages import write_period
from dispatch.period_reading import read_recorded
from dispatch.route_files import load_routing
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from geo.files import require_writable
from geo.raster import read_terrain
from missions.model import Sortie
from pipeline import chaining, planning
from pipeline.errors import PipelineError
from pipeline.illustrating import illustrate
from pipeline.inputs import Inputs
from pipeline.settings import Dispatching, Filing, Settings
from pipeline.workspace import Workspace, write_json
from simulations.changing import State, Week, make_weeks, states_of, truth_of
from simulations.layout import District
from simulations.recording import write_district
from simulations.scene import EPOCH
from simulations.town import make_district


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of a week's bulletin beside the truth."""

    week: int
    name: str
    truth: int
    bulletin: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a violation ended, and how its case did.

    Attributes:
        case_no: empty where it was never found.
        state: of the case; "missed" without one.
    """

    code: str
    case_no: str
    truth: str
    state: str


@dataclass(frozen=True, slots=True)
class WeeksOutcome:
    """What the weeks came to.

    Attributes:
        rejected: cases of nothing that the inspectors turned down.
    """

    figures: tuple[Compared, ...]
    ended: tuple[Ended, ...]
    rejected: int
    photos: int
    seconds: float

    @property
    def is_true(self) -> bool:
        """Whether every figure and every end is as it was."""
        figures = all(entry.truth == entry.bulletin for entry in self.figures)
        return figures and all(entry.truth == entry.state for entry in self.ended)


@dataclass(slots=True)
class Story:
    """Everything that goes on from week to week."""

    folder: Path
    district: District
    codes: Sequence[str]
    weeks: tuple[Week, ...]
    settings: Settings
    rulebook: Rulebook
    timetable: Timetable
    people: People
    workers: int
    rejected: int = 0


def run(folder: Path, *, seed: int, cells: int, weeks: int, workers: int, as_json: bool) -> int:
    """Let weeks go by, and tell what became of every violation; 3 where anything is untrue."""
    outcome = go_by(folder, seed=seed, cell_count=cells, week_count=weeks, workers=workers)
    if as_json:
        console.out.print_json(data=as_plain(outcome))
    else:
        _tell(outcome, folder)
    return console.DONE if outcome.is_true else console.IN_PART


def go_by(
    folder: Path, *, seed: int, cell_count: int, week_count: int, workers: int
) -> WeeksOutcome:
    """Make a district and let its weeks go by in a new folder.

    Raises:
        PipelineError: the folder holds something.
    """
    started = perf_counter()
    if folder.exists() and any(folder.iterdir()):
        raise PipelineError(
            f"{folder}: is not empty; the weeks of a demonstration begin in a new folder. Give "
            "another one, or remove this; nothing was changed."
        )
    require_writable(folder / "routing.toml")
    district = make_district(seed)
    codes = patrol_codes(district, cell_count)
    weeks = make_weeks(district, codes, seed, week_count)
    settings = _write_district(folder, district, weeks)
    with Registry.open(folder / "district.sqlite") as registry:
        people = People(registry, load_routing(folder / "routing.toml"))
        rulebook = load_rulebook()
        timetable = Timetable(load_calendar())
        story = Story(
            folder, district, codes, weeks, settings, rulebook, timetable, people, workers
        )
        figures = [entry for number in range(week_count) for entry in _week(story, number)]
        ended = _ends(story)
    return WeeksOutcome(
        tuple(figures),
        ended,
        story.rejected,
        photos=sum(1 for _ in folder.rglob("photos/*/*.jpg")),
        seconds=round(perf_counter() - started, 1),
    )


def _write_district(folder: Path, district: District, weeks: Sequence[Week]) -> Settings:
    """Write the files that the weeks share, and the settings that name them."""
    write_district(folder / "district", district, weeks[0].planted)
    (folder / "routing.toml").write_text(ROUTING, encoding="utf-8")
    (folder / "district.toml").write_text(
        '[filing]\nregistry = "district.sqlite"\n\n[dispatching]\nrouting = "routing.toml"\n'
    )
    return SETTINGS.model_copy(
        update={
            "filing": Filing(registry=str((folder / "district.sqlite").resolve())),
            "dispatching": Dispatching(routing=(folder / "routing.toml").resolve()),
        }
    )


def _week(story: Story, number: int) -> list[Compared]:
    """One week: patrol, verification, orders, handling, bulletin."""
    week, monday = story.weeks[number], EPOCH + number * WEEK
    is_last = number == len(story.weeks) - 1
    people, categories = story.people, story.rulebook.categories
    before = people.acts.copy()
    _revisit(story, number)
    people.verify(week.violations, monday + REVISIT_VERIFIED)
    _patrol(story, number)
    people.verify(week.violations, monday + VERIFIED)
    story.rejected += len(
        people.establish(week.violations, story.district.frame, monday + VERIFIED)
    )
    people.send_out(monday + SENT_OUT)
    if not is_last:  # what is said after the last patrol, nobody can verify
        at_once = [entry for entry in categories if entry.code in AT_ONCE]
        people.feed_back(week.handling, at_once, monday + FED_BACK_AT_ONCE)
        people.feed_back(week.handling, categories, monday + FED_BACK)
    people.press(categories, story.timetable, monday + SUPERVISED)
    return _compared(story, number, people.acts - before, _bulletin(story, number))


def _revisit(story: Story, number: int) -> None:
    """Fly to the cases that were fed back before the patrol does, and file what is there."""
    registry = story.people.registry
    cases = registry.cases(stage=Stage.FED_BACK, order="number", limit=None)
    outing = _outing(story, number, "-revisit", EPOCH + number * WEEK + REVISITED)
    terrain = read_terrain(story.folder / "district" / "dem.tif")
    planned = story.settings.planning
    sorties = plan_demo_revisit(outing, cases, planned, terrain, story.codes)
    if sorties:
        _fly_and_analyze(story, outing, sorties, EPOCH + number * WEEK + REVISIT_FILED)


def _patrol(story: Story, number: int) -> None:
    """Fly the cells, find, locate and file."""
    outing = _outing(story, number, "", EPOCH + number * WEEK)
    made = planning.plan(
        [cell for cell in story.district.grid_cells if cell.code in story.codes],
        outing.workspace.plan,
        story.settings.planning,
        terrain=read_terrain(story.folder / "district" / "dem.tif"),
    )
    _fly_and_analyze(story, outing, made.sorties, EPOCH + number * WEEK + FILED)


def _outing(story: Story, number: int, kind: str, epoch: datetime) -> Outing:
    return Outing(
        Workspace(story.folder / f"week-{number + 1}{kind}"),
        story.district,
        story.weeks[number].planted,
        first_seed=1000 * story.district.seed + 100 * number + 50 * bool(kind),
        epoch=epoch,
    )


def _fly_and_analyze(
    story: Story, outing: Outing, sorties: Sequence[Sortie], filed_at: datetime
) -> None:
    workspace = outing.workspace
    asked = {"seed": story.district.seed, "flight": workspace.root.name, "version": VERSION}
    write_json(workspace.demo, {"asked": asked})
    fly_and_photograph(outing, sorties, story.workers)
    inputs = Inputs(
        workspace.photos,
        *(story.folder / "district" / name for name in ("cells.gpkg", "zones.gpkg", "dem.tif")),
    )
    chaining.analyze(workspace, inputs, story.settings, _with_bars, now=filed_at, note=console.warn)


@contextmanager
def _with_bars(_stage: str) -> Iterator[chaining.Bars]:
    with console.bars() as bars:
        yield bars


def _bulletin(story: Story, number: int) -> PeriodFigures:
    """Write the bulletin of a week; as PDF, too, where there is a font for it."""
    monday = (EPOCH + number * WEEK).date()
    period = period_of(Length.WEEK, monday, story.timetable.calendar.utc_offset_hours)
    recorded = read_recorded(story.people.registry)
    figures = recorded.figures(story.rulebook.categories, story.timetable, period)
    workspace = Workspace(story.folder / f"week-{number + 1}")
    shown = illustrate(
        workspace,
        story.settings,
        recorded.cases,
        recorded.histories,
        story.rulebook.categories,
        period=period,
        scope=EVERYTHING,
    )
    path = story.folder / f"{workspace.root.name}.docx"
    write_period(path, figures, shown)
    try:
        write_period(path.with_suffix(".pdf"), figures, shown)
    except DispatchError as error:
        console.warn(str(error))
    return figures


def _compared(
    story: Story, number: int, acts: Mapping[str, int], figures: PeriodFigures
) -> list[Compared]:
    """Hold a bulletin against the weeks; returns, against what people did in this one."""
    truth, now = truth_of(story.weeks, number), figures.now
    categories, calendar = story.rulebook.categories, story.timetable.calendar
    due = due_truth(story.weeks, number, categories, calendar)
    pairs = {
        "reported and not rejected": (truth.found, now.reported - now.rejected),
        "established": (truth.found, now.established),
        "verified: solved": (truth.solved, now.solved),
        "verified: unchanged": (truth.unchanged, now.unchanged),
        "verified: grown": (truth.grown, now.grown),
        "verified: unclear": (0, now.unclear),
        "not covered": (0, now.not_covered),
        "closed": (truth.solved, now.closed),
        "reworked": (truth.unchanged + truth.grown, now.reworked),
        "returned": (acts.get("returned", 0), now.returned),
        "due": (due.due, now.due),
        "due and closed": (due.due_closed, now.due_closed),
        "closed in time": (due.due_in_time, now.due_in_time),
        "overdue": (due.overdue, now.overdue),
        "supervised": (due.supervised, now.supervised),
    }
    return [Compared(number + 1, name, *pair) for name, pair in pairs.items()]


def _ends(story: Story) -> tuple[Ended, ...]:
    truth = states_of(story.weeks)
    numbers = story.people.numbers
    return tuple(
        Ended(code, numbers.get(code, ""), state.value, _state(story, numbers.get(code)))
        for code, state in truth.items()
    )


def _state(story: Story, case_no: str | None) -> str:
    """How a case stands: by its stage, and by its area against that of its first sight."""
    if case_no is None:
        return "missed"
    case = story.people.registry.case(case_no)
    if case.stage in (Stage.CLOSED, Stage.EVALUATED):
        return State.SOLVED.value
    filed = story.people.registry.history(case_no)[0]
    first_m2 = float(filed.details["seen"]["area_m2"])
    is_grown = of_sight(first_m2, case.area_m2).outcome is Outcome.GROWN
    return (State.GROWN if is_grown else State.OPEN).value


def as_plain(outcome: WeeksOutcome) -> dict[str, Any]:
    """Express the outcome in JSON's types."""
    return {**asdict(outcome), "is_true": outcome.is_true}


def _tell(outcome: WeeksOutcome, folder: Path) -> None:
    weeks = sorted({entry.week for entry in outcome.figures})
    names = dict.fromkeys(entry.name for entry in outcome.figures)
    told = {(entry.name, entry.week): _cell(entry) for entry in outcome.figures}
    rows = [(name, *(told[name, week] for week in weeks)) for name in names]
    columns = ["figure", *(f"week {week}" for week in weeks)]
    console.show("Bulletins, and the truth where it differs", columns, rows)
    ends = [
        (entry.code, entry.case_no, entry.truth, "" if entry.truth == entry.state else entry.state)
        for entry in outcome.ended
    ]
    columns = ["violation", "case", "truth", "case says, where it differs"]
    console.show("How every violation ended", columns, ends)
    wrong = sum(entry.truth != entry.state for entry in outcome.ended)
    console.out.print(
        f"{len(outcome.ended)} violations, {wrong} in a wrong state; {outcome.rejected} cases of "
        f"nothing rejected; {outcome.photos} photos, {outcome.seconds:.0f} s",
        highlight=False,
    )
    last = folder / f"week-{weeks[-1]}"
    console.out.print(
        f"bulletins: {console.where(last)}.docx and those before\n"
        f"review:  [bold]aerogrid serve {console.where(last)}[/]",
        highlight=False,
    )


def _cell(entry: Compared) -> str:
    if entry.truth == entry.bulletin:
        return str(entry.bulletin)
    return f"{entry.bulletin} (truth {entry.truth})"
