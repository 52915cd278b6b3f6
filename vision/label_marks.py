"""What labels say about a picture, whatever file they come from, and the mask that says the same.

A mask made here holds codes: bit i is set where class i of `vision.classes` is present, the highest
bit where that is known from a box only, and IGNORE where nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize

from vision.classes import CLASS_NAMES, class_index

IGNORE = 255
"""Mask value of pixels about which nothing is known."""

DRAWN = 250
"""From here to IGNORE mask values are kept for what is drawn onto pictures while training."""

BOXED = 128
"""The bit of a code that says: known from a box only."""

Bytes = NDArray[np.uint8]
Rings = tuple[NDArray[np.float64], ...]
"""Rings of (N, 2) x, y in pixels, the corner of the top-left pixel at 0; holes by even-odd."""


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """One thing in labels that cannot be used as it is; the reading went on without it."""

    file: str
    entry: str
    """Which picture, annotation, line or feature."""
    value: str
    advice: str
    """What is allowed and what to do."""

    def __str__(self) -> str:
        return f"{self.file}, {self.entry}: {self.value}; {self.advice}"


@dataclass(frozen=True, slots=True)
class Outlined:
    """A thing whose outline was drawn."""

    class_name: str
    rings: Rings


@dataclass(frozen=True, slots=True)
class Boxed:
    """A thing of which only the box around it is known: left, top, right, bottom in pixels."""

    class_name: str
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Painted:
    """A thing, or several, marked pixel by pixel: (rows, columns) of the whole picture."""

    class_name: str
    pixels: NDArray[np.bool_]


Mark = Outlined | Boxed | Painted


@dataclass(frozen=True, slots=True)
class PictureLabels:
    """What a label file says about one picture.

    Attributes:
        picture: the file's name below the folder of pictures.
        marks: things that are there.
        absent: outlines that someone looked at and found not to be the class.
        unclear: where nothing can be said, such as crowds.
        silent: classes of which only what is marked is known, the rest of the picture is not.
    """

    picture: str
    marks: tuple[Mark, ...]
    absent: tuple[Mark, ...] = ()
    unclear: tuple[Mark, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadLabels:
    """All that a label file or folder says.

    Attributes:
        known: classes that it marks wherever they occur, apart from what a picture is silent about.
    """

    pictures: tuple[PictureLabels, ...]
    known: tuple[str, ...]
    problems: tuple[LabelProblem, ...]


def code_values() -> dict[int, tuple[str, ...]]:
    """Return code -> classes present there, for every code but IGNORE."""
    return {
        code: tuple(name for i, name in enumerate(CLASS_NAMES) if code >> i & 1)
        for code in range(IGNORE)
        if code & (BOXED - 1)
    }


def draw_codes(labels: PictureLabels, shape: tuple[int, int]) -> Bytes:
    """Draw marks into a mask of codes (rows, columns).

    Of a box its inscribed ellipse counts as the thing, and what else the box holds is unknown:
    corners of boxes are mostly ground.
    """
    sure, boxed = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    corners = np.zeros(shape, bool)
    for mark in labels.marks:
        bit = np.uint8(1 << class_index(mark.class_name))
        if isinstance(mark, Boxed):
            boxed |= bit * drawn(_ellipse(mark), shape)
            corners |= drawn(_corners(mark), shape)
        else:
            sure |= bit * drawn(mark, shape)
    codes = sure | boxed
    codes[(boxed & ~sure) > 0] |= BOXED
    codes[corners & (codes == 0)] = IGNORE
    for mark in labels.unclear:
        codes[drawn(mark, shape) & (codes == 0)] = IGNORE
    return codes


def draw_known(labels: PictureLabels, codes: Bytes, known: Iterable[str]) -> Bytes | None:
    """Draw which classes are known where, as bits; None where all that are known are everywhere.

    Args:
        labels: of the picture.
        codes: its mask, from `draw_codes`.
        known: classes that the labels know in general.
    """
    if not labels.silent:
        return None
    bits = sum(1 << class_index(name) for name in known)
    silent = sum(1 << class_index(name) for name in labels.silent)
    plane = np.full(codes.shape, bits & ~silent & 0x7F, np.uint8)
    here = np.where(codes == IGNORE, 0, codes & (BOXED - 1)).astype(np.uint8)
    plane |= here
    for mark in labels.absent:
        plane[drawn(mark, codes.shape)] |= np.uint8(1 << class_index(mark.class_name))
    return plane


def drawn(mark: Mark, shape: Sequence[int]) -> NDArray[np.bool_]:
    """Fill a mark: True at pixels (rows, columns) whose centre it holds."""
    if isinstance(mark, Painted):
        return mark.pixels
    rings = mark.rings if isinstance(mark, Outlined) else _corners(mark).rings
    inside = np.zeros((shape[0], shape[1]), bool)
    for ring in rings:
        polygon = {"type": "Polygon", "coordinates": [np.vstack([ring, ring[:1]]).tolist()]}
        inside ^= rasterize([polygon], out_shape=inside.shape, dtype="uint8") > 0
    return inside


def _ellipse(box: Boxed) -> Outlined:
    left, top, right, bottom = box.bounds
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = (left + right) / 2 + (right - left) / 2 * np.cos(turn)
    y = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(turn)
    return Outlined(box.class_name, (np.column_stack([x, y]),))


def _corners(box: Boxed) -> Outlined:
    left, top, right, bottom = box.bounds
    ring = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)
    return Outlined(box.class_name, (ring,))


def outline_flaw(ring: NDArray[np.float64], width: float, height: float) -> str | None:
    """Say what is wrong with a ring of x, y, or None."""
    if ring.ndim != 2 or ring.shape[1:] != (2,) or len(ring) < 3:
        return "an outline needs three points or more"
    if not np.isfinite(ring).all():
        return "a coordinate is not a number"
    low, high = ring.min(axis=0), ring.max(axis=0)
    if (high <= 0).any() or low[0] >= width or low[1] >= height:
        return f"lies outside of the picture of {width:.0f} x {height:.0f} pixels"
    x, y = ring.T
    if abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) < 1e-9:
        return "has no area"
    return None


def box_flaw(bounds: Sequence[float], width: float, height: float) -> str | None:
    """Say what is wrong with a box of left, top, right, bottom, or None."""
    left, top, right, bottom = bounds
    if not np.isfinite(bounds).all():
        return "a coordinate is not a number"
    if right <= left or bottom <= top:
        return "has no area"
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return f"lies outside of the picture of {width:.0f} x {height:.0f} pixels"
    return None
