"""EDGE: photos already searched, so that an interrupted search goes on where it stopped."""

import errno
import json
import os
from collections.abc import Iterable
from io import RawIOBase
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError

from geo.files import WriteError, replacing
from vision.model import Detection


class Ledger:
    """One JSON line per searched photo, kept until the whole search is done.

    A line counts only for the key that the caller makes of everything the search depends on, so
    changed input is searched again. The last line may be torn by a power cut; it is left out and
    written anew.
    """

    def __init__(self, path: Path) -> None:
        """Read what an earlier run has left."""
        self._path = path
        self._found = _read_lines(path)
        self._file: RawIOBase | None = None

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: str) -> list[Detection] | None:
        """Detections of a photo searched earlier, or None."""
        return self._found.get(key)

    def put(self, key: str, detections: Iterable[Detection]) -> None:
        """Remember a photo's detections on disk."""
        found = list(detections)
        try:
            if self._file is None:
                self._file = self._start()
            line = line_of(key, found)
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise WriteError(
                f"{self._path}: cannot be written ({error.strerror or error}). Free space and run "
                "the same command again; photos already searched are kept."
            ) from error
        self._found[key] = found

    def _start(self) -> RawIOBase:
        """Write the whole lines again, without a torn one, and go on after them."""
        with replacing(self._path) as temporary:
            temporary.write_bytes(
                b"".join(line_of(key, found) for key, found in self._found.items())
            )
        # Without a buffer nothing is left to write, and to fail, when the file is closed.
        return self._path.open("ab", buffering=0)

    def close(self) -> None:
        """Close the file; what was put stays on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Forget everything, once the product is written."""
        self.close()
        self._path.unlink(missing_ok=True)


def _read_lines(path: Path) -> dict[str, list[Detection]]:
    return found_in(path.read_bytes()) if path.exists() else {}


def found_in(lines: bytes) -> dict[str, list[Detection]]:
    """Detections by key, up to the first line that is torn or not ours."""
    found: dict[str, list[Detection]] = {}
    for text in lines.decode("utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
            found[line["key"]] = [_detection(item) for item in line["detections"]]
        except (ValueError, TypeError, KeyError, ShapelyError):
            break
    return found


def line_of(key: str, found: Iterable[Detection]) -> bytes:
    """One photo's line."""
    line = {"key": key, "detections": [_plain(item) for item in found]}
    return (json.dumps(line, ensure_ascii=False) + "\n").encode()


def _plain(detection: Detection) -> dict[str, Any]:
    return {
        "photo_id": detection.photo_id,
        "class_name": detection.class_name,
        "score": detection.score,
        "polygon_px": shapely.to_wkb(detection.polygon_px, hex=True),
        "cut": detection.cut,
    }


def _detection(values: dict[str, Any]) -> Detection:
    return Detection(**{**values, "polygon_px": shapely.from_wkb(values["polygon_px"])})
