"""What several sightings of one object say together: outline, place, score, best photos."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree

from geo.frames import Array, LocalFrame
from geo.grid import Grid
from vision.model import ErrorArms, Frame, Observation, Sighting
from vision.polygons import polygon_from_mask

MISS_SCORE = 0.1
"""What a photo counts that shows an object's place but not the object."""

FROM_ABOVE_DEG = 30.0
"""So far from straight down a view still counts as one from above: most of a usual nadir photo.

From the side buildings look larger: by 20 to 30 % at 40 to 45 degrees (`benchmarks.pitch`).
"""

_FAMILIES = {"building": "structure", "construction": "structure"}
_VOTE_CELLS = 96  # raster for the vote, across the longer side
_LEAST_VARIANCE_M2 = 0.01
_STANDING = ("building", "construction")
_LEAST_VIEWS = 3
_MOST, _NEARLY_ALL = 0.5, 0.75
"""Shares of the views that hold what counts as the object; of what stands each shows too much."""


@dataclass(frozen=True, eq=False)
class Member:
    """One sighting in local metres.

    Attributes:
        index: among all sightings.
        flight: photos with the same one share the error of their GNSS.
        covariance_m2: (2, 2) of the centre.
        shared_m2: variance in each direction that the whole flight shares by its GNSS.
        arms_m: how far other shared errors move the centre.
        off_nadir_deg: of the view, 0 straight down.
    """

    index: int
    photo_id: str
    flight: str
    time_s: float
    polygon_m: Polygon
    centre_m: Array
    covariance_m2: Array
    shared_m2: float
    arms_m: ErrorArms
    cut: bool
    off_nadir_deg: float = 0.0


@dataclass(frozen=True, eq=False)
class Fusion:
    """All that fusing looks at beside an object's own sightings."""

    local: LocalFrame
    polygons_m: NDArray[np.object_]
    sightings: Sequence[Sighting]
    photos: Mapping[str, Frame]
    grid: Grid | None
    footprints: Mapping[str, Polygon | MultiPolygon]

    @cached_property
    def _footprint_tree(self) -> tuple[list[str], STRtree]:
        names = sorted(self.footprints)
        outlines = [self.local.to_local(self.footprints[name]) for name in names]
        return names, STRtree(outlines)

    @cached_property
    def _sighting_tree(self) -> STRtree:
        return STRtree(self.polygons_m)

    def photos_covering(self, polygon_m: Polygon) -> set[str]:
        """Photos that show all of an outline clearly."""
        names, tree = self._footprint_tree
        return {names[i] for i in tree.query(polygon_m, predicate="within")}

    def photos_of_kin(self, class_name: str, polygon_m: Polygon) -> set[str]:
        """Photos in which another class of the same family was seen at the place."""
        family = _FAMILIES.get(class_name)
        if family is None:
            return set()
        touching = self._sighting_tree.query(polygon_m, predicate="intersects")
        seen = (self.sightings[i].detection for i in touching)
        return {
            detection.photo_id
            for detection in seen
            if detection.class_name != class_name and _FAMILIES.get(detection.class_name) == family
        }


def fuse(members: Sequence[Member], fusion: Fusion) -> Observation:
    """Make one observation of the sightings of one object."""
    ordered = _best_first(members, fusion)
    detections = [fusion.sightings[m.index].detection for m in ordered]
    centre_m, covariance_m2 = _place(members)
    name = detections[0].class_name
    polygon_m = _outline(ordered, centre_m, _NEARLY_ALL if name in _STANDING else _MOST)
    polygon = shapely.transform(polygon_m, fusion.local.lonlat_from_xy)
    cells = fusion.grid.shares(polygon) if fusion.grid is not None else []
    scores = {d.photo_id: d.score for d in detections}
    neutral = fusion.photos_of_kin(name, polygon_m)
    missed = fusion.photos_covering(polygon_m) - scores.keys() - neutral
    return Observation(
        observation_id=_identity(name, ordered, fusion),
        class_name=name,
        score=fused_score(list(scores.values()), len(missed)),
        polygon=polygon,
        covariance_m2=covariance_m2,
        area_m2=float(polygon_m.area),
        cell_code=cells[0][0].code if cells else None,
        other_cells=tuple(cell.code for cell, _ in cells[1:]),
        photo_ids=tuple(m.photo_id for m in ordered),
        detections_px=tuple(d.polygon_px for d in detections),
        seen_at=fusion.photos[ordered[0].photo_id].taken_at,
        is_aslant=not _from_above([m for m in ordered if not m.cut]),
    )


def fused_score(scores: Sequence[float], missed: int) -> float:
    """Mean log-odds over the photos that show the place, with `missed` of them at `MISS_SCORE`.

    >>> round(fused_score([0.9, 0.9, 0.9, 0.9], 0), 2), round(fused_score([0.9], 3), 2)
    (0.9, 0.25)
    """
    values = np.clip([*scores, *[MISS_SCORE] * missed], 0.02, 0.98)
    mean = float(np.log(values / (1 - values)).mean())
    return round(1 / (1 + float(np.exp(-mean))), 4)


def _best_first(members: Sequence[Member], fusion: Fusion) -> list[Member]:
    """Order by worth as evidence: whole before cut, then certain, near the middle, large."""
    detections = [fusion.sightings[m.index].detection for m in members]
    largest_px = max(d.polygon_px.area for d in detections)

    def worth(member: Member) -> tuple[bool, float, str]:
        detection = fusion.sightings[member.index].detection
        photo = fusion.photos[member.photo_id]
        half = np.array([photo.width_px, photo.height_px]) / 2
        middle = shapely.get_coordinates(detection.polygon_px.centroid)[0]
        off_centre = float(np.linalg.norm(middle + 0.5 - half) / np.linalg.norm(half))
        size = (detection.polygon_px.area / largest_px) ** 0.25
        return member.cut, -detection.score * (1 - 0.6 * off_centre) * size, member.photo_id

    return sorted(members, key=worth)


def _place(members: Sequence[Member]) -> tuple[Array, tuple[float, float, float]]:
    """Weighted mean of the centres and its covariance.

    Outlines that a picture's edge cuts have no middle; they count only where all are cut.
    """
    whole = [m for m in members if not m.cut] or list(members)
    shared_m2 = min(m.shared_m2 for m in whole)
    least = (shared_m2 - _LEAST_VARIANCE_M2) * np.eye(2)
    weights = np.array([np.linalg.inv(m.covariance_m2 - least) for m in whole])
    shares = np.linalg.inv(weights.sum(axis=0)) @ weights
    centre_m = np.einsum("nij,nj->i", shares, np.array([m.centre_m for m in whole]))
    # How much of an attitude's error is the mount's, one for the flight, and how much the gimbal's,
    # one for each photo, is not known: what makes more doubt counts.
    mounts = [_shared_arms(m, m.arms_m.turns_m) for m in whole]
    gimbals = [_shared_arms(m, ()) for m in whole]
    total = max((_doubt(whole, shares, arms) for arms in (mounts, gimbals)), key=np.trace)
    return centre_m, (float(total[0, 0]), float(total[0, 1]), float(total[1, 1]))


def _shared_arms(member: Member, turns_m: Sequence[tuple[float, float]]) -> Array:
    """Arms (errors, 2) of what a flight shares: its GNSS, its height and the turns given."""
    gnss_m = float(np.sqrt(member.shared_m2)) * np.eye(2)
    return np.vstack([gnss_m, member.arms_m.height_m, *turns_m])


def _doubt(members: Sequence[Member], shares: Array, arms_m: Sequence[Array]) -> Array:
    """Covariance (2, 2) of the mean of the centres, each with its share (2, 2).

    Errors of single photos become smaller with their number; what a flight shares moves each centre
    along its own arms (errors, 2), and the mean by their mean. The ground's height is wrong for
    all flights by as much.
    """
    total = np.zeros((2, 2))
    flights: dict[str, list[Array]] = {}
    ground = np.zeros(2)
    for member, share, common in zip(members, shares, arms_m, strict=True):
        ground_arm = np.array(member.arms_m.ground_m)
        single = member.covariance_m2 - common.T @ common - np.outer(ground_arm, ground_arm)
        total += share @ positive(single) @ share.T
        flights.setdefault(member.flight, []).append(common @ share.T)
        ground += share @ ground_arm
    for moves in flights.values():
        mean = np.sum(moves, axis=0)
        total += mean.T @ mean
    return total + np.outer(ground, ground)


def positive(covariance_m2: Array) -> Array:
    """The same covariance (2, 2), at least the least variance in every direction."""
    values, vectors = np.linalg.eigh(covariance_m2)
    out: Array = (vectors * np.maximum(values, _LEAST_VARIANCE_M2)) @ vectors.T
    return out


def _outline(ordered: Sequence[Member], centre_m: Array, share: float) -> Polygon:
    """Outline of what a share of the views hold, each whole one moved to the common middle.

    Views from the side have no vote where there is one from above: walls make outlines longer. A
    roof is nearer to the camera than the ground and some wall faces it, so from above, too, each
    view shows what stands larger, away from itself.
    """
    whole = [m for m in ordered if not m.cut]
    whole = _from_above(whole) or whole
    if not whole:
        joined = shapely.union_all([m.polygon_m for m in ordered])
        parts = [part for part in shapely.get_parts(joined) if isinstance(part, Polygon)]
        return max(parts, key=lambda part: part.area)
    moved = [shapely.transform(m.polygon_m, _shift(centre_m - m.centre_m)) for m in whole]
    voted = _held_by(moved, share) if len(moved) >= _LEAST_VIEWS else None
    return voted if voted is not None else moved[0]


def _from_above(members: Sequence[Member]) -> list[Member]:
    return [m for m in members if m.off_nadir_deg <= FROM_ABOVE_DEG]


def _shift(offset: Array) -> Callable[[Array], Array]:
    return lambda points: points + offset


def _held_by(polygons: Sequence[Polygon], share: float) -> Polygon | None:
    """Area that at least a share of the outlines hold; None where there is none."""
    west, south, east, north = shapely.total_bounds(list(polygons))
    cell_m = max(east - west, north - south) / _VOTE_CELLS
    size = (int((north - south) / cell_m) + 3, int((east - west) / cell_m) + 3)
    origin = np.array([west, south]) - cell_m
    votes = np.zeros(size, dtype=np.uint16)
    for polygon in polygons:
        filled = np.zeros(size, dtype=np.uint8)
        rings = [polygon.exterior, *polygon.interiors]
        points = [
            np.round((np.asarray(r.coords) - origin) / cell_m * 16).astype(np.int32) for r in rings
        ]
        cv2.fillPoly(filled, points, 1, shift=4)
        votes += filled
    outline = polygon_from_mask(votes >= share * len(polygons), tolerance_px=0.75)
    if outline is None:
        return None
    return shapely.transform(outline, lambda points: points * cell_m + origin)


def _identity(name: str, ordered: Sequence[Member], fusion: Fusion) -> str:
    """Name that the same sightings always get."""
    parts = sorted(
        f"{fusion.photos[m.photo_id].sha256} {m.photo_id} "
        f"{shapely.to_wkt(fusion.sightings[m.index].detection.polygon_px, rounding_precision=1)}"
        for m in ordered
    )
    text = "\n".join([name, *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
