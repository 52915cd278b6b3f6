"""EDGE: QGroundControl's `.plan` files.

Format: QGroundControl Developer Guide, "Plan File Format". Places are [latitude, longitude] there.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shapely import Point, Polygon

from geo.files import replacing
from geo.pose import GeoPoint
from missions.fence import circle, joined
from missions.mavlink_files import rally_place
from missions.model import AltitudeFrame, Command, MissionFile, MissionItem, Sortie
from missions.reading import checked_item, damage_told, fence_of, json_document, read_text

_ARDUPILOT = 3  # MAV_AUTOPILOT_ARDUPILOTMEGA
_QUADROTOR = 2  # MAV_TYPE_QUADROTOR
_PARAMS = 7  # of an item
_ABOVE_HOME = 1  # QGroundControlQmlGlobal::AltitudeModeRelative


def write_plan(path: Path, sortie: Sortie) -> None:
    """Write a sortie with its geofence, whole or not at all."""
    text = json.dumps(plan_document(sortie), indent=4, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def plan_document(sortie: Sortie) -> dict[str, Any]:
    """Make the content of a `.plan` file."""
    home = sortie.home
    return {
        "fileType": "Plan",
        "geoFence": {"circles": [], "polygons": _fence(sortie.fence), "version": 2},
        "groundStation": "QGroundControl",
        "mission": {
            "cruiseSpeed": sortie.speed_m_s,
            "firmwareType": _ARDUPILOT,
            "globalPlanAltitudeMode": _ABOVE_HOME,
            "hoverSpeed": sortie.speed_m_s,
            "items": [_item(item, number) for number, item in enumerate(sortie.items, 1)],
            "plannedHomePosition": [home.lat_deg, home.lon_deg, round(home.altitude_amsl_m, 2)],
            "vehicleType": _QUADROTOR,
            "version": 2,
        },
        "rallyPoints": {"points": [_rally(sortie)], "version": 2},
        "version": 1,
    }


def _rally(sortie: Sortie) -> list[float]:
    lon, lat, height_m = rally_place(sortie)
    return [lat, lon, height_m]


def _item(item: MissionItem, number: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "autoContinue": item.autocontinue,
        "command": int(item.command),
        "doJumpId": number,
        "frame": int(item.frame),
        "params": [*item.parameters, item.lat_deg, item.lon_deg, item.altitude_m],
        "type": "SimpleItem",
    }
    if item.command in (Command.NAV_TAKEOFF, Command.NAV_WAYPOINT):
        document["AMSLAltAboveTerrain"] = None
        document["Altitude"] = item.altitude_m
        document["AltitudeMode"] = _ABOVE_HOME
    return document


def _fence(fence: Polygon) -> list[dict[str, Any]]:
    """The outline as the polygon to stay in, each hole as one to stay out of."""
    rings = [(fence.exterior, True), *((ring, False) for ring in fence.interiors)]
    return [
        {
            "inclusion": inclusion,
            "polygon": [[lat, lon] for lon, lat in list(ring.coords)[:-1]],
            "version": 1,
        }
        for ring, inclusion in rings
    ]


def read_plan(path: Path) -> MissionFile:
    """Read a `.plan` file of any origin; surveys in it are read as the items they stand for.

    Raises:
        MissionError: the file is missing, no plan, or holds an item that cannot be read.
    """
    text = read_text(path, "a .plan file")
    document = json_document(path, text, "a .plan file", "fileType", "Plan")
    with damage_told(path, "plan"):
        return _mission_file(document)


def _mission_file(document: dict[str, Any]) -> MissionFile:
    mission = document["mission"]
    lat, lon, altitude = mission["plannedHomePosition"]
    items = tuple(_read_item(item) for item in _simple_items(mission["items"]))
    fence = _read_fence(document.get("geoFence", {}), Point(lon, lat))
    return MissionFile(GeoPoint(lon, lat, altitude or 0.0), items, fence)


def _simple_items(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Simple items in order; those of a survey lie in its TransectStyleComplexItem."""
    for item in items:
        if item["type"] == "SimpleItem":
            yield item
        else:
            yield from _simple_items(item["TransectStyleComplexItem"]["Items"])


def _read_item(item: dict[str, Any]) -> MissionItem:
    params = [0.0 if p is None else float(p) for p in item["params"]]
    if len(params) != _PARAMS:
        raise ValueError(f"item {item.get('doJumpId')} has {len(params)} params, not {_PARAMS}")
    p1, p2, p3, p4, lat, lon, altitude = params
    return checked_item(
        MissionItem(
            _known(item["command"], Command),
            _known(item["frame"], AltitudeFrame),
            (p1, p2, p3, p4),
            lon_deg=lon,
            lat_deg=lat,
            altitude_m=altitude,
            autocontinue=bool(item["autoContinue"]),
        )
    )


def _known(value: int, kind: type[Command] | type[AltitudeFrame]) -> int:
    """Give a number its name if we have one."""
    return kind(value) if value in list(kind) else int(value)


def _read_fence(fence: dict[str, Any], home: Point) -> Polygon | None:
    """Polygons and circles, to stay in and to keep out of."""
    shapes = [(p["inclusion"], fence_of([_ring(p["polygon"])])) for p in fence.get("polygons", [])]
    shapes += [(c["inclusion"], _circle(c)) for c in fence.get("circles", [])]
    if not shapes:
        return None
    stay_in, keep_out = ([s for stay, s in shapes if bool(stay) is kind] for kind in (True, False))
    return joined(stay_in, keep_out, home)


def _circle(document: dict[str, Any]) -> Polygon:
    lat, lon = document["circle"]["center"]
    return circle(lon, lat, document["circle"]["radius"], around=not document["inclusion"])


def _ring(places: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(place[1], place[0]) for place in places]
