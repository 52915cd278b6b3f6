"""Which classes the model sees, in the order of its output channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PatrolClass:
    """One class of thing that a patrol looks for."""

    name: str
    label_en: str
    label_zh: str
    colour: tuple[int, int, int]
    """Red, green, blue, 0 to 255: how masks of this class are drawn."""


CLASSES: tuple[PatrolClass, ...] = (
    PatrolClass("building", "building", "建筑物", (230, 159, 0)),
    PatrolClass("construction", "construction", "在建工地", (213, 94, 0)),
    PatrolClass("smoke", "smoke", "烟雾", (86, 180, 233)),
    PatrolClass("flame", "flame", "火点", (220, 20, 60)),
    PatrolClass("burn_scar", "burn scar", "黑斑", (120, 60, 160)),
    PatrolClass("boat", "boat", "船只", (0, 158, 115)),
    PatrolClass("fishing_gear", "fishing gear", "渔具", (240, 228, 66)),
)
"""The index of a class here is its channel in the model's output."""

CLASS_NAMES: tuple[str, ...] = tuple(entry.name for entry in CLASSES)


def class_index(name: str) -> int:
    """Return the output channel of the class called `name`."""
    if name not in CLASS_NAMES:
        raise ValueError(f"class {name!r} is not one of {', '.join(CLASS_NAMES)}")
    return CLASS_NAMES.index(name)
