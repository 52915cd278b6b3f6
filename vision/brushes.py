"""Run lengths of Label Studio's brush: which pixels of a picture a person painted.

A stream of bits: 32 for the number of values, 5 for the width of a value less one, four times 4 for
the widths of runs less one; then runs, each one bit (1: one value repeated), two bits that choose
the run's width, the length less one, and the value or values. Source: label-studio-converter,
`brush.py`. The values are red, green, blue and alpha of each pixel; alpha says what was painted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def brush_pixels(rle: Sequence[int], rows: int, columns: int) -> NDArray[np.bool_]:
    """Decode the `rle` of a brush into (rows, columns).

    Raises:
        ValueError: the stream is cut short or of another size.
    """
    bits = np.unpackbits(np.array(rle, np.uint8))
    place = 0

    def take(count: int) -> int:
        nonlocal place
        if place + count > len(bits):
            raise ValueError("the run lengths of the brush are cut short")
        value = int("".join(map(str, bits[place : place + count].tolist())), 2) if count else 0
        place += count
        return value

    total = take(32)
    if total != rows * columns * 4:
        raise ValueError(f"the brush has {total} values, {rows} x {columns} pixels need four each")
    width = take(5) + 1
    widths = [take(4) + 1 for _ in range(4)]
    values = np.zeros(total, np.uint8)
    at = 0
    while at < total:
        repeated = take(1)
        length = take(widths[take(2)]) + 1
        if at + length > total:
            raise ValueError("the run lengths of the brush reach beyond the picture")
        if repeated:
            values[at : at + length] = take(width)
        else:
            values[at : at + length] = [take(width) for _ in range(length)]
        at += length
    return np.asarray(values.reshape(rows, columns, 4)[..., 3] > 0)
