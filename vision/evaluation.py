"""How good a predictor is on sources held back from training, and which thresholds suit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import CLASS_NAMES, class_index
from vision.datasets import Picture, SourceData
from vision.metrics import ObjectCounts, ScoreHistogram, best_threshold, match_objects

Predictor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From a picture (H, W, 3) to probabilities (classes, H, W)."""

MIN_OBJECT_PX = 30
"""Smaller objects are counted on neither side: 0.3 m2 at 0.10 m a pixel."""

JOIN_PX = 5
"""Parts up to twice this far apart, 1 m on the ground, are one object: smoke and flames tear."""

MOST_FALSE_PER_PICTURE = 0.02
"""Objects called on pictures of places that have none; above this no one would look any more."""

_HIGHEST_CHOSEN, _HIGHEST_QUIET = 0.8, 0.95

SILENT_THRESHOLD = 0.9999
"""Of a class that no validation picture contains: nobody knows what the network says there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a predictor said about one picture, which has the size of the answer."""

    probability: NDArray[np.float16]
    picture: Picture


@dataclass(frozen=True, slots=True)
class Figure:
    """Quality of one class on one source at the working threshold."""

    source: str
    class_name: str
    pictures: int
    iou: float
    """Pooled over all known pixels; NaN where the class does not occur."""
    false_share: float
    """Share of the pixels without the class that are called the class."""
    objects: ObjectCounts


def answer_all(predict: Predictor, data: SourceData, model_gsd_m: float) -> list[Answer]:
    """Ask the predictor about every picture of a source, resampled to the model's GSD."""
    pictures = (at_model_scale(data, picture, model_gsd_m) for picture in data.pictures)
    return [Answer(predict(item.rgb).astype(np.float16), item) for item in pictures]


def at_model_scale(data: SourceData, picture: Picture, model_gsd_m: float) -> Picture:
    """Resample a picture and what is known of it to the model's GSD."""
    gsd_m = data.gsd_m(picture)
    scale = 1.0 if gsd_m is None else gsd_m / model_gsd_m
    rows, columns = picture.mask.shape
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR

    def plane(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_NEAREST), np.uint8)

    rgb = np.asarray(cv2.resize(picture.rgb, size, interpolation=method), np.uint8)
    known = None if picture.known is None else plane(picture.known)
    return replace(picture, rgb=rgb, mask=plane(picture.mask), points={}, known=known)


def score_source(data: SourceData, answers: Sequence[Answer]) -> dict[str, ScoreHistogram]:
    """Return for each class that the source knows how probabilities fall on its pixels."""
    scores = {}
    for name in data.source.known:
        total = ScoreHistogram.empty()
        for answer in answers:
            truth, known = data.truth_at(answer.picture, name), data.known_at(answer.picture, name)
            total = total.add(answer.probability[class_index(name)][known], truth[known])
        scores[name] = total
    return scores


def choose_thresholds(scores: Mapping[str, Mapping[str, ScoreHistogram]]) -> dict[str, float]:
    """Return for each class the threshold that serves the sources of `scores` best together.

    A class that none of them contains is kept silent.
    """
    chosen = {}
    for name in CLASS_NAMES:
        histograms = [s[name] for s in scores.values() if name in s]
        has_truth = any(h.positive.sum() for h in histograms)
        chosen[name] = best_threshold(histograms) if has_truth else SILENT_THRESHOLD
    return chosen


def quiet_thresholds(
    judged: Mapping[str, tuple[SourceData, Sequence[Answer]]],
    scores: Mapping[str, Mapping[str, ScoreHistogram]],
    thresholds: Mapping[str, float],
) -> dict[str, float]:
    """Raise each threshold until places without a class are quiet about it, to the best from there.

    Args:
        judged: sources that take part in choosing thresholds, with their answers.
        scores: of the same sources.
        thresholds: as `choose_thresholds` chose them.

    Returns:
        The given thresholds where sources without the class give at most
        `MOST_FALSE_PER_PICTURE` objects; else the best of those, in steps of 0.02, where they do.
    """
    raised = {}
    for name, threshold in thresholds.items():
        histograms = [s[name] for n, s in scores.items() if n in judged and name in s]
        empty = [
            judged[n] for n in judged if name in scores[n] and not scores[n][name].positive.sum()
        ]
        quiet = _quiet_from(name, threshold, empty)
        if threshold < quiet < _HIGHEST_CHOSEN:
            quiet = best_threshold(histograms, low=quiet, high=_HIGHEST_CHOSEN)
        raised[name] = round(quiet, 4)
    return raised


def _quiet_from(
    name: str, threshold: float, empty: Sequence[tuple[SourceData, Sequence[Answer]]]
) -> float:
    """The lowest threshold from the given one up at which sources without a class are quiet."""
    allowed = MOST_FALSE_PER_PICTURE * sum(len(answers) for _, answers in empty)
    while threshold + 0.02 <= _HIGHEST_QUIET:
        if sum(_count_objects(*one, name, threshold).false for one in empty) <= allowed:
            break
        threshold += 0.02
    return threshold


def figures_of(
    data: SourceData,
    answers: Sequence[Answer],
    scores: Mapping[str, ScoreHistogram],
    thresholds: Mapping[str, float],
) -> list[Figure]:
    """Return the quality of every class that the source knows."""
    return [
        Figure(
            data.source.name,
            name,
            len(answers),
            histogram.iou_at(thresholds[name]),
            histogram.false_share_at(thresholds[name]),
            _count_objects(data, answers, name, thresholds[name]),
        )
        for name, histogram in scores.items()
    ]


def _count_objects(
    data: SourceData, answers: Sequence[Answer], name: str, threshold: float
) -> ObjectCounts:
    total = ObjectCounts()
    for answer in answers:
        truth, known = data.truth_at(answer.picture, name), data.known_at(answer.picture, name)
        called = answer.probability[class_index(name)] >= threshold
        total += match_objects(
            called, truth, min_area_px=MIN_OBJECT_PX, join_px=JOIN_PX, unknown=~known
        )
    return total
