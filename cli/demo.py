"""The demonstration: a synthetic district patrolled from plan to cases, compared with its truth."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from cases.registry import Registry
from cli import console
from cli.demo_flight import DRONE, Outing, fly_and_photograph
from cli.demo_folder import claim
from cli.demo_people import filed
from geo.raster import read_terrain
from missions.plan import Plan
from pipeline import chaining, planning
from pipeline.inputs import Inputs
from pipeline.settings import Locating, Planning, Settings
from pipeline.workspace import Workspace, write_json
from simulations.layout import District
from simulations.planting import plant
from simulations.recording import DEM_SIGMA_M, write_district
from simulations.scoring import NEAR_M, Score, score
from simulations.town import make_district

VERSION = version("aerogrid")
SETTINGS = Settings(
    planning=Planning(drone=DRONE, front_overlap_share=0.6, side_overlap_share=0.4),
    # Poses as recorded, so that the comparison shows what locating makes of their errors; the DEM
    # that `write_district` writes is of the bare ground.
    locating=Locating(terrain_sigma_m=DEM_SIGMA_M, terrain_has_roofs=False, adjust=False),
)


@dataclass(slots=True)
class Stopwatch:
    """Seconds of wall time by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes."""
        start = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demonstration came to."""

    seed: int
    score: Score
    refused: tuple[str, ...]
    sorties: int
    photos: int
    flight_min: float
    cases: int
    seconds: dict[str, float]


def run(folder: Path, *, seed: int, cells: int, workers: int, again: bool, as_json: bool) -> int:
    """Run the demonstration and tell how it went."""
    outcome = demonstrate(folder, seed=seed, cell_count=cells, workers=workers, again=again)
    if as_json:
        console.out.print_json(json.dumps(as_plain(outcome)))
    else:
        _tell(outcome, folder)
    return console.IN_PART if outcome.refused else console.DONE


def demonstrate(
    folder: Path, *, seed: int, cell_count: int, workers: int, again: bool = False
) -> Outcome:
    """Make, plan, fly, photograph, analyse and judge; an interrupted run of one seed goes on."""
    started = perf_counter()
    workspace = Workspace(folder)
    watch = Stopwatch()
    asked = {"seed": seed, "cells": cell_count, "version": VERSION}
    claim(workspace, asked, again=again)
    with watch.stage("make district"):
        district = make_district(seed)
        codes = patrol_codes(district, cell_count)
        planted = plant(district, codes, seed)
        write_district(folder / "district", district, planted)
    with watch.stage("plan"):
        made = _plan(workspace, district, codes)
    with watch.stage("fly and photograph"):
        outing = Outing(workspace, district, planted, first_seed=district.seed * 1000)
        flown = fly_and_photograph(outing, made.sorties, workers)
    _analyse(workspace, watch)
    with Registry.open(workspace.registry) as registry:
        cases = registry.cases(limit=None)
    verdict = score(planted, [filed(case) for case in cases], district.frame)
    watch.seconds["total"] = perf_counter() - started
    outcome = Outcome(
        seed=seed,
        score=verdict,
        refused=tuple(str(refusal) for refusal in made.refused),
        sorties=len(made.sorties),
        photos=sum(1 for _ in workspace.photos.rglob("*.jpg")),
        flight_min=flown / 60,
        cases=len(cases),
        seconds={name: round(value, 1) for name, value in watch.seconds.items()},
    )
    write_json(workspace.demo, {"asked": asked, "outcome": as_plain(outcome)})
    return outcome


def as_plain(outcome: Outcome) -> dict[str, Any]:
    """Express the outcome in JSON's types."""
    verdict = outcome.score
    return {
        "seed": outcome.seed,
        "classes": {
            name: {
                "planted": item.planted,
                "found": item.found,
                "missed": item.missed,
                "false": item.false,
                "duplicates": item.duplicates,
            }
            for name, item in verdict.classes.items()
        },
        "recall": round(verdict.recall, 4),
        "exact_recall": round(verdict.exact_recall, 4),
        "near_recall": round(verdict.near_recall, 4),
        "precision": round(verdict.precision, 4),
        "twins_planted": verdict.twins_planted,
        "twins_filed": verdict.twins_filed,
        "twin_share": round(verdict.twin_share, 4),
        "one_case_share": round(verdict.one_case_share, 4),
        "median_position_error_m": round(verdict.median_error_m, 3)
        if verdict.position_errors_m
        else None,
        "inside_95_share": round(verdict.inside_95_share, 4) if verdict.position_errors_m else None,
        "missed": list(verdict.missed_codes),
        "cells_refused": list(outcome.refused),
        "cases": outcome.cases,
        "sorties": outcome.sorties,
        "photos": outcome.photos,
        "flight_min": round(outcome.flight_min, 1),
        "seconds": outcome.seconds,
    }


def patrol_codes(district: District, count: int) -> list[str]:
    """Cells to patrol: the district's own choice first, then the others in order."""
    others = [cell.code for cell in district.cells if cell.code not in district.patrol_codes]
    return [*district.patrol_codes, *others][:count]


def _plan(workspace: Workspace, district: District, codes: Sequence[str]) -> Plan:
    chosen = [cell for cell in district.grid_cells if cell.code in codes]
    terrain = read_terrain(workspace.root / "district" / "dem.tif")
    with console.progress() as bars:
        task = bars.add_task("planning", total=len(chosen))
        made = planning.plan(
            chosen,
            workspace.plan,
            SETTINGS.planning,
            terrain=terrain,
            on_cell=lambda _: bars.advance(task),
        )
    for refusal in made.refused:
        console.warn(str(refusal))
    return made


def _analyse(workspace: Workspace, watch: Stopwatch) -> None:
    district = workspace.root / "district"
    inputs = Inputs(
        workspace.photos, district / "cells.gpkg", district / "zones.gpkg", district / "dem.tif"
    )

    @contextmanager
    def timed(stage: str) -> Iterator[chaining.Bars]:
        with console.bars() as bars, watch.stage(stage):
            yield bars

    chaining.analyze(workspace, inputs, SETTINGS, timed, now=datetime.now(UTC), note=console.warn)


def _tell(outcome: Outcome, folder: Path) -> None:
    verdict = outcome.score
    rows = [
        (name, item.planted, item.found, item.missed, item.false, item.duplicates)
        for name, item in verdict.classes.items()
    ]
    columns = ["class", "planted", "found", "missed", "false", "doubled"]
    console.show("Violations", columns, rows)
    twins = [
        (kind.replace("_", " "), count, verdict.twins_filed.get(kind, 0))
        for kind, count in verdict.twins_planted.items()
    ]
    console.show("Innocent twins", ["kind", "planted", "filed"], twins)
    times = list(outcome.seconds.items())
    console.show("Time", ["stage", "seconds"], times)
    console.out.print(
        f"recall {verdict.recall:.2f}, precision {verdict.precision:.2f}, "
        f"one case per object {verdict.one_case_share:.2f}, "
        f"median position error {verdict.median_error_m:.2f} m, "
        f"{verdict.inside_95_share:.0%} inside their 95 % circle\n"
        f"by a case of the very class {verdict.exact_recall:.2f}, "
        f"within {NEAR_M:.0f} m of its centre {verdict.near_recall:.2f}\n"
        f"{outcome.sorties} sorties, {outcome.flight_min:.1f} flight minutes, "
        f"{outcome.photos} photos, {outcome.cases} cases",
        highlight=False,
    )
    console.out.print(
        f"look at {console.where(folder / 'plan' / 'preview.png')}, "
        f"{console.where(folder / 'overlays' / 'contact_sheet.jpg')}, "
        f"{console.where(folder / 'report' / 'bulletin.html')}\n"
        f"review:  [bold]aerogrid serve {console.where(folder)}[/]",
        highlight=False,
    )
