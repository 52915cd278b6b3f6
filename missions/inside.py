"""What is the shortest way between two places that stays inside a polygon."""

from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path
from shapely import Polygon
from shapely.geometry.polygon import orient

from geo.frames import Array
from missions.errors import MissionError

_TOUCH_M = 0.05  # a path may run along the boundary, and rounding may put it outside


class Inside:
    """Shortest paths inside one polygon, around its holes and bays (visibility graph)."""

    def __init__(self, polygon: Polygon) -> None:
        """Prepare a valid polygon in metres."""
        self._area = polygon.buffer(_TOUCH_M, join_style="mitre")
        shapely.prepare(self._area)
        self._corners = reflex_corners(polygon)

    def sees(self, from_m: Array, to_m: Array) -> NDArray[np.bool_]:
        """Whether straight lines between points (N, 2) and (N, 2) stay inside, (N,)."""
        lines = shapely.linestrings(np.stack([from_m, to_m], axis=1))
        return np.asarray(shapely.covers(self._area, lines))

    def sees_all(self, from_m: Array, to_m: Array) -> NDArray[np.bool_]:
        """Whether each of (N, 2) sees each of (M, 2), (N, M)."""
        count, other = len(from_m), len(to_m)
        if not count or not other:
            return np.zeros((count, other), dtype=bool)
        seen = self.sees(np.repeat(from_m, other, axis=0), np.tile(to_m, (count, 1)))
        return seen.reshape(count, other)

    def _sees_each_other(self, points_m: Array) -> NDArray[np.bool_]:
        """Whether each of (N, 2) sees each other one, (N, N)."""
        first, second = np.triu_indices(len(points_m), 1)
        seen = np.eye(len(points_m), dtype=bool)
        seen[first, second] = self.sees(points_m[first], points_m[second])
        return seen | seen.T

    @cached_property
    def _graph(self) -> tuple[Array, NDArray[np.int32]]:
        """Distances and predecessors between all corners."""
        corners = self._corners
        first, second = np.triu_indices(len(corners), 1)
        weights = np.zeros((len(corners), len(corners)))
        if len(first):
            seen = self.sees(corners[first], corners[second])
            first, second = first[seen], second[seen]
            weights[first, second] = np.hypot(*(corners[first] - corners[second]).T)
        distances, before = shortest_path(weights, directed=False, return_predecessors=True)
        return distances, before

    def distances(self, points_m: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Shortest distances between all pairs of points (N, 2) and whether they are straight."""
        gaps = points_m[:, None] - points_m[None]
        straight = np.hypot(gaps[..., 0], gaps[..., 1])
        seen = self._sees_each_other(points_m)
        if seen.all() or not len(self._corners):
            return np.where(seen, straight, np.inf), seen
        reach = self._reach(points_m)
        onward = np.stack([(row[:, None] + self._graph[0]).min(axis=0) for row in reach])
        around = np.stack([(onward + row).min(axis=1) for row in reach], axis=1)
        return np.where(seen, straight, around), seen

    def _reach(self, points_m: Array) -> Array:
        """Distance of points (N, 2) to each corner they see, infinite for others, (N, corners)."""
        gaps = points_m[:, None] - self._corners[None]
        straight = np.hypot(gaps[..., 0], gaps[..., 1])
        reach: Array = np.where(self.sees_all(points_m, self._corners), straight, np.inf)
        return reach

    def path(self, start_m: Array, end_m: Array) -> Array:
        """Shortest path (N, 2) from start to end; MissionError where there is none inside."""
        ends = np.stack([start_m, end_m])
        if self.sees(ends[:1], ends[1:])[0]:
            return ends
        if len(self._corners):
            from_start, to_end = self._reach(ends)
            total = from_start[:, None] + self._graph[0] + to_end[None]
            first, last = np.unravel_index(int(np.argmin(total)), total.shape)
            if np.isfinite(total[first, last]):
                middle = self._corners[self._walk(int(first), int(last))]
                return np.concatenate([ends[:1], middle, ends[1:]])
        raise MissionError(
            f"no way inside the area from ({start_m[0]:.0f}, {start_m[1]:.0f}) to "
            f"({end_m[0]:.0f}, {end_m[1]:.0f}) m: it is too narrow in between. Split it there"
        )

    def _walk(self, first: int, last: int) -> list[int]:
        """Corners on the shortest way from one to another."""
        before, way = self._graph[1], [last]
        while way[-1] != first:
            way.append(int(before[first, way[-1]]))
        return way[::-1]


def reflex_corners(polygon: Polygon) -> Array:
    """Corners (N, 2) around which a shortest path inside may bend."""
    sound = orient(polygon)
    found = [np.zeros((0, 2))]
    for ring in (sound.exterior, *sound.interiors):
        points = shapely.get_coordinates(ring)[:-1]
        before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
        turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        found.append(points[turn < 0])
    return np.concatenate(found)
