"""In which order are strips of rows flown, and how does one get from row to row."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from geo.frames import Array
from missions.inside import Inside
from missions.timing import Motion

_MOST_EXACT = 9
_TOUR_STARTS = 5
_TOUR_ROUNDS = 2
_BEND_RUNS = 2.2  # stops of an average transfer around a corner


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """Rows in the order and direction of flight and the ways between them.

    Attributes:
        rows: (rows, 2, 2) start and end of each.
        transfers: one path (N, 2) between each row and the next.
    """

    rows: Array
    transfers: tuple[Array, ...]

    def points(self) -> Array:
        """Everything flown as one path (N, 2)."""
        parts = [self.rows[0]]
        for transfer, row in zip(self.transfers, self.rows[1:], strict=True):
            parts += [transfer[1:-1], row]
        return np.concatenate(parts)


def snakes(strip: Sequence[Array] | Array) -> list[Array]:
    """The four ways to fly a strip to and fro: first or last row first, from either end.

    Args:
        strip: rows (N, 2) in order across, all in one direction; a bent row has more than two
            points and becomes several rows that follow one another without a gap.
    """
    legs = [np.stack([row[:-1], row[1:]], axis=1) for row in strip]
    turned = [row[::-1, ::-1] for row in legs]
    ways = []
    for there, back in ((legs, turned), (legs[::-1], turned[::-1])):
        for first, second in ((there, back), (back, there)):
            ways.append(np.concatenate([(first, second)[i % 2][i] for i in range(len(legs))]))
    return ways


def order_strips(
    strips: Sequence[Sequence[Array] | Array], inside: Inside, motion: Motion
) -> Array:
    """Rows (rows, 2, 2) of all strips in the order and direction of the fastest route."""
    return np.concatenate([way for _, way in ordered(strips, inside, motion)])


def ordered(
    strips: Sequence[Sequence[Array] | Array], inside: Inside, motion: Motion
) -> list[tuple[int, Array]]:
    """Number and rows (rows, 2, 2) of each strip in the order of the fastest route.

    Up to nine strips the order is the best there is for these strips (Held and Karp 1962); beyond,
    a nearest-neighbour tour improved by moving strips.
    """
    ways = [way for strip in strips for way in snakes(strip)]
    if len(strips) == 1:
        return [(0, min(ways, key=lambda way: motion.path_seconds(way.reshape(-1, 2))))]
    own = np.array([motion.path_seconds(way.reshape(-1, 2)) for way in ways])
    hops = _hop_seconds(ways, inside, motion)
    chosen = _held_karp(own, hops) if len(strips) <= _MOST_EXACT else _improved_tour(own, hops)
    return [(i // 4, ways[i]) for i in chosen]


def _hop_seconds(ways: Sequence[Array], inside: Inside, motion: Motion) -> Array:
    """Seconds from the end of each way to the start of each other, (ways, ways)."""
    ends = np.array([way[-1, 1] for way in ways])
    starts = np.array([way[0, 0] for way in ways])
    points, where = np.unique(np.concatenate([ends, starts]), axis=0, return_inverse=True)
    distances, straight = inside.distances(points)
    bent = distances / motion.speed_m_s
    bent += _BEND_RUNS * motion.speed_m_s / motion.acceleration_m_s2
    with np.errstate(invalid="ignore"):
        seconds = np.where(straight, motion.run_seconds(distances), bent)
    where = where.reshape(-1)
    hops: Array = seconds[np.ix_(where[: len(ends)], where[len(ends) :])]
    return hops


def _held_karp(own: Array, hops: Array) -> list[int]:
    """Best order of strips with four ways each; returns a way of each strip."""
    count = len(own) // 4
    strip_of = np.arange(len(own)) // 4
    best = np.full((1 << count, len(own)), np.inf)
    came = np.zeros((1 << count, len(own)), dtype=np.intp)
    best[1 << strip_of, np.arange(len(own))] = own
    for done in range(1, 1 << count):
        known = np.flatnonzero(np.isfinite(best[done]))
        new = np.flatnonzero((done >> strip_of) & 1 == 0)
        if not len(known) or not len(new):
            continue
        totals = best[done, known][:, None] + hops[np.ix_(known, new)]
        choice = totals.argmin(axis=0)
        totals = totals[choice, np.arange(len(new))] + own[new]
        after = done | (1 << strip_of[new])
        better = totals < best[after, new]
        best[after[better], new[better]] = totals[better]
        came[after[better], new[better]] = known[choice[better]]
    done, way = (1 << count) - 1, int(best[-1].argmin())
    order = [way]
    while done != 1 << strip_of[way]:
        done, way = done & ~(1 << int(strip_of[way])), int(came[done, way])
        order.append(way)
    return order[::-1]


def _improved_tour(own: Array, hops: Array) -> list[int]:
    """Nearest-neighbour tours from several starts, the best improved by moving strips."""
    count = len(own) // 4
    starts = range(0, count, max(1, count // _TOUR_STARTS))
    orders = [_nearest(start, count, hops) for start in starts]
    order = min(orders, key=lambda o: _best_ways(o, own, hops)[0])
    cost = _best_ways(order, own, hops)[0]
    for _ in range(_TOUR_ROUNDS):
        before = cost
        for strip in range(count):
            cost, order = _moved(strip, order, cost, own, hops)
        if cost >= before - 1e-9:
            break
    return _best_ways(order, own, hops)[1]


def _nearest(start: int, count: int, hops: Array) -> list[int]:
    """Order that always goes on to the strip that is reached first."""
    closest = hops.reshape(count, 4, count, 4).min(axis=(1, 3))
    order, left = [start], set(range(count)) - {start}
    while left:
        order.append(min(left, key=lambda strip: (closest[order[-1], strip], strip)))
        left.remove(order[-1])
    return order


def _moved(
    strip: int, order: list[int], cost: float, own: Array, hops: Array
) -> tuple[float, list[int]]:
    """Put one strip where the tour gets fastest."""
    rest = [other for other in order if other != strip]
    closest = hops.reshape(len(order), 4, len(order), 4).min(axis=(1, 3))
    to, from_ = closest[rest, strip], closest[strip, rest]
    skipped = closest[rest[:-1], rest[1:]]
    extra = np.concatenate([from_[:1], to[:-1] + from_[1:] - skipped, to[-1:]])
    for place in np.argsort(extra)[:2].tolist():
        trial = [*rest[:place], strip, *rest[place:]]
        seconds = _best_ways(trial, own, hops)[0]
        if seconds < cost - 1e-9:
            cost, order = seconds, trial
    return cost, order


def _best_ways(order: Sequence[int], own: Array, hops: Array) -> tuple[float, list[int]]:
    """Best way to fly each strip of a given order, and the seconds of the whole."""
    ways = [np.arange(4 * strip, 4 * strip + 4) for strip in order]
    total, came = own[ways[0]], []
    for before, after in pairwise(ways):
        sums = total[:, None] + hops[np.ix_(before, after)]
        came.append(sums.argmin(axis=0))
        total = sums.min(axis=0) + own[after]
    last = int(total.argmin())
    picks = [last]
    for choice in reversed(came):
        picks.append(int(choice[picks[-1]]))
    chosen = [int(way[pick]) for way, pick in zip(ways, reversed(picks), strict=True)]
    return float(total[last]), chosen


def connect(rows: Array, inside: Inside) -> Route:
    """Join rows in order of flight by the shortest ways inside."""
    ends, starts = rows[:-1, 1], rows[1:, 0]
    straight = inside.sees(ends, starts) if len(ends) else ()
    transfers = [
        np.stack([end, start]) if seen else inside.path(end, start)
        for end, start, seen in zip(ends, starts, straight, strict=True)
    ]
    return Route(rows, tuple(transfers))
