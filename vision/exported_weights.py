"""EDGE: what weights an exported model holds: our network filled with them, to be run or to learn.

The normalisations of a network were folded into its convolutions when it was exported. To learn on
they are needed again: each gets the statistics that its inputs have on pictures, and what it took
away is added, so that the answers stay the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from vision.encoders import ENCODERS
from vision.errors import ModelError
from vision.network import PatrolNet
from vision.package import ModelPackage


def network_of(package: ModelPackage) -> PatrolNet:
    """Make our network with the weights of an exported model, for inference only.

    Raises:
        ModelError: the file holds another network.
    """
    network, biases = _filled(package)
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.Conv2d):
            module.bias = nn.Parameter(biases[name])
    for parent in list(network.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    network.eval()
    return network


def learning_network_of(package: ModelPackage, images: Iterable[Tensor]) -> PatrolNet:
    """Make our network with the weights of an exported model, able to learn on.

    Args:
        package: of the exported model.
        images: batches (N, 3, H, W) as they will be learnt from, normalised; some dozens of
            pictures tell the statistics well.

    Raises:
        ModelError: the file holds another network.
    """
    network, biases = _filled(package)
    norms = _take_over(network, biases)
    sums = {norm: _Sums(norm) for norm in norms}
    network.eval()
    with torch.inference_mode():
        for batch in images:
            network(batch)
    for norm in norms:
        sums[norm].settle()
    return network


def encoder_of(package: ModelPackage) -> str:
    """Name the encoder of an exported model.

    Raises:
        ModelError: the file holds another network than ours.
    """
    return _matched(package, _convolutions(package)[0])[0]


class _Sums:
    """What a normalisation, which changes nothing for now, is given."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        self._norm = norm
        self._pixels = 0
        self._first = torch.zeros(norm.num_features, dtype=torch.float64)
        self._second = torch.zeros(norm.num_features, dtype=torch.float64)
        self._hook = norm.register_forward_pre_hook(self._add)

    def _add(self, _: nn.Module, given: tuple[Tensor]) -> None:
        values = given[0].double()
        self._pixels += values.numel() // values.shape[1]
        self._first += values.sum((0, 2, 3)).cpu()
        self._second += (values**2).sum((0, 2, 3)).cpu()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def settle(self) -> None:
        """Normalise by what was given, and undo it by gain and offset."""
        self._hook.remove()
        mean = self._first / max(1, self._pixels)
        variance = (self._second / max(1, self._pixels) - mean**2).clamp(min=0)
        self._norm.running_mean.copy_(mean)
        self._norm.running_var.copy_(variance)
        self._norm.weight.copy_(torch.sqrt(variance + self._norm.eps))
        self._norm.bias += mean.float()


@torch.no_grad()  # type: ignore[untyped-decorator]
def _take_over(network: PatrolNet, biases: dict[str, Tensor]) -> list[nn.BatchNorm2d]:
    """Put the biases where they are learnt: into a convolution, or the normalisation behind it."""
    norms = []
    behind: Tensor | None = None
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            behind = biases[name]
            if module.bias is not None:
                module.bias.copy_(behind)
        elif isinstance(module, nn.BatchNorm2d):
            assert behind is not None
            module.weight.fill_((1 + module.eps) ** 0.5)  # of a variance of 1: nothing changes
            module.bias.copy_(behind)
            norms.append(module)
    return norms


def _filled(package: ModelPackage) -> tuple[PatrolNet, dict[str, Tensor]]:
    """Our network with the weights of the convolutions, and their biases by name."""
    weights, biases = _convolutions(package)
    _, network = _matched(package, weights)
    told: dict[str, Tensor] = {}
    named = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d)]
    for (name, module), weight, bias in zip(named, weights, biases, strict=True):
        module.weight = nn.Parameter(torch.from_numpy(weight.copy()))
        told[name] = torch.from_numpy(bias.astype(np.float32))
    return network, told


Weights = list[NDArray[np.float32]]


def _convolutions(package: ModelPackage) -> tuple[Weights, Weights]:
    """Weights and biases of all convolutions in the order of the graph."""
    graph = onnx.load(str(package.path)).graph
    values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    nodes = [n for n in graph.node if n.op_type == "Conv" and n.input[1] in values]
    weights = [values[node.input[1]] for node in nodes]
    biases = [
        values[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        for node, weight in zip(nodes, weights, strict=True)
    ]
    return weights, biases


def _matched(package: ModelPackage, weights: Weights) -> tuple[str, PatrolNet]:
    shapes = [tuple(weight.shape) for weight in weights]
    for encoder in ENCODERS:
        network = PatrolNet(len(package.classes), encoder)
        convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
        if shapes == [tuple(module.weight.shape) for module in convolutions]:
            return encoder, network
    raise ModelError(
        f"{package.path}: holds another network than aerogrid's own, the only one that torch "
        "can run here; use the backend onnxruntime or openvino"
    )
