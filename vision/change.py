"""What is built and what is gone between two epochs: masks and pictures compared on one ground.

A building is new where the model sees one now and saw none nearby before, and where the ground also
looks different: a place that still looks the same has not changed, whatever a model says of it
in another light. Both comparisons allow for what registration leaves over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import Polygon
from shapely.affinity import translate

from vision.polygons import polygon_from_mask

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_SEEN_PX = 15  # side of the window in which two pictures are compared
_SMOOTH_PX = 9
_NOISE = 40.0  # grey levels squared that two pictures of the same ground differ by
_STEP_PX = 2
_FIT_EVERY = 7  # pixels of the ground that tones are fitted to
_LEAST_RESPONSE = 0.05


class Kind(StrEnum):
    """What happened to a building."""

    NEW = "new"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """When a difference is a change.

    Attributes:
        tolerance_px: that the two epochs may be off by after registration.
        least_rise: probability now, less the highest within the tolerance then.
        least_change: 1 less the correlation of the two pictures around a pixel; or
        least_tone: grey levels that they differ by once their tones are alike, for flat roofs on
            flat ground, where nothing correlates.
        least_score: mean rise of a change.
        least_px: smaller changes are dropped: 6 m2 at 0.10 m a pixel.
        width_px: narrower strips are dropped: edges of what is only seen a little differently.
    """

    tolerance_px: int = 4
    least_rise: float = 0.1
    least_change: float = 0.15
    least_tone: float = 20.0
    least_score: float = 0.35
    least_px: int = 600
    width_px: int = 9


@dataclass(frozen=True, slots=True)
class Epoch:
    """One picture of the ground and what a model says of it, on the grid of the other.

    Attributes:
        rgb: (rows, columns, 3).
        built: (rows, columns) probability of a building, finished or not.
        valid: (rows, columns) where the picture shows ground.
    """

    rgb: Bytes
    built: Floats
    valid: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the earlier picture must move, and how clearly that was seen, 0 to 1."""

    right_px: float
    down_px: float
    response: float


@dataclass(frozen=True, slots=True)
class Change:
    """A building that is new or gone.

    Attributes:
        polygon_px: x, y with whole numbers at the centres of pixels.
        score: mean rise of probability, 0 to 1.
    """

    kind: Kind
    polygon_px: Polygon
    score: float


def find_shift(before: Bytes, after: Bytes, *, most_px: float = 40.0) -> Shift:
    """Find by how much two pictures are off: phase correlation of their edges.

    Edges and not grey values, so that light and season count little. A shift that is not seen
    clearly, or beyond `most_px`, is none.
    """
    window = cv2.createHanningWindow((after.shape[1], after.shape[0]), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(_edges(before), _edges(after), window)
    if response < _LEAST_RESPONSE or max(abs(right), abs(down)) > most_px:
        return Shift(0.0, 0.0, float(max(0.0, response)))
    return Shift(float(right), float(down), float(min(1.0, response)))


def _edges(rgb: Bytes) -> Floats:
    grey = _grey(rgb)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _grey(rgb: Bytes) -> Floats:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)


def moved(epoch: Epoch, shift: Shift) -> Epoch:
    """Move an epoch onto the grid of the other; what comes from outside shows no ground."""
    matrix = np.array([[1, 0, shift.right_px], [0, 1, shift.down_px]], np.float32)
    size = (epoch.rgb.shape[1], epoch.rgb.shape[0])
    mirror = cv2.BORDER_REFLECT_101
    rgb = cv2.warpAffine(epoch.rgb, matrix, size, borderMode=mirror)
    built = cv2.warpAffine(epoch.built, matrix, size, borderMode=mirror)
    valid = cv2.warpAffine(epoch.valid.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return Epoch(np.asarray(rgb, np.uint8), np.asarray(built, np.float32), valid > 0)


def find_changes(before: Epoch, after: Epoch, rules: ChangeRules) -> list[Change]:
    """Compare two epochs of one grid, registered by `find_shift` and `moved`."""
    disc = _disc(2 * rules.tolerance_px + 1)
    shared = before.valid & after.valid
    rises = {
        Kind.NEW: after.built - cv2.dilate(before.built, disc),
        Kind.VANISHED: before.built - cv2.dilate(after.built, disc),
    }
    candidates = {kind: shared & (rise > rules.least_rise) for kind, rise in rises.items()}
    window = _window(np.logical_or.reduce(list(candidates.values())), 4 * _SEEN_PX)
    if window is None:
        return []
    differs = tone_difference(before.rgb, after.rgb, shared) > rules.least_tone
    looks = difference(before.rgb[window], after.rgb[window], rules.tolerance_px)
    differs[window] |= cv2.blur(looks, (_SMOOTH_PX, _SMOOTH_PX)) > rules.least_change
    return [
        change
        for kind, rise in rises.items()
        for change in _objects(kind, rise, candidates[kind] & differs, rules)
    ]


def _window(mask: NDArray[np.bool_], margin_px: int) -> tuple[slice, slice] | None:
    """Rows and columns around all that a mask holds, None where it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - margin_px), int(rows[-1]) + margin_px + 1),
        slice(max(0, int(columns[0]) - margin_px), int(columns[-1]) + margin_px + 1),
    )


def difference(before: Bytes, after: Bytes, tolerance_px: int) -> Floats:
    """How different two pictures look around each pixel, 0 to 2: 1 less their correlation.

    The best correlation over all shifts within the tolerance counts. Brightness and contrast take
    no part in a correlation, and flat ground is like flat ground.
    """
    then, now = _grey(before), _grey(after)
    best = np.full(now.shape, -1, np.float32)
    reach = range(-tolerance_px, tolerance_px + 1, _STEP_PX)
    for down in reach:
        for right in reach:
            matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
            size = (then.shape[1], then.shape[0])
            aside = cv2.warpAffine(then, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
            best = np.maximum(best, _correlation(np.asarray(aside, np.float32), now))
    return np.asarray(1 - best, np.float32)


def tone_difference(before: Bytes, after: Bytes, shared: NDArray[np.bool_]) -> Floats:
    """How many grey levels two pictures differ by once gain and offset of each colour are alike.

    Fitted three times to the seven tenths of the shared ground that agree best, so that what
    changed takes no part; what is within three times the usual is noise, 0.
    """
    size = (_SMOOTH_PX, _SMOOTH_PX)
    then, now = (cv2.blur(rgb, size).astype(np.float64) for rgb in (before, after))
    apart = np.zeros(shared.shape)
    kept = shared
    for _ in range(3):
        toned = np.empty_like(then)
        for band in range(3):
            few = then[..., band][kept][::_FIT_EVERY]
            if np.ptp(few) < 1:  # one tone only: no gain can be told
                toned[..., band] = now[..., band][kept].mean()
                continue
            gain, offset = np.polyfit(few, now[..., band][kept][::_FIT_EVERY], 1)
            toned[..., band] = gain * then[..., band] + offset
        apart = np.sqrt(((toned - now) ** 2).mean(axis=2))
        kept = shared & (apart <= np.quantile(apart[shared], 0.7))
    usual = float(np.median(apart[shared]))
    return np.asarray(np.where(apart > 3 * usual, apart, 0), np.float32)


def _correlation(one: Floats, two: Floats) -> Floats:
    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (_SEEN_PX, _SEEN_PX)), np.float32)

    mean_one, mean_two = mean(one), mean(two)
    spread_one = mean(one * one) - mean_one**2
    spread_two = mean(two * two) - mean_two**2
    both = mean(one * two) - mean_one * mean_two
    spread = (np.maximum(spread_one, 0) + _NOISE) * (np.maximum(spread_two, 0) + _NOISE)
    return np.asarray((both + _NOISE) / np.sqrt(spread), np.float32)


def _disc(size_px: int) -> Bytes:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px)), np.uint8)


def _objects(
    kind: Kind, rise: Floats, changed: NDArray[np.bool_], rules: ChangeRules
) -> list[Change]:
    disc = _disc(rules.width_px)
    mask = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] < rules.least_px:
            continue
        x, y, width, height = (int(v) for v in stats[label, :4])
        window = (slice(y, y + height), slice(x, x + width))
        inside = labels[window] == label
        polygon = polygon_from_mask(inside, 1.0)
        score = float(np.clip(rise[window][inside].mean(), 0, 1))
        if polygon is not None and score >= rules.least_score:
            found.append(Change(kind, translate(polygon, x, y), score))
    return found
