"""EDGE: changes between two orthophotos, window by window, on a grid in metres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from shapely import Polygon

from geo.frames import LocalFrame
from geo.raster import read_placement
from vision.change import ChangeRules, Epoch, Kind, Shift, find_changes, find_shift, moved
from vision.detector import Detector
from vision.errors import PhotoError

_CORE_PX = 896
_MARGIN_PX = 64
_SIDE_PX = _CORE_PX + 2 * _MARGIN_PX
_CORE = slice(_MARGIN_PX, _MARGIN_PX + _CORE_PX)
_BUILT = ("building", "construction")
_JOIN_M = 0.15  # parts of one thing on both sides of a window's edge


@dataclass(frozen=True, slots=True)
class GroundChange:
    """A building that is new or gone.

    Attributes:
        polygon: lon/lat degrees.
        score: 0 to 1.
    """

    kind: Kind
    polygon: Polygon
    area_m2: float
    score: float


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing two orthophotos gave.

    Attributes:
        shared_m2: ground that both show.
        shifts: of each window that both show.
    """

    changes: tuple[GroundChange, ...]
    shared_m2: float
    shifts: tuple[Shift, ...]


def compare_orthophotos(
    before: Path,
    after: Path,
    detector: Detector,
    rules: ChangeRules,
    tell: Callable[[int, int], None],
) -> Compared:
    """Find new and vanished buildings where two orthophotos show the same ground.

    Args:
        before: the earlier one; any raster with three bands of 8 bits that GDAL reads.
        after: the later one.
        detector: its classes building and construction count.
        rules: when a difference is a change.
        tell: is told the windows done, and how many there are.

    Raises:
        PhotoError: one of them cannot be read, has no place, or they share no ground.
    """
    shared = _footprint(before).intersection(_footprint(after))
    if shared.area == 0:
        raise PhotoError(f"{before} and {after} show no common ground; give two of one area")
    frame = LocalFrame.around(shared)
    west, south, east, north = frame.to_local(shared).bounds
    gsd_m = detector.package.model_gsd_m
    grid = Affine(gsd_m, 0, west, 0, -gsd_m, north)
    size = (max(1, round((east - west) / gsd_m)), max(1, round((north - south) / gsd_m)))
    found: list[tuple[Kind, Polygon, float]] = []
    shifts: list[Shift] = []
    shared_px = 0
    try:
        with ExitStack() as stack:
            maps = [stack.enter_context(_on(path, grid, size, frame)) for path in (before, after)]
            corners = list(_corners(size))
            for done, corner in enumerate(corners, start=1):
                then, now = (_epoch(source, corner, detector) for source in maps)
                if (then.valid & now.valid).any():
                    shift = find_shift(then.rgb, now.rgb)
                    shifts.append(shift)
                    then = moved(then, shift)
                    shared_px += int((then.valid & now.valid)[_CORE, _CORE].sum())
                    found.extend(_found(then, now, grid @ Affine.translation(*corner), rules))
                tell(done, len(corners))
    except RasterioError as error:
        raise PhotoError(f"{before}, {after}: cannot be read ({error}); copy again") from error
    return Compared(_joined(found, frame), shared_px * gsd_m**2, tuple(shifts))


def _footprint(path: Path) -> Polygon:
    """Where an orthophoto lies, lon/lat degrees."""
    if not path.is_file():
        raise PhotoError(f"{path}: no such file; give an orthophoto such as a GeoTIFF")
    placement = read_placement(path)
    if placement is None:
        raise PhotoError(
            f"{path}: no picture with map coordinates; give an orthophoto such as a GeoTIFF"
        )
    with rasterio.open(path) as source:
        if source.count < 3 or source.dtypes[0] != "uint8":
            raise PhotoError(
                f"{path}: {source.count} bands of {source.dtypes[0]}; three of 8 bits are needed "
                "(red, green, blue): convert it with gdal_translate -ot Byte -scale"
            )
        return placement.outline(source.width, source.height)


@contextmanager
def _on(path: Path, grid: Affine, size: tuple[int, int], frame: LocalFrame) -> Iterator[WarpedVRT]:
    """An orthophoto seen on another grid; nothing is resampled before it is read."""
    with (
        rasterio.open(path) as source,
        WarpedVRT(
            source, crs=frame.crs.to_wkt(), transform=grid, width=size[0], height=size[1],
            resampling=Resampling.average, add_alpha=source.count == 3,
        ) as warped,
    ):  # fmt: skip
        yield warped


def _corners(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Top left corner (column, row) of each window, margin included."""
    for top in range(0, size[1], _CORE_PX):
        for left in range(0, size[0], _CORE_PX):
            yield left - _MARGIN_PX, top - _MARGIN_PX


def _epoch(source: Any, corner: tuple[int, int], detector: Detector) -> Epoch:
    left, top = corner
    inner_left, inner_top = max(0, left), max(0, top)
    right, bottom = min(source.width, left + _SIDE_PX), min(source.height, top + _SIDE_PX)
    window = Window(inner_left, inner_top, right - inner_left, bottom - inner_top)
    rgb, valid = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8), np.zeros((_SIDE_PX, _SIDE_PX), bool)
    here = (slice(inner_top - top, bottom - top), slice(inner_left - left, right - left))
    rgb[here] = np.moveaxis(source.read([1, 2, 3], window=window), 0, -1)
    valid[here] = source.dataset_mask(window=window) > 0
    built = np.zeros(valid.shape, np.float32)
    if valid.any():
        maps = detector.probabilities(rgb)
        built = maps[[detector.package.classes.index(name) for name in _BUILT]].max(axis=0)
    return Epoch(rgb, built, valid)


def _found(
    then: Epoch, now: Epoch, grid: Affine, rules: ChangeRules
) -> Iterator[tuple[Kind, Polygon, float]]:
    """Changes in local metres, cut to the window's core."""
    low, high = _MARGIN_PX - 0.5, _MARGIN_PX + _CORE_PX - 0.5
    core = shapely.box(low, low, high, high)
    a, b, c, d, e, f = grid[:6]

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = (points + 0.5).T
        return np.column_stack([a * x + b * y + c, d * x + e * y + f])

    for change in find_changes(then, now, rules):
        for part in shapely.get_parts(change.polygon_px.intersection(core)):
            if part.geom_type == "Polygon" and part.area > 0:
                yield change.kind, shapely.transform(part, place), change.score


def _joined(
    found: Sequence[tuple[Kind, Polygon, float]], frame: LocalFrame
) -> tuple[GroundChange, ...]:
    """Put together what a window's edge cut, and bring it to lon/lat; the largest first."""
    changes = []
    for kind in Kind:
        parts = [(polygon, score) for this, polygon, score in found if this is kind]
        whole = shapely.union_all([p.buffer(_JOIN_M, join_style="mitre") for p, _ in parts])
        for outline in shapely.get_parts(whole.buffer(-_JOIN_M, join_style="mitre")):
            if outline.is_empty:
                continue
            inside = [(p.area, score) for p, score in parts if p.intersects(outline)]
            area = sum(size for size, _ in inside)
            score = sum(size * score for size, score in inside) / area
            polygon = frame.to_lonlat(outline)
            changes.append(GroundChange(kind, polygon, float(outline.area), round(score, 4)))
    return tuple(sorted(changes, key=lambda change: -change.area_m2))
