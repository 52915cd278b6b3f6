"""Crops for training: drawn from pictures at any scale and angle, in any light and weather."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import CLASS_NAMES
from vision.datasets import Batch, Floats, Picture, Run, SourceData
from vision.label_marks import IGNORE, Bytes


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
    scale = _draw_scale(data.gsd_m(picture), run.model_gsd_m, rng)
    angle_deg = float(rng.uniform(-45, 45)) if rng.random() < 0.5 else 0.0
    centre = _draw_centre(picture, rng)
    rgb, mask = cut(picture, centre, scale, angle_deg, run.crop_px)
    weight = data.source.weight_table()[mask]
    if picture.known is not None:
        whole = replace(picture, mask=picture.known)
        weight *= _bits(cut(whole, centre, scale, angle_deg, run.crop_px)[1])
    turns, flips = int(rng.integers(4)), bool(rng.integers(2))
    rgb, mask, weight = np.rot90(rgb, turns), np.rot90(mask, turns), np.rot90(weight, turns)
    if flips:
        rgb, mask, weight = rgb[:, ::-1], mask[:, ::-1], weight[:, ::-1]
    rgb = weather(np.ascontiguousarray(rgb), rng)
    return rgb, data.source.target_table()[mask], weight


def _bits(plane: Bytes) -> Floats:
    """(rows, columns) of bits as (rows, columns, classes) of 0 and 1."""
    shifts = np.arange(len(CLASS_NAMES), dtype=np.uint8)
    return (plane[..., None] >> shifts & 1).astype(np.float32)


def _draw_scale(gsd_m: float | None, model_gsd_m: float, rng: np.random.Generator) -> float:
    """Return crop pixels per picture pixel."""
    jitter = math.exp(rng.uniform(math.log(0.6), math.log(1.7)))
    return jitter if gsd_m is None else gsd_m / model_gsd_m * jitter


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
