"""Which observations of one patrol are the same object or the same fire?

Nothing here depends on the order of the observations: they are taken by score, then by name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from vision.model import Observation

FLAME, SMOKE, SCAR = "flame", "smoke", "burn_scar"


@dataclass(frozen=True, slots=True)
class Fire:
    """Flames and smoke that belong together, best first; `scars` lie at its foot."""

    flames: tuple[Observation, ...]
    smoke: tuple[Observation, ...]
    scars: tuple[Observation, ...] = ()

    @property
    def members(self) -> tuple[Observation, ...]:
        """Every observation, the flames first because they say where it burns."""
        return self.flames + self.smoke + self.scars


def best_first(observations: Iterable[Observation]) -> list[Observation]:
    """Sort by score, the highest first, then by name."""
    return sorted(observations, key=lambda seen: (-seen.score, seen.observation_id))


def group_fires(
    burning: Iterable[Observation], *, flame_gap_m: float, fire_radius_m: float
) -> list[Fire]:
    """Put flames and smoke together into fires.

    Flames closer than `flame_gap_m` are one fire. Smoke joins the nearest fire or other smoke
    within `fire_radius_m`, the closest pairs first, but never makes one fire of two: a plume
    drifts over its neighbours.
    """
    seen = best_first(burning)
    is_flame = [item.class_name == FLAME for item in seen]
    groups = _Groups(len(seen))
    pairs = _pairs_within(seen, max(flame_gap_m, fire_radius_m))
    for distance_m, i, j in pairs:
        if is_flame[i] and is_flame[j] and distance_m <= flame_gap_m:
            groups.join(i, j)
    has_flame = {groups.root(i) for i in range(len(seen)) if is_flame[i]}
    for distance_m, i, j in pairs:
        roots = {groups.root(i), groups.root(j)}
        if distance_m <= fire_radius_m and len(roots) == 2 and not roots <= has_flame:
            lit = bool(roots & has_flame)
            root = groups.join(i, j)
            has_flame = has_flame | {root} if lit else has_flame
    return [_fire([seen[i] for i in members]) for members in groups.members()]


def attach_scars(
    fires: Sequence[Fire], scars: Iterable[Observation], radius_m: float
) -> tuple[list[Fire], list[Observation]]:
    """Give each burn scar to the fire that it lies at; return the fires and the other scars.

    A fire with flames is where its flames are; otherwise where its smoke is.
    """
    ordered = best_first(scars)
    feet = [
        (number, foot) for number, fire in enumerate(fires) for foot in (fire.flames or fire.smoke)
    ]
    places = ordered + [foot for _, foot in feet]
    owner: dict[int, int] = {}
    for _, i, j in _pairs_within(places, radius_m):
        if i < len(ordered) <= j:
            owner.setdefault(i, feet[j - len(ordered)][0])
    grown = [
        Fire(fire.flames, fire.smoke, tuple(ordered[i] for i in sorted(owner) if owner[i] == n))
        for n, fire in enumerate(fires)
    ]
    return grown, [scar for i, scar in enumerate(ordered) if i not in owner]


def group_overlaps(
    observations: Iterable[Observation], overlap_share: float
) -> list[tuple[Observation, ...]]:
    """Group what overlaps a better observation by more than a share of the smaller one.

    The best one leads its group and only it draws others in, so groups do not chain.
    """
    seen = best_first(observations)
    neighbours: dict[int, list[int]] = {i: [] for i in range(len(seen))}
    shapes = _local_shapes(seen)
    for _, i, j in _pairs_within(seen, 0.0):
        smaller_m2 = min(shapes[i].area, shapes[j].area)
        if shapes[i].intersection(shapes[j]).area > overlap_share * smaller_m2:
            neighbours[i].append(j)
    taken: set[int] = set()
    groups = []
    for i in range(len(seen)):
        if i not in taken:
            drawn = [j for j in sorted(neighbours[i]) if j not in taken]
            taken.update([i, *drawn])
            groups.append((seen[i], *(seen[j] for j in drawn)))
    return groups


def _fire(members: list[Observation]) -> Fire:
    return Fire(
        tuple(seen for seen in members if seen.class_name == FLAME),
        tuple(seen for seen in members if seen.class_name != FLAME),
    )


def _local_shapes(observations: Sequence[Observation]) -> list[BaseGeometry]:
    if not observations:
        return []
    polygons = [seen.polygon for seen in observations]
    frame = LocalFrame.around(shapely.multipolygons(polygons))
    local: list[BaseGeometry] = frame.all_to_local(polygons).tolist()
    return local


def _pairs_within(
    observations: Sequence[Observation], distance_m: float
) -> list[tuple[float, int, int]]:
    """Pairs (distance_m, i, j) with i < j of observations that near, the closest first."""
    shapes = _local_shapes(observations)
    if not shapes:
        return []
    left, right = STRtree(shapes).query(shapes, predicate="dwithin", distance=distance_m)
    below = left < right
    firsts, seconds = left[below], right[below]
    geometries = np.array(shapes, dtype=object)
    gaps_m = shapely.distance(geometries[firsts], geometries[seconds])
    return sorted(
        (float(gap_m), int(i), int(j)) for gap_m, i, j in zip(gaps_m, firsts, seconds, strict=True)
    )


class _Groups:
    """Disjoint sets of the numbers below n; the lowest number of a set is its root."""

    def __init__(self, n: int) -> None:
        self._parents = list(range(n))

    def root(self, i: int) -> int:
        while self._parents[i] != i:
            i = self._parents[i]
        return i

    def join(self, i: int, j: int) -> int:
        low, high = sorted((self.root(i), self.root(j)))
        self._parents[high] = low
        return low

    def members(self) -> list[list[int]]:
        sets: dict[int, list[int]] = {}
        for i in range(len(self._parents)):
            sets.setdefault(self.root(i), []).append(i)
        return list(sets.values())
