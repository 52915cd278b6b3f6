"""How a picture of any size passes through a model of one size: scale, tiles, blending, looks."""

import math
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
"""(classes, rows, columns) probabilities, 0 to 1."""

OVERLAP_PX = 64
STEP_PX = 32  # the network halves its input five times
MOST_MAP_PIXELS = 16_000_000  # 0.45 GB of probabilities for seven classes
MOST_ENLARGED = 2.0
_SQUARE_PX = 384  # with OVERLAP_PX on each side one tile of 512


def scale_for(gsd_m: float | None, model_gsd_m: float, width_px: int, height_px: int) -> float:
    """Factor by which a picture is resized before the model looks at it.

    To the model's GSD, or 1 where the photo's is unknown; at most 2 times larger, and never to
    more pixels than fit in memory.

    >>> scale_for(0.025, 0.1, 4000, 3000)
    0.25
    """
    scale = 1.0 if gsd_m is None else min(gsd_m / model_gsd_m, MOST_ENLARGED)
    return min(scale, math.sqrt(MOST_MAP_PIXELS / (width_px * height_px)))


def resized(image: NDArray[np.uint8], width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Resize a picture; areas are averaged when it becomes smaller."""
    if image.shape[:2] == (height_px, width_px):
        return image
    smaller = width_px < image.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    out = cv2.resize(image, (width_px, height_px), interpolation=method)
    return np.asarray(out, dtype=np.uint8)


def spans(length_px: int, tile_px: int, *, fixed: bool = False) -> list[tuple[int, int]]:
    """Cut a side into overlapping spans (start, stop) of one length.

    Spans are as short as the picture allows (multiples of 32), unless `fixed`. A side shorter
    than a span gives one span that reaches beyond it.
    """
    if length_px <= tile_px:
        return [(0, tile_px if fixed else _whole_steps(length_px))]
    count = math.ceil((length_px - OVERLAP_PX) / (tile_px - OVERLAP_PX))
    shortest = _whole_steps(math.ceil((length_px + (count - 1) * OVERLAP_PX) / count))
    size = tile_px if fixed else min(shortest, tile_px)
    starts = np.linspace(0, length_px - size, count).round().astype(int)
    return [(int(start), int(start) + size) for start in starts]


def _whole_steps(length_px: int) -> int:
    return math.ceil(length_px / STEP_PX) * STEP_PX


def blended(
    image: NDArray[np.uint8],
    run: Callable[[NDArray[np.uint8]], Maps],
    *,
    tile_px: int,
    fixed: bool = False,
) -> Maps:
    """Pass a picture (rows, columns, 3) through `run` tile by tile and blend the maps.

    `run` takes a tile (rows, columns, 3) and returns (classes, rows, columns). Each tile counts
    less towards its edges, so there is no seam.
    """
    height, width = image.shape[:2]
    row_spans = spans(height, tile_px, fixed=fixed)
    column_spans = spans(width, tile_px, fixed=fixed)
    if len(row_spans) == len(column_spans) == 1:
        return run(cut_tile(image, row_spans[0], column_spans[0]))[:, :height, :width]
    total: Maps | None = None
    weights = np.zeros((height, width), dtype=np.float32)
    for rows in row_spans:
        for columns in column_spans:
            maps = run(cut_tile(image, rows, columns))
            weight = np.outer(ramp(rows, height), ramp(columns, width))
            here = (slice(rows[0], rows[1]), slice(columns[0], columns[1]))
            if total is None:
                total = np.zeros((len(maps), height, width), dtype=np.float32)
            seen = weights[here].shape
            weight = weight[: seen[0], : seen[1]]
            total[:, here[0], here[1]] += maps[:, : seen[0], : seen[1]] * weight
            weights[here] += weight
    assert total is not None
    total /= weights
    return total


def looked_at_twice(
    image: NDArray[np.uint8],
    maps_of: Callable[[NDArray[np.uint8]], Maps],
    *,
    scale: float,
    channels: Iterable[int],
) -> Maps:
    """Look at a picture, and again from further away; means of some maps.

    Args:
        image: (rows, columns, 3).
        maps_of: from a picture to maps (classes, rows, columns) of its size.
        scale: of the second look, below 1.
        channels: whose maps are the mean of both looks; the others are those of the first.
    """
    maps = maps_of(image)
    rows, columns = image.shape[:2]
    far = maps_of(resized(image, max(1, round(columns * scale)), max(1, round(rows * scale))))
    for channel in channels:
        seen = cv2.resize(far[channel], (columns, rows), interpolation=cv2.INTER_LINEAR)
        maps[channel] = (maps[channel] + seen) / 2
    return maps


def looked_at_mirrored(
    image: NDArray[np.uint8],
    maps: Maps,
    maps_of: Callable[[NDArray[np.uint8]], Maps],
    *,
    above: float,
    channels: Sequence[int],
) -> Maps:
    """Look at the mirror image of where something may be; means of some maps there.

    The picture is looked at square by square, so that two small things far apart are two small
    looks, and no look takes more memory than a tile of 512.

    Args:
        image: (rows, columns, 3).
        maps: of that picture; changed in place.
        maps_of: from a picture to maps (classes, rows, columns) of its size.
        above: probability from which one of the channels may be there.
        channels: whose maps become the mean of both looks, in squares where one reaches `above`.

    Returns:
        The same maps.
    """
    height, width = image.shape[:2]
    for top in range(0, height, _SQUARE_PX):
        for left in range(0, width, _SQUARE_PX):
            rows = slice(top, min(top + _SQUARE_PX, height))
            columns = slice(left, min(left + _SQUARE_PX, width))
            if max(maps[channel, rows, columns].max() for channel in channels) < above:
                continue
            mirror = _mirror_look(image, maps_of, rows, columns)
            for channel in channels:
                here = maps[channel, rows, columns]
                here += (mirror[channel] - here) / 2
    return maps


def _mirror_look(
    image: NDArray[np.uint8],
    maps_of: Callable[[NDArray[np.uint8]], Maps],
    rows: slice,
    columns: slice,
) -> Maps:
    """Maps of one part of a picture, seen in the mirror with what lies around it."""
    top, left = max(0, rows.start - OVERLAP_PX), max(0, columns.start - OVERLAP_PX)
    around = image[top : rows.stop + OVERLAP_PX, left : columns.stop + OVERLAP_PX]
    maps = maps_of(np.ascontiguousarray(around[:, ::-1]))[:, :, ::-1]
    return maps[:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def cut_tile(
    image: NDArray[np.uint8], rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.uint8]:
    """One tile; what lies beyond the picture repeats its edge."""
    tile = image[rows[0] : rows[1], columns[0] : columns[1]]
    below = rows[1] - rows[0] - tile.shape[0]
    right = columns[1] - columns[0] - tile.shape[1]
    if below or right:
        tile = np.pad(tile, ((0, below), (0, right), (0, 0)), mode="edge")
    return tile


def ramp(span: tuple[int, int], length_px: int) -> NDArray[np.float32]:
    """Weights along one side of a tile: full in the middle, falling where a neighbour overlaps."""
    size = span[1] - span[0]
    ramp = np.ones(size, dtype=np.float32)
    rise = ((np.arange(OVERLAP_PX) + 0.5) / OVERLAP_PX).astype(np.float32)[: size // 2]
    if span[0] > 0:
        ramp[: len(rise)] = rise
    if span[1] < length_px:
        ramp[size - len(rise) :] = rise[::-1]
    return ramp
