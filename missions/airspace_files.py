"""EDGE: zones and obstacles from GeoPackage, GeoJSON, Shapefile or KML.

Columns, in any case; a column that is absent or empty takes the default:

    name                     of the zone or obstacle
    kind                     zones: "no-fly" (default) or "ceiling"
    ceiling_agl_m            of a ceiling zone; a row that has it is one without `kind`
    low_m, high_m            heights from which and up to which a no-fly zone reaches
    above                    what these are above: "ground" (default) or "sea"
    margin_m                 how far to keep away from a no-fly zone
    begins, ends             ISO 8601 with time zone; when the zone is in force
    height_m, height_agl_m   of an obstacle above the ground; needed
    radius_m, clearance_m    of an obstacle

A file of several layers is read by their names: `airspace`, `no_fly` and `ceilings` for zones,
`obstacles` for obstacles; docs/airspace.md is this page for users.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.formats import Feature, layer_names, read_features
from missions.airspace import (
    ALWAYS,
    Airspace,
    CeilingZone,
    HeightBand,
    NoFlyZone,
    Obstacle,
    TimeWindow,
)
from missions.errors import MissionError

ZONE_LAYERS, OBSTACLE_LAYERS = ("airspace", "no_fly", "ceilings"), ("obstacles",)
_OF_ANALYSIS = ("farmland", "closed_water", "open_water", "industrial", "permitted")
_FOLDERS = (".kml", ".kmz")  # whose layers are folders, read together


def read_airspace(
    zones: Path | None = None, obstacles: Path | None = None, *, crs: str | None = None
) -> Airspace:
    """Read zones from one file and obstacles from another; either may be None.

    Args:
        zones: polygons.
        obstacles: points, lines or polygons.
        crs: of files that do not say their own.

    Raises:
        MissionError: a row cannot be understood; the message names it.
        GeoError: a file cannot be read or does not say where it lies.
    """
    rows = [] if zones is None else _rows(zones, ZONE_LAYERS, crs, _zone)
    standing = [] if obstacles is None else _rows(obstacles, OBSTACLE_LAYERS, crs, _obstacle)
    return Airspace(
        no_fly=tuple(zone for zone in rows if isinstance(zone, NoFlyZone)),
        ceilings=tuple(zone for zone in rows if isinstance(zone, CeilingZone)),
        obstacles=tuple(obstacle for obstacle in standing if isinstance(obstacle, Obstacle)),
    )


_Row = NoFlyZone | CeilingZone | Obstacle


def _layers(path: Path, wanted: Sequence[str]) -> Sequence[str | None]:
    """Layers to read; None is all of a file that has but one, of whatever name."""
    names = layer_names(path)
    chosen = [name for name in names if name.lower() in wanted]
    if chosen:
        return chosen
    of_analysis = [name for name in names if name in _OF_ANALYSIS]
    if path.suffix.lower() in _FOLDERS or (len(names) == 1 and not of_analysis):
        return [None]
    hint = " Those are zones for `analyze --zones`, not airspace." if of_analysis else ""
    raise MissionError(
        f"{path}: has the layers {', '.join(names) or 'none'}.{hint} Give a file of one layer, or "
        f"name the layers {', '.join(wanted)}; docs/airspace.md describes their columns"
    )


def _rows(
    path: Path,
    layers: Sequence[str],
    crs: str | None,
    make: Callable[[Feature, Mapping[str, Any]], _Row],
) -> list[_Row]:
    return [
        row
        for layer in _layers(path, layers)
        for row in _rows_of(path, read_features(path, layer=layer, crs=crs), make)
    ]


def _rows_of(
    path: Path,
    features: Sequence[Feature],
    make: Callable[[Feature, Mapping[str, Any]], _Row],
) -> list[_Row]:
    made = []
    for feature in features:
        columns = {
            name.lower(): value
            for name, value in feature.properties.items()
            if not _is_empty(value)
        }
        try:
            made.append(make(feature, columns))
        except ValueError as error:
            raise MissionError(f"{path}, feature {feature.number}: {error}") from error
    return made


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value != value  # NaN


def _zone(feature: Feature, columns: Mapping[str, Any]) -> NoFlyZone | CeilingZone:
    name = str(columns.get("name", f"zone {feature.number}"))
    kind = str(columns.get("kind", "ceiling" if "ceiling_agl_m" in columns else "no-fly"))
    area, window = _polygon(feature.geometry), _window(columns)
    if kind == "ceiling":
        return CeilingZone(name, area, _number(columns, "ceiling_agl_m"), window)
    if kind != "no-fly":
        raise ValueError(f'kind is {kind!r}; write "no-fly" or "ceiling"')
    return NoFlyZone(
        name, area, band=_band(columns), window=window, **_given(columns, ("margin_m",))
    )


def _obstacle(feature: Feature, columns: Mapping[str, Any]) -> Obstacle:
    shape = feature.geometry
    if shape is None or shape.is_empty:
        raise ValueError("has no geometry; an obstacle is a point, a line or a polygon")
    column = "height_agl_m" if "height_agl_m" in columns else "height_m"
    return Obstacle(
        str(columns.get("name", f"obstacle {feature.number}")),
        shape if shape.is_valid else shapely.make_valid(shape),
        _number(columns, column),
        **_given(columns, ("radius_m", "clearance_m")),
    )


def _polygon(shape: BaseGeometry | None) -> Polygon | MultiPolygon:
    if not isinstance(shape, Polygon | MultiPolygon) or shape.is_empty:
        kind = "nothing" if shape is None else shape.geom_type
        raise ValueError(f"a zone is a polygon; this row holds {kind}")
    sound = shape if shape.is_valid else shapely.make_valid(shape, method="structure")
    assert isinstance(sound, Polygon | MultiPolygon)
    return sound


def _band(columns: Mapping[str, Any]) -> HeightBand:
    above = str(columns.get("above", "ground"))
    if above == "ground":
        return HeightBand(**_given(columns, ("low_m", "high_m")), above="ground")
    if above == "sea":
        return HeightBand(**_given(columns, ("low_m", "high_m")), above="sea")
    raise ValueError(f'above is {above!r}; write "ground" or "sea"')


def _window(columns: Mapping[str, Any]) -> TimeWindow:
    begins, ends = (_time(columns, name) for name in ("begins", "ends"))
    return ALWAYS if begins is None and ends is None else TimeWindow(begins, ends)


def _time(columns: Mapping[str, Any], name: str) -> datetime | None:
    if name not in columns:
        return None
    try:
        return datetime.fromisoformat(str(columns[name]))
    except ValueError as error:
        raise ValueError(
            f"{name} is {columns[name]!r}; write a time as 2026-06-01T08:00:00+08:00"
        ) from error


def _given(columns: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    return {name: _number(columns, name) for name in names if name in columns}


def _number(columns: Mapping[str, Any], name: str) -> float:
    if name not in columns:
        raise ValueError(f"has no {name}")
    try:
        return float(columns[name])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {columns[name]!r}, not a number of metres") from error
