"""EDGE: which networks teach another one, and what they say of the pictures that it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from vision.aims import Teaching
from vision.checkpoints import load_average
from vision.classes import CLASS_NAMES, class_index
from vision.datasets import TrainingError
from vision.exported_weights import network_of
from vision.model import CoarseLook
from vision.network import STRIDE_PX, PatrolNet
from vision.package import load_package


@dataclass(frozen=True, slots=True)
class Teachers:
    """Networks that are asked together, on the device of the one that learns."""

    networks: Sequence[PatrolNet]
    teaching: Teaching
    coarse: CoarseLook | None = None
    """What they look at a second time, as they will be used."""

    def class_weights(self) -> Tensor:
        """How much their answers about each class count (C,)."""
        return torch.tensor([self.teaching.trust.get(name, 1.0) for name in CLASS_NAMES])

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def say(self, image: Tensor) -> Tensor:
        """Their mean probabilities (N, C, H, W) for normalised pictures (N, 3, H, W)."""
        with torch.autocast(image.device.type, dtype=torch.bfloat16):
            answers = [self._answer(network, image) for network in self.networks]
            if self.teaching.asks_mirrored:
                mirror = image.flip(3).contiguous(memory_format=torch.channels_last)
                answers += [self._answer(network, mirror).flip(3) for network in self.networks]
        return torch.stack(answers).mean(0)

    def _answer(self, network: PatrolNet, image: Tensor) -> Tensor:
        fine = torch.sigmoid(network(image).float())
        if self.coarse is None:
            return fine
        size = [max(1, round(side * self.coarse.scale / STRIDE_PX)) * STRIDE_PX
                for side in image.shape[2:]]  # fmt: skip
        small = functional.interpolate(image, size=size, mode="area")
        far = torch.sigmoid(network(small.contiguous(memory_format=torch.channels_last)).float())
        wide = functional.interpolate(
            far, size=image.shape[2:], mode="bilinear", align_corners=False
        )
        looked_at = [class_index(name) for name in self.coarse.classes]
        fine[:, looked_at] = (fine[:, looked_at] + wide[:, looked_at]) / 2
        return fine


def load_teachers(
    teaching: Teaching, folder: Path, coarse: CoarseLook | None, device: torch.device
) -> Teachers:
    """Read the networks of a run's `[teaching]`; `folder` is the run file's.

    Raises:
        TrainingError: one cannot be read, or knows other classes.
        ModelError: a manifest and its model cannot be used.
    """
    networks = [_network(folder / name) for name in teaching.models]
    for network in networks:
        network.requires_grad_(False)
        network.to(device, memory_format=torch.channels_last)
    return Teachers(networks, teaching, coarse)


def _network(path: Path) -> PatrolNet:
    if path.suffix != ".toml":
        return load_average(path)
    package = load_package(path)
    if package.classes != CLASS_NAMES:
        raise TrainingError(
            f"{path}: teaches the classes {', '.join(package.classes)}; ours are "
            f"{', '.join(CLASS_NAMES)}. Take a model that was exported by this version."
        )
    return network_of(package)


def unlikeness(logits: Tensor, said: Tensor, weights: Tensor) -> Tensor:
    """How unlike two answers are: cross-entropy of `logits` to probabilities, summed over classes.

    Args:
        logits: (N, C, H, W) of the network that learns.
        said: (N, C, H, W), 0 to 1.
        weights: (C,), of the classes.
    """
    pixelwise = functional.binary_cross_entropy_with_logits(logits.float(), said, reduction="none")
    return pixelwise.mean((0, 2, 3)) @ weights.to(logits.device)
