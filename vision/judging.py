"""How good a detector is, as patrols use it: pixels, objects, scores, confusions, by class.

Pictures go through `Detector.probabilities` and `detections_from_maps`, so the figures are those
of what `aerogrid detect` calls, at the thresholds of the model's manifest. What is there is one
object, or none, by the rule that makes one of what is called: its gap and its least area.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.average_precision import (
    PictureObjects,
    average_precision,
    matched,
    objects_of,
    run_lengths,
)
from vision.calibration import Reliability, pixel_reliability, reliability
from vision.coco import rle
from vision.datasets import Picture, SourceData
from vision.detector import Detector
from vision.evaluation import at_model_scale
from vision.metrics import ScoreHistogram
from vision.model import Detection, Frame
from vision.package import ModelPackage
from vision.polygons import PolygonRules, detections_from_maps
from vision.tiles import Maps

FOUND_IOU = 0.3
"""An object is found where a called one shares this much with it; AP asks for 0.5 and more."""

_BANDS_M = (0.05, 0.08, 0.12, 0.25)
BACKGROUND = "nothing labelled"


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """What became of one class in one picture.

    Attributes:
        scores: of each called object that lies where the class is known.
        hits: whether it is there, in the same order.
        missed: objects that are there and were not called.
        mistaken_for: of each false object, the labelled class in its middle.
        error_px: pixels that are called and not there, or there and not called.
    """

    pixels: ScoreHistogram
    objects: PictureObjects
    scores: tuple[float, ...]
    hits: tuple[bool, ...]
    missed: int
    mistaken_for: tuple[str, ...]
    error_px: int


@dataclass(frozen=True, slots=True)
class PictureVerdict:
    """What became of one picture.

    Attributes:
        shown: the picture at the model's scale.
        seconds: that the model took, without reading the picture.
    """

    source: str
    band: str
    shown: Picture
    classes: dict[str, ClassVerdict]
    called: tuple[Detection, ...]
    seconds: float


@dataclass(slots=True)
class Tally:
    """Verdicts on one class added up."""

    pictures: int = 0
    pixels: ScoreHistogram = field(default_factory=ScoreHistogram.empty)
    objects: list[PictureObjects] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    missed: int = 0
    mistaken_for: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: ClassVerdict) -> None:
        """Add what became of the class in one more picture."""
        self.pictures += 1
        self.pixels = self.pixels + verdict.pixels
        self.objects.append(verdict.objects)
        self.scores.extend(verdict.scores)
        self.hits.extend(verdict.hits)
        self.missed += verdict.missed
        self.mistaken_for.update(verdict.mistaken_for)


def band_of(gsd_m: float | None) -> str:
    """Name the band of metres per pixel that a picture belongs to."""
    if gsd_m is None:
        return "unknown"
    edges = (0.0, *_BANDS_M)
    for low, high in zip(edges, _BANDS_M, strict=False):
        if gsd_m < high:
            return f"{100 * low:g} to {100 * high:g} cm"
    return f"{100 * _BANDS_M[-1]:g} cm and more"


def judge(detector: Detector, data: SourceData, picture: Picture) -> PictureVerdict:
    """Search one picture and compare what is called with what is known of it."""
    package = detector.package
    shown = at_model_scale(data, picture, package.model_gsd_m)
    start = perf_counter()
    maps = detector.probabilities(shown.rgb)
    seconds = perf_counter() - start
    rows, columns = shown.mask.shape
    frame = Frame(
        picture.name, picture.name, "", columns, rows, None, None, None, package.model_gsd_m
    )
    rules = PolygonRules()
    called = detections_from_maps(maps, frame, package, rules)
    truths = {name: data.truth_at(shown, name) for name in data.source.known}
    classes = {
        name: _class_verdict(name, truths, data.known_at(shown, name), maps, called, package, rules)
        for name in data.source.known
        if name in package.classes
    }
    band = band_of(data.gsd_m(picture))
    return PictureVerdict(data.source.name, band, shown, classes, tuple(called), seconds)


def _class_verdict(
    name: str,
    truths: dict[str, NDArray[np.bool_]],
    known: NDArray[np.bool_],
    maps: Maps,
    called: Sequence[Detection],
    package: ModelPackage,
    rules: PolygonRules,
) -> ClassVerdict:
    truth = truths[name] & known
    probability = maps[package.classes.index(name)]
    rows, columns = truth.shape
    mine = sorted((d for d in called if d.class_name == name), key=lambda d: -d.score)
    shapes = [rle(d.polygon_px, columns, rows) for d in mine]
    gsd_m, rule = package.model_gsd_m, rules.of(name)
    there = objects_of(
        truth, join_px=rule.gap_m / gsd_m / 2, least_px=rule.least_area_m2 / gsd_m**2
    )
    unknown = (run_lengths(~known),) if not known.all() else ()
    verdicts, found = matched(shapes, there, unknown, least_iou=FOUND_IOU)
    judged = [n for n, verdict in enumerate(verdicts) if verdict != -1]
    above = probability >= package.thresholds[name]
    scored = tuple((shape, item.score) for shape, item in zip(shapes, mine, strict=True))
    return ClassVerdict(
        ScoreHistogram.empty().add(probability[known], truth[known]),
        PictureObjects(there, unknown, scored),
        tuple(mine[n].score for n in judged),
        tuple(verdicts[n] is not None for n in judged),
        len(there) - len(found),
        tuple(_under(mine[n], name, truths) for n in judged if verdicts[n] is None),
        int(((above != truth) & known).sum()),
    )


def _under(item: Detection, name: str, truths: dict[str, NDArray[np.bool_]]) -> str:
    """The labelled class in the middle of a false object: what it was mistaken for."""
    x, y = (round(v) for v in item.polygon_px.representative_point().coords[0])
    rows, columns = truths[name].shape
    place = (min(max(y, 0), rows - 1), min(max(x, 0), columns - 1))
    return next((other for other, truth in truths.items() if truth[place]), BACKGROUND)


def tallies(verdicts: Iterable[PictureVerdict]) -> dict[tuple[str, str], dict[str, Tally]]:
    """Add up by class: all together, by source, by band.

    Returns:
        Tallies by class, by (kind, name): ("all", ""), ("source", name), ("gsd", band).
    """
    found: dict[tuple[str, str], dict[str, Tally]] = {}
    for verdict in verdicts:
        for key in (("all", ""), ("source", verdict.source), ("gsd", verdict.band)):
            group = found.setdefault(key, {})
            for name, entry in verdict.classes.items():
                group.setdefault(name, Tally()).add(entry)
    return found


def figures(tally: Tally, name: str, package: ModelPackage) -> dict[str, Any]:
    """All figures of one class over the pictures of a tally, for JSON; None where undefined."""
    threshold = package.thresholds[name]
    found, called = sum(tally.hits), len(tally.hits)
    precision = average_precision(tally.objects)
    values = {
        "pictures": tally.pictures,
        "iou": tally.pixels.iou_at(threshold),
        "best_iou": float(tally.pixels.iou_curve().max()),
        "pixel_precision": tally.pixels.precision_at(threshold),
        "pixel_recall": tally.pixels.recall_at(threshold),
        "false_pixel_share": tally.pixels.false_share_at(threshold),
        "objects": found + tally.missed,
        "objects_found": found,
        "objects_false": called - found,
        "objects_missed": tally.missed,
        "precision": found / called if called else math.nan,
        "recall": found / (found + tally.missed) if found + tally.missed else math.nan,
        "ap50": precision.at_50,
        "ap50_95": precision.at_50_95,
        "false_per_100_pictures": 100 * (called - found) / max(1, tally.pictures),
        "ece": pixel_reliability(tally.pixels, package.calibration_of(name)).error,
        "ece_objects": object_reliability(tally).error,
        "mistaken_for": dict(tally.mistaken_for.most_common()),
    }
    return {k: _rounded(v) for k, v in values.items()}


def object_reliability(tally: Tally) -> Reliability:
    """Compare the scores of called objects with how many of them are there."""
    ones = np.ones(len(tally.scores))
    return reliability(np.array(tally.scores), np.array(tally.hits, float), ones)


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else round(value, 4)
