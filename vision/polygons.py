"""What outlines do probability maps show, in pixels of the full picture."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from vision.model import Detection, Frame
from vision.package import ModelPackage
from vision.tiles import Maps

_UNKNOWN_GSD_M = 0.1  # of a photo without pose: the sizes of its objects are guesses
_PIXEL_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class ClassRule:
    """How the map of one class becomes outlines.

    Attributes:
        least_area_m2: smaller outlines are dropped.
        gap_m: parts nearer to each other than this are one object.
    """

    least_area_m2: float
    gap_m: float


_CLASS_RULES = {
    "building": ClassRule(least_area_m2=6.0, gap_m=0.5),
    "construction": ClassRule(least_area_m2=10.0, gap_m=1.5),
    "smoke": ClassRule(least_area_m2=4.0, gap_m=3.0),
    "flame": ClassRule(least_area_m2=0.3, gap_m=2.0),
    "burn_scar": ClassRule(least_area_m2=6.0, gap_m=2.0),
    "boat": ClassRule(least_area_m2=1.5, gap_m=0.4),
    "fishing_gear": ClassRule(least_area_m2=1.5, gap_m=1.0),
}


@dataclass(frozen=True, slots=True)
class PolygonRules:
    """How probability maps become outlines.

    Attributes:
        by_class: rules by class name; others use `otherwise`.
        peak_share: an object's outline runs at its class's threshold, and its most certain pixel
            must lie this share of the way from there to 1.
        tolerance_px: outlines are simplified by at most this many pixels of the map.
    """

    by_class: Mapping[str, ClassRule] = field(default_factory=lambda: dict(_CLASS_RULES))
    otherwise: ClassRule = ClassRule(least_area_m2=1.0, gap_m=0.5)
    peak_share: float = 0.25
    tolerance_px: float = 0.75

    def of(self, class_name: str) -> ClassRule:
        """The rule of a class."""
        return self.by_class.get(class_name, self.otherwise)


def detections_from_maps(
    maps: Maps, frame: Frame, package: ModelPackage, rules: PolygonRules
) -> list[Detection]:
    """Outline what a model saw in a photo; scores are mean probabilities inside.

    Args:
        maps: (classes, rows, columns) of the whole picture at any scale.
        frame: the photo.
        package: names and thresholds of the classes.
        rules: sizes and gaps in metres.
    """
    map_gsd_m = (frame.gsd_m or _UNKNOWN_GSD_M) * frame.width_px / maps.shape[2]
    found: list[Detection] = []
    for name, probability in zip(package.classes, maps, strict=True):
        rule = rules.of(name)
        threshold = package.thresholds[name]
        shapes = outlines(
            probability,
            high=threshold + rules.peak_share * (1 - threshold),
            low=threshold,
            gap_px=rule.gap_m / map_gsd_m,
            least_px=max(4.0, rule.least_area_m2 / map_gsd_m**2),
            tolerance_px=rules.tolerance_px,
        )
        found.extend(_detection(shape, name, frame, maps.shape[1:]) for shape in shapes)
    return found


@dataclass(frozen=True, slots=True)
class Outline:
    """One object on a map: its outline in map pixels and its mean probability."""

    polygon: Polygon
    score: float
    cut: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of a map begins, and the shape (rows, columns) of the whole one."""

    left: int
    top: int
    whole: tuple[int, ...]


def outlines(
    probability: NDArray[np.float32],
    *,
    high: float,
    low: float,
    gap_px: float,
    least_px: float,
    tolerance_px: float,
) -> list[Outline]:
    """Outline the objects on one map, from the top left to the bottom right.

    Args:
        probability: (rows, columns).
        high: an object has at least one pixel at or above.
        low: and consists of connected pixels at or above this.
        gap_px: parts nearer to each other are one object.
        least_px: smaller objects are dropped.
        tolerance_px: of the outline's simplification.
    """
    if float(probability.max(initial=0.0)) < high:
        return []
    left, top, width, height = cv2.boundingRect((probability >= low).astype(np.uint8))
    shown = probability[top : top + height, left : left + width]  # all else is empty
    part = _Part(left, top, probability.shape)
    mask = (shown >= low).astype(np.uint8)
    joined = _closed(mask, gap_px)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    peaks = np.bincount(labels[shown >= high], minlength=count)
    found = []
    for label in range(1, count):
        if peaks[label] == 0 or stats[label, cv2.CC_STAT_AREA] < least_px:
            continue
        found.append(_outline(shown, mask, labels, stats[label], label, tolerance_px, part))
    return [item for item in found if item is not None and item.polygon.area >= least_px]


def _closed(mask: NDArray[np.uint8], gap_px: float) -> NDArray[np.uint8]:
    """Bridge gaps between parts; the picture's edge is no wall to grow along."""
    radius = int(min(gap_px / 2, 64))
    if radius < 1:
        return mask
    padded = np.pad(mask, radius)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)
    return np.asarray(closed[radius:-radius, radius:-radius], dtype=np.uint8) | mask


def _outline(
    probability: NDArray[np.float32],
    mask: NDArray[np.uint8],
    labels: NDArray[np.int32],
    stats: NDArray[np.int32],
    label: int,
    tolerance_px: float,
    part: _Part,
) -> Outline | None:
    x, y, width, height = (int(value) for value in stats[:4])
    window = (slice(y, y + height), slice(x, x + width))
    inside = labels[window] == label
    polygon = polygon_from_mask(inside, tolerance_px)
    if polygon is None:
        return None
    score = float(probability[window][inside & (mask[window] > 0)].mean())
    x, y = x + part.left, y + part.top
    rows, columns = part.whole
    cut = x == 0 or y == 0 or x + width == columns or y + height == rows
    moved = shapely.transform(polygon, lambda points: points + np.array([x, y]))
    return Outline(moved, score, cut)


def polygon_from_mask(mask: NDArray[np.bool_], tolerance_px: float) -> Polygon | None:
    """Outline the largest connected part of a mask along the outer edges of its pixels.

    Coordinates are (x, y), whole numbers at the centres of pixels. None where the mask is empty
    or only one pixel wide.
    """
    contours, hierarchy = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    if hierarchy is None:
        return None
    parents = [int(links[3]) for links in hierarchy[0]]
    areas = [cv2.contourArea(contour) for contour in contours]
    largest = max((i for i, up in enumerate(parents) if up < 0), key=lambda i: areas[i])
    if areas[largest] == 0:
        return None
    # Contours run through the centres of the object's pixels: of its own and, around a hole, of
    # those that enclose it. The object reaches half a pixel further.
    shell = Polygon(contours[largest].reshape(-1, 2)).buffer(0.5, join_style="mitre")
    holes = [
        Polygon(contours[i].reshape(-1, 2)).buffer(0).buffer(-0.5, join_style="mitre")
        for i, up in enumerate(parents)
        if up == largest and areas[i] > 0
    ]
    area = shell.difference(shapely.union_all(holes)) if holes else shell
    simple = area.simplify(tolerance_px, preserve_topology=True)
    return _largest_part(simple if simple.is_valid else simple.buffer(0))


def _largest_part(shape: shapely.Geometry) -> Polygon | None:
    parts = [p for p in shapely.get_parts(shape) if isinstance(p, Polygon) and not p.is_empty]
    return max(parts, key=lambda part: part.area, default=None)


def _detection(outline: Outline, name: str, frame: Frame, shape: tuple[int, ...]) -> Detection:
    """Bring an outline from map pixels to pixels of the full picture."""
    rows, columns = shape
    factor = np.array([frame.width_px / columns, frame.height_px / rows])

    def to_full(points: NDArray[np.float64]) -> NDArray[np.float64]:
        full: NDArray[np.float64] = np.round((points + 0.5) * factor - 0.5, _PIXEL_DECIMALS)
        return full

    polygon = shapely.transform(outline.polygon, to_full)
    score = math.floor(outline.score * 1e4) / 1e4
    return Detection(frame.photo_id, name, score, polygon, outline.cut)
