"""EDGE: photos already searched, so that an interrupted search goes on where it stopped."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import shapely

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
        self._lines = {line["key"]: line for line in _read_lines(path)}
        self._file: TextIO | None = None

    def __len__(self) -> int:
        return len(self._lines)

    def get(self, key: str) -> list[Detection] | None:
        """Detections of a photo searched earlier, or None."""
        line = self._lines.get(key)
        return None if line is None else [_detection(item) for item in line["detections"]]

    def put(self, key: str, detections: Iterable[Detection]) -> None:
        """Remember a photo's detections on disk."""
        line = {"key": key, "detections": [_plain(item) for item in detections]}
        try:
            if self._file is None:
                self._start()
            if self._file is not None:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._file.flush()
        except OSError as error:
            raise WriteError(
                f"{self._path}: cannot be written ({error.strerror or error}). Free space and run "
                "the same command again; photos already searched are kept."
            ) from error
        self._lines[key] = line

    def _start(self) -> None:
        """Write the whole lines again, without a torn one, and go on after them."""
        with replacing(self._path) as temporary:
            text = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in self._lines.values())
            temporary.write_text(text, encoding="utf-8")
        self._file = self._path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the file; what was put stays on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Forget everything, once the product is written."""
        self.close()
        self._path.unlink(missing_ok=True)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


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
