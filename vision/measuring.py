"""What a model is worth: thresholds, calibration and figures on pictures kept back, as it is used.

EDGE: reads a manifest, and writes what was measured into it and into the card beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vision.datasets import SourceData, TrainingError
from vision.detector import Detector, OnnxDetector
from vision.evaluation import (
    Figure,
    answer_all,
    choose_thresholds,
    figures_of,
    quiet_thresholds,
    score_source,
)
from vision.manifests import calibrations, with_tables, write_whole
from vision.model import CoarseLook, MirrorLook
from vision.package import load_package

_TABLE_START, _TABLE_END = "<!-- figures -->", "<!-- end of figures -->"
_TABLE_HEAD = """
| class | source | IoU | objects found | false | missed | pictures |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was found out about a model.

    Attributes:
        thresholds: by class.
        calibration: slope and offset by class.
        figures: of every class on every source, at the thresholds.
    """

    thresholds: dict[str, float]
    calibration: dict[str, list[float]]
    figures: list[Figure]


def measure(detector: Detector, data: Sequence[SourceData]) -> Measures:
    """Choose thresholds and calibration on `data`, and measure at them.

    A source that keeps no validation picture back has no figures; its row among the manifest's
    sources says so.
    """
    gsd_m = detector.package.model_gsd_m
    answers = {d.source.name: answer_all(detector.probabilities, d, gsd_m) for d in data}
    scores = {d.source.name: score_source(d, answers[d.source.name]) for d in data}
    judged = {d.source.name: (d, answers[d.source.name]) for d in data if d.source.judges}
    chosen = choose_thresholds({name: scores[name] for name in judged})
    thresholds = quiet_thresholds(judged, scores, chosen)
    figures: list[Figure] = []
    for d in (d for d in data if d.pictures):
        name = d.source.name
        figures.extend(figures_of(d, answers[name], scores[name], thresholds))
    return Measures(thresholds, calibrations(scores), figures)


def measure_again(
    manifest: Path, version: str, coarse: CoarseLook | None, mirrored: MirrorLook | None,
    data: Sequence[SourceData],
) -> Measures:  # fmt: skip
    """Measure a model that is there, looked at as it will be, and write it down beside it.

    What changes in the manifest is the version, the looks, thresholds, calibration and figures; the
    model and its 8-bit copy stay. The table of the card beside it is filled anew.

    Raises:
        ModelError: the model cannot be used.
    """
    package = replace(load_package(manifest), coarse=coarse, mirrored=mirrored)
    measures = measure(OnnxDetector(package), data)
    looks = {"coarse": None, "mirrored": None, **look_tables(coarse, mirrored)}
    with_tables(manifest, {"version": version, **looks, **measured_tables(measures)})
    fill_card_beside(manifest, measures.figures)
    return measures


def look_tables(coarse: CoarseLook | None, mirrored: MirrorLook | None) -> dict[str, Any]:
    """The tables of a manifest that say what is looked at twice; none where nothing is."""
    tables: dict[str, Any] = {}
    if coarse is not None:
        tables["coarse"] = {"scale": coarse.scale, "classes": list(coarse.classes)}
    if mirrored is not None:
        tables["mirrored"] = {"classes": list(mirrored.classes), "above": mirrored.above}
    return tables


def measured_tables(measures: Measures) -> dict[str, Any]:
    """The tables of a manifest that hold what was measured."""
    return {
        "thresholds": measures.thresholds,
        "calibration": measures.calibration,
        "metrics": [_figure_entry(figure) for figure in measures.figures],
    }


def fill_card_beside(manifest: Path, figures: Sequence[Figure]) -> None:
    """Put figures into the card of a model, where it has one."""
    card = manifest.with_suffix(".md")
    if card.exists():
        write_whole(card, fill_card(card.read_text(encoding="utf-8"), figures))


def fill_card(card: str, figures: Sequence[Figure]) -> str:
    """Return a model card whose table between the marks holds `figures`."""
    before, start, rest = card.partition(_TABLE_START)
    _, end, after = rest.partition(_TABLE_END)
    if not start or not end:
        raise TrainingError(
            f"The model card has no place for its figures: put the lines {_TABLE_START} and "
            f"{_TABLE_END} where the table belongs."
        )
    rows = "".join(_card_row(figure) for figure in figures)
    return f"{before}{start}\n{_TABLE_HEAD}{rows}\n{end}{after}"


def _card_row(figure: Figure) -> str:
    iou = "none there" if math.isnan(figure.iou) else f"{figure.iou:.3f}"
    o = figure.objects
    return (
        f"| {figure.class_name} | {figure.source} | {iou} | {o.found} | {o.false} | {o.missed} "
        f"| {figure.pictures} |\n"
    )


def _figure_entry(figure: Figure) -> dict[str, Any]:
    objects = figure.objects
    entry = {
        "class": figure.class_name,
        "source": figure.source,
        "pictures": figure.pictures,
        "iou": round(figure.iou, 3),
        "false_pixel_share": round(figure.false_share, 5),
        "objects_found": objects.found,
        "objects_false": objects.false,
        "objects_missed": objects.missed,
    }
    return {k: v for k, v in entry.items() if not (isinstance(v, float) and math.isnan(v))}
