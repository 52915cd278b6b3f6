"""EDGE: how bytes of a foreign file are taken in: not too many, as text, with a name for errors."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shapely import Polygon
from shapely.errors import ShapelyError

from missions.errors import MissionError
from missions.fence import sound
from missions.model import MissionItem

MOST_BYTES = 32 * 1024 * 1024
MOST_ITEMS = 100_000
MOST_QUOTED = 300  # characters of an error
_DAMAGE = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
    ShapelyError,
)


def read_bytes(path: Path) -> bytes:
    """Read a whole file of bearable size.

    Raises:
        MissionError: there is no such file, it cannot be read or is too large.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise MissionError(
                f"{path}: {size / 1e6:.0f} MB are too much for a mission; the most that is read "
                f"is {MOST_BYTES / 1e6:.0f} MB"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise MissionError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise MissionError(f"{path}: cannot be read ({error}); name a mission file") from error


def read_text(path: Path, kind: str) -> str:
    """Read a UTF-8 text file; MissionError says that it is not of the kind where it is none."""
    return decoded(path, read_bytes(path), kind)


def decoded(path: Path, data: bytes, kind: str) -> str:
    """Take a file's bytes as UTF-8; MissionError says that it is not of the kind else."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MissionError(
            f"{path}: not {kind} (byte {error.start + 1} is no UTF-8 text); export it again"
        ) from error


def json_document(path: Path, text: str, kind: str, key: str, value: str) -> dict[str, Any]:
    """Read a JSON object that names what it is.

    Args:
        path: to name in errors.
        text: of the file.
        kind: what the file should be, for errors.
        key: under which it says so.
        value: what stands there.

    Raises:
        MissionError: the text is no such object.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        what = (
            f"no JSON from {place} on; it may be cut off" if text.strip() else "the file is empty"
        )
        raise MissionError(f"{path}: not {kind} ({what}); export it again") from error
    except (ValueError, RecursionError) as error:
        raise MissionError(f"{path}: not {kind} ({reason(error)}); export it again") from error
    if not isinstance(document, dict) or document.get(key) != value:
        raise MissionError(f'{path}: not {kind} ("{key}" is not "{value}")')
    return document


@contextmanager
def damage_told(path: Path, what: str) -> Iterator[None]:
    """Say of a file that what it holds is damaged where reading that goes wrong.

    Raises:
        MissionError: with the file's name.
    """
    try:
        yield
    except MissionError as error:
        raise MissionError(f"{path}: {reason(error)}") from error
    except _DAMAGE as error:
        raise MissionError(f"{path}: the {what} is incomplete or damaged ({reason(error)})") from (
            error
        )


def reason(error: Exception) -> str:
    """What an error says, cut short: it may quote a whole line of a hostile file."""
    words = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return words if len(words) <= MOST_QUOTED else f"{words[:MOST_QUOTED]}..."


def fence_of(rings: Sequence[Sequence[Sequence[float]]]) -> Polygon:
    """Make a fence of rings of (lon, lat) degrees, the outline first, then its holes.

    Raises:
        ValueError: there is no outline, it crosses itself, or a corner is not on earth.
    """
    outline, *holes = [[(float(corner[0]), float(corner[1])) for corner in ring] for ring in rings]
    if not outline:
        raise ValueError("the outline of the fence has no corners")
    for lon, lat in (corner for ring in (outline, *holes) for corner in ring):
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError(
                f"the fence has a corner at longitude {lon:g}, latitude {lat:g}, not on earth: in "
                "a .plan latitude comes first, in a mission.json longitude"
            )
    return sound(Polygon(outline, holes))


def checked_item(item: MissionItem) -> MissionItem:
    """Refuse an item that leads nowhere on earth; ValueError says why."""
    if not (-90 <= item.lat_deg <= 90 and -180 <= item.lon_deg <= 180):
        raise ValueError(
            f"latitude {item.lat_deg:g}, longitude {item.lon_deg:g}: latitude comes first"
        )
    if not (math.isfinite(item.altitude_m) and all(map(math.isfinite, item.parameters))):
        raise ValueError(f"altitude {item.altitude_m:g}, parameters {item.parameters}: not finite")
    return item
