"""How are remarks that differ only in photo or figure said once?"""

import re
from collections.abc import Iterable, Sequence

from vision.model import Frame
from vision.quality import Flaw, flaw_of

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?!\w|\.\d)")
"""A figure, not the digits of a name such as DJI_0001."""


def shared_remarks(frames: Sequence[Frame], *, named: int = 3) -> list[tuple[str, str]]:
    """Say each kind of remark once: the first photos of which it is said, and its words.

    Figures are given as ranges. What keeps a file from being read differs from file to file, so
    those words are kept apart.
    """
    alike: dict[tuple[str, ...], list[Frame]] = {}
    for frame in frames:
        if frame.reasons:
            alike.setdefault(tuple(_kind(reason) for reason in frame.reasons), []).append(frame)
    return [
        (named_photos([frame.path for frame in group], named), _words(group))
        for group in alike.values()
    ]


def shared_reasons(reasons: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Say reasons that differ only in figures once, most frequent first, each with its photo ids.

    Args:
        reasons: photo id and reason, one for each thing that is listed.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for photo_id, reason in reasons:
        alike.setdefault(skeleton(reason), []).append((photo_id, reason))
    groups = sorted(alike.values(), key=len, reverse=True)
    return [
        (with_ranges([reason for _, reason in group]), [photo_id for photo_id, _ in group])
        for group in groups
    ]


def named_photos(names: Sequence[str], named: int = 3) -> str:
    """Name the first photos and count the others."""
    left = len(names) - named
    shown = ", ".join(names[:named])
    return f"{shown} and {left} more" if left > 0 else shown


def with_ranges(texts: Sequence[str]) -> str:
    """Say texts that differ only in figures once, with the least and the greatest of each.

    >>> with_ranges(["1.69 cm of 2", "1.57 cm of 2"])
    '1.57 to 1.69 cm of 2'
    """
    first, *_ = texts
    if len({skeleton(text) for text in texts}) > 1:
        return f"{first} (and the like)"
    columns = zip(*(_NUMBER.findall(text) for text in texts), strict=True)
    ranges = iter([_range(column) for column in columns])
    return _NUMBER.sub(lambda _: next(ranges), first)


def skeleton(text: str) -> str:
    """Take the figures out of a text."""
    return _NUMBER.sub("#", text)


def _range(numbers: Sequence[str]) -> str:
    low, high = min(numbers, key=float), max(numbers, key=float)
    return low if float(low) == float(high) else f"{low} to {high}"


def _words(frames: Sequence[Frame]) -> str:
    """Words of frames with the same kinds of remarks."""
    return "; ".join(
        with_ranges(reasons) for reasons in zip(*(f.reasons for f in frames), strict=True)
    )


def _kind(reason: str) -> str:
    return reason if flaw_of(reason) == Flaw.UNREADABLE else flaw_of(reason)
