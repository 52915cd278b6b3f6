"""What the network sees in one step: crops on the device, and what each of them teaches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vision.aims import Apart
from vision.classes import class_index
from vision.datasets import Batch
from vision.network import MEAN, STD


@dataclass(frozen=True, slots=True)
class Lesson:
    """A batch on the device.

    Attributes:
        image: normalised (N, 3, H, W).
        target: (N, C, H, W), 0 or 1.
        weight: (N, C, H, W), 0 where the class is unknown.
    """

    image: Tensor
    target: Tensor
    weight: Tensor


def normalise(rgb: Tensor) -> Tensor:
    """Turn (N, H, W, 3) uint8 into the normalised (N, 3, H, W) float32 that the network takes."""
    values = rgb.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(MEAN, device=rgb.device).view(3, 1, 1)
    std = torch.tensor(STD, device=rgb.device).view(3, 1, 1)
    return ((values - mean) / std).contiguous(memory_format=torch.channels_last)


def lesson_of(batch: Batch, device: torch.device, apart: Apart | None = None) -> Lesson:
    """Put a batch on the device and look its masks up in its tables.

    What lies between two things of a class in `apart` counts more, so that neighbours stay apart.
    """
    rgb, mask, known, target, weight = (
        torch.as_tensor(part).to(device, non_blocking=True) for part in batch
    )
    crop = torch.arange(len(mask), device=device)[:, None, None]
    value = mask.long()
    bits = torch.arange(target.shape[-1], device=device)
    at_all = (known[..., None].int() >> bits & 1).to(weight.dtype)
    there = target[crop, value].permute(0, 3, 1, 2)
    counts = (weight[crop, value] * at_all).permute(0, 3, 1, 2)
    if apart is not None:
        counts = counts * _apart_weights(there, apart)
    return Lesson(normalise(rgb), there, counts)


def _apart_weights(target: Tensor, apart: Apart) -> Tensor:
    """1, and `apart.weight` in gaps that are narrower than `apart.gap_px` (N, C, H, W).

    A gap is what a closing of the mask fills: a cheaper form of the weights by which U-Net keeps
    touching cells apart (Ronneberger et al. 2015, arXiv 1505.04597).
    """
    weights = torch.ones_like(target)
    for name in apart.classes:
        mask = target[:, class_index(name)][:, None]
        size, around = apart.gap_px, apart.gap_px // 2
        grown = functional.max_pool2d(mask, size, 1, around)
        closed = 1 - functional.max_pool2d(1 - grown, size, 1, around)
        gap = (closed - mask).clamp(min=0)[:, 0]
        weights[:, class_index(name)] += (apart.weight - 1) * gap
    return weights
