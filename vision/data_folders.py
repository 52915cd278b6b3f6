"""EDGE: which pictures with labels a folder holds, where no run file says so."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from vision.classes import CLASS_NAMES
from vision.datasets import PICTURE_SUFFIXES, Source, Split, TrainingError, read_sources
from vision.package import SHIPPED_MODEL

DESCRIPTION = "sources.toml"
_SHIPPED_RUN = SHIPPED_MODEL.parent / "run_patrol.toml"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Sources below a folder.

    Attributes:
        root: what the sources' paths are relative to.
        split: `val` where training keeps some pictures back, else all of them.
    """

    root: Path
    sources: tuple[Source, ...]
    split: Split


def data_folder(folder: Path, config: Path | None = None) -> DataFolder:
    """Find the sources of a folder.

    The run file given; else the folder's own `sources.toml`; else the sources that the shipped
    model was trained on, as far as they are there; else what the folder and those in it look
    like: `images` beside `masks` with a `classes.csv`, `labels` (YOLO), or one JSON (COCO).

    Raises:
        TrainingError: no source is found.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder}: no such folder; give the folder that holds the data.")
    description = config or folder / DESCRIPTION
    if description.is_file() or config is not None:
        return DataFolder(folder, read_sources(description), "val")
    known = _shipped_sources(folder)
    if known is not None:
        return known
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    found = [source for place in places if (source := _guessed(place, folder)) is not None]
    if not found:
        raise TrainingError(
            f"{folder}: no labelled pictures are recognised in it. Put a {DESCRIPTION} there "
            "(docs/training.md shows one), or images/ beside labels/, masks/ or a COCO .json."
        )
    return DataFolder(folder, tuple(found), "all")


def _shipped_sources(folder: Path) -> DataFolder | None:
    """The shipped model's sources, below `folder` or with it as their `vision` folder."""
    for prefix in ("", "vision/"):
        sources = []
        for source in read_sources(_SHIPPED_RUN):
            moved = _moved(source, prefix)
            if moved is not None and (folder / moved.images.format(split="val")).is_dir():
                sources.append(moved)
        manifests = {s.manifest for s in sources if s.manifest}
        if sources and all((folder / m).is_file() for m in manifests):
            return DataFolder(folder, tuple(sources), "val")
        if sources:
            return DataFolder(folder, tuple(replace(s, manifest=None) for s in sources), "all")
    return None


def _moved(source: Source, prefix: str) -> Source | None:
    if not source.images.startswith(prefix):
        return None
    cut = len(prefix)
    return replace(
        source,
        images=source.images[cut:],
        masks=source.masks and source.masks[cut:],
        manifest=source.manifest and source.manifest[cut:],
    )


def _guessed(place: Path, root: Path) -> Source | None:
    images = place / "images"
    if not images.is_dir() or not any(
        p.suffix.lower() in PICTURE_SUFFIXES for p in images.iterdir()
    ):
        return None
    name, below = place.name, images.relative_to(root).as_posix()
    if (place / "masks" / "classes.csv").is_file():
        values = _class_table(place / "masks" / "classes.csv")
        known = tuple(dict.fromkeys(n for names in values.values() for n in names))
        masks = (place / "masks").relative_to(root).as_posix()
        return Source(name, below, known, masks=masks, values=values)
    documents = sorted(place.glob("*.json"))
    if len(documents) == 1:
        labels = documents[0].relative_to(root).as_posix()
        return Source(name, below, (), format="coco", labels=labels)
    if (place / "labels").is_dir():
        labels = (place / "labels").relative_to(root).as_posix()
        return Source(name, below, (), format="yolo", labels=labels)
    return None


def _class_table(path: Path) -> dict[int, tuple[str, ...]]:
    """Read the columns value and class; a value of several classes stands in several rows."""
    values: dict[int, tuple[str, ...]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                name = row["class"].strip()
                if name in CLASS_NAMES:
                    value = int(row["value"])
                    values[value] = (*values.get(value, ()), name)
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise TrainingError(
            f"{path}: {type(error).__name__}: {error}. It needs columns value (0 to 254), class."
        ) from error
    if not values:
        raise TrainingError(f"{path}: names none of the classes {', '.join(CLASS_NAMES)}.")
    return values
