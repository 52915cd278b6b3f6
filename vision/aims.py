"""What a training run aims at beside its labels: gaps that stay open, networks that teach."""

from __future__ import annotations

from dataclasses import dataclass, field

from vision.classes import CLASS_NAMES, class_index


@dataclass(frozen=True, slots=True)
class Apart:
    """Things that must not run together: the narrow gaps between them count more.

    Attributes:
        classes: names of those things.
        gap_px: a gap is narrower than this, an odd number of pixels of the crop.
        weight: of a pixel in a gap; 1 elsewhere.
    """

    classes: tuple[str, ...]
    gap_px: int = 15
    weight: float = 5.0

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.classes) - set(CLASS_NAMES)):
            raise ValueError(
                f"apart: no classes {', '.join(unknown)}; {', '.join(CLASS_NAMES)} are"
            )
        if self.gap_px < 3 or self.gap_px % 2 == 0:
            raise ValueError(f"apart: gap_px {self.gap_px} is not an odd number of at least 3")
        if self.weight < 1:
            raise ValueError(f"apart: weight {self.weight} is below 1")


@dataclass(frozen=True, slots=True)
class Teaching:
    """Networks whose mean answer a run learns beside its labels: several become one.

    Hinton, Vinyals and Dean 2015 (arXiv 1503.02531). What labels leave open is taught as well.

    Attributes:
        models: manifests or checkpoints, relative to the run file.
        labels_weight: of the loss by which labels are learnt.
        teachers_weight: of that by which answers are.
        trust: class -> weight of the answers about it; 1 where not given.
        asks_mirrored: each is asked about the mirror image as well, and its two answers are
            averaged: better ones of flames, in twice the time.
    """

    models: tuple[str, ...]
    labels_weight: float = 0.5
    teachers_weight: float = 1.5
    trust: dict[str, float] = field(default_factory=dict)
    asks_mirrored: bool = False

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError("teaching: models names none; list manifests or checkpoints")
        if min(self.labels_weight, self.teachers_weight) < 0:
            raise ValueError(
                f"teaching: a weight is negative ({self.labels_weight}, {self.teachers_weight})"
            )
        for name, weight in self.trust.items():
            class_index(name)
            if weight < 0:
                raise ValueError(f"teaching: the trust in {name}, {weight}, is negative")
