"""How good masks and objects are, against truth: pooled IoU, and objects found, missed, false."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BINS = 200
"""Thresholds are resolved to 1 / BINS."""


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """How many pixels with and without the class got which probability."""

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    @classmethod
    def empty(cls) -> ScoreHistogram:
        """Return a histogram of no pixels."""
        return cls(np.zeros(BINS, np.int64), np.zeros(BINS, np.int64))

    def add(
        self, probability: NDArray[np.floating[Any]], truth: NDArray[np.bool_]
    ) -> ScoreHistogram:
        """Return this histogram with more pixels in it (two arrays of one shape)."""
        bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
        return ScoreHistogram(
            self.positive + np.bincount(bins[truth], minlength=BINS),
            self.negative + np.bincount(bins[~truth], minlength=BINS),
        )

    def __add__(self, other: ScoreHistogram) -> ScoreHistogram:
        return ScoreHistogram(self.positive + other.positive, self.negative + other.negative)

    def precision_at(self, threshold: float) -> float:
        """Return which share of the pixels called the class have it; NaN where none is called."""
        start = _bin_of(threshold)
        hit, false = int(self.positive[start:].sum()), int(self.negative[start:].sum())
        return _share(hit, hit + false)

    def recall_at(self, threshold: float) -> float:
        """Return which share of the pixels with the class is called so; NaN where none has it."""
        return _share(int(self.positive[_bin_of(threshold) :].sum()), int(self.positive.sum()))

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Lower edge of each bin."""
        return np.arange(BINS) / BINS

    def iou_curve(self) -> NDArray[np.float64]:
        """Return the pooled IoU at each threshold; NaN where the class occurs nowhere."""
        hit = np.cumsum(self.positive[::-1])[::-1]
        false = np.cumsum(self.negative[::-1])[::-1]
        total = self.positive.sum()
        if total == 0:
            return np.full(BINS, np.nan)
        return np.asarray(hit / (total + false), np.float64)

    def iou_at(self, threshold: float) -> float:
        """Return the pooled IoU of pixels whose probability is at least `threshold`."""
        return float(self.iou_curve()[_bin_of(threshold)])

    def false_share_at(self, threshold: float) -> float:
        """Return which share of the pixels without the class is called the class."""
        return float(self.false_curve()[_bin_of(threshold)])

    def false_curve(self) -> NDArray[np.float64]:
        """Return `false_share_at` each threshold; 0 where no pixel is without the class."""
        false = np.cumsum(self.negative[::-1])[::-1]
        return np.asarray(false / max(1, int(self.negative.sum())), np.float64)


def _bin_of(threshold: float) -> int:
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold {threshold} is not in [0, 1)")
    return min(BINS - 1, round(threshold * BINS))


def best_threshold(
    histograms: list[ScoreHistogram],
    *,
    low: float = 0.2,
    high: float = 0.8,
    false_cost: float = 20.0,
    slack: float = 0.01,
) -> float:
    """Return the middle of the range of thresholds that are as good as the best within `slack`.

    Good is the mean IoU over the sources that contain the class, less `false_cost` times the mean
    false share on the sources that do not: 1 % of empty ground called the class outweighs an IoU
    of 0.2, because whole alarms hang on it and not outlines.
    """
    curves = [h.iou_curve() for h in histograms if h.positive.sum()]
    if not curves:
        raise ValueError("no histogram contains the class, so no threshold can be chosen")
    empty = [h.false_curve() for h in histograms if not h.positive.sum()]
    good = np.mean(curves, axis=0)
    if empty:
        good = good - false_cost * np.mean(empty, axis=0)
    window = np.arange(_bin_of(low), _bin_of(high) + 1)
    near = window[good[window] >= good[window].max() - slack]
    return float((near[0] + near[-1]) // 2) / BINS


@dataclass(frozen=True, slots=True)
class ObjectCounts:
    """Objects found, called without being there, and missed."""

    found: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: ObjectCounts) -> ObjectCounts:
        return ObjectCounts(
            self.found + other.found, self.false + other.false, self.missed + other.missed
        )

    @property
    def precision_share(self) -> float:
        """Share of the called objects that are there; NaN when none was called."""
        return _share(self.found, self.found + self.false)

    @property
    def recall_share(self) -> float:
        """Share of the objects that were found; NaN when there are none."""
        return _share(self.found, self.found + self.missed)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def match_objects(
    predicted: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    *,
    min_iou: float = 0.3,
    min_area_px: int = 1,
    join_px: int = 0,
    unknown: NDArray[np.bool_] | None = None,
) -> ObjectCounts:
    """Count connected objects of two masks (H, W), matched one to one from the best IoU down.

    Predicted objects that lie mostly where nothing is known count neither way, and neither do
    objects below `min_area_px` on either side. Parts up to `2 * join_px` apart are one object.
    """
    called, n_called = label_objects(predicted, join_px)
    real, n_real = label_objects(truth, join_px)
    area_called = np.bincount(called.ravel(), minlength=n_called + 1)
    area_real = np.bincount(real.ravel(), minlength=n_real + 1)
    pairs = _overlaps(called, real, area_called, area_real)
    used_called: set[int] = set()
    used_real: set[int] = set()
    for iou, i, j in pairs:
        if iou >= min_iou and i not in used_called and j not in used_real:
            used_called.add(i)
            used_real.add(j)
    small = {i for i in range(1, n_called + 1) if area_called[i] < min_area_px}
    if unknown is not None:
        veiled = np.bincount(called[unknown].ravel(), minlength=n_called + 1)
        small |= {i for i in range(1, n_called + 1) if veiled[i] > 0.5 * area_called[i]}
    tiny = {j for j in range(1, n_real + 1) if area_real[j] < min_area_px}
    false = set(range(1, n_called + 1)) - used_called - small
    missed = set(range(1, n_real + 1)) - used_real - tiny
    return ObjectCounts(len(used_real), len(false), len(missed))


def label_objects(mask: NDArray[np.bool_], join_px: float) -> tuple[NDArray[np.int32], int]:
    """Number the objects of a mask (H, W) from 1; parts up to `2 * join_px` apart are one."""
    if not join_px:
        labels, count = ndimage.label(mask)
        return labels, int(count)
    # A distance and not repeated dilation: its time does not grow with the reach.
    near = ndimage.distance_transform_edt(~mask) <= join_px if mask.any() else mask
    labels, count = ndimage.label(near)
    return np.where(mask, labels, 0), int(count)


def _overlaps(
    called: NDArray[np.int32],
    real: NDArray[np.int32],
    area_called: NDArray[np.int64],
    area_real: NDArray[np.int64],
) -> list[tuple[float, int, int]]:
    both = (called > 0) & (real > 0)
    pairs, counts = np.unique(np.stack([called[both], real[both]]), axis=1, return_counts=True)
    found = []
    for (i, j), shared in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        found.append((float(shared / (area_called[i] + area_real[j] - shared)), i, j))
    return sorted(found, reverse=True)
