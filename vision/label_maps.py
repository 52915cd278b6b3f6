"""EDGE: outlines on a map over orthophotos, cut into windows of pictures with labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.windows import Window

from geo.errors import GeoError
from geo.formats import Feature, read_features
from geo.frames import crs_from_wgs84
from geo.placement import Placement
from geo.raster import read_placement
from vision.label_files import LabelError, Reading, class_names
from vision.label_marks import Bytes, Outlined, PictureLabels, ReadLabels, drawn

WINDOW_PX = 1024
CLASS_COLUMNS = ("class", "label", "category", "name", "type")
AREA = "labelled_area"
"""Class of outlines within which everything was marked; without any, the box around all marks."""


@dataclass(frozen=True, slots=True)
class MapWindow:
    """A part of an orthophoto.

    Attributes:
        labelled: (rows, columns) where the picture has content and someone looked.
    """

    rgb: Bytes
    labelled: NDArray[np.bool_]
    gsd_m: float


@dataclass(frozen=True, slots=True)
class _Marked:
    class_name: str
    shape: shapely.Geometry


def read_map_labels(
    path: Path, orthophotos: Sequence[Path], names: Mapping[str, str]
) -> tuple[tuple[MapWindow, ...], ReadLabels]:
    """Read polygons (GeoJSON, GeoPackage, Shapefile) and the parts of orthophotos under them.

    The class stands in a column `class`, `label`, `category`, `name` or `type`.

    Returns:
        Windows of at most 1024 pixels a side, and their labels in the same order.
    """
    try:
        features = read_features(path)
    except GeoError as error:
        raise LabelError(str(error)) from error
    reading = Reading(path.name, {**class_names(names), AREA: AREA})
    marks = [mark for mark in (_marked(f, reading) for f in features) if mark]
    areas = [mark.shape for mark in marks if mark.class_name == AREA]
    things = [mark for mark in marks if mark.class_name != AREA]
    if not marks:
        raise LabelError(f"{path}: has no polygon of our classes; see `names` of the source")
    looked_at = shapely.union_all(
        areas or [shapely.box(*shapely.total_bounds([m.shape for m in things]))]
    )
    windows: list[MapWindow] = []
    labels: list[PictureLabels] = []
    for photo in orthophotos:
        for window, said in _windows(photo, things, looked_at, reading):
            windows.append(window)
            labels.append(said)
    known = tuple(dict.fromkeys(mark.class_name for mark in things))
    return tuple(windows), ReadLabels(tuple(labels), known, tuple(reading.problems))


def _marked(feature: Feature, reading: Reading) -> _Marked | None:
    entry = f"feature {feature.number}"
    column = next((c for c in CLASS_COLUMNS if feature.properties.get(c) is not None), None)
    if column is None:
        reading.note(entry, "no class", f"name it in one of the columns {', '.join(CLASS_COLUMNS)}")
        return None
    class_name = reading.class_of(feature.properties[column], entry)
    if class_name is None:
        return None
    shape = feature.geometry
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        reading.note(entry, "no polygon", "draw the outline of the thing; points are not used")
        return None
    if not shape.is_valid:
        reading.note(
            entry, shapely.is_valid_reason(shape), "mended by make_valid; check its outline"
        )
        shape = shapely.make_valid(shape)
    return _Marked(class_name, shape)


def _windows(
    photo: Path, things: Sequence[_Marked], looked_at: shapely.Geometry, reading: Reading
) -> Iterator[tuple[MapWindow, PictureLabels]]:
    placement = read_placement(photo)
    if placement is None:
        reading.note(photo.name, "no place on the map", "give a GeoTIFF with a reference system")
        return
    try:
        with rasterio.open(photo) as source:
            gsd_m = placement.gsd_m(source.width, source.height)
            to_px = _to_pixels(placement)
            area_px = to_px(looked_at)
            things_px = [_Marked(mark.class_name, to_px(mark.shape)) for mark in things]
            tree = shapely.STRtree([mark.shape for mark in things_px])
            for left in range(0, source.width, WINDOW_PX):
                for top in range(0, source.height, WINDOW_PX):
                    frame = shapely.box(left, top, left + WINDOW_PX, top + WINDOW_PX)
                    if not frame.intersects(area_px):
                        continue
                    here = [things_px[i] for i in tree.query(frame, predicate="intersects")]
                    rgb, valid = _pixels(source, left, top)
                    marks = tuple(
                        Outlined(m.class_name, rings) for m in here
                        for rings in _rings(m.shape, left, top)
                    )  # fmt: skip
                    looked = np.zeros(valid.shape, bool)
                    for rings in _rings(area_px, left, top):
                        looked |= drawn(Outlined("", rings), valid.shape)
                    name = f"{photo.stem}_{left}_{top}{photo.suffix}"
                    yield MapWindow(rgb, valid & looked, gsd_m), PictureLabels(name, marks)
    except RasterioError as error:
        reading.note(photo.name, error, "it is left out; give a GeoTIFF that can be read")


def _to_pixels(placement: Placement) -> Any:
    """Bring shapes in lon/lat to pixels of a picture, corner of the top-left pixel at 0."""
    transformer = crs_from_wgs84(CRS.from_user_input(placement.crs))
    a, b, c, d, e, f = (~Affine(*placement.transform))[:6]

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transformer.transform(points[:, 0], points[:, 1])
        return np.column_stack([a * x + b * y + c, d * x + e * y + f])

    return lambda shape: shapely.transform(shape, move)


def _rings(
    shape: shapely.Geometry, left: int, top: int
) -> Iterator[tuple[NDArray[np.float64], ...]]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings = (part.exterior, *part.interiors)
            yield tuple(np.asarray(ring.coords)[:-1, :2] - (left, top) for ring in rings)


def _pixels(source: Any, left: int, top: int) -> tuple[Bytes, NDArray[np.bool_]]:
    width, height = min(WINDOW_PX, source.width - left), min(WINDOW_PX, source.height - top)
    window = Window(left, top, width, height)
    bands = [1, 2, 3] if source.count >= 3 else [1, 1, 1]
    values = source.read(bands, window=window)
    valid = source.dataset_mask(window=window) > 0
    return np.ascontiguousarray(np.moveaxis(_eight_bits(values), 0, -1)), valid


def _eight_bits(values: NDArray[Any]) -> Bytes:
    """Bring more than 8 bits to 8 by the middle 99 per cent of the window."""
    if values.dtype == np.uint8:
        return values
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-9), 0, 1) * 255, np.uint8)
