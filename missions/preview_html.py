"""EDGE: a map of planned sorties as one HTML file that needs no network.

The page, with its style and script, is preview.html; this module fills in the data.
"""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.files import replacing
from geo.frames import Array, LocalFrame
from geo.terrain import Terrain
from missions.airspace import EMPTY, Airspace
from missions.keep_outs import keep_outs
from missions.legs import Leg, legs
from missions.model import Sortie
from missions.overlap import OverlapMap

_DATA = "null/*data*/"
_PROFILE_STEPS = 400
# Lower ends of the classes of photos that see a place, and their colours: the fewer, the louder,
# so that gaps stand out and rows stay readable (after ColorBrewer RdYlBu, safe for colour-blind).
CLASSES = (
    (0, (215, 48, 39)),
    (1, (252, 141, 89)),
    (3, (254, 224, 120)),
    (6, (206, 230, 190)),
    (9, (186, 219, 226)),
    (15, (205, 217, 236)),
)


def write_preview_html(
    path: Path,
    sorties: Sequence[Sortie],
    *,
    areas: Sequence[tuple[str, Polygon | MultiPolygon]] = (),
    terrain: Terrain | None = None,
    overlap: OverlapMap | None = None,
    airspace: Airspace = EMPTY,
) -> None:
    """Draw sorties as a map to pan and zoom, with profile and table, in English and Chinese.

    Args:
        path: ends in .html; the same input gives the same bytes.
        sorties: at least one.
        areas: codes and boundaries of the cells, lon/lat degrees.
        terrain: for the height profile; ground at home's level if None.
        overlap: how many photos see each place, as a layer.
        airspace: zones and obstacles; those near the sorties are drawn.
    """
    if not sorties:
        raise ValueError("sorties must hold at least one sortie to draw")
    data = page_data(sorties, areas, terrain, overlap, airspace)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    page = files("missions").joinpath("preview.html").read_text("utf-8")
    filled = page.replace(_DATA, _inside_script(text), 1)
    with replacing(path) as temporary:
        temporary.write_text(filled, encoding="utf-8", newline="\n")


def _inside_script(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def page_data(
    sorties: Sequence[Sortie],
    areas: Sequence[tuple[str, Polygon | MultiPolygon]],
    terrain: Terrain | None,
    overlap: OverlapMap | None,
    airspace: Airspace,
) -> dict[str, Any]:
    """Everything that the page shows, in local metres x east, y north."""
    shapes: list[BaseGeometry] = [area for _, area in areas] or [s.fence for s in sorties]
    frame = LocalFrame.around(shapely.GeometryCollection(shapes))
    return {
        "origin": [frame.centre_lon_deg, frame.centre_lat_deg],
        "cells": [
            {"code": code, "rings": _rings(frame, part)}
            for code, area in areas
            for part in shapely.get_parts(area).tolist()
        ],
        "zones": list(_zones(frame, airspace, shapely.GeometryCollection(shapes))),
        "sorties": [_sortie(frame, sortie, terrain) for sortie in sorties],
        "level": terrain is None,
        "overlap": None if overlap is None else _overlap(frame, overlap),
    }


def _zones(frame: LocalFrame, airspace: Airspace, drawn: BaseGeometry) -> Iterator[dict[str, Any]]:
    """Outlines of what to keep out of, part by part."""
    for name, shape in keep_outs(airspace, drawn, frame):
        for part in shapely.get_parts(shape).tolist():
            yield {"name": name, "rings": _local_rings(part)}


def _rings(frame: LocalFrame, area: Polygon) -> list[list[float]]:
    return _local_rings(frame.to_local(area))


def _local_rings(area: Polygon) -> list[list[float]]:
    return [_flat(np.asarray(ring.coords)[:, :2]) for ring in (area.exterior, *area.interiors)]


def _flat(points_m: Array) -> list[float]:
    """Points as x, y, x, y ... to a decimetre."""
    flat: list[float] = np.round(points_m, 1).ravel().tolist()
    return flat


def _sortie(frame: LocalFrame, sortie: Sortie, terrain: Terrain | None) -> dict[str, Any]:
    flown = list(legs(sortie.home, sortie.items))
    home = np.array([[sortie.home.lon_deg, sortie.home.lat_deg]])
    photos = np.array([(p.lon_deg, p.lat_deg) for p in sortie.photos]).reshape(-1, 2)
    return {
        "code": sortie.code,
        "cells": list(sortie.cell_codes),
        "drone": sortie.drone_key,
        "fence": _rings(frame, sortie.fence),
        "home": _flat(frame.xy_from_lonlat(home)),
        "rows": _flat(_ends(frame, [leg for leg in flown if leg.camera_on])),
        "ways": _flat(_ends(frame, [leg for leg in flown if not leg.camera_on])),
        "photos": _flat(frame.xy_from_lonlat(photos)) if len(photos) else [],
        "profile": _profile(frame, sortie, flown, terrain),
        "duration_s": sortie.duration_s,
        "distance_m": sortie.distance_m,
        "speed_m_s": sortie.speed_m_s,
        "height_m": sortie.height_home_m,
        "gsd_m": sortie.gsd_m,
        "battery": sortie.battery_share,
    }


def _ends(frame: LocalFrame, chosen: Sequence[Leg]) -> Array:
    """Both ends of each leg that leads over ground, (2 legs, 2) local metres."""
    ends = [
        end[:2] for leg in chosen if leg.start[:2] != leg.end[:2] for end in (leg.start, leg.end)
    ]
    return frame.xy_from_lonlat(np.array(ends)) if ends else np.zeros((0, 2))


def _profile(
    frame: LocalFrame, sortie: Sortie, flown: Sequence[Leg], terrain: Terrain | None
) -> dict[str, Any]:
    """Way flown, altitude and ground along it, place by place."""
    corners = np.array([flown[0].start, *(leg.end for leg in flown)])
    xy = frame.xy_from_lonlat(corners[:, :2])
    ends = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    along = np.unique(np.concatenate([np.linspace(0, ends[-1], _PROFILE_STEPS), ends]))
    places = np.column_stack([np.interp(along, ends, xy[:, axis]) for axis in (0, 1)])
    base = sortie.home.altitude_amsl_m
    ground = np.full(len(along), base)
    if terrain is not None:
        ground = terrain.altitudes_amsl_m(frame.lonlat_from_xy(places))
    return {
        "corners": np.round(np.column_stack([ends, base + corners[:, 2]]), 1).ravel().tolist(),
        "along": np.round(along, 1).tolist(),
        "ground": [round(g, 1) if np.isfinite(g) else None for g in ground.tolist()],
        "xy": _flat(places),
    }


def _overlap(frame: LocalFrame, overlap: OverlapMap) -> dict[str, Any]:
    bounds = frame.xy_from_lonlat(np.array(overlap.bounds_lonlat()))
    return {
        "png": "data:image/png;base64," + base64.b64encode(overlap_png(overlap)).decode("ascii"),
        "corners": _flat(bounds),
        "pixel_m": round(overlap.pixel_m, 2),
        "classes": [[low, "#{:02x}{:02x}{:02x}".format(*colour)] for low, colour in CLASSES],
        "area_share": _class_shares(overlap),
    }


def _class_shares(overlap: OverlapMap) -> list[float]:
    lows = np.array([low for low, _ in CLASSES])
    of = np.searchsorted(lows, overlap.counts[overlap.inside], side="right") - 1
    counts = np.bincount(of, minlength=len(lows))
    return [round(float(share), 5) for share in counts / counts.sum()]


def overlap_png(overlap: OverlapMap) -> bytes:
    """The map as a picture in the colours of `CLASSES`, transparent outside of the area."""
    lows = np.array([low for low, _ in CLASSES])
    colours = [channel for _, colour in CLASSES for channel in colour]
    indices = np.searchsorted(lows, overlap.counts, side="right").astype(np.uint8)
    indices[~overlap.inside] = 0
    image = Image.fromarray(indices)
    image.putpalette([255, 255, 255, *colours])
    out = io.BytesIO()
    image.save(out, format="PNG", transparency=0, optimize=True)
    return out.getvalue()
