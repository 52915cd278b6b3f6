"""EDGE: pictures and what is known of them, decoded into memory; a bad one is listed, not fatal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.files import replacing
from vision.datasets import Picture, Source, SourceData, Split, TrainingError, list_files, split_of
from vision.errors import PhotoError
from vision.images import read_rgb
from vision.label_files import read_coco_labels, read_label_studio
from vision.label_maps import read_map_labels
from vision.label_marks import (
    Bytes,
    LabelProblem,
    PictureLabels,
    ReadLabels,
    draw_codes,
    draw_known,
)
from vision.yolo_labels import read_yolo_labels

_POINTS_PER_VALUE = 256


def load_source(source: Source, data_root: Path, split: Split) -> SourceData:
    """Decode all pictures of one split into memory.

    What cannot be used is in `problems`.

    Raises:
        TrainingError: a source that is to be trained on has nothing that can be used.
    """
    files = list_files(source, data_root, split)
    problems: list[LabelProblem] = []
    if source.format == "masks":
        pictures = tuple(_masked(source, data_root, split, files, problems))
    elif source.format == "geojson":
        source, pictures = _mapped(source, data_root, split, files, problems)
    else:
        source, pictures = _labelled(source, data_root, split, files, problems)
    if not pictures and split == "train":
        first = f" First problem: {problems[0]}." if problems else ""
        raise TrainingError(
            f"Source {source.name} has no {split} pictures below {data_root} that can be used. "
            f"Check images, labels, manifest and exclude in the run file.{first}"
        )
    return SourceData(source, pictures, tuple(problems))


def write_problems(path: Path, problems: Iterable[LabelProblem]) -> None:
    """Write what could not be used as CSV: file, entry, value, what to do; nothing if all could."""
    rows = [(p.file, p.entry, p.value, p.advice) for p in problems]
    if not rows:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "entry", "value", "what to do"))
        writer.writerows(rows)


def _masked(
    source: Source, root: Path, split: Split, files: Iterable[Path], problems: list[LabelProblem]
) -> Iterator[Picture]:
    masks = None if source.masks is None else root / source.masks.format(split=split)
    for path in files:
        rgb = _decoded(path, problems)
        if rgb is None:
            continue
        mask: Bytes | None = np.zeros(rgb.shape[:2], np.uint8)
        if masks is not None:
            mask = _mask(masks / f"{path.stem}.png", rgb.shape[:2], source, problems)
        if mask is not None:
            yield Picture(path.name, rgb, mask, sample_points(mask, source))


def _decoded(path: Path, problems: list[LabelProblem]) -> Bytes | None:
    try:
        return read_rgb(path)
    except PhotoError as error:
        problems.append(LabelProblem(str(path), "picture", str(error), "replace or remove it"))
        return None


def _mask(
    path: Path, shape: tuple[int, ...], source: Source, problems: list[LabelProblem]
) -> Bytes | None:
    """Read a mask; one that does not fit its picture is listed, as are values that say nothing."""
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint8:
        advice = "an 8-bit PNG with one channel and the picture's name is needed"
        problems.append(LabelProblem(str(path), "mask", "missing or of another kind", advice))
        return None
    if mask.shape != tuple(shape):
        sizes = f"{mask.shape[0]} rows and {mask.shape[1]} columns"
        advice = f"its picture has {shape[0]} and {shape[1]}; draw it anew"
        problems.append(LabelProblem(str(path), "mask", sizes, advice))
        return None
    strange = sorted({int(v) for v in np.unique(mask)} - {0, 255} - set(source.values))
    if strange:
        listed = ", ".join(map(str, source.values))
        advice = f"taken as unknown; `values` of source {source.name} lists {listed}"
        problems.append(LabelProblem(str(path), "mask", f"values {strange}", advice))
        mask = np.where(np.isin(mask, strange), 255, mask)
    return np.asarray(mask, np.uint8)


def sample_points(mask: Bytes, source: Source) -> dict[int, NDArray[np.int64]]:
    """Sample where each mask value that shows something occurs: value -> (N, 2) row, column."""
    points = {}
    for value in np.unique(mask).tolist():
        if value in source.codes:
            found = np.argwhere(mask == value)
            points[value] = found[:: max(1, len(found) // _POINTS_PER_VALUE)].copy()
    return points


def _labelled(
    source: Source, root: Path, split: Split, files: list[Path], problems: list[LabelProblem]
) -> tuple[Source, tuple[Picture, ...]]:
    read = _labels(source, root, split)
    problems.extend(read.problems)
    source = _with_known(source, read)
    by_name: dict[str, list[Path]] = {}
    for path in files:
        by_name.setdefault(path.name, []).append(path)
    unused = {path.name for path in list_files(source, root, "all")} - set(by_name)
    pictures = []
    for labels in read.pictures:
        name = PurePosixPath(labels.picture.replace("\\", "/")).name
        if name in by_name:
            rgb = _decoded(by_name[name][0], problems)
            if rgb is not None:
                pictures.append(_drawn(source, labels, rgb))
        elif name not in unused:
            advice = f"no such picture in {source.images}; copy it there or take it out"
            problems.append(LabelProblem(str(source.labels), labels.picture, "absent", advice))
    return source, tuple(pictures)


def _labels(source: Source, root: Path, split: Split) -> ReadLabels:
    path = source.labels_path(root, split)
    if not path.exists():
        raise TrainingError(
            f"Source {source.name}: labels {path} do not exist. Check `labels` in the run file."
        )
    if source.format == "coco":
        return read_coco_labels(path, source.names)
    if source.format == "yolo":
        return read_yolo_labels(path, root / source.images.format(split=split), source.names)
    return read_label_studio(path, source.names)


def _with_known(source: Source, read: ReadLabels) -> Source:
    """Take the classes that the labels know where the source does not say."""
    return source if source.known else replace(source, known=read.known)


def _drawn(source: Source, labels: PictureLabels, rgb: Bytes) -> Picture:
    codes = draw_codes(labels, (rgb.shape[0], rgb.shape[1]))
    known = draw_known(labels, codes, source.known)
    name = PurePosixPath(labels.picture).name
    return Picture(name, rgb, codes, sample_points(codes, source), known)


def _mapped(
    source: Source, root: Path, split: Split, files: list[Path], problems: list[LabelProblem]
) -> tuple[Source, tuple[Picture, ...]]:
    path = source.labels_path(root, split)
    by_window = source.manifest is None and "{split}" not in source.images
    photos = list_files(source, root, "all") if by_window else files
    windows, read = read_map_labels(path, photos, source.names)
    problems.extend(read.problems)
    source = _with_known(source, read)
    pictures = []
    for window, labels in zip(windows, read.pictures, strict=True):
        if by_window and split not in ("all", split_of(labels.picture)):
            continue  # an orthophoto is divided by its windows
        codes = draw_codes(labels, (window.rgb.shape[0], window.rgb.shape[1]))
        codes[~window.labelled] = 255
        points = sample_points(codes, source)
        pictures.append(Picture(labels.picture, window.rgb, codes, points, None, window.gsd_m))
    return source, tuple(pictures)
