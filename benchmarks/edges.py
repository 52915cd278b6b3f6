"""EDGE: grid files and photos for `benchmarks.fuzz`: valid ones to spoil, and what makes sense."""

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from geo.formats import read_grid
from geo.grid import Grid
from vision.images import Picture, read_rgb, read_tags
from vision.metadata import Position, attitude_of, position_of, sigma_of, taken_at_of

CODES = ("320412001001001", "320412001001002", "320412001001003")
LON_DEG, LAT_DEG, SIDE_DEG = 119.95, 31.70, 0.003
PHOTO_SCALE = 0.25
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
    b'drone-dji:GimbalYawDegree="+30.00" drone-dji:GimbalPitchDegree="-90.00" '
    b'drone-dji:GimbalRollDegree="+0.00" drone-dji:AbsoluteAltitude="+105.00" '
    b'drone-dji:RelativeAltitude="+100.00"/></rdf:RDF></x:xmpmeta>'
)


def _ring(number: int) -> list[tuple[float, float]]:
    west, south = LON_DEG + number * SIDE_DEG, LAT_DEG
    east, north = west + SIDE_DEG, south + SIDE_DEG
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def geojson() -> list[bytes]:
    """Three cells in a row."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"网格{number}", "town": "A", "village": "B"},
            "geometry": {"type": "Polygon", "coordinates": [_ring(number)]},
        }
        for number, code in enumerate(CODES)
    ]
    return [json.dumps({"type": "FeatureCollection", "features": features}).encode()]


def kml() -> list[bytes]:
    """The same cells."""
    marks = "".join(
        f"<Placemark><name>{code}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        + " ".join(f"{lon},{lat},0" for lon, lat in _ring(number))
        + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        for number, code in enumerate(CODES)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
    return [f"{head}<Document>{marks}</Document></kml>".encode()]


def read_kml(path: Path) -> Grid:
    """Read a KML whose placemarks are named by their codes."""
    return read_grid(path, fields={"code": "Name"})


def photos() -> list[bytes]:
    """A small JPEG with the tags of a DJI drone, and one without."""
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    image, exif = Image.fromarray(picture), Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "DJI", 1
    photo = {ExifTags.Base.DateTimeOriginal: "2026:06:01 11:00:00"}
    exif._ifds[ExifTags.IFD.Exif] = photo | {ExifTags.Base.FocalLengthIn35mmFilm: 24}
    place = {1: "N", 2: (LAT_DEG, 0.0, 0.0), 3: "E", 4: (LON_DEG, 0.0, 0.0), 5: b"\0", 6: 105.0}
    exif._ifds[ExifTags.IFD.GPSInfo] = place
    contents = []
    for tags in ({"exif": exif, "xmp": XMP}, {}):
        out = io.BytesIO()
        image.save(out, "JPEG", **tags)
        contents.append(out.getvalue())
    return contents


def read_photo(path: Path) -> tuple[Position | None, Sequence[Any], Picture]:
    """Read everything that locating asks of a photo."""
    tags = read_tags(path)
    said = (attitude_of(tags), taken_at_of(tags), sigma_of(tags))
    return position_of(tags), said, read_rgb(path, scale=PHOTO_SCALE)


def of_photo(found: tuple[Position | None, Sequence[Any], Picture]) -> str:
    """What is wrong with a photo that was read."""
    position, _, picture = found
    if picture.ndim != 3 or picture.shape[2] != 3:
        return f"a picture of shape {picture.shape}"
    if position is None:
        return ""
    sound = abs(position.lon_deg) <= 180 and abs(position.lat_deg) <= 90
    return "" if sound else f"a photo at {position}"


def of_grid(grid: Grid) -> str:
    """What is wrong with a grid that was read."""
    bounds = [value for cell in grid.cells for value in cell.boundary.bounds]
    return "" if bounds and all(map(math.isfinite, bounds)) else "a cell without bounds"
