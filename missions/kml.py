"""EDGE: planned sorties as KML, to look at in Google Earth or Ovital Map.

Lines and photos stand at their altitude above sea level where the ground is known, and else at
their height above home over whatever ground the viewer has. Format: OGC KML 2.2.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.polygon import LinearRing

from geo.files import replacing
from missions.legs import Leg, legs
from missions.model import Sortie

_KML = "http://www.opengis.net/kml/2.2"
_Place = tuple[float, float, float]
AltitudeMode = Literal["absolute", "relativeToGround"]

# aabbggrr
_STYLES = {
    "cell": ("ff3a5b4d", "303a5b4d"),
    "fence": ("ff1e26b3", "00ffffff"),
    "row": ("ffb27200", "00ffffff"),
    "way": ("ff9e9e9e", "00ffffff"),
}
_CLICK = "http://maps.google.com/mapfiles/kml/shapes/placemark_circle.png"


def write_kml(
    path: Path,
    sorties: Sequence[Sortie],
    *,
    areas: Sequence[tuple[str, Polygon | MultiPolygon]] = (),
    mode: AltitudeMode = "absolute",
) -> None:
    """Write rows, ways, photos, fences and homes, whole or not at all.

    Args:
        path: ends in .kml.
        sorties: in the order of flying.
        areas: codes and boundaries of the cells, lon/lat degrees.
        mode: "relativeToGround" where the altitude of home is not known.
    """
    root = Element("kml", {"xmlns": _KML})
    document = SubElement(root, "Document")
    _styles(document)
    cells = _folder(document, "cells")
    for code, area in areas:
        for part in shapely.get_parts(area).tolist():
            _polygon(_placemark(cells, code, "cell"), part)
    for sortie in sorties:
        _sortie(_folder(document, sortie.code), sortie, mode)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    with replacing(path) as temporary:
        temporary.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', encoding="utf-8", newline="\n"
        )


def _styles(document: Element) -> None:
    for name, (line, fill) in _STYLES.items():
        style = SubElement(document, "Style", {"id": name})
        stroke = SubElement(style, "LineStyle")
        SubElement(stroke, "color").text = line
        SubElement(stroke, "width").text = "2"
        SubElement(SubElement(style, "PolyStyle"), "color").text = fill
    style = SubElement(SubElement(document, "Style", {"id": "photo"}), "IconStyle")
    SubElement(style, "scale").text = "0.4"
    SubElement(SubElement(style, "Icon"), "href").text = _CLICK


def _sortie(folder: Element, sortie: Sortie, mode: AltitudeMode) -> None:
    home = sortie.home
    base = home.altitude_amsl_m if mode == "absolute" else 0.0
    mark = _placemark(folder, f"{sortie.code} home", "photo")
    _point(mark, (home.lon_deg, home.lat_deg, base), mode)
    _polygon(_placemark(folder, f"{sortie.code} fence", "fence"), sortie.fence)
    flown = list(legs(home, sortie.items))
    _lines(_folder(folder, "rows"), "row", [leg for leg in flown if leg.camera_on], base, mode)
    _lines(_folder(folder, "ways"), "way", [leg for leg in flown if not leg.camera_on], base, mode)
    photos = _folder(folder, "photos")
    for number, photo in enumerate(sortie.photos, 1):
        mark = _placemark(photos, str(number), "photo")
        _point(mark, (photo.lon_deg, photo.lat_deg, base + photo.height_home_m), mode)


def _folder(parent: Element, name: str) -> Element:
    folder = SubElement(parent, "Folder")
    SubElement(folder, "name").text = _clean(name)
    return folder


def _placemark(folder: Element, name: str, style: str) -> Element:
    mark = SubElement(folder, "Placemark")
    SubElement(mark, "name").text = _clean(name)
    SubElement(mark, "styleUrl").text = f"#{style}"
    return mark


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else " " for c in text)


def _lines(
    folder: Element, style: str, chosen: Iterable[Leg], base_m: float, mode: AltitudeMode
) -> None:
    for number, leg in enumerate(chosen, 1):
        line = SubElement(_placemark(folder, f"{style} {number}", style), "LineString")
        SubElement(line, "altitudeMode").text = mode
        ends = [(lon, lat, base_m + height) for lon, lat, height in (leg.start, leg.end)]
        SubElement(line, "coordinates").text = _text(ends)


def _point(mark: Element, place: _Place, mode: AltitudeMode) -> None:
    point = SubElement(mark, "Point")
    SubElement(point, "altitudeMode").text = mode
    SubElement(point, "coordinates").text = _text([place])


def _polygon(mark: Element, area: Polygon) -> None:
    polygon = SubElement(mark, "Polygon")
    _ring(polygon, "outerBoundaryIs", area.exterior)
    for ring in area.interiors:
        _ring(polygon, "innerBoundaryIs", ring)


def _ring(polygon: Element, name: str, ring: LinearRing) -> None:
    line = SubElement(SubElement(polygon, name), "LinearRing")
    SubElement(line, "coordinates").text = _text([(x, y, 0.0) for x, y in ring.coords])


def _text(places: Sequence[_Place]) -> str:
    return " ".join(f"{lon:.8f},{lat:.8f},{altitude:.2f}" for lon, lat, altitude in places)
