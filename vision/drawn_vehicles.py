"""Cars, buses and lorries drawn onto pictures seen from above: what looks like a roof and is none.

Pictures with marked buildings show few vehicles, and networks that learnt from them alone take a
parked lorry for a shed. Drawn ones need no mask: where they stand, there was no building before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.label_marks import Bytes

Floats = NDArray[np.float32]
_Colours = tuple[tuple[int, int, int], ...]
_Load = tuple[Floats, _Colours]

_PX_PER_M = 16.0
"""Vehicles are painted this finely before they are laid on a picture."""

_PAINTS = (
    (235, 235, 235), (200, 200, 205), (150, 152, 155), (95, 98, 102), (45, 46, 50), (40, 70, 150),
    (60, 110, 190), (165, 40, 35), (120, 75, 45), (45, 100, 60), (205, 175, 60), (215, 120, 40),
)  # fmt: skip
_LOADS = ((150, 125, 95), (110, 105, 100), (80, 65, 50), (175, 165, 150), (60, 85, 55))


@dataclass(frozen=True, slots=True)
class _Shadow:
    """Where the sun throws shadows in one picture, in metres, and how much light they leave."""

    right_m: float
    down_m: float
    light: float


def draw_vehicles(
    rgb: Bytes, is_taken: NDArray[np.bool_], gsd_m: float, rng: np.random.Generator
) -> Bytes:
    """Park one to four rows of one to eight like vehicles where nothing is taken.

    Args:
        rgb: picture (H, W, 3), seen from above.
        is_taken: (H, W), where none may stand.
        gsd_m: metres a pixel.
        rng: draws everything.

    Returns:
        The picture with the vehicles that found a place.
    """
    picture, is_taken = rgb.astype(np.float32), is_taken.copy()
    angle, height_m = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 2.5)
    shadow = _Shadow(
        height_m * math.cos(angle), height_m * math.sin(angle), float(rng.uniform(0.3, 0.7))
    )
    for _ in range(int(rng.integers(1, 5))):
        _row(picture, is_taken, gsd_m, shadow, rng)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _row(
    picture: Floats, is_taken: NDArray[np.bool_], gsd_m: float, shadow: _Shadow,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Draw vehicles of one kind side by side, or a single one."""
    paint = _KINDS[int(rng.integers(len(_KINDS)))]
    place = rng.uniform(0, 1, 2) * picture.shape[:2]
    turn_rad = float(rng.uniform(0, 2 * math.pi))
    step_m = float(rng.uniform(2.8, 4.0))
    for index in range(1 if rng.random() < 0.5 else int(rng.integers(2, 9))):
        aside_px = index * step_m / gsd_m
        row = float(place[0] + aside_px * math.cos(turn_rad))
        column = float(place[1] - aside_px * math.sin(turn_rad))
        turned = turn_rad + float(rng.normal(0, 0.06)) + (math.pi if rng.random() < 0.3 else 0)
        _lay(picture, is_taken, paint(rng), (row, column, turned), gsd_m, shadow)


def _lay(
    picture: Floats, is_taken: NDArray[np.bool_], vehicle: Floats, pose: tuple[float, float, float],
    gsd_m: float, shadow: _Shadow,
) -> None:  # fmt: skip
    """Lay a vehicle and its shadow on the picture and take its place, unless that is taken."""
    row, column, turn_rad = pose
    scale = 1 / (_PX_PER_M * gsd_m)
    size = picture.shape[1::-1]
    along, across = scale * math.cos(turn_rad), scale * math.sin(turn_rad)
    middle = (vehicle.shape[1] / 2, vehicle.shape[0] / 2)
    matrix = np.array(
        [
            [along, -across, column - along * middle[0] + across * middle[1]],
            [across, along, row - across * middle[0] - along * middle[1]],
        ]
    )
    sharp = vehicle if scale >= 1 else cv2.GaussianBlur(vehicle, (0, 0), 0.45 / scale)
    laid = cv2.warpAffine(sharp, matrix, size, flags=cv2.INTER_LINEAR)
    alpha = laid[..., 3:]
    covered = alpha[..., 0] > 0.1
    if (is_taken & covered).any():
        return
    is_taken |= covered
    matrix[:, 2] += np.array([shadow.right_m, shadow.down_m]) / gsd_m
    dark = cv2.warpAffine(sharp[..., 3], matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    picture *= 1 - dark * (1 - alpha) * np.float32(1 - shadow.light)
    picture += laid[..., :3] - picture * alpha


def _body(length_m: float, width_m: float, colour: Floats) -> Floats:
    """A box of one colour, (rows, columns, RGB and 1), its front to the right."""
    shape = (round(width_m * _PX_PER_M), round(length_m * _PX_PER_M))
    body = np.ones((*shape, 4), np.float32)
    body[..., :3] = colour
    return body


def _paint_of(colours: _Colours, rng: np.random.Generator) -> Floats:
    chosen = np.array(colours[int(rng.integers(len(colours)))], np.float32)
    return np.asarray(chosen + rng.normal(0, 10, 3), np.float32)


def _part(body: Floats, first: float, last: float, edge: float = 0.0) -> Floats:
    """What lies between two shares of the length, `edge` of the width off the sides."""
    rows, columns = body.shape[:2]
    inset = round(edge * rows)
    part = body[inset : rows - inset, round(first * columns) : round(last * columns), :3]
    return np.asarray(part, np.float32)


def _framed(body: Floats) -> Floats:
    """Round the corners, shade along the length, leave clear ground around, weigh by cover."""
    rows = body.shape[0]
    body[..., :3] *= np.linspace(0.85, 1.1, rows, dtype=np.float32)[:, None, None]
    radius = max(1, rows // 8)
    cover = np.zeros(body.shape[:2], np.float32)
    cover[radius:-radius] = cover[:, radius:-radius] = 1
    for row in (radius, rows - 1 - radius):
        for column in (radius, body.shape[1] - 1 - radius):
            cv2.circle(cover, (column, row), radius, 1.0, -1)
    body[..., 3] = cover
    body[..., :3] *= cover[..., None]
    pad = int(_PX_PER_M)
    return np.pad(body, ((pad, pad), (pad, pad), (0, 0)))


def _car(rng: np.random.Generator) -> Floats:
    body = _body(rng.uniform(3.6, 5.0), rng.uniform(1.6, 1.95), _paint_of(_PAINTS, rng))
    for first, last in ((0.62, 0.73), (0.1, 0.2)):
        _part(body, first, last, 0.1)[:] = rng.uniform(15, 60)
    _part(body, 0.22, 0.6, 0.08)[:] *= np.float32(rng.uniform(1.0, 1.15))
    return _framed(body)


def _bus(rng: np.random.Generator) -> Floats:
    body = _body(rng.uniform(6, 12), rng.uniform(2.1, 2.6), _paint_of(_PAINTS, rng))
    _part(body, 0.95, 0.985, 0.08)[:] = rng.uniform(15, 60)
    for _ in range(int(rng.integers(0, 4))):  # hatches and air conditioning
        first = float(rng.uniform(0.1, 0.8))
        _part(body, first, first + 0.06, 0.3)[:] *= np.float32(rng.uniform(0.6, 0.95))
    return _framed(body)


def _lorry(rng: np.random.Generator) -> Floats:
    length_m = float(rng.uniform(5.5, 13))
    body = _body(length_m, rng.uniform(2.2, 2.6), _paint_of(_PAINTS, rng))
    cab = 1 - float(rng.uniform(1.6, 2.4)) / length_m
    _part(body, 0.985 - 0.5 / length_m, 0.985, 0.1)[:] = rng.uniform(15, 60)
    _part(body, cab - 0.4 / length_m, cab)[:] = rng.uniform(15, 50)
    bed = _part(body, 0.0, cab - 0.4 / length_m)
    bed[:] = _paint_of(_PAINTS, rng)
    if rng.random() < 0.65:
        _load(_part(body, 0.1 / length_m, cab - 0.55 / length_m, 0.06), rng)
    elif rng.random() < 0.5:
        bed *= (1 + 0.12 * np.sin(np.arange(bed.shape[1]) / rng.uniform(1, 4)))[None, :, None]
    return _framed(body)


def _load(bed: Floats, rng: np.random.Generator) -> None:
    """Fill the bed of a lorry: a heap, stacked goods or a sheet over something uneven."""
    light, colours = _LOADED[int(rng.integers(len(_LOADED)))](bed.shape[0], bed.shape[1], rng)
    if rng.random() < 0.3:
        colours = _PAINTS
    depth = rng.uniform(0.2, 0.8)
    bed[:] = _paint_of(colours, rng) * (1.05 - depth / 2 + depth * (light[..., None] - 0.2))


def _heap(rows: int, columns: int, rng: np.random.Generator) -> _Load:
    """Light along the middle, dark beside the boards, with grain."""
    light = cv2.resize(_patches(4, 12, rng), (columns, rows), interpolation=cv2.INTER_CUBIC)
    ridge = np.sin(np.linspace(0, math.pi, rows, dtype=np.float32))[:, None]
    grain = rng.normal(0, 0.12, (rows, columns))
    return np.asarray(0.6 * light + 0.7 * ridge + grain, np.float32), _LOADS


def _stack(rows: int, columns: int, rng: np.random.Generator) -> _Load:
    light = cv2.resize(_patches(6, 20, rng), (columns, rows), interpolation=cv2.INTER_NEAREST)
    return np.asarray(light, np.float32), _LOADS


def _sheet(rows: int, columns: int, rng: np.random.Generator) -> _Load:
    light = cv2.resize(_patches(3, 7, rng), (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(light, np.float32), _PAINTS


def _patches(rows: int, columns: int, rng: np.random.Generator) -> Floats:
    return rng.random((rows, columns), dtype=np.float32)


_LOADED = (_heap, _stack, _sheet)
_KINDS = (_car, _car, _bus, _lorry, _lorry)
