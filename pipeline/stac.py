"""EDGE: tell other programs of a patrol and its photos as STAC 1.1 items.

A catalogue, one item for the patrol, one for each photo that knows when and where it was taken, for
each case with its pictures, and for the orthophoto that the patrol was given; links between the
files are relative. Core fields only, so that it is checked without any network.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from shapely import Point
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from cases.model import Case
from geo.footprint import footprint
from geo.frames import LocalFrame
from geo.raster import read_outline
from geo.terrain import Terrain
from pipeline.workspace import write_json
from vision.model import Frame

VERSION = "1.1.0"
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff"}
_MAP = "image/tiff; application=geotiff"
_CASE_PICTURES = {
    "crop": (".jpg", "image/jpeg", "as the photo shows it"),
    "map": (".tif", f"{_MAP}; profile=cloud-optimized", "with relief taken out, as a map"),
}
_UNKNOWN_START = datetime(1970, 1, 1, tzinfo=UTC)
"""STAC wants both ends of a span of time; of an orthophoto's first one nothing is known."""


@dataclass(frozen=True, slots=True)
class CasePictures:
    """A case, the photo of the patrol that shows it best, and what was cut out of that."""

    case: Case
    photo_id: str
    files: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Flown:
    """A patrol as the catalogue tells it.

    Attributes:
        photos: folder of the photos.
        products: files of the report by what they are, relative to its folder.
        cases: those that have pictures; their files lie in `crops` beside the catalogue.
        ortho: the orthophoto that the patrol was given.
    """

    patrol_id: str
    frames: Sequence[Frame]
    photos: Path
    terrain: Terrain
    local: LocalFrame
    model_sha256: str
    products: dict[str, Path]
    cases: Sequence[CasePictures] = ()
    ortho: Path | None = None


def write_stac(folder: Path, final: Path, flown: Flown) -> int:
    """Write the catalogue into a folder that will be at `final`; returns how many photos it has."""
    items = photo_items(flown, final / "photos")
    if not items:
        return 0
    for item in items:
        write_json(folder / "photos" / f"{item['id']}.json", item)
    write_json(folder / "patrol.json", _patrol_item(items, flown))
    names = ["patrol.json", *(f"photos/{item['id']}.json" for item in items)]
    told = {item["properties"]["aerogrid:photo_id"]: item for item in items}
    for pictured in flown.cases:
        name = f"cases/{pictured.case.case_no}.json"
        write_json(folder / name, _case_item(pictured, told.get(pictured.photo_id), flown))
        names.append(name)
    if flown.ortho is not None:
        write_json(folder / "orthophoto.json", _ortho_item(flown.ortho, final, flown))
        names.append("orthophoto.json")
    write_json(folder / "catalog.json", _catalog(flown, names, len(items)))
    return len(items)


def photo_items(flown: Flown, folder: Path) -> list[dict[str, Any]]:
    """An item for each photo with time and place, for a file that will be in a folder."""
    return [
        _photo_item(frame, place, frame.taken_at, folder, flown)
        for frame in flown.frames
        if frame.taken_at is not None and (place := _place(frame, flown)) is not None
    ]


def _place(frame: Frame, flown: Flown) -> BaseGeometry | None:
    """Ground that a photo shows, or where it was taken from; None where neither is known."""
    if frame.placement is not None:
        return frame.placement.outline(frame.width_px, frame.height_px)
    if frame.pose is None:
        return None
    if frame.camera is not None:
        outline = footprint(frame.camera, frame.pose, flown.terrain, flown.local)
        if outline is not None:
            return outline
    return Point(frame.pose.position.lon_deg, frame.pose.position.lat_deg)


def _photo_item(
    frame: Frame, place: BaseGeometry, taken_at: datetime, folder: Path, flown: Flown
) -> dict[str, Any]:
    href = os.path.relpath(flown.photos / frame.path, folder).replace(os.sep, "/")
    properties: dict[str, Any] = {
        "datetime": _utc(taken_at),
        "aerogrid:patrol": flown.patrol_id,
        "aerogrid:photo_id": frame.photo_id,
        "aerogrid:remarks": list(frame.reasons),
    }
    if frame.gsd_m is not None:
        properties["gsd"] = round(frame.gsd_m, 4)
    if frame.pose is not None:
        attitude = frame.pose.attitude
        properties["aerogrid:pose_source"] = frame.pose.source
        properties["aerogrid:altitude_amsl_m"] = frame.pose.position.altitude_amsl_m
        properties["aerogrid:yaw_pitch_roll_deg"] = [
            attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg,
        ]  # fmt: skip
    asset = {
        "href": href,
        "type": _TYPES.get(Path(frame.path).suffix.lower(), "application/octet-stream"),
        "roles": ["data"],
        "aerogrid:sha256": frame.sha256,
    }
    return _item(item_name(frame.photo_id), place, properties, {"photo": asset}, up="../")


def item_name(text: str) -> str:
    """A name for a file, as RFC 6901 writes one: another for each text.

    >>> item_name("flight/DJI_0001~2")
    'flight~1DJI_0001~02'
    """
    return text.replace("~", "~0").replace("/", "~1")


def _case_item(
    pictured: CasePictures, photo: dict[str, Any] | None, flown: Flown
) -> dict[str, Any]:
    """A case as the patrol shows it; with a link to its photo where that has an item."""
    case = pictured.case
    seen = {"start_datetime": _utc(case.first_seen), "end_datetime": _utc(case.last_seen)}
    taken = None if photo is None else photo["properties"]["datetime"]
    properties = {
        **({"datetime": None, **seen} if taken is None else {"datetime": taken}),
        "aerogrid:patrol": flown.patrol_id,
        "aerogrid:photo_id": pictured.photo_id,
        "aerogrid:case_no": case.case_no,
        "aerogrid:category": case.category,
        "aerogrid:class": case.class_name,
        "aerogrid:sigma_m": case.sigma_m,
    }
    suffixes = {path.suffix for path in pictured.files}
    assets = {
        name: {"href": f"../../crops/{case.case_no}{suffix}", "type": kind, "title": title,
               "roles": ["visual"]}
        for name, (suffix, kind, title) in _CASE_PICTURES.items() if suffix in suffixes
    }  # fmt: skip
    item = _item(case.case_no, case.polygon, properties, assets, up="../")
    if photo is not None:
        href = f"../photos/{photo['id']}.json"
        item["links"].append({"rel": "derived_from", "href": href, "type": "application/geo+json"})
    return item


def _ortho_item(ortho: Path, folder: Path, flown: Flown) -> dict[str, Any]:
    """An orthophoto; when it was taken nobody told, only that its file was written after."""
    place, gsd_m = read_outline(ortho)
    written = datetime.fromtimestamp(int(ortho.stat().st_mtime), UTC)
    properties = {
        "datetime": None,
        "start_datetime": _utc(_UNKNOWN_START),
        "end_datetime": _utc(written),
        "description": "Orthophoto that the patrol was given. When it was taken is not known, "
        "only that it was before its file was written (end_datetime).",
        "gsd": round(gsd_m, 4),
        "aerogrid:patrol": flown.patrol_id,
    }
    href = os.path.relpath(ortho, folder).replace(os.sep, "/")
    asset = {"href": href, "type": _MAP, "roles": ["data", "visual"]}
    name = f"{item_name(flown.patrol_id)}-orthophoto"
    return _item(name, place, properties, {"orthophoto": asset}, up="./")


def _patrol_item(items: Sequence[dict[str, Any]], flown: Flown) -> dict[str, Any]:
    place = shapely.union_all([shapely.geometry.shape(item["geometry"]) for item in items])
    if place.geom_type == "GeometryCollection":  # areas and bare places: no shape of an item
        place = place.convex_hull
    times = sorted(item["properties"]["datetime"] for item in items)
    properties = {
        "datetime": times[0],
        "start_datetime": times[0],
        "end_datetime": times[-1],
        "aerogrid:photos": len(items),
        "aerogrid:model_sha256": flown.model_sha256,
    }
    assets = {
        name: {"href": f"../{path.as_posix()}", "roles": ["metadata"]}
        for name, path in flown.products.items()
    }
    return _item(flown.patrol_id, place, properties, assets, up="./")


def _item(
    name: str, place: BaseGeometry, properties: dict[str, Any], assets: dict[str, Any], *, up: str
) -> dict[str, Any]:
    links = [
        {"rel": rel, "href": f"{up}catalog.json", "type": "application/json"}
        for rel in ("root", "parent")
    ]
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": name,
        "geometry": dict(mapping(place)),
        "bbox": list(place.bounds),
        "properties": properties,
        "links": links,
        "assets": assets,
    }


def _catalog(flown: Flown, names: Iterable[str], photos: int) -> dict[str, Any]:
    left_out = len(flown.frames) - photos
    without = f"; {left_out} photos without time or place are left out" if left_out else ""
    items = [{"rel": "item", "href": f"./{name}", "type": "application/geo+json"} for name in names]
    root = {"rel": "root", "href": "./catalog.json", "type": "application/json"}
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": f"aerogrid-{flown.patrol_id}",
        "description": f"Patrol {flown.patrol_id}: {photos} photos{without}",
        "links": [root, *items],
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
