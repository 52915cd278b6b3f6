"""How sure a model may say it is: probabilities brought to the shares that proved true.

Logistic calibration in two numbers a class (Platt 1999; temperature scaling with an offset, Guo et
al. 2017, arXiv 1706.04599): it keeps the order of all probabilities, so no mask changes by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from vision.metrics import BINS, ScoreHistogram

RELIABILITY_BINS = 15
"""Bins of the expected calibration error, as in Guo et al."""

_SMALLEST = 1e-6
_LEAST_SLOPE = 0.05


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated log-odds = slope * log-odds + offset; as it is with 1 and 0."""

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite([self.slope, self.offset]).all() and self.slope > 0):
            raise ValueError(
                f"a calibration needs a slope above 0; got {self.slope}, {self.offset}"
            )

    def __call__(self, probability: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Bring raw probabilities of any shape to calibrated ones."""
        if self == Calibration():
            return np.asarray(probability, np.float64)
        p = np.clip(np.asarray(probability, np.float64), _SMALLEST, 1 - _SMALLEST)
        odds = self.slope * np.log(p / (1 - p)) + self.offset
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def fit(histograms: Sequence[ScoreHistogram]) -> Calibration:
    """Fit to how probabilities fell on pixels with and without a class, each source the same.

    As it is where nothing has the class, or everything.
    """
    usable = [h for h in histograms if h.positive.sum() + h.negative.sum()]
    if not any(h.positive.sum() for h in usable) or not any(h.negative.sum() for h in usable):
        return Calibration()
    middle = (np.arange(BINS) + 0.5) / BINS
    logit = np.log(middle / (1 - middle))
    weights = [1 / (h.positive.sum() + h.negative.sum()) / len(usable) for h in usable]
    here = sum(h.positive * w for h, w in zip(usable, weights, strict=True))
    gone = sum(h.negative * w for h, w in zip(usable, weights, strict=True))

    def loss(values: NDArray[np.float64]) -> float:
        odds = _slope(values[0]) * logit + values[1]
        return float((here * np.logaddexp(0, -odds) + gone * np.logaddexp(0, odds)).sum())

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-4})
    return Calibration(round(_slope(found.x[0]), 4), round(float(found.x[1]), 4))


def _slope(log_slope: float) -> float:
    """A slope that keeps the order, also of a network that has learnt nothing yet."""
    return float(np.exp(np.clip(log_slope, np.log(_LEAST_SLOPE), None)))


@dataclass(frozen=True, slots=True)
class Reliability:
    """What was said and what proved true, by bins of what was said.

    Attributes:
        said: mean probability of each bin; NaN where it is empty.
        true: share that proved true.
        share: of all that fell in the bin.
    """

    said: NDArray[np.float64]
    true: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of said and true, by share; NaN of nothing."""
        if not self.share.sum():
            return float("nan")
        return float(np.nansum(self.share * np.abs(self.said - self.true)))


def reliability(
    probability: NDArray[Any], positive: NDArray[Any], total: NDArray[Any]
) -> Reliability:
    """Compare said with true.

    Args:
        probability: (N,) what was said.
        positive: (N,) how many of those proved true.
        total: (N,) how many were said so.
    """
    bins = np.minimum((probability * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(bins, weights=values, minlength=RELIABILITY_BINS).astype(np.float64)

    count = summed(total)
    known = np.where(count > 0, count, np.nan)
    whole = max(1.0, float(count.sum()))
    return Reliability(summed(probability * total) / known, summed(positive) / known, count / whole)


def pixel_reliability(histogram: ScoreHistogram, calibration: Calibration) -> Reliability:
    """Compare said with true over the pixels of a histogram."""
    said = calibration((np.arange(BINS) + 0.5) / BINS)
    return reliability(said, histogram.positive, histogram.positive + histogram.negative)
