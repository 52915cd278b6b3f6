"""How far before the border of a polygon may a row end without leaving ground uncovered."""

import numpy as np
from shapely import Polygon

from geo.frames import Array
from missions.sweep import edges_of

_OFFSETS = (np.arange(8) - 3.5) / 8  # of the lines looked at beside a row's end, in spacings
_MISSED_LINES = 1  # of them may keep some uncovered ground, as the corners between two rows do
_JOINED_M = 0.05
_SHORTEST_ROW_SHARE = 0.3  # of the spacing; shorter rows are left alone


def slack(polygon: Polygon, rows: Array, spacing_m: float, most_m: float) -> Array:
    """How much later rows may begin, and earlier end, without leaving ground uncovered.

    A path covers the ground within half the spacing. So a row may stop short of the border in
    front of it, and even more so on the side where the way to the next row runs along the border.

    Args:
        polygon: metres.
        rows: (rows, 2, 2) start and end of each on the border, in order of flight.
        spacing_m: distance between rows.
        most_m: no end is moved by more than this.

    Returns:
        Metres (rows, 2) at starts and ends; a row never vanishes by them.
    """
    if most_m <= 0 or not len(rows):
        return np.zeros((len(rows), 2))
    lengths = np.hypot(*(rows[:, 1] - rows[:, 0]).T)
    along = (rows[:, 1] - rows[:, 0]) / np.maximum(lengths, 1e-9)[:, None]
    after, before = np.roll(rows[:, 0], -1, axis=0), np.roll(rows[:, 1], 1, axis=0)
    after[-1], before[0] = np.nan, np.nan
    edges = edges_of(polygon)
    back = _slack(edges, rows[:, 0], -along, before, spacing_m)
    front = _slack(edges, rows[:, 1], along, after, spacing_m)
    joined = np.hypot(*(rows[1:, 0] - rows[:-1, 1]).T) < _JOINED_M  # bends of one row
    front[:-1][joined], back[1:][joined] = 0.0, 0.0
    most = np.clip((lengths - _SHORTEST_ROW_SHARE * spacing_m) / 2, 0.0, most_m)
    return np.stack([np.clip(back, 0.0, most), np.clip(front, 0.0, most)], axis=1)


def shortened(rows: Array, trims_m: Array) -> Array:
    """Rows (rows, 2, 2) whose starts and ends are moved by trims (rows, 2) towards each other."""
    lengths = np.hypot(*(rows[:, 1] - rows[:, 0]).T)
    along = (rows[:, 1] - rows[:, 0]) / np.maximum(lengths, 1e-9)[:, None]
    moved: Array = np.stack(
        [rows[:, 0] + trims_m[:, :1] * along, rows[:, 1] - trims_m[:, 1:] * along], axis=1
    )
    return moved


def _slack(edges: Array, ends: Array, outward: Array, hop_to: Array, spacing_m: float) -> Array:
    """Metres by which each end (N, 2) may move back; `hop_to` (N, 2) is where flight goes on."""
    across = np.stack([-outward[:, 1], outward[:, 0]], axis=1)
    offsets = _OFFSETS * spacing_m
    hop = hop_to - ends
    hop_along, hop_across = (hop * outward).sum(axis=1), (hop * across).sum(axis=1)
    reach = np.sqrt((spacing_m / 2) ** 2 - offsets**2)[None].repeat(len(ends), axis=0)
    near = np.abs(np.abs(hop_across) - spacing_m) < 0.05 * spacing_m
    slope = np.where(near, hop_along / np.where(near, hop_across, 1.0), 0.0)
    beside = near[:, None] & (np.sign(hop_across)[:, None] == np.sign(offsets))
    along_hop = slope[:, None] * offsets + spacing_m / 2 * np.hypot(1.0, slope)[:, None]
    reach = np.where(beside, along_hop, reach)
    slack = reach - _borders(edges, ends, outward, across, offsets)
    chosen: Array = np.sort(slack, axis=1)[:, _MISSED_LINES]
    return chosen


def _borders(edges: Array, ends: Array, outward: Array, across: Array, offsets: Array) -> Array:
    """How far the polygon goes on beyond each end on lines beside the row, (N, offsets).

    Negative where it stops earlier, minus infinity where the line is not inside at all.
    """
    first = _turned(edges[:, 0], ends, offsets, outward, across)
    second = _turned(edges[:, 1], ends, offsets, outward, across)
    crossing = (first[1] <= 0) != (second[1] <= 0)
    rise = np.where(crossing, second[1] - first[1], 1.0)
    at = np.where(crossing, first[0] - first[1] / rise * (second[0] - first[0]), np.inf)
    at = np.sort(at, axis=2)
    opens, closes = at[:, :, 0:-1:2], at[:, :, 1::2]
    opens, closes = opens[:, :, : closes.shape[2]], closes[:, :, : opens.shape[2]]
    found = np.where((opens <= 1e-6) & np.isfinite(closes), closes, -np.inf)
    border: Array = found.max(axis=2, initial=-np.inf)
    return border


def _turned(
    corners: Array, ends: Array, offsets: Array, outward: Array, across: Array
) -> tuple[Array, Array]:
    """Corners (E, 2) along and aside of lines beside the ends: (N, 1, E) and (N, offsets, E)."""
    from_ends = corners[None] - ends[:, None]
    along = (from_ends * outward[:, None]).sum(axis=2)
    aside = (from_ends * across[:, None]).sum(axis=2)
    return along[:, None], aside[:, None] - offsets[None, :, None]
