"""EDGE: read zone layers from a GeoPackage."""

from pathlib import Path

import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from shapely import Polygon

from cases.errors import ZoneError
from cases.zones import Zones
from geo.formats import read_features


def read_zones(path: Path) -> Zones:
    """Read every polygon layer of a file by its name, in any CRS.

    A layer without features is known to be nowhere; a layer that is not there is unknown.
    """
    if not path.exists():
        raise ZoneError(f"{path} does not exist; name a GeoPackage with zone layers")
    try:
        listed = pyogrio.list_layers(path)
    except DataSourceError as error:
        raise ZoneError(f"{path} is not a file of polygon layers ({error})") from error
    names = [str(name) for name, kind in listed if _may_hold_polygons(kind)]
    if not names:
        raise ZoneError(f"{path} has no polygon layer; it needs farmland, closed_water and so on")
    return Zones({name: _read_polygons(path, name) for name in names})


def _may_hold_polygons(kind: str | None) -> bool:
    return kind is not None and (
        "Polygon" in kind or kind in ("Unknown", "GeometryCollection", "Unknown 2.5D")
    )


def _read_polygons(path: Path, layer: str) -> list[Polygon]:
    """Polygons of a layer, mended where they cross themselves, without other geometries."""
    shapes = [feature.geometry for feature in read_features(path, layer=layer)]
    valid = [shapely.make_valid(shape) for shape in shapes if shape is not None]
    parts = shapely.get_parts(shapely.get_parts(valid)) if valid else ()
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
