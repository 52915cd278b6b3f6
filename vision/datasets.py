"""EDGE: which pictures teach what: run files and the sources they name.

A source knows only some classes. Where it is silent about a class, the weight of that class is 0:
silence never teaches background. `vision.loading` decodes the pictures, `vision.crops` cuts them.
"""

from __future__ import annotations

import csv
import tomllib
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from vision.aims import Apart, Teaching
from vision.classes import CLASS_NAMES, class_index
from vision.encoders import checked
from vision.errors import VisionError
from vision.label_marks import BOXED, DRAWN, IGNORE, Bytes, LabelProblem, code_values
from vision.model import CoarseLook, MirrorLook

Split = Literal["train", "val", "all"]
"""`all`: whatever a source has, for pictures from elsewhere that were never trained on."""

Format = Literal["masks", "coco", "yolo", "label_studio", "geojson"]
Floats = NDArray[np.float32]

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
_VAL_ONE_IN = 5  # pictures of a source that says nothing of its split


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
    emphasis: dict[str, float] = field(default_factory=dict)
    """Part of a file name -> how many times as often such pictures are drawn: places in balance."""
    exclude: tuple[str, ...] = ()
    """Parts of file names that are never read, because they belong to a test or a demo."""
    licence: str = ""
    format: Format = "masks"
    """How it is labelled; anything but masks stands in `labels`."""
    labels: str | None = None
    """COCO or Label Studio JSON, folder of YOLO texts, or GeoJSON: beside the run file, or below
    the data root."""
    names: dict[str, str] = field(default_factory=dict)
    """What the labels call a thing, or its number -> our class; our own names need none."""
    box_weight: float = 0.3
    """Weight of the loss inside of boxes, whose outlines nobody drew."""
    drawn_fires: float = 0.0
    """Share of the crops onto which open fires are drawn; for pictures seen from above."""
    drawn_vehicles: float = 0.0
    """Share of the crops onto which cars and lorries are drawn; for pictures seen from above."""
    drawn_ground: float = 0.0
    """Share of the crops onto which plots, yards and roads are drawn, likewise."""

    said_in: Path | None = None
    """Folder of the file that lists this source; `labels` may lie there, too."""

    def __post_init__(self) -> None:
        self._check_format()
        self._check_drawn()
        for part, times in self.emphasis.items():
            if times <= 0:
                raise ValueError(f"source {self.name}: emphasis {times} on {part!r} is not above 0")
        named = [*self.known, *self.trust, *self.names.values()]
        for names in (*self.values.values(), *self.hidden.values()):
            named.extend(names)
        for name in named:
            class_index(name)
        unlisted = {n for names in self.values.values() for n in names} - set(self.known)
        if unlisted:
            raise ValueError(f"source {self.name}: {sorted(unlisted)} in values but not in known")
        if self.values and self.masks is None:
            raise ValueError(f"source {self.name}: values given without a folder of masks")

    def _check_format(self) -> None:
        if self.format not in get_args(Format):
            raise ValueError(f"source {self.name}: format {self.format!r} is none of {Format}")
        if (self.format == "masks") is not (self.labels is None):
            raise ValueError(f"source {self.name}: labels go with every format but masks")
        if self.labels is not None and (
            self.values or self.hidden or self.masks or self.drawn_fires
        ):
            raise ValueError(
                f"source {self.name}: masks, values, hidden and drawn_fires are not for labels"
            )

    def _check_drawn(self) -> None:
        for name in ("drawn_fires", "drawn_vehicles", "drawn_ground"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"source {self.name}: {name} {getattr(self, name)} is not 0 to 1")
        kept = [value for value in self.values if DRAWN <= value < IGNORE]
        if self.drawn_fires and kept:
            raise ValueError(
                f"source {self.name}: mask values {kept} are kept for drawn fires; "
                f"use values below {DRAWN}, or leave drawn_fires out"
            )

    @property
    def codes(self) -> dict[int, tuple[str, ...]]:
        """Mask value -> classes present there: as given, or as labels are drawn."""
        return self.values if self.labels is None else code_values()

    def labels_path(self, data_root: Path, split: Split) -> Path:
        """Where the labels of one split are: beside the run file, else below the data root."""
        below = str(self.labels).format(split=split)
        beside = None if self.said_in is None else self.said_in / below
        return beside if beside is not None and beside.exists() else data_root / below

    def target_table(self) -> Floats:
        """Return (256, classes) float32: 1 where the mask value says the class is present."""
        table = np.zeros((256, len(CLASS_NAMES)), np.float32)
        for value, names in self.codes.items():
            table[value, [class_index(n) for n in names]] = 1
        return table

    def weight_table(self) -> Floats:
        """Return (256, classes) float32: weight of the loss by mask value, 0 where unknown."""
        table = np.zeros((256, len(CLASS_NAMES)), np.float32)
        for name in self.known:
            table[:, class_index(name)] = self.trust.get(name, 1.0)
        for value, names in self.hidden.items():
            table[value, [class_index(n) for n in names]] = 0
        if self.labels is not None:
            for value in range(BOXED, IGNORE):
                table[value, [class_index(n) for n in self.codes.get(value, ())]] *= self.box_weight
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
    keeps_normalisations: bool = False
    """Whether the network's normalisations stay as they start, for few crops a step."""
    checkpoint_steps: int = 250
    encoder: str = "lite0"
    """Which EfficientNet-Lite reads the picture: lite0 or lite2."""
    repainted: float = 0.0
    """Share of the crops whose buildings and boats get a light and colour of their own."""
    coarse: CoarseLook | None = None
    """How the model will be used: what it looks at a second time from further away."""
    mirrored: MirrorLook | None = None
    """What the model will look at in the mirror where it may be."""
    apart: Apart | None = None
    """Whose neighbours have to stay apart."""
    teaching: Teaching | None = None
    """Networks that it learns from, beside its labels."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"run {self.name} has no sources")
        if self.crop_px % 32:
            raise ValueError(f"run {self.name}: crop_px {self.crop_px} is not a multiple of 32")
        checked(self.encoder)
        if not 0 <= self.repainted <= 1:
            raise ValueError(f"run {self.name}: repainted {self.repainted} is not 0 to 1")
        if self.coarse and self.mirrored and set(self.coarse.classes) & set(self.mirrored.classes):
            raise ValueError(f"run {self.name}: coarse and mirrored name the same class")


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture with its mask, kept in memory."""

    name: str
    rgb: Bytes
    mask: Bytes
    points: dict[int, NDArray[np.int64]]
    """Mask value -> (N, 2) sample of (row, column) where it occurs."""
    known: Bytes | None = None
    """Bit i: class i is known at that pixel; None: all that the source knows are, everywhere."""
    gsd_m: float | None = None
    """Metres a pixel, where the picture itself says so; else the source's counts."""


@dataclass(frozen=True, slots=True)
class SourceData:
    """A source with its pictures of one split."""

    source: Source
    pictures: tuple[Picture, ...]
    problems: tuple[LabelProblem, ...] = ()

    def check_emphasis(self) -> None:
        """Refuse an emphasis on parts of names that no picture has.

        Raises:
            TrainingError: there is one.
        """
        for part in self.source.emphasis:
            if not any(part in picture.name for picture in self.pictures):
                raise TrainingError(
                    f"Source {self.source.name}: emphasis names {part!r}, which is in the name of "
                    "none of its training pictures. Correct it, or take it out."
                )

    def picture_shares(self) -> NDArray[np.float64]:
        """How often each picture is drawn (pictures,), 1 in sum."""
        times = np.ones(len(self.pictures))
        for part, oftener in self.source.emphasis.items():
            times[[part in picture.name for picture in self.pictures]] *= oftener
        return np.asarray(times / times.sum())

    def gsd_m(self, picture: Picture) -> float | None:
        """Metres a pixel of a picture, None where nobody says."""
        return self.source.gsd_m if picture.gsd_m is None else picture.gsd_m

    def known_at(self, picture: Picture, name: str) -> NDArray[np.bool_]:
        """Where (rows, columns) a class is known in a picture."""
        known = self.source.weight_table()[:, class_index(name)][picture.mask] > 0
        if picture.known is not None:
            known &= (picture.known >> class_index(name) & 1).astype(bool)
        return np.asarray(known, bool)

    def truth_at(self, picture: Picture, name: str) -> NDArray[np.bool_]:
        """Where (rows, columns) a class is present in a picture."""
        return np.asarray(self.source.target_table()[:, class_index(name)][picture.mask] > 0)


class Batch(NamedTuple):
    """Crops for one step, and per crop the tables that say what their mask values mean.

    Attributes:
        rgb: (N, crop, crop, 3) uint8.
        mask: (N, crop, crop) uint8.
        known: (N, crop, crop) uint8; bit i: class i is known there.
        target: (N, 256, classes) float32, 1 where the value says that the class is present.
        weight: (N, 256, classes) float32, weight of the loss, 0 where the class is unknown.
    """

    rgb: Bytes
    mask: Bytes
    known: Bytes
    target: Floats
    weight: Floats


def read_run(path: Path) -> Run:
    """Read a run file (TOML: the fields of `Run`, and one `[[sources]]` table per `Source`)."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"Run file {path}: {error}. Give a readable TOML file.") from error
    try:
        sources = tuple(_source(entry, path) for entry in table.pop("sources", []))
        coarse = table.pop("coarse", None)
        mirrored = table.pop("mirrored", None)
        apart = table.pop("apart", None)
        teaching = table.pop("teaching", None)
        return Run(
            sources=sources,
            coarse=None if coarse is None else CoarseLook(**_with_known_classes(coarse)),
            mirrored=None if mirrored is None else MirrorLook(**_with_known_classes(mirrored)),
            apart=apart and Apart(**{**apart, "classes": tuple(apart["classes"])}),
            teaching=teaching and Teaching(**{**teaching, "models": tuple(teaching["models"])}),
            **table,
        )
    except (TypeError, ValueError, KeyError) as error:
        raise TrainingError(
            f"Run file {path}: {error}. docs/training.md lists the fields of a run file."
        ) from error


def read_sources(path: Path) -> tuple[Source, ...]:
    """Read the `[[sources]]` tables of a run file, or of a file that holds nothing else."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = tuple(_source(entry, path) for entry in table.get("sources", []))
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValueError, KeyError) as error:
        raise TrainingError(
            f"{path}: {error}. docs/training.md lists the fields of a source."
        ) from error
    if not sources:
        raise TrainingError(f"{path}: has no [[sources]] table. docs/training.md shows one.")
    return sources


def _with_known_classes(table: dict[str, Any]) -> dict[str, Any]:
    classes = tuple(table["classes"])
    for name in classes:
        class_index(name)
    return {**table, "classes": classes}


def _source(entry: dict[str, Any], said_in: Path) -> Source:
    def by_value(table: dict[str, list[str]]) -> dict[int, tuple[str, ...]]:
        return {int(value): tuple(names) for value, names in table.items()}

    plain = {k: v for k, v in entry.items() if k not in {"values", "hidden", "known", "exclude"}}
    return Source(
        known=tuple(entry.get("known", ())),
        values=by_value(entry.get("values", {})),
        hidden=by_value(entry.get("hidden", {})),
        exclude=tuple(entry.get("exclude", ())),
        said_in=said_in.parent,
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
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)
    if split != "all" and source.manifest is not None:
        wanted = _files_of_split(data_root / source.manifest, split)
        files = [p for p in files if p.resolve() in wanted]
    elif split != "all" and "{split}" not in source.images:
        files = [p for p in files if split_of(p.name) == split]
    return [p for p in files if not any(part in p.name for part in source.exclude)]


def split_of(name: str) -> Split:
    """Which split a picture of a source without a manifest belongs to: by its name, one in five."""
    return "val" if zlib.crc32(name.encode()) % _VAL_ONE_IN == 0 else "train"


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
