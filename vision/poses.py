"""Which release of the shutter belongs to which photo, when photos carry no pose themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array
from geo.track import CameraEvent

_MOST_TRIED = 8000
_AT_ONCE = 256
_LEAST_SHIFTED_SHARE = 0.5  # of the photos, that two offsets give to different events
_LEAST_RIVAL_SHARE = 0.5  # of the best score: photos of whole seconds miss the true event by 0.3 s
_CLEARLY = 2.0  # how many times closer a fit must be to be no chance
_SHARP_S = 0.15  # whole seconds lie 0.29 s from their middle (root mean square), others nearer
_WHOLE_SECONDS_S = 0.58  # the true offset may leave as much when photos of a row share a fraction
_BLURRED_SHARE = 0.1
_CLOCK_STEP_S = 0.05  # differences below this are of no clock


@dataclass(frozen=True, slots=True)
class ClockRules:
    """When photos and a flight log are believed to belong together.

    Attributes:
        most_offset_s: most that the camera's clock may be ahead of the log's or behind it.
        tolerance_s: most that a photo and its event may be apart once the clocks are aligned.
        least_share: of the photos, or of the events where they are fewer, that must find the other.
    """

    most_offset_s: float = 300.0
    tolerance_s: float = 1.0
    least_share: float = 0.5


@dataclass(frozen=True, slots=True)
class EventMatch:
    """Photos with their events.

    Attributes:
        events: one or None per photo; no event belongs to two photos.
        offset_s: by which the camera's clock is ahead of the log's; None where none is believed.
        problem: why none is believed, empty without photos that have a time or without events.
    """

    events: tuple[CameraEvent | None, ...]
    offset_s: float | None = None
    problem: str = ""


def match_events(
    taken_at: Sequence[datetime | None],
    events: Sequence[CameraEvent],
    rules: ClockRules | None = None,
) -> EventMatch:
    """Find each photo's camera event by time; clocks may differ by a constant.

    The offset that explains the photos best is believed only where it is within the rules and no
    other one explains as many: releases at even intervals fit themselves at any interval.

    Args:
        taken_at: times of the photos, None where a photo has none.
        events: of the flight log.
        rules: what is believed.
    """
    rules = rules or ClockRules()
    timed = [i for i, time in enumerate(taken_at) if time is not None]
    found: list[CameraEvent | None] = [None] * len(taken_at)
    if not timed or not events:
        return EventMatch(tuple(found))
    photo_s = np.array([time.timestamp() for time in taken_at if time is not None])
    event_s = np.array([event.time.timestamp() for event in events])
    clocks = _clocks(photo_s, event_s, rules.tolerance_s)
    best = clocks.best(rules.most_offset_s)
    problem = _problem(clocks, best, rules)
    if best is None or problem:
        return EventMatch(tuple(found), problem=problem)
    for photo, event in _pairs(photo_s - best.offset_s, event_s, rules.tolerance_s):
        found[timed[photo]] = events[event]
    return EventMatch(tuple(found), best.offset_s)


@dataclass(frozen=True, eq=False)
class _Fit:
    """What one offset explains.

    Attributes:
        nearest: (N,) index of the event nearest to each photo.
        explained: number of events that have a photo within the tolerance.
        rms_s: of these photos from their events.
        whole_seconds: whether the photos say no more of their time.
    """

    offset_s: float
    nearest: NDArray[np.intp]
    explained: int
    rms_s: float
    whole_seconds: bool

    def is_clearly_better(self, other: "_Fit") -> bool:
        """Whether it explains more, or as many so much more closely that it cannot be chance.

        Whole seconds bring some photos to no event of their own, so that a few more mean nothing.
        """
        more = self.explained - other.explained
        if more > (0.0 if self.rms_s < _SHARP_S else _BLURRED_SHARE * self.explained):
            return True
        blurred_s = _WHOLE_SECONDS_S if self.whole_seconds else 0.0
        return more >= 0 and max(_CLEARLY * self.rms_s + _CLOCK_STEP_S, blurred_s) < other.rms_s

    def is_other(self, other: "_Fit") -> bool:
        """Whether it gives most photos to other events."""
        return float(np.mean(self.nearest != other.nearest)) > _LEAST_SHIFTED_SHARE


@dataclass(frozen=True, eq=False)
class _Clocks:
    """Offsets that bring some photo to some event.

    Attributes:
        offsets_s: (K,) nearest to zero first.
        scores: (K,) photos explained, each counted by how far within the tolerance it comes, since
            events may follow one another so closely that every photo is near some event.
        photo_s: (N,) times of the photos.
        ordered_s: (M,) times of the events.
    """

    offsets_s: Array
    scores: Array
    photo_s: Array
    ordered_s: Array
    tolerance_s: float

    def best(self, most_offset_s: float) -> _Fit | None:
        """Offset that explains most photos; of several as good the one nearest to zero."""
        allowed = np.flatnonzero(np.abs(self.offsets_s) <= most_offset_s)
        if not allowed.size:
            return None
        return self._fit(float(self.offsets_s[allowed[np.argmax(self.scores[allowed])]]))

    def rival(self, best: _Fit, most_offset_s: float) -> _Fit | None:
        """Another offset that explains about as much by other events."""
        possible = np.abs(self.offsets_s) <= most_offset_s
        possible &= self.scores >= _LEAST_RIVAL_SHARE * self.scores[possible].max()
        for offset_s in self.offsets_s[possible]:
            other = self._fit(float(offset_s))
            if other.is_other(best) and not best.is_clearly_better(other):
                return other
        return None

    def _fit(self, offset_s: float) -> _Fit:
        """Fit at an offset, moved so that as many photos are early as late."""
        rest = self._rest(offset_s)[1]
        offset_s += float(np.median(rest[np.abs(rest) <= self.tolerance_s]))
        nearest, rest = self._rest(offset_s)
        near = np.abs(rest) <= self.tolerance_s
        rms_s = float(np.sqrt(np.mean(rest[near] ** 2))) if near.any() else np.inf
        whole = bool((self.photo_s % 1 == 0).all())
        return _Fit(offset_s, nearest, len(np.unique(nearest[near])), rms_s, whole)

    def _rest(self, offset_s: float) -> tuple[NDArray[np.intp], Array]:
        aligned = self.photo_s - offset_s
        nearest = _nearest(aligned, self.ordered_s)
        return nearest, aligned - self.ordered_s[nearest]


def _clocks(photo_s: Array, event_s: Array, tolerance_s: float) -> _Clocks:
    # The true offset shows in every photo: a few suffice to find it.
    few = photo_s[:: max(1, len(photo_s) * len(event_s) // _MOST_TRIED)]
    offsets = np.unique((few[:, None] - event_s[None, :]).round(3))
    offsets = offsets[np.argsort(np.abs(offsets), kind="stable")]
    ordered = np.sort(event_s)
    scores = []
    for start in range(0, len(offsets), _AT_ONCE):  # bounded memory
        aligned = photo_s[None, :] - offsets[start : start + _AT_ONCE, None]
        rest = np.abs(aligned - ordered[_nearest(aligned, ordered)])
        scores.append(np.maximum(1 - rest / tolerance_s, 0.0).sum(axis=1).round(3))
    return _Clocks(offsets, np.concatenate(scores), photo_s, ordered, tolerance_s)


def _problem(clocks: _Clocks, best: _Fit | None, rules: ClockRules) -> str:
    """Why the best offset is not believed; empty where it is."""
    anywhere = clocks.best(np.inf)
    assert anywhere is not None
    count = len(clocks.photo_s)
    if anywhere.explained < rules.least_share * min(count, len(clocks.ordered_s)):
        return (
            f"the flight log fits at most {anywhere.explained} of {count} photos (at least "
            f"{rules.least_share:.0%} must fit): is it the log of this flight?"
        )
    if best is None or (anywhere.is_other(best) and anywhere.is_clearly_better(best)):
        return (
            f"the flight log fits best with the camera's clock {anywhere.offset_s:+.1f} s ahead, "
            f"at most {rules.most_offset_s:g} s are allowed: set the time or time zone of the "
            "photos right, or raise locating.most_clock_offset_s if the clock was that wrong"
        )
    rival = clocks.rival(best, rules.most_offset_s)
    if rival is None:
        return ""
    return (
        f"the flight log fits as well with the camera's clock {best.offset_s:+.1f} s ahead as with "
        f"{rival.offset_s:+.1f} s: add the photos that are missing, or lower "
        "locating.most_clock_offset_s if the clock is known to be that right"
    )


def _nearest(times: Array, ordered: Array) -> NDArray[np.intp]:
    """Index of the nearest of `ordered` for times of any shape."""
    right = np.clip(np.searchsorted(ordered, times), 0, len(ordered) - 1)
    left = np.maximum(right - 1, 0)
    out: NDArray[np.intp] = np.where(
        np.abs(times - ordered[left]) <= np.abs(times - ordered[right]), left, right
    )
    return out


def _pairs(aligned_s: Array, event_s: Array, tolerance_s: float) -> list[tuple[int, int]]:
    """Pairs (photo, event), each used once: those nearest in time, then in order of time.

    Photos of one second are in the order given.
    """
    gaps = np.abs(aligned_s[:, None] - event_s[None, :])
    photos, events = np.nonzero(gaps <= tolerance_s)
    used_photos: set[int] = set()
    used_events: set[int] = set()
    for k in np.argsort(gaps[photos, events], kind="stable"):
        photo, event = int(photos[k]), int(events[k])
        if photo not in used_photos and event not in used_events:
            used_photos.add(photo)
            used_events.add(event)
    in_order = sorted(used_photos, key=lambda photo: (aligned_s[photo], photo))
    return list(zip(in_order, sorted(used_events, key=lambda e: event_s[e]), strict=True))
