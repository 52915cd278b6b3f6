"""EDGE: read and write features and grid cells as GeoPackage, GeoJSON, Shapefile, KML."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjError
from shapely.geometry.base import BaseGeometry

from geo.cells import CODE_PATTERN, grid_from_features
from geo.errors import CrsError, GeoError, GridError
from geo.files import replacing
from geo.frames import WGS84, crs_from_wgs84
from geo.grid import Grid

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}
_FAR_DEG = 10.0
MOST_QUOTED = 300


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a vector file.

    Attributes:
        number: running number in the file, from 1.
        geometry: lon/lat degrees, None where the file has none.
    """

    number: int
    properties: Mapping[str, Any]
    geometry: BaseGeometry | None


def read_grid(
    path: Path,
    *,
    fields: Mapping[str, str] | None = None,
    code_pattern: str | None = CODE_PATTERN,
    encoding: str | None = None,
    crs: str | None = None,
    layer: str | None = None,
) -> Grid:
    """Read the cells of a district from GeoPackage, GeoJSON, Shapefile or KML.

    Args:
        path: the file.
        fields: column of each of code, name, town, village, officer; guessed where not given.
        code_pattern: regular expression that a whole code must match; None takes any code.
        encoding: of the attributes of a Shapefile; found by trial if None.
        crs: of a file that does not say its own, for example "EPSG:4549".
        layer: of a file with several layers of polygons.

    Raises:
        GridError: no file, no cells, no column with codes, or codes that occur twice.
        CrsError: the file does not say where it lies, or cannot lie there.
    """
    try:
        features = read_features(path, layer=layer, crs=crs, encoding=encoding)
    except CrsError:
        raise
    except GeoError as error:
        raise GridError(str(error)) from error
    return grid_from_features(
        [(f.number, f.properties, f.geometry) for f in features],
        source=str(path),
        fields=fields or {},
        code_pattern=code_pattern,
    )


def read_features(
    path: Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
) -> list[Feature]:
    """Read all features of a vector file in lon/lat degrees, in the order of the file.

    Args:
        path: GeoPackage, GeoJSON, Shapefile, KML or anything else that GDAL reads.
        layer: of a file with several; a KML's folders are read together.
        crs: of a file that does not say its own.
        encoding: of the attributes of a Shapefile; found by trial if None.
    """
    features: list[Feature] = []
    try:
        for name in _layers(path, layer):
            features += _read_layer(path, name, crs, encoding, first=len(features) + 1)
    except (DataSourceError, DataLayerError) as error:
        raise GeoError(f"{path}: cannot be read as vector data ({_words(error)})") from error
    except UnicodeDecodeError as error:
        raise GeoError(
            f"{path}: holds text that is not UTF-8 ({error.reason}); save it as UTF-8, or give a "
            "Shapefile, whose encoding can be named"
        ) from error
    return features


def _refuse_empty(path: Path) -> None:
    """Refuse a file of no bytes, which GDAL takes for one of an unknown format."""
    if path.is_file() and not path.stat().st_size:
        raise GeoError(f"{path}: the file is empty (0 bytes); export or copy it again")


def _words(error: Exception) -> str:
    """What GDAL says, cut short, for it may quote a whole hostile file; its hints are no help."""
    said = str(error).split("; It might help")[0]
    if "not recognized as being in a supported file format" in said:
        return "it is no whole GeoPackage, GeoJSON, Shapefile or KML"
    return said[:MOST_QUOTED]


def layer_names(path: Path) -> list[str]:
    """Names of the layers of a vector file that have places, in the order of the file.

    Raises:
        GeoError: there is no such file, or it is no vector data.
    """
    if not path.exists():
        raise GeoError(f"{path}: no such file; give a GeoPackage, GeoJSON, Shapefile or KML")
    _refuse_empty(path)
    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except (DataSourceError, DataLayerError) as error:
        raise GeoError(f"{path}: cannot be read as vector data ({_words(error)})") from error


def _layers(path: Path, wanted: str | None) -> list[str]:
    """Names of the layers to read."""
    names = layer_names(path)
    if wanted is not None:
        if wanted not in names:
            raise GeoError(f"{path}: no layer {wanted!r}; it has {', '.join(names) or 'none'}")
        return [wanted]
    if len(names) > 1 and path.suffix.lower() not in (".kml", ".kmz"):
        raise GeoError(f"{path}: has several layers ({', '.join(names)}); name one of them")
    return names


def _read_layer(
    path: Path, layer: str, crs: str | None, encoding: str | None, *, first: int
) -> list[Feature]:
    shapefile = path.suffix.lower() in (".shp", ".dbf", ".zip")
    meta, _, wkb, columns = pyogrio.raw.read(
        path,
        layer=layer,
        force_2d=True,
        encoding="ISO-8859-1" if shapefile else None,
        datetime_as_string=True,
    )
    names, values = list(meta["fields"]), [column.tolist() for column in columns]
    if shapefile:
        names, values = _decoded(path, names, values, encoding)
    with np.errstate(invalid="ignore"):  # corners that are no numbers are told with the feature
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")  # None for a ring that does not close
    geometries = _in_lonlat(path, shapes, crs, meta["crs"])
    rows = zip(*values, strict=True) if values else ((),) * len(geometries)
    return [
        Feature(number, dict(zip(names, row, strict=True)), geometry)
        for number, (row, geometry) in enumerate(zip(rows, geometries, strict=True), first)
    ]


def _decoded(
    path: Path, names: list[str], values: list[list[Any]], encoding: str | None
) -> tuple[list[str], list[list[Any]]]:
    """Decode attributes that were read byte by byte as Latin-1."""
    texts = [v.encode("latin-1") for column in values for v in column if isinstance(v, str)]
    texts += [name.encode("latin-1") for name in names]
    chosen = encoding or _encoding(path, texts)

    def text(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.encode("latin-1").decode(chosen, errors="ignore").strip("\0 ")

    return [text(name) for name in names], [[text(v) for v in column] for column in values]


def _encoding(path: Path, texts: Sequence[bytes]) -> str:
    """Take the first encoding that fits: the .cpg file's, UTF-8, GB18030 (which holds GBK)."""
    said = path.with_suffix(".cpg")
    candidates = [said.read_text("ascii", "ignore").strip()] if said.exists() else []
    for candidate in [*candidates, "utf-8", "gb18030"]:
        if all(_decodes(text, candidate) for text in texts):
            return candidate
    return "latin-1"


def _decodes(text: bytes, encoding: str) -> bool:
    """Whether bytes are text in an encoding; the last character may have been cut off."""
    try:
        text.decode(encoding)
    except LookupError:
        return False
    except UnicodeDecodeError as error:
        return error.start > 0 and len(text) - error.start < 4 and error.end == len(text)
    return True


def _in_lonlat(path: Path, geometries: Any, given: str | None, said: str | None) -> list[Any]:
    """Transform geometries to lon/lat degrees after checking that they can lie where they say."""
    bounds = shapely.bounds(geometries)
    if not np.isfinite(bounds).any():
        return list(geometries)
    crs = _crs(path, given or said)
    extent = [*np.nanmin(bounds[:, :2], axis=0), *np.nanmax(bounds[:, 2:], axis=0)]
    if crs.is_geographic:
        _check_degrees(path, crs, extent)
    if crs != WGS84:
        from_lonlat = _from_lonlat(path, crs)
        geometries = shapely.transform(
            geometries,
            lambda xy: np.column_stack(
                from_lonlat.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
            ),
        )
        _check_area_of_use(path, crs, geometries)
    return list(geometries)


def _from_lonlat(path: Path, crs: CRS) -> Transformer:
    try:
        return crs_from_wgs84(crs)
    except CrsError as error:
        raise CrsError(f"{path}: {error}") from error


def _crs(path: Path, name: str | None) -> CRS:
    if not name:
        raise CrsError(
            f"{path}: the file does not say its coordinate reference system. Put a .prj file "
            'beside it, or name the system in the settings, for example crs = "EPSG:4549"'
        )
    try:
        return CRS.from_user_input(name)
    except ProjError as error:
        raise CrsError(f"{path}: {name!r} is no coordinate reference system ({error})") from error


def _check_degrees(path: Path, crs: CRS, extent: Sequence[float]) -> None:
    west, south, east, north = extent
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        return
    swapped = west >= -90 and east <= 90 and south >= -180 and north <= 180
    if swapped:
        hint = "longitude and latitude look swapped; longitude comes first"
    elif all(90 < abs(lon) <= 360 for lon in (west, east)) and -90 <= south <= north <= 90:
        hint = "longitudes run from -180 to 180; cut what crosses 180 degrees in two there"
    else:
        hint = "they look like metres; name the true system in the settings (crs) or in the file"
    raise CrsError(
        f"{path}: coordinates from ({west:.6g}, {south:.6g}) to ({east:.6g}, {north:.6g}) cannot "
        f"be degrees of {crs.name}: {hint}"
    )


def _check_area_of_use(path: Path, crs: CRS, geometries: Any) -> None:
    bounds = shapely.bounds(geometries)
    bounds = bounds[~np.isnan(bounds).all(axis=1)]
    use = crs.area_of_use
    west, south, east, north = use.bounds if use else (-180.0, -90.0, 180.0, 90.0)
    far = _FAR_DEG if use else 0.0
    inside = np.isfinite(bounds).all() and (
        (west > east or (west - far <= bounds[:, 0].min() and bounds[:, 2].max() <= east + far))
        and south - far <= bounds[:, 1].min()
        and bounds[:, 3].max() <= north + far
    )
    if not inside:
        raise CrsError(
            f"{path}: the coordinates lie far outside the area of {crs.name} "
            f"({west:g} to {east:g} E, {south:g} to {north:g} N); the file names a wrong system "
            "or its coordinates carry a zone number"
        )


def write_features(
    path: Path,
    layer: str,
    records: Sequence[Mapping[str, Any]],
    *,
    fields: Sequence[str] | None = None,
) -> None:
    """Write one layer of features in lon/lat degrees, whole or not at all.

    Args:
        path: ends in .gpkg or .geojson.
        layer: its name.
        records: in the order of the rows; "geometry" holds a shapely geometry or None, other keys
            text, numbers, truth values, dates or None.
        fields: columns in their order, also of a layer without records; the keys of the first
            record if None.
    """
    write_layers(path, {layer: records}, fields={layer: fields} if fields is not None else None)


def write_layers(
    path: Path,
    layers: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    fields: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write several layers into one file, whole or not at all; the same input, the same bytes."""
    driver = _DRIVERS.get(path.suffix.lower())
    if driver is None:
        raise GeoError(f"{path}: features are written as .gpkg or .geojson, not {path.suffix!r}")
    if driver == "GeoJSON" and len(layers) != 1:
        raise GeoError(f"{path}: GeoJSON holds one layer; write {len(layers)} layers as .gpkg")
    with replacing(path) as temporary, _same_bytes():
        for number, (layer, records) in enumerate(layers.items()):
            names = (fields or {}).get(layer)
            _write_layer(temporary, driver, layer, records, names, append=number > 0)


def _write_layer(
    path: Path,
    driver: str,
    layer: str,
    records: Sequence[Mapping[str, Any]],
    fields: Sequence[str] | None,
    *,
    append: bool,
) -> None:
    names = list(fields if fields is not None else records[0] if records else ())
    names = [name for name in names if name != "geometry"]
    geometries = [record["geometry"] for record in records]
    kinds = {geometry.geom_type for geometry in geometries if geometry is not None}
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(geometry) for geometry in geometries], dtype=object),
        [_column([record.get(name) for record in records]) for name in names],
        names,
        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
        crs="EPSG:4326",
        driver=driver,
        layer=layer,
        encoding="UTF-8",
        append=append,
        layer_options={"COORDINATE_PRECISION": "9"} if driver == "GeoJSON" else None,
    )


def _column(values: Sequence[Any]) -> Any:
    """Make a column of one type; dates as ISO 8601 text, numbers with gaps as float."""
    known = {type(value) for value in values if value is not None}
    if known and known <= {bool, np.bool_} and None not in values:
        return np.array(values, dtype=bool)
    if known and known <= {int, np.int64} and None not in values:
        return np.array(values, dtype=np.int64)
    if known and known <= {int, float, np.int64, np.float32, np.float64}:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array([_text(value) for value in values], dtype=object)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


@contextmanager
def _same_bytes() -> Iterator[None]:
    """Keep the clock out of GeoPackages, and say in our words when GDAL cannot write."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00Z"})
    try:
        yield
    except (DataSourceError, DataLayerError) as error:
        raise OSError(str(error)) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
