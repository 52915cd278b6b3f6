"""EDGE: which mission did a ground station send to the vehicle, by the recording of a flight."""

from pathlib import Path

from shapely import Polygon

from flight.errors import LogError
from flight.log import read_messages
from flight.protocol import FENCE, MISSION, Message, item_from_message
from geo.pose import GeoPoint
from missions.errors import MissionError
from missions.mavlink_files import fence_of
from missions.model import MissionFile, MissionItem

_ITEM, _COUNT = "MISSION_ITEM_INT", "MISSION_COUNT"
_LEAST_GROUND = 250  # MAVLink keeps 1 to 249 for vehicles; ground stations count down from 255


def read_uploaded(path: Path) -> MissionFile:
    """Read the mission, and the fence if one was sent, that a recording shows being uploaded.

    Raises:
        LogError: the file cannot be read or shows no upload of a mission.
    """
    sent: dict[int, dict[int, MissionItem]] = {MISSION: {}, FENCE: {}}
    for message in read_messages(path):
        kind = message.get_type()
        if kind not in (_ITEM, _COUNT) or not _is_from_ground(message):
            continue
        items = sent.get(message.mission_type)
        if items is None:
            continue
        if kind == _COUNT:
            items.clear()
        else:
            items[message.seq] = item_from_message(message)
    mission = [item for _, item in sorted(sent[MISSION].items())]
    if len(mission) < 2:
        raise LogError(
            f"{path}: shows no upload of a mission; name the mission.json that was flown (--flown)"
        )
    first = mission[0]
    home = GeoPoint(first.lon_deg, first.lat_deg, first.altitude_m)
    try:
        return MissionFile(home, tuple(mission[1:]), _fence(sent[FENCE]))
    except MissionError as error:
        raise LogError(f"{path}: {error}; name the mission.json that was flown (--flown)") from (
            error
        )


def _is_from_ground(message: Message) -> bool:
    return bool(message.get_srcSystem() >= _LEAST_GROUND)


def _fence(items: dict[int, MissionItem]) -> Polygon | None:
    return fence_of([item for _, item in sorted(items.items())]) if items else None
