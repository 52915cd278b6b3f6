"""EDGE: the shipped kind of model run by torch, on a GPU where it sees one.

The weights come from the ONNX file, so a model needs no checkpoint to be run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vision.detector import TORCH_BF16, looked_at
from vision.exported_weights import network_of
from vision.package import ModelPackage
from vision.tiles import Maps, ramp, spans

_TILES_AT_ONCE = {"cuda": 16, "cpu": 1}
"""Tiles that pass through the network together: enough to fill a GPU, in under 1 GB of its memory.
A CPU is busy with one, and each takes some 100 MB."""


class TorchDetector:
    """A model package run by torch: on a GPU in bf16, channels last; else on the CPU in f32.

    All tiles of a picture pass through the network together, some at a time, and are blended where
    they come out, so that a GPU gets one picture and gives one set of maps.
    """

    def __init__(self, package: ModelPackage) -> None:
        """Load the model; refuses a network that is not ours."""
        self.package = package
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.runs_as = TORCH_BF16 if self._device.type == "cuda" else "torch"
        self.network = network_of(package).to(self._device, memory_format=torch.channels_last)
        per_channel = (1, 3, 1, 1)
        # One thread talks to the GPU: each one more would set cuDNN up anew, for half a minute.
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="torch")
        self._mean = torch.tensor(package.mean, device=self._device).view(per_channel)
        self._std = torch.tensor(package.std, device=self._device).view(per_channel)

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        """Maps (classes, rows, columns) of a picture (rows, columns, 3) at the model's GSD."""
        return looked_at(image, self.package, self.look)

    def look(self, image: NDArray[np.uint8]) -> Maps:
        """Maps of a picture looked at once; one picture at a time on a GPU."""
        if self._device.type == "cpu":
            return self._blended(image)
        return self._turns.submit(self._blended, image).result()

    def _blended(self, image: NDArray[np.uint8]) -> Maps:
        height, width = image.shape[:2]
        row_spans, column_spans = (spans(side, self.package.tile_px) for side in (height, width))
        planes = torch.from_numpy(_reaching(image, row_spans[-1][1], column_spans[-1][1]))
        planes = planes.to(self._device)[None]
        places = [(rows, columns) for rows in row_spans for columns in column_spans]
        sides = tuple(planes.shape[1:3])
        total = torch.zeros((len(self.package.classes), *sides), device=self._device)
        weights = torch.zeros(sides, device=self._device)
        at_once = _TILES_AT_ONCE[self._device.type]
        for first in range(0, len(places), at_once):
            some = places[first : first + at_once]
            tiles = torch.cat([planes[:, slice(*rows), slice(*columns)] for rows, columns in some])
            for (rows, columns), maps in zip(some, self._maps(tiles), strict=True):
                weight = torch.from_numpy(np.outer(ramp(rows, height), ramp(columns, width)))
                weight = weight.to(self._device)
                total[:, slice(*rows), slice(*columns)] += maps * weight
                weights[slice(*rows), slice(*columns)] += weight
        blended = (total / weights)[:, :height, :width]
        return np.ascontiguousarray(blended.cpu().numpy(), np.float32)

    def planes_of(self, tiles: Tensor) -> Tensor:
        """What the network takes, on the device, of tiles (tiles, rows, columns, 3) uint8."""
        values = tiles.to(self._device).permute(0, 3, 1, 2).float() / 255
        values = (values - self._mean) / self._std
        return values.contiguous(memory_format=torch.channels_last)

    def _maps(self, tiles: Tensor) -> Tensor:
        """Maps (tiles, classes, rows, columns) float32 of tiles (tiles, rows, columns, 3) uint8."""
        on_gpu = self._device.type == "cuda"
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=on_gpu),
        ):
            return torch.sigmoid(self.network(self.planes_of(tiles)).float())


def _reaching(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Repeat a picture's edges until its tiles are full."""
    below, right = (max(0, b - a) for a, b in zip(image.shape[:2], (height, width), strict=True))
    return np.ascontiguousarray(np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge"))
