"""Which network turns a picture into one probability map per class: encoder, decoder, head.

The encoder is an EfficientNet-Lite (Tan and Le, arXiv 1905.11946, "lite" variant: ReLU6, no
squeeze-and-excitation), the decoder a feature pyramid summed at a quarter of the input's size
(Kirillov et al., arXiv 1901.02446), sharpened by the encoder's features at half of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.encoders import stages_of, weights_package

STRIDE_PX = 32
"""Height and width of an input are multiples of this."""

MEAN = (127 / 255, 127 / 255, 127 / 255)
STD = (128 / 255, 128 / 255, 128 / 255)
"""Normalisation of the ImageNet weights: (value - 127) / 128 on 0 to 255."""


class SameConv(nn.Conv2d):  # type: ignore[misc]
    """A convolution padded as TensorFlow's SAME: the odd pixel goes to the right and bottom."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve an input whose sides are multiples of the stride."""
        total = self.kernel_size[0] - self.stride[0]
        before, after = total // 2, total - total // 2
        if before == after:
            return functional.conv2d(
                x, self.weight, self.bias, self.stride, before, groups=self.groups
            )
        padded = functional.pad(x, (before, after, before, after))
        return functional.conv2d(padded, self.weight, self.bias, self.stride, groups=self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03)


class Block(nn.Module):  # type: ignore[misc]
    """Inverted residual: widen, filter each channel, narrow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.widens = expansion != 1
        self.adds = stride == 1 and inputs == outputs
        if self.widens:
            self.expand_conv = SameConv(inputs, width, 1, bias=False)
            self.bn0 = _norm(width)
        self.depthwise_conv = SameConv(width, width, kernel, stride, groups=width, bias=False)
        self.bn1 = _norm(width)
        self.project_conv = SameConv(width, outputs, 1, bias=False)
        self.bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's features."""
        y = functional.relu6(self.bn0(self.expand_conv(x))) if self.widens else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.adds else y


class Encoder(nn.Module):  # type: ignore[misc]
    """EfficientNet-Lite without its classifier."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.conv_stem = SameConv(3, 32, 3, 2, bias=False)
        self.bn0 = _norm(32)
        blocks, taps, inputs = [], {}, 32
        for stage in stages_of(name):
            for index in range(stage.repeats):
                stride = stage.stride if index == 0 else 1
                blocks.append(Block(inputs, stage.channels, stage.kernel, stride, stage.expansion))
                inputs = stage.channels
            if stage.goes_on:
                taps[len(blocks) - 1] = stage.channels
        self.blocks = nn.ModuleList(blocks)
        self.taps = taps
        """Block -> channels of the features that go on."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features at strides 2, 4, 8, 16 and 32."""
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        features = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                features.append(x)
        return features


class Smooth(nn.Sequential):  # type: ignore[misc]
    """A 3x3 convolution with normalisation and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), _norm(outputs), nn.ReLU()
        )


class PatrolNet(nn.Module):  # type: ignore[misc]
    """Encoder, feature pyramid, a finer layer for edges and small things, one logit map a class."""

    def __init__(self, classes: int, encoder: str = "lite0", width: int = 96) -> None:
        super().__init__()
        self.encoder = Encoder(encoder)
        finest, *coarser = self.encoder.taps.values()
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1) for c in coarser)
        self.smooths = nn.ModuleList(Smooth(width, width) for _ in coarser)
        self.merge = Smooth(width, width)
        self.narrow = nn.Conv2d(width, width // 3, 1)
        self.edges = nn.Conv2d(finest, width // 3, 1)
        self.sharpen = Smooth(width // 3, width // 3)
        self.head = nn.Conv2d(width // 3, classes, 1)
        nn.init.constant_(self.head.bias, -3.0)  # starts near "nothing here": objects are rare

    def forward(self, image: Tensor) -> Tensor:
        """Return logits (N, classes, H, W) of normalised pictures (N, 3, H, W)."""
        finest, *coarser = self.encoder(image)
        levels = [lateral(f) for lateral, f in zip(self.laterals, coarser, strict=True)]
        for index in (2, 1, 0):
            levels[index] = levels[index] + _enlarge(levels[index + 1], 2, "nearest")
        total = self.smooths[0](levels[0])
        for index in (1, 2, 3):
            smooth = self.smooths[index](levels[index])
            total = total + _enlarge(smooth, 2**index, "bilinear")
        fine = _enlarge(self.narrow(self.merge(total)), 2, "bilinear") + self.edges(finest)
        return _enlarge(self.head(self.sharpen(fine)), 2, "bilinear")


def _enlarge(x: Tensor, factor: int, mode: str) -> Tensor:
    # Written as a factor and not as a size, so that the exported graph keeps free height and width.
    if mode == "nearest":
        return functional.interpolate(x, scale_factor=float(factor), mode=mode)
    return functional.interpolate(x, scale_factor=float(factor), mode=mode, align_corners=False)


def imagenet_weights_path(encoder: str) -> Path:
    """Return where the installed package keeps an encoder's ImageNet weights."""
    package = importlib.import_module(weights_package(encoder))
    model_file = getattr(package, f"Efficientnet{encoder.capitalize()}ModelFile")
    return Path(model_file.get_model_file_path())


def load_encoder(encoder: Encoder, weights: Mapping[str, Tensor]) -> None:
    """Fill the encoder from published weights, whose names differ by leading underscores."""
    plain = {
        ".".join(part.lstrip("_") for part in name.split(".")): w for name, w in weights.items()
    }
    wanted = encoder.state_dict()
    encoder.load_state_dict({name: plain[name] for name in wanted})


def build_network(classes: int, encoder: str, *, pretrained: bool) -> PatrolNet:
    """Make a network; `pretrained` reads the ImageNet weights of the encoder."""
    network = PatrolNet(classes, encoder)
    if pretrained:
        weights = torch.load(imagenet_weights_path(encoder), map_location="cpu", weights_only=True)
        load_encoder(network.encoder, weights)
    return network
