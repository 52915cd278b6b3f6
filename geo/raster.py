"""EDGE: read ground heights from raster files, and where these lie."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
import rasterio.warp
import rasterio.windows
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window, from_bounds
from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.errors import CrsError, OutsideError, TerrainError
from geo.files import replacing
from geo.frames import WGS84, LocalFrame, crs_from_wgs84
from geo.orthophoto import Orthophoto
from geo.placement import Placement
from geo.terrain import RasterTerrain

_M_PER_DEG = 110_570.0  # of latitude, where a degree is shortest
MARGIN_M = 2000.0
MOST_PIXELS = 200_000_000  # 0.8 GB as float32


def read_terrain(path: Path, *, area: BaseGeometry | None = None) -> RasterTerrain:
    """Read the first band of a raster as metres above mean sea level.

    Args:
        path: any raster that GDAL reads, for example a GeoTIFF.
        area: lon/lat degrees; only the window around it is read. Needed for very large files.

    Raises:
        OutsideError: the raster does not reach the area.
        TerrainError: the file is missing, no raster or too large.
        CrsError: the file does not say where it lies.
    """
    if not path.exists():
        raise TerrainError(f"{path}: no such file; give the path of a terrain raster (GeoTIFF)")
    try:
        with rasterio.open(path) as source:
            return _read_open(source, path, area)
    except RasterioError as error:
        raise TerrainError(
            f"{path}: not a raster that can be read ({error}); give a GeoTIFF with ground heights"
        ) from error


def read_terrain_around(
    path: Path, area: BaseGeometry, margin_m: float | None = None
) -> RasterTerrain:
    """Read the part of a terrain raster that flights over an area need: the rest stays unread.

    Args:
        path: any raster that GDAL reads, of any size.
        area: of flights and their homes, lon/lat degrees; of any shape, its bounds count.
        margin_m: read beyond it, for ways home, fences and obstacles beside it; 2 km if None.

    Returns:
        All of a raster that does not reach the area, as far as that fits in memory: who looks at
        the ground there learns that it is unknown, or known with the axes exchanged.
    """
    west, south, east, north = area.bounds
    aside = (MARGIN_M if margin_m is None else margin_m) / _M_PER_DEG
    wide = aside / max(np.cos(np.radians(min(max(abs(south), abs(north)), 89.0))), 0.01)
    try:
        return read_terrain(path, area=box(west - wide, south - aside, east + wide, north + aside))
    except OutsideError:
        return read_terrain(path)


def read_placement(path: Path) -> Placement | None:
    """Where a raster lies; None for pictures that do not say.

    Raises:
        CrsError: it says so in a reference system that cannot be brought to WGS 84.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                if source.crs is None or source.transform.is_identity:
                    return None
                crs_from_wgs84(CRS.from_wkt(source.crs.to_wkt()))
                a, b, c, d, e, f = source.transform[:6]
                return Placement((a, b, c, d, e, f), source.crs.to_wkt())
    except RasterioError:
        return None


def read_outline(path: Path) -> tuple[Polygon, float]:
    """Ground that a georeferenced picture lies on, lon/lat, and its GSD in metres.

    Raises:
        TerrainError: no raster that can be read.
        CrsError: it does not say where it lies.
    """
    with _opened_map(path) as (source, placement):
        width_px, height_px = source.width, source.height
    return placement.outline(width_px, height_px), placement.gsd_m(width_px, height_px)


@contextmanager
def _opened_map(path: Path) -> Iterator[tuple[DatasetReader, Placement]]:
    """A georeferenced picture, opened, and where it lies; errors as `read_outline`."""
    placement = read_placement(path)
    if placement is None:
        raise CrsError(f"{path}: no picture with map coordinates; give an orthophoto (GeoTIFF)")
    try:
        with rasterio.open(path) as source:
            yield source, placement
    except RasterioError as error:
        raise TerrainError(f"{path}: cannot be read ({error}); give a GeoTIFF") from error


def holds_measures(path: Path) -> bool:
    """Whether a raster is one band of decimal numbers: heights or an index, and no picture."""
    with rasterio.open(path) as source:
        return source.count == 1 and np.issubdtype(np.dtype(source.dtypes[0]), np.floating)


def read_map(
    path: Path, area: BaseGeometry, gsd_m: float
) -> tuple[NDArray[np.uint8], Placement] | None:
    """Read the part of a georeferenced picture around an area in lon/lat, at a GSD or coarser.

    Returns:
        (rows, columns, 3) and where it lies; None where the picture does not reach the area.

    Raises:
        TerrainError: no picture that can be read.
        CrsError: it does not say where it lies.
    """
    with _opened_map(path) as (source, whole):
        bounds = rasterio.warp.transform_bounds(WGS84.to_wkt(), source.crs, *area.bounds)
        window = from_bounds(*bounds, transform=source.transform).round_lengths().round_offsets()
        everything = Window(0, 0, source.width, source.height)
        if not rasterio.windows.intersect(window, everything):
            return None
        part = window.intersection(everything)
        scale = min(1.0, whole.gsd_m(source.width, source.height) / gsd_m)
        rows, columns = (max(1, round(side * scale)) for side in (part.height, part.width))
        bands = [1, 2, 3] if source.count >= 3 else [1, 1, 1]
        picture = source.read(bands, window=part, out_shape=(3, rows, columns))
        moved = _moved(source.transform, int(part.col_off), int(part.row_off))
    a, b, c, d, e, f = moved[:6]
    wide, high = part.width / columns, part.height / rows
    transform = (a * wide, b * high, c, d * wide, e * high, f)
    return np.moveaxis(picture, 0, -1).astype(np.uint8), Placement(transform, whole.crs)


def write_reference(source: str, path: Path) -> None:
    """Write a small file that is read as a raster elsewhere, of which only what is asked for comes.

    Args:
        source: as GDAL names it, such as `/vsis3/bucket/ortho.tif`; it is looked at, not read.
        path: any name will do: GDAL knows the file by its content.

    Raises:
        TerrainError: no raster is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with rasterio.open(source) as there:
            rasterio.shutil.copy(there, path, driver="VRT")
    except RasterioError as error:
        raise TerrainError(f"{source}: not a raster that can be read ({error})") from error


_RGBA = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)


def write_orthophoto(path: Path, made: Orthophoto, frame: LocalFrame) -> None:
    """Write a map picture as a cloud-optimised GeoTIFF with transparency.

    The same picture gives the same bytes; a program that reads a part of it over a network reads
    only the tiles and the overview that it needs.
    """
    rows, columns = made.picture.shape[:2]
    with MemoryFile() as memory:
        with memory.open(
            driver="COG", width=columns, height=rows, count=4, dtype="uint8",
            crs=frame.crs.to_wkt(), transform=made.transform, blocksize=256, compress="deflate",
            overview_resampling="average",
        ) as out:  # fmt: skip
            out.write(np.moveaxis(made.picture, -1, 0))
            out.colorinterp = _RGBA
        with replacing(path) as temporary:
            temporary.write_bytes(memory.read())


def write_geotiff(
    path: Path, bands: NDArray[Any], transform: Affine, crs: str, **options: Any
) -> None:
    """Write bands (N, rows, columns) as a packed GeoTIFF, whole or not at all.

    It is packed in memory first: GDAL prints to the terminal what goes wrong on a full disk.
    """
    count, rows, columns = bands.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=columns, height=rows, count=count, dtype=bands.dtype,
            crs=crs, transform=transform, compress="deflate", **options,
        ) as out:  # fmt: skip
            out.write(bands)
        with replacing(path) as temporary:
            temporary.write_bytes(memory.read())


def _read_open(source: DatasetReader, path: Path, area: BaseGeometry | None) -> RasterTerrain:
    if source.crs is None:
        raise CrsError(
            f"{path}: the raster has no coordinate reference system; add one, for example with "
            "'rio edit-info --crs EPSG:4326 FILE'"
        )
    if source.transform.is_identity:
        raise CrsError(f"{path}: the raster has no geotransform, so its place is unknown")
    window = Window(0, 0, source.width, source.height)
    if area is not None:
        window = _window(source, path, area)
    if window.width * window.height > MOST_PIXELS:
        raise TerrainError(
            f"{path}: {window.width} x {window.height} pixels are more than the "
            f"{MOST_PIXELS} that fit in memory; cut the raster to the area or make it coarser"
        )
    crs = CRS.from_wkt(source.crs.to_wkt())
    try:
        crs_from_wgs84(crs)
    except CrsError as error:
        raise CrsError(f"{path}: {error}") from error
    transform = _moved(source.transform, int(window.col_off), int(window.row_off))
    return RasterTerrain(_heights(source, window), transform, crs)


def _moved(transform: Affine, columns: int, rows: int) -> Affine:
    """Move the origin of a geotransform to another pixel."""
    x, y = transform.a * columns + transform.b * rows, transform.d * columns + transform.e * rows
    a, b, c, d, e, f = transform[:6]
    return Affine(a, b, c + x, d, e, f + y)


def _window(source: DatasetReader, path: Path, area: BaseGeometry) -> Window:
    """Pixels around an area in lon/lat, with two more on each side for interpolation."""
    bounds = rasterio.warp.transform_bounds(WGS84.to_wkt(), source.crs, *area.bounds)
    window = from_bounds(*bounds, transform=source.transform)
    first_row, first_column = int(window.row_off) - 2, int(window.col_off) - 2
    last_row = int(np.ceil(window.row_off + window.height)) + 2
    last_column = int(np.ceil(window.col_off + window.width)) + 2
    first_row, first_column = max(first_row, 0), max(first_column, 0)
    rows = min(last_row, source.height) - first_row
    columns = min(last_column, source.width) - first_column
    if rows <= 0 or columns <= 0:
        raise OutsideError(
            f"{path}: the raster does not reach the area from ({area.bounds[0]:.5f}, "
            f"{area.bounds[1]:.5f}) to ({area.bounds[2]:.5f}, {area.bounds[3]:.5f}) lon/lat; "
            "give a raster that covers it"
        )
    return Window(first_column, first_row, columns, rows)


def _heights(source: DatasetReader, window: Window) -> NDArray[np.float32]:
    """Heights of a window in metres with NaN where the file has none."""
    band = source.read(1, window=window, masked=True)
    scale, offset = float(source.scales[0]), float(source.offsets[0])
    heights: NDArray[np.float32] = band.astype(np.float32).filled(np.nan)
    if (scale, offset) != (1.0, 0.0):
        heights = heights * np.float32(scale) + np.float32(offset)
    heights[~np.isfinite(heights)] = np.nan
    return heights
