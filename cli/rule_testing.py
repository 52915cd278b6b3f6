"""The verb `rules test`: which rules fire for a class at a place, and why not the others."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from shapely import Polygon, box

from cases.categories import Words
from cases.judging import Verdict, explain
from cases.rule_files import load_rulebook
from cases.rules import Rule, Rulebook
from cases.zone_files import read_zones
from cases.zones import NO_ZONES
from cli import console
from geo.errors import AerogridError
from geo.frames import LocalFrame
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.settings import read_settings
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace, require
from vision.classes import CLASS_NAMES
from vision.frame_table import read_frame_table
from vision.model import Observation

_PIXELS = box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is supposed to have been seen."""

    class_name: str
    lon_deg: float
    lat_deg: float
    score: float
    area_m2: float
    photos: int
    sigma_m: float
    seen_at: datetime | None


def run(
    sight: Sight,
    *,
    patrol: Path | None,
    grids: Path | None,
    zones: Path | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Tell of every rule of the class whether it fires; 0 whether one does or not."""
    _require_class(sight.class_name)
    if patrol is not None:
        inputs, settings = (
            read_inputs(Workspace(patrol)),
            patrol_settings(Workspace(patrol), config),
        )
        grids, zones = grids or inputs.cells, zones or inputs.zones
        sight = replace(sight, seen_at=sight.seen_at or _flown_at(Workspace(patrol)))
    else:
        settings = read_settings(config)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    grid = None if grids is None else read_cells(grids, settings.grids)
    rulebook = rulebook.without_grid() if grid is None else rulebook
    cell = grid.cell_at(sight.lon_deg, sight.lat_deg) if grid else None
    seen = _observation(sight, cell.code if cell else None)
    told = list(explain(seen, rulebook, read_zones(zones) if zones else NO_ZONES, None))
    where = f"cell {cell.code} {cell.name}" if cell else "no cell"
    if as_json:
        console.out.print_json(data=_as_json(told, rulebook, cell.code if cell else None))
    else:
        _tell(told, rulebook, f"{sight.class_name} at {sight.lon_deg}, {sight.lat_deg}: {where}")
    return console.DONE


def _flown_at(workspace: Workspace) -> datetime | None:
    """When the last dated photo of a patrol was taken."""
    frames = read_frame_table(require(workspace.frames, "ingest"))
    return max((frame.taken_at for frame in frames if frame.taken_at), default=None)


def _require_class(class_name: str) -> None:
    if class_name not in CLASS_NAMES:
        raise AerogridError(
            f"--class {class_name}: no such class; choose one of {', '.join(CLASS_NAMES)}"
        )


def parse_place(text: str) -> tuple[float, float]:
    """Read LON,LAT in degrees."""
    try:
        lon_deg, lat_deg = (float(part) for part in text.split(","))
    except ValueError:
        lon_deg, lat_deg = np.nan, np.nan
    if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):
        raise AerogridError(
            f"--at {text}: give longitude,latitude in degrees, such as 120.01,32.02"
        )
    return lon_deg, lat_deg


def _observation(sight: Sight, cell_code: str | None) -> Observation:
    """Make what would have been seen: a square of the area around the place."""
    half_m = float(np.sqrt(sight.area_m2)) / 2
    ground = LocalFrame(sight.lon_deg, sight.lat_deg).to_lonlat(
        box(-half_m, -half_m, half_m, half_m)
    )
    assert isinstance(ground, Polygon), "a square stays one"
    return Observation(
        observation_id="test",
        class_name=sight.class_name,
        score=sight.score,
        polygon=ground,
        covariance_m2=(sight.sigma_m**2, 0.0, sight.sigma_m**2),
        area_m2=sight.area_m2,
        cell_code=cell_code,
        other_cells=(),
        photo_ids=tuple(f"p{number}" for number in range(sight.photos)),
        detections_px=(_PIXELS,) * sight.photos,
        seen_at=sight.seen_at,
    )


def _tell(told: list[tuple[Rule, Verdict]], rulebook: Rulebook, title: str) -> None:
    console.out.print(f"{title}; rules {rulebook.version_label}", highlight=False, markup=False)
    fired = False
    for rule, verdict in told:
        is_first = verdict.rule is not None and not fired
        state = "fires" if is_first else "would fire, too" if verdict.rule else "does not fire"
        fired = fired or is_first
        console.out.print(f"{rule.id}: {state}{' (to check)' * verdict.to_check}", highlight=False)
        for words in verdict.why:
            console.out.print(f"  {_both(words)}", highlight=False, markup=False)
        if is_first:
            category = rulebook.category(rule.category)
            to = f"{_both(category.name)} -> {_both(category.department)}"
            console.out.print(f"  case: {to}, {_both(category.limit.words)}", markup=False)
    others = [rule.id for rule in rulebook.rules if rule not in [entry for entry, _ in told]]
    console.out.print(f"about other classes: {', '.join(others)}", highlight=False, markup=False)


def _both(words: Words) -> str:
    return f"{words.en} / {words.zh}"


def _as_json(
    told: list[tuple[Rule, Verdict]], rulebook: Rulebook, cell: str | None
) -> dict[str, object]:
    return {
        "rules": rulebook.version_label,
        "cell": cell,
        "told": [
            {
                "rule": rule.id,
                "fires": verdict.rule is not None,
                "to_check": verdict.to_check,
                "why": [{"en": words.en, "zh": words.zh} for words in verdict.why],
            }
            for rule, verdict in told
        ],
    }
