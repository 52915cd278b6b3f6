"""EDGE: the shipped kind of model run by torch, on a GPU where it sees one.

The weights come from the ONNX file, so a model needs no checkpoint to be run. Its normalisation was
folded into the convolutions when it was exported; they are filled in the order of the graph.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from vision.detector import Planes
from vision.encoders import ENCODERS
from vision.errors import ModelError
from vision.network import PatrolNet
from vision.package import ModelPackage
from vision.tiles import Maps, blended


def network_of(package: ModelPackage) -> PatrolNet:
    """Make our network with the weights of an exported model, for inference only.

    Raises:
        ModelError: the file holds another network.
    """
    graph = onnx.load(str(package.path)).graph
    values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    shapes = [tuple(values[node.input[1]].shape) for node in nodes if node.input[1] in values]
    for encoder in ENCODERS:
        network = PatrolNet(len(package.classes), encoder)
        convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
        if shapes == [tuple(module.weight.shape) for module in convolutions]:
            break
    else:
        raise ModelError(
            f"{package.path}: holds another network than aerogrid's own, the only one that torch "
            "can run here; use the backend onnxruntime or openvino"
        )
    for module, node in zip(convolutions, nodes, strict=True):
        module.weight = nn.Parameter(torch.from_numpy(values[node.input[1]].copy()))
        bias = values[node.input[2]].copy() if len(node.input) > 2 else np.zeros(len(module.weight))
        module.bias = nn.Parameter(torch.from_numpy(bias.astype(np.float32)))
    for parent in list(network.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    network.eval()
    return network


class TorchDetector:
    """A model package run by torch: on a GPU in bf16, channels last; else on the CPU in f32."""

    def __init__(self, package: ModelPackage) -> None:
        """Load the model; refuses a network that is not ours."""
        self.package = package
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network_of(package).to(self._device, memory_format=torch.channels_last)
        self._planes = Planes(package)

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        """Maps (classes, rows, columns) of a picture (rows, columns, 3) at the model's GSD."""
        return blended(image, self.run_tile, tile_px=self.package.tile_px)

    def run_tile(self, tile: NDArray[np.uint8]) -> Maps:
        """Maps of one tile (rows, columns, 3) whose sides are multiples of 32."""
        planes = torch.from_numpy(self._planes(tile)).to(self._device)
        planes = planes.contiguous(memory_format=torch.channels_last)
        on_gpu = self._device.type == "cuda"
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=on_gpu),
        ):
            logits = self._network(planes)
        return np.asarray(torch.sigmoid(logits.float())[0].cpu().numpy(), np.float32)
