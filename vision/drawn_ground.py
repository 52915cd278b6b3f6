"""Plots, yards, sports grounds, roads and ponds drawn onto pictures: straight edges, no roof.

Where few pictures show ploughed plots, sports grounds or concrete roads, networks take them for
roofs. Drawn ones lie between what is marked and need no mask: they are ground.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.label_marks import Bytes

Floats = NDArray[np.float32]

_SOIL = ((150, 120, 92), (172, 148, 120), (118, 92, 70), (160, 105, 75), (190, 172, 145))
_PAVING = ((185, 180, 170), (160, 156, 150), (205, 198, 184), (125, 124, 122), (88, 88, 90))
_WATER = ((95, 105, 80), (120, 110, 85), (70, 85, 80), (150, 150, 145), (165, 150, 120))
_LINES = ((225, 222, 214), (205, 175, 70), (165, 80, 70))
_COURTS = (
    (70, 115, 75),
    (160, 85, 65),
    (60, 95, 140),
    (120, 75, 60),
    (95, 130, 105),
    (175, 120, 85),
)
_AROUND_TAKEN_M = 0.3
"""Outlines of marked things are rough: this much around them stays as it is."""

_NEAR_M = 0.8
"""The colour of something marked is the mean of so much around one of its pixels."""
_AS_MARKED = 0.35
"""Share of the ground that has the colour of something marked: colour alone makes no roof."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A rectangle on the ground, and where each pixel of the picture lies in it, in metres."""

    along_m: Floats
    """(H, W), 0 in the middle."""
    across_m: Floats
    length_m: float
    width_m: float


def draw_ground(
    rgb: Bytes, is_taken: NDArray[np.bool_], gsd_m: float, rng: np.random.Generator,
    *, is_marked: NDArray[np.bool_] | None = None,
) -> Bytes:  # fmt: skip
    """Lay one to four plots, yards, sports grounds, roads or ponds where nothing is taken.

    Args:
        rgb: picture (H, W, 3), seen from above.
        is_taken: (H, W), what lies above the ground and is not to be painted over.
        gsd_m: metres a pixel.
        rng: draws everything.
        is_marked: (H, W), what some of the ground takes its colour from; nothing where not given.

    Returns:
        The picture with them.
    """
    size_px = 2 * max(1, round(_AROUND_TAKEN_M / gsd_m)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))
    free = 1 - cv2.dilate(is_taken.astype(np.float32), kernel)
    picture = rgb.astype(np.float32)
    shade = _shade(picture) if rng.random() < 0.5 else np.float32(1)
    detail = picture - cv2.GaussianBlur(picture, (0, 0), 0.4 / gsd_m)
    for _ in range(int(rng.integers(1, 5))):
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        place = _place(rgb.shape[:2], gsd_m, kind.length_m, kind.width_m, rng)
        cover = _cover(place, gsd_m, rng)
        ground = kind.paint(picture, place, rng)
        if is_marked is not None and is_marked.any() and rng.random() < _AS_MARKED:
            colour = _colour_of(picture, is_marked, _NEAR_M / gsd_m, rng)
            ground *= colour / np.maximum(1, ground.mean(axis=(0, 1)))
        ground = ground * shade + detail * rng.uniform(0, 0.5)
        picture += (ground - picture) * (cover * free)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _place(
    shape: tuple[int, int], gsd_m: float, length_m: tuple[float, float],
    width_m: tuple[float, float], rng: np.random.Generator,
) -> _Place:  # fmt: skip
    rows, columns = np.indices(shape, dtype=np.float32)
    middle = rng.uniform(0, 1, 2) * shape
    turn_rad = float(rng.uniform(0, 2 * math.pi))
    down_m, right_m = (rows - middle[0]) * gsd_m, (columns - middle[1]) * gsd_m
    return _Place(
        np.asarray(right_m * math.cos(turn_rad) + down_m * math.sin(turn_rad), np.float32),
        np.asarray(down_m * math.cos(turn_rad) - right_m * math.sin(turn_rad), np.float32),
        float(rng.uniform(*length_m)),
        float(rng.uniform(*width_m)),
    )


def _cover(place: _Place, gsd_m: float, rng: np.random.Generator) -> Floats:
    """How much of each pixel lies in the place: straight to ragged edges, corners of any angle."""
    shape = place.along_m.shape
    skew, narrowing = rng.normal(0, 0.12, 2)
    along = place.along_m + np.float32(skew) * place.across_m
    across = place.across_m * (1 + np.float32(narrowing) * along / place.length_m)
    inside_m = np.minimum(place.length_m / 2 - np.abs(along), place.width_m / 2 - np.abs(across))
    if rng.random() < 0.6:
        inside_m = inside_m + _noise(shape, 24, rng) * rng.uniform(0.1, 0.8)
    softness_m = gsd_m * rng.uniform(0.7, 4)
    return np.asarray(np.clip(inside_m / softness_m + 0.5, 0, 1), np.float32)


def _noise(shape: tuple[int, ...], cell_px: float, rng: np.random.Generator) -> Floats:
    """Smooth noise (H, W), about -1 to 1, that changes over `cell_px`."""
    rows, columns = (max(2, math.ceil(side / cell_px)) for side in shape[:2])
    cells = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return np.asarray(
        cv2.resize(cells, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32
    )


def _shade(picture: Floats) -> Floats:
    """Shadows that lie on the ground (H, W, 1): 1 in the light, less where it is dark."""
    light = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), 2.0)
    return np.asarray(np.clip(light / max(1.0, float(np.median(light))), 0.35, 1.0)[..., None])


def _surface(
    shape: tuple[int, ...], colours: tuple[tuple[int, int, int], ...], grain: float,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """One colour (H, W, 3), patchy at three sizes and grainy."""
    chosen = np.array(colours[int(rng.integers(len(colours)))], np.float32)
    grey = chosen.mean() + (chosen - chosen.mean()) * rng.uniform(0.3, 1.0)
    colour = (grey + rng.normal(0, 4, 3)) * rng.uniform(0.7, 1.15)
    patches = sum(_noise(shape, cell, rng) * rng.uniform(0, 0.1) for cell in (120, 35, 9))
    fine = rng.normal(0, grain, shape[:2])
    return np.asarray(colour * (1 + patches + fine)[..., None], np.float32)


def _colour_of(
    picture: Floats, is_marked: NDArray[np.bool_], near_px: float, rng: np.random.Generator
) -> Floats:
    """Mean colour (3,) of what is marked around one of its pixels."""
    rows, columns = np.nonzero(is_marked)
    chosen = int(rng.integers(len(rows)))
    near = np.hypot(rows - rows[chosen], columns - columns[chosen]) < near_px
    return np.asarray(picture[rows[near], columns[near]].mean(axis=0), np.float32)


def _worn(place: _Place, rng: np.random.Generator) -> Floats:
    """How rain, wheels and repairs darken and lighten paving (H, W, 1), about 1."""
    slab_m, tones = rng.uniform(1.5, 9), rng.normal(0, rng.uniform(0, 0.1), (97, 97))
    row, column = (
        np.floor_divide(side_m, slab_m).astype(int) % 97
        for side_m in (place.along_m, place.across_m)
    )
    every_m = rng.uniform(0.3, 1.5)
    streaks = rng.normal(0, rng.uniform(0, 0.12), 512)
    band = np.interp(place.across_m / every_m, np.arange(-256, 256), streaks)
    fading = np.clip(0.5 + _noise(place.along_m.shape, 60, rng), 0, 1)
    dirt = np.clip(_noise(place.along_m.shape, rng.uniform(8, 50), rng) - 0.35, 0, 1)
    tone = 1 + tones[row, column] + band * fading - dirt * rng.uniform(0, 0.5)
    return np.asarray(np.clip(tone, 0.4, 1.5)[..., None], np.float32)


def _plot(picture: Floats, place: _Place, rng: np.random.Generator) -> Floats:
    """Ploughed or bare soil, often in furrows, sometimes with a bank around."""
    ground = _surface(picture.shape, _SOIL, rng.uniform(0.02, 0.1), rng)
    if rng.random() < 0.6:
        wave_m, depth = rng.uniform(0.4, 1.5), rng.uniform(0.02, 0.08)
        bend = _noise(picture.shape, 60, rng) * 0.5 + _noise(picture.shape, 12, rng) * 0.15
        furrows = np.sin(2 * math.pi * (place.across_m + bend) / wave_m) * depth
        ground *= 1 + furrows[..., None]
    if rng.random() < 0.4:
        ground *= 1 + _rim(place, rng) * np.float32(rng.uniform(-0.35, 0.25))
    return np.asarray(ground, np.float32)


def _yard(picture: Floats, place: _Place, rng: np.random.Generator) -> Floats:
    """Concrete or asphalt, often slabs with joints."""
    ground = _surface(picture.shape, _PAVING, rng.uniform(0.01, 0.05), rng)
    if rng.random() < 0.5:
        slab_m, dark = rng.uniform(2, 6), rng.uniform(0.7, 0.92)
        for side_m in (place.along_m, place.across_m):
            ground[np.abs(np.mod(side_m, slab_m) - slab_m / 2) < 0.06] *= dark
    if rng.random() < 0.3:
        ground *= 1 + _rim(place, rng) * rng.uniform(-0.3, 0.3)
    return np.asarray(ground * _worn(place, rng), np.float32)


def _court(picture: Floats, place: _Place, rng: np.random.Generator) -> Floats:
    """A sports ground: often of two colours, with lines around, across and in circles."""
    colours = _PAVING if rng.random() < 0.4 else _COURTS
    ground = _surface(picture.shape, colours, rng.uniform(0.01, 0.04), rng)
    along_m, across_m = np.abs(place.along_m), np.abs(place.across_m)
    half_length_m, half_width_m = place.length_m * 0.43, place.width_m * 0.4
    is_inside = (along_m < half_length_m) & (across_m < half_width_m)
    if rng.random() < 0.6:
        paint = _surface(picture.shape, _COURTS, 0.02, rng)[is_inside]
        ground[is_inside] += (paint - ground[is_inside]) * rng.uniform(0.2, 1.0)
    middle_m = np.hypot(place.along_m, place.across_m)
    end_m = np.hypot(along_m - half_length_m, place.across_m)
    lines_m = [np.abs(along_m - half_length_m), np.abs(across_m - half_width_m), along_m]
    lines_m += [np.abs(radius_m - place.width_m * rng.uniform(0.1, 0.3))
                for radius_m in (middle_m, end_m)]  # fmt: skip
    reach = (along_m < half_length_m + 0.1) & (across_m < half_width_m + 0.1)
    is_line = (np.min(lines_m, axis=0) < rng.uniform(0.05, 0.12)) & reach
    line = np.array(_LINES[int(rng.integers(len(_LINES)))], np.float32)
    ground[is_line] += (line - ground[is_line]) * rng.uniform(0.1, 1.0)
    return ground * _worn(place, rng) if rng.random() < 0.7 else ground


def _road(picture: Floats, place: _Place, rng: np.random.Generator) -> Floats:
    """A way of soil, concrete or asphalt with tracks or a line in the middle."""
    colours = _PAVING if rng.random() < 0.7 else _SOIL
    ground = _surface(picture.shape, colours, rng.uniform(0.01, 0.06), rng)
    tracks = np.abs(np.abs(place.across_m) - place.width_m * 0.2) < place.width_m * 0.08
    ground[tracks] *= rng.uniform(0.88, 1.1)
    if rng.random() < 0.4:
        dashed = np.mod(place.along_m, 6.0) < rng.uniform(2, 6)
        ground[(np.abs(place.across_m) < 0.08) & dashed] = _LINES[0]
    return ground * _worn(place, rng)


def _pond(picture: Floats, _: _Place, rng: np.random.Generator) -> Floats:
    """Still water, nearly without texture."""
    ground = _surface(picture.shape, _WATER, rng.uniform(0, 0.015), rng)
    calm = ground.mean(axis=(0, 1))
    return np.asarray(calm + (ground - calm) * rng.uniform(0.05, 0.5), np.float32)


def _moved(picture: Floats, _: _Place, rng: np.random.Generator) -> Floats:
    """Some other part of the same picture, smoothed: real colours, nothing that stands out."""
    turned = np.rot90(picture, int(rng.integers(1, 4)))
    small = cv2.resize(turned, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = cv2.medianBlur(np.clip(small, 0, 255).astype(np.uint8), 9)
    ground = cv2.resize(blurred, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    grain = 1 + rng.normal(0, rng.uniform(0.01, 0.08), picture.shape[:2])
    return np.asarray(ground * grain[..., None], np.float32)


def _rim(place: _Place, rng: np.random.Generator) -> Floats:
    """1 on the bank or kerb along the edges (H, W, 1), 0 within."""
    wide_m = rng.uniform(0.15, 0.8)
    off_m = np.minimum(
        place.length_m / 2 - np.abs(place.along_m), place.width_m / 2 - np.abs(place.across_m)
    )
    return np.asarray((off_m < wide_m).astype(np.float32)[..., None])


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is laid, and how long and wide it may be."""

    paint: Callable[[Floats, _Place, np.random.Generator], Floats]
    length_m: tuple[float, float]
    width_m: tuple[float, float]


_KINDS = (
    _Kind(_plot, (6, 35), (5, 25)),
    _Kind(_plot, (6, 20), (5, 14)),
    _Kind(_yard, (8, 40), (6, 25)),
    _Kind(_yard, (4, 12), (3, 10)),
    _Kind(_court, (14, 45), (8, 26)),
    _Kind(_road, (40, 200), (2.5, 8)),
    _Kind(_pond, (6, 30), (4, 20)),
    _Kind(_moved, (6, 30), (5, 20)),
)
