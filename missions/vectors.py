"""EDGE: planned sorties as layers of a GeoPackage, or as one layer of GeoJSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shapely import LineString, MultiPolygon, Point, Polygon

from geo.errors import GeoError
from geo.formats import write_layers
from missions.legs import legs
from missions.model import Sortie

_Record = dict[str, Any]
LAYERS = ("cells", "rows", "transfers", "photos", "fences", "homes")


def write_vectors(
    path: Path,
    sorties: Sequence[Sortie],
    *,
    areas: Sequence[tuple[str, Polygon | MultiPolygon]] = (),
) -> None:
    """Write cells, rows, transfers, photos, fences and homes, whole or not at all.

    Args:
        path: .gpkg for one layer each, .geojson for one layer with a column `layer`.
        sorties: in the order of flying.
        areas: codes and boundaries of the cells, lon/lat degrees.
    """
    layers = _layers(sorties, areas)
    if path.suffix.lower() == ".gpkg":
        write_layers(path, {name: found for name, found in layers.items() if found})
    elif path.suffix.lower() in (".geojson", ".json"):
        records = [{"layer": name, **record} for name, found in layers.items() for record in found]
        fields = list(dict.fromkeys(key for record in records for key in record))
        write_layers(path, {"mission": records}, fields={"mission": fields})
    else:
        raise GeoError(f"{path}: layers are written as .gpkg or .geojson, not {path.suffix!r}")


def _layers(
    sorties: Sequence[Sortie], areas: Sequence[tuple[str, Polygon | MultiPolygon]]
) -> dict[str, list[_Record]]:
    return {
        "cells": [{"code": code, "geometry": area} for code, area in areas],
        "rows": [record for sortie in sorties for record in _ways(sortie, camera_on=True)],
        "transfers": [record for sortie in sorties for record in _ways(sortie, camera_on=False)],
        "photos": [record for sortie in sorties for record in _photos(sortie)],
        "fences": [{"sortie": sortie.code, "geometry": sortie.fence} for sortie in sorties],
        "homes": [_home(sortie) for sortie in sorties],
    }


def _ways(sortie: Sortie, *, camera_on: bool) -> Iterator[_Record]:
    """Legs over ground in their order; those straight up or down have no length on a map."""
    for number, leg in enumerate(legs(sortie.home, sortie.items), 1):
        if leg.camera_on == camera_on and leg.start[:2] != leg.end[:2]:
            yield {
                "sortie": sortie.code,
                "leg": number,
                "height_home_m": leg.end[2],
                "geometry": LineString([leg.start[:2], leg.end[:2]]),
            }


def _photos(sortie: Sortie) -> Iterator[_Record]:
    for number, photo in enumerate(sortie.photos, 1):
        yield {
            "sortie": sortie.code,
            "photo": number,
            "height_home_m": photo.height_home_m,
            "heading_deg": round(photo.heading_deg, 2),
            "pitch_deg": photo.pitch_deg,
            "geometry": Point(photo.lon_deg, photo.lat_deg),
        }


def _home(sortie: Sortie) -> _Record:
    return {
        "sortie": sortie.code,
        "drone": sortie.drone_key,
        "altitude_amsl_m": sortie.home.altitude_amsl_m,
        "duration_s": sortie.duration_s,
        "distance_m": sortie.distance_m,
        "photos": len(sortie.photos),
        "battery_share": sortie.battery_share,
        "geometry": Point(sortie.home.lon_deg, sortie.home.lat_deg),
    }
