"""Crops for training: drawn from pictures at any scale and angle, in any light and weather."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import class_index
from vision.datasets import Batch, Floats, Picture, Run, SourceData
from vision.drawn_fires import draw_fires, drawn_tables
from vision.drawn_ground import draw_ground
from vision.drawn_vehicles import draw_vehicles
from vision.label_marks import IGNORE, Bytes

_PAINTED = [class_index("building"), class_index("boat")]


def draw_batch(data: Sequence[SourceData], run: Run, step: int) -> Batch:
    """Draw the crops of one step; the same run, data and step give the same crops."""
    rng = np.random.default_rng([run.seed, step])
    shares = np.array([entry.source.share for entry in data])
    chosen = _balanced_choice(shares / shares.sum(), run.batch, rng)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    crops = [_draw_crop(data[index], run, rng) for index in chosen]
    return Batch(*(np.stack(parts) for parts in zip(*crops, strict=True)))


def _balanced_choice(shares: Floats, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # Systematic sampling: every source comes as near its share of the batch as whole crops allow.
    marks = (rng.random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(shares), marks), len(shares) - 1)


def _draw_index(data: SourceData, rng: np.random.Generator) -> int:
    if not data.source.emphasis:
        return int(rng.integers(len(data.pictures)))
    return int(rng.choice(len(data.pictures), p=data.picture_shares()))


def _draw_crop(data: SourceData, run: Run, rng: np.random.Generator) -> Batch:
    picture = data.pictures[_draw_index(data, rng)]
    scale = _draw_scale(data.gsd_m(picture), run.model_gsd_m, rng)
    view = View(
        _draw_centre(picture, rng),
        scale,
        float(rng.uniform(-45, 45)) if rng.random() < 0.5 else 0.0,
        (float(rng.normal(0, 0.12)), float(rng.normal(0, 0.12))) if rng.random() < 0.3 else (0, 0),
    )
    rgb, mask = cut(picture, view, run.crop_px)
    known = np.full_like(mask, 255)
    if picture.known is not None:
        known = cut(replace(picture, mask=picture.known), view, run.crop_px)[1]
    target, weight = data.source.target_table(), data.source.weight_table()
    gsd_m = data.gsd_m(picture)
    crop_gsd_m = gsd_m / scale if gsd_m else run.model_gsd_m * float(rng.uniform(0.7, 1.7))
    is_marked = target.max(axis=1)[mask] > 0
    is_taken = is_marked | (mask == IGNORE)
    if rng.random() < data.source.drawn_ground:
        rgb = draw_ground(rgb, is_taken, crop_gsd_m, rng, is_marked=is_marked)
    if rng.random() < data.source.drawn_vehicles:
        rgb = draw_vehicles(rgb, is_taken, crop_gsd_m, rng)
    if rng.random() < data.source.drawn_fires:
        rgb, mask = draw_fires(rgb, mask, rng)
        target, weight = drawn_tables(target, weight)
    if rng.random() < run.repainted:
        rgb = repaint(rgb, target[:, _PAINTED].max(axis=1)[mask] > 0, rng)
    turns, flips = int(rng.integers(4)), bool(rng.integers(2))
    rgb, mask, known = (_turned(plane, turns, flips) for plane in (rgb, mask, known))
    return Batch(weather(rgb, rng), mask, known, target, weight)


def _turned(plane: Bytes, turns: int, flips: bool) -> Bytes:
    plane = np.rot90(plane, turns)
    return np.ascontiguousarray(plane[:, ::-1] if flips else plane)


def _draw_scale(gsd_m: float | None, model_gsd_m: float, rng: np.random.Generator) -> float:
    """Return crop pixels per picture pixel; of a picture without a scale more are thinkable."""
    if gsd_m is None:
        return math.exp(rng.uniform(math.log(0.6), math.log(2.4)))
    return gsd_m / model_gsd_m * math.exp(rng.uniform(math.log(0.6), math.log(1.7)))


def _draw_centre(picture: Picture, rng: np.random.Generator) -> tuple[float, float]:
    rows, columns = picture.mask.shape
    if picture.points and rng.random() < 0.6:
        values = sorted(picture.points)
        points = picture.points[values[rng.integers(len(values))]]
        row, column = points[rng.integers(len(points))]
        spread = 0.15 * min(rows, columns)
        return float(row + rng.normal(0, spread)), float(column + rng.normal(0, spread))
    return float(rng.uniform(0, rows)), float(rng.uniform(0, columns))


@dataclass(frozen=True, slots=True)
class View:
    """How a crop looks at its picture."""

    centre: tuple[float, float]
    """Row, column."""
    scale: float = 1.0
    """Crop pixels per picture pixel."""
    angle_deg: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    """How much nearer the right and the lower edge are than the middle: 0.2 is a fifth."""


def cut(picture: Picture, view: View, crop_px: int) -> tuple[Bytes, Bytes]:
    """Cut a square of `crop_px` out of a picture and its mask.

    Outside the picture its content is mirrored and the mask says IGNORE.
    """
    rgb, mask, scale = picture.rgb, picture.mask, view.scale
    half = crop_px / scale / 2
    rows, columns = mask.shape
    centre = (_inside(view.centre[0], half, rows), _inside(view.centre[1], half, columns))
    if scale < 0.7:  # shrink by areas first, or the sampling below would alias
        rgb, mask, centre, scale = _shrink(rgb, mask, centre, scale, half)
    matrix = cv2.getRotationMatrix2D((centre[1], centre[0]), view.angle_deg, scale)
    matrix[:, 2] += crop_px / 2 - np.array([centre[1], centre[0]]) - 0.5
    warp: Any = cv2.warpAffine
    if view.tilt != (0.0, 0.0):
        warp, matrix = cv2.warpPerspective, _tilted(view.tilt, crop_px) @ [*matrix, (0, 0, 1)]
    size = (crop_px, crop_px)
    flat_rgb = warp(rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    flat_mask = warp(
        mask, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT,
        borderValue=IGNORE,
    )  # fmt: skip
    return np.asarray(flat_rgb, np.uint8), np.asarray(flat_mask, np.uint8)


def _tilted(tilt: tuple[float, float], crop_px: int) -> NDArray[np.float64]:
    """Return what tilts a crop about its middle, as an oblique camera would."""
    middle = (crop_px - 1) / 2
    to_middle, back, tilting = np.eye(3), np.eye(3), np.eye(3)
    to_middle[:2, 2], back[:2, 2] = -middle, middle
    tilting[2, :2] = -np.clip(tilt, -0.35, 0.35) / (crop_px / 2)
    return np.asarray(back @ tilting @ to_middle)


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
    if rng.random() < 0.2:
        rgb = _shadow(rgb, rng)
    if rng.random() < 0.25:
        rgb = _haze(rgb, rng)
    if rng.random() < 0.3:
        rgb = _blurred(rgb, rng)
    if rng.random() < 0.25:
        strength = float(rng.uniform(2, 10))
        noise = cv2.randn(np.empty(rgb.shape, np.int16), 0, strength)
        rgb = np.asarray(cv2.add(rgb, noise, dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        _, code = cv2.imencode(".jpg", rgb, quality)
        rgb = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return rgb


def repaint(rgb: Bytes, things: NDArray[np.bool_], rng: np.random.Generator) -> Bytes:
    """Give things a light and colour of their own, often stains, as roofs and boats have."""
    share = cv2.GaussianBlur(things.astype(np.float32), (0, 0), 1.0)[..., None]
    painted = _coloured(_light(rgb, rng), rng, turn_deg=180.0).astype(np.float32)
    if rng.random() < 0.5:
        painted = np.clip(painted * _stains(rgb.shape[0], rng), 0, 255)
    return np.asarray(rgb + (painted - rgb) * share, np.uint8)


def _stains(side_px: int, rng: np.random.Generator) -> Floats:
    """Light (side, side, 1) that damp, rust and dust leave: smooth patches of two sizes."""
    light = np.ones((side_px, side_px), np.float32)
    for cell_px in (60, 14):
        cells = max(3, side_px // cell_px)
        patches = rng.normal(0, rng.uniform(0, 0.25), (cells, cells)).astype(np.float32)
        light += cv2.resize(patches, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(light, 0.3, 1.4)[..., None])


def _light(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = math.exp(rng.normal(0, 0.25))
    gain, offset = rng.uniform(0.7, 1.3), rng.uniform(-0.1, 0.1)
    tints = 1 + rng.normal(0, 0.07, 3)
    curve = (levels**gamma - 0.5) * gain + 0.5 + offset
    table = np.clip(curve[:, None] * tints * 255, 0, 255).astype(np.uint8)
    lit = np.asarray(cv2.LUT(rgb, table[None]), np.uint8)
    if rng.random() < 0.6:
        lit = _coloured(lit, rng)
    return lit


def _coloured(rgb: Bytes, rng: np.random.Generator, turn_deg: float = 6.0) -> Bytes:
    """Turn hues and vary how colourful the crop is, seldom down to grey."""
    matrix = np.full((3, 3), 1 / 3) + _hue_turn(math.radians(float(rng.normal(0, turn_deg))))
    strength = 0.0 if rng.random() < 0.08 else float(rng.uniform(0.4, 1.4))
    matrix = np.full((3, 3), 1 / 3) + strength * (matrix - 1 / 3)
    return np.asarray(cv2.transform(rgb, matrix.astype(np.float32)), np.uint8)


def _hue_turn(angle: float) -> NDArray[np.float64]:
    """Rotation about the grey axis, without its part along that axis."""
    axis = np.full(3, math.sqrt(1 / 3))
    cross = np.cross(np.eye(3), axis)
    return np.asarray(
        math.cos(angle) * (np.eye(3) - np.outer(axis, axis)) + math.sin(angle) * cross
    )


def _shadow(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    """Darken one to three ragged patches, as clouds, trees and slopes do."""
    side = rgb.shape[0]
    mask = np.zeros(rgb.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 4))):
        middle, reach = rng.uniform(0, side, 2), rng.uniform(0.05, 0.5) * side
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        lengths = reach * rng.uniform(0.4, 1, len(angles))
        corners = middle + np.stack([np.cos(angles), np.sin(angles)], 1) * lengths[:, None]
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 6)))
    dark = np.float32(1) - mask[..., None] * np.float32(rng.uniform(0.2, 0.65))
    return np.asarray(rgb * dark, np.uint8)


def _blurred(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    """Blur as a lens out of focus does, or as motion does."""
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.4, 1.8))), np.uint8)
    length = int(rng.integers(3, 8))
    kernel = np.zeros((length, length), np.float32)
    ends = rng.integers(0, length, 4).tolist()
    cv2.line(kernel, (ends[0], 0), (ends[1], length - 1), 1.0)
    kernel = kernel if rng.random() < 0.5 else kernel.T
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.uint8)


def _haze(rgb: Bytes, rng: np.random.Generator) -> Bytes:
    veil = float(rng.uniform(0.05, 0.35))
    tone = float(rng.uniform(160, 240))
    table = np.arange(256) * (1 - veil) + veil * tone
    return np.asarray(cv2.LUT(rgb, table.astype(np.uint8)), np.uint8)
