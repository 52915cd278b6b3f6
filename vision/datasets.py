"""Which pictures teach what: sources of a training run, and crops drawn from them.

A source knows only some classes. Where it is silent about a class, the weight of that class is 0:
silence never teaches background. This module reads run files and pictures (edge).
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import CLASS_NAMES, class_index
from vision.errors import VisionError

IGNORE = 255
"""Mask value of pixels about which nothing is known."""

Split = Literal["train", "val"]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SUFFIXES = {".jpg", ".jpeg", ".png"}
_POINTS_PER_VALUE = 256


class TrainingError(VisionError):
    """A training run that cannot start or go on: a bad run file, missing or unreadable pictures."""


@dataclass(frozen=True, slots=True)
class Source:
    """Pictures of one origin and what their masks say."""

    name: str
    images: str
    """Folder below the data root; `{split}` stands for train or val."""
    known: tuple[str, ...]
    """Classes that are marked wherever they occur; all others are unknown."""
    masks: str | None = None
    """Folder of PNG masks with the pictures' names; None: none of the known classes occurs."""
    manifest: str | None = None
    """CSV with columns file and split; None: the split is in the folder's name."""
    values: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Mask value -> classes present there."""
    hidden: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Mask value -> classes that may be present there unseen, under smoke for instance."""
    gsd_m: float | None = None
    share: float = 1.0
    """How often a crop is drawn from here, relative to the other sources."""
    trust: dict[str, float] = field(default_factory=dict)
    """Class -> weight of its loss; 1 where not given."""
    judges: bool = True
    """Whether its validation pictures take part in choosing thresholds."""
    exclude: tuple[str, ...] = ()
    """Parts of file names that are never read, because they belong to a test or a demo."""
    licence: str = ""

    def __post_init__(self) -> None:
        named = [*self.known, *self.trust]
        for names in (*self.values.values(), *self.hidden.values()):
            named.extend(names)
        for name in named:
            class_index(name)
        unlisted = {n for names in self.values.values() for n in names} - set(self.known)
        if unlisted:
            raise ValueError(f"source {self.name}: {sorted(unlisted)} in values but not in known")
        if self.values and self.masks is None:
            raise ValueError(f"source {self.name}: values given without a folder of masks")

    def target_table(self) -> Floats:
        """Return (256, classes) float32: 1 where the mask value says the class is present."""
        table = np.zeros((256, len(CLASS_NAMES)), np.float32)
        for value, names in self.values.items():
            table[value, [class_index(n) for n in names]] = 1
        return table

    def weight_table(self) -> Floats:
        """Return (256, classes) float32: weight of the loss by mask value, 0 where unknown."""
        table = np.zeros((256, len(CLASS_NAMES)), np.float32)
        for name in self.known:
            table[:, class_index(name)] = self.trust.get(name, 1.0)
        for value, names in self.hidden.items():
            table[value, [class_index(n) for n in names]] = 0
        table[IGNORE] = 0
        return table


@dataclass(frozen=True, slots=True)
class Run:
    """One training run, as its file describes it."""

    name: str
    version: str
    sources: tuple[Source, ...]
    steps: int
    seed: int = 0
    batch: int = 8
    crop_px: int = 256
    model_gsd_m: float = 0.10
    decoder_rate: float = 1e-3
    encoder_rate: float = 3e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    ema_decay: float = 0.998
    checkpoint_steps: int = 250

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"run {self.name} has no sources")
        if self.crop_px % 32:
            raise ValueError(f"run {self.name}: crop_px {self.crop_px} is not a multiple of 32")


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture with its mask, kept in memory."""

    name: str
    rgb: Bytes
    mask: Bytes
    points: dict[int, NDArray[np.int64]]
    """Mask value -> (N, 2) sample of (row, column) where it occurs."""


@dataclass(frozen=True, slots=True)
class SourceData:
    """A source with its pictures of one split."""

    source: Source
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops for one step: (N, crop, crop, ...) arrays."""

    rgb: Bytes
    target: Floats
    weight: Floats


def read_run(path: Path) -> Run:
    """Read a run file (TOML: the fields of `Run`, and one `[[sources]]` table per `Source`)."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"Run file {path}: {error}. Give a readable TOML file.") from error
    try:
        sources = tuple(_source(entry) for entry in table.pop("sources", []))
        return Run(sources=sources, **table)
    except (TypeError, ValueError, KeyError) as error:
        raise TrainingError(
            f"Run file {path}: {error}. docs/training.md lists the fields of a run file."
        ) from error


def _source(entry: dict[str, Any]) -> Source:
    def by_value(table: dict[str, list[str]]) -> dict[int, tuple[str, ...]]:
        return {int(value): tuple(names) for value, names in table.items()}

    plain = {k: v for k, v in entry.items() if k not in {"values", "hidden", "known", "exclude"}}
    return Source(
        known=tuple(entry["known"]),
        values=by_value(entry.get("values", {})),
        hidden=by_value(entry.get("hidden", {})),
        exclude=tuple(entry.get("exclude", ())),
        **plain,
    )


def list_files(source: Source, data_root: Path, split: Split) -> list[Path]:
    """Return the pictures of one split in the order of their names."""
    folder = data_root / source.images.format(split=split)
    if not folder.is_dir():
        raise TrainingError(
            f"Source {source.name}: folder {folder} does not exist. "
            "Check the data root, or take the source out of the run file."
        )
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES)
    if source.manifest is not None:
        wanted = _files_of_split(data_root / source.manifest, split)
        files = [p for p in files if p.resolve() in wanted]
    return [p for p in files if not any(part in p.name for part in source.exclude)]


def _files_of_split(manifest: Path, split: Split) -> set[Path]:
    try:
        with manifest.open(encoding="utf-8", newline="") as rows:
            return {
                (manifest.parent / row["file"]).resolve()
                for row in csv.DictReader(rows)
                if row["split"] == split
            }
    except (OSError, KeyError) as error:
        raise TrainingError(
            f"Manifest {manifest}: {error}. It needs the columns file and split."
        ) from error


def load_source(source: Source, data_root: Path, split: Split) -> SourceData:
    """Decode all pictures of one split into memory."""
    masks = None if source.masks is None else data_root / source.masks.format(split=split)
    pictures = tuple(
        _load_picture(path, masks, source) for path in list_files(source, data_root, split)
    )
    if not pictures and split == "train":
        raise TrainingError(
            f"Source {source.name} has no {split} pictures below {data_root}. "
            "Check images, manifest and exclude in the run file."
        )
    return SourceData(source, pictures)


def _load_picture(path: Path, masks: Path | None, source: Source) -> Picture:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise TrainingError(f"Picture {path} cannot be decoded. Replace or remove it.")
    rgb: Bytes = np.ascontiguousarray(bgr[:, :, ::-1], dtype=np.uint8)
    if masks is None:
        mask: Bytes = np.zeros(rgb.shape[:2], np.uint8)
    else:
        mask = _load_mask(masks / f"{path.stem}.png", rgb.shape[:2])
    return Picture(path.name, rgb, mask, _sample_points(mask, source))


def _load_mask(path: Path, shape: tuple[int, ...]) -> Bytes:
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint8:
        raise TrainingError(f"Mask {path} is missing or not an 8-bit PNG with one channel.")
    if mask.shape != tuple(shape):
        raise TrainingError(
            f"Mask {path} has {mask.shape[0]} rows and {mask.shape[1]} columns; "
            f"its picture has {shape[0]} and {shape[1]}."
        )
    return np.asarray(mask, np.uint8)


def _sample_points(mask: Bytes, source: Source) -> dict[int, NDArray[np.int64]]:
    points = {}
    for value in source.values:
        found = np.argwhere(mask == value)
        if len(found):
            points[value] = found[:: max(1, len(found) // _POINTS_PER_VALUE)].copy()
    return points


def draw_batch(data: Sequence[SourceData], run: Run, step: int) -> Batch:
    """Draw the crops of one step; the same run, data and step give the same crops."""
    rng = np.random.default_rng([run.seed, step])
    shares = np.array([entry.source.share for entry in data])
    chosen = _balanced_choice(shares / shares.sum(), run.batch, rng)
    crops = [_draw_crop(data[index], run, rng) for index in chosen]
    return Batch(*(np.stack(parts) for parts in zip(*crops, strict=True)))


def _balanced_choice(shares: Floats, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # Systematic sampling: every source comes as near its share of the batch as whole crops allow.
    marks = (rng.random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(shares), marks), len(shares) - 1)


def _draw_crop(
    data: SourceData, run: Run, rng: np.random.Generator
) -> tuple[Bytes, Floats, Floats]:
    picture = data.pictures[rng.integers(len(data.pictures))]
    scale = _draw_scale(data.source, run.model_gsd_m, rng)
    angle_deg = float(rng.uniform(-45, 45)) if rng.random() < 0.5 else 0.0
    centre = _draw_centre(picture, rng)
    rgb, mask = cut(picture, centre, scale, angle_deg, run.crop_px)
    turns, flips = int(rng.integers(4)), bool(rng.integers(2))
    rgb, mask = np.rot90(rgb, turns), np.rot90(mask, turns)
    if flips:
        rgb, mask = rgb[:, ::-1], mask[:, ::-1]
    rgb = weather(np.ascontiguousarray(rgb), rng)
    return rgb, data.source.target_table()[mask], data.source.weight_table()[mask]


def _draw_scale(source: Source, model_gsd_m: float, rng: np.random.Generator) -> float:
    """Return crop pixels per picture pixel."""
    jitter = math.exp(rng.uniform(math.log(0.6), math.log(1.7)))
    return jitter if source.gsd_m is None else source.gsd_m / model_gsd_m * jitter


def _draw_centre(picture: Picture, rng: np.random.Generator) -> tuple[float, float]:
    rows, columns = picture.mask.shape
    if picture.points and rng.random() < 0.6:
        values = sorted(picture.points)
        points = picture.points[values[rng.integers(len(values))]]
        row, column = points[rng.integers(len(points))]
        spread = 0.15 * min(rows, columns)
        return float(row + rng.normal(0, spread)), float(column + rng.normal(0, spread))
    return float(rng.uniform(0, rows)), float(rng.uniform(0, columns))


def cut(
    picture: Picture, centre: tuple[float, float], scale: float, angle_deg: float, crop_px: int
) -> tuple[Bytes, Bytes]:
    """Cut a square of `crop_px` around `centre` (row, column), enlarged by `scale` and turned.

    Outside the picture its content is mirrored and the mask says IGNORE.
    """
    rgb, mask = picture.rgb, picture.mask
    half = crop_px / scale / 2
    rows, columns = mask.shape
    centre = (_inside(centre[0], half, rows), _inside(centre[1], half, columns))
    if scale < 0.7:  # shrink by areas first, or the sampling below would alias
        rgb, mask, centre, scale = _shrink(rgb, mask, centre, scale, half)
    matrix = cv2.getRotationMatrix2D((centre[1], centre[0]), angle_deg, scale)
    matrix[:, 2] += crop_px / 2 - np.array([centre[1], centre[0]]) - 0.5
    size = (crop_px, crop_px)
    flat_rgb = cv2.warpAffine(
        rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    flat_mask = cv2.warpAffine(
        mask, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT,
        borderValue=IGNORE,
    )  # fmt: skip
    return np.asarray(flat_rgb, np.uint8), np.asarray(flat_mask, np.uint8)


def _inside(position: float, half: float, length: int) -> float:
    """Move a crop's centre so that as much of the crop as possible lies in the picture."""
    margin = min(half, length / 2)
    return min(max(position, margin), length - margin)


def _shrink(
    rgb: Bytes, mask: Bytes, centre: tuple[float, float], scale: float, half: float
) -> tuple[Bytes, Bytes, tuple[float, float], float]:
    reach = half * 1.5
    top, left = (max(0, int(c - reach)) for c in centre)
    bottom, right = (int(c + reach) + 1 for c in centre)
    rgb, mask = rgb[top:bottom, left:right], mask[top:bottom, left:right]
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    factor_y, factor_x = size[1] / rgb.shape[0], size[0] / rgb.shape[1]
    moved = ((centre[0] - top) * factor_y, (centre[1] - left) * factor_x)
    return (
        np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8),
        moved,
        1.0,
    )


def weather(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    """Vary light, colour, haze, sharpness, noise and compression of a crop (H, W, 3)."""
    rgb = _light(rgb, rng)
    if rng.random() < 0.25:
        rgb = _haze(rgb, rng)
    if rng.random() < 0.25:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.4, 1.6))), np.uint8)
    if rng.random() < 0.25:
        noise = rng.standard_normal(rgb.shape, dtype=np.float32) * np.float32(rng.uniform(2, 10))
        rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        _, code = cv2.imencode(".jpg", rgb, quality)
        rgb = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return rgb


def _light(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = math.exp(rng.normal(0, 0.18))
    gain, offset = rng.uniform(0.8, 1.2), rng.uniform(-0.08, 0.08)
    tints = 1 + rng.normal(0, 0.05, 3)
    curve = (levels**gamma - 0.5) * gain + 0.5 + offset
    table = np.clip(curve[:, None] * tints * 255, 0, 255).astype(np.uint8)
    lit = np.asarray(cv2.LUT(rgb, table[None]), np.uint8)
    if rng.random() < 0.5:
        grey = np.repeat(lit.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        colour = float(rng.uniform(0.5, 1.3))
        lit = np.asarray(cv2.addWeighted(lit, colour, grey, 1 - colour, 0), np.uint8)
    return lit


def _haze(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    veil = float(rng.uniform(0.05, 0.3))
    tone = float(rng.uniform(170, 235))
    return (rgb * np.float32(1 - veil) + np.float32(veil * tone)).astype(np.uint8)
