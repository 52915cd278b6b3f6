"""Which points of the ground do overlapping photos share: features, matches, tracks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.frames import Array

Picture = NDArray[np.uint8]
Indices = NDArray[np.intp]

MATCHED_AT_PX = 1600
"""Longer side at which photos are matched; coarser than most, fine enough for 0.1 m."""
_CELLS = 10  # the picture is cut into this many cells on a side, each with its share of features
_RATIO = 0.8  # Lowe 2004, section 7.1
_FEWEST_MATCHES = 16


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """Distinct points of one photo.

    Attributes:
        points_px: (N, 2) x, y in pixels of the full picture.
        descriptors: (N, 128) float32 of unit length.
    """

    points_px: Array
    descriptors: NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Match:
    """Points of two photos that show the same; positions in their `Features`."""

    first: int
    second: int
    first_points: Indices
    second_points: Indices


@dataclass(frozen=True, eq=False, slots=True)
class Tracks:
    """Observations of ground points, sorted by track.

    Attributes:
        track: (N,) number of the ground point, from 0 without gaps.
        photo: (N,) number of the photo.
        pixels_px: (N, 2) x, y.
    """

    track: Indices
    photo: Indices
    pixels_px: Array

    @property
    def count(self) -> int:
        """How many ground points there are."""
        return int(self.track.max()) + 1 if len(self.track) else 0

    def only(self, keep: NDArray[np.bool_]) -> "Tracks":
        """Keep some observations and of these the tracks that two photos still see."""
        track, photo, pixels = self.track[keep], self.photo[keep], self.pixels_px[keep]
        seen = np.bincount(track, minlength=self.count)
        strong = seen[track] >= 2
        numbers = np.unique(track[strong], return_inverse=True)[1]
        return Tracks(numbers.astype(np.intp), photo[strong], pixels[strong])


def features_of(picture: Picture, width_px: int, *, most: int = 2500) -> Features:
    """Find SIFT points spread evenly over a picture, the strongest of each part.

    Args:
        picture: (rows, columns, 3), may be smaller than the photo.
        width_px: of the full photo.
        most: points to keep.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    found, raw = cv2.SIFT.create(nfeatures=4 * most, contrastThreshold=0.02).detectAndCompute(
        grey, None
    )
    if raw is None or len(found) == 0:
        return Features(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    points = np.array([point.pt for point in found])
    strength = np.array([point.response for point in found])
    kept = _spread(points, strength, grey.shape, most)
    scale = width_px / grey.shape[1]
    root = np.sqrt(raw[kept] / np.maximum(raw[kept].sum(axis=1, keepdims=True), 1e-9))
    return Features((points[kept] + 0.5) * scale - 0.5, root.astype(np.float32))


def _spread(points: Array, strength: Array, shape: tuple[int, ...], most: int) -> Indices:
    """Numbers of the strongest points of each cell of the picture."""
    cell = (points / np.array([shape[1], shape[0]]) * _CELLS).astype(int).clip(0, _CELLS - 1)
    number = cell[:, 1] * _CELLS + cell[:, 0]
    order = np.lexsort((-strength, number))
    starts = np.searchsorted(number[order], np.arange(_CELLS**2))
    rank = np.arange(len(order)) - starts[number[order]]
    kept: Indices = np.sort(order[rank < max(1, most // _CELLS**2)])
    return kept


def matches_of(first: Features, second: Features) -> tuple[Indices, Indices]:
    """Pairs of points that are each other's nearest and clearly nearer than the next."""
    nobody = np.zeros(0, np.intp)
    if len(first.points_px) < 2 or len(second.points_px) < 2:
        return nobody, nobody
    likeness = first.descriptors @ second.descriptors.T
    best = likeness.argmax(axis=1)
    back = likeness.argmax(axis=0)
    rows = np.arange(len(best))
    highest = likeness[rows, best]
    likeness[rows, best] = -1.0
    second_best = likeness.max(axis=1)
    # Unit vectors: squared distance is 2 - 2 cos.
    near = (1 - highest) < _RATIO**2 * (1 - second_best)
    kept = near & (back[best] == rows)
    return rows[kept], best[kept]


def verified(rays_first: Array, rays_second: Array, tolerance_rad: float) -> NDArray[np.bool_]:
    """Which matches (N,) can be of one rigid scene seen from two places.

    Args:
        rays_first: (N, 3) directions in the axes of the first camera.
        rays_second: (N, 3) directions in the axes of the second camera.
        tolerance_rad: distance from the epipolar line that is allowed.
    """
    nothing = np.zeros(len(rays_first), bool)
    if len(rays_first) < _FEWEST_MATCHES:
        return nothing
    a, b = (rays[:, :2] / rays[:, 2:3] for rays in (rays_first, rays_second))
    cv2.setRNGSeed(0)
    essential, mask = cv2.findEssentialMat(
        a, b, np.eye(3), method=cv2.USAC_MAGSAC, prob=0.999, threshold=tolerance_rad
    )
    if essential is None or mask is None or mask.sum() < _FEWEST_MATCHES:
        return nothing
    inliers: NDArray[np.bool_] = mask.ravel() > 0
    return inliers


def tracks_of(matches: Iterable[Match], features: Mapping[int, Features]) -> Tracks:
    """Join matches to tracks; one that meets a photo twice is wrong somewhere and left out."""
    order = sorted(features)
    ends = np.cumsum([len(features[k].points_px) for k in order], dtype=np.intp)
    start = {k: int(end) - len(features[k].points_px) for k, end in zip(order, ends, strict=True)}
    total = int(ends[-1]) if len(ends) else 0
    root = np.arange(total)
    for match in matches:
        ones = start[match.first] + match.first_points
        others = start[match.second] + match.second_points
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            _join(root, one, other)
    roots = np.array([_find(root, node) for node in range(total)], dtype=np.intp)
    photo = np.repeat(np.array(order, np.intp), [len(features[k].points_px) for k in order])
    pixels = np.vstack([features[k].points_px for k in order]) if order else np.zeros((0, 2))
    return _clean(roots, photo, pixels)


def _find(root: Indices, node: int) -> int:
    while root[node] != node:
        root[node] = root[root[node]]
        node = int(root[node])
    return node


def _join(root: Indices, one: int, other: int) -> None:
    a, b = _find(root, one), _find(root, other)
    if a != b:
        root[max(a, b)] = min(a, b)


def _clean(roots: Indices, photo: Indices, pixels: Array) -> Tracks:
    """Leave out points without a match and tracks that meet a photo twice."""
    order = np.lexsort((photo, roots))
    roots, photo, pixels = roots[order], photo[order], pixels[order]
    twice = np.flatnonzero((roots[1:] == roots[:-1]) & (photo[1:] == photo[:-1]))
    keep = ~np.isin(roots, roots[twice])
    numbers = np.unique(roots, return_inverse=True)[1].astype(np.intp)
    return Tracks(numbers, photo, pixels).only(keep)


def thinned(tracks: Tracks, most_per_photo: int) -> Tracks:
    """Keep the longest tracks until each photo has enough of them.

    A track stays when any of its photos is still short of observations.
    """
    length = np.bincount(tracks.track, minlength=tracks.count)
    starts = np.concatenate([[0], np.cumsum(length)])
    held = np.zeros(int(tracks.photo.max(initial=-1)) + 1, int)
    keep = np.zeros(tracks.count, bool)
    for number in np.argsort(-length, kind="stable").tolist():
        photos = tracks.photo[starts[number] : starts[number + 1]]
        if (held[photos] < most_per_photo).any():
            keep[number] = True
            held[photos] += 1
    return tracks.only(keep[tracks.track])


def held_out(tracks: Tracks, every: int = 10) -> tuple[Tracks, Tracks]:
    """Split into tracks to fit and every tenth one to check the fit with."""
    check = tracks.track % every == every - 1
    return tracks.only(~check), tracks.only(check)
