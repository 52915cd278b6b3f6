"""EDGE: read DJI's way-line files without trusting them."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.model import MissionFile
from missions.reading import checked_item, read_bytes, reason
from missions.stops import Action, Do, Finish, Stop, Tour, items_of
from missions.wpml import FINISHES, KML, STOPPING, TEMPLATE, WAYLINES, WPML

MOST_ENTRIES = 200
MOST_UNPACKED_BYTES = 16 * 1024 * 1024
MOST_TAGS = 700_000  # elements take memory many times their length: 180 MB for so many
MOST_WAYPOINTS = 65_536
MOST_ACTIONS = 200_000
_NAMESPACES = ("http://www.dji.com/wpmz/", "http://www.uav.com/wpmz/")
_NAMES = {"wpml": WPML}
_ROUNDED = "coordinateTurn"
_ABOVE_HOME = "relativeToStartPoint"
_Trigger = tuple[int, int, float]


def read_wpml(path: Path) -> MissionFile:
    """Read the way-line of a DJI `.kmz`; it has no geofence.

    Raises:
        MissionError: the file is missing, damaged, suspiciously large, or holds heights that are
            not above the take-off.
    """
    members = _members(path)
    if WAYLINES not in members:
        raise MissionError(f"{path}: has no {WAYLINES}; export it from the remote as a way-line")
    try:
        home = _home(_parsed(path, members[TEMPLATE], TEMPLATE)) if TEMPLATE in members else None
        root = _parsed(path, members[WAYLINES], WAYLINES)
        items = tuple(map(checked_item, items_of(_tour(root), home)))
        return MissionFile(
            home,
            items,
            return_height_m=_return_height_m(root),
            corner_cut_m=_corner_cut_m(root),
            climbs_freely=True,
        )
    except (ValueError, OverflowError, AttributeError) as error:
        raise MissionError(
            f"{path}: the way-line is incomplete or damaged ({reason(error)})"
        ) from error


def _members(path: Path) -> dict[str, bytes]:
    """The two documents of an archive; other entries are not unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path))) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise MissionError(
                    f"{path}: {len(entries)} entries; a way-line has {MOST_ENTRIES} at most"
                )
            for entry in entries:
                _check_name(path, entry.filename)
            wanted = [entry for entry in entries if entry.filename in (TEMPLATE, WAYLINES)]
            return {entry.filename: _unpacked(path, archive, entry) for entry in wanted}
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        IndexError,
        OverflowError,
    ) as error:
        raise MissionError(
            f"{path}: not a .kmz archive that can be read ({reason(error)})"
        ) from error


def _check_name(path: Path, name: str) -> None:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts or "\\" in name or ":" in name:
        raise MissionError(f"{path}: entry {name[:80]!r} leads out of the archive; do not use it")


def _unpacked(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise MissionError(f"{path}: {entry.filename} is packed in an unusual way; pack it anew")
    with archive.open(entry) as member:
        content = member.read(MOST_UNPACKED_BYTES + 1)
    if len(content) > MOST_UNPACKED_BYTES:
        raise MissionError(
            f"{path}: {entry.filename} unpacks to more than {MOST_UNPACKED_BYTES / 1e6:.0f} MB; no "
            "way-line is that long"
        )
    return content


def _parsed(path: Path, content: bytes, name: str) -> Element:
    """Parse XML without entities; any version of the DJI namespace becomes ours."""
    try:
        text = content.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise MissionError(f"{path}: {name} defines entities of its own; it is not trusted")
        tags = text.count("<")
        if tags > MOST_TAGS:
            raise MissionError(f"{path}: {name} has {tags} tags; {MOST_TAGS} at most are read")
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise MissionError(f"{path}: {name} is not XML ({error})") from error
    for element in root.iter():
        element.tag = _known_tag(str(element.tag))
    return root


def _known_tag(tag: str) -> str:
    namespace, _, name = tag.rpartition("}")
    if namespace == "{" + KML:
        return name
    return f"{{{WPML}}}{name}" if namespace[1:].startswith(_NAMESPACES) else name


def _home(template: Element) -> GeoPoint | None:
    text = template.findtext("Document/wpml:missionConfig/wpml:takeOffRefPoint", None, _NAMES)
    if text is None:
        return None
    lat, lon, altitude = map(float, text.split(","))
    return GeoPoint(lon, lat, altitude)


def _return_height_m(root: Element) -> float | None:
    """The height that the file sets for the return; ValueError for one that is none."""
    text = root.findtext("Document/wpml:missionConfig/wpml:globalRTHHeight", None, _NAMES)
    if text is None:
        return None
    if not 0 <= float(text) < math.inf:
        raise ValueError(f"globalRTHHeight is {text.strip()}")
    return float(text)


def _tour(root: Element) -> Tour:
    folders = root.findall("Document/Folder")
    if len(folders) != 1:
        raise ValueError(f"{len(folders)} way-lines; one is read, so export each in a file")
    (folder,) = folders
    mode = _value(folder, "executeHeightMode")
    if mode != _ABOVE_HOME:
        raise ValueError(
            f"heights are {mode}; only {_ABOVE_HOME} is read, because other heights need a geoid "
            "or live terrain"
        )
    marks = folder.findall("Placemark")
    if not 0 < len(marks) <= MOST_WAYPOINTS:
        raise ValueError(f"{len(marks)} way-points; 1 to {MOST_WAYPOINTS} are read")
    if sum(1 for _ in folder.iter(f"{{{WPML}}}action")) > MOST_ACTIONS:
        raise ValueError(f"more than {MOST_ACTIONS} actions")
    speed = float(_value(folder, "autoFlightSpeed"))
    triggers = [found for mark in marks for found in _triggers(mark)]
    spacings = _spacings(triggers, len(marks))
    stops = [_stop(mark, number, speed, spacings[number]) for number, mark in enumerate(marks)]
    finish = root.findtext("Document/wpml:missionConfig/wpml:finishAction", "noAction", _NAMES)
    by_name = {name: end for end, name in FINISHES.items()}
    return Tour(tuple(stops), by_name.get(finish.strip(), Finish.STAY))


def _corner_cut_m(root: Element) -> float:
    """How far before a place the path may bend; inf for curves that follow no straight line."""
    return max(map(_cut_m, root.iterfind("Document/Folder/Placemark", _NAMES)), default=0.0)


def _cut_m(mark: Element) -> float:
    turn = mark.find("wpml:waypointTurnParam", _NAMES)
    if turn is None:
        return 0.0
    mode = turn.findtext("wpml:waypointTurnMode", "", _NAMES).strip()
    straight = mark.findtext("wpml:useStraightLine", "0", _NAMES).strip() == "1"
    if mode == STOPPING:
        return 0.0
    if mode != _ROUNDED and not straight:
        return math.inf
    damping = abs(float(turn.findtext("wpml:waypointTurnDampingDist", "0", _NAMES)))
    return damping if math.isfinite(damping) else math.inf


def _value(element: Element, name: str) -> str:
    text = element.findtext(f"wpml:{name}", None, _NAMES)
    if text is None:
        raise ValueError(f"no {name} in {element.tag}")
    return text.strip()


def _stop(mark: Element, number: int, speed_m_s: float, spacing_m: float) -> Stop:
    place = mark.findtext("Point/coordinates", "", _NAMES).strip().split(",")
    if len(place) < 2:
        raise ValueError(f"way-point {number} has no place")
    lon, lat = float(place[0]), float(place[1])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"way-point {number} at ({lon:g}, {lat:g}): longitude comes first")
    if int(_value(mark, "index")) != number:
        raise ValueError(f"way-point {number} has index {_value(mark, 'index')}")
    own = mark.findtext("wpml:waypointSpeed", None, _NAMES)
    mode = mark.findtext("wpml:waypointHeadingParam/wpml:waypointHeadingMode", None, _NAMES)
    angle = mark.findtext("wpml:waypointHeadingParam/wpml:waypointHeadingAngle", None, _NAMES)
    kept = mode == "smoothTransition" and angle is not None
    return Stop(
        lon,
        lat,
        float(_value(mark, "executeHeight")),
        float(angle or 0) % 360 if kept else None,
        speed_m_s if own is None else float(own),
        spacing_m,
        tuple(_actions(mark)),
    )


def _groups(mark: Element) -> Iterator[tuple[str, Element]]:
    for group in mark.findall("wpml:actionGroup", _NAMES):
        kind = group.findtext("wpml:actionTrigger/wpml:actionTriggerType", "", _NAMES)
        yield kind.strip(), group


def _triggers(mark: Element) -> Iterator[_Trigger]:
    """First and last place and spacing of photos taken by distance."""
    for kind, group in _groups(mark):
        if kind == "multipleDistance":
            spacing = group.findtext("wpml:actionTrigger/wpml:actionTriggerParam", "", _NAMES)
            first = int(_value(group, "actionGroupStartIndex"))
            yield first, int(_value(group, "actionGroupEndIndex")), float(spacing)


def _spacings(triggers: Sequence[_Trigger], count: int) -> list[float]:
    """Spacing of photos on the way onward from each place."""
    spacings = [0.0] * count
    for first, last, spacing in triggers:
        if not 0 <= first <= last <= count or not spacing > 0:
            raise ValueError(f"photos each {spacing:g} m from way-point {first} to {last}")
        for number in range(first, min(last, count)):
            spacings[number] = spacing
    return spacings


def _actions(mark: Element) -> Iterator[Action]:
    for kind, group in _groups(mark):
        if kind == "reachPoint":
            for element in group.findall("wpml:action", _NAMES):
                yield from _action(element)


def _action(element: Element) -> Iterator[Action]:
    """What is done, where it matters to a mission; other actions are passed over."""
    done = _value(element, "actionActuatorFunc")
    values = element.find("wpml:actionActuatorFuncParam", _NAMES)
    if done == "takePhoto":
        yield Action(Do.PHOTO)
    elif values is None:
        return
    elif done == "hover":
        yield Action(Do.HOVER_S, float(_value(values, "hoverTime")))
    elif done == "rotateYaw":
        yield Action(Do.TURN_DEG, float(_value(values, "aircraftHeading")) % 360)
    elif (
        done == "gimbalRotate"
        and values.findtext("wpml:gimbalPitchRotateEnable", None, _NAMES) == "1"
    ):
        yield Action(Do.TILT_DEG, float(_value(values, "gimbalPitchRotateAngle")))
