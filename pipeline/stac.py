"""EDGE: tell other programs of a patrol and its photos as STAC 1.1 items.

A catalogue, one item for the patrol and one for each photo that knows when and where it was taken;
links between the files are relative. Core fields only, so that it is checked without any network.
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

from geo.footprint import footprint
from geo.frames import LocalFrame
from geo.terrain import Terrain
from pipeline.workspace import write_json
from vision.model import Frame

VERSION = "1.1.0"
_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff"}


@dataclass(frozen=True, slots=True)
class Flown:
    """A patrol as the catalogue tells it.

    Attributes:
        photos: folder of the photos.
        products: files of the report by what they are, relative to its folder.
    """

    patrol_id: str
    frames: Sequence[Frame]
    photos: Path
    terrain: Terrain
    local: LocalFrame
    model_sha256: str
    products: dict[str, Path]


def write_stac(folder: Path, final: Path, flown: Flown) -> int:
    """Write the catalogue into a folder that will be at `final`; returns how many photos it has."""
    items = photo_items(flown, final / "photos")
    if not items:
        return 0
    for item in items:
        write_json(folder / "photos" / f"{item['id']}.json", item)
    write_json(folder / "patrol.json", _patrol_item(items, flown))
    names = ["patrol.json", *(f"photos/{item['id']}.json" for item in items)]
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
    name = frame.photo_id.replace("~", "~0").replace("/", "~1")  # as RFC 6901 does: one for each
    return _item(name, place, properties, {"photo": asset}, up="../")


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
