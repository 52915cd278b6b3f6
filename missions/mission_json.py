"""EDGE: our own `mission.json`, which holds everything about a sortie."""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict
from pathlib import Path
from typing import Any

from shapely import Polygon
from shapely.geometry import mapping

from geo.files import replacing
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.model import AltitudeFrame, Command, MissionItem, Photo, Sortie
from missions.reading import checked_item, damage_told, decoded, fence_of, json_document, read_bytes

FORMAT = "aerogrid sortie"
VERSION = 1
_KINDS: dict[str, type] = {
    "code": str,
    "drone_key": str,
    "speed_limit": str,
    "fence": Polygon,
    **dict.fromkeys(
        (
            "speed_m_s",
            "height_home_m",
            "gsd_m",
            "distance_m",
            "duration_s",
            "wind_m_s",
            "energy_wh",
            "battery_share",
        ),
        float,
    ),
}


def write_sortie(path: Path, sortie: Sortie) -> None:
    """Write a sortie, whole or not at all."""
    text = json.dumps(sortie_document(sortie), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def sortie_document(sortie: Sortie) -> dict[str, Any]:
    """Make the content of a `mission.json`."""
    document = {name: getattr(sortie, name) for name in Sortie.__dataclass_fields__}
    document["home"] = asdict(sortie.home)
    document["items"] = [asdict(item) for item in sortie.items]
    document["fence"] = mapping(sortie.fence)
    document["photos"] = [asdict(photo) for photo in sortie.photos]
    return {"format": FORMAT, "version": VERSION, **document}


def read_sortie(path: Path) -> Sortie:
    """Read what `write_sortie` wrote; MissionError where that cannot be done."""
    return parse_sortie(path, read_bytes(path))


def parse_sortie(path: Path, data: bytes) -> Sortie:
    """Make a sortie of a file's bytes, for who must know that these are what it judges or flies.

    Args:
        path: to name in errors; not read.
        data: of the whole file.
    """
    text = decoded(path, data, "a mission.json")
    document = json_document(path, text, "a mission.json", "format", FORMAT)
    if document.get("version") != VERSION:
        raise MissionError(
            f"{path}: version {document.get('version')} is not known; plan the sortie again"
        )
    with damage_told(path, "mission"):
        return sortie_from_document(document)


def sortie_from_document(document: Mapping[str, Any]) -> Sortie:
    """Make a sortie of the content of a `mission.json`."""
    fields = {
        name: document[name]
        for name, field in Sortie.__dataclass_fields__.items()
        if name in document or field.default is MISSING
    }
    fields["cell_codes"] = tuple(fields["cell_codes"])
    fields["home"] = GeoPoint(**fields["home"])
    fields["items"] = tuple(_item(item) for item in fields["items"])
    fields["fence"] = _fence(fields["fence"])
    fields["photos"] = tuple(_photo(photo) for photo in fields["photos"])
    for name, kind in _KINDS.items():
        if name not in fields:
            continue
        if kind is float and not math.isfinite(fields[name]):
            raise ValueError(f"{name} is {fields[name]}")
        if not isinstance(fields[name], (int, float) if kind is float else kind):
            raise TypeError(f"{name} is {fields[name]!r}")
    for name in ("ceiling_home_m", "return_height_m"):
        if fields.get(name) is not None and not math.isfinite(fields[name]):
            raise ValueError(f"{name} is {fields[name]}")
    return Sortie(**fields)


def _fence(document: Mapping[str, Any]) -> Polygon:
    if document["type"] != "Polygon":
        raise ValueError(f"the fence is a {document['type']}; it must be a Polygon")
    return fence_of(document["coordinates"])


def _photo(document: Mapping[str, Any]) -> Photo:
    photo = Photo(**document)
    if not all(math.isfinite(value) for value in document.values()):
        raise ValueError(f"a photo with {document}")
    return photo


def _item(document: Mapping[str, Any]) -> MissionItem:
    command, frame = document["command"], document["frame"]
    return checked_item(
        MissionItem(
            **{
                **document,
                "command": Command(command) if command in list(Command) else int(command),
                "frame": AltitudeFrame(frame) if frame in list(AltitudeFrame) else int(frame),
                "parameters": tuple(map(float, document["parameters"])),
            }
        )
    )
