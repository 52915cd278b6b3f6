"""EDGE: labels in YOLO's text files; each problem is listed.

Source of the format: Ultralytics, "Detection and segmentation datasets".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from vision.datasets import PICTURE_SUFFIXES
from vision.label_files import Reading, boxed, class_names, outlined
from vision.label_marks import Mark, PictureLabels, ReadLabels


def read_yolo_labels(folder: Path, pictures: Path, names: Mapping[str, str]) -> ReadLabels:
    """Read YOLO text files: `class x y width height`, or `class x1 y1 x2 y2 ...` as an outline.

    Classes are named in `data.yaml` or `classes.txt` beside the files or one folder up, or mapped
    by their number. A picture without a file is not labelled and left out; an empty file says
    that nothing is there.
    """
    reading = Reading(folder.name, class_names(names))
    by_number = _yolo_names(folder) or {int(k): v for k, v in names.items() if k.isdigit()}
    known = tuple(
        dict.fromkeys(
            c for number, name in by_number.items()
            if (c := reading.class_of(name, f"class {number}"))
        )
    )  # fmt: skip
    found = []
    for path in sorted(p for p in pictures.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES):
        text = folder / f"{path.stem}.txt"
        if not text.is_file():
            reading.note(path.name, "no label file", f"not used; {text.name} may be empty")
            continue
        try:
            with Image.open(path) as image:
                size = image.size
            lines = text.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reading.note(path.name, error, "it is left out; replace the file")
            continue
        marks = [
            _yolo_mark(line.split(), by_number, size, f"{text.name} line {number}", reading)
            for number, line in enumerate(lines, start=1)
            if line.strip()
        ]
        found.append(PictureLabels(path.name, tuple(mark for mark in marks if mark)))
    return ReadLabels(tuple(found), known, tuple(reading.problems))


def _yolo_names(folder: Path) -> dict[int, str]:
    for place in (folder, folder.parent, folder.parent.parent):
        plain = place / "classes.txt"
        if plain.is_file():
            return dict(enumerate(plain.read_text(encoding="utf-8").split("\n")))
        for name in ("data.yaml", "data.yml", "dataset.yaml"):
            if (place / name).is_file():
                return _names_in_yaml((place / name).read_text(encoding="utf-8"))
    return {}


def _names_in_yaml(text: str) -> dict[int, str]:
    """Names of the one key that counts here: a list in brackets, dashes or numbered lines."""
    after = text.partition("names:")[2]
    first, _, rest = after.partition("\n")
    if first.strip().startswith("["):
        inside = after.partition("[")[2].partition("]")[0]
        return dict(enumerate(part.strip().strip("'\"") for part in inside.split(",")))
    found: dict[int, str] = {}
    for line in rest.splitlines():
        entry = line.strip()
        number, colon, name = entry.partition(":")
        if entry.startswith("- "):
            found[len(found)] = entry[2:].strip().strip("'\"")
        elif colon and number.strip().isdigit():
            found[int(number)] = name.strip().strip("'\"")
        elif entry:
            break
    return found


def _yolo_mark(
    fields: list[str], names: Mapping[int, str], size: tuple[int, int], entry: str, reading: Reading
) -> Mark | None:
    width, height = size
    try:
        number, values = int(fields[0]), np.array(fields[1:], float)
    except ValueError:
        reading.note(entry, " ".join(fields), "not YOLO: a class number, then shares of 0 to 1")
        return None
    if number not in names:
        reading.note(entry, f"class {number}", f"the list of names has {sorted(names)}")
        return None
    class_name = reading.class_of(names[number], entry)
    if class_name is None:
        return None
    if values.size != 4 and (values.size < 6 or values.size % 2):
        reading.note(entry, f"{values.size} numbers", "a box has 4, an outline an even number >= 6")
        return None
    if not ((values >= -0.01) & (values <= 1.01)).all():
        reading.note(entry, " ".join(fields), "shares of the picture lie between 0 and 1")
        return None
    if values.size == 4:
        x, y, wide, high = values * (width, height, width, height)
        bounds = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        return boxed(class_name, bounds, (width, height), entry, reading)
    ring = values.reshape(-1, 2) * (width, height)
    return outlined(class_name, [ring], (width, height), entry, reading)
