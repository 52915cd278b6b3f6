"""Open fires drawn onto pictures seen from above, with exact masks: plume, flames, burn scar.

No free set of straw burning seen from above exists. A drawn plume is no real one, but no two are
alike: density, colour, length, wind, and what lies below change with every crop.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import class_index
from vision.label_marks import DRAWN, IGNORE, Bytes

Floats = NDArray[np.float32]

SMOKE, FLAME, SCAR, BESIDE = range(DRAWN, DRAWN + 4)
"""Mask values of what is drawn; BESIDE is ground near a fire that is surely neither."""

_SURE_ALPHA, _THIN_ALPHA = 0.2, 0.06  # smoke thinner than the second is called nothing
_SEEN_LEVELS = 11.0  # what changes the picture less than this, no one could mark
_PLUME_TONES = ((170, 240), (110, 180), (50, 110))  # white, grey, dark


def drawn_tables(target: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return copies of a source's tables (256, classes) that also say what is drawn."""
    target, weight = target.copy(), weight.copy()
    smoke, flame, scar = (class_index(n) for n in ("smoke", "flame", "burn_scar"))
    target[SMOKE : BESIDE + 1] = weight[SMOKE : BESIDE + 1] = 0
    for value, name in ((SMOKE, smoke), (FLAME, flame), (SCAR, scar)):
        target[value, name] = 1
    weight[SMOKE, [smoke, flame]] = 1  # what lies under smoke is unknown
    weight[FLAME, flame] = 1
    weight[SCAR, [smoke, flame, scar]] = 1
    weight[BESIDE, [smoke, flame, scar]] = 1
    return target, weight


def draw_fires(rgb: Bytes, mask: Bytes, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
    """Draw one to three fires onto a crop (side, side, 3) and mark them in its mask."""
    picture, marks = rgb.astype(np.float32), mask.copy()
    side = rgb.shape[0]
    wind_deg = float(rng.uniform(0, 360))
    for _ in range(int(rng.integers(1, 4))):
        place = rng.uniform(0.1, 0.9, 2) * side
        radius = float(np.exp(rng.uniform(np.log(0.015), np.log(0.12)))) * side
        if rng.random() < 0.6:
            _scar(picture, marks, place, radius, rng)
        if rng.random() < 0.8:
            _flames(picture, marks, place, radius, rng)
        if rng.random() < 0.8:
            _plume(picture, marks, place, radius, wind_deg + rng.normal(0, 15), rng)
    return np.clip(picture, 0, 255).astype(np.uint8), marks


def noise(shape: tuple[int, int], cell_px: float, rng: np.random.Generator) -> Floats:
    """Fractal noise (rows, columns) between 0 and 1 whose largest cells are `cell_px` wide."""
    total, weight, whole = np.zeros(shape, np.float32), 1.0, 0.0
    while cell_px >= 2 and weight > 0.15:
        count = [max(2, round(length / cell_px) + 1) for length in shape]
        grid = rng.random(count, dtype=np.float32)
        total += weight * cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_LINEAR)
        whole, weight, cell_px = whole + weight, weight * 0.55, cell_px / 2
    return np.asarray(total / max(whole, 1e-6), np.float32)


def _window(side: int, place: NDArray[np.float64], reach: float) -> tuple[slice, slice]:
    """Rows and columns of a crop within `reach` of a place, at least two of each."""
    first = np.clip((place - reach).astype(int), 0, side - 2)
    last = np.clip((place + reach).astype(int) + 1, first + 2, side)
    return slice(first[0], last[0]), slice(first[1], last[1])


def _around(
    window: tuple[slice, slice], place: NDArray[np.float64], turn: float
) -> tuple[Floats, Floats]:
    """How far each pixel of a window lies from a place along a direction and across it."""
    dy, dx = (
        np.arange(part.start, part.stop, dtype=np.float32) - np.float32(middle)
        for part, middle in zip(window, place, strict=True)
    )
    sine, cosine = np.float32(np.sin(turn)), np.float32(np.cos(turn))
    return dx[None] * cosine + dy[:, None] * sine, dy[:, None] * cosine - dx[None] * sine


def _blot(
    window: tuple[slice, slice], place: NDArray[np.float64], radius: float,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Signed distance in pixels into a ragged blot: above 0 inside."""
    along, across = _around(window, place, float(rng.uniform(0, np.pi)))
    ragged = 1 + 1.2 * (noise(along.shape, max(4.0, radius), rng) - 0.5)
    stretched = across / np.float32(rng.uniform(0.5, 1.0))
    return np.asarray(radius * ragged - np.sqrt(along**2 + stretched**2), np.float32)


def _blend(picture: Floats, colour: Floats, alpha: Floats) -> None:
    picture += (colour - picture) * alpha[..., None]


def _scar(
    picture: Floats, marks: Bytes, place: NDArray[np.float64], radius: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    window = _window(len(marks), place, 4 * radius + 8)
    inside = _blot(window, place, 1.5 * radius, rng)
    alpha = np.clip(inside / np.float32(rng.uniform(1, 5)) + 0.5, 0, 1)
    alpha *= np.float32(rng.uniform(0.65, 0.97))
    grain = noise(inside.shape, max(3.0, radius / 3), rng)
    ash = np.float32(rng.uniform(15, 60)) + np.float32(rng.uniform(10, 60)) * grain
    _mark(marks[window], inside, SCAR, 2 * radius + 4)
    _blend(picture[window], ash[..., None] * np.array([1, 0.97, 0.93], np.float32), alpha)


def _mark(marks: Bytes, inside: Floats, value: int, beside_px: float) -> None:
    near = (inside > -beside_px) & (inside < -3) & (marks < SMOKE)
    marks[near] = BESIDE
    marks[(inside > -3) & (inside <= 0) & (marks != FLAME)] = IGNORE
    marks[inside > 0] = value


def _flames(
    picture: Floats, marks: Bytes, place: NDArray[np.float64], radius: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    for _ in range(int(rng.integers(1, 6))):
        where = place + rng.normal(0, 0.9 * radius, 2)
        size = max(1.5, radius * float(rng.uniform(0.1, 0.5)))
        window = _window(len(marks), where, 2 * size + 8)
        inside = _blot(window, where, size, rng)
        heat = np.clip(inside / max(1.0, 0.4 * radius), 0, 1)[..., None]
        rim = np.array([rng.uniform(200, 255), rng.uniform(60, 130), rng.uniform(0, 50)])
        core = np.array([255, rng.uniform(190, 250), rng.uniform(80, 200)])
        alpha = np.clip(inside + 0.5, 0, 1) * np.float32(rng.uniform(0.75, 1))
        _blend(picture[window], (rim + (core - rim) * heat).astype(np.float32), alpha)
        _mark(marks[window], inside, FLAME, 8)


def _plume(
    picture: Floats, marks: Bytes, place: NDArray[np.float64], radius: float, wind_deg: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    length = radius * float(np.exp(rng.uniform(np.log(2.5), np.log(14))))
    window = _window(len(marks), place, 3.5 * length)
    along, across = _around(window, place, float(np.deg2rad(wind_deg)))
    bent = noise(along.shape, 0.5 * len(marks), rng) - 0.5
    across = across + bent * radius * np.float32(rng.uniform(0, 3))
    downwind = np.maximum(along, 0)
    width = 0.7 * radius + downwind * np.float32(rng.uniform(0.12, 0.45))
    shape = np.exp(-0.5 * (across / width) ** 2 - downwind / np.float32(length))
    shape *= np.clip(1 + along / (0.8 * radius), 0, 1)
    curls = noise(along.shape, max(6.0, radius * float(rng.uniform(0.6, 1.6))), rng)
    density = np.float32(np.exp(rng.uniform(np.log(0.7), np.log(4.0))))
    alpha = np.clip(1 - np.exp(-density * shape * (0.3 + 1.6 * curls)), 0, 0.97)
    low, high = _PLUME_TONES[int(rng.integers(len(_PLUME_TONES)))]
    tint = rng.uniform(low, high) * (1 + rng.normal(0, 0.02, 3))
    below, around = picture[window].copy(), marks[window]
    _blend(picture[window], (0.85 + 0.3 * curls)[..., None] * tint.astype(np.float32), alpha)
    change = np.abs(picture[window] - below).mean(axis=2)
    seen = cv2.GaussianBlur(change, (0, 0), 3) > _SEEN_LEVELS
    around[(alpha > _THIN_ALPHA) & (around != FLAME)] = IGNORE
    around[(alpha > _SURE_ALPHA) & seen & ((around != FLAME) | (alpha > 0.5))] = SMOKE
