"""What the network sees in one step: crops on the device, and what each of them teaches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

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


def lesson_of(batch: Batch, device: torch.device) -> Lesson:
    """Put a batch on the device and look its masks up in its tables."""
    rgb, mask, known, target, weight = (
        torch.as_tensor(part).to(device, non_blocking=True) for part in batch
    )
    crop = torch.arange(len(mask), device=device)[:, None, None]
    value = mask.long()
    bits = torch.arange(target.shape[-1], device=device)
    at_all = (known[..., None].int() >> bits & 1).to(weight.dtype)
    return Lesson(
        normalise(rgb),
        target[crop, value].permute(0, 3, 1, 2),
        (weight[crop, value] * at_all).permute(0, 3, 1, 2),
    )
