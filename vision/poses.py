"""Which release of the shutter belongs to which photo, when photos carry no pose themselves."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from geo.frames import Array
from geo.track import CameraEvent

_MOST_TRIED = 4000


def match_events(
    taken_at: Sequence[datetime | None],
    events: Sequence[CameraEvent],
    *,
    tolerance_s: float = 1.0,
) -> list[CameraEvent | None]:
    """Find each photo's camera event by time; clocks may differ by a constant.

    Args:
        taken_at: times of the photos, None where a photo has none.
        events: of the flight log.
        tolerance_s: most that a photo and its event may be apart once the clocks are aligned.

    Returns:
        One event or None per photo; no event belongs to two photos.
    """
    timed = [i for i, time in enumerate(taken_at) if time is not None]
    found: list[CameraEvent | None] = [None] * len(taken_at)
    if not timed or not events:
        return found
    photo_s = np.array([time.timestamp() for time in taken_at if time is not None])
    event_s = np.array([event.time.timestamp() for event in events])
    for photo, event in _pairs(photo_s, event_s, tolerance_s):
        found[timed[photo]] = events[event]
    return found


def clock_offset_s(photo_s: Array, event_s: Array, *, tolerance_s: float = 1.0) -> float:
    """Seconds by which the camera's clock is ahead of the log's.

    The difference between a photo and an event that puts most photos nearest to an event: each
    counts by how far within the tolerance it comes, since releases may follow one another so
    closely that a wrong offset brings every photo within it. Of several as good, the one nearest
    to zero.
    """
    differences = (photo_s[:, None] - event_s[None, :]).ravel()
    if len(differences) > _MOST_TRIED:  # the true offset shows in every photo: a few suffice
        few = photo_s[:: max(1, len(photo_s) * len(event_s) // _MOST_TRIED)]
        differences = (few[:, None] - event_s[None, :]).ravel()
    ordered = np.sort(event_s)
    best_score, best_s = -1.0, 0.0
    for offset_s in map(float, np.unique(differences.round(3))):
        rest_s = np.abs(_to_nearest(photo_s - offset_s, ordered))
        score = round(float(np.maximum(tolerance_s - rest_s, 0.0).sum()), 3)
        if (score, -abs(offset_s)) > (best_score, -abs(best_s)):
            best_score, best_s = score, offset_s
    near = _to_nearest(photo_s - best_s, ordered)
    return best_s + float(np.median(near[np.abs(near) <= tolerance_s]))


def _to_nearest(times: Array, ordered: Array) -> Array:
    """Signed distance (N,) from each time to the nearest of `ordered`."""
    right = np.clip(np.searchsorted(ordered, times), 0, len(ordered) - 1)
    left = np.maximum(right - 1, 0)
    to_left, to_right = times - ordered[left], times - ordered[right]
    out: Array = np.where(np.abs(to_left) <= np.abs(to_right), to_left, to_right)
    return out


def _pairs(photo_s: Array, event_s: Array, tolerance_s: float) -> list[tuple[int, int]]:
    """Pairs (photo, event), nearest in time first, each used once."""
    aligned = photo_s - clock_offset_s(photo_s, event_s, tolerance_s=tolerance_s)
    gaps = np.abs(aligned[:, None] - event_s[None, :])
    photos, events = np.nonzero(gaps <= tolerance_s)
    used_photos: set[int] = set()
    used_events: set[int] = set()
    pairs = []
    for k in np.argsort(gaps[photos, events], kind="stable"):
        photo, event = int(photos[k]), int(events[k])
        if photo not in used_photos and event not in used_events:
            used_photos.add(photo)
            used_events.add(event)
            pairs.append((photo, event))
    return pairs
