"""EDGE: what becomes of each photo, a line of JSON a step, in the file that AEROGRID_TRACE names.

The trace of a photo is the beginning of its SHA-256, so every program on every machine gives it the
same one without being told. Lines are appended whole, by as many processes as there are.
"""

import json
import os
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime

VARIABLE = "AEROGRID_TRACE"
LENGTH = 16


def trace_of(photo_sha256: str) -> str:
    """Name a photo's trace.

    >>> trace_of("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    '9f86d081884c7d65'
    """
    return photo_sha256[:LENGTH]


def is_followed() -> bool:
    """Whether anybody wants to know."""
    return bool(os.environ.get(VARIABLE))


def follow(step: str, photo_sha256: Iterable[str], **facts: object) -> None:
    """Write down that a step was taken with some photos, a line for each.

    A file that cannot be written is told once and stops no work: photos matter more than lines.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    about = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "step": step}
    lines = [
        json.dumps({**about, "trace": trace_of(photo), **facts}, ensure_ascii=False) + "\n"
        for photo in photo_sha256
    ]
    try:
        _append(path, "".join(lines).encode())
    except OSError as error:
        warnings.warn(
            f"{VARIABLE}={path}: cannot be written ({error.strerror}); photos are not followed",
            RuntimeWarning,
            stacklevel=2,
        )


def _append(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, content)  # one call: lines of other processes stay apart
    finally:
        os.close(descriptor)
