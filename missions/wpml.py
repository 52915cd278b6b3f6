"""EDGE: DJI's way-line files, a `.kmz` with `wpmz/template.kml` and `wpmz/waylines.wpml`.

Format: DJI Cloud API, "DJI WPML" (overview, template.kml, waylines.wpml, common elements); numbers
of aircraft and cameras: DJI Cloud API, "Product Support". Reading is in wpml_read.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from geo.files import replacing
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.model import Drone, Sortie
from missions.parts import parts
from missions.stops import Action, Do, Finish, Stop, Tour, flight_tour

KML = "http://www.opengis.net/kml/2.2"
WPML = "http://www.dji.com/wpmz/1.0.2"
TEMPLATE, WAYLINES = "wpmz/template.kml", "wpmz/waylines.wpml"
FINISHES = {Finish.RETURN: "goHome", Finish.LAND: "autoLand", Finish.STAY: "noAction"}
SLOWEST_M_S, FASTEST_M_S = 1.0, 15.0  # range of waypointSpeed

# droneEnumValue, droneSubEnumValue, payloadEnumValue. The Mini 4 Pro is no aircraft of the Cloud
# API; 68 without payload is what DJI Fly itself writes for it.
_MODELS: dict[str, tuple[int, int, int | None]] = {
    "dji-m3e": (77, 0, 66),
    "dji-m3t": (77, 1, 67),
    "dji-m30t": (67, 1, 53),
    "dji-m350-p1": (89, 0, 50),
    "dji-mini4pro": (68, 0, None),
}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENDS = 2  # take-off and return count, too
_LEAST_TAKE_OFF_M, _MOST_TAKE_OFF_M = 8.0, 100.0
_LEAST_RETURN_M = 2.0  # range of globalRTHHeight


def write_wpml(
    path: Path, sortie: Sortie, drone: Drone, *, most_waypoints: int | None = None
) -> tuple[Path, ...]:
    """Write a sortie, as several files where it has too many way-points for one.

    Args:
        path: ends in .kmz; of several files, the first is `NAME-1of3.kmz`.
        sortie: to be flown by a DJI aircraft.
        drone: that flies it.
        most_waypoints: of one file; what the drone's `waypoint_limit` leaves beside
            take-off and return if None.

    Returns:
        The files in the order of flying.

    Raises:
        MissionError: not a DJI aircraft, or a mission that the format has no words for.
    """
    if drone.key not in _MODELS:
        raise MissionError(
            f"{drone.name} flies no DJI way-lines; these do: {', '.join(_MODELS)}. Write .plan or "
            ".waypoints"
        )
    whole = flight_tour(sortie)
    most = drone.waypoint_limit - _ENDS if most_waypoints is None else most_waypoints
    found = parts(whole, most, sortie.home, sortie.fence)
    paths = part_paths(path, len(found))
    around = Frame(sortie.home, drone.key, _return_height_m(sortie, drone))
    for name, part in zip(paths, found, strict=True):
        _write(name, part, around)
    return paths


def _return_height_m(sortie: Sortie, drone: Drone) -> float:
    """To which the aircraft climbs before it returns: as the sortie is checked with."""
    own = sortie.return_height_m
    return max(_LEAST_RETURN_M, drone.autopilot.return_height_m if own is None else own)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a file says of a flight beside its places.

    Attributes:
        return_height_m: above home (globalRTHHeight).
    """

    home: GeoPoint
    drone_key: str
    return_height_m: float


def part_paths(path: Path, count: int) -> tuple[Path, ...]:
    """Names of the files of a mission in parts.

    >>> [str(p) for p in part_paths(Path("a.kmz"), 2)]
    ['a-1of2.kmz', 'a-2of2.kmz']
    """
    if count == 1:
        return (path,)
    return tuple(
        path.with_name(f"{path.stem}-{number}of{count}{path.suffix}")
        for number in range(1, count + 1)
    )


def _write(path: Path, part: Tour, around: Frame) -> None:
    contents = {
        TEMPLATE: template_document(part, around),
        WAYLINES: waylines_document(part, around),
    }
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, root in contents.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _xml(root))


def _xml(root: Element) -> bytes:
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _kml() -> tuple[Element, Element]:
    root = Element("kml", {"xmlns": KML, "xmlns:wpml": WPML})
    return root, SubElement(root, "Document")


def _say(parent: Element, **values: str | float) -> None:
    """Add elements of the wpml namespace, in their order."""
    for name, value in values.items():
        SubElement(parent, f"wpml:{name}").text = value if isinstance(value, str) else _text(value)


def _text(value: float) -> str:
    """Shortest text of a number, without an exponent.

    >>> _text(100.0), _text(18.75), _text(1e-7)
    ('100', '18.75', '0.0000001')
    """
    return f"{value:.8f}".rstrip("0").rstrip(".")


def _mission_config(document: Element, part: Tour, around: Frame) -> Element:
    kind, version, payload = _MODELS[around.drone_key]
    config = SubElement(document, "wpml:missionConfig")
    first = part.stops[0].height_home_m
    _say(
        config,
        flyToWaylineMode="safely",
        finishAction=FINISHES[part.finish],
        exitOnRCLost="executeLostAction",
        executeRCLostAction="goBack",
        takeOffSecurityHeight=min(max(first, _LEAST_TAKE_OFF_M), _MOST_TAKE_OFF_M),
        globalTransitionalSpeed=_speed(part.stops[0].speed_m_s),
        globalRTHHeight=around.return_height_m,
    )
    drone = SubElement(config, "wpml:droneInfo")
    _say(drone, droneEnumValue=kind, droneSubEnumValue=version)
    if payload is not None:
        camera = SubElement(config, "wpml:payloadInfo")
        _say(camera, payloadEnumValue=payload, payloadSubEnumValue=0, payloadPositionIndex=0)
    return config


def template_document(part: Tour, around: Frame) -> Element:
    """Make the content of `template.kml`: what the remote shows and lets people edit."""
    root, document = _kml()
    _say(document, author="aerogrid")
    config, home = _mission_config(document, part, around), around.home
    place = f"{home.lat_deg:.8f},{home.lon_deg:.8f},{home.altitude_amsl_m:.2f}"
    after = [child.tag for child in config].index("wpml:takeOffSecurityHeight") + 1
    reference = Element("wpml:takeOffRefPoint")
    reference.text = place
    config.insert(after, reference)
    folder = SubElement(document, "Folder")
    _say(folder, templateType="waypoint", templateId=0)
    system = SubElement(folder, "wpml:waylineCoordinateSysParam")
    _say(system, coordinateMode="WGS84", heightMode="relativeToStartPoint", positioningType="GPS")
    _say(folder, autoFlightSpeed=_speed(part.stops[0].speed_m_s), gimbalPitchMode="manual")
    _say(folder, globalHeight=part.stops[0].height_home_m)
    _heading(folder, "globalWaypointHeadingParam", None)
    _say(folder, globalWaypointTurnMode=STOPPING, globalUseStraightLine=1)
    for number, (stop, kept) in enumerate(_with_headings(part.stops)):
        mark = _placemark(folder, number, stop)
        _say(mark, ellipsoidHeight=stop.height_home_m, height=stop.height_home_m)
        _say(mark, useGlobalHeight=0, useGlobalSpeed=0, useGlobalHeadingParam=0)
        _say(mark, useGlobalTurnParam=1, waypointSpeed=_speed(stop.speed_m_s))
        _heading(mark, "waypointHeadingParam", kept)
        _actions(mark, number, stop)
    return root


def waylines_document(part: Tour, around: Frame) -> Element:
    """Make the content of `waylines.wpml`: what the aircraft flies."""
    root, document = _kml()
    _mission_config(document, part, around)
    folder = SubElement(document, "Folder")
    _say(folder, templateId=0, executeHeightMode="relativeToStartPoint", waylineId=0)
    _say(folder, autoFlightSpeed=_speed(part.stops[0].speed_m_s))
    for number, (stop, kept) in enumerate(_with_headings(part.stops)):
        mark = _placemark(folder, number, stop)
        _say(mark, executeHeight=stop.height_home_m, waypointSpeed=_speed(stop.speed_m_s))
        _heading(mark, "waypointHeadingParam", kept)
        turn = SubElement(mark, "wpml:waypointTurnParam")
        _say(turn, waypointTurnMode=STOPPING, waypointTurnDampingDist=0)
        _say(mark, useStraightLine=1)
        _actions(mark, number, stop)
    return root


_PHOTO: dict[str, str | float] = {
    "payloadPositionIndex": 0,
    "fileSuffix": "aerogrid",
    "payloadLensIndex": "visable",  # spelled so in the format
    "useGlobalPayloadLensIndex": 0,
}
STOPPING = "toPointAndStopWithDiscontinuityCurvature"


def _placemark(folder: Element, number: int, stop: Stop) -> Element:
    mark = SubElement(folder, "Placemark")
    point = SubElement(SubElement(mark, "Point"), "coordinates")
    point.text = f"{stop.lon_deg:.8f},{stop.lat_deg:.8f}"
    _say(mark, index=number)
    return mark


def _speed(speed_m_s: float) -> float:
    return min(max(speed_m_s, SLOWEST_M_S), FASTEST_M_S)


def _with_headings(stops: Sequence[Stop]) -> Iterator[tuple[Stop, float | None]]:
    """Each place with the heading that the nose must keep there; None along the way.

    Where the camera looks across the flight, headings are given at both ends of a run. Then all
    places say theirs, the last one again where none is given.
    """
    kept = any(
        stop.photo_spacing_m > 0 and stop.heading_deg is not None and after.heading_deg is not None
        for stop, after in pairwise(stops)
    )
    heading = next((stop.heading_deg for stop in stops if stop.heading_deg is not None), None)
    for stop in stops:
        heading = heading if stop.heading_deg is None else stop.heading_deg
        yield stop, heading if kept else None


def _heading(parent: Element, name: str, kept_deg: float | None) -> None:
    param = SubElement(parent, f"wpml:{name}")
    if kept_deg is None:
        _say(param, waypointHeadingMode="followWayline", waypointHeadingAngle=0)
    else:
        angle = signed_deg(kept_deg)
        _say(param, waypointHeadingMode="smoothTransition", waypointHeadingAngle=angle)
    _say(param, waypointHeadingPathMode="followBadArc")


def signed_deg(heading_deg: float) -> float:
    """A heading in (-180, 180].

    >>> signed_deg(270.0)
    -90.0
    """
    return heading_deg - 360 * (heading_deg > 180)


def _actions(mark: Element, number: int, stop: Stop) -> None:
    """The actions of a place as one group, photos on the way onward as a second."""
    if stop.actions:
        group = _group(mark, 2 * number, number, number, "reachPoint")
        for index, action in enumerate(stop.actions):
            _action(group, index, action)
    if stop.photo_spacing_m > 0:
        group = _group(
            mark, 2 * number + 1, number, number + 1, "multipleDistance", stop.photo_spacing_m
        )
        _action(group, 0, Action(Do.PHOTO))


def _group(
    mark: Element, identity: int, first: int, last: int, kind: str, value: float | None = None
) -> Element:
    group = SubElement(mark, "wpml:actionGroup")
    _say(group, actionGroupId=identity, actionGroupStartIndex=first, actionGroupEndIndex=last)
    _say(group, actionGroupMode="sequence")
    trigger = SubElement(group, "wpml:actionTrigger")
    _say(trigger, actionTriggerType=kind)
    if value is not None:
        _say(trigger, actionTriggerParam=value)
    return group


def _action(group: Element, index: int, action: Action) -> None:
    element = SubElement(group, "wpml:action")
    _say(element, actionId=index)
    if action.what is Do.PHOTO:
        _say(element, actionActuatorFunc="takePhoto")
        values: dict[str, str | float] = dict(_PHOTO)
    elif action.what is Do.HOVER_S:
        _say(element, actionActuatorFunc="hover")
        values = {"hoverTime": action.value}
    elif action.what is Do.TURN_DEG:
        _say(element, actionActuatorFunc="rotateYaw")
        values = {
            "aircraftHeading": signed_deg(action.value),
            "aircraftPathMode": "counterClockwise" if action.value > 180 else "clockwise",
        }
    else:
        _say(element, actionActuatorFunc="gimbalRotate")
        values = _gimbal(action.value)
    _say(SubElement(element, "wpml:actionActuatorFuncParam"), **values)


def _gimbal(pitch_deg: float) -> dict[str, str | float]:
    return {
        "gimbalHeadingYawBase": "north",
        "gimbalRotateMode": "absoluteAngle",
        "gimbalPitchRotateEnable": 1,
        "gimbalPitchRotateAngle": pitch_deg,
        "gimbalRollRotateEnable": 0,
        "gimbalRollRotateAngle": 0,
        "gimbalYawRotateEnable": 0,
        "gimbalYawRotateAngle": 0,
        "gimbalRotateTimeEnable": 0,
        "gimbalRotateTime": 0,
        "payloadPositionIndex": 0,
    }
